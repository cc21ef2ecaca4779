/* SPDX-License-Identifier: MIT */
/*
 * test_virtio_pci.c: the virtio-pci modern transport on devices that keep to the specification:
 * layouts of the capability list, the handshake, configuration, queues. Section numbers are virtio
 * 1.2's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pci_fixture.h"

/* The whole life of a device, as virtio_pci_modern.h numbers it. */
static void whole_life(void **state)
{
    struct pci_fixture *f = *state;
    struct virtio_pci_notify notify[2];
    uint8_t mac[6];
    uint16_t max, link;
    unsigned i;

    fake_pci_qemu(&f->fake);
    memcpy(f->fake.device_config, "\x52\x54\x00\x12\x34\x56\x01\x00", 8);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1), VIRTIO_PCI_OK);
    assert_int_equal(f->dev.negotiated, NET_FEATURES);
    assert_int_equal(f->fake.accepted, NET_FEATURES);
    assert_status(virtio_pci_config_read(&f->dev, 0, mac, 6), VIRTIO_PCI_OK);
    assert_memory_equal(mac, "\x52\x54\x00\x12\x34\x56", 6);
    assert_status(virtio_pci_config_read(&f->dev, 6, &link, 2), VIRTIO_PCI_OK);
    assert_int_equal(link, 1);
    for (i = 0; i < 2; i++) {
        assert_status(virtio_pci_queue_size(&f->dev, (uint16_t)i, &max), VIRTIO_PCI_OK);
        assert_int_equal(max, 256);
        assert_status(pci_queue_setup(&f->dev, (uint16_t)i, 128, 0x123456789A0 + i * 16,
                                      0x23456789AB0, 0x3456789ABC0, &notify[i]),
                      VIRTIO_PCI_OK);
        assert_int_equal(f->fake.queues[i].size, 128);
        assert_int_equal(f->fake.queues[i].enable, 1);
        assert_int_equal(f->fake.queues[i].desc, 0x123456789A0 + i * 16);
        assert_int_equal(f->fake.queues[i].driver, 0x23456789AB0);
        assert_int_equal(f->fake.queues[i].device, 0x3456789ABC0);
        assert_int_equal(f->fake.queues[i].msix_vector, 0xFFFF);
    }
    assert_status(virtio_pci_driver_ok(&f->dev), VIRTIO_PCI_OK);
    assert_int_equal(virtio_pci_device_status(&f->dev), 0x0F);
    virtio_pci_notify(&f->dev, &notify[1]);
    assert_int_equal(f->fake.notifications, 1);
    assert_int_equal(f->fake.notified_queue, 1);
    assert_int_equal(f->fake.notified_at, 4);
    f->fake.isr = 3;
    assert_int_equal(virtio_pci_isr(&f->dev), VIRTIO_PCI_ISR_QUEUE | VIRTIO_PCI_ISR_CONFIG);
    assert_int_equal(virtio_pci_isr(&f->dev), 0);
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_int_equal(f->fake.slept, 0);

    /* 3.1.1: each step's bit in its turn, none taken back */
    assert_int_equal(f->fake.status_writes, 6);
    assert_memory_equal(f->fake.status_log, "\x00\x01\x03\x0B\x0F\x00", 6);
}

/* A caller that cannot access I/O space reports length 0 for such BARs. */
static void notify_in_an_io_bar_is_passed_over(void **state)
{
    struct pci_fixture *f = *state;

    f->fake.bar_length[4] = 0x4000;
    fake_pci_add_cap(&f->fake, 2, 20, 2, 0, 4, 0); /* BAR2 is I/O */
    fake_pci_add(&f->fake, FAKE_COMMON, 4, 0x0000, 0x1000);
    fake_pci_add(&f->fake, FAKE_ISR, 4, 0x1000, 0x1000);
    fake_pci_add(&f->fake, FAKE_DEVICE, 4, 0x2000, 0x1000);
    fake_pci_add(&f->fake, FAKE_NOTIFY, 4, 0x3000, 0x1000);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_int_equal(f->dev.notify.bar, 4);
    assert_int_equal(f->dev.notify.offset, 0x3000);
    assert_int_equal(f->dev.notify_multiplier, 4);
}

/* 4.1.4: a structure may lie in I/O space; each is accessed in its own. A device as v86's, with an
 * I/O BAR for each; and QEMU's with modern-pio-notify=on, where only the notification does. */
