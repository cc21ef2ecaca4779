/* SPDX-License-Identifier: MIT */
/* Each fault of the model, ordered once. A driver must see it at the occasion that was ordered. The model
 * must not blame the driver for what it did itself. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/model/fault.h"
#include "memory.h"
#include "raw.h"

static struct raw r;

static int close_all(void **state)
{
    (void)state;
    if (r.bus)
        raw_close(&r);
    r.bus = NULL;
    return 0;
}

static void send_command(const char *line)
{
    char error[128] = "";

    if (r.bus->ops->command(r.bus, line, error, sizeof error))
        fail_msg("%s: %s", line, error);
}

static void up(void)
{
    raw_bring_up(&r, FEATURES_PLAIN);
}

static void arrive(uint32_t length)
{
    static uint8_t frame[2048];

    assert_int_equal(r.bus->ops->wire_send(r.bus, frame, length, -1), 0);
}

/* Sends frames 0..n-1, each waited for. */
static void send_each(uint16_t n)
{
    for (uint16_t i = 0; i < n; i++) {
        raw_send(&r, i, 60);
        assert_true(raw_wait_used(&r, TX, (uint16_t)(i + 1)));
    }
}

/* Brings the device up with `n` buffers, receives n frames; the last used element. */
static struct spec_used_elem receive(uint16_t n)
{
    up();
    raw_fill(&r, n);
    for (uint16_t i = 0; i < n; i++) {
        arrive(60);
        assert_true(raw_wait_used(&r, RX, (uint16_t)(i + 1)));
    }
    return raw_used(&r, RX, (uint16_t)(n - 1));
}

static uint8_t *rx_slot(uint32_t head)
{
    return r.data + (256u + head) * 2048u;
}

/* ---- Registers ---- */

static void see_GONE(void)
{
    up();
    send_command("fault gone@3");
    raw_get8(&r, COMMON_DEVICE_STATUS);
    assert_int_not_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0xFF);
    assert_int_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0xFF);
    assert_int_equal(raw_get32(&r, COMMON_DEVICE_FEATURE), UINT32_MAX);
    assert_int_equal(*r.isr, 0xFF);
    assert_int_equal(r.bus->ops->config_read(r.bus, 0, 4), UINT32_MAX);
    assert_int_equal(r.bus->ops->wire_send(r.bus, r.data, 60, -1), -1);
    raw_offer(&r, TX, raw_desc(&r, TX, 0, r.data_pa, 72, 0, 0));
    raw_notify(&r, TX);
    usleep(20000);
    assert_int_equal(raw_used_idx(&r, TX), 0);
}

static void see_GONE_FRAME(void)
{
    send_command("fault gone_frame@3");
    up();
    send_each(2);
    raw_send(&r, 2, 60);
    for (int i = 0; i < 2000 && raw_get8(&r, COMMON_DEVICE_STATUS) != 0xFF; i++)
        usleep(1000);
    assert_int_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0xFF);
    assert_int_equal(raw_used_idx(&r, TX), 2);
}

static void see_RESET_NEVER(void)
{
    send_command("fault reset_never@2");
    up();
    assert_false(raw_reset(&r));
    assert_int_not_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0);
    raw_send(&r, 0, 60);
    usleep(20000);
    assert_int_equal(r.frames, 0); /* but it is quiet */
}

static void see_RESET_IGNORED(void)
{
    uint16_t command = (uint16_t)r.bus->ops->config_read(r.bus, PCI_COMMAND, 2);

    send_command("fault reset_ignored");
    up(); /* its reset, at status 0, could not be seen to be ignored: the fault waits */
    assert_false(raw_reset(&r));
    assert_int_not_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0);
    raw_send(&r, 0, 60);
    for (int i = 0; i < 2000 && r.frames == 0; i++)
        usleep(1000);
    assert_int_equal(r.frames, 1); /* as before */
    r.bus->ops->config_write(r.bus, PCI_COMMAND, 2, command & ~PCI_COMMAND_MASTER);
    raw_send(&r, 1, 60);
    usleep(20000);
    assert_int_equal(r.frames, 1); /* it cannot reach them */
    assert_true(raw_reset(&r));
}

