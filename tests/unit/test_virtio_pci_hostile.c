/* SPDX-License-Identifier: MIT */
/*
 * test_virtio_pci_hostile.c: the transport on functions that are broken, lie, or are pulled out:
 * one clean error that names what was wrong, nothing left mapped, and no wait without an end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pci_fixture.h"

/* A capability list has at most 48 members; each is read in 5 dwords. */
#define CONFIG_READS_MAX (48 * 5 + 8)

static void assert_nothing_mapped(const struct pci_fixture *f)
{
    unsigned i;

    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++) {
        assert_null(f->fake.bar_memory[i]);
        assert_null(f->dev.bar[i]);
    }
    assert_null(f->dev.common.address);
}

static void assert_open(struct pci_fixture *f, enum virtio_pci_status expected)
{
    f->fake.config_reads = 0;
    assert_status(pci_open(f), expected);
    assert_true(f->fake.config_reads <= CONFIG_READS_MAX);
    if (expected != VIRTIO_PCI_OK) {
        assert_nothing_mapped(f);
    }
}

static void no_capability_list(void **state)
{
    struct pci_fixture *f = *state;

    fake_pci_qemu(&f->fake);
    f->fake.config[6] &= 0xEF;
    assert_open(f, VIRTIO_PCI_E_NO_CAPABILITIES);
}

static void empty_capability_list(void **state)
{
    assert_open(*state, VIRTIO_PCI_E_NO_CAPABILITIES);
}

/* QEMU's disable-modern=on: MSI-X and nothing of virtio's. */
static void legacy_device(void **state)
{
    struct pci_fixture *f = *state;

    f->fake.bar_length[1] = 0x1000;
    fake_pci_add_other(&f->fake, 0x11, 12);
    assert_open(f, VIRTIO_PCI_E_NO_CAPABILITIES);
}

/* QEMU's layout without the structure of one kind, or with it spoilt by `spoil`. */
typedef void (*spoiler)(struct fake_pci *fake, unsigned at, unsigned kind);

static void qemu_but(struct pci_fixture *f, unsigned kind, spoiler spoil)
{
    unsigned at;

    fake_pci_init(&f->fake);
    fake_pci_qemu(&f->fake);
    for (at = 0x40; at != 0; at = f->fake.config[at + 1]) {
        if (f->fake.config[at] == 0x09 && f->fake.config[at + 3] == kind) {
            spoil(&f->fake, at, kind);
            return;
        }
    }
    fail_msg("no capability of kind %u", kind);
}

static void set32(struct fake_pci *fake, unsigned at, uint32_t value)
{
    memcpy(fake->config + at, &value, 4);
}

static void spoil_type(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    fake->config[at + 3] = 7;
}

static void spoil_vendor(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    fake->config[at] = 0x05;
}

static void spoil_cap_len(struct fake_pci *fake, unsigned at, unsigned kind)
{
    fake->config[at + 2] = kind == FAKE_NOTIFY ? 16 : 15;
}

static void spoil_cap_len_0(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    fake->config[at + 2] = 0;
}

static void spoil_bar_6(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    fake->config[at + 4] = 6;
}

static void spoil_bar_255(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    fake->config[at + 4] = 255;
}

static void spoil_bar_io(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    fake->config[at + 4] = 0;
}

static void spoil_length_0(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    set32(fake, at + 12, 0);
}

static void spoil_length_short(struct fake_pci *fake, unsigned at, unsigned kind)
{
    static const uint32_t shorter[] = {0, 0x37, 1, 0, NET_CONFIG_MIN - 1};

    set32(fake, at + 12, shorter[kind]);
}

static void spoil_alignment(struct fake_pci *fake, unsigned at, unsigned kind)
{
    /* of the ISR, which needs none, the length */
    fake->config[at + (kind == FAKE_ISR ? 13 : 8)] = kind == FAKE_ISR      ? 0
                                                     : kind == FAKE_NOTIFY ? 1
                                                                           : 2;
}

static void spoil_multiplier(struct fake_pci *fake, unsigned at, unsigned kind)
{
    if (kind == FAKE_NOTIFY) {
        set32(fake, at + 16, 1);
    } else {
        spoil_type(fake, at, kind);
    }
}

static void spoil_end(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    set32(fake, at + 12, 0x4001);
}

static void spoil_offset(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    set32(fake, at + 8, 0x4000);
}

static void spoil_overflow(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    set32(fake, at + 8, 0xFFFFF000); /* with the length 0x1000: ends at 0 in 32 bits */
}