static void structures_in_io_space(void **state)
{
    struct pci_fixture *f = *state;
    unsigned bar;

    for (bar = 1; bar <= 4; bar++) {
        f->fake.bar_length[bar] = 0x40;
        f->fake.bar_space[bar] = VIRTIO_PCI_IO;
    }
    fake_pci_add(&f->fake, FAKE_COMMON, 1, 0x00, 0x38);
    fake_pci_add(&f->fake, FAKE_NOTIFY, 2, 0x00, 0x10);
    fake_pci_add(&f->fake, FAKE_ISR, 3, 0x08, 1);
    fake_pci_add(&f->fake, FAKE_DEVICE, 4, 0x10, 0x20);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    pci_use(f);
    virtio_pci_close(&f->dev);
    fake_pci_check(&f->fake);

    fake_pci_init(&f->fake);
    f->fake.bar_length[2] = 0x04;
    f->fake.bar_space[2] = VIRTIO_PCI_IO;
    fake_pci_add(&f->fake, FAKE_NOTIFY, 2, 0, 4);
    memset(f->fake.config + f->fake.cap_last + 16, 0, 4); /* its multiplier */
    fake_pci_qemu(&f->fake);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_int_equal(f->dev.notify.bar, 2);
    pci_use(f);
    assert_int_equal(f->fake.notified_at, 0);
}

/* All in BAR0, packed tightly. */
static void everything_in_bar_0(void **state)
{
    struct pci_fixture *f = *state;

    f->fake.bar_length[0] = 0x4000;
    fake_pci_add(&f->fake, FAKE_COMMON, 0, 0x0000, 0x38);
    fake_pci_add(&f->fake, FAKE_NOTIFY, 0, 0x38, 2);
    fake_pci_add(&f->fake, FAKE_ISR, 0, 0x3B, 1);
    fake_pci_add(&f->fake, FAKE_DEVICE, 0, 0x3C, NET_CONFIG_MIN);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_int_equal(f->fake.bar_maps[0], 1);
    assert_int_equal(f->fake.bar_mapped[0],
                     0x3C + NET_CONFIG_MIN); /* and not the rest of the BAR */
    pci_use(f);
}

/* A BAR each, in an order of their own, the last of them ending where its BAR ends. */
static void a_bar_each(void **state)
{
    struct pci_fixture *f = *state;

    f->fake.bar_length[0] = 0x10;
    f->fake.bar_length[2] = 0x38;
    f->fake.bar_length[3] = 0x100;
    f->fake.bar_length[5] = 0x1000;
    fake_pci_add(&f->fake, FAKE_DEVICE, 3, 0xF0, 0x10);
    fake_pci_add(&f->fake, FAKE_ISR, 0, 0x0F, 1);
    fake_pci_add(&f->fake, FAKE_NOTIFY, 5, 0x0FF0, 0x10);
    fake_pci_add(&f->fake, FAKE_COMMON, 2, 0, 0x38);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_int_equal(f->dev.common.bar, 2);
    assert_int_equal(f->dev.notify.bar, 5);
    assert_int_equal(f->dev.isr.bar, 0);
    assert_int_equal(f->dev.device.bar, 3);
    assert_int_equal(
        f->fake.bar_maps[0] + f->fake.bar_maps[2] + f->fake.bar_maps[3] + f->fake.bar_maps[5], 4);
    pci_use(f);
}

/* Structures after the first 4 GiB less a page of a very large BAR. 32 bits cannot map that. */
static void structures_in_a_huge_bar(void **state)
{
    struct pci_fixture *f = *state;

    f->fake.bar_length[2] = (uint64_t)8 << 30;
    fake_pci_add(&f->fake, FAKE_COMMON, 2, 0xFFFFF000, 0x1000);
    fake_pci_add(&f->fake, FAKE_ISR, 2, 0xFFFFE000, 0x2001);
    f->fake.windows[1].length = 1;
    fake_pci_add(&f->fake, FAKE_DEVICE, 2, 0x80000000, 0xFFFFFFFC);
    f->fake.windows[2].length = 64;
    fake_pci_add(&f->fake, FAKE_NOTIFY, 2, 0, 0x1000);
    if (sizeof(void *) == 8) {
        assert_status(pci_open(f), VIRTIO_PCI_OK);
        pci_use(f);
    } else {
        assert_status(pci_open(f), VIRTIO_PCI_E_BAR_MAP);
        assert_int_equal(f->dev.failed_bar, 2);
    }
}

/* 4.1.4.1: reserved types, PCI_CFG, shared memory, vendor data and other capabilities are
 * ignored. */
