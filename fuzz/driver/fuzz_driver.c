/* SPDX-License-Identifier: MIT */
/*
 * fuzz_driver.c: the whole driver in the whole host. The input says what device it meets, and then, byte by
 * byte, what the device and the caller do: frames both ways, OIDs, pause, reset, power, link, removal,
 * failing calls, faults of the model, and anything written to the rings. Whatever that is, no rule of NDIS
 * is broken, nothing leaks, no call hangs, and the sanitizers see no access that is wrong.
 */
#include "bench.h"

#include "bus/model/fault.h"
#include "bus/model/features.h"
#include "bus/model/model.h"
#include "ndis/protocol/bad_send.h"
#include "nt/api/pool.h"
#include "nt/machine/phys.h"
#include "rules/rules.h"

#define STEPS_MAX  400
#define FRAMES_MAX 64

/* ---- What the caller does ---- */

static void step_oid(struct bench *b)
{
    static const char *const kinds[] = {"query", "stats", "set"};
    static const unsigned lengths[] = {0,  1,  3,  4,   5,   6,   8,    12,
                                       24, 31, 64, 152, 192, 512, 1000, 2048};
    const char *kind = kinds[bench_below(b, 3)];
    unsigned which = bench_below(b, 256), length = lengths[bench_below(b, ARRAYSIZE(lengths))];
    uint32_t oid = which < 200 && b->adapter->oid_count
                       ? b->adapter->oids[which % b->adapter->oid_count]
                       : (uint32_t)bench_take(b, 4);

    if (strcmp(kind, "set")) {
        bench_command(b, "oid %s 0x%08x %u", kind, oid, length);
        return;
    }
    /* Power is NDIS's, which pauses first: the command `power` sets it. */
    if (oid >> 16 == 0xFD01 && length > 3)
        length = 3;
    if (length > 200)
        length = 200;
    bench_command(b, "oid set 0x%08x %s", oid, bench_hex(b, length));
}

static void step_send(struct bench *b)
{
    static const uint32_t lengths[] = {0,  1,   13,  14,   18,   59,   60,
                                       61, 100, 590, 1000, 1500, 1513, 1514};
    static uint8_t data[2048];
    struct net_frame frames[FRAMES_MAX];
    unsigned count = 1 + bench_below(b, FRAMES_MAX), i;
    unsigned tag = bench_below(b, 8);

    memset(data, 0x5A, sizeof data);
    for (i = 0; i < 14; i++)
        data[i] = (uint8_t)(i == 6 ? 2 : i);
    if (b->removed)
        return;
    for (i = 0; i < count; i++) {
        frames[i] =
            (struct net_frame){.data = data,
                               .length = lengths[i < 4 ? bench_below(b, ARRAYSIZE(lengths)) : 12],
                               .tag = tag ? TAG_NONE : (uint32_t)bench_take(b, 2),
                               .cookie = i};
    }
    bench_say("%u frames are sent", count);
    b->adapter->ports.near_send(b->adapter->ports.context, frames, count);
}

static void step_bad(struct bench *b)
{
    static char kinds[2048];
    static const char *kind[64];
    static unsigned count;

    if (!count) {
        bad_send_kinds(kinds, sizeof kinds);
        for (char *word = strtok(kinds, ", "); word && count < 64; word = strtok(NULL, ", "))
            kind[count++] = word;
    }
    bench_command(b, "bad %s", kind[bench_below(b, count)]);
}

static void step_wire(struct bench *b)
{
    static const char *const to[] = {"ffffffffffff", "01005e000001", "5254001234ff",
                                     "020000000001"};
    static const unsigned lengths[] = {14, 15, 17, 18, 60, 64, 100, 590, 1514, 1518, 1519, 2000};
    char frame[BENCH_LINE / 2];
    unsigned destination = bench_below(b, 5), length = lengths[bench_below(b, ARRAYSIZE(lengths))],
             used;
    const uint8_t *mac = b->adapter->ports.mac;

    if (destination == 4)
        used = (unsigned)snprintf(frame, sizeof frame, "%02x%02x%02x%02x%02x%02x", mac[0], mac[1],
                                  mac[2], mac[3], mac[4], mac[5]);
    else
        used = (unsigned)snprintf(frame, sizeof frame, "%s", to[destination]);
    used +=
        (unsigned)snprintf(frame + used, sizeof frame - used, "02a5a5a5a5a5%s", bench_hex(b, 6));
    for (; used < 2 * length && used + 3 < sizeof frame; used += 2)
        snprintf(frame + used, 3, "5a");
    frame[2 * (size_t)length < sizeof frame ? 2 * (size_t)length : sizeof frame - 1] = 0;
    bench_command(b, "wire %s", frame);
}

