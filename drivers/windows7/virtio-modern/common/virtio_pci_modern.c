/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci_modern.c: the virtio-pci modern transport of virtio_pci_modern.h.
 *
 * Three parts: the walk through the capability list, which only reads PCI configuration space; the
 * mapping of what it found; and the registers of the common configuration. A register's width is
 * that of its field (virtio 1.2, 4.1.3.1). A device that has been pulled out reads all ones
 * everywhere: where all ones can also be a value, device_status decides, which never is 0xFF.
 */
#include "virtio_pci_modern.h"

/* PCI configuration space */
#define PCI_VENDOR_ID       0x00
#define PCI_COMMAND_STATUS  0x04
#define PCI_STATUS_CAP_LIST 0x00100000u /* in the dword at PCI_COMMAND_STATUS */
#define PCI_BAR_IO          0x1u
#define PCI_BAR_IO_FLAGS    0x3u
#define PCI_BAR_TYPE        0x6u
#define PCI_BAR_TYPE_64     0x4u
#define PCI_BAR_FLAGS       0xFu
#define PCI_CAP_POINTER     0x34
#define PCI_CAP_FIRST       0x40 /* the header ends here */
#define PCI_CONFIG_BYTES    256
#define PCI_CAP_MAX         ((PCI_CONFIG_BYTES - PCI_CAP_FIRST) / 4) /* more is a loop */
#define PCI_CAP_ID_VENDOR   0x09

/* struct virtio_pci_cap; virtio 1.2, 4.1.4 */
#define CAP_BAR               4
#define CAP_OFFSET            8
#define CAP_LENGTH            12
#define CAP_BYTES             16
#define CAP_NOTIFY_MULTIPLIER 16
#define CAP_NOTIFY_BYTES      20

#define CFG_TYPE_COMMON       1
#define CFG_TYPE_NOTIFY       2
#define CFG_TYPE_ISR          3
#define CFG_TYPE_DEVICE       4

/* struct virtio_pci_common_cfg; virtio 1.2, 4.1.4.3 */
#define COMMON_DEVICE_FEATURE_SELECT 0x00
#define COMMON_DEVICE_FEATURE        0x04
#define COMMON_DRIVER_FEATURE_SELECT 0x08
#define COMMON_DRIVER_FEATURE        0x0C
#define COMMON_CONFIG_MSIX_VECTOR    0x10
#define COMMON_NUM_QUEUES            0x12
#define COMMON_DEVICE_STATUS         0x14
#define COMMON_CONFIG_GENERATION     0x15
#define COMMON_QUEUE_SELECT          0x16
#define COMMON_QUEUE_SIZE            0x18
#define COMMON_QUEUE_MSIX_VECTOR     0x1A
#define COMMON_QUEUE_ENABLE          0x1C
#define COMMON_QUEUE_NOTIFY_OFF      0x1E
#define COMMON_QUEUE_DESC            0x20
#define COMMON_QUEUE_DRIVER          0x28
#define COMMON_QUEUE_DEVICE          0x30
#define COMMON_BYTES                 0x38

#define QUEUE_MAX                    32768 /* virtio 1.2, 2.7 */
#define NOTIFY_BYTES                 2 /* virtio 1.2, 4.1.5.2: the notification is 16 bits wide */

/* Reset is waited for in short sleeps that grow, one second in all; the unit is microseconds. */
#define RESET_WAIT_FIRST 100
#define RESET_WAIT_LONG  12800
#define RESET_WAIT_TOTAL 1000000

/* Configurations change rarely: this many changes in a row are a fault. */
#define CONFIG_TRIES 32

/* What the walk saw of one kind of structure. */
struct virtio_pci_search {
    struct virtio_pci_region *region; /* length is 0 until a usable one was found */
    virtio_u32 cap_bytes;
    virtio_u32 length_min;
    virtio_u32 alignment;
    int seen;
    int too_short; /* a BAR held only a part of it: `bar` */
    unsigned bar;
};

static void virtio_pci_clear_region(struct virtio_pci_region *region)
{
    region->address = 0;
    region->access = 0;
    region->offset = 0;
    region->length = 0;
    region->bar = 0;
}

static void virtio_pci_clear(struct virtio_pci_device *dev)
{
    void *volatile *bar = dev->bar; /* volatile: no memset, which a driver cannot import */
    unsigned i;

    virtio_pci_clear_region(&dev->common);
    virtio_pci_clear_region(&dev->notify);
    virtio_pci_clear_region(&dev->isr);
    virtio_pci_clear_region(&dev->device);
    dev->notify_multiplier = 0;
    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++) {
        bar[i] = 0;
    }
    dev->offered = 0;
    dev->negotiated = 0;
}

