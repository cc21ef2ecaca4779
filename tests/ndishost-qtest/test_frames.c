/* SPDX-License-Identifier: MIT */
/* Bring-up, frames and interrupts on QEMU's own device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "device.h"
#include "nt/machine/phys.h"

static struct device d;

static int open_memory(void **state)
{
    (void)state;
    device_memory(0);
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    phys_close();
    return 0;
}

static unsigned long report_number(const char *name)
{
    char *text = NULL, *at, key[64];
    size_t size;
    FILE *json = open_memstream(&text, &size);
    unsigned long value;

    d.bus->ops->report(d.bus, json);
    fclose(json);
    snprintf(key, sizeof key, "\"%s\": ", name);
    at = strstr(text, key);
    assert_non_null(at);
    value = strtoul(at + strlen(key), NULL, 10);
    free(text);
    return value;
}

static void described(void **state)
{
    char text[128];

    (void)state;
    device_open(&d, "");
    d.bus->ops->describe(d.bus, text, sizeof text);
    assert_int_equal(strncmp(text, "1af4:1000 at 00:02.0 (QEMU ", 27), 0);
    assert_non_null(strstr(text, ", virtio-net-pci)"));
    assert_int_equal(d.bus->slot, 2);
    device_close(&d);
}

/* Each BAR is at its own place, where it was assigned, and is decoded. All that firmware does is done. */
static void firmware_done(void **state)
{
    (void)state;
    device_open(&d, "-device virtio-net-pci,addr=7");
    assert_int_equal(d.bus->slot, 7);
    assert_true(d.bus->bar[0].io && d.bus->bar[0].length == 32);
    assert_true(d.bus->bar[4].wide && d.bus->bar[4].length == 16384);
    assert_int_equal(d.bus->bar[5].length, 0);
    assert_int_equal(d.bus->ops->config_read(d.bus, 4, 2) & 7, 7);
    for (unsigned i = 0; i < 6; i++) {
        const struct bus_bar *bar = &d.bus->bar[i];

        if (!bar->length)
            continue;
        assert_int_equal(bar->base % bar->length, 0);
        assert_int_equal(d.bus->ops->config_read(d.bus, 0x10 + 4 * i, 4) & ~15u, bar->base);
        for (unsigned j = 0; j < i; j++)
            assert_true(bar->io != d.bus->bar[j].io ||
                        bar->base >= d.bus->bar[j].base + d.bus->bar[j].length);
    }
    /* The legacy I/O BAR answers: the MAC address that QEMU gives by default. */
    assert_int_equal(d.bus->ops->bar_read(d.bus, 0, 20, 4), 0x12005452);
    assert_int_equal(d.bus->ops->bar_read(d.bus, 0, 0, 8) >> 32, 0);
    /* Outside a BAR there is nothing. */
    assert_int_equal(d.bus->ops->bar_read(d.bus, 0, 30, 4), 0xffffffff);
    assert_int_equal(d.bus->ops->bar_read(d.bus, 4, 16384, 1), 0xff);
    assert_int_equal(d.bus->ops->config_read(d.bus, 256, 4), 0xffffffff);
    device_close(&d);
}

static void bring_up(void **state)
{
    virtio_u8 mac[6];

    (void)state;
    device_open(&d, "-device virtio-net-pci,mac=52:54:00:ab:cd:ef");
    device_start(&d, FEATURES, 256);
    assert_true(d.pci.negotiated == FEATURES);
    assert_int_equal(virtio_pci_config_read(&d.pci, 0, mac, 6), VIRTIO_PCI_OK);
    assert_memory_equal(mac, "\x52\x54\x00\xab\xcd\xef", 6);
    assert_int_equal(virtio_pci_device_status(&d.pci), 0x0f);
    device_reset(&d);
    assert_int_equal(virtio_pci_device_status(&d.pci), 0);
    device_close(&d);
}

static void expect_tx(uint32_t number, size_t length)
{
    unsigned char frame[FRAME_ROOM], got[FRAME_ROOM];
    size_t got_length;

    make_frame(frame, length, number);
    device_send(&d, frame, length);
    assert_true(device_wire(&d, got, &got_length, 5000));
    assert_int_equal(got_length, length);
    assert_memory_equal(got, frame, length);
}