static void spoil_overflow_both(struct fake_pci *fake, unsigned at, unsigned kind)
{
    (void)kind;
    set32(fake, at + 8, 0xFFFFFFFC);
    set32(fake, at + 12, 0xFFFFFFFF);
}

static const spoiler passed_over[] = {
    spoil_type,         spoil_vendor,    spoil_cap_len,    spoil_cap_len_0,
    spoil_bar_6,        spoil_bar_255,   spoil_bar_io,     spoil_length_0,
    spoil_length_short, spoil_alignment, spoil_multiplier,
};

static const spoiler too_short[] = {
    spoil_end,
    spoil_offset,
    spoil_overflow,
    spoil_overflow_both,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Each kind, spoilt in each way: its own error. */
static void unusable_capabilities(void **state)
{
    struct pci_fixture *f = *state;
    unsigned kind;
    size_t i;

    for (kind = FAKE_COMMON; kind <= FAKE_DEVICE; kind++) {
        for (i = 0; i < COUNT(passed_over); i++) {
            qemu_but(f, kind, passed_over[i]);
            assert_open(f, (enum virtio_pci_status)(VIRTIO_PCI_E_NO_COMMON + (kind - 1)));
        }
    }
}

static void structures_beyond_their_bar(void **state)
{
    struct pci_fixture *f = *state;
    unsigned kind;
    size_t i;

    for (kind = FAKE_COMMON; kind <= FAKE_DEVICE; kind++) {
        for (i = 0; i < COUNT(too_short); i++) {
            qemu_but(f, kind, too_short[i]);
            assert_open(f, VIRTIO_PCI_E_BAR_TOO_SHORT);
            assert_int_equal(f->dev.failed_bar, 4);
        }
    }
}

/* The same, and then a good one of the kind: that one is taken. */
static void a_good_one_after_a_spoilt_one(void **state)
{
    struct pci_fixture *f = *state;
    unsigned kind;
    size_t i;

    for (kind = FAKE_COMMON; kind <= FAKE_DEVICE; kind++) {
        for (i = 0; i < COUNT(passed_over) + COUNT(too_short); i++) {
            qemu_but(f, kind,
                     i < COUNT(passed_over) ? passed_over[i] : too_short[i - COUNT(passed_over)]);
            f->fake.bar_length[5] = 0x1000;
            fake_pci_add(&f->fake, (enum fake_pci_kind)kind, 5, 0x100, 0x100);
            assert_open(f, VIRTIO_PCI_OK);
            assert_int_equal((kind == FAKE_COMMON   ? &f->dev.common
                              : kind == FAKE_NOTIFY ? &f->dev.notify
                              : kind == FAKE_ISR    ? &f->dev.isr
                                                    : &f->dev.device)
                                 ->bar,
                             5);
            virtio_pci_close(&f->dev);
            fake_pci_check(&f->fake);
        }
    }
}

/* A BAR of each length up to what is needed: never mapped when it is too short. */
static void bar_of_every_length(void **state)
{
    struct pci_fixture *f = *state;
    uint32_t length;

    for (length = 0; length <= 0x208; length++) {
        fake_pci_init(&f->fake);
        f->fake.bar_length[0] = length;
        fake_pci_add(&f->fake, FAKE_COMMON, 0, 0x000, 0x38);
        fake_pci_add(&f->fake, FAKE_NOTIFY, 0, 0x100, 2);
        fake_pci_add(&f->fake, FAKE_ISR, 0, 0x180, 1);
        fake_pci_add(&f->fake, FAKE_DEVICE, 0, 0x200, 8);
        assert_open(f, length == 0      ? VIRTIO_PCI_E_NO_COMMON
                       : length < 0x208 ? VIRTIO_PCI_E_BAR_TOO_SHORT
                                        : VIRTIO_PCI_OK);
    }
}

static void list_that_points_to_itself(void **state)
{
    struct pci_fixture *f = *state;

    f->fake.bar_length[4] = 0x4000;
    fake_pci_add(&f->fake, FAKE_COMMON, 4, 0, 0x1000);
    f->fake.config[0x41] = 0x40;
    assert_open(f, VIRTIO_PCI_E_NO_NOTIFY);
}

/* The whole list and then from its end to its start: all of it was seen, and that was enough. */
static void list_that_is_a_ring(void **state)
{
    struct pci_fixture *f = *state;

    fake_pci_qemu(&f->fake);
    f->fake.config[f->fake.cap_last + 1] = 0x40;
    assert_open(f, VIRTIO_PCI_OK);
    virtio_pci_close(&f->dev);
    f->fake.config[0x40 + 1] = 0x40; /* MSI-X, the first, back to itself */
    assert_open(f, VIRTIO_PCI_E_NO_CAPABILITIES);
}

/* What lies in the header looks like a fine capability, and is none. */
static void list_that_leads_into_the_header(void **state)
{
    struct pci_fixture *f = *state;
    unsigned target;

    for (target = 0x08; target <= 0x24; target++) {
        fake_pci_init(&f->fake);
        f->fake.bar_length[4] = 0x4000;
        f->fake.cap_next = target & 0xFC;
        fake_pci_add(&f->fake, FAKE_COMMON, 4, 0, 0x1000);
        f->fake.config[0x34] = (uint8_t)target;
        assert_open(f, VIRTIO_PCI_E_NO_CAPABILITIES);

        fake_pci_init(&f->fake);
        f->fake.bar_length[4] = 0x4000;
        fake_pci_add(&f->fake, FAKE_ISR, 4, 0, 0x1000);
        f->fake.cap_next = target & 0xFC;
        fake_pci_add(&f->fake, FAKE_COMMON, 4, 0, 0x1000);
        f->fake.config[0x41] = (uint8_t)target;
        assert_open(f, VIRTIO_PCI_E_NO_COMMON);
    }
}

/* A capability whose body would lie beyond the 256 bytes. */
static void capability_at_the_end_of_configuration_space(void **state)
{
    static const struct {
        uint8_t at, kind;
        enum virtio_pci_status status;
    } cases[] = {
        {0xF4, FAKE_COMMON, VIRTIO_PCI_E_NO_COMMON}, {0xFC, FAKE_ISR, VIRTIO_PCI_E_NO_COMMON},
        {0xF0, FAKE_NOTIFY, VIRTIO_PCI_E_NO_COMMON}, {0xF0, FAKE_COMMON, VIRTIO_PCI_E_NO_NOTIFY},
        {0xEC, FAKE_NOTIFY, VIRTIO_PCI_E_NO_COMMON},
    };
    struct pci_fixture *f = *state;
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        uint8_t *cap;

        fake_pci_init(&f->fake);
        f->fake.bar_length[0] = 0x1000;
        cap = f->fake.config + cases[i].at;
        f->fake.config[0x34] = cases[i].at;
        cap[0] = 0x09;
        cap[2] = 20;
        cap[3] = cases[i].kind;
        if (cases[i].at <= 0xF0) {
            cap[13] = 0x10; /* length 0x1000 */
        }
        assert_open(f, cases[i].status);
    }
}