int virtio_pci_match_bar(const virtio_u32 registers[VIRTIO_PCI_MAX_BARS],
                         enum virtio_pci_space space, virtio_u64 start)
{
    enum virtio_pci_space found;
    virtio_u64 address;
    int bar, next;

    for (bar = 0; bar < VIRTIO_PCI_MAX_BARS; bar = next) {
        next = bar + 1;
        if ((registers[bar] & PCI_BAR_IO) != 0) {
            found = VIRTIO_PCI_IO;
            address = registers[bar] & ~PCI_BAR_IO_FLAGS;
        } else {
            found = VIRTIO_PCI_MEMORY;
            address = registers[bar] & ~PCI_BAR_FLAGS;
            if ((registers[bar] & PCI_BAR_TYPE) == PCI_BAR_TYPE_64 && next < VIRTIO_PCI_MAX_BARS) {
                address |= (virtio_u64)registers[next++] << 32;
            }
        }
        /* A BAR at 0 has no address yet. */
        if (found == space && address == start && address != 0) {
            return bar;
        }
    }
    return -1;
}

/*
 * The capability list
 */

/* Reads a dword of configuration space. Nonzero on success. */
static int virtio_pci_config_dword(struct virtio_pci_device *dev, virtio_u32 offset,
                                   virtio_u32 *value)
{
    return dev->io->config_read(dev->context, offset, value, 4) == 0;
}

/* No function answers to vendor 0xFFFF: that is what an empty slot reads. */
static int virtio_pci_config_gone(struct virtio_pci_device *dev)
{
    virtio_u32 id;

    return !virtio_pci_config_dword(dev, PCI_VENDOR_ID, &id) || (id & 0xFFFF) == 0xFFFF;
}

/* Looks at one capability of a wanted kind at `at`, which has cap_len `cap_len`, and keeps it if
 * it can be used. Zero if configuration space cannot be read. */
static int virtio_pci_consider(struct virtio_pci_device *dev, struct virtio_pci_search *search,
                               virtio_u32 at, virtio_u32 cap_len)
{
    virtio_u32 bar, offset, length;
    virtio_u32 multiplier = 0;
    enum virtio_pci_space space = VIRTIO_PCI_MEMORY;
    virtio_u64 bar_length;

    search->seen = 1;
    /* virtio 1.2, 4.1.4.1: a larger cap_len is accepted. */
    if (search->region->length != 0 || cap_len < search->cap_bytes ||
        at + search->cap_bytes > PCI_CONFIG_BYTES) {
        return 1;
    }

    if (!virtio_pci_config_dword(dev, at + CAP_BAR, &bar) ||
        !virtio_pci_config_dword(dev, at + CAP_OFFSET, &offset) ||
        !virtio_pci_config_dword(dev, at + CAP_LENGTH, &length)) {
        return 0;
    }
    if (search->cap_bytes == CAP_NOTIFY_BYTES &&
        !virtio_pci_config_dword(dev, at + CAP_NOTIFY_MULTIPLIER, &multiplier)) {
        return 0;
    }

    /* virtio 1.2, 4.1.4.1: reserved bar values are ignored; 4.1.4.4.1: the multiplier is even. */
    bar &= 0xFF;
    if (bar >= VIRTIO_PCI_MAX_BARS || length < search->length_min || length == 0 ||
        (offset & (search->alignment - 1)) != 0 || (multiplier & 1) != 0) {
        return 1;
    }

    bar_length = dev->io->bar_query(dev->context, bar, &space);
    if (bar_length == 0) {
        return 1;
    }
    if ((virtio_u64)offset + length > bar_length) {
        if (!search->too_short) {
            search->too_short = 1;
            search->bar = bar;
        }
        return 1;
    }

    search->region->access = &dev->io->access[space];
    search->region->offset = offset;
    search->region->length = length;
    search->region->bar = (virtio_u8)bar;
    if (search->cap_bytes == CAP_NOTIFY_BYTES) {
        dev->notify_multiplier = multiplier;
    }
    return 1;
}

/* Goes through the capability list; search[0..3] are cfg_type 1..4. Zero if configuration space
 * cannot be read, or reads as that of a device that is gone. */
