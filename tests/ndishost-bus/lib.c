/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/map.h"
#include "nt/machine/mmio.h"
#include "lib.h"
#include "nt/machine/phys.h"
#include "nt/machine/irql.h"
#include "nt/machine/trap.h"

/* ---- The transport's hands: plain loads and stores, trapped ---- */

static int io_config_read(void *context, virtio_u32 offset, void *buffer, virtio_u32 length)
{
    struct lib *l = context;
    uint32_t value = l->bus->ops->config_read(l->bus, offset, length);

    memcpy(buffer, &value, length);
    return 0;
}

static virtio_u64 io_bar_query(void *context, unsigned bar, enum virtio_pci_space *space)
{
    struct lib *l = context;

    *space = VIRTIO_PCI_MEMORY;

    return l->bus->bar[bar].io ? 0 : l->bus->bar[bar].length;
}

static void *io_bar_map(void *context, unsigned bar, virtio_u64 length)
{
    struct lib *l = context;

    return bus_map(l->bus, bar, 0, (size_t)length);
}

static void io_bar_unmap(void *context, unsigned bar, void *address, virtio_u64 length)
{
    (void)context;
    (void)bar;
    (void)length;
    bus_unmap(address);
}

static virtio_u8 io_read8(void *context, volatile void *address)
{
    (void)context;
    return *(volatile uint8_t *)address;
}

static virtio_u16 io_read16(void *context, volatile void *address)
{
    (void)context;
    return *(volatile uint16_t *)address;
}

static virtio_u32 io_read32(void *context, volatile void *address)
{
    (void)context;
    return *(volatile uint32_t *)address;
}

static void io_write8(void *context, volatile void *address, virtio_u8 value)
{
    (void)context;
    *(volatile uint8_t *)address = value;
}

static void io_write16(void *context, volatile void *address, virtio_u16 value)
{
    (void)context;
    *(volatile uint16_t *)address = value;
}

static void io_write32(void *context, volatile void *address, virtio_u32 value)
{
    (void)context;
    *(volatile uint32_t *)address = value;
}

static void io_sleep(void *context, unsigned microseconds)
{
    (void)context;
    usleep(microseconds);
}

static const struct virtio_pci_io io = {
    .config_read = io_config_read,
    .bar_query = io_bar_query,
    .bar_map = io_bar_map,
    .bar_unmap = io_bar_unmap,
    .sleep = io_sleep,
    .access = {{io_read8, io_read16, io_read32, io_write8, io_write16, io_write32}},
};

/* ---- Frames ---- */

void lib_frame(uint8_t *frame, uint32_t length, uint32_t number)
{
    memset(frame, 0x52, length < 12 ? length : 12);
    frame[12] = 0x08;
    frame[13] = 0x00;
    for (uint32_t i = 14; i < length; i++)
        frame[i] = (uint8_t)(number >> 8 * (i % 4)) ^ (uint8_t)(i * 29);
}

bool lib_frame_good(const uint8_t *frame, uint32_t length, uint32_t number)
{
    for (uint32_t i = 14; i < length; i++)
        if (frame[i] != ((uint8_t)(number >> 8 * (i % 4)) ^ (uint8_t)(i * 29)))
            return false;
    return true;
}

static uint32_t frame_length(const struct lib_traffic *t, uint32_t number)
{
    uint64_t z = (t->seed + number) * 0x9E3779B97F4A7C15ull;

    return t->least + (uint32_t)((z >> 33) % (t->most - t->least + 1));
}

/* ---- What the bus tells ---- */