static void step_fail(struct bench *b)
{
    static const char *const calls[] = {"allocation",
                                        "NdisMAllocateNetBufferSGList",
                                        "NdisMAllocateSharedMemory",
                                        "NdisAllocateMemoryWithTagPriority",
                                        "NdisMRegisterInterruptEx",
                                        "NdisOpenConfigurationEx",
                                        "NdisAllocateNetBufferAndNetBufferList",
                                        "NdisMMapIoSpace",
                                        "NdisAllocateIoWorkItem",
                                        "NdisMRegisterScatterGatherDma",
                                        "NdisAllocateMdl",
                                        "NdisAllocateNetBufferListPool"};
    unsigned which = bench_below(b, ARRAYSIZE(calls) + 4);
    int number = (int)bench_below(b, 128) - 32;

    if (which >= ARRAYSIZE(calls) || !number)
        bench_command(b, "fail none");
    else
        bench_command(b, "fail %s:%d", calls[which], number);
}

/* A driver that has logged why it does not come up need not log a call that fails while it cleans up. So a
 * missing entry is excused if two calls failed, or if the device failed and then a call. `log` and `failures` are
 * the counts before. */
static void excuse_log(const struct bench *b, unsigned log, unsigned long failures)
{
    if (nt_failures() - failures > (b->hostile ? 0 : 1))
        bench_excuse(rules_count("WriteErrorLog") - log);
}

static void step_power(struct bench *b)
{
    static const char *const states[] = {"d0", "d0", "d0", "d1", "d2", "d3", "d3", "d3 halt"};

    unsigned power = rules_count("SetPower"), log = rules_count("WriteErrorLog");
    unsigned long failures = nt_failures();

    /* A miniport that was halted to sleep need not come up again if the device, or a call, fails. */
    bench_command(b, "power %s", states[bench_below(b, ARRAYSIZE(states))]);
    if (b->hostile || nt_failures() != failures)
        bench_excuse(rules_count("SetPower") - power);
    excuse_log(b, log, failures);
}

static void step_remove(struct bench *b)
{
    if (b->removed)
        return;
    bench_command(b, bench_below(b, 4) ? "remove" : "remove present");
    b->removed = true;
}

static void step_sleep(struct bench *b)
{
    static const unsigned ms[] = {0, 1, 1, 2, 5, 20, 100, 500, 1000, 2000, 4100, 9000};

    bench_command(b, "sleep %u", ms[bench_below(b, ARRAYSIZE(ms))]);
}

/* ---- What the device does ---- */

static struct model *model_of(struct bench *b)
{
    return (struct model *)b->adapter->bus;
}

static void step_fault(struct bench *b)
{
    unsigned which = bench_below(b, FAULT_COUNT + 8), when = 1 + bench_below(b, 300);

    b->hostile = true;
    if (which >= FAULT_COUNT)
        bench_command(b, "fault none");
    else
        bench_command(b, "fault %s@%u", fault_name((enum fault_id)which), when);
}

/* The lock is held. From here on nothing that the driver does in this ring is held against it. */
static struct ring *lying_ring(struct bench *b, struct model *model, unsigned which)
{
    struct ring *ring = &model->ring[which % 2]; /* the first pair */

    b->hostile = true;
    if (!ring->live || !ring->used || model->gone || !model->mastering)
        return NULL;
    ring->lied = ring->misled = true;
    atomic_fetch_or(&model->bus.lies, 1);
    return ring;
}