static int virtio_pci_walk(struct virtio_pci_device *dev, struct virtio_pci_search *search)
{
    virtio_u32 value, at, cfg_type;
    unsigned i;

    if (virtio_pci_config_gone(dev) || !virtio_pci_config_dword(dev, PCI_COMMAND_STATUS, &value)) {
        return 0;
    }
    if ((value & PCI_STATUS_CAP_LIST) == 0) {
        return 1;
    }
    if (!virtio_pci_config_dword(dev, PCI_CAP_POINTER, &value)) {
        return 0;
    }

    /* PCI keeps the two low bits of a capability pointer reserved: they are masked. */
    at = value & 0xFC;
    for (i = 0; i < PCI_CAP_MAX && at >= PCI_CAP_FIRST; i++) {
        if (!virtio_pci_config_dword(dev, at, &value) || value == 0xFFFFFFFFu) {
            return 0;
        }
        cfg_type = value >> 24;
        if ((value & 0xFF) == PCI_CAP_ID_VENDOR && cfg_type >= CFG_TYPE_COMMON &&
            cfg_type <= CFG_TYPE_DEVICE &&
            !virtio_pci_consider(dev, &search[cfg_type - 1], at, value >> 16 & 0xFF)) {
            return 0;
        }
        at = value >> 8 & 0xFC;
    }
    return 1;
}

static void virtio_pci_search_for(struct virtio_pci_search *search,
                                  struct virtio_pci_region *region, virtio_u32 cap_bytes,
                                  virtio_u32 length_min, virtio_u32 alignment)
{
    search->region = region;
    search->cap_bytes = cap_bytes;
    search->length_min = length_min;
    search->alignment = alignment;
    search->seen = 0;
    search->too_short = 0;
    search->bar = 0;
}

/* What the walk as a whole came to. */
static enum virtio_pci_status virtio_pci_found(struct virtio_pci_device *dev,
                                               const struct virtio_pci_search *search)
{
    int i;

    if (!search[0].seen && !search[1].seen && !search[2].seen && !search[3].seen) {
        return VIRTIO_PCI_E_NO_CAPABILITIES;
    }
    for (i = 0; i < 4; i++) {
        if (search[i].region->length != 0 || (search[i].length_min == 0 && !search[i].too_short)) {
            continue;
        }
        if (search[i].too_short) {
            dev->failed_bar = search[i].bar;
            return VIRTIO_PCI_E_BAR_TOO_SHORT;
        }
        return (enum virtio_pci_status)(VIRTIO_PCI_E_NO_COMMON + i);
    }
    return VIRTIO_PCI_OK;
}

static enum virtio_pci_status virtio_pci_find(struct virtio_pci_device *dev,
                                              virtio_u32 device_config_min)
{
    struct virtio_pci_search search[4];
    enum virtio_pci_status status;

    /* Alignments: virtio 1.2, 4.1.4.3.1, 4.1.4.4.1, 4.1.4.5, 4.1.4.6.1 */
    virtio_pci_search_for(&search[0], &dev->common, CAP_BYTES, COMMON_BYTES, 4);
    virtio_pci_search_for(&search[1], &dev->notify, CAP_NOTIFY_BYTES, NOTIFY_BYTES, 2);
    virtio_pci_search_for(&search[2], &dev->isr, CAP_BYTES, 1, 1);
    virtio_pci_search_for(&search[3], &dev->device, CAP_BYTES, device_config_min, 4);

    if (!virtio_pci_walk(dev, search)) {
        return VIRTIO_PCI_E_GONE;
    }
    status = virtio_pci_found(dev, search);
    if (status != VIRTIO_PCI_OK && virtio_pci_config_gone(dev)) {
        return VIRTIO_PCI_E_GONE; /* in the middle of a capability, which then made no sense */
    }
    return status;
}

/*
 * Opening and closing
 */

/* How far into a BAR its structures go, in bytes. */
static virtio_u64 virtio_pci_extent(const struct virtio_pci_device *dev, unsigned bar)
{
    const struct virtio_pci_region *region[4];
    virtio_u64 end, extent = 0;
    unsigned i;

    region[0] = &dev->common;
    region[1] = &dev->notify;
    region[2] = &dev->isr;
    region[3] = &dev->device;
    for (i = 0; i < 4; i++) {
        end = (virtio_u64)region[i]->offset + region[i]->length;
        if (region[i]->length != 0 && region[i]->bar == bar && end > extent) {
            extent = end;
        }
    }
    return extent;
}

static enum virtio_pci_status virtio_pci_map(struct virtio_pci_device *dev,
                                             struct virtio_pci_region *region)
{
    if (region->length == 0) {
        return VIRTIO_PCI_OK;
    }
    if (dev->bar[region->bar] == 0) {
        dev->bar[region->bar] =
            dev->io->bar_map(dev->context, region->bar, virtio_pci_extent(dev, region->bar));
    }
    if (dev->bar[region->bar] == 0) {
        dev->failed_bar = region->bar;
        return VIRTIO_PCI_E_BAR_MAP;
    }
    region->address = (volatile virtio_u8 *)dev->bar[region->bar] + region->offset;
    return VIRTIO_PCI_OK;
}