static void foreign_capabilities_are_ignored(void **state)
{
    static const uint8_t types[] = {0, 5, 6, 7, 8, 9, 10, 0x40, 0xFE, 0xFF};
    struct pci_fixture *f = *state;
    unsigned i;

    f->fake.bar_length[0] = 0x1000;
    for (i = 0; i < 4; i++) {
        fake_pci_add_cap(&f->fake, types[i], 16, 0, 0, 0x1000, 0);
    }
    fake_pci_add_other(&f->fake, 0x01, 8);
    fake_pci_qemu(&f->fake);
    assert_int_equal(pci_open(f), VIRTIO_PCI_OK);
    virtio_pci_close(&f->dev);

    for (i = 0; i < sizeof(types); i++) {
        fake_pci_init(&f->fake);
        f->fake.bar_length[0] = 0x1000;
        fake_pci_add_other(&f->fake, 0x11, 12);
        fake_pci_add_cap(&f->fake, types[i], 24, 0, 0, 0x1000, 0);
        assert_status(pci_open(f), VIRTIO_PCI_E_NO_CAPABILITIES);
    }
}

/* 4.1.4.1: the first instance that can be used, of each type. */
static void first_of_a_kind_wins(void **state)
{
    struct pci_fixture *f = *state;

    f->fake.bar_length[0] = 0x1000;
    f->fake.bar_length[4] = 0x4000;
    fake_pci_add(&f->fake, FAKE_DEVICE, 0, 0x100, 0x100);
    fake_pci_add(&f->fake, FAKE_NOTIFY, 0, 0x200, 0x100);
    f->fake.config[f->fake.cap_last + 16] = 2; /* its multiplier */
    fake_pci_qemu(&f->fake);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_int_equal(f->dev.device.bar, 0);
    assert_int_equal(f->dev.notify.bar, 0);
    assert_int_equal(f->dev.notify_multiplier, 2);
    assert_int_equal(f->dev.common.bar, 4);
    pci_use(f);
}

/* 4.1.4.1: cap_len larger than the structure, and a length as large as the BAR. */
static void larger_than_specified(void **state)
{
    struct pci_fixture *f = *state;
    unsigned at;

    f->fake.bar_length[4] = 0x4000;
    fake_pci_add_cap(&f->fake, 1, 40, 4, 0, 0x4000, 0);
    fake_pci_add_cap(&f->fake, 2, 64, 4, 0x3000, 0x1000, 4);
    at = fake_pci_add_cap(&f->fake, 3, 16, 4, 0x1000, 0x3000, 0);
    f->fake.config[at + 2] = 0xFF; /* reaches out of configuration space, which does not matter */
    fake_pci_add_cap(&f->fake, 4, 24, 4, 0x2000, 0x2000, 0);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_int_equal(f->dev.common.length, 0x4000);
    assert_int_equal(f->dev.device.length, 0x2000);
}

/* PCI: the two low bits of a pointer are reserved; the list may lie in any order. */
static void pointers_with_reserved_bits(void **state)
{
    struct pci_fixture *f = *state;
    unsigned at;

    fake_pci_qemu(&f->fake);
    f->fake.config[0x34] |= 3;
    for (at = 0x40; f->fake.config[at + 1] != 0; at = f->fake.config[at + 1] & 0xFC) {
        f->fake.config[at + 1] |= 1 + at % 3;
    }
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    pci_use(f);
}

/* The last bytes of configuration space hold a capability, and the list goes backwards. */
static void list_that_goes_backwards(void **state)
{
    struct pci_fixture *f = *state;
    unsigned common, isr, device, notify;

    f->fake.bar_length[4] = 0x4000;
    notify = fake_pci_add(&f->fake, FAKE_NOTIFY, 4, 0x3000, 0x1000);
    device = fake_pci_add(&f->fake, FAKE_DEVICE, 4, 0x2000, 0x1000);
    isr = fake_pci_add(&f->fake, FAKE_ISR, 4, 0x1000, 0x1000);
    f->fake.cap_next = 0xF0;
    common = fake_pci_add(&f->fake, FAKE_COMMON, 4, 0, 0x1000);
    f->fake.config[0x34] = (uint8_t)common;
    f->fake.config[common + 1] = (uint8_t)isr;
    f->fake.config[isr + 1] = (uint8_t)device;
    f->fake.config[device + 1] = (uint8_t)notify;
    f->fake.config[notify + 1] = 0;
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    pci_use(f);
}