/* A used element, and maybe used idx, that the input chooses. */
static void step_used(struct bench *b)
{
    struct model *model = model_of(b);
    unsigned which = bench_below(b, 2), how = bench_below(b, 16);
    uint32_t id = (uint32_t)bench_take(b, how & 1 ? 4 : 1),
             len = (uint32_t)bench_take(b, how & 2 ? 4 : 2);
    struct ring *ring;

    pthread_mutex_lock(&model->lock);
    ring = lying_ring(b, model, which);
    if (ring) {
        volatile struct spec_used_elem *element =
            (volatile struct spec_used_elem *)(ring->used + 4) + ring->used_idx % ring->size;

        element->id = id;
        element->len = len;
        if (how & 4)
            ring->used_idx = (uint16_t)bench_take(b, 2);
        else
            ring->used_idx++;
        __atomic_store_n((uint16_t *)(ring->used + 2), ring->used_idx, __ATOMIC_RELEASE);
        bench_say("queue %u: used {%u, %u}, idx %u", ring->index, id, len, ring->used_idx);
    }
    pthread_mutex_unlock(&model->lock);
    if (ring && how & 8)
        interrupt_queue(model, which);
}

/* Any bytes, anywhere in the ring or in a buffer that the driver gave to be written. */
static void step_scribble(struct bench *b)
{
    struct model *model = model_of(b);
    unsigned which = bench_below(b, 2), part = bench_below(b, 4), at = (unsigned)bench_take(b, 2),
             length = 1 + bench_below(b, 16), i;
    struct ring *ring;
    size_t size = 0;
    uint8_t *to = NULL;

    pthread_mutex_lock(&model->lock);
    ring = lying_ring(b, model, which);
    if (ring && part == 0)
        to = (uint8_t *)(uintptr_t)ring->desc, size = 16 * (size_t)ring->size;
    else if (ring && part == 1)
        to = ring->avail, size = 6 + 2 * (size_t)ring->size;
    else if (ring && part == 2)
        to = ring->used, size = 6 + 8 * (size_t)ring->size;
    else if (ring)
        to = phys_device_pointer(ring->desc[at % ring->size].addr, ring->desc[at % ring->size].len),
        size = to ? ring->desc[at % ring->size].len : 0, at = 0;
    for (i = 0; i < length && size; i++)
        to[(at + i) % size] = (uint8_t)bench_take(b, 1);
    if (ring && part == 2) {
        ring->used_flags = *(uint16_t *)ring->used;
        ring->used_idx = *(uint16_t *)(ring->used + 2);
    }
    pthread_mutex_unlock(&model->lock);
    if (size)
        bench_say("queue %u: %u bytes are written to part %u", ring->index, length, part);
}

static void step_interrupt(struct bench *b)
{
    struct model *model = model_of(b);
    unsigned which = bench_below(b, 4);

    bench_say("interrupt %u", which);
    if (!model->live)
        return;
    if (which & 1)
        interrupt_config(model);
    if (which != 1)
        interrupt_queue(model, which / 2);
}

static void step_configuration(struct bench *b)
{
    struct model *model = model_of(b);
    unsigned what = bench_below(b, 5);

    b->hostile = true;
    bench_say("configuration: change %u", what);
    pthread_mutex_lock(&model->lock);
    if (what == 0)
        model->options.mac[bench_below(b, 6)] = (uint8_t)bench_take(b, 1);
    else if (what == 1 &&
             model->offered &
                 FEATURE_MTU) /* of the next life: no device changes it before a reset */
        model->options.mtu = (uint32_t)bench_take(b, 2) % (model->options.mtu + 1);
    else if (what == 2)
        model->options.speed = (uint32_t)bench_take(b, 4);
    else if (what == 3)
        model->common.generation = (uint8_t)bench_take(b, 1);
    else if (model->live)
        model_set_needs_reset(model);
    device_cfg_changed(model);
    pthread_mutex_unlock(&model->lock);
    if (model->live)
        interrupt_config(model);
}

/* ---- One input ---- */