enum virtio_pci_status virtio_pci_open(struct virtio_pci_device *dev,
                                       const struct virtio_pci_io *io, void *context,
                                       virtio_u32 device_config_min)
{
    enum virtio_pci_status status;

    virtio_pci_clear(dev);
    dev->io = io;
    dev->context = context;
    dev->failed_bar = 0;

    status = virtio_pci_find(dev, device_config_min);
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_map(dev, &dev->common);
    }
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_map(dev, &dev->notify);
    }
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_map(dev, &dev->isr);
    }
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_map(dev, &dev->device);
    }
    if (status != VIRTIO_PCI_OK) {
        virtio_pci_close(dev);
    }
    return status;
}

void virtio_pci_close(struct virtio_pci_device *dev)
{
    unsigned i;

    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++) {
        if (dev->bar[i] != 0) {
            dev->io->bar_unmap(dev->context, i, dev->bar[i], virtio_pci_extent(dev, i));
        }
    }
    virtio_pci_clear(dev);
}

int virtio_pci_is_open(const struct virtio_pci_device *dev)
{
    return dev->common.address != 0;
}

/*
 * Registers of the common configuration
 */

VIRTIO_INLINE virtio_u8 virtio_pci_read8(struct virtio_pci_device *dev, virtio_u32 offset)
{
    return dev->common.access->read8(dev->context, dev->common.address + offset);
}

VIRTIO_INLINE virtio_u16 virtio_pci_read16(struct virtio_pci_device *dev, virtio_u32 offset)
{
    return dev->common.access->read16(dev->context, dev->common.address + offset);
}

VIRTIO_INLINE virtio_u32 virtio_pci_read32(struct virtio_pci_device *dev, virtio_u32 offset)
{
    return dev->common.access->read32(dev->context, dev->common.address + offset);
}

VIRTIO_INLINE void virtio_pci_write8(struct virtio_pci_device *dev, virtio_u32 offset,
                                     virtio_u8 value)
{
    dev->common.access->write8(dev->context, dev->common.address + offset, value);
}

VIRTIO_INLINE void virtio_pci_write16(struct virtio_pci_device *dev, virtio_u32 offset,
                                      virtio_u16 value)
{
    dev->common.access->write16(dev->context, dev->common.address + offset, value);
}

VIRTIO_INLINE void virtio_pci_write32(struct virtio_pci_device *dev, virtio_u32 offset,
                                      virtio_u32 value)
{
    dev->common.access->write32(dev->context, dev->common.address + offset, value);
}

/* virtio 1.2, 4.1.3: a 64-bit field is two of 32 bits, the low one first. */
static void virtio_pci_write64(struct virtio_pci_device *dev, virtio_u32 offset, virtio_u64 value)
{
    virtio_pci_write32(dev, offset, (virtio_u32)value);
    virtio_pci_write32(dev, offset + 4, (virtio_u32)(value >> 32));
}

virtio_u8 virtio_pci_device_status(struct virtio_pci_device *dev)
{
    return virtio_pci_read8(dev, COMMON_DEVICE_STATUS);
}

int virtio_pci_is_gone(struct virtio_pci_device *dev)
{
    return virtio_pci_device_status(dev) == VIRTIO_PCI_GONE;
}

/* virtio 1.2, 2.1.1: bits of device_status are set one after the other and never cleared. */
static enum virtio_pci_status virtio_pci_add_status(struct virtio_pci_device *dev, virtio_u8 bit)
{
    virtio_u8 status = virtio_pci_device_status(dev);

    if (status == VIRTIO_PCI_GONE) {
        return VIRTIO_PCI_E_GONE;
    }
    virtio_pci_write8(dev, COMMON_DEVICE_STATUS, (virtio_u8)(status | bit));
    return VIRTIO_PCI_OK;
}

enum virtio_pci_status virtio_pci_reset(struct virtio_pci_device *dev)
{
    unsigned wait = RESET_WAIT_FIRST;
    unsigned waited = 0;
    virtio_u8 status;

