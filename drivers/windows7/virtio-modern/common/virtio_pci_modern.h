/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci_modern.h: the virtio-pci modern transport (virtio 1.2, section 4.1) for drivers of any
 * device type. It finds the register structures of a PCI function and drives them. It reaches the
 * machine only through the functions that its caller passes in, and it knows nothing of rings.
 *
 * Typical usage:
 *
 *  1. virtio_pci_match_bar(registers, space, start)    for each range that the system assigned
 *  2. virtio_pci_open(&dev, &io, context, 0)           walks the capabilities and maps the BARs
 *  3. virtio_pci_reset(&dev)                           writes 0 and waits until 0 is read
 *  4. virtio_pci_negotiate(&dev, wanted, required)     ACKNOWLEDGE, DRIVER, features, FEATURES_OK
 *     if (virtio_pci_has(&dev, VIRTIO_XXX_F_YYY)) ...
 *  5. virtio_pci_config_read(&dev, ...)                one field of the device configuration
 *     virtio_pci_config_write(&dev, ...)
 *  6. virtio_pci_config_vector(&dev, vector)           or VIRTIO_MSI_NO_VECTOR
 *     virtio_pci_queue_size(&dev, 0, &max)             for each queue: ask, choose a size, set up
 *     virtio_pci_queue_setup(&dev, &queue, &notify)
 *  7. virtio_pci_driver_ok(&dev)                       the device is live
 *  8. virtio_pci_notify(&dev, &notify)                 after virtq_publish asked for it
 *     virtio_pci_isr(&dev)                             on an INTx interrupt
 *  9. virtio_pci_reset(&dev)
 *     virtio_pci_close(&dev)
 *
 * IRQL: steps 2 to 7 and 9 may wait and map, and need PASSIVE_LEVEL; the functions that neither
 * wait nor map say so. Step 8 runs at any IRQL.
 * Locks: the caller allows one call of steps 2 to 7 and 9 at a time. Step 8 needs no lock.
 * Time: every wait is bounded. A device that is gone (its registers read all ones) ends each wait
 * at once with VIRTIO_PCI_E_GONE.
 */
#ifndef VIRTIO_PCI_MODERN_H
#define VIRTIO_PCI_MODERN_H

#include "virtio_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VIRTIO_PCI_VENDOR    0x1AF4
#define VIRTIO_PCI_MAX_BARS  6
#define VIRTIO_MSI_NO_VECTOR 0xFFFF /* virtio 1.2, 4.1.5.1.2 */

/* device_status; virtio 1.2, 2.1 */
#define VIRTIO_STATUS_ACKNOWLEDGE        0x01
#define VIRTIO_STATUS_DRIVER             0x02
#define VIRTIO_STATUS_DRIVER_OK          0x04
#define VIRTIO_STATUS_FEATURES_OK        0x08
#define VIRTIO_STATUS_DEVICE_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED             0x80

/* What device_status and the ISR status read while the device is not there. No device that is there
 * has this device_status; its ISR status may have it, with reserved bits that it sets. */
#define VIRTIO_PCI_GONE 0xFF

/* The ISR status register; virtio 1.2, 4.1.4.5 */
#define VIRTIO_PCI_ISR_QUEUE  0x01
#define VIRTIO_PCI_ISR_CONFIG 0x02

