/* SPDX-License-Identifier: MIT */
/* pci_fixture.c: the fixture of pci_fixture.h. */
#include "pci_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

void pci_assert_status(enum virtio_pci_status found, enum virtio_pci_status expected,
                       const char *file, int line)
{
    if (found != expected) {
        print_error("expected %d (%s), found %d (%s)\n", expected, virtio_pci_status_text(expected),
                    found, virtio_pci_status_text(found));
        _fail(file, line);
    }
}

int pci_setup(void **state)
{
    static struct pci_fixture fixture;

    fake_pci_init(&fixture.fake);
    memset(&fixture.dev, 0, sizeof(fixture.dev));
    *state = &fixture;
    return 0;
}

int pci_teardown(void **state)
{
    struct pci_fixture *f = *state;

    virtio_pci_close(&f->dev);
    fake_pci_check(&f->fake);
    fake_pci_free(&f->fake);
    return 0;
}

enum virtio_pci_status pci_open(struct pci_fixture *f)
{
    return virtio_pci_open(&f->dev, &fake_pci_io, &f->fake, NET_CONFIG_MIN);
}

void pci_start(struct pci_fixture *f)
{
    fake_pci_qemu(&f->fake);
    assert_status(pci_open(f), VIRTIO_PCI_OK);
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1), VIRTIO_PCI_OK);
}

enum virtio_pci_status pci_queue_setup(struct virtio_pci_device *dev, uint16_t queue, uint16_t size,
                                       uint64_t desc, uint64_t driver, uint64_t device,
                                       struct virtio_pci_notify *notify)
{
    const struct virtio_pci_queue set = {.index = queue,
                                         .size = size,
                                         .vector = VIRTIO_MSI_NO_VECTOR,
                                         .desc = desc,
                                         .driver = driver,
                                         .device = device};

    return virtio_pci_queue_setup(dev, &set, notify);
}

void pci_use(struct pci_fixture *f)
{
    struct virtio_pci_notify notify;
    uint8_t mac[6];

    memcpy(f->fake.device_config, "\x02\x00\x00\x12\x34\x56", 6);
    assert_status(virtio_pci_reset(&f->dev), VIRTIO_PCI_OK);
    assert_status(virtio_pci_negotiate(&f->dev, NET_FEATURES, VIRTIO_F_VERSION_1), VIRTIO_PCI_OK);
    assert_status(virtio_pci_config_read(&f->dev, 0, mac, 6), VIRTIO_PCI_OK);
    assert_memory_equal(mac, f->fake.device_config, 6);
    assert_status(pci_queue_setup(&f->dev, 0, 64, 0x1000, 0x2000, 0x3000, &notify), VIRTIO_PCI_OK);
    assert_status(virtio_pci_driver_ok(&f->dev), VIRTIO_PCI_OK);
    virtio_pci_notify(&f->dev, &notify);
    assert_int_equal(f->fake.notifications, 1);
    f->fake.isr = VIRTIO_PCI_ISR_QUEUE;
    assert_int_equal(virtio_pci_isr(&f->dev), VIRTIO_PCI_ISR_QUEUE);
}