static void bar_that_cannot_be_mapped(void **state)
{
    struct pci_fixture *f = *state;
    unsigned kind;

    for (kind = FAKE_COMMON; kind <= FAKE_DEVICE; kind++) {
        unsigned other;

        fake_pci_init(&f->fake);
        for (other = FAKE_COMMON; other <= FAKE_DEVICE; other++) {
            f->fake.bar_length[other] = 0x1000;
            fake_pci_add(&f->fake, (enum fake_pci_kind)other, other, 0, 0x1000);
        }
        f->fake.bar_unmappable[kind] = true;
        assert_open(f, VIRTIO_PCI_E_BAR_MAP);
        assert_int_equal(f->dev.failed_bar, kind);
        fake_pci_check(&f->fake);
    }
}

/* Configuration space that cannot be read from the n-th read on, for every n. */
static void configuration_space_that_fails(void **state)
{
    struct pci_fixture *f = *state;
    uint64_t reads;
    int n;

    fake_pci_qemu(&f->fake);
    assert_open(f, VIRTIO_PCI_OK);
    reads = f->fake.config_reads;
    virtio_pci_close(&f->dev);
    assert_true(reads > 10);
    for (n = 0; n < (int)reads; n++) {
        fake_pci_init(&f->fake);
        fake_pci_qemu(&f->fake);
        f->fake.config_fails_after = n;
        assert_open(f, VIRTIO_PCI_E_GONE);
    }
}

/* An empty slot. */
static void configuration_space_of_all_ones(void **state)
{
    struct pci_fixture *f = *state;

    memset(f->fake.config, 0xFF, sizeof(f->fake.config));
    assert_open(f, VIRTIO_PCI_E_GONE);
}

static void reset_that_never_ends(void **state)
{
    struct pci_fixture *f = *state;

    pci_start(f);
    f->fake.reset_never = true;
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_E_RESET_TIMEOUT);
    assert_in_range(f->fake.slept, 500000, 1000000);
}

