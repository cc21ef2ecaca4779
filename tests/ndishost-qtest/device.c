/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus_io.h"
#include "device.h"
#include "nt/machine/phys.h"

/* --- what the bus tells --- */

static void on_interrupt(void *context, bool asserted)
{
    struct device *d = context;

    pthread_mutex_lock(&d->lock);
    d->asserted = asserted;
    if (asserted)
        d->raised++;
    else
        d->lowered++;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

static void on_message(void *context, unsigned number)
{
    struct device *d = context;

    pthread_mutex_lock(&d->lock);
    if (number < BUS_MESSAGES)
        d->messages[number]++;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

static void on_frame(void *context, const void *frame, size_t length)
{
    struct device *d = context;
    struct wire_frame *to;

    pthread_mutex_lock(&d->lock);
    if (d->wire_count < WIRE_ROOM && length <= FRAME_ROOM) {
        to = &d->wire[d->wire_count++];
        to->length = length;
        memcpy(to->data, frame, length);
    }
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

static void on_failed(void *context, const char *why)
{
    struct device *d = context;

    pthread_mutex_lock(&d->lock);
    snprintf(d->failed, sizeof d->failed, "%s", why);
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

static const struct bus_events events = {on_interrupt, on_message, on_frame, on_failed};

/* Waits with the lock held until `condition(d)`. */
static bool wait_for(struct device *d, bool (*condition)(const struct device *),
                     unsigned milliseconds)
{
    struct timespec end;
    bool met;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += milliseconds / 1000;
    end.tv_nsec += milliseconds % 1000 * 1000000l;
    if (end.tv_nsec >= 1000000000l) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000l;
    }
    while (!(met = condition(d)))
        if (pthread_cond_timedwait(&d->changed, &d->lock, &end))
            break;
    return met || condition(d);
}

static bool is_asserted(const struct device *d)
{
    return d->asserted;
}

static bool is_low(const struct device *d)
{
    return !d->asserted;
}

static bool has_failed(const struct device *d)
{
    return *d->failed;
}

static bool has_frame(const struct device *d)
{
    return d->wire_count > d->wire_taken;
}

static unsigned look(struct device *d, const unsigned *what)
{
    unsigned value;

    pthread_mutex_lock(&d->lock);
    value = *what;
    pthread_mutex_unlock(&d->lock);
    return value;
}

unsigned device_raised(struct device *d)
{
    return look(d, &d->raised);
}

unsigned device_lowered(struct device *d)
{
    return look(d, &d->lowered);
}

bool device_asserted(struct device *d)
{
    return look(d, &d->asserted);
}

bool device_wait_line(struct device *d, bool asserted, unsigned milliseconds)
{
    bool met;

    pthread_mutex_lock(&d->lock);
    met = wait_for(d, asserted ? is_asserted : is_low, milliseconds);
    pthread_mutex_unlock(&d->lock);
    return met;
}

bool device_wait_failed(struct device *d, unsigned milliseconds)
{
    bool met;

    pthread_mutex_lock(&d->lock);
    met = wait_for(d, has_failed, milliseconds);
    pthread_mutex_unlock(&d->lock);
    return met;
}

void device_messages(struct device *d)
{
    struct bus_message message;

    assert_true(msix_find(d->bus, &d->msix));
    assert_false(d->bus->ops->message_target(d->bus, BUS_MESSAGES, &message));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(d->bus->ops->message_target(d->bus, 5 + i, &message));
        msix_write(d->bus, &d->msix, i, &message, false);
    }
    msix_enable(d->bus, &d->msix, true);
    d->messages_on = true;
}

static unsigned sent_messages(struct device *d)
{
    unsigned count;

    pthread_mutex_lock(&d->lock);
    count = d->messages[6];
    pthread_mutex_unlock(&d->lock);
    return count;
}

static bool wait_sent_messages(struct device *d, unsigned count)
{
    for (unsigned i = 0; i < 5000 && sent_messages(d) < count; i++)
        usleep(1000);
    return sent_messages(d) == count;
}

void device_check_messages(struct device *d)
{
    unsigned char frame[60];

    make_frame(frame, sizeof frame, 1);
    for (unsigned i = 1; i <= 50; i++) {
        device_send(d, frame, sizeof frame);
        assert_true(wait_sent_messages(d, i));
    }
    msix_mask(d->bus, &d->msix, 1, true);
    for (unsigned i = 0; i < 3; i++)
        device_send(d, frame, sizeof frame);
    usleep(20000);
    assert_int_equal(sent_messages(d), 50);
    msix_mask(d->bus, &d->msix, 1, false);
    assert_true(wait_sent_messages(d, 51));
    assert_int_equal(device_raised(d), 0);
    assert_int_equal(d->messages[5], 0);
}

bool device_wire(struct device *d, void *frame, size_t *length, unsigned milliseconds)
{
    bool met;

    pthread_mutex_lock(&d->lock);
    met = wait_for(d, has_frame, milliseconds);
    if (met) {
        const struct wire_frame *from = &d->wire[d->wire_taken++];

        memcpy(frame, from->data, from->length);
        *length = from->length;
    }
    pthread_mutex_unlock(&d->lock);
    return met;
}

/* --- open, close --- */

void device_memory(uint64_t bytes)
{
    char error[256] = "";

    if (phys_open(PHYS_PAGES, bytes ? bytes : 5ull << 30, 1, error, sizeof error) < 0)
        fail_msg("phys_open: %s", error);
}

bool device_try_open(struct device *d, const struct bus_backend *backend, const char *arguments)
{
    memset(d, 0, sizeof *d);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    d->wire = calloc(WIRE_ROOM, sizeof *d->wire);
    assert_non_null(d->wire);
    d->bus = backend->open(arguments, &events, d, d->error, sizeof d->error);
    if (d->bus)
        return true;
    free(d->wire);
    return false;
}

void device_open(struct device *d, const char *arguments)
{
    if (!device_try_open(d, &bus_qtest, arguments))
        fail_msg("open: %s", d->error);
}

void device_close(struct device *d)
{
    d->bus->ops->close(d->bus);
    for (unsigned q = 0; q < 2; q++) {
        for (unsigned i = 0; i < d->buffers; i++)
            phys_free(d->buffer[q][i].va);
        if (d->ring[q])
            phys_free(d->ring[q]);
        free(d->state[q]);
    }
    free(d->wire);
    d->bus = NULL;
}

/* --- bring-up --- */

static void check(enum virtio_pci_status status, const char *what)
{
    if (status != VIRTIO_PCI_OK)
        fail_msg("%s: %s", what, virtio_pci_status_text(status));
}

enum virtio_pci_status device_find(struct device *d)
{
    return virtio_pci_open(&d->pci, &bus_io, d->bus, 0);
}

static void start_queue(struct device *d, unsigned q, unsigned size)
{
    struct virtq_layout layout;
    struct virtio_pci_queue queue;
    struct virtq_config config;
    virtio_u16 max;

    check(virtio_pci_queue_size(&d->pci, (virtio_u16)q, &max), "queue size");
    config.size = (virtio_u16)(size ? size : max);
    assert_int_equal(virtq_layout(config.size, &layout), VIRTQ_OK);
    config.ring = phys_alloc(layout.ring_bytes, PHYS_CONTIGUOUS, (uint64_t *)&config.ring_addr);
    config.state = calloc(1, layout.state_bytes);
    assert_non_null(config.ring);
    d->ring[q] = config.ring;
    d->state[q] = config.state;
    assert_int_equal(virtq_init(&d->vq[q], &config), VIRTQ_OK);
    queue.index = (virtio_u16)q;
    queue.size = config.size;
    queue.vector = (virtio_u16)(d->messages_on ? q : VIRTIO_MSI_NO_VECTOR);
    queue.desc = d->vq[q].desc_addr;
    queue.driver = d->vq[q].avail_addr;
    queue.device = d->vq[q].used_addr;
    check(virtio_pci_queue_setup(&d->pci, &queue, &d->notify[q]), "queue set-up");
}

void device_start(struct device *d, virtio_u64 wanted, unsigned size)
{
    check(device_find(d), "open");
    check(virtio_pci_reset(&d->pci), "reset");
    check(virtio_pci_negotiate(&d->pci, wanted, VIRTIO_F_VERSION_1), "negotiate");
    start_queue(d, RX, size);
    start_queue(d, TX, size);
    check(virtio_pci_driver_ok(&d->pci), "DRIVER_OK");
    d->buffers = size && size < BUFFERS ? size : BUFFERS;
    for (unsigned q = 0; q < 2; q++)
        for (unsigned i = 0; i < d->buffers; i++) {
            struct device_buffer *b = &d->buffer[q][i];

            b->va = phys_alloc(NET_HEADER + FRAME_ROOM, 0, &b->pa);
            assert_non_null(b->va);
        }
}

void device_reset(struct device *d)
{
    check(virtio_pci_reset(&d->pci), "reset");
}

/* --- frames --- */

static void give_rx(struct device *d, struct device_buffer *buffer)
{
    struct virtq_sg sg = {buffer->pa, NET_HEADER + FRAME_ROOM};

    assert_int_equal(virtq_add(&d->vq[RX], &sg, 0, 1, NULL, buffer), VIRTQ_OK);
}

static void publish(struct device *d, unsigned q)
{
    if (virtq_publish(&d->vq[q]))
        virtio_pci_notify(&d->pci, &d->notify[q]);
}

void device_fill_rx(struct device *d, unsigned count)
{
    assert_true(count <= d->buffers);
    for (unsigned i = 0; i < count; i++)
        give_rx(d, &d->buffer[RX][i]);
    publish(d, RX);
}

/* Takes the next used buffer of a queue, asking again for `milliseconds`. */
static struct device_buffer *get_used(struct device *d, unsigned q, virtio_u32 *length,
                                      unsigned milliseconds)
{
    void *cookie;

    for (unsigned tries = milliseconds * 10 + 1; tries; tries--) {
        int result = virtq_get(&d->vq[q], &cookie, length);

        if (result == VIRTQ_OK)
            return cookie;
        assert_int_equal(result, VIRTQ_EMPTY);
        usleep(100);
    }
    return NULL;
}

bool device_receive(struct device *d, void *frame, size_t *length, unsigned milliseconds)
{
    virtio_u32 written;
    struct device_buffer *buffer = get_used(d, RX, &written, milliseconds);

    if (!buffer)
        return false;
    assert_true(written >= NET_HEADER);
    *length = written - NET_HEADER;
    memcpy(frame, buffer->va + NET_HEADER, *length);
    give_rx(d, buffer);
    publish(d, RX);
    return true;
}

void device_send(struct device *d, const void *frame, size_t length)
{
    struct device_buffer *buffer = &d->buffer[TX][rand() % d->buffers];
    struct virtq_sg sg = {buffer->pa, (virtio_u32)(NET_HEADER + length)};
    virtio_u32 written;

    memset(buffer->va, 0, NET_HEADER);
    memcpy(buffer->va + NET_HEADER, frame, length);
    assert_int_equal(virtq_add(&d->vq[TX], &sg, 1, 0, NULL, buffer), VIRTQ_OK);
    publish(d, TX);
    assert_ptr_equal(get_used(d, TX, &written, 5000), buffer);
}

void make_frame(unsigned char *frame, size_t length, uint32_t number)
{
    static const unsigned char head[14] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 0x52,
                                           0x54, 0,    1, 2,    3,    0x88, 0xb5};
    uint32_t x = number * 2654435761u + 1;

    for (size_t i = 0; i < length; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        frame[i] = i < sizeof head ? head[i] : (unsigned char)x;
    }
}