static void see_RESET_SLOW(void)
{
    up();
    send_command("fault reset_slow");
    raw_put8(&r, COMMON_DEVICE_STATUS, 0);
    usleep(50000);
    assert_int_not_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0);
    usleep(300000);
    assert_int_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0);
}

static void see_FEATURES_REFUSED(void)
{
    send_command("fault features_refused");
    assert_false(raw_negotiate(&r, FEATURES_PLAIN));
    send_command("fault none");
    assert_true(raw_negotiate(&r, FEATURES_PLAIN));
}

static void see_NEEDS_RESET(void)
{
    send_command("fault needs_reset@2");
    up();
    send_each(1);
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(*r.isr, ISR_QUEUE);
    raw_send(&r, 1, 60);
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(*r.isr, ISR_CONFIG);
    assert_true(raw_get8(&r, COMMON_DEVICE_STATUS) & STATUS_NEEDS_RESET);
    assert_int_equal(raw_used_idx(&r, TX), 1);
    assert_string_equal(r.failed, ""); /* it is not the driver's fault */
    up();
    send_each(1);
}

static void see_NEEDS_RESET_START(void)
{
    send_command("fault needs_reset_start@2");
    up();
    assert_false(raw_get8(&r, COMMON_DEVICE_STATUS) & STATUS_NEEDS_RESET);
    up();
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(*r.isr, ISR_CONFIG);
    assert_true(raw_get8(&r, COMMON_DEVICE_STATUS) & STATUS_NEEDS_RESET);
    assert_string_equal(r.failed, "");
}

/* A read on a thread of its own, which ends later than it began. */
static struct late {
    pthread_t thread;
    unsigned value;
    atomic_bool ended;
} late;

static void *read_status(void *argument)
{
    (void)argument;
    late.value = raw_get8(&r, COMMON_DEVICE_STATUS);
    atomic_store(&late.ended, true);
    return NULL;
}

static void *read_link(void *argument)
{
    (void)argument;
    late.value = *(volatile uint16_t *)(r.device + NET_CONFIG_STATUS);
    atomic_store(&late.ended, true);
    return NULL;
}

/* Starts the read, and returns when the fault has it. */
static void read_late(void *(*read)(void *), const char *fault)
{
    unsigned long before = raw_report(&r, fault);
    char order[64];

    snprintf(order, sizeof order, "fault %s", fault);
    send_command(order);
    atomic_store(&late.ended, false);
    assert_int_equal(pthread_create(&late.thread, NULL, read, NULL), 0);
    for (int i = 0; i < 2000 && raw_report(&r, fault) == before; i++)
        usleep(1000);
}

static void see_STATUS_LATE(void)
{
    send_command("fault needs_reset");
    up();
    raw_send(&r, 0, 60);
    assert_true(raw_wait_line(&r, true));
    read_late(read_status, "status_late");
    assert_true(raw_reset(&r));
    assert_false(atomic_load(&late.ended));
    up();
    pthread_join(late.thread, NULL);
    assert_true(late.value & STATUS_NEEDS_RESET);
    assert_false(raw_get8(&r, COMMON_DEVICE_STATUS) & STATUS_NEEDS_RESET);
}

static void see_NOTIFY_SLOW(void)
{
    struct timespec before, after;

    up();
    send_command("fault notify_slow");
    clock_gettime(CLOCK_MONOTONIC, &before);
    raw_send(&r, 0, 60);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(
        (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 199);
    assert_true(raw_wait_used(&r, TX, 1));
}

static void see_QUEUE_SIZE_ODD(void)
{
    uint16_t size;

    send_command("fault queue_size_odd");
    size = raw_get16(&r, COMMON_QUEUE_SIZE);
    assert_int_not_equal(size & (size - 1), 0);
}

static void see_QUEUE_SMALL(void)
{
    uint16_t whole = raw_get16(&r, COMMON_QUEUE_SIZE);

    send_command("fault queue_small");
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_SIZE), whole);
    assert_true(raw_reset(&r));
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_SIZE), whole / 4);
    send_command("fault none");
    assert_true(raw_reset(&r));
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_SIZE), whole);
}

static void see_mtu(const char *command, unsigned mtu)
{
    volatile uint16_t *field = (volatile uint16_t *)(r.device + NET_CONFIG_MTU);

    send_command(command);
    assert_int_equal(*field, 1500);
    assert_true(raw_reset(&r));
    assert_int_equal(*field, mtu);
    send_command("fault none");
    assert_true(raw_reset(&r));
    assert_int_equal(*field, 1500);
}