enum virtio_pci_status {
    VIRTIO_PCI_OK = 0,
    VIRTIO_PCI_E_NO_CAPABILITIES, /* no capability list, or none of the modern structures in it */
    VIRTIO_PCI_E_NO_COMMON,       /* some modern capabilities, but no usable one of this kind; */
    VIRTIO_PCI_E_NO_NOTIFY,       /* these four are in the order of cfg_type 1..4 */
    VIRTIO_PCI_E_NO_ISR,
    VIRTIO_PCI_E_NO_DEVICE_CFG,
    VIRTIO_PCI_E_BAR_TOO_SHORT, /* a structure does not fit the BAR that is to hold it */
    VIRTIO_PCI_E_BAR_MAP,       /* the caller could not map the BAR */
    VIRTIO_PCI_E_RESET_TIMEOUT, /* device_status never became 0 */
    VIRTIO_PCI_E_NO_VERSION_1,  /* a required feature is not offered; VERSION_1 has its own code */
    VIRTIO_PCI_E_NO_FEATURE,
    VIRTIO_PCI_E_FEATURES_REFUSED, /* FEATURES_OK did not stay set */
    VIRTIO_PCI_E_NO_QUEUE,         /* queue_size is 0, or the queue does not exist */
    VIRTIO_PCI_E_QUEUE_SIZE,       /* asked for no power of two, or for more than the maximum */
    VIRTIO_PCI_E_QUEUE_ENABLED,    /* the queue was enabled before it was set up */
    VIRTIO_PCI_E_QUEUE_REFUSED,    /* the queue did not keep its size, or did not become enabled */
    VIRTIO_PCI_E_NOTIFY_RANGE,     /* the queue's notify address is outside its structure */
    VIRTIO_PCI_E_CONFIG_RANGE,     /* outside the device configuration structure */
    VIRTIO_PCI_E_CONFIG_UNSTABLE,  /* the generation changed at every try */
    VIRTIO_PCI_E_GONE,  /* all ones, or no configuration space: the device is not there */
    VIRTIO_PCI_E_VECTOR /* the device did not accept the MSI-X vector */
};

/* The two address spaces of PCI in which a BAR can lie. */
enum virtio_pci_space { VIRTIO_PCI_MEMORY, VIRTIO_PCI_IO };

/* Accesses to the registers of one address space: each touches the register at `address`, which lies
 * in a BAR that bar_map returned, with exactly that width, in program order. */
struct virtio_pci_access {
    virtio_u8 (*read8)(void *context, volatile void *address);
    virtio_u16 (*read16)(void *context, volatile void *address);
    virtio_u32 (*read32)(void *context, volatile void *address);
    void (*write8)(void *context, volatile void *address, virtio_u8 value);
    void (*write16)(void *context, volatile void *address, virtio_u16 value);
    void (*write32)(void *context, volatile void *address, virtio_u32 value);
};

/*
 * How the library reaches the machine. `context` is the caller's own. Offsets are in bytes.
 * config_read reads `length` bytes (1, 2 or 4, aligned) of PCI configuration space; returns 0, or
 * nonzero when it cannot. bar_query tells of BAR `bar` (0..5) in which space it lies, and returns
 * its length in bytes; 0 for an absent one, the upper half of a 64-bit one, and one in a space that
 * the caller cannot access. bar_map makes the first `length` bytes of a BAR that bar_query knew
 * accessible, memory non-cached: as far as the structures in it go (virtio 1.2, 4.1.4.1), of which
 * it has no more. It returns the address of the first register, which for I/O is whatever the
 * functions for that space take; NULL when it cannot. Asked once a BAR. bar_unmap undoes it. sleep
 * waits about `microseconds`; PASSIVE_LEVEL. `access` has the functions for VIRTIO_PCI_MEMORY and
 * for VIRTIO_PCI_IO; the latter may be NULL if bar_query never reports that space.
 */
struct virtio_pci_io {
    int (*config_read)(void *context, virtio_u32 offset, void *buffer, virtio_u32 length);
    virtio_u64 (*bar_query)(void *context, unsigned bar, enum virtio_pci_space *space);
    void *(*bar_map)(void *context, unsigned bar, virtio_u64 length);
    void (*bar_unmap)(void *context, unsigned bar, void *address, virtio_u64 length);
    void (*sleep)(void *context, unsigned microseconds);
    struct virtio_pci_access access[2]; /* by enum virtio_pci_space */
};

/* Where one structure was found (virtio 1.2, 4.1.4): by the first usable capability of its kind. */
struct virtio_pci_region {
    volatile virtio_u8 *address; /* NULL: not found */
    const struct virtio_pci_access *access;
    virtio_u32 offset; /* in the BAR */
    virtio_u32 length;
    virtio_u8 bar;
};

/* What a queue is set up with. The addresses are the device's; a virtqueue has them as desc_addr,
 * avail_addr and used_addr. */
