/* SPDX-License-Identifier: MIT */
/*
 * fake_pci.h: a PCI function for tests of the virtio-pci transport. It has 256 bytes of
 * configuration space, six BARs, and in them the registers of a virtio device. The transport reaches
 * them through its io table. The function records whatever the transport does that it must not do.
 *
 * In order:
 *
 *  1. fake_pci_init(&fake)                  a sane network device, no capabilities yet
 *  2. fake_pci_add_cap(&fake, ...)          the list, one by one; or fake_pci_qemu(&fake)
 *  3. change any member: make it odd
 *  4. virtio_pci_open(&dev, &fake_pci_io, &fake, min) and so on
 *  5. fake_pci_check(&fake)                 no forbidden access was made
 *  6. fake_pci_free(&fake)
 */
#ifndef FAKE_PCI_H
#define FAKE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_pci_modern.h"

#define FAKE_PCI_QUEUES 4

enum fake_pci_kind { FAKE_NONE, FAKE_COMMON, FAKE_NOTIFY, FAKE_ISR, FAKE_DEVICE };

/* Where each structure is in the BARs. The kind of a window says which registers it has. */
struct fake_pci_window {
    enum fake_pci_kind kind;
    unsigned bar;
    uint64_t offset;
    uint64_t length;
};

struct fake_pci_queue {
    uint16_t max;
    uint16_t size;
    uint16_t msix_vector;
    uint16_t enable;
    uint16_t notify_off;
    uint64_t desc;
    uint64_t driver;
    uint64_t device;
};

struct fake_pci {
    uint8_t config[256];
    unsigned cap_last; /* offset of the last capability; 0: the header's pointer */
    unsigned cap_next; /* where the next one will be put */
    uint64_t bar_length[VIRTIO_PCI_MAX_BARS]; /* 0: no BAR */
    enum virtio_pci_space bar_space[VIRTIO_PCI_MAX_BARS];
    bool bar_unmappable[VIRTIO_PCI_MAX_BARS];
    uint8_t *bar_memory[VIRTIO_PCI_MAX_BARS]; /* not NULL: mapped */
    unsigned bar_maps[VIRTIO_PCI_MAX_BARS];
    virtio_u64 bar_mapped[VIRTIO_PCI_MAX_BARS]; /* bytes of it */
    struct fake_pci_window windows[8];
    unsigned window_count;

    /* the device */
    uint64_t features;
    uint64_t accepted;
    uint32_t device_feature_select;
    uint32_t driver_feature_select;
    uint16_t config_msix_vector;
    uint16_t queue_select;
    uint8_t status;
    uint8_t generation;
    uint8_t isr;
    uint8_t device_config[64];
    bool device_config_writable;
    uint16_t msix_vectors; /* that it can bind events to; 0: only NO_VECTOR may be written */
    struct fake_pci_queue queues[FAKE_PCI_QUEUES];

    /* how it misbehaves */
    int64_t gone_after;   /* accesses until it is pulled out; less than 0: never */
    unsigned reset_reads; /* reads of device_status that a reset takes */
    bool reset_never;
    uint64_t refuses;        /* features it offers but takes FEATURES_OK back for */
    unsigned config_changes; /* device configuration reads with a change in the middle */
    bool ignores_queue_size;
    bool ignores_queue_enable;
    int config_fails_after; /* config_read fails from then on; less than 0: never */

    /* called at each notification, with `notified_context` */
    void (*notified)(void *context);
    void *notified_context;

    /* what was seen */
    uint64_t accesses;
    uint64_t config_reads;
    uint64_t slept; /* microseconds */
    unsigned resetting;
    unsigned notifications;
    uint16_t notified_queue;
    uint64_t notified_at;            /* offset in the notification window */
    unsigned device_config_reads[9]; /* by width */
    unsigned device_config_writes[9];
    uint8_t status_log[64]; /* each value written to device_status */
    unsigned status_writes;
    char violation[160]; /* the first forbidden thing, or empty */
};

extern const struct virtio_pci_io fake_pci_io;

void fake_pci_init(struct fake_pci *fake);

/* Appends a capability of `cap_len` bytes and returns its offset. `extra` is the fifth dword (the
 * notify multiplier) when cap_len has room for it. */
unsigned fake_pci_add_cap(struct fake_pci *fake, uint8_t cfg_type, uint8_t cap_len, uint8_t bar,
                          uint32_t offset, uint32_t length, uint32_t extra);

/* Appends a capability that is not virtio's. */
unsigned fake_pci_add_other(struct fake_pci *fake, uint8_t id, uint8_t length);

/* A capability as above, and the registers of that kind. */
unsigned fake_pci_add(struct fake_pci *fake, enum fake_pci_kind kind, unsigned bar, uint32_t offset,
                      uint32_t length);

/* The layout of QEMU's transitional virtio-net-pci: modern structures in BAR4, MSI-X in BAR1. */
void fake_pci_qemu(struct fake_pci *fake);

/* Fails the test if the transport did anything that the specification forbids. */
void fake_pci_check(const struct fake_pci *fake);

void fake_pci_free(struct fake_pci *fake);

#endif
