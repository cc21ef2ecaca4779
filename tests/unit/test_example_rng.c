/* SPDX-License-Identifier: MIT */
/*
 * test_example_rng.c: the driver of examples/virtio-rng on an entropy device in this process: bytes
 * that arrive, and devices that report what cannot be. tests/examples runs it on QEMU's device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_pci.h"
#include "ref_device.h"
#include "rng.h"

/* The device's side, and the machine. */
struct world {
    struct fake_pci fake;
    struct rng rng;
    struct ref_device device;
    uint32_t length;     /* what the device reports to have written */
    uint32_t head_added; /* to the id that it reports */
    bool silent;
    bool gone;      /* at the first wait */
    unsigned waits; /* of the driver */
    unsigned dma;   /* blocks that the driver has */
    unsigned blocks;
};

/* The device writes what it was given room for, whatever it says of it. */
static void serve(void *context)
{
    struct world *w = context;
    struct ref_chain chain;
    uint32_t i;

    while (!w->silent && ref_device_pop(&w->device, &chain)) {
        assert_int_equal(chain.count, 1); /* 5.4.6.1: no device-readable piece */
        assert_true(chain.pieces[0].writable);
        for (i = 0; i < chain.pieces[0].len; i++) {
            ((uint8_t *)(uintptr_t)chain.pieces[0].addr)[i] = (uint8_t)(0x80 + i);
        }
        ref_device_push(&w->device, chain.head + w->head_added, w->length);
        ref_device_flush(&w->device);
    }
}

static void *dma_alloc(void *context, virtio_u32 bytes, virtio_u64 *address)
{
    struct world *w = context;
    void *memory = aligned_alloc(4096, (bytes + 4095) & ~4095u);

    memset(memory, 0, bytes);
    *address = (uintptr_t)memory;
    w->dma++;
    return memory;
}

static void dma_free(void *context, void *memory)
{
    struct world *w = context;

    w->dma--;
    free(memory);
}

static void *alloc(void *context, virtio_u32 bytes)
{
    struct world *w = context;

    w->blocks++;
    return malloc(bytes);
}

static void free_block(void *context, void *memory)
{
    struct world *w = context;

    w->blocks--;
    free(memory);
}

static void wait(void *context, unsigned seconds)
{
    struct world *w = context;

    (void)seconds;
    w->waits++;
    if (w->gone) {
        w->fake.gone_after = 0;
    }
}

static const struct rng_platform platform = {.io = &fake_pci_io,
                                             .dma_alloc = dma_alloc,
                                             .dma_free = dma_free,
                                             .alloc = alloc,
                                             .free = free_block,
                                             .wait = wait};
static struct world world; /* its `fake` comes first: both are the context */

static int setup(void **state)
{
    static struct rng_platform mine;
    struct world *w = &world;

    memset(w, 0, sizeof(*w));
    fake_pci_init(&w->fake);
    w->fake.bar_length[4] = 0x4000;
    fake_pci_add(&w->fake, FAKE_COMMON, 4, 0x0000, 0x1000);
    fake_pci_add(&w->fake, FAKE_ISR, 4, 0x1000, 0x1000);
    fake_pci_add(&w->fake, FAKE_NOTIFY, 4, 0x3000, 0x1000); /* and no device configuration */
    w->fake.notified = serve;
    w->fake.notified_context = w;
    mine = platform;
    mine.context = w;
    if (rng_open(&w->rng, &mine)) {
        fail_msg("rng_open: %s", w->rng.error);
    }
    ref_device_init(&w->device, w->rng.vq.size, w->rng.vq.desc, w->rng.vq.avail, w->rng.vq.used);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    rng_close(&w->rng);
    assert_int_equal(w->dma, 0);
    assert_int_equal(w->blocks, 0);
    assert_string_equal(w->device.error, "");
    ref_device_free(&w->device);
    fake_pci_check(&w->fake);
    fake_pci_free(&w->fake);
    return 0;
}

/* Reads with a guard after the buffer: no byte but those returned is written. */
static int read_guarded(struct world *w, unsigned bytes, uint8_t *room)
{
    int count, i;

    memset(room, 0x11, RNG_BUFFER_BYTES + 64);
    count = rng_read(&w->rng, room, bytes);
    for (i = count < 0 ? 0 : count; i < RNG_BUFFER_BYTES + 64; i++) {
        assert_int_equal(room[i], 0x11);
    }
    return count;
}