static void see_MTU_SMALL(void)
{
    see_mtu("fault mtu_small", 1000);
}

static void see_MTU_TINY(void)
{
    see_mtu("fault mtu_tiny", 67);
}

static void see_MASTER_LOST(void)
{
    uint32_t command = r.bus->ops->config_read(r.bus, PCI_COMMAND, 2) | PCI_COMMAND_MASTER;

    r.bus->ops->config_write(r.bus, PCI_COMMAND, 2, command);
    r.bus->ops->set_power(r.bus, 3);
    send_command("fault master_lost");
    r.bus->ops->set_power(r.bus, 0);
    assert_int_equal(r.bus->ops->config_read(r.bus, PCI_COMMAND, 2),
                     command & ~(uint32_t)PCI_COMMAND_MASTER);
    r.bus->ops->config_write(r.bus, PCI_COMMAND, 2, command);
    assert_int_equal(r.bus->ops->config_read(r.bus, PCI_COMMAND, 2), command);
}

static void see_QUEUE_ENABLED(void)
{
    send_command("fault queue_enabled");
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_ENABLE), 1);
}

static void see_QUEUE_STUCK(void)
{
    send_command("fault queue_stuck");
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queues(&r);
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_ENABLE), 0);
}

static void see_NOTIFY_RANGE(void)
{
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_NOTIFY_OFF), 0);
    send_command("fault notify_range");
    assert_true(raw_get16(&r, COMMON_QUEUE_NOTIFY_OFF) * r.multiplier > 4096);
}

static void see_GENERATION(void)
{
    uint8_t first = raw_get8(&r, COMMON_CONFIG_GENERATION);

    assert_int_equal(raw_get8(&r, COMMON_CONFIG_GENERATION), first);
    send_command("fault generation");
    first = raw_get8(&r, COMMON_CONFIG_GENERATION);
    for (int i = 0; i < 600; i++) {
        uint8_t next = raw_get8(&r, COMMON_CONFIG_GENERATION);

        assert_int_not_equal(next, first);
        first = next;
    }
}

/* One reading as 2.5.1 has it; true if the generation held. */
static bool read_mac(uint8_t mac[6])
{
    uint8_t before = raw_get8(&r, COMMON_CONFIG_GENERATION);

    for (int i = 0; i < 6; i++)
        mac[i] = r.device[NET_CONFIG_MAC + i];
    return raw_get8(&r, COMMON_CONFIG_GENERATION) == before;
}

static void see_CONFIG_TORN(void)
{
    static const uint8_t wanted[6] = {0x02, 1, 2, 3, 4, 5};
    uint8_t mac[6];

    send_command("fault config_torn@5");
    assert_false(read_mac(mac));
    assert_memory_not_equal(mac, wanted, 6);
    assert_false(read_mac(mac));
    assert_true(read_mac(mac));
    assert_memory_equal(mac, wanted, 6);
}

static void see_CONFIG_LATE(void)
{
    up();
    read_late(read_link, "config_late");
    pthread_join(late.thread, NULL);
    assert_int_equal(late.value, NET_S_LINK_UP);
    read_late(read_link, "config_late");
    assert_true(raw_reset(&r));
    pthread_join(late.thread, NULL);
    assert_int_equal(late.value, 0);
    assert_int_equal(*(volatile uint16_t *)(r.device + NET_CONFIG_STATUS), NET_S_LINK_UP);
}

static void see_MAC_GROUP(void)
{
    send_command("fault mac_group");
    assert_true(r.device[NET_CONFIG_MAC] & 1);
}

static void see_MAC_ZERO(void)
{
    uint8_t mac[6];

    send_command("fault mac_zero");
    read_mac(mac);
    assert_memory_equal(mac, "\0\0\0\0\0\0", 6);
}

static void see_STATUS_GARBAGE(void)
{
    send_command("fault status_garbage");
    assert_int_equal(*(volatile uint16_t *)(r.device + NET_CONFIG_STATUS), 0xFFFF);
    r.bus->ops->set_link(r.bus, false);
    assert_int_equal(*(volatile uint16_t *)(r.device + NET_CONFIG_STATUS), 0xFFFE);
}