    virtio_pci_write8(dev, COMMON_DEVICE_STATUS, 0);
    for (;;) {
        /* virtio 1.2, 2.4.2, 4.1.4.3.2: the reset is done when 0 is read, not before. */
        status = virtio_pci_device_status(dev);
        if (status == 0) {
            return VIRTIO_PCI_OK;
        }
        if (status == VIRTIO_PCI_GONE) {
            return VIRTIO_PCI_E_GONE;
        }
        if (waited + wait > RESET_WAIT_TOTAL) {
            return VIRTIO_PCI_E_RESET_TIMEOUT;
        }
        dev->io->sleep(dev->context, wait);
        waited += wait;
        if (wait < RESET_WAIT_LONG) {
            wait *= 2;
        }
    }
}

void virtio_pci_reset_now(struct virtio_pci_device *dev)
{
    virtio_pci_write8(dev, COMMON_DEVICE_STATUS, 0);
}

/*
 * Features
 */

static virtio_u64 virtio_pci_read_features(struct virtio_pci_device *dev)
{
    virtio_u64 low, high;

    virtio_pci_write32(dev, COMMON_DEVICE_FEATURE_SELECT, 0);
    low = virtio_pci_read32(dev, COMMON_DEVICE_FEATURE);
    virtio_pci_write32(dev, COMMON_DEVICE_FEATURE_SELECT, 1);
    high = virtio_pci_read32(dev, COMMON_DEVICE_FEATURE);
    return high << 32 | low;
}

static void virtio_pci_write_features(struct virtio_pci_device *dev, virtio_u64 features)
{
    virtio_pci_write32(dev, COMMON_DRIVER_FEATURE_SELECT, 0);
    virtio_pci_write32(dev, COMMON_DRIVER_FEATURE, (virtio_u32)features);
    virtio_pci_write32(dev, COMMON_DRIVER_FEATURE_SELECT, 1);
    virtio_pci_write32(dev, COMMON_DRIVER_FEATURE, (virtio_u32)(features >> 32));
}

/* The steps of virtio 1.2, 3.1.1, from 2 to 6. */
static enum virtio_pci_status virtio_pci_handshake(struct virtio_pci_device *dev, virtio_u64 wanted,
                                                   virtio_u64 required)
{
    virtio_u64 missing;
    virtio_u8 status;

    if (virtio_pci_add_status(dev, VIRTIO_STATUS_ACKNOWLEDGE) != VIRTIO_PCI_OK ||
        virtio_pci_add_status(dev, VIRTIO_STATUS_DRIVER) != VIRTIO_PCI_OK) {
        return VIRTIO_PCI_E_GONE;
    }

    /* All ones do not fail the call here: device_status, read below, tells what they are. */
    dev->offered = virtio_pci_read_features(dev);
    missing = required & ~dev->offered;
    if (missing != 0) {
        return (missing & VIRTIO_F_VERSION_1) != 0 ? VIRTIO_PCI_E_NO_VERSION_1
                                                   : VIRTIO_PCI_E_NO_FEATURE;
    }

    /* virtio 1.2, 2.2.1: never a feature that was not offered. */
    dev->negotiated = dev->offered & (wanted | required);
    virtio_pci_write_features(dev, dev->negotiated);
    if (virtio_pci_add_status(dev, VIRTIO_STATUS_FEATURES_OK) != VIRTIO_PCI_OK) {
        return VIRTIO_PCI_E_GONE;
    }
    status = virtio_pci_device_status(dev);
    if (status == VIRTIO_PCI_GONE) {
        return VIRTIO_PCI_E_GONE;
    }
    return (status & VIRTIO_STATUS_FEATURES_OK) != 0 ? VIRTIO_PCI_OK
                                                     : VIRTIO_PCI_E_FEATURES_REFUSED;
}

enum virtio_pci_status virtio_pci_negotiate(struct virtio_pci_device *dev, virtio_u64 wanted,
                                            virtio_u64 required)
{
    enum virtio_pci_status status;

    dev->offered = 0;
    dev->negotiated = 0;
    status = virtio_pci_handshake(dev, wanted, required);
    if (status == VIRTIO_PCI_OK) {
        return VIRTIO_PCI_OK;
    }

    dev->negotiated = 0;
    if (status == VIRTIO_PCI_E_GONE) {
        dev->offered = 0;
    } else {
        virtio_pci_fail(dev); /* virtio 1.2, 3.1.1 */
    }
    return status;
}

enum virtio_pci_status virtio_pci_driver_ok(struct virtio_pci_device *dev)
{
    if (virtio_pci_add_status(dev, VIRTIO_STATUS_DRIVER_OK) != VIRTIO_PCI_OK ||
        virtio_pci_is_gone(dev)) {
        return VIRTIO_PCI_E_GONE;
    }
    return VIRTIO_PCI_OK;
}

int virtio_pci_has(const struct virtio_pci_device *dev, virtio_u64 features)
{
    return (dev->negotiated & features) == features;
}