struct virtio_pci_queue {
    virtio_u16 index;
    virtio_u16 size;   /* a power of two, at most what virtio_pci_queue_size says */
    virtio_u16 vector; /* MSI-X vector, or VIRTIO_MSI_NO_VECTOR */
    virtio_u64 desc;   /* the descriptor area */
    virtio_u64 driver; /* the driver area: the available ring */
    virtio_u64 device; /* the device area: the used ring */
};

/* Where a queue's notification goes: found once at set-up, written in the steady state. */
struct virtio_pci_notify {
    void (*write16)(void *context, volatile void *address, virtio_u16 value);
    volatile virtio_u8 *address;
    virtio_u16 queue;
};

/* All members are the library's; the caller may read them. Written only by steps 1 to 6 and 8. */
struct virtio_pci_device {
    const struct virtio_pci_io *io;
    void *context;
    struct virtio_pci_region common;
    struct virtio_pci_region notify;
    struct virtio_pci_region isr;
    struct virtio_pci_region device;
    virtio_u32 notify_multiplier;
    void *bar[VIRTIO_PCI_MAX_BARS];
    virtio_u64 offered;    /* the device's features, as read by virtio_pci_negotiate */
    virtio_u64 negotiated; /* what was accepted */
    unsigned failed_bar;   /* which BAR an E_BAR_xxx speaks of */
};

/*
 * Tells which BAR an assigned range belongs to. Operating systems hand over ranges without the
 * numbers of their BARs; the BAR registers have the addresses. `registers` are the six dwords of
 * configuration space from offset 0x10. `start` is the bus address at which the range in `space`
 * starts. Returns the BAR's number (of a 64-bit BAR the lower one), or -1: no BAR starts there.
 * Touches nothing; any IRQL.
 */
int virtio_pci_match_bar(const virtio_u32 registers[VIRTIO_PCI_MAX_BARS],
                         enum virtio_pci_space space, virtio_u64 start);

/*
 * Finds the four structures and maps their BARs. On failure nothing stays mapped. It skips a
 * capability that is reserved or too short, or whose BAR is absent or reserved. Then it looks at the
 * next one of its kind. Loops and pointers out of the list end the walk. A structure may be in
 * memory or in I/O space (virtio 1.2, 4.1.4); the first usable one is taken. A structure in a BAR
 * that ends before it does is E_BAR_TOO_SHORT if no later capability of its kind is good. The device
 * configuration must hold at least `device_config_min` bytes. With 0 the device needs none, and the
 * functions that access a field check for that field alone (virtio 1.2, 2.5.1).
 */
enum virtio_pci_status virtio_pci_open(struct virtio_pci_device *dev,
                                       const struct virtio_pci_io *io, void *context,
                                       virtio_u32 device_config_min);

/* Unmaps. A device that was ever live has been reset before. Harmless on one that is not open. */
void virtio_pci_close(struct virtio_pci_device *dev);

/* Nonzero between a successful virtio_pci_open and virtio_pci_close: there are registers to touch.
 * `dev` must have been opened once, or be zeroed. Touches no register; any IRQL. */
int virtio_pci_is_open(const struct virtio_pci_device *dev);

/* Nonzero if the device is not there: device_status reads VIRTIO_PCI_GONE. One register read; any
 * IRQL. */
int virtio_pci_is_gone(struct virtio_pci_device *dev);

/* Writes 0 to device_status and waits till it reads 0 (virtio 1.2, 4.1.4.3.2), a second at most. */
enum virtio_pci_status virtio_pci_reset(struct virtio_pci_device *dev);

/* Writes 0 to device_status and waits for nothing: for a machine that is shutting down or has
 * crashed. Any IRQL. */
void virtio_pci_reset_now(struct virtio_pci_device *dev);

/*
 * ACKNOWLEDGE, DRIVER, reads the offered features, accepts `wanted` & offered, sets FEATURES_OK and
 * reads it back (virtio 1.2, 3.1.1). `required` is a part of `wanted`. On failure FAILED is set in
 * the status, unless the device is gone. Precedes any use of the device configuration.
 */
enum virtio_pci_status virtio_pci_negotiate(struct virtio_pci_device *dev, virtio_u64 wanted,
                                            virtio_u64 required);

/* Nonzero if all of the feature bits in `features` were negotiated. Zero before virtio_pci_negotiate
 * and after it failed. Touches no register; any IRQL. */