/* ---- Interrupts ---- */

static void see_ISR_ZERO(void)
{
    up();
    send_command("fault isr_zero");
    send_each(1);
    assert_true(raw_wait_line(&r, true));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(*r.isr, 0);
        assert_true(r.asserted);
    }
    assert_int_equal(*r.isr, ISR_QUEUE);
    assert_false(r.asserted);
}

static void see_ISR_STUCK(void)
{
    up();
    send_command("fault isr_stuck");
    send_each(1);
    assert_true(raw_wait_line(&r, true));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(*r.isr, ISR_QUEUE);
        assert_true(r.asserted);
    }
    assert_int_equal(*r.isr, ISR_QUEUE);
    assert_false(r.asserted);
    assert_int_equal(*r.isr, 0);
}

static void see_ISR_RESERVED(void)
{
    up();
    send_command("fault isr_reserved");
    send_each(1);
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(*r.isr, 0xFC | ISR_QUEUE);
}

static void see_SPURIOUS(void)
{
    up();
    r.q[TX].avail[0] = AVAIL_F_NO_INTERRUPT;
    send_command("fault interrupt_spurious");
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(raw_used_idx(&r, TX), 0);
    assert_int_equal(*r.isr, ISR_QUEUE);
}

static void see_LOST(void)
{
    send_command("fault interrupt_lost@2");
    up();
    send_each(1);
    assert_true(raw_wait_line(&r, true));
    (void)*r.isr;
    raw_send(&r, 1, 60);
    assert_true(raw_wait_used(&r, TX, 2));
    usleep(20000);
    assert_false(r.asserted);
    raw_send(&r, 2, 60);
    assert_true(raw_wait_line(&r, true));
}

static void see_CONFIG_SPURIOUS(void)
{
    uint8_t generation = raw_get8(&r, COMMON_CONFIG_GENERATION);

    up();
    send_command("fault config_spurious");
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(*r.isr, ISR_CONFIG);
    assert_int_equal(raw_get8(&r, COMMON_CONFIG_GENERATION), generation);
}

/* ---- Used rings ---- */

static struct spec_used_elem third_used(const char *fault)
{
    char line[64];

    up();
    snprintf(line, sizeof line, "fault %s@3", fault);
    send_command(line);
    send_each(3);
    for (uint16_t i = 0; i < 2; i++)
        assert_int_equal(raw_used(&r, TX, i).id, i);
    return raw_used(&r, TX, 2);
}

static void see_USED_ID_RANGE(void)
{
    assert_in_range(third_used("used_id_range").id, 16, 65535);
}

static void see_USED_ID_HIGH(void)
{
    assert_int_equal(third_used("used_id_high").id, 0x10002);
}

static void see_USED_ID_FREE(void)
{
    uint32_t id = third_used("used_id_free").id;

    assert_true(id < 16 && id != 2);
}

static void see_USED_TWICE(void)
{
    up();
    send_command("fault used_twice@3");
    send_each(2);
    raw_send(&r, 2, 60);
    assert_true(raw_wait_used(&r, TX, 4));
    assert_int_equal(raw_used(&r, TX, 2).id, 2);
    assert_int_equal(raw_used(&r, TX, 3).id, 2);
}

static void see_USED_LEN(void)
{
    send_command("fault used_len@2");
    assert_int_equal(receive(2).len, 2049);
    assert_int_equal(raw_used(&r, RX, 0).len, 72);
}

static void see_USED_LEN_HUGE(void)
{
    send_command("fault used_len_huge@2");
    assert_int_equal(receive(2).len, UINT32_MAX);
    assert_int_equal(raw_used(&r, RX, 0).len, 72);
}

static void see_USED_LEN_OUT(void)
{
    assert_int_equal(third_used("used_len_out").len, 12 + 60);
    assert_int_equal(raw_used(&r, TX, 1).len, 0);
}

static void see_USED_IDX_JUMP(void)
{
    up();
    send_command("fault used_idx_jump");
    raw_send(&r, 0, 60);
    assert_true(raw_wait_used(&r, TX, 18));
}

