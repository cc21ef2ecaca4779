/* SPDX-License-Identifier: MIT */
/*
 * transport.c: virtio_pci_modern.c for any content of configuration space and of the registers.
 *
 * Each read of configuration space returns any value, or fails. So the capability list may be of any shape,
 * and may change while it is walked. Each register has any value at each read.
 *
 * Eva keeps no relation between two variables, except by looking at the values of one of them apart. So the
 * proof has parts, each of which begins with what the one before it has shown:
 *   consider    a capability is kept only if its structure lies in the BAR, is long enough, and has functions
 *   walk        virtio_pci_open leaves none of its arrays, whatever the list is and whatever the BARs are
 *   extent      a BAR is mapped no further than it goes
 *   registers   after virtio_pci_open, all other functions touch no byte outside a structure
 *   config      the same for the device configuration, of any length and for any field
 *   match_bar   the six BAR registers, with any content
 */
#include "virtio_pci_modern.c"
#include "frama.h"

static virtio_u64 bar_bytes;
static int context;

/* The analysis keeps the values of this variable apart. */
static unsigned apart;

/* A value below APART, each apart, or one of the others, all at once. */
#define APART 12
static virtio_u32 any_value_apart(void)
{
    apart = Frama_C_unsigned_int_interval(0, APART);
    return apart < APART ? apart : Frama_C_unsigned_int_interval(APART, 0xFFFFFFFF);
}

/* The read of configuration space whose values are kept apart: how many come before it, and 1; 0: none. */
static unsigned followed;

/* The last dword that may be read. */
static virtio_u32 last;

static int config_read(void *caller, virtio_u32 at, void *buffer, virtio_u32 bytes)
{
    //@ check in_configuration_space: caller == &context && bytes == 4 && at <= last && at % 4 == 0;
    if (followed != 1) {
        *(virtio_u32 *)buffer = any_u32;
    } else {
        *(virtio_u32 *)buffer = any_value_apart();
    }
    if (followed != 0) {
        followed--;
    }
    return any_bit;
}

static virtio_u64 bar_query(void *caller, unsigned bar, enum virtio_pci_space *space)
{
    //@ check is_a_bar: caller == &context && bar < VIRTIO_PCI_MAX_BARS;
    *space = any_bit != 0 ? VIRTIO_PCI_IO : VIRTIO_PCI_MEMORY;
    return any_bit != 0 ? bar_bytes : 0;
}

static void *bar_map(void *caller, unsigned bar, virtio_u64 bytes)
{
    //@ check is_a_bar: caller == &context && bar < VIRTIO_PCI_MAX_BARS;
    return any_bit != 0 ? &context : 0;
}

static void bar_unmap(void *caller, unsigned bar, void *address, virtio_u64 bytes)
{
    //@ check is_a_bar: caller == &context && bar < VIRTIO_PCI_MAX_BARS;
}

static void wait(void *caller, unsigned microseconds)
{
}

