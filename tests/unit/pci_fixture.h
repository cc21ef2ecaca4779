/* SPDX-License-Identifier: MIT */
/*
 * pci_fixture.h: a transport under test on a made-up PCI function, for cmocka's set-up and
 * tear-down.
 *
 *  1. pci_setup                 a function without capabilities: add some, then pci_open
 *     pci_start                 or all at once: QEMU's layout, opened, reset and negotiated
 *  2. pci_use                   a queue, DRIVER_OK, a notification, the ISR, a field
 *  3. pci_teardown              fails if something forbidden was done or something stayed mapped
 */
#ifndef PCI_FIXTURE_H
#define PCI_FIXTURE_H

#include "fake_pci.h"

#define NET_CONFIG_MIN 8
#define NET_FEATURES \
    (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | (virtio_u64)1 << 5 | (virtio_u64)1 << 16)

struct pci_fixture {
    struct fake_pci fake;
    struct virtio_pci_device dev;
};

int pci_setup(void **state);
int pci_teardown(void **state);
enum virtio_pci_status pci_open(struct pci_fixture *fixture);
void pci_start(struct pci_fixture *fixture);
void pci_use(struct pci_fixture *fixture);

/* virtio_pci_queue_setup without an MSI-X vector. */
enum virtio_pci_status pci_queue_setup(struct virtio_pci_device *dev, uint16_t queue, uint16_t size,
                                       uint64_t desc, uint64_t driver, uint64_t device,
                                       struct virtio_pci_notify *notify);

/* Compares, and says what the statuses mean. */
#define assert_status(found, expected) pci_assert_status((found), (expected), __FILE__, __LINE__)
void pci_assert_status(enum virtio_pci_status found, enum virtio_pci_status expected,
                       const char *file, int line);

#endif