static void see_USED_IDX_BACK(void)
{
    up();
    send_each(2);
    send_command("fault used_idx_back");
    raw_send(&r, 2, 60);
    assert_true(raw_wait_used(&r, TX, 1));
    assert_int_equal(raw_report(&r, "rx_untold"), 0); /* it takes nothing from those who sent */
}

static void see_USED_STALE(void)
{
    assert_int_equal(third_used("used_stale").id, 0); /* as it was when the ring was zeroed */
}

static void see_USED_FLAGS(void)
{
    up();
    send_command("fault used_flags");
    send_each(1);
    assert_int_equal(r.q[TX].used[0] & 0xFFFE, 0xFFFE);
}

/* The word after the used ring, for a ring of 16. */
static volatile uint16_t *avail_event(unsigned queue)
{
    return &r.q[queue].used[2 + 4 * 16];
}

static void up_with_events(void)
{
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_EVENT_IDX);
}

/* Without a notification: there is none to be had. `sent` frames were used before. */
static void goes_on_without_notifications(uint16_t sent)
{
    raw_offer(&r, TX, raw_desc(&r, TX, sent, r.data_pa, 72, 0, 0));
    assert_true(raw_wait_used(&r, TX, (uint16_t)(sent + 1)));
    raw_fill(&r, 1);
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 1));
    raw_offer(&r, RX, raw_desc(&r, RX, 1, r.data_pa, 2000, DESC_F_WRITE, 0));
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 2));
}

static void see_NO_NOTIFY(void)
{
    send_command("fault no_notify");
    up();
    send_each(1);
    usleep(20000);
    assert_int_equal(r.q[TX].used[0], USED_F_NO_NOTIFY);
    goes_on_without_notifications(1);
    up_with_events();
    send_each(3);
    usleep(20000);
    assert_int_equal(r.q[TX].used[0], 0);
    assert_int_equal(*avail_event(TX), 2); /* it was passed */
    goes_on_without_notifications(3);
}

static void see_NOTIFY_ALWAYS(void)
{
    send_command("fault notify_always");
    up();
    raw_fill(&r, 4);
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 1));
    usleep(20000);
    assert_int_equal(r.q[RX].used[0], 0); /* although there are buffers */
    assert_int_equal(r.q[TX].used[0], 0);
    up_with_events();
    raw_fill(&r, 4);
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 1));
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 2));
    assert_int_equal(*avail_event(RX), 4);
}

/* Frames of which the device is notified get through, whatever avail_event says. Of the last one it is not
 * notified, because the lie does not ask for it. The device does not look before the fault is over. */
static void see_AVAIL_EVENT(void)
{
    uint16_t sent = 0;

    send_command("fault avail_event");
    up_with_events();
    do {
        raw_send(&r, sent % 16, 60);
        assert_true(raw_wait_used(&r, TX, ++sent));
        usleep(5000);
    } while (sent < 8 || (sent < 100 && *avail_event(TX) == sent));
    raw_offer(&r, TX, raw_desc(&r, TX, sent % 16, r.data_pa, 72, 0, 0));
    usleep(1300000); /* the device looks for missing notifications each half second */
    assert_int_equal(raw_used_idx(&r, TX), sent);
    send_command("fault none");
    assert_true(raw_wait_used(&r, TX, ++sent));
    for (int i = 0; i < 2000 && *avail_event(TX) != sent; i++)
        usleep(1000);
    assert_int_equal(*avail_event(TX), sent);
}

static void see_AVAIL_SCRIBBLE(void)
{
    up();
    raw_fill(&r, 4);
    send_command("fault avail_scribble");
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 1));
    for (int i = 0; i < 4; i++)
        assert_int_equal(r.q[RX].avail[2 + i], 0xFFFF);
    assert_int_equal(r.q[RX].avail[1], 4);
    arrive(60); /* the device itself is not confused */
    assert_true(raw_wait_used(&r, RX, 2));
    assert_int_equal(raw_used(&r, RX, 1).id, 1);
}

static void see_DESC_SCRIBBLE(void)
{
    up();
    raw_fill(&r, 4);
    send_command("fault desc_scribble");
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 1));
    for (int i = 0; i < 4; i++)
        assert_int_equal(r.q[RX].desc[i].flags, 0xFFFF);
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 2));
    assert_int_equal(raw_used(&r, RX, 1).len, 72);
}