/* A device type without configuration: with a minimum of 0 there need not be one. */
static void device_configuration_is_optional_at_0(void **state)
{
    struct pci_fixture *f = *state;
    uint8_t byte;

    f->fake.bar_length[0] = 0x1000;
    fake_pci_add(&f->fake, FAKE_COMMON, 0, 0x000, 0x100);
    fake_pci_add(&f->fake, FAKE_NOTIFY, 0, 0x100, 0x100);
    fake_pci_add(&f->fake, FAKE_ISR, 0, 0x200, 1);
    assert_status(virtio_pci_open(&f->dev, &fake_pci_io, &f->fake, 0), VIRTIO_PCI_OK);
    assert_null(f->dev.device.address);
    assert_status(virtio_pci_config_read(&f->dev, 0, &byte, 1), VIRTIO_PCI_E_NO_DEVICE_CFG);
    assert_status(virtio_pci_config_write(&f->dev, 0, &byte, 1), VIRTIO_PCI_E_NO_DEVICE_CFG);
    virtio_pci_close(&f->dev);

    /* one of length 0 does not count; one that its BAR does not hold is a fault, although it is optional */
    fake_pci_add_cap(&f->fake, 4, 16, 0, 0x300, 0, 0);
    assert_status(virtio_pci_open(&f->dev, &fake_pci_io, &f->fake, 0), VIRTIO_PCI_OK);
    assert_null(f->dev.device.address);
    virtio_pci_close(&f->dev);
    fake_pci_add_cap(&f->fake, 4, 16, 0, 0x300, 0x1000, 0);
    assert_status(virtio_pci_open(&f->dev, &fake_pci_io, &f->fake, 0), VIRTIO_PCI_E_BAR_TOO_SHORT);
}

/* 2.4.2, 4.1.4.3.2: done when 0 is read. */
static void reset_is_waited_for(void **state)
{
    struct pci_fixture *f = *state;

    pci_start(f);
    f->fake.reset_reads = 50;
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_int_equal(f->fake.resetting, 0);
    assert_int_equal(f->fake.status, 0);
    assert_true(f->fake.slept > 0 && f->fake.slept <= 1000000);
}

static void reset_now_waits_for_nothing(void **state)
{
    struct pci_fixture *f = *state;
    uint64_t accesses;

    pci_start(f);
    f->fake.reset_reads = 50;
    accesses = f->fake.accesses;
    virtio_pci_reset_now(&f->dev);
    assert_int_equal(f->fake.accesses, accesses + 1);
    assert_int_equal(f->fake.status_log[f->fake.status_writes - 1], 0);
    assert_int_equal(f->fake.slept, 0);
}

/* 2.2.1: what was not offered is not accepted, what was not wanted neither. */
static void features_are_the_intersection(void **state)
{
    struct pci_fixture *f = *state;

    fake_pci_qemu(&f->fake);
    f->fake.features = VIRTIO_F_VERSION_1 | 1u << 5 | 1u << 15 | (uint64_t)1 << 34;
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1), VIRTIO_PCI_OK);
    assert_int_equal(f->dev.offered, f->fake.features);
    assert_int_equal(f->dev.negotiated, VIRTIO_F_VERSION_1 | 1u << 5);
    assert_int_equal(f->fake.accepted, VIRTIO_F_VERSION_1 | 1u << 5);
    assert_int_equal(f->fake.config_msix_vector, 0xFFFF);
}

static void has_asks_for_all_bits(void **state)
{
    struct pci_fixture *f = *state;

    assert_false(virtio_pci_has(&f->dev, VIRTIO_F_VERSION_1));
    pci_start(f);
    assert_true(virtio_pci_has(&f->dev, VIRTIO_F_VERSION_1));
    assert_true(virtio_pci_has(&f->dev, VIRTIO_F_VERSION_1 | 1u << 5));
    assert_false(virtio_pci_has(&f->dev, VIRTIO_F_VERSION_1 | 1u << 6));
    assert_false(virtio_pci_has(&f->dev, 1u << 6));
    f->fake.features = 0;
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1),
                  VIRTIO_PCI_E_NO_VERSION_1);
    assert_false(virtio_pci_has(&f->dev, VIRTIO_F_VERSION_1));
}

static void open_and_gone(void **state)
{
    struct pci_fixture *f = *state;

    assert_false(virtio_pci_is_open(&f->dev));
    assert_status(pci_open(f), VIRTIO_PCI_E_NO_CAPABILITIES);
    assert_false(virtio_pci_is_open(&f->dev));
    pci_start(f);
    assert_true(virtio_pci_is_open(&f->dev));
    assert_false(virtio_pci_is_gone(&f->dev));
    assert_int_equal(virtio_pci_num_queues(&f->dev), FAKE_PCI_QUEUES);
    f->fake.gone_after = 0;
    assert_true(virtio_pci_is_gone(&f->dev));
    assert_int_equal(virtio_pci_num_queues(&f->dev), 0xFFFF);
    assert_true(virtio_pci_is_open(&f->dev)); /* its registers are still mapped */
    virtio_pci_close(&f->dev);
    assert_false(virtio_pci_is_open(&f->dev));
}