static void on_interrupt(void *context, bool asserted)
{
    struct lib *l = context;

    pthread_mutex_lock(&l->lock);
    l->asserted = asserted;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

static void on_frame(void *context, const void *frame, size_t length)
{
    struct lib *l = context;

    if (!lib_frame_good(frame, (uint32_t)length, l->wire_next))
        l->wire_bad++;
    __atomic_add_fetch(&l->wire_next, 1, __ATOMIC_RELEASE);
    if (l->echo && l->bus->ops->wire_send(l->bus, frame, length, -1))
        l->wire_bad++;
}

static void on_message(void *context, unsigned number)
{
    (void)number;
    snprintf(((struct lib *)context)->failed, 256, "a message although MSI-X is off");
}

static void on_failed(void *context, const char *why)
{
    struct lib *l = context;

    snprintf(l->failed, sizeof l->failed, "%s", why);
}

static const struct bus_events events = {on_interrupt, on_message, on_frame, on_failed};

/* ---- Opening and starting ---- */

void lib_open(struct lib *l, const char *arguments)
{
    trap_install(); /* cmocka has its own handlers around each test */
    /* Here, as a trap's handler cannot allocate the thread's record. */
    nt_thread_enter("tester");
    memset(l, 0, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    l->bus = bus_model.open(arguments, &events, l, l->error, sizeof l->error);
    if (!l->bus)
        fail_msg("model:%s: %s", arguments, l->error);
    /* As Windows gives a device its resources. */
    l->bus->ops->config_write(l->bus, 4, 2, 7);
    for (int i = 0; i < 2; i++)
        l->data[i] = phys_alloc(LIB_BUFFERS * LIB_BUFFER, PHYS_SCATTERED, NULL);
    l->tables = phys_alloc(LIB_BUFFERS * 64, PHYS_CONTIGUOUS, &l->tables_pa);
}

static void free_queues(struct lib *l)
{
    for (int i = 0; i < 2; i++) {
        if (l->ring[i])
            phys_free(l->ring[i]);
        free(l->state[i]);
        l->ring[i] = l->state[i] = NULL;
    }
}

void lib_close(struct lib *l)
{
    virtio_pci_close(&l->pci);
    l->bus->ops->close(l->bus);
    free_queues(l);
    for (int i = 0; i < 2; i++)
        phys_free(l->data[i]);
    phys_free(l->tables);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->changed);
}

enum virtio_pci_status lib_find(struct lib *l)
{
    return virtio_pci_open(&l->pci, &io, l, 8);
}

static enum virtio_pci_status start_queue(struct lib *l, unsigned i)
{
    struct virtq_layout layout;
    struct virtq_config config = {0};
    struct virtio_pci_queue queue;
    enum virtio_pci_status status;
    virtio_u16 size;
    uint64_t pa;

    status = virtio_pci_queue_size(&l->pci, (virtio_u16)i, &size);
    if (status)
        return status;
    assert_int_equal(virtq_layout(size, &layout), VIRTQ_OK);
    l->ring[i] = phys_alloc(layout.ring_bytes, PHYS_CONTIGUOUS, &pa);
    l->state[i] = malloc(layout.state_bytes);
    config.size = size;
    config.ring = l->ring[i];
    config.ring_addr = pa;
    config.state = l->state[i];
    assert_int_equal(virtq_init(&l->vq[i], &config), VIRTQ_OK);
    virtq_set_features(&l->vq[i], l->pci.negotiated);
    queue.index = (virtio_u16)i;
    queue.size = size;
    queue.vector = VIRTIO_MSI_NO_VECTOR;
    queue.desc = l->vq[i].desc_addr;
    queue.driver = l->vq[i].avail_addr;
    queue.device = l->vq[i].used_addr;
    return virtio_pci_queue_setup(&l->pci, &queue, &l->notify[i]);
}

enum virtio_pci_status lib_start(struct lib *l, uint64_t wanted)
{
    enum virtio_pci_status status = virtio_pci_reset(&l->pci);
    uint8_t mac[6];

    if (!status)
        status = virtio_pci_negotiate(&l->pci, wanted, VIRTIO_F_VERSION_1);
    if (!status)
        status = virtio_pci_config_read(&l->pci, 0, mac, sizeof mac);
    for (unsigned i = 0; i < 2 && !status; i++)
        status = start_queue(l, i);
    return status ? status : virtio_pci_driver_ok(&l->pci);
}

void lib_stop(struct lib *l)
{
    assert_int_equal(virtio_pci_reset(&l->pci), VIRTIO_PCI_OK);
    free_queues(l);
}

/* ---- Traffic ---- */

struct run {
    struct lib *l;
    const struct lib_traffic *t;
    uint32_t sent, returned, received;
    uint8_t *free_tx[LIB_BUFFERS];
    unsigned free_count;
};

/* The pieces of [va, va + length): cut at pages, and to as many as the traffic wants. */
static virtio_u16 pieces(const uint8_t *va, uint32_t length, uint32_t wanted, struct virtq_sg *sg)
{
    virtio_u16 n = 0;

    while (length > 0) {
        uint32_t to_page = PHYS_PAGE - (uint32_t)((uintptr_t)va % PHYS_PAGE);
        uint32_t part = (uint32_t)(n + 1) < wanted ? (length + 1) / 2 : length;
        uint64_t pa;

        part = part < to_page ? part : to_page;
        assert_true(phys_address(va, &pa));
        sg[n].addr = pa;
        sg[n++].len = part;
        va += part;
        length -= part;
    }
    return n;
}

static bool send_one(struct run *run)
{
    struct lib *l = run->l;
    uint32_t length = frame_length(run->t, run->sent);
    uint8_t *buffer = run->free_tx[run->free_count - 1];
    unsigned index = (unsigned)((buffer - l->data[LIB_TX]) / LIB_BUFFER);
    struct virtq_indirect table;
    struct virtq_sg sg[6];
    virtio_u16 n;
    int status;

    memset(buffer, 0, LIB_HEADER);
    lib_frame(buffer + LIB_HEADER, length, run->sent);
    n = pieces(buffer, LIB_HEADER + length, run->t->pieces, sg);
    assert_int_equal(virtq_indirect_init(&table, (uint8_t *)l->tables + index * 64,
                                         l->tables_pa + index * 64, 4),
                     VIRTQ_OK);
    status = virtq_add(&l->vq[LIB_TX], sg, n, 0, run->t->indirect ? &table : NULL, buffer);
    if (status == VIRTQ_FULL)
        return false;
    assert_int_equal(status, VIRTQ_OK);
    run->free_count--;
    run->sent++;
    return true;
}

static void give_buffer(struct lib *l, uint8_t *buffer)
{
    struct virtq_sg sg[2];
    virtio_u16 n = pieces(buffer, LIB_BUFFER, 1, sg);

    assert_int_equal(virtq_add(&l->vq[LIB_RX], sg, 0, n, NULL, buffer), VIRTQ_OK);
}

static void publish(struct lib *l, unsigned queue)
{
    if (virtq_publish(&l->vq[queue]))
        virtio_pci_notify(&l->pci, &l->notify[queue]);
}

static void take_used(struct run *run)
{
    struct lib *l = run->l;
    virtio_u32 length;
    void *cookie = NULL;

    while (virtq_get(&l->vq[LIB_TX], &cookie, &length) == VIRTQ_OK) {
        run->free_tx[run->free_count++] = cookie;
        run->returned++;
    }
    while (virtq_get(&l->vq[LIB_RX], &cookie, &length) == VIRTQ_OK) {
        uint8_t *buffer = cookie;

        assert_int_equal(length, LIB_HEADER + frame_length(run->t, run->received));
        if (!lib_frame_good(buffer + LIB_HEADER, length - LIB_HEADER, run->received))
            fail_msg("received frame %u is not what was sent", run->received);
        assert_int_equal(buffer[10] | buffer[11] << 8, 1); /* num_buffers */
        run->received++;
        give_buffer(l, buffer);
    }
    publish(l, LIB_RX);
    assert_int_equal(virtq_broken(&l->vq[LIB_TX]), VIRTQ_OK);
    assert_int_equal(virtq_broken(&l->vq[LIB_RX]), VIRTQ_OK);
}

/* Sleeps until the line is up, and lowers it. */
static void wait_interrupt(struct lib *l)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 5;
    pthread_mutex_lock(&l->lock);
    while (!l->asserted)
        if (pthread_cond_timedwait(&l->changed, &l->lock, &end) == ETIMEDOUT) {
            pthread_mutex_unlock(&l->lock);
            fail_msg("no interrupt for 5 s (%s)", l->failed);
        }
    pthread_mutex_unlock(&l->lock);
    virtio_pci_isr(&l->pci);
}

