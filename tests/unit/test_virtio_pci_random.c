/* SPDX-License-Identifier: MIT */
/*
 * test_virtio_pci_random.c: capability lists made of random capabilities, from the sets of values
 * where things go wrong, held against a plain reading of the rules: of each kind the first usable
 * one, or why there is none. SEED=n replays a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pci_fixture.h"
#include "ring.h"

#define ROUNDS   40000
#define CAPS_MAX 7

struct cap {
    uint8_t cfg_type, cap_len, bar;
    uint32_t offset, length, multiplier;
};

static uint32_t pick(uint64_t *seed, const uint32_t *values, uint32_t count)
{
    return values[random_below(seed, count)];
}

#define PICK(seed, ...) \
    pick(seed, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4)

static void random_cap(struct cap *cap, uint64_t *seed)
{
    cap->cfg_type = (uint8_t)PICK(seed, 1, 2, 3, 4, 1, 2, 3, 4, 0, 5, 8, 255);
    cap->cap_len = (uint8_t)PICK(seed, 16, 20, 20, 20, 24, 15, 4);
    cap->bar = (uint8_t)PICK(seed, 0, 1, 2, 4, 4, 4, 5, 6, 255);
    cap->offset = PICK(seed, 0, 0, 0x1000, 0x800, 0xFC8, 0xFF8, 0xFFE, 0xFFF, 0x2000, 2, 1,
                       0xFFFFF000, 0xFFFFFFFC);
    cap->length = PICK(seed, 0x38, 0x37, 0x1000, 0x100, 8, 7, 2, 1, 0, 0xFFFFFFFF, 0x3000);
    cap->multiplier = PICK(seed, 0, 2, 4, 4096, 1, 3, 0x80000000, 0xFFFFFFFF);
}

static void good_cap(struct cap *cap, uint8_t cfg_type)
{
    cap->cfg_type = cfg_type;
    cap->cap_len = 20;
    cap->bar = 4;
    cap->offset = cfg_type * 0x400u;
    cap->length = 0x100;
    cap->multiplier = 4;
}

/* Whether the transport may use it, by the rules of virtio_pci_open; *too_short if only for its
 * BAR. */
static bool usable(const struct cap *cap, const uint64_t *bar_length, bool *too_short)
{
    static const uint32_t length_min[] = {0, 0x38, 2, 1, NET_CONFIG_MIN};
    static const uint32_t alignment[] = {0, 4, 2, 1, 4};
    unsigned kind = cap->cfg_type;

    *too_short = false;
    if (cap->cap_len < (kind == FAKE_NOTIFY ? 20 : 16) || cap->bar > 5 ||
        bar_length[cap->bar] == 0 || cap->length < length_min[kind] ||
        cap->offset % alignment[kind] != 0 || (kind == FAKE_NOTIFY && cap->multiplier % 2 != 0)) {
        return false;
    }
    *too_short =
        cap->offset > bar_length[cap->bar] || cap->length > bar_length[cap->bar] - cap->offset;
    return !*too_short;
}

static enum virtio_pci_status predict(const struct cap *caps, unsigned count,
                                      const uint64_t *bar_length, const struct cap **winner,
                                      unsigned *failed_bar)
{
    bool any = false;
    unsigned kind, i;
    enum virtio_pci_status status = VIRTIO_PCI_OK;

    for (kind = FAKE_DEVICE; kind >= FAKE_COMMON; kind--) {
        const struct cap *first_short = NULL;

        winner[kind] = NULL;
        for (i = 0; i < count; i++) {
            bool too_short;

            if (caps[i].cfg_type != kind) {
                continue;
            }
            any = true;
            if (winner[kind] == NULL && usable(&caps[i], bar_length, &too_short)) {
                winner[kind] = &caps[i];
            } else if (winner[kind] == NULL && too_short && first_short == NULL) {
                first_short = &caps[i];
            }
        }
        if (winner[kind] == NULL) {
            status = first_short != NULL
                         ? VIRTIO_PCI_E_BAR_TOO_SHORT
                         : (enum virtio_pci_status)(VIRTIO_PCI_E_NO_COMMON + (kind - 1));
            *failed_bar = first_short != NULL ? first_short->bar : *failed_bar;
        }
    }
    return any ? status : VIRTIO_PCI_E_NO_CAPABILITIES;
}

static void assert_region(const struct virtio_pci_device *dev,
                          const struct virtio_pci_region *region, const struct cap *cap)
{
    assert_int_equal(region->bar, cap->bar);
    assert_int_equal(region->offset, cap->offset);
    assert_int_equal(region->length, cap->length);
    assert_ptr_equal(region->address, (uint8_t *)dev->bar[cap->bar] + cap->offset);
}

static void random_capability_lists(void **state)
{
    struct pci_fixture *f = *state;
    uint64_t seed = test_seed();
    unsigned opened = 0, round, i;

    for (round = 0; round < ROUNDS; round++) {
        const struct cap *winner[5];
        struct cap caps[CAPS_MAX];
        unsigned count = random_below(&seed, CAPS_MAX + 1);
        unsigned failed_bar = 0;
        enum virtio_pci_status expected;

        fake_pci_init(&f->fake);
        f->fake.bar_length[0] = 0x1000;
        f->fake.bar_length[4] = 0x4000;
        f->fake.bar_length[5] = random_below(&seed, 0x1100);
        for (i = 0; i < count; i++) {
            random_cap(&caps[i], &seed);
            if (round % 2 == 0 && random_below(&seed, 8) != 0) {
                good_cap(&caps[i], (uint8_t)(1 + (round / 2 + i) % 4));
            }
            if (random_below(&seed, 5) == 0 && i + 1 < count) {
                fake_pci_add_other(&f->fake, 0x01, 4);
            }
            fake_pci_add_cap(&f->fake, caps[i].cfg_type, caps[i].cap_len, caps[i].bar,
                             caps[i].offset, caps[i].length, caps[i].multiplier);
            /* a short cap_len is a lie: the bytes are there */
            f->fake.cap_next = (f->fake.cap_last + 24 + 3) & ~3u;
        }
        expected = predict(caps, count, f->fake.bar_length, winner, &failed_bar);
        assert_status(pci_open(f), expected);
        if (expected == VIRTIO_PCI_OK) {
            opened++;
            assert_region(&f->dev, &f->dev.common, winner[FAKE_COMMON]);
            assert_region(&f->dev, &f->dev.notify, winner[FAKE_NOTIFY]);
            assert_region(&f->dev, &f->dev.isr, winner[FAKE_ISR]);
            assert_region(&f->dev, &f->dev.device, winner[FAKE_DEVICE]);
            assert_int_equal(f->dev.notify_multiplier, winner[FAKE_NOTIFY]->multiplier);
        } else if (expected == VIRTIO_PCI_E_BAR_TOO_SHORT) {
            assert_int_equal(f->dev.failed_bar, failed_bar);
        }
        virtio_pci_close(&f->dev);
        fake_pci_check(&f->fake);
        fake_pci_free(&f->fake);
    }
    assert_true(opened > ROUNDS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_capability_lists, pci_setup, pci_teardown),
    };

    test_seed();
    return cmocka_run_group_tests_name("virtio_pci_random", tests, NULL, NULL);
}