/* ---- Frames ---- */

static void see_RX_SHORT(void)
{
    send_command("fault rx_short@2");
    assert_int_equal(receive(2).len, 11);
    assert_int_equal(raw_used(&r, RX, 0).len, 72);
}

static void see_RX_EMPTY(void)
{
    send_command("fault rx_empty@2");
    assert_int_equal(receive(2).len, 12);
}

static void see_RX_RUNT(void)
{
    send_command("fault rx_runt@2");
    assert_int_equal(receive(2).len, 25);
}

static void see_RX_LONG(void)
{
    send_command("fault rx_long@2");
    assert_int_equal(receive(2).len, 2048);
}

static void expect_num_buffers(const char *fault, unsigned wanted)
{
    struct spec_net_header header;

    send_command(fault);
    memcpy(&header, rx_slot(receive(2).id), sizeof header);
    assert_int_equal(header.num_buffers, wanted);
    memcpy(&header, rx_slot(raw_used(&r, RX, 0).id), sizeof header);
    assert_int_equal(header.num_buffers, 1);
}

static void see_RX_NUM_ZERO(void)
{
    expect_num_buffers("fault rx_num_zero@2", 0);
}

static void see_RX_NUM_MANY(void)
{
    expect_num_buffers("fault rx_num_many@2", 2);
}

static void see_RX_FLAGS(void)
{
    send_command("fault rx_flags@2");
    assert_int_equal(rx_slot(receive(2).id)[0], 0xFF);
    assert_int_equal(rx_slot(raw_used(&r, RX, 0).id)[0], 0);
}

/* The first buffer is overwritten when the second frame comes. */
static void see_RX_WRITES_ON(void)
{
    send_command("fault rx_writes_on");
    assert_int_equal(rx_slot(receive(2).id)[100], 0);
    assert_int_equal(rx_slot(raw_used(&r, RX, 0).id)[100], 0xFF);
}

static void expect_gso_type(const char *fault, unsigned wanted)
{
    send_command(fault);
    assert_int_equal(rx_slot(receive(2).id)[1], wanted);
    assert_int_equal(rx_slot(raw_used(&r, RX, 0).id)[1], 0);
}

static void see_RX_TUNNEL(void)
{
    expect_gso_type("fault rx_tunnel@2", 0x20);
}

static void see_RX_TUNNELS(void)
{
    expect_gso_type("fault rx_tunnels@2", 0x60);
}

static void see_RX_STALL(void)
{
    send_command("fault rx_stall@3");
    receive(2);
    raw_fill(&r, 4);
    arrive(60);
    usleep(20000);
    assert_int_equal(raw_used_idx(&r, RX), 2);
    send_each(1); /* the other direction goes on */
    send_command("fault none");
    assert_true(raw_wait_used(&r, RX, 3)); /* and nothing was lost */
}

static void see_TX_STALL(void)
{
    send_command("fault tx_stall@3");
    up();
    send_each(2);
    raw_send(&r, 2, 60);
    usleep(20000);
    assert_int_equal(raw_used_idx(&r, TX), 2);
    send_command("fault none");
    assert_true(raw_wait_used(&r, TX, 3));
}

static void see_DEAD(void)
{
    send_command("fault dead@3");
    up();
    send_each(2);
    assert_true(raw_wait_line(&r, true));
    (void)*r.isr;
    raw_send(&r, 2, 60);
    raw_fill(&r, 4);
    arrive(60);
    usleep(20000);
    r.bus->ops->set_link(r.bus, false);
    usleep(20000);
    assert_int_equal(raw_used_idx(&r, TX), 2);
    assert_int_equal(raw_used_idx(&r, RX), 0);
    assert_false(r.asserted);
    assert_int_not_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0xFF); /* its registers answer */
}

/* ---- All of them ---- */

#define FAULT_TEST(id, kind, name, text)                                                  \
    static void test_##id(void **state)                                                   \
    {                                                                                     \
        (void)state;                                                                      \
        raw_open(&r, "queue_size=16,mac=02:01:02:03:04:05,mtu=1500,notify_multiplier=4"); \
        see_##id();                                                                       \
        if (raw_report(&r, name) == 0)                                                    \
            fail_msg("the report does not say that %s struck", name);                     \
        if (raw_report(&r, "violations"))                                                 \
            fail_msg("the driver was blamed");                                            \
    }