static void *far_end(void *argument)
{
    struct run *run = argument;
    uint8_t frame[LIB_BUFFER];

    for (uint32_t i = 0; i < run->t->in; i++) {
        uint32_t length = frame_length(run->t, i);

        lib_frame(frame, length, i);
        if (run->l->bus->ops->wire_send(run->l->bus, frame, length, -1))
            break;
    }
    return NULL;
}

static void prepare(struct run *run)
{
    struct lib *l = run->l;
    unsigned fit = l->vq[LIB_RX].size / 2; /* a buffer may lie in two pages */

    for (unsigned i = 0; i < LIB_BUFFERS; i++)
        run->free_tx[run->free_count++] = l->data[LIB_TX] + i * LIB_BUFFER;
    for (unsigned i = 0; i < (fit ? fit : 1) && i < LIB_BUFFERS; i++)
        give_buffer(l, l->data[LIB_RX] + i * LIB_BUFFER);
    publish(l, LIB_RX);
}

void lib_traffic(struct lib *l, const struct lib_traffic *t)
{
    struct run run = {.l = l, .t = t};
    uint32_t in = l->echo ? t->out : t->in;
    pthread_t far;

    prepare(&run);
    assert_int_equal(pthread_create(&far, NULL, far_end, &run), 0);
    for (;;) {
        while (run.sent < t->out && run.free_count > 0 && send_one(&run))
            ;
        publish(l, LIB_TX);
        virtq_disable_interrupts(&l->vq[LIB_TX]);
        virtq_disable_interrupts(&l->vq[LIB_RX]);
        take_used(&run);
        if (run.returned == t->out && run.received == in)
            break;
        if (run.sent < t->out && virtq_free_count(&l->vq[LIB_TX]) > 8 && run.free_count > 0)
            continue;
        if (virtq_enable_interrupts(&l->vq[LIB_TX]) && virtq_enable_interrupts(&l->vq[LIB_RX]))
            wait_interrupt(l);
    }
    pthread_join(far, NULL);
    assert_int_equal(__atomic_load_n(&l->wire_next, __ATOMIC_ACQUIRE), t->out);
    assert_int_equal(l->wire_bad, 0);
    assert_string_equal(l->failed, "");
}