static void expect_rx(uint32_t number, size_t length)
{
    unsigned char frame[FRAME_ROOM], got[FRAME_ROOM];
    size_t got_length;

    make_frame(frame, length, number);
    assert_int_equal(d.bus->ops->wire_send(d.bus, frame, length, -1), 0);
    assert_true(device_receive(&d, got, &got_length, 5000));
    assert_int_equal(got_length, length);
    assert_memory_equal(got, frame, length);
}

static void tx_every_size(void **state)
{
    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    for (size_t length = 14; length <= 1518; length += length < 128 ? 1 : 61)
        expect_tx((uint32_t)length, length);
    assert_int_equal(report_number("tx_frames"), d.wire_taken);
    device_close(&d);
}

static void rx_every_size(void **state)
{
    unsigned long frames = 0;

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    device_fill_rx(&d, 200);
    for (size_t length = 14; length <= 1518; length += length < 128 ? 1 : 61, frames++)
        expect_rx((uint32_t)length, length);
    assert_int_equal(report_number("wire_rx_frames"), frames);
    device_close(&d);
}

/* Both halves of physical memory are the device's, the one above 4 GiB too. */
static void memory_above_4g(void **state)
{
    static struct device_buffer own[2][BUFFERS];
    struct device_buffer high = {0}, low = {0};
    void *spare[4096];
    unsigned count = 0;

    (void)state;
    while (count < 4096 && !(high.va && low.va)) {
        uint64_t pa;
        void *va = spare[count++] = phys_alloc(4096, 0, &pa);

        assert_non_null(va);
        if (pa >= PHYS_HOLE_END)
            high = (struct device_buffer){va, pa};
        else
            low = (struct device_buffer){va, pa};
    }
    assert_non_null(high.va);
    assert_non_null(low.va);
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    memcpy(own, d.buffer, sizeof own);
    d.buffers = 1;
    for (unsigned i = 0; i < 2; i++) {
        d.buffer[RX][i] = d.buffer[TX][0] = i ? high : low;
        expect_tx(i, 100);
    }
    d.buffers = 2;
    device_fill_rx(&d, 2);
    for (unsigned i = 0; i < 6; i++)
        expect_rx(i, 100);
    memcpy(d.buffer, own, sizeof own);
    d.buffers = 256;
    device_close(&d);
    while (count)
        phys_free(spare[--count]);
}

/* 1. nothing: low. 2. a used buffer: raised. 3. ISR read: lowered before the read returns. */
static void interrupt_level(void **state)
{
    unsigned char frame[60];

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    assert_false(device_asserted(&d));
    make_frame(frame, sizeof frame, 1);
    for (unsigned i = 0; i < 200; i++) {
        virtio_u8 isr;

        device_send(&d, frame, sizeof frame);
        assert_true(device_wait_line(&d, true, 5000));
        assert_int_equal(device_raised(&d), i + 1);
        isr = virtio_pci_isr(&d.pci);
        assert_false(device_asserted(&d));
        assert_int_equal(isr, VIRTIO_PCI_ISR_QUEUE);
        assert_int_equal(device_lowered(&d), i + 1);
        assert_int_equal(virtio_pci_isr(&d.pci), 0);
    }
    assert_int_equal(report_number("interrupts"), 200);
    device_close(&d);
}

static void interrupt_suppressed(void **state)
{
    unsigned char frame[60];

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    virtq_disable_interrupts(&d.vq[TX]);
    make_frame(frame, sizeof frame, 1);
    for (unsigned i = 0; i < 20; i++)
        device_send(&d, frame, sizeof frame);
    assert_int_equal(virtio_pci_isr(&d.pci), 0);
    assert_int_equal(device_raised(&d), 0);
    device_close(&d);
}

static void messages(void **state)
{
    (void)state;
    device_open(&d, "");
    device_messages(&d);
    device_start(&d, FEATURES, 256);
    device_check_messages(&d);
    assert_int_equal(report_number("messages"), 51);
    device_close(&d);
}