void virtio_pci_fail(struct virtio_pci_device *dev)
{
    if ((virtio_pci_device_status(dev) & VIRTIO_STATUS_FAILED) == 0) {
        virtio_pci_add_status(dev, VIRTIO_STATUS_FAILED);
    }
}

/*
 * The device configuration
 */

static void virtio_pci_store(virtio_u8 *to, virtio_u32 value, virtio_u32 width)
{
    virtio_u32 i;

    for (i = 0; i < width; i++) {
        to[i] = (virtio_u8)(value >> 8 * i);
    }
}

static virtio_u32 virtio_pci_load(const virtio_u8 *from, virtio_u32 width)
{
    virtio_u32 value = 0;
    virtio_u32 i;

    for (i = 0; i < width; i++) {
        value |= (virtio_u32)from[i] << 8 * i;
    }
    return value;
}

/* The width of each access to a field (virtio 1.2, 4.1.3.1): 64 bits are two of 32. */
static virtio_u32 virtio_pci_field_width(virtio_u32 offset, virtio_u32 length)
{
    if (length == 2 && (offset & 1) == 0) {
        return 2;
    }
    return (length == 4 && (offset & 3) == 0) || (length == 8 && (offset & 7) == 0) ? 4 : 1;
}

static void virtio_pci_read_field(struct virtio_pci_device *dev, virtio_u32 offset, virtio_u8 *to,
                                  virtio_u32 length)
{
    const struct virtio_pci_access *access = dev->device.access;
    volatile virtio_u8 *from = dev->device.address + offset;
    virtio_u32 width = virtio_pci_field_width(offset, length);
    virtio_u32 value;
    virtio_u32 i;

    for (i = 0; i < length; i += width) {
        value = width == 4   ? access->read32(dev->context, from + i)
                : width == 2 ? access->read16(dev->context, from + i)
                             : access->read8(dev->context, from + i);
        virtio_pci_store(to + i, value, width);
    }
}

static void virtio_pci_write_field(struct virtio_pci_device *dev, virtio_u32 offset,
                                   const virtio_u8 *from, virtio_u32 length)
{
    const struct virtio_pci_access *access = dev->device.access;
    volatile virtio_u8 *to = dev->device.address + offset;
    virtio_u32 width = virtio_pci_field_width(offset, length);
    virtio_u32 value;
    virtio_u32 i;

    for (i = 0; i < length; i += width) {
        value = virtio_pci_load(from + i, width);
        if (width == 4) {
            access->write32(dev->context, to + i, value);
        } else if (width == 2) {
            access->write16(dev->context, to + i, (virtio_u16)value);
        } else {
            access->write8(dev->context, to + i, (virtio_u8)value);
        }
    }
}

/* Whether the device configuration holds the field. */
static enum virtio_pci_status virtio_pci_field_exists(const struct virtio_pci_device *dev,
                                                      virtio_u32 offset, virtio_u32 length)
{
    if (dev->device.address == 0) {
        return VIRTIO_PCI_E_NO_DEVICE_CFG;
    }
    return offset <= dev->device.length && length <= dev->device.length - offset
               ? VIRTIO_PCI_OK
               : VIRTIO_PCI_E_CONFIG_RANGE;
}

enum virtio_pci_status virtio_pci_config_read(struct virtio_pci_device *dev, virtio_u32 offset,
                                              void *buffer, virtio_u32 length)
{
    enum virtio_pci_status status = virtio_pci_field_exists(dev, offset, length);
    virtio_u8 before, after;
    int i;

    if (status != VIRTIO_PCI_OK) {
        return status;
    }

    for (i = 0; i < CONFIG_TRIES; i++) {
        before = virtio_pci_read8(dev, COMMON_CONFIG_GENERATION);
        virtio_pci_read_field(dev, offset, (virtio_u8 *)buffer, length);
        after = virtio_pci_read8(dev, COMMON_CONFIG_GENERATION);
        if (after == 0xFF && virtio_pci_is_gone(dev)) {
            return VIRTIO_PCI_E_GONE;
        }
        if (before == after) {
            return VIRTIO_PCI_OK;
        }
    }
    return VIRTIO_PCI_E_CONFIG_UNSTABLE;
}

enum virtio_pci_status virtio_pci_config_write(struct virtio_pci_device *dev, virtio_u32 offset,
                                               const void *buffer, virtio_u32 length)
{
    enum virtio_pci_status status = virtio_pci_field_exists(dev, offset, length);

    if (status != VIRTIO_PCI_OK) {
        return status;
    }
    virtio_pci_write_field(dev, offset, (const virtio_u8 *)buffer, length);
    return virtio_pci_is_gone(dev) ? VIRTIO_PCI_E_GONE : VIRTIO_PCI_OK;
}