FAULTS(FAULT_TEST)

static void test_at_open(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16,fault=rx_num_zero@2+used_len@1");
    assert_int_equal(raw_report(&r, "rx_num_zero"), 0);
    assert_int_equal(receive(1).len, 2049);
    raw_fill(&r, 1);
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 2));
    assert_int_equal(raw_report(&r, "rx_num_zero"), 1);
    assert_int_equal(raw_report(&r, "used_len"), 1);
}

/* After a lie the device may be given what it has already. It asks for a reset and blames nobody. */
static void test_confused(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16");
    up();
    raw_fill(&r, 4);
    send_command("fault used_id_high");
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 1));
    raw_offer(&r, RX, 3);
    arrive(60);
    for (int i = 0; i < 2000 && !(raw_get8(&r, COMMON_DEVICE_STATUS) & STATUS_NEEDS_RESET); i++)
        usleep(1000);
    assert_true(raw_get8(&r, COMMON_DEVICE_STATUS) & STATUS_NEEDS_RESET);
    assert_true(raw_wait_line(&r, true));
    assert_true(*r.isr & ISR_CONFIG);
    assert_int_equal(raw_report(&r, "violations"), 0);
    assert_string_equal(r.failed, "");
    receive(1); /* the next life is a good one */
}

/* After a lie the driver may have put something else where the device still reads. */
static void test_overwritten(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16");
    up();
    send_command("fault used_id_high");
    raw_send(&r, 0, 60);
    assert_true(raw_wait_used(&r, TX, 1));
    memset(r.data + 2048, 0xA5, 72);
    raw_offer(&r, TX, raw_desc(&r, TX, 1, r.data_pa + 2048, 72, 0, 0));
    raw_offer(&r, TX, raw_desc(&r, TX, 2, r.data_pa + 2048, 8, 0, 0));
    raw_notify(&r, TX);
    assert_true(raw_wait_used(&r, TX, 3));
    assert_int_equal(raw_report(&r, "violations"), 0);
    assert_string_equal(r.failed, "");
}

static void test_unknown(void **state)
{
    static const char *const bad[] = {"fault nonsense", "fault dead@0",  "fault dead@",
                                      "fault dead@1x",  "fault dead@-1", "fault dead+",
                                      "fault",          "fault ",        "nonsense"};

    (void)state;
    raw_open(&r, "");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char error[128] = "";

        assert_int_equal(r.bus->ops->command(r.bus, bad[i], error, sizeof error), -1);
        assert_string_not_equal(error, "");
    }
}

/* Where it takes received frames away, they are counted. */
static void test_used_idx_back_over_frames(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16");
    receive(3);
    raw_fill(&r, 1);
    send_command("fault used_idx_back");
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 2));
    assert_int_equal(raw_report(&r, "rx_untold"), 2);
}

/* Frames are counted from a lie that the driver cannot see to the next reset, and after no other lie. */
static void test_frames_after_an_unseen_lie(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16");
    send_command("fault used_len@2");
    receive(3);
    assert_int_equal(raw_report(&r, "rx_misled"), 0);
    raw_fill(&r, 2);
    send_command("fault used_stale");
    arrive(60);
    arrive(60);
    assert_true(raw_wait_used(&r, RX, 5));
    assert_int_equal(raw_report(&r, "rx_misled"), 2);
}

int main(void)
{
#define TEST(id, kind, name, text) {"model:fault:" name, test_##id, NULL, close_all, NULL},
    static const struct CMUnitTest tests[] = {
        FAULTS(TEST){"model:fault:at_open", test_at_open, NULL, close_all, NULL},
        {"model:fault:confused", test_confused, NULL, close_all, NULL},
        {"model:fault:overwritten", test_overwritten, NULL, close_all, NULL},
        {"model:fault:unknown", test_unknown, NULL, close_all, NULL},
        {"model:fault:frames after an unseen lie", test_frames_after_an_unseen_lie, NULL, close_all,
         NULL},
        {"model:fault:used_idx_back over frames", test_used_idx_back_over_frames, NULL, close_all,
         NULL}};

    return cmocka_run_group_tests(tests, memory_setup, NULL);
}