int virtio_pci_has(const struct virtio_pci_device *dev, virtio_u64 features);

/*
 * Copies one field of the device configuration: `length` bytes at `offset`. Reads it again until
 * config_generation is the same before and after (virtio 1.2, 2.5.1, 4.1.4.3.1). Call it once for
 * each field, because the length decides the width of access (virtio 1.2, 4.1.3.1). A naturally
 * aligned length of 2 or 4 is one access; a naturally aligned 8 is two of 4. Any other length is an
 * array of bytes. On failure `buffer` may have been written. Errors: E_NO_DEVICE_CFG,
 * E_CONFIG_RANGE, E_CONFIG_UNSTABLE, E_GONE. Neither waits nor maps; IRQL <= DISPATCH_LEVEL.
 */
enum virtio_pci_status virtio_pci_config_read(struct virtio_pci_device *dev, virtio_u32 offset,
                                              void *buffer, virtio_u32 length);

/*
 * Writes one field of the device configuration: `length` bytes at `offset`, with the widths of
 * virtio_pci_config_read. Only for fields that the device type allows a driver to write. Errors:
 * E_NO_DEVICE_CFG, E_CONFIG_RANGE (then nothing was written), E_GONE. Neither waits nor maps;
 * IRQL <= DISPATCH_LEVEL.
 */
enum virtio_pci_status virtio_pci_config_write(struct virtio_pci_device *dev, virtio_u32 offset,
                                               const void *buffer, virtio_u32 length);

/* Binds configuration changes to an MSI-X vector, or to none with VIRTIO_MSI_NO_VECTOR: then they
 * set VIRTIO_PCI_ISR_CONFIG. After negotiation, before driver_ok. E_VECTOR: the device did not
 * accept the vector (virtio 1.2, 4.1.5.1.2.1). */
enum virtio_pci_status virtio_pci_config_vector(struct virtio_pci_device *dev, virtio_u16 vector);

/* The number of queues that the device has; all ones if it is gone. Neither waits nor maps. */
virtio_u16 virtio_pci_num_queues(struct virtio_pci_device *dev);

/* The largest size that queue `queue` can be given, in descriptors. If the device reports a number
 * that is not a power of two, or is too large, this is the next power of two below. E_NO_QUEUE: the
 * device has no such queue. */
enum virtio_pci_status virtio_pci_queue_size(struct virtio_pci_device *dev, virtio_u16 queue,
                                             virtio_u16 *max);

/*
 * Gives a queue its size, its MSI-X vector and the addresses of its three parts, enables it and
 * reads that back (virtio 1.2, 4.1.5.1.3). Fills `notify`. Errors: E_NO_QUEUE, E_QUEUE_SIZE,
 * E_QUEUE_ENABLED, E_QUEUE_REFUSED, E_NOTIFY_RANGE, E_VECTOR, E_GONE; then the queue is not enabled.
 */
enum virtio_pci_status virtio_pci_queue_setup(struct virtio_pci_device *dev,
                                              const struct virtio_pci_queue *queue,
                                              struct virtio_pci_notify *notify);

/* Sets DRIVER_OK. */
enum virtio_pci_status virtio_pci_driver_ok(struct virtio_pci_device *dev);

/* Sets FAILED: the driver has given up on the device (virtio 1.2, 2.1.1). On a device that has it
 * already, or is gone, nothing is written. */
void virtio_pci_fail(struct virtio_pci_device *dev);

/* device_status as it reads now; 0xFF when the device is gone. Any IRQL. */
virtio_u8 virtio_pci_device_status(struct virtio_pci_device *dev);

/* Writes the queue's index to its notify address (virtio 1.2, 4.1.5.2). Any IRQL. */
void virtio_pci_notify(struct virtio_pci_device *dev, const struct virtio_pci_notify *notify);

/* Reads the ISR status register, which acknowledges and lowers the interrupt. Any IRQL. */
virtio_u8 virtio_pci_isr(struct virtio_pci_device *dev);

/* A short English sentence for a status, for logs and tools. Never NULL. */
const char *virtio_pci_status_text(enum virtio_pci_status status);

#ifdef __cplusplus
}
#endif

#endif