/* 4.1.5.1.2: the vector is read back; a device without a vector left answers NO_VECTOR. */
static void configuration_vector(void **state)
{
    struct pci_fixture *f = *state;

    pci_start(f);
    assert_status(virtio_pci_config_vector(&f->dev, VIRTIO_MSI_NO_VECTOR), VIRTIO_PCI_OK);
    f->fake.msix_vectors = 2;
    assert_status(virtio_pci_config_vector(&f->dev, 1), VIRTIO_PCI_OK);
    assert_int_equal(f->fake.config_msix_vector, 1);
    assert_status(virtio_pci_config_vector(&f->dev, 2), VIRTIO_PCI_E_VECTOR);
    assert_int_equal(f->fake.config_msix_vector, VIRTIO_MSI_NO_VECTOR);
    assert_status(virtio_pci_config_vector(&f->dev, 0), VIRTIO_PCI_OK);
    f->fake.gone_after = 0;
    assert_status(virtio_pci_config_vector(&f->dev, 0), VIRTIO_PCI_E_GONE);
}

/* A device that offers all 64 features is strange, not gone. */
static void all_features_offered(void **state)
{
    struct pci_fixture *f = *state;

    fake_pci_qemu(&f->fake);
    f->fake.features = ~(uint64_t)0;
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    /* what is required is accepted, wanted or not */
    assert_status(virtio_pci_negotiate(&f->dev, 1u << 5, VIRTIO_F_VERSION_1), VIRTIO_PCI_OK);
    assert_int_equal(f->fake.accepted, VIRTIO_F_VERSION_1 | 1u << 5);
}

/* 4.1.3.1: a field's own width; anything else is an array of bytes. */
static const struct {
    uint32_t offset, length, width, accesses;
} fields[] = {
    {0, 1, 1, 1}, {3, 1, 1, 1}, {6, 2, 2, 1}, {7, 2, 1, 2},    {12, 4, 4, 1}, {14, 4, 1, 4},
    {0, 6, 1, 6}, {0, 8, 4, 2}, {4, 8, 1, 8}, {24, 12, 1, 12}, {5, 0, 1, 0},  {60, 4, 4, 1},
};

static void configuration_access_widths(void **state)
{
    struct pci_fixture *f = *state;
    uint8_t buffer[16];
    size_t i;

    pci_start(f);
    for (i = 0; i < sizeof(f->fake.device_config); i++) {
        f->fake.device_config[i] = (uint8_t)(0xC0 + i);
    }
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        memset(f->fake.device_config_reads, 0, sizeof(f->fake.device_config_reads));
        memset(buffer, 0, sizeof(buffer));
        assert_status(
            virtio_pci_config_read(&f->dev, fields[i].offset, buffer + 1, fields[i].length),
            VIRTIO_PCI_OK);
        assert_int_equal(f->fake.device_config_reads[fields[i].width], fields[i].accesses);
        assert_int_equal(f->fake.device_config_reads[1] + f->fake.device_config_reads[2] +
                             f->fake.device_config_reads[4],
                         fields[i].accesses);
        assert_memory_equal(buffer + 1, f->fake.device_config + fields[i].offset, fields[i].length);
        assert_int_equal(buffer[1 + fields[i].length], 0);
    }
}

/* The same widths for a write; the bytes beside the field stay. */
static void configuration_writes(void **state)
{
    struct pci_fixture *f = *state;
    uint8_t expected[sizeof(f->fake.device_config)];
    uint8_t buffer[16];
    size_t i, j;

    pci_start(f);
    f->fake.device_config_writable = true;
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        memset(f->fake.device_config_writes, 0, sizeof(f->fake.device_config_writes));
        memset(f->fake.device_config, 0xEE, sizeof(f->fake.device_config));
        memset(expected, 0xEE, sizeof(expected));
        for (j = 0; j < fields[i].length; j++) {
            expected[fields[i].offset + j] = buffer[1 + j] = (uint8_t)(16 * i + j);
        }
        assert_status(
            virtio_pci_config_write(&f->dev, fields[i].offset, buffer + 1, fields[i].length),
            VIRTIO_PCI_OK);
        assert_memory_equal(f->fake.device_config, expected, sizeof(expected));
        assert_int_equal(f->fake.device_config_writes[fields[i].width], fields[i].accesses);
        assert_int_equal(f->fake.device_config_writes[1] + f->fake.device_config_writes[2] +
                             f->fake.device_config_writes[4],
                         fields[i].accesses);
    }
}