/*
 * Queues
 */

/* What to say of a 16-bit register whose value is wrong: gone, if that is why. */
static enum virtio_pci_status virtio_pci_wrong16(struct virtio_pci_device *dev, virtio_u16 value,
                                                 enum virtio_pci_status status)
{
    return value == 0xFFFF && virtio_pci_is_gone(dev) ? VIRTIO_PCI_E_GONE : status;
}

/* Writes an MSI-X vector to the 16-bit register at `offset` of the common configuration, and reads
 * it back: a device that cannot bind the event answers VIRTIO_MSI_NO_VECTOR (virtio 1.2,
 * 4.1.5.1.2.1). */
static enum virtio_pci_status virtio_pci_bind_vector(struct virtio_pci_device *dev,
                                                     virtio_u32 offset, virtio_u16 vector)
{
    virtio_u16 bound;

    virtio_pci_write16(dev, offset, vector);
    if (vector == VIRTIO_MSI_NO_VECTOR) {
        return VIRTIO_PCI_OK; /* it cannot fail */
    }
    bound = virtio_pci_read16(dev, offset);
    return bound == vector ? VIRTIO_PCI_OK : virtio_pci_wrong16(dev, bound, VIRTIO_PCI_E_VECTOR);
}

enum virtio_pci_status virtio_pci_config_vector(struct virtio_pci_device *dev, virtio_u16 vector)
{
    return virtio_pci_bind_vector(dev, COMMON_CONFIG_MSIX_VECTOR, vector);
}

virtio_u16 virtio_pci_num_queues(struct virtio_pci_device *dev)
{
    return virtio_pci_read16(dev, COMMON_NUM_QUEUES);
}

static int virtio_pci_is_queue_size(virtio_u32 size)
{
    return size != 0 && size <= QUEUE_MAX && (size & (size - 1)) == 0;
}

enum virtio_pci_status virtio_pci_queue_size(struct virtio_pci_device *dev, virtio_u16 queue,
                                             virtio_u16 *max)
{
    virtio_u16 reported;
    virtio_u16 size = QUEUE_MAX;

    virtio_pci_write16(dev, COMMON_QUEUE_SELECT, queue);
    reported = virtio_pci_read16(dev, COMMON_QUEUE_SIZE);
    if (reported == 0) {
        return VIRTIO_PCI_E_NO_QUEUE;
    }
    /* virtio 1.2, 2.7: a queue size is a power of two. A device that reports another number can
     * take the next one below. */
    while (size > reported) {
        size = (virtio_u16)(size >> 1);
    }
    *max = size;
    return virtio_pci_wrong16(dev, reported, VIRTIO_PCI_OK);
}

/* Where the selected queue is notified (virtio 1.2, 4.1.4.4). */
static enum virtio_pci_status virtio_pci_find_notify(struct virtio_pci_device *dev,
                                                     virtio_u16 queue,
                                                     struct virtio_pci_notify *notify)
{
    virtio_u16 notify_off = virtio_pci_read16(dev, COMMON_QUEUE_NOTIFY_OFF);
    virtio_u64 offset = (virtio_u64)notify_off * dev->notify_multiplier;

    if (offset + NOTIFY_BYTES > dev->notify.length) {
        return virtio_pci_wrong16(dev, notify_off, VIRTIO_PCI_E_NOTIFY_RANGE);
    }
    notify->write16 = dev->notify.access->write16;
    notify->address = dev->notify.address + (virtio_u32)offset;
    notify->queue = queue;
    return VIRTIO_PCI_OK;
}

/* Gives the selected queue its size. */
static enum virtio_pci_status virtio_pci_resize(struct virtio_pci_device *dev, virtio_u16 size)
{
    virtio_u16 kept;

    virtio_pci_write16(dev, COMMON_QUEUE_SIZE, size);
    kept = virtio_pci_read16(dev, COMMON_QUEUE_SIZE);
    return kept == size ? VIRTIO_PCI_OK : virtio_pci_wrong16(dev, kept, VIRTIO_PCI_E_QUEUE_REFUSED);
}

enum virtio_pci_status virtio_pci_queue_setup(struct virtio_pci_device *dev,
                                              const struct virtio_pci_queue *queue,
                                              struct virtio_pci_notify *notify)
{
    enum virtio_pci_status status;
    virtio_u16 max, enabled;