static void bytes_arrive(void **state)
{
    struct world *w = *state;
    uint8_t room[RNG_BUFFER_BYTES + 64];
    unsigned i;

    for (i = 0; i < 70000; i++) { /* round the ring's 16-bit indices */
        unsigned asked = 1 + i % RNG_BUFFER_BYTES;

        w->length = 1 + (i * 7) % asked;
        assert_int_equal(read_guarded(w, asked, room), (int)w->length);
        assert_int_equal(room[0], 0x80);
        assert_int_equal(room[w->length - 1], (uint8_t)(0x80 + w->length - 1));
    }
    w->length = RNG_BUFFER_BYTES;
    assert_int_equal(read_guarded(w, 100000, room), RNG_BUFFER_BYTES);
    assert_int_equal(w->waits, 0);
}

/* More than was asked for is never believed, though the buffer would hold it. */
static void used_lengths_that_lie(void **state)
{
    static const struct {
        unsigned asked;
        uint32_t length;
    } cases[] = {{10, 11},        {10, RNG_BUFFER_BYTES}, {RNG_BUFFER_BYTES, RNG_BUFFER_BYTES + 1},
                 {1, 0x7FFFFFFF}, {1, 0xFFFFFFFF},        {10, 0}};
    uint8_t room[RNG_BUFFER_BYTES + 64];
    size_t i;

    teardown(state);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world *w;

        setup(state);
        w = *state;
        w->length = cases[i].length;
        assert_int_equal(read_guarded(w, cases[i].asked, room), -1);
        assert_string_equal(w->rng.error, cases[i].length == 0
                                              ? "the device returned no random byte"
                                              : virtq_status_text(VIRTQ_E_USED_LEN));
        teardown(state);
    }
    setup(state);
}

static void used_ids_that_lie(void **state)
{
    struct world *w = *state;
    uint8_t room[RNG_BUFFER_BYTES + 64];

    w->length = 1;
    w->head_added = 1;
    assert_int_equal(read_guarded(w, 10, room), -1);
    assert_string_equal(w->rng.error, virtq_status_text(VIRTQ_E_USED_ID));
    assert_int_equal(read_guarded(w, 10, room), -1); /* and it stays so */
}

static void silence_has_an_end(void **state)
{
    struct world *w = *state;
    uint8_t room[RNG_BUFFER_BYTES + 64];

    w->silent = true;
    assert_int_equal(read_guarded(w, 10, room), -1);
    assert_string_equal(w->rng.error, "the device does not answer");
    assert_in_range(w->waits, 1, 10);
}

static void device_that_is_pulled_out(void **state)
{
    struct world *w = *state;
    uint8_t room[RNG_BUFFER_BYTES + 64];

    w->silent = true;
    w->gone = true;
    assert_int_equal(read_guarded(w, 10, room), -1);
    assert_string_equal(w->rng.error, virtio_pci_status_text(VIRTIO_PCI_E_GONE));
}

/* What a device that does not end its reset may still write to is not freed. */
static void memory_of_a_device_that_does_not_reset(void **state)
{
    struct world *w = *state;
    void *ring = w->rng.ring, *buffer = w->rng.buffer;

    w->fake.reset_never = true;
    rng_close(&w->rng);
    assert_int_equal(w->dma, 2);
    assert_int_equal(w->blocks, 0);
    dma_free(w, ring);
    dma_free(w, buffer);
    w->fake.reset_never = false;
    ref_device_free(&w->device);
    fake_pci_free(&w->fake);
    setup(state);
}

static void only_our_interrupt(void **state)
{
    struct world *w = *state;

    assert_false(rng_interrupt(&w->rng));
    w->fake.isr = VIRTIO_PCI_ISR_QUEUE;
    assert_true(rng_interrupt(&w->rng));
    assert_false(rng_interrupt(&w->rng));
    w->fake.isr = VIRTIO_PCI_GONE; /* reserved bits that the device sets */
    assert_true(rng_interrupt(&w->rng));
    w->fake.gone_after = 0;
    assert_false(rng_interrupt(&w->rng));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(bytes_arrive),
        CASE(used_lengths_that_lie),
        CASE(used_ids_that_lie),
        CASE(silence_has_an_end),
        CASE(device_that_is_pulled_out),
        CASE(memory_of_a_device_that_does_not_reset),
        CASE(only_our_interrupt),
    };

    return cmocka_run_group_tests_name("example_rng", tests, NULL, NULL);
}