/* No byte outside the structure is written, and none of a field that does not fit. */
static void configuration_writes_out_of_range(void **state)
{
    struct pci_fixture *f = *state;
    uint8_t bytes[8] = {0};
    uint32_t length;

    pci_start(f);
    length = f->dev.device.length;
    assert_status(virtio_pci_config_write(&f->dev, length, bytes, 1), VIRTIO_PCI_E_CONFIG_RANGE);
    assert_status(virtio_pci_config_write(&f->dev, length - 4, bytes, 8),
                  VIRTIO_PCI_E_CONFIG_RANGE);
    assert_status(virtio_pci_config_write(&f->dev, 0xFFFFFFFC, bytes, 8),
                  VIRTIO_PCI_E_CONFIG_RANGE);
    assert_status(virtio_pci_config_write(&f->dev, length, bytes, 0), VIRTIO_PCI_OK);
    f->fake.device_config_writable = true;
    f->fake.gone_after = 0;
    assert_status(virtio_pci_config_write(&f->dev, 0, bytes, 4), VIRTIO_PCI_E_GONE);
}

static void configuration_range(void **state)
{
    struct pci_fixture *f = *state;
    uint32_t length;
    uint8_t byte;

    pci_start(f);
    length = f->dev.device.length;
    assert_status(virtio_pci_config_read(&f->dev, length - 1, &byte, 1), VIRTIO_PCI_OK);
    assert_status(virtio_pci_config_read(&f->dev, length, &byte, 1), VIRTIO_PCI_E_CONFIG_RANGE);
    assert_status(virtio_pci_config_read(&f->dev, length - 1, &byte, 2), VIRTIO_PCI_E_CONFIG_RANGE);
    assert_status(virtio_pci_config_read(&f->dev, 0xFFFFFFFF, &byte, 2), VIRTIO_PCI_E_CONFIG_RANGE);
    assert_status(virtio_pci_config_read(&f->dev, 2, &byte, 0xFFFFFFFF), VIRTIO_PCI_E_CONFIG_RANGE);
    assert_status(virtio_pci_config_read(&f->dev, length, &byte, 0), VIRTIO_PCI_OK);
}

/* 2.5.1: a field read in pieces is whole, however often it changes meanwhile; generations wrap. */
static void configuration_under_its_generation(void **state)
{
    struct pci_fixture *f = *state;
    uint8_t mac[6];
    unsigned changes, i;

    pci_start(f);
    for (changes = 0; changes <= 60; changes++) {
        memset(f->fake.device_config, (int)changes, sizeof(f->fake.device_config));
        f->fake.generation = (uint8_t)(0xFF - changes / 2);
        f->fake.config_changes = changes;
        assert_status(virtio_pci_config_read(&f->dev, 0, mac, 6), VIRTIO_PCI_OK);
        for (i = 0; i < 6; i++) {
            assert_int_equal(mac[i], f->fake.device_config[0]);
        }
        assert_int_equal(f->fake.config_changes, 0);
    }
    f->fake.config_changes = 1000000;
    assert_status(virtio_pci_config_read(&f->dev, 0, mac, 6), VIRTIO_PCI_E_CONFIG_UNSTABLE);
    assert_true(f->fake.config_changes > 999000);
}

/* 2.7, 4.1.5.1.3 */
static void queue_sizes(void **state)
{
    struct pci_fixture *f = *state;
    struct virtio_pci_notify notify;
    uint32_t size;
    uint16_t max;

    pci_start(f);
    for (size = 1; size <= 32768; size *= 2) {
        assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
        assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, 0), VIRTIO_PCI_OK);
        f->fake.queues[1].max = f->fake.queues[1].size = (uint16_t)size;
        assert_status(virtio_pci_queue_size(&f->dev, 1, &max), VIRTIO_PCI_OK);
        assert_int_equal(max, size);
        assert_status(pci_queue_setup(&f->dev, 1, (uint16_t)size, 16, 32, 48, &notify),
                      VIRTIO_PCI_OK);
        assert_int_equal(f->fake.queues[1].size, size);
    }
    assert_status(virtio_pci_queue_size(&f->dev, 3, &max), VIRTIO_PCI_E_NO_QUEUE);
    assert_status(virtio_pci_queue_size(&f->dev, 0xFFFF, &max), VIRTIO_PCI_E_NO_QUEUE);
    assert_status(pci_queue_setup(&f->dev, 3, 16, 16, 32, 48, &notify), VIRTIO_PCI_E_NO_QUEUE);
}