    status = virtio_pci_queue_size(dev, queue->index, &max);
    if (status != VIRTIO_PCI_OK) {
        return status;
    }
    /* virtio 1.2, 4.1.4.3.2: no size that is not a power of two. */
    if (!virtio_pci_is_queue_size(queue->size) || queue->size > max) {
        return VIRTIO_PCI_E_QUEUE_SIZE;
    }
    enabled = virtio_pci_read16(dev, COMMON_QUEUE_ENABLE);
    if (enabled != 0) {
        return virtio_pci_wrong16(dev, enabled, VIRTIO_PCI_E_QUEUE_ENABLED);
    }
    status = virtio_pci_resize(dev, queue->size);
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_find_notify(dev, queue->index, notify);
    }
    /* virtio 1.2, 4.1.4.3.2: everything else before queue_enable. */
    if (status == VIRTIO_PCI_OK) {
        status = virtio_pci_bind_vector(dev, COMMON_QUEUE_MSIX_VECTOR, queue->vector);
    }
    if (status != VIRTIO_PCI_OK) {
        return status;
    }
    virtio_pci_write64(dev, COMMON_QUEUE_DESC, queue->desc);
    virtio_pci_write64(dev, COMMON_QUEUE_DRIVER, queue->driver);
    virtio_pci_write64(dev, COMMON_QUEUE_DEVICE, queue->device);
    virtio_pci_write16(dev, COMMON_QUEUE_ENABLE, 1);
    enabled = virtio_pci_read16(dev, COMMON_QUEUE_ENABLE);
    return enabled == 1 ? VIRTIO_PCI_OK
                        : virtio_pci_wrong16(dev, enabled, VIRTIO_PCI_E_QUEUE_REFUSED);
}

/*
 * The steady state
 */

void virtio_pci_notify(struct virtio_pci_device *dev, const struct virtio_pci_notify *notify)
{
    /* virtio 1.2, 4.1.5.2.1: 16 bits, the queue's index. */
    notify->write16(dev->context, notify->address, notify->queue);
}

virtio_u8 virtio_pci_isr(struct virtio_pci_device *dev)
{
    return dev->isr.access->read8(dev->context, dev->isr.address);
}

const char *virtio_pci_status_text(enum virtio_pci_status status)
{
    switch (status) {
    case VIRTIO_PCI_OK:
        return "success";
    case VIRTIO_PCI_E_NO_CAPABILITIES:
        return "the device has no modern virtio capabilities (a legacy device, or "
               "disable-modern=on)";
    case VIRTIO_PCI_E_NO_COMMON:
        return "no usable common configuration capability";
    case VIRTIO_PCI_E_NO_NOTIFY:
        return "no usable notification capability";
    case VIRTIO_PCI_E_NO_ISR:
        return "no usable ISR status capability";
    case VIRTIO_PCI_E_NO_DEVICE_CFG:
        return "no usable device configuration capability";
    case VIRTIO_PCI_E_BAR_TOO_SHORT:
        return "a virtio structure ends beyond the end of its BAR";
    case VIRTIO_PCI_E_BAR_MAP:
        return "a BAR could not be mapped";
    case VIRTIO_PCI_E_RESET_TIMEOUT:
        return "device_status did not become 0 within a second of the reset";
    case VIRTIO_PCI_E_NO_VERSION_1:
        return "the device does not offer VIRTIO_F_VERSION_1";
    case VIRTIO_PCI_E_NO_FEATURE:
        return "the device does not offer a required feature";
    case VIRTIO_PCI_E_FEATURES_REFUSED:
        return "the device refused the features (FEATURES_OK did not stay set)";
    case VIRTIO_PCI_E_NO_QUEUE:
        return "the device does not have the queue (queue_size is 0)";
    case VIRTIO_PCI_E_QUEUE_SIZE:
        return "the queue size asked for is not a power of two, or is over the device's maximum";
    case VIRTIO_PCI_E_QUEUE_ENABLED:
        return "the queue was enabled before it was set up";
    case VIRTIO_PCI_E_QUEUE_REFUSED:
        return "the device did not take the queue's size, or did not enable the queue";
    case VIRTIO_PCI_E_NOTIFY_RANGE:
        return "the queue's notify address is outside the notification structure";
    case VIRTIO_PCI_E_CONFIG_RANGE:
        return "the field is outside the device configuration";
    case VIRTIO_PCI_E_CONFIG_UNSTABLE:
        return "the device configuration changed at every attempt to read it";
    case VIRTIO_PCI_E_GONE:
        return "the device is gone (its registers read all ones)";
    case VIRTIO_PCI_E_VECTOR:
        return "the device did not accept the MSI-X vector";
    }
    return "unknown status";
}