/* The registers of `_bits` bits: any value, and each access must be in the memory of its structure. */
#define REGISTER(_bits)                                                                   \
    static virtio_u##_bits read##_bits(void *caller, volatile void *address)              \
    {                                                                                     \
        return *(volatile virtio_u##_bits *)address;                                      \
    }                                                                                     \
    static void write##_bits(void *caller, volatile void *address, virtio_u##_bits value) \
    {                                                                                     \
        *(volatile virtio_u##_bits *)address = value;                                     \
    }
REGISTER(8)
REGISTER(16)
REGISTER(32)

static const struct virtio_pci_io io = {config_read,
                                        bar_query,
                                        bar_map,
                                        bar_unmap,
                                        wait,
                                        {{read8, read16, read32, write8, write16, write32},
                                         {read8, read16, read32, write8, write16, write32}}};

static struct virtio_pci_device device;

static void begin(void)
{
    virtio_pci_clear(&device);
    device.io = &io;
    device.context = &context;
    device.failed_bar = 0;
    followed = 0;
}

/* A BAR is as long as the shortest structure, and 8 bytes. So a structure that lies in it starts below
 * APART. */
static void consider_one(virtio_u32 cap_bytes, virtio_u32 length_min, virtio_u32 alignment)
{
    struct virtio_pci_search search;
    struct virtio_pci_region region;
    virtio_u32 at = Frama_C_unsigned_int_interval(PCI_CAP_FIRST / 4, 63) * 4;

    begin();
    bar_bytes = length_min + 8;
    last = 252;
    virtio_pci_clear_region(&region);
    virtio_pci_search_for(&search, &region, cap_bytes, length_min, alignment);
    followed = 2; /* the bar, then the offset */
    virtio_pci_consider(&device, &search, at, any_u8);
    if (region.length != 0) {
        //@ check in_bar: region.bar < VIRTIO_PCI_MAX_BARS && region.offset + region.length <= bar_bytes;
        //@ check shape: region.length >= length_min && region.offset % alignment == 0;
        //@ check functions: region.access == &io.access[0] || region.access == &io.access[1];
    }
}

void walk(void)
{
    bar_bytes = any_u64;
    /* `consider` looks at each kind by itself and has shown 252. Here the kinds are not kept apart, and the
     * longest capability is 4 bytes longer than the others. */
    last = 256;
    if (virtio_pci_open(&device, &io, &context, any_u32) == VIRTIO_PCI_OK) {
        //@ check found: device.common.length != 0 && device.notify.length != 0 && device.isr.length != 0;
        virtio_pci_close(&device);
    }
    over();
}

/* A structure as `consider` has left it; the memory of all other kinds is that of no structure. */
static void extent_one(struct virtio_pci_region *region)
{
    virtio_u64 bytes;

    begin();
    apart = Frama_C_unsigned_int_interval(0, APART);
    region->bar = any_u8;
    region->offset = apart;
    region->length = Frama_C_unsigned_int_interval(0, APART - apart);
    bytes = virtio_pci_extent(&device, any_u8);
    //@ check as_far_as_the_bar: bytes <= APART;
}

static void place(struct virtio_pci_region *region, virtio_u8 *end, virtio_u32 length)
{
    region->access = any_bit != 0 ? &io.access[VIRTIO_PCI_MEMORY] : &io.access[VIRTIO_PCI_IO];
    region->length = length;
    region->address = end - length;
}

/* Each structure ends where its memory ends. */
static virtio_u8 common[COMMON_BYTES], notification[64], isr[1], configuration[64];

static void open_device(void)
{
    begin();
    place(&device.common, common + sizeof(common), COMMON_BYTES);
    place(&device.isr, isr + sizeof(isr), 1);
}

void registers(void)
{
    virtio_u16 max;

    open_device();
    virtio_pci_is_open(&device);
    virtio_pci_is_gone(&device);
    virtio_pci_reset(&device);
    virtio_pci_reset_now(&device);
    virtio_pci_negotiate(&device, any_u64, any_u64);
    virtio_pci_has(&device, any_u64);
    virtio_pci_config_vector(&device, any_u16);
    virtio_pci_num_queues(&device);
    if (virtio_pci_queue_size(&device, any_u16, &max) == VIRTIO_PCI_OK) {
        //@ check a_queue_size: 1 <= max <= QUEUE_MAX;
    }
    virtio_pci_driver_ok(&device);
    virtio_pci_isr(&device);
    virtio_pci_fail(&device);
    over();
}

void queues(void)
{
    struct virtio_pci_notify notify;
    struct virtio_pci_queue queue;

    open_device();
    apart = Frama_C_unsigned_int_interval(NOTIFY_BYTES, NOTIFY_BYTES + 7);
    place(&device.notify, notification + sizeof(notification), apart);
    device.notify_multiplier = any_u32;
    queue.index = any_u16;
    queue.size = any_u16;
    queue.vector = any_u16;
    queue.desc = any_u64;
    queue.driver = any_u64;
    queue.device = any_u64;
    if (virtio_pci_queue_setup(&device, &queue, &notify) == VIRTIO_PCI_OK) {
        virtio_pci_notify(&device, &notify);
    }
    over();
}

static void config_of(virtio_u32 bytes)
{
    virtio_u8 buffer[8] = {0};

    begin();
    place(&device.common, common + sizeof(common), COMMON_BYTES);
    apart = Frama_C_unsigned_int_interval(0, 9);
    place(&device.device, configuration + sizeof(configuration), apart);
    if (apart == 0) {
        device.device.address = 0;
    }
    virtio_pci_config_read(&device, any_u32, buffer + 8 - bytes, bytes);
    virtio_pci_config_write(&device, any_u32, buffer + 8 - bytes, bytes);
}

void match_bar(void)
{
    virtio_u32 registers[VIRTIO_PCI_MAX_BARS];
    int bar;

    for (bar = 0; bar < VIRTIO_PCI_MAX_BARS; bar++) {
        registers[bar] = any_u32;
    }
    bar =
        virtio_pci_match_bar(registers, any_bit != 0 ? VIRTIO_PCI_IO : VIRTIO_PCI_MEMORY, any_u64);
    //@ check a_bar_or_none: -1 <= bar < VIRTIO_PCI_MAX_BARS;
    over();
}

void consider(void)
{
    consider_one(CAP_BYTES, COMMON_BYTES, 4);
    consider_one(CAP_NOTIFY_BYTES, NOTIFY_BYTES, 2);
    consider_one(CAP_BYTES, 1, 1);
    consider_one(CAP_BYTES, 0, 4);
    over();
}

void extent(void)
{
    extent_one(&device.common);
    extent_one(&device.notify);
    extent_one(&device.isr);
    extent_one(&device.device);
    over();
}

void config(void)
{
    config_of(2);
    config_of(6);
    config_of(8);
    over();
}