/* 2.7: what a device reports is rounded down to a power of two, and set up as that. */
static void queue_sizes_that_are_odd(void **state)
{
    static const struct {
        uint16_t reported, max;
    } cases[] = {
        {3, 2},      {5, 4},         {100, 64},      {255, 128},     {257, 256},
        {1000, 512}, {32767, 16384}, {32769, 32768}, {40000, 32768}, {0xFFFF, 32768},
    };
    struct pci_fixture *f = *state;
    struct virtio_pci_notify notify;
    uint16_t max;
    size_t i;

    pci_start(f);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->fake.queues[1].max = cases[i].reported;
        assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
        assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, 0), VIRTIO_PCI_OK);
        assert_status(virtio_pci_queue_size(&f->dev, 1, &max), VIRTIO_PCI_OK);
        assert_int_equal(max, cases[i].max);
        assert_status(pci_queue_setup(&f->dev, 1, max, 16, 32, 48, &notify), VIRTIO_PCI_OK);
        assert_int_equal(f->fake.queues[1].size, max);
    }
}

/* 4.1.5.1.2: a queue whose vector the device does not take is not enabled. */
static void queue_vectors(void **state)
{
    struct pci_fixture *f = *state;
    struct virtio_pci_queue queue = {
        .index = 1, .size = 16, .vector = 2, .desc = 16, .driver = 32, .device = 48};
    struct virtio_pci_notify notify;

    pci_start(f);
    f->fake.msix_vectors = 3;
    assert_status(virtio_pci_queue_setup(&f->dev, &queue, &notify), VIRTIO_PCI_OK);
    assert_int_equal(f->fake.queues[1].msix_vector, 2);
    queue.index = 0;
    queue.vector = 3;
    assert_status(virtio_pci_queue_setup(&f->dev, &queue, &notify), VIRTIO_PCI_E_VECTOR);
    assert_int_equal(f->fake.queues[0].enable, 0);
}

/* The driver's choice: 4.1.4.3.2. */
static void queue_sizes_that_are_refused(void **state)
{
    static const uint16_t sizes[] = {0, 3, 100, 255, 512, 32768, 0xFFFF};
    struct pci_fixture *f = *state;
    struct virtio_pci_notify notify;
    size_t i;

    pci_start(f);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_status(pci_queue_setup(&f->dev, 0, sizes[i], 16, 32, 48, &notify),
                      VIRTIO_PCI_E_QUEUE_SIZE);
        assert_int_equal(f->fake.queues[0].enable, 0);
    }
}

/* 4.1.4.4: cap.offset + queue_notify_off * notify_off_multiplier, any legal multiplier. */
static void notify_addresses(void **state)
{
    static const struct {
        uint32_t multiplier;
        uint16_t notify_off;
        uint32_t length;
        int status;
        uint32_t at;
    } cases[] = {
        {0, 0, 2, VIRTIO_PCI_OK, 0},
        {0, 0xFFFF, 2, VIRTIO_PCI_OK, 0},
        {2, 1, 4, VIRTIO_PCI_OK, 2},
        {2, 1, 3, VIRTIO_PCI_E_NOTIFY_RANGE, 0},
        {4, 3, 0x100, VIRTIO_PCI_OK, 12},
        {4096, 1, 4096 + 2, VIRTIO_PCI_OK, 4096},
        {4096, 1, 4096, VIRTIO_PCI_E_NOTIFY_RANGE, 0},
        {4096, 15, 0x10000, VIRTIO_PCI_OK, 15 * 4096},
        {4096, 16, 0x10000, VIRTIO_PCI_E_NOTIFY_RANGE, 0},
        {0x80000000, 2, 0x10000, VIRTIO_PCI_E_NOTIFY_RANGE, 0}, /* 0 in 32 bits */
        {0x10000, 0xFFFF, 0x10000, VIRTIO_PCI_E_NOTIFY_RANGE, 0},
        {0xFFFFFFFE, 0xFFFF, 0x10000, VIRTIO_PCI_E_NOTIFY_RANGE, 0},
        {0xFFFFFFFE, 0, 0x10000, VIRTIO_PCI_OK, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pci_fixture local;
        struct pci_fixture *f = &local;
        struct virtio_pci_notify notify;

        memset(f, 0, sizeof(*f));
        fake_pci_init(&f->fake);
        f->fake.bar_length[0] = 0x20000;
        fake_pci_add(&f->fake, FAKE_NOTIFY, 0, 0x10000, cases[i].length);
        memcpy(f->fake.config + f->fake.cap_last + 16, &cases[i].multiplier, 4);
        fake_pci_add(&f->fake, FAKE_COMMON, 0, 0x000, 0x38);
        fake_pci_add(&f->fake, FAKE_ISR, 0, 0x100, 1);
        fake_pci_add(&f->fake, FAKE_DEVICE, 0, 0x200, 64);
        f->fake.queues[1].notify_off = cases[i].notify_off;
        assert_status(pci_open(f), VIRTIO_PCI_OK);
        assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
        assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, 0), VIRTIO_PCI_OK);
        assert_status(pci_queue_setup(&f->dev, 1, 16, 16, 32, 48, &notify), cases[i].status);
        assert_int_equal(f->fake.queues[1].enable, cases[i].status == VIRTIO_PCI_OK);
        if (cases[i].status == VIRTIO_PCI_OK) {
            assert_status(virtio_pci_driver_ok(&f->dev), VIRTIO_PCI_OK);
            virtio_pci_notify(&f->dev, &notify);
            assert_int_equal(f->fake.notified_at, cases[i].at);
            assert_int_equal(f->fake.notified_queue, 1);
        }
        virtio_pci_close(&f->dev);
        fake_pci_check(&f->fake);
        fake_pci_free(&f->fake);
    }
}

