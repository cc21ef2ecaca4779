/* SPDX-License-Identifier: MIT */
/*
 * fuzz_virtio_pci.c: the transport on a PCI function whose configuration space, BARs and register
 * answers are all the input's. Whatever they are, the transport ends, reads and writes only aligned
 * registers of structures that lie in BARs it mapped, and leaves nothing mapped.
 *
 * fuzz-sources: drivers/windows7/virtio-modern/common/virtio_pci_modern.c
 */
#include "fuzz.h"
#include "virtio_pci_modern.h"

#define ACCESSES_MAX 4000 /* of one call: 32 tries of 64 bytes and two generations are the most */

struct function {
    struct fuzz_input input;
    uint8_t config[256];
    uint64_t bar_length[VIRTIO_PCI_MAX_BARS];
    virtio_u64 bar_mapped[VIRTIO_PCI_MAX_BARS]; /* bytes; 0: not mapped */
    unsigned unmappable;
    uint8_t rest; /* what registers read when the input has ended: 0 or all ones */
    unsigned config_failure;
    struct virtio_pci_device dev;
    int opened;
    int writes_config; /* the call may write the device configuration */
    uint32_t accesses;
    uint32_t config_reads;
    uint64_t slept;
};

/* Where BAR `bar` seems to be mapped: nothing is there to be touched. */
static uint8_t *bar_address(unsigned bar)
{
    return (uint8_t *)((uintptr_t)(bar + 1) << 40);
}

/* Every other BAR is I/O. */
static enum virtio_pci_space bar_space(unsigned bar)
{
    return (bar & 1) != 0 ? VIRTIO_PCI_IO : VIRTIO_PCI_MEMORY;
}

static int config_read(void *context, virtio_u32 offset, void *buffer, virtio_u32 length)
{
    struct function *f = context;

    FUZZ_ASSERT(length == 1 || length == 2 || length == 4);
    FUZZ_ASSERT(offset % length == 0 && offset <= 256 - length);
    FUZZ_ASSERT(++f->config_reads <= 48 * 5 + 8);
    if (f->config_failure != 0 && f->config_reads >= f->config_failure) {
        return -1;
    }
    memcpy(buffer, f->config + offset, length);
    return 0;
}

static virtio_u64 bar_query(void *context, unsigned bar, enum virtio_pci_space *space)
{
    struct function *f = context;

    FUZZ_ASSERT(bar < VIRTIO_PCI_MAX_BARS);
    *space = bar_space(bar);
    return f->bar_length[bar];
}

static void *bar_map(void *context, unsigned bar, virtio_u64 length)
{
    struct function *f = context;

    FUZZ_ASSERT(bar < VIRTIO_PCI_MAX_BARS && f->bar_length[bar] != 0);
    FUZZ_ASSERT(length != 0 && length <= f->bar_length[bar]);
    FUZZ_ASSERT(!f->bar_mapped[bar]);
    if ((f->unmappable >> bar & 1) != 0) {
        return NULL;
    }
    f->bar_mapped[bar] = length;
    return bar_address(bar);
}

static void bar_unmap(void *context, unsigned bar, void *address, virtio_u64 length)
{
    struct function *f = context;

    FUZZ_ASSERT(bar < VIRTIO_PCI_MAX_BARS && address == bar_address(bar));
    FUZZ_ASSERT(f->bar_mapped[bar] != 0 && f->bar_mapped[bar] == length);
    f->bar_mapped[bar] = 0;
}

static int inside(const struct virtio_pci_region *region, uintptr_t address, unsigned width,
                  uint32_t limit)
{
    uintptr_t start = (uintptr_t)region->address;

    if (limit > region->length) {
        limit = region->length;
    }
    return start != 0 && address >= start && address - start <= limit - width && limit >= width;
}

/* The access is aligned, and in a structure where that kind of access belongs. */
static void access_register(struct function *f, enum virtio_pci_space space, volatile void *address,
                            unsigned width, int write)
{
    const struct virtio_pci_device *dev = &f->dev;
    uintptr_t at = (uintptr_t)address;
    unsigned bar = (unsigned)(at >> 40) - 1;

    FUZZ_ASSERT(f->opened);
    FUZZ_ASSERT(++f->accesses <= ACCESSES_MAX);
    FUZZ_ASSERT(bar < VIRTIO_PCI_MAX_BARS && f->bar_mapped[bar] && bar_space(bar) == space);
    FUZZ_ASSERT(at - (uintptr_t)bar_address(bar) + width <= f->bar_mapped[bar]);
    FUZZ_ASSERT(at % width == 0);
    FUZZ_ASSERT(inside(&dev->common, at, width, 0x38) ||
                ((!write || f->writes_config) && inside(&dev->device, at, width, 0xFFFFFFFF)) ||
                (!write && width == 1 && inside(&dev->isr, at, width, 1)) ||
                (write && width == 2 && inside(&dev->notify, at, width, 0xFFFFFFFF)));
}