static void features_that_are_missing(void **state)
{
    struct pci_fixture *f = *state;

    fake_pci_qemu(&f->fake);
    assert_open(f, VIRTIO_PCI_OK);
    f->fake.features = 1u << 5;
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1 | 1u << 16),
                  VIRTIO_PCI_E_NO_VERSION_1);
    assert_int_equal(f->fake.status, 0x83); /* 3.1.1: FAILED, and never FEATURES_OK */
    assert_int_equal(f->dev.offered, 1u << 5);
    assert_int_equal(f->dev.negotiated, 0);

    f->fake.features = VIRTIO_F_VERSION_1;
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1 | 1u << 16),
                  VIRTIO_PCI_E_NO_FEATURE);
    assert_int_equal(f->fake.status, 0x83);
}

static void features_that_are_refused(void **state)
{
    struct pci_fixture *f = *state;

    fake_pci_qemu(&f->fake);
    assert_open(f, VIRTIO_PCI_OK);
    f->fake.refuses = VIRTIO_F_INDIRECT_DESC;
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1),
                  VIRTIO_PCI_E_FEATURES_REFUSED);
    assert_int_equal(f->fake.status, 0x83);
    assert_int_equal(f->dev.negotiated, 0);
    /* after a reset the driver may accept less */
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, VIRTIO_F_VERSION_1, VIRTIO_F_VERSION_1),
                  VIRTIO_PCI_OK);
}

static void queue_that_will_not_be_set_up(void **state)
{
    struct pci_fixture *f = *state;
    struct virtio_pci_notify notify;

    pci_start(f);
    f->fake.ignores_queue_size = true;
    assert_status(pci_queue_setup(&f->dev, 0, 64, 16, 32, 48, &notify), VIRTIO_PCI_E_QUEUE_REFUSED);
    assert_int_equal(f->fake.queues[0].enable, 0);
    f->fake.ignores_queue_size = false;
    f->fake.ignores_queue_enable = true;
    assert_status(pci_queue_setup(&f->dev, 0, 64, 16, 32, 48, &notify), VIRTIO_PCI_E_QUEUE_REFUSED);
    f->fake.ignores_queue_enable = false;
    f->fake.queues[0].enable = 1;
    assert_status(pci_queue_setup(&f->dev, 0, 64, 16, 32, 48, &notify), VIRTIO_PCI_E_QUEUE_ENABLED);
    f->fake.queues[0].enable = 0xFFFF;
    assert_status(pci_queue_setup(&f->dev, 0, 64, 16, 32, 48, &notify), VIRTIO_PCI_E_QUEUE_ENABLED);
    f->fake.queues[0].enable = 0;
    assert_status(pci_queue_setup(&f->dev, 0, 64, 16, 32, 48, &notify), VIRTIO_PCI_OK);
}

/* All of a device's life; the first status that is not OK. */
static enum virtio_pci_status live(struct pci_fixture *f)
{
    enum virtio_pci_status status;
    struct virtio_pci_notify notify;
    uint8_t buffer[8];
    uint16_t max, queue;

    status = pci_open(f);
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_reset(&f->dev);
    }
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1);
    }
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_config_read(&f->dev, 0, buffer, 6);
    }
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_config_read(&f->dev, 6, buffer, 2);
    }
    for (queue = 0; queue < 2 && status == VIRTIO_PCI_OK; queue++) {
        status = virtio_pci_queue_size(&f->dev, queue, &max);
        if (status == VIRTIO_PCI_OK) {
            status = pci_queue_setup(&f->dev, queue, 64, 16, 32, 48, &notify);
        }
    }
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_driver_ok(&f->dev);
    }
    if (status == VIRTIO_PCI_OK) {
        virtio_pci_notify(&f->dev, &notify);
        status = virtio_pci_isr(&f->dev) == 0xFF ? VIRTIO_PCI_E_GONE : VIRTIO_PCI_OK;
    }
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_reset(&f->dev);
    }
    return status;
}

/* Every call on a device that is gone and was open, in whatever state it was left. */
static void poke(struct pci_fixture *f)
{
    struct virtio_pci_notify notify;
    uint8_t buffer[8];
    uint16_t max;

    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_E_GONE);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1),
                  VIRTIO_PCI_E_GONE);
    assert_int_equal(f->dev.negotiated, 0);
    assert_status(virtio_pci_config_read(&f->dev, 0, buffer, 6), VIRTIO_PCI_E_GONE);
    assert_status(virtio_pci_queue_size(&f->dev, 0, &max), VIRTIO_PCI_E_GONE);
    assert_status(pci_queue_setup(&f->dev, 1, 64, 16, 32, 48, &notify), VIRTIO_PCI_E_GONE);
    assert_status(virtio_pci_driver_ok(&f->dev), VIRTIO_PCI_E_GONE);
    virtio_pci_fail(&f->dev);
    virtio_pci_reset_now(&f->dev);
    assert_int_equal(virtio_pci_device_status(&f->dev), 0xFF);
    assert_int_equal(virtio_pci_isr(&f->dev), 0xFF);
}