static void fail_sets_failed(void **state)
{
    struct pci_fixture *f = *state;
    unsigned writes;

    pci_start(f);
    virtio_pci_fail(&f->dev);
    assert_int_equal(f->fake.status, 0x8B);
    writes = f->fake.status_writes;
    virtio_pci_fail(&f->dev);
    assert_int_equal(f->fake.status_writes, writes); /* once is enough: then only a reset helps */
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
}

static void close_is_harmless(void **state)
{
    struct pci_fixture *f = *state;

    virtio_pci_close(&f->dev);
    assert_int_equal(f->fake.accesses, 0);
    pci_start(f);
    virtio_pci_close(&f->dev);
    virtio_pci_close(&f->dev);
    assert_null(f->dev.common.address);
    /* and it can be opened again */
    assert_status(pci_open(f), VIRTIO_PCI_OK);
}

static void every_status_has_its_text(void **state)
{
    int i, j;

    (void)state;
    for (i = 0; i <= VIRTIO_PCI_E_VECTOR; i++) {
        assert_true(strlen(virtio_pci_status_text((enum virtio_pci_status)i)) > 5);
        for (j = 0; j < i; j++) {
            assert_string_not_equal(virtio_pci_status_text((enum virtio_pci_status)i),
                                    virtio_pci_status_text((enum virtio_pci_status)j));
        }
    }
    assert_string_equal(virtio_pci_status_text((enum virtio_pci_status)(VIRTIO_PCI_E_VECTOR + 1)),
                        "unknown status");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, pci_setup, pci_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(whole_life),
        CASE(notify_in_an_io_bar_is_passed_over),
        CASE(structures_in_io_space),
        CASE(everything_in_bar_0),
        CASE(a_bar_each),
        CASE(structures_in_a_huge_bar),
        CASE(foreign_capabilities_are_ignored),
        CASE(first_of_a_kind_wins),
        CASE(larger_than_specified),
        CASE(pointers_with_reserved_bits),
        CASE(list_that_goes_backwards),
        CASE(device_configuration_is_optional_at_0),
        CASE(reset_is_waited_for),
        CASE(reset_now_waits_for_nothing),
        CASE(features_are_the_intersection),
        CASE(has_asks_for_all_bits),
        CASE(open_and_gone),
        CASE(configuration_vector),
        CASE(all_features_offered),
        CASE(configuration_access_widths),
        CASE(configuration_writes),
        CASE(configuration_writes_out_of_range),
        CASE(configuration_range),
        CASE(configuration_under_its_generation),
        CASE(queue_sizes),
        CASE(queue_sizes_that_are_odd),
        CASE(queue_vectors),
        CASE(queue_sizes_that_are_refused),
        CASE(notify_addresses),
        CASE(fail_sets_failed),
        CASE(close_is_harmless),
        CASE(every_status_has_its_text),
    };

    return cmocka_run_group_tests_name("virtio_pci", tests, NULL, NULL);
}
