/* SPDX-License-Identifier: MIT */
/*
 * fake_pci.c: the PCI function of fake_pci.h. A BAR is mapped to address space that nothing may
 * touch: a register is reached by its address alone, through the io table, and a direct access
 * would crash.
 */
#include "fake_pci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

static void fake_pci_violation(struct fake_pci *fake, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fake_pci_violation(struct fake_pci *fake, const char *format, ...)
{
    va_list arguments;

    if (fake->violation[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(fake->violation, sizeof(fake->violation), format, arguments);
        va_end(arguments);
    }
}

/* Counts an access; true when the device is not there (any more). */
static bool fake_pci_is_gone(struct fake_pci *fake)
{
    bool gone = fake->gone_after >= 0 && fake->accesses >= (uint64_t)fake->gone_after;

    fake->accesses++;
    return gone;
}

static int fake_config_read(void *context, virtio_u32 offset, void *buffer, virtio_u32 length)
{
    struct fake_pci *fake = context;

    if ((length != 1 && length != 2 && length != 4) || offset % length != 0 ||
        offset > 256 - length) {
        fake_pci_violation(fake, "configuration space read of %u at %#x", length, offset);
        return -1;
    }
    if (fake->config_fails_after >= 0 && fake->config_reads >= (uint64_t)fake->config_fails_after) {
        return -1;
    }
    fake->config_reads++;
    if (fake_pci_is_gone(fake)) {
        memset(buffer, 0xFF, length);
    } else {
        memcpy(buffer, fake->config + offset, length);
    }
    return 0;
}

static virtio_u64 fake_bar_query(void *context, unsigned bar, enum virtio_pci_space *space)
{
    struct fake_pci *fake = context;

    if (bar >= VIRTIO_PCI_MAX_BARS) {
        fake_pci_violation(fake, "BAR %u asked for", bar);
        return 0;
    }
    *space = fake->bar_space[bar];
    return fake->bar_length[bar];
}

static void *fake_bar_map(void *context, unsigned bar, virtio_u64 length)
{
    struct fake_pci *fake = context;
    void *memory;

    if (bar >= VIRTIO_PCI_MAX_BARS || fake->bar_length[bar] == 0) {
        fake_pci_violation(fake, "BAR %u mapped, which is not memory", bar);
        return NULL;
    }
    if (length == 0 || length > fake->bar_length[bar]) {
        fake_pci_violation(fake, "%llu bytes of BAR %u mapped, which has %llu",
                           (unsigned long long)length, bar,
                           (unsigned long long)fake->bar_length[bar]);
        return NULL;
    }
    if (fake->bar_maps[bar]++ != 0) {
        fake_pci_violation(fake, "BAR %u mapped twice", bar);
    }
    if (fake->bar_unmappable[bar] || length > SIZE_MAX / 2) {
        return NULL;
    }
    fake->bar_mapped[bar] = length;
    memory =
        mmap(NULL, (size_t)length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    fake->bar_memory[bar] = memory;
    return memory;
}

static void fake_bar_unmap(void *context, unsigned bar, void *address, virtio_u64 length)
{
    struct fake_pci *fake = context;

    if (bar >= VIRTIO_PCI_MAX_BARS || address == NULL || fake->bar_memory[bar] != address ||
        fake->bar_mapped[bar] != length) {
        fake_pci_violation(fake, "%llu bytes of BAR %u unmapped at %p, which it is not",
                           (unsigned long long)length, bar, address);
        return;
    }
    munmap(address, (size_t)length);
    fake->bar_memory[bar] = NULL;
    fake->bar_maps[bar] = 0;
}

/* The window that holds `width` bytes at `address`, and the offset in it; NULL and a violation
 * if none does or the access is not aligned. */
static const struct fake_pci_window *fake_pci_decode(struct fake_pci *fake,
                                                     enum virtio_pci_space space,
                                                     volatile const void *address, unsigned width,
                                                     uint64_t *offset)
{
    uintptr_t at = (uintptr_t)address;
    unsigned i;

    for (i = 0; i < fake->window_count; i++) {
        const struct fake_pci_window *window = &fake->windows[i];
        uintptr_t base = (uintptr_t)fake->bar_memory[window->bar];

        if (base != 0 && at >= base && at - base >= window->offset &&
            at - base - window->offset + width <= window->length) {
            *offset = at - base - window->offset;
            if (at % width != 0 || fake->bar_space[window->bar] != space) {
                break;
            }
            return window;
        }
    }
    fake_pci_violation(fake, "access of %u bytes at %p, where no register is", width,
                       (const void *)at);
    return NULL;
}

static struct fake_pci_queue *fake_pci_queue(struct fake_pci *fake)
{
    return fake->queue_select < FAKE_PCI_QUEUES ? &fake->queues[fake->queue_select] : NULL;
}

static void fake_pci_reset(struct fake_pci *fake)
{
    unsigned i;

    fake->resetting = fake->reset_reads;
    fake->accepted = 0;
    fake->config_msix_vector = 0xFFFF;
    fake->queue_select = 0;
    fake->isr = 0;
    for (i = 0; i < FAKE_PCI_QUEUES; i++) {
        fake->queues[i].size = fake->queues[i].max;
        fake->queues[i].msix_vector = 0xFFFF;
        fake->queues[i].enable = 0;
        fake->queues[i].desc = fake->queues[i].driver = fake->queues[i].device = 0;
    }
}

static void fake_pci_write_status(struct fake_pci *fake, uint8_t value)
{
    if (fake->status_writes < sizeof(fake->status_log)) {
        fake->status_log[fake->status_writes++] = value;
    }
    if (value == 0) {
        fake_pci_reset(fake);
        if (fake->resetting == 0 && !fake->reset_never) {
            fake->status = 0;
        }
        return;
    }
    if ((fake->status & ~value) != 0) {
        fake_pci_violation(fake, "device_status %#x written over %#x", value, fake->status);
    }
    if ((value & VIRTIO_STATUS_DRIVER_OK) != 0 && (fake->status & VIRTIO_STATUS_FEATURES_OK) == 0) {
        fake_pci_violation(fake, "DRIVER_OK without FEATURES_OK");
    }
    if ((value & ~fake->status & VIRTIO_STATUS_FEATURES_OK) != 0 &&
        (fake->accepted & fake->refuses) != 0) {
        value &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    }
    fake->status = value;
}

static uint8_t fake_pci_read_status(struct fake_pci *fake)
{
    if (fake->resetting != 0 && !fake->reset_never && --fake->resetting == 0) {
        fake->status = 0;
        return 1; /* the reset_reads-th read is the last that shows it busy */
    }
    return fake->status;
}

/* offset and width of each register of the common configuration, and whether it may be written */
static const struct {
    uint8_t offset, width;
    bool writable;
} fake_common_registers[] = {
    {0x00, 4, true},  {0x04, 4, false}, {0x08, 4, true},  {0x0C, 4, true}, {0x10, 2, true},
    {0x12, 2, false}, {0x14, 1, true},  {0x15, 1, false}, {0x16, 2, true}, {0x18, 2, true},
    {0x1A, 2, true},  {0x1C, 2, true},  {0x1E, 2, false}, {0x20, 4, true}, {0x24, 4, true},
    {0x28, 4, true},  {0x2C, 4, true},  {0x30, 4, true},  {0x34, 4, true},
};

static void fake_pci_check_register(struct fake_pci *fake, uint64_t offset, unsigned width,
                                    bool write)
{
    size_t i;

    for (i = 0; i < sizeof(fake_common_registers) / sizeof(fake_common_registers[0]); i++) {
        if (fake_common_registers[i].offset == offset && fake_common_registers[i].width == width &&
            (fake_common_registers[i].writable || !write)) {
            return;
        }
    }
    fake_pci_violation(fake, "common configuration %s of %u bytes at %#x", write ? "write" : "read",
                       width, (unsigned)offset);
}

static uint32_t fake_pci_read_queue(const struct fake_pci_queue *queue, uint64_t offset)
{
    switch (offset) {
    case 0x18:
        return queue->size;
    case 0x1A:
        return queue->msix_vector;
    case 0x1C:
        return queue->enable;
    case 0x1E:
        return queue->notify_off;
    default:
        return 0;
    }
}

static uint32_t fake_pci_read_common(struct fake_pci *fake, uint64_t offset, unsigned width)
{
    struct fake_pci_queue *queue = fake_pci_queue(fake);

    fake_pci_check_register(fake, offset, width, false);
    switch (offset) {
    case 0x04:
        return fake->device_feature_select > 1
                   ? 0
                   : (uint32_t)(fake->features >> 32 * fake->device_feature_select);
    case 0x10:
        return fake->config_msix_vector;
    case 0x12:
        return FAKE_PCI_QUEUES;
    case 0x14:
        return fake_pci_read_status(fake);
    case 0x15:
        return fake->generation;
    case 0x16:
        return fake->queue_select;
    default:
        return queue == NULL ? 0 : fake_pci_read_queue(queue, offset);
    }
}

static void fake_pci_write_address(uint64_t *field, uint64_t offset, uint32_t value)
{
    if ((offset & 4) != 0) {
        *field = (uint32_t)*field | (uint64_t)value << 32;
    } else {
        *field = (*field & 0xFFFFFFFF00000000u) | value;
    }
}

/* The vector that reads back after `value` was written (4.1.5.1.2). */
static uint16_t fake_pci_vector(struct fake_pci *fake, uint32_t value)
{
    if (fake->msix_vectors == 0 && value != VIRTIO_MSI_NO_VECTOR) {
        fake_pci_violation(fake, "MSI-X vector %u of a function that has none", value);
    }
    return value < fake->msix_vectors ? (uint16_t)value : VIRTIO_MSI_NO_VECTOR;
}

static void fake_pci_write_queue(struct fake_pci *fake, uint64_t offset, uint32_t value)
{
    struct fake_pci_queue *queue = fake_pci_queue(fake);

    if (queue == NULL || queue->max == 0) {
        fake_pci_violation(fake, "queue %u written, which there is not", fake->queue_select);
        return;
    }
    if (queue->enable != 0 || (fake->status & VIRTIO_STATUS_FEATURES_OK) == 0) {
        fake_pci_violation(fake, "register %#x of queue %u written %s", (unsigned)offset,
                           fake->queue_select,
                           queue->enable ? "when enabled" : "before FEATURES_OK");
    }
    switch (offset) {
    case 0x18:
        if (value == 0 || (value & (value - 1)) != 0) {
            fake_pci_violation(fake, "queue_size %u", value);
        }
        if (!fake->ignores_queue_size) {
            queue->size = (uint16_t)value;
        }
        break;
    case 0x1A:
        queue->msix_vector = fake_pci_vector(fake, value);
        break;
    case 0x1C:
        if (value != 1) {
            fake_pci_violation(fake, "queue_enable %u", value);
        }
        queue->enable = fake->ignores_queue_enable ? 0 : (uint16_t)value;
        break;
    case 0x20:
    case 0x24:
        fake_pci_write_address(&queue->desc, offset, value);
        break;
    case 0x28:
    case 0x2C:
        fake_pci_write_address(&queue->driver, offset, value);
        break;
    case 0x30:
    case 0x34:
        fake_pci_write_address(&queue->device, offset, value);
        break;
    default:
        break;
    }
}

static void fake_pci_write_features(struct fake_pci *fake, uint32_t value)
{
    unsigned shift = fake->driver_feature_select * 32;

    if (shift > 32) {
        fake_pci_violation(fake, "driver_feature_select %u", fake->driver_feature_select);
        return;
    }
    fake->accepted &= ~((uint64_t)0xFFFFFFFF << shift);
    fake->accepted |= (uint64_t)value << shift;
    if ((fake->accepted & ~fake->features) != 0) {
        fake_pci_violation(fake, "a feature accepted that was not offered");
    }
    if ((fake->status & (VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK)) !=
        VIRTIO_STATUS_DRIVER) {
        fake_pci_violation(fake, "features written in device_status %#x", fake->status);
    }
}

static void fake_pci_write_common(struct fake_pci *fake, uint64_t offset, unsigned width,
                                  uint32_t value)
{
    fake_pci_check_register(fake, offset, width, true);
    if (fake->resetting != 0 && offset != 0x14) {
        fake_pci_violation(fake, "register %#x written while the reset is under way",
                           (unsigned)offset);
    }
    switch (offset) {
    case 0x00:
        fake->device_feature_select = value;
        break;
    case 0x08:
        fake->driver_feature_select = value;
        break;
    case 0x0C:
        fake_pci_write_features(fake, value);
        break;
    case 0x10:
        fake->config_msix_vector = fake_pci_vector(fake, value);
        break;
    case 0x14:
        fake_pci_write_status(fake, (uint8_t)value);
        break;
    case 0x16:
        fake->queue_select = (uint16_t)value;
        break;
    default:
        fake_pci_write_queue(fake, offset, value);
        break;
    }
}

/* Reads, and then changes every byte while changes are left: what is read in pieces is then
 * torn. */
static uint32_t fake_pci_read_device(struct fake_pci *fake, uint64_t offset, unsigned width)
{
    uint32_t value = 0;
    size_t i;

    if (offset + width <= sizeof(fake->device_config)) {
        memcpy(&value, fake->device_config + offset, width);
    }
    fake->device_config_reads[width]++;
    if (fake->config_changes != 0) {
        fake->config_changes--;
        fake->generation++;
        for (i = 0; i < sizeof(fake->device_config); i++) {
            fake->device_config[i]++;
        }
    }
    return value;
}

static void fake_pci_write_device(struct fake_pci *fake, uint64_t offset, unsigned width,
                                  uint32_t value)
{
    if (!fake->device_config_writable) {
        fake_pci_violation(fake, "device configuration written at %u", (unsigned)offset);
    }
    if (offset + width <= sizeof(fake->device_config)) {
        memcpy(fake->device_config + offset, &value, width);
    }
    fake->device_config_writes[width]++;
}

static uint32_t fake_pci_read(struct fake_pci *fake, enum virtio_pci_space space,
                              volatile void *address, unsigned width)
{
    uint64_t offset = 0;
    const struct fake_pci_window *window = fake_pci_decode(fake, space, address, width, &offset);
    uint32_t value = 0;

    if (fake_pci_is_gone(fake) || window == NULL) {
        return 0xFFFFFFFF;
    }
    switch (window->kind) {
    case FAKE_COMMON:
        return fake_pci_read_common(fake, offset, width);
    case FAKE_DEVICE:
        return fake_pci_read_device(fake, offset, width);
    case FAKE_ISR:
        if (width != 1 || offset != 0) {
            fake_pci_violation(fake, "ISR read of %u bytes at %u", width, (unsigned)offset);
        }
        value = fake->isr;
        fake->isr = 0;
        return value;
    default:
        fake_pci_violation(fake, "read of %u bytes in the notification structure", width);
        return 0;
    }
}

static void fake_pci_write(struct fake_pci *fake, enum virtio_pci_space space,
                           volatile void *address, unsigned width, uint32_t value)
{
    uint64_t offset = 0;
    const struct fake_pci_window *window = fake_pci_decode(fake, space, address, width, &offset);

    if (fake_pci_is_gone(fake) || window == NULL) {
        return;
    }
    if (window->kind == FAKE_COMMON) {
        fake_pci_write_common(fake, offset, width, value);
    } else if (window->kind == FAKE_DEVICE) {
        fake_pci_write_device(fake, offset, width, value);
    } else if (window->kind == FAKE_NOTIFY && width == 2) {
        if ((fake->status & VIRTIO_STATUS_DRIVER_OK) == 0) {
            fake_pci_violation(fake, "notification before DRIVER_OK");
        }
        fake->notifications++;
        fake->notified_queue = (uint16_t)value;
        fake->notified_at = offset;
        if (fake->notified != NULL) {
            fake->notified(fake->notified_context);
        }
    } else {
        fake_pci_violation(fake, "write of %u bytes to structure %d", width, window->kind);
    }
}

/* The six accesses to one space; the fake sees that each register is accessed in its own. */
#define FAKE_ACCESS(NAME, SPACE)                                                        \
    static virtio_u8 NAME##_read8(void *context, volatile void *address)                \
    {                                                                                   \
        return (virtio_u8)fake_pci_read(context, SPACE, address, 1);                    \
    }                                                                                   \
    static virtio_u16 NAME##_read16(void *context, volatile void *address)              \
    {                                                                                   \
        return (virtio_u16)fake_pci_read(context, SPACE, address, 2);                   \
    }                                                                                   \
    static virtio_u32 NAME##_read32(void *context, volatile void *address)              \
    {                                                                                   \
        return fake_pci_read(context, SPACE, address, 4);                               \
    }                                                                                   \
    static void NAME##_write8(void *context, volatile void *address, virtio_u8 value)   \
    {                                                                                   \
        fake_pci_write(context, SPACE, address, 1, value);                              \
    }                                                                                   \
    static void NAME##_write16(void *context, volatile void *address, virtio_u16 value) \
    {                                                                                   \
        fake_pci_write(context, SPACE, address, 2, value);                              \
    }                                                                                   \
    static void NAME##_write32(void *context, volatile void *address, virtio_u32 value) \
    {                                                                                   \
        fake_pci_write(context, SPACE, address, 4, value);                              \
    }

#define FAKE_ACCESSES(NAME)                                                                       \
    {                                                                                             \
        NAME##_read8, NAME##_read16, NAME##_read32, NAME##_write8, NAME##_write16, NAME##_write32 \
    }

FAKE_ACCESS(fake_memory, VIRTIO_PCI_MEMORY)
FAKE_ACCESS(fake_ports, VIRTIO_PCI_IO)

static void fake_sleep(void *context, unsigned microseconds)
{
    struct fake_pci *fake = context;

    fake->slept += microseconds;
}

const struct virtio_pci_io fake_pci_io = {
    .config_read = fake_config_read,
    .bar_query = fake_bar_query,
    .bar_map = fake_bar_map,
    .bar_unmap = fake_bar_unmap,
    .sleep = fake_sleep,
    .access = {FAKE_ACCESSES(fake_memory), FAKE_ACCESSES(fake_ports)},
};

void fake_pci_init(struct fake_pci *fake)
{
    unsigned i;

    memset(fake, 0, sizeof(*fake));
    fake->config[0] = 0xF4;
    fake->config[1] = 0x1A;
    fake->config[3] = 0x10; /* 1af4:1000 */
    fake->config[6] = 0x10; /* there is a capability list */
    fake->cap_next = 0x40;
    fake->gone_after = -1;
    fake->config_fails_after = -1;
    fake->features = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | 1u << 5 | 1u << 16;
    for (i = 0; i < 3; i++) {
        fake->queues[i].max = 256;
        fake->queues[i].notify_off = (uint16_t)i;
    }
    fake_pci_reset(fake);
}

static unsigned fake_pci_append(struct fake_pci *fake, uint8_t id, uint8_t cap_len)
{
    unsigned at = fake->cap_next;

    assert_true(at + cap_len <= sizeof(fake->config));
    fake->config[fake->cap_last == 0 ? 0x34 : fake->cap_last + 1] = (uint8_t)at;
    fake->config[at] = id;
    fake->config[at + 2] = cap_len;
    fake->cap_last = at;
    fake->cap_next = (at + cap_len + 3) & ~3u;
    return at;
}

unsigned fake_pci_add_other(struct fake_pci *fake, uint8_t id, uint8_t length)
{
    return fake_pci_append(fake, id, length);
}

unsigned fake_pci_add_cap(struct fake_pci *fake, uint8_t cfg_type, uint8_t cap_len, uint8_t bar,
                          uint32_t offset, uint32_t length, uint32_t extra)
{
    unsigned at = fake_pci_append(fake, 0x09, cap_len);
    uint8_t body[20] = {0};

    body[0] = bar;
    memcpy(body + 4, &offset, 4);
    memcpy(body + 8, &length, 4);
    memcpy(body + 12, &extra, 4);
    fake->config[at + 3] = cfg_type;
    if (cap_len > 4) {
        memcpy(fake->config + at + 4, body, cap_len < 20 ? cap_len - 4u : 16);
    }
    return at;
}

unsigned fake_pci_add(struct fake_pci *fake, enum fake_pci_kind kind, unsigned bar, uint32_t offset,
                      uint32_t length)
{
    struct fake_pci_window *window = &fake->windows[fake->window_count++];

    assert_true(fake->window_count <= sizeof(fake->windows) / sizeof(fake->windows[0]));
    window->kind = kind;
    window->bar = bar;
    window->offset = offset;
    window->length = length;
    return fake_pci_add_cap(fake, (uint8_t)kind, kind == FAKE_NOTIFY ? 20 : 16, (uint8_t)bar,
                            offset, length, kind == FAKE_NOTIFY ? 4 : 0);
}

void fake_pci_qemu(struct fake_pci *fake)
{
    fake->bar_length[1] = 0x1000;
    fake->bar_length[4] = 0x4000;
    fake_pci_add_other(fake, 0x11, 12); /* MSI-X */
    fake_pci_add(fake, FAKE_COMMON, 4, 0x0000, 0x1000);
    fake_pci_add(fake, FAKE_ISR, 4, 0x1000, 0x1000);
    fake_pci_add(fake, FAKE_DEVICE, 4, 0x2000, 0x1000);
    fake_pci_add(fake, FAKE_NOTIFY, 4, 0x3000, 0x1000);
    fake_pci_add_cap(fake, 5, 20, 0, 0, 0, 0); /* VIRTIO_PCI_CAP_PCI_CFG */
}

void fake_pci_check(const struct fake_pci *fake)
{
    if (fake->violation[0] != '\0') {
        fail_msg("the transport did what it must not: %s", fake->violation);
    }
}

void fake_pci_free(struct fake_pci *fake)
{
    unsigned i;

    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++) {
        if (fake->bar_memory[i] != NULL) {
            munmap(fake->bar_memory[i], (size_t)fake->bar_length[i]);
            fail_msg("BAR %u stayed mapped", i);
        }
    }
}