#define ACCESS(NAME, SPACE)                                                             \
    static virtio_u8 NAME##_read8(void *context, volatile void *address)                \
    {                                                                                   \
        struct function *f = context;                                                   \
                                                                                        \
        access_register(f, SPACE, address, 1, 0);                                       \
        return (virtio_u8)fuzz_take(&f->input, 1, f->rest);                             \
    }                                                                                   \
    static virtio_u16 NAME##_read16(void *context, volatile void *address)              \
    {                                                                                   \
        struct function *f = context;                                                   \
                                                                                        \
        access_register(f, SPACE, address, 2, 0);                                       \
        return (virtio_u16)fuzz_take(&f->input, 2, f->rest);                            \
    }                                                                                   \
    static virtio_u32 NAME##_read32(void *context, volatile void *address)              \
    {                                                                                   \
        struct function *f = context;                                                   \
                                                                                        \
        access_register(f, SPACE, address, 4, 0);                                       \
        return (virtio_u32)fuzz_take(&f->input, 4, f->rest);                            \
    }                                                                                   \
    static void NAME##_write8(void *context, volatile void *address, virtio_u8 value)   \
    {                                                                                   \
        access_register(context, SPACE, address, 1, 1);                                 \
        (void)value;                                                                    \
    }                                                                                   \
    static void NAME##_write16(void *context, volatile void *address, virtio_u16 value) \
    {                                                                                   \
        access_register(context, SPACE, address, 2, 1);                                 \
        (void)value;                                                                    \
    }                                                                                   \
    static void NAME##_write32(void *context, volatile void *address, virtio_u32 value) \
    {                                                                                   \
        access_register(context, SPACE, address, 4, 1);                                 \
        (void)value;                                                                    \
    }

#define ACCESSES(NAME)                                                                            \
    {                                                                                             \
        NAME##_read8, NAME##_read16, NAME##_read32, NAME##_write8, NAME##_write16, NAME##_write32 \
    }

ACCESS(memory, VIRTIO_PCI_MEMORY)
ACCESS(ports, VIRTIO_PCI_IO)

static void wait(void *context, unsigned microseconds)
{
    struct function *f = context;

    f->slept += microseconds;
    FUZZ_ASSERT(f->slept <= 1000000);
}

static const struct virtio_pci_io io = {
    .config_read = config_read,
    .bar_query = bar_query,
    .bar_map = bar_map,
    .bar_unmap = bar_unmap,
    .sleep = wait,
    .access = {ACCESSES(memory), ACCESSES(ports)},
};

static void check_region(const struct function *f, const struct virtio_pci_region *region,
                         uint32_t length_min)
{
    FUZZ_ASSERT(region->bar < VIRTIO_PCI_MAX_BARS && f->bar_mapped[region->bar]);
    FUZZ_ASSERT(region->length >= length_min);
    FUZZ_ASSERT((uint64_t)region->offset + region->length <= f->bar_length[region->bar]);
    FUZZ_ASSERT(region->address == bar_address(region->bar) + region->offset);
}

static void check_nothing_mapped(const struct function *f)
{
    unsigned i;

    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++) {
        FUZZ_ASSERT(!f->bar_mapped[i] && f->dev.bar[i] == NULL);
    }
    FUZZ_ASSERT(f->dev.common.address == NULL && f->dev.notify.address == NULL);
}

static void call_config_access(struct function *f, int write)
{
    enum virtio_pci_status status;
    uint32_t length = (uint32_t)fuzz_take(&f->input, 1, 1) % 64;
    uint32_t offset = (uint32_t)fuzz_take(&f->input, 4, 0);
    uint8_t *buffer = malloc(length + 1); /* length 0 is allowed, and malloc(0) need not be */

    if (offset % 8 != 7) {
        offset %= 80; /* else: anything, nearly always out of range */
    }
    memset(buffer, 0x5A, length + 1);
    f->writes_config = write;
    status = write ? virtio_pci_config_write(&f->dev, offset, buffer, length)
                   : virtio_pci_config_read(&f->dev, offset, buffer, length);
    f->writes_config = 0;
    if (status == VIRTIO_PCI_OK) {
        FUZZ_ASSERT((uint64_t)offset + length <= f->dev.device.length);
    }
    FUZZ_ASSERT(buffer[length] == 0x5A);
    free(buffer);
}