static bool step(struct bench *b)
{
    switch (bench_below(b, 32)) {
    case 0:
    case 1:
    case 2:
        step_sleep(b);
        break;
    case 3:
    case 4:
    case 5:
        step_send(b);
        break;
    case 6:
        step_bad(b);
        break;
    case 7:
    case 8:
        step_wire(b);
        break;
    case 9:
        bench_command(b, "pause");
        break;
    case 10:
    case 11:
        bench_command(b, "restart");
        break;
    case 12:
        bench_command(b, "reset");
        break;
    case 13:
    case 14:
        step_power(b);
        break;
    case 15:
        bench_command(b, "link down");
        break;
    case 16:
        bench_command(b, "link up");
        break;
    case 17:
    case 18:
        step_oid(b);
        break;
    case 19:
    case 20:
        step_fault(b);
        break;
    case 21:
        bench_command(b, "fault none");
        break;
    case 22:
        step_fail(b);
        break;
    case 23:
        bench_command(b, "cancel %u", 1 + bench_below(b, 16));
        break;
    case 24:
    case 25:
        step_used(b);
        break;
    case 26:
    case 27:
        step_scribble(b);
        break;
    case 28:
        step_interrupt(b);
        break;
    case 29:
        step_configuration(b);
        break;
    case 30:
        bench_command(b, "send %s", bench_hex(b, 14 + bench_below(b, 60)));
        break;
    default:
        step_remove(b);
        return false;
    }
    return !b->removed;
}

static void bus_line(struct bench *b, char *text, size_t size)
{
    static const char *const features[] = {"",
                                           ",features=-event_idx",
                                           ",features=-indirect_desc",
                                           ",features=-event_idx-indirect_desc",
                                           ",features=-status",
                                           ",features=-mac",
                                           ",features=-mrg_rxbuf",
                                           ",features=-version_1",
                                           ",features=none+version_1",
                                           ",features=+access_platform",
                                           ",features=-ctrl_vq",
                                           ",features=+speed_duplex",
                                           ",mtu=1500",
                                           ",mtu=9000",
                                           ",mtu=600",
                                           ",speed=2500"};
    static const char *const shapes[] = {"",
                                         "",
                                         "",
                                         ",reorder=1",
                                         ",delay=50",
                                         ",delay=500",
                                         ",notify_multiplier=0",
                                         ",notify_multiplier=4096",
                                         ",layout=dense",
                                         ",layout=spread",
                                         ",layout=high",
                                         ",bar=io",
                                         ",above_4g=1",
                                         ",modern=1",
                                         ",legacy=0",
                                         ",ignore_no_interrupt=1"};
    static const unsigned sizes[] = {1, 2, 4, 8, 16, 64, 256, 1024};
    unsigned shape = bench_below(b, 16), feature = bench_below(b, 16), queues = bench_below(b, 64);

    snprintf(text, size, "model:rx_queue_size=%u,tx_queue_size=%u,seed=%u%s%s", sizes[queues % 8],
             sizes[queues / 8], bench_below(b, 256), features[feature], shapes[shape]);
}

static bool come_up(struct bench *b)
{
    unsigned log = rules_count("WriteErrorLog");
    unsigned long failures = nt_failures();
    bool up = bench_start(b);

    excuse_log(b, log, failures);
    return up;
}

void bench_run(struct bench *b)
{
    static const char *const keywords[][3] = {
        {NULL},
        {"*ReceiveBuffers=16", "*TransmitBuffers=16", NULL},
        {"*ReceiveBuffers=17", "*TransmitBuffers=64", NULL},
        {"*ReceiveBuffers=16", "VlanId=5", NULL},
        {"*ReceiveBuffers=16", "*PriorityVLANTag=0", NULL},
        {"*ReceiveBuffers=1000000", "*TransmitBuffers=junk", NULL},
        {"*ReceiveBuffers=32", "VlanId=4096", NULL},
        {"*ReceiveBuffers=32", "NetworkAddress=02AABBCCDDEE", NULL}};
    static const unsigned map_registers[] = {0, 0, 0, 0, 1, 4, 16, 64};
    struct adapter_options options = {.bus = NULL};
    char bus[256];
    unsigned steps = 0, shape = bench_below(b, 8);

    bus_line(b, bus, sizeof bus);
    options.liberties = shape & 1 ? LIBERTY_PLAIN : LIBERTY_ALL;
    if (shape & 6)
        options.hold = (struct hold){HOLD_TIME, shape & 2 ? 0 : 5000};
    options.map_registers = map_registers[bench_below(b, 8)];
    options.keywords = (const char **)(uintptr_t)keywords[bench_below(b, 8)];
    if (!bench_add(b, bus, &options))
        return;
    for (unsigned n = bench_below(b, 4); n; n--) /* what strikes while it comes up */
        bench_below(b, 2) ? step_fault(b) : step_fail(b);
    if (!come_up(b))
        return;
    while (b->input.size && steps++ < STEPS_MAX && !bench_broken() && step(b))
        ;
}