/* The list ends with a structure that is wanted: nothing after it shows that the device is gone. */
static void notify_comes_last(struct fake_pci *fake)
{
    fake->bar_length[0] = 0x1000;
    fake_pci_add(fake, FAKE_COMMON, 0, 0x000, 0x38);
    fake_pci_add(fake, FAKE_ISR, 0, 0x100, 1);
    fake_pci_add(fake, FAKE_DEVICE, 0, 0x200, 0x100);
    fake_pci_add(fake, FAKE_NOTIFY, 0, 0x300, 0x100);
}

/* Pulled out at the n-th access, for every n there is. With a notify multiplier of 0 too, where an
 * all-ones queue_notify_off is as good as any. */
static void gone_at_every_access(struct pci_fixture *f, void (*layout)(struct fake_pci *),
                                 uint32_t multiplier)
{
    enum virtio_pci_status status;
    int64_t n = 0;
    unsigned at;

    do {
        fake_pci_init(&f->fake);
        layout(&f->fake);
        for (at = 0x40; f->fake.config[at + 3] != FAKE_NOTIFY; at = f->fake.config[at + 1]) {
        }
        set32(&f->fake, at + 16, multiplier);
        f->fake.gone_after = n++;
        f->fake.reset_reads = 3;
        status = live(f);
        if (f->fake.accesses > (uint64_t)f->fake.gone_after) {
            assert_status(status, VIRTIO_PCI_E_GONE);
            assert_true(f->fake.accesses - (uint64_t)f->fake.gone_after < 16);
        } else {
            assert_status(status, VIRTIO_PCI_OK);
        }
        assert_true(f->fake.slept < 10000);
        if (f->dev.common.address != NULL) {
            f->fake.gone_after = 0;
            f->fake.slept = 0;
            poke(f);
            assert_int_equal(f->fake.slept, 0);
        }
        virtio_pci_close(&f->dev);
        assert_nothing_mapped(f);
        fake_pci_check(&f->fake);
    } while (status != VIRTIO_PCI_OK);
    assert_true(n > 80);
}

static void gone_at_every_access_of_its_life(void **state)
{
    gone_at_every_access(*state, fake_pci_qemu, 4);
    gone_at_every_access(*state, fake_pci_qemu, 0);
    gone_at_every_access(*state, notify_comes_last, 4);
}

/* DRIVER_OK is written, and then the device is gone: no device is live. */
static void gone_right_after_driver_ok(void **state)
{
    struct pci_fixture *f = *state;

    pci_start(f);
    f->fake.gone_after = (int64_t)f->fake.accesses + 2; /* status read, status written */
    assert_status(virtio_pci_driver_ok(&f->dev), VIRTIO_PCI_E_GONE);
    assert_int_equal(f->fake.status, 0x0F);
}

/* Pulled out while the reset is waited for: the wait ends at once. */
static void gone_during_a_reset(void **state)
{
    struct pci_fixture *f = *state;
    uint64_t slept;

    pci_start(f);
    f->fake.reset_never = true;
    f->fake.gone_after = (int64_t)f->fake.accesses + 10;
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_E_GONE);
    slept = f->fake.slept;
    assert_true(slept < 500000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, pci_setup, pci_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(no_capability_list),
        CASE(empty_capability_list),
        CASE(legacy_device),
        CASE(unusable_capabilities),
        CASE(structures_beyond_their_bar),
        CASE(a_good_one_after_a_spoilt_one),
        CASE(bar_of_every_length),
        CASE(list_that_points_to_itself),
        CASE(list_that_is_a_ring),
        CASE(list_that_leads_into_the_header),
        CASE(capability_at_the_end_of_configuration_space),
        CASE(bar_that_cannot_be_mapped),
        CASE(configuration_space_that_fails),
        CASE(configuration_space_of_all_ones),
        CASE(reset_that_never_ends),
        CASE(features_that_are_missing),
        CASE(features_that_are_refused),
        CASE(queue_that_will_not_be_set_up),
        CASE(gone_at_every_access_of_its_life),
        CASE(gone_right_after_driver_ok),
        CASE(gone_during_a_reset),
    };

    return cmocka_run_group_tests_name("virtio_pci_hostile", tests, NULL, NULL);
}