static void call_queue_setup(struct function *f)
{
    struct virtio_pci_queue queue = {.desc = 16, .driver = 32, .device = 64};
    struct virtio_pci_notify notify = {NULL, NULL, 0};

    queue.index = (uint16_t)fuzz_take(&f->input, 1, 0);
    queue.size = (uint16_t)fuzz_take(&f->input, 2, 0);
    queue.vector = (queue.index & 1) != 0 ? VIRTIO_MSI_NO_VECTOR : queue.index;
    if (virtio_pci_queue_setup(&f->dev, &queue, &notify) == VIRTIO_PCI_OK) {
        FUZZ_ASSERT(queue.size != 0 && queue.size <= 32768 && (queue.size & (queue.size - 1)) == 0);
        FUZZ_ASSERT(notify.queue == queue.index);
        virtio_pci_notify(&f->dev, &notify); /* checked as an access */
    }
}

static void call_something(struct function *f)
{
    uint16_t max = 0;

    f->accesses = 0;
    f->slept = 0;
    switch (fuzz_take(&f->input, 1, 0) % 12) {
    case 0:
        virtio_pci_reset(&f->dev);
        break;
    case 1:
        if (virtio_pci_negotiate(&f->dev, 0x110010020, VIRTIO_F_VERSION_1) == VIRTIO_PCI_OK) {
            FUZZ_ASSERT((f->dev.negotiated & ~f->dev.offered) == 0);
            FUZZ_ASSERT((f->dev.negotiated & VIRTIO_F_VERSION_1) != 0);
        } else {
            FUZZ_ASSERT(f->dev.negotiated == 0);
        }
        break;
    case 2:
        call_config_access(f, 0);
        break;
    case 3:
        if (virtio_pci_queue_size(&f->dev, 1, &max) == VIRTIO_PCI_OK) {
            FUZZ_ASSERT(max != 0 && max <= 32768 && (max & (max - 1)) == 0);
        }
        break;
    case 4:
        call_queue_setup(f);
        break;
    case 5:
        virtio_pci_driver_ok(&f->dev);
        break;
    case 6:
        virtio_pci_fail(&f->dev);
        break;
    case 7:
        virtio_pci_isr(&f->dev);
        break;
    case 8:
        call_config_access(f, 1);
        break;
    case 9:
        virtio_pci_config_vector(&f->dev, (virtio_u16)fuzz_take(&f->input, 2, 0));
        break;
    case 10:
        virtio_pci_num_queues(&f->dev);
        break;
    default:
        virtio_pci_reset_now(&f->dev);
        break;
    }
}

static void function_init(struct function *f, const uint8_t *data, size_t size)
{
    unsigned i;
    uint8_t flags;

    memset(f, 0, sizeof(*f));
    f->input.data = data;
    f->input.size = size;
    flags = (uint8_t)fuzz_take(&f->input, 1, 0);
    f->rest = (flags & 1) != 0 ? 0xFF : 0;
    f->unmappable = (flags & 2) != 0 ? (unsigned)fuzz_take(&f->input, 1, 0) : 0;
    f->config_failure = (flags & 4) != 0 ? (unsigned)fuzz_take(&f->input, 1, 0) : 0;
    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++) {
        /* 0 to 15 bytes, times a power of two: 36 bits at most */
        uint64_t length = fuzz_take(&f->input, 1, 0);

        f->bar_length[i] = (length & 15) << 2 * (length >> 4);
    }
    for (i = 0; i < sizeof(f->config); i++) {
        f->config[i] = (uint8_t)fuzz_take(&f->input, 1, 0);
    }
    if ((flags & 8) == 0) {
        memcpy(f->config, "\xF4\x1A\x00\x10", 4);
        f->config[6] |= 0x10;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct function function;
    struct function *f = &function;
    enum virtio_pci_status status;

    function_init(f, data, size);
    status = virtio_pci_open(&f->dev, &io, f, 8);
    FUZZ_ASSERT(virtio_pci_status_text(status) != NULL);
    FUZZ_ASSERT(f->accesses == 0);
    if (status == VIRTIO_PCI_OK) {
        check_region(f, &f->dev.common, 0x38);
        check_region(f, &f->dev.notify, 2);
        check_region(f, &f->dev.isr, 1);
        check_region(f, &f->dev.device, 8);
        f->opened = 1;
        while (f->input.size != 0) {
            call_something(f);
        }
        virtio_pci_close(&f->dev);
    }
    check_nothing_mapped(f);
    return 0;
}