static void notifications_counted(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *json;

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    virtio_pci_notify(&d.pci, &d.notify[RX]);
    for (unsigned i = 0; i < 5; i++)
        virtio_pci_notify(&d.pci, &d.notify[TX]);
    assert_int_equal(report_number("notifications"), 6);
    json = open_memstream(&text, &size);
    d.bus->ops->report(d.bus, json);
    fclose(json);
    assert_non_null(strstr(text, "\"queue_notifications\": [1, 5]"));
    free(text);
    device_close(&d);
}

/* More frames than buffers: those that do not fit wait in the wire, and come in order. */
static void *send_many(void *argument)
{
    unsigned char frame[FRAME_ROOM];
    unsigned count = *(unsigned *)argument;

    for (unsigned i = 0; i < count; i++) {
        size_t length = 60 + i % 1455;

        make_frame(frame, length, i);
        if (d.bus->ops->wire_send(d.bus, frame, length, -1) < 0)
            return "wire_send failed";
    }
    return NULL;
}

static void rx_faster_than_buffers(void **state)
{
    unsigned char frame[FRAME_ROOM], got[FRAME_ROOM];
    unsigned count = 3000;
    size_t length;
    pthread_t thread;
    void *why;

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    assert_int_equal(pthread_create(&thread, NULL, send_many, &count), 0);
    usleep(50000);
    device_fill_rx(&d, 4);
    for (unsigned i = 0; i < count; i++) {
        if (!device_receive(&d, got, &length, 5000))
            fail_msg("frame %u did not come", i);
        assert_int_equal(length, 60 + i % 1455);
        make_frame(frame, length, i);
        assert_memory_equal(got, frame, length);
    }
    assert_int_equal(pthread_join(thread, &why), 0);
    assert_null(why);
    device_close(&d);
}

/* Several processors at the registers while interrupts come and frames go. */
static atomic_bool stop;

static void *read_registers(void *argument)
{
    unsigned bar = 4, *bad = argument;

    while (!atomic_load(&stop)) {
        /* num_queues of the common configuration, and configuration space: both never change. */
        *bad += d.bus->ops->bar_read(d.bus, bar, d.pci.common.offset + 0x12, 2) != 3;
        *bad += d.bus->ops->config_read(d.bus, 0, 4) != 0x10001af4;
    }
    return NULL;
}

static void registers_raced(void **state)
{
    pthread_t thread[3];
    unsigned bad[3] = {0};

    (void)state;
    device_open(&d, "-device virtio-net-pci,ctrl_vq=on");
    device_start(&d, FEATURES, 256);
    device_fill_rx(&d, 100);
    atomic_store(&stop, false);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_registers, &bad[i]), 0);
    for (unsigned i = 0; i < 300; i++) {
        expect_tx(i, 200);
        expect_rx(i, 300);
        virtio_pci_isr(&d.pci);
    }
    atomic_store(&stop, true);
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(bad[i], 0);
    }
    device_close(&d);
}

/* Two devices, two QEMUs, one physical memory. */
static void two_at_once(void **state)
{
    static struct device other;
    unsigned char frame[FRAME_ROOM];
    size_t length;

    (void)state;
    device_open(&other, "-device virtio-net-pci,mac=52:54:00:00:00:02");
    device_start(&other, FEATURES, 256);
    tx_every_size(state);
    rx_every_size(state);
    assert_false(device_wire(&other, frame, &length, 1));
    assert_int_equal(device_raised(&other), 0);
    device_close(&other);
}

/* A test that failed leaves its device open. */
static int close_device(void **state)
{
    (void)state;
    if (d.bus)
        device_close(&d);
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, close_device)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(described),
        TEST(firmware_done),
        TEST(bring_up),
        TEST(tx_every_size),
        TEST(rx_every_size),
        TEST(memory_above_4g),
        TEST(interrupt_level),
        TEST(interrupt_suppressed),
        TEST(messages),
        TEST(notifications_counted),
        TEST(rx_faster_than_buffers),
        TEST(registers_raced),
        TEST(two_at_once),
    };

    return cmocka_run_group_tests_name("frames", tests, open_memory, close_memory);
}
