/* SPDX-License-Identifier: MIT */
/* The model's control queue and its queue pairs: where the queue is, what its commands change, where frames go. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/msix.h"
#include "memory.h"
#include "raw.h"
#include "rules/rules.h"

#define CTRL (FEATURES_PLAIN | FEATURE_CTRL_VQ)
#define OPTIONS \
    "queue_size=16,vectors=8,features=+ctrl_rx+ctrl_rx_extra+ctrl_vlan+ctrl_mac_addr,pairs=2"
#define FRAME   64u
#define SLOT(i) (r.data + (i)*2048u)

static struct raw r;
static unsigned control; /* queue */

static int close_all(void **state)
{
    (void)state;
    if (r.bus)
        raw_close(&r);
    r.bus = NULL;
    return 0;
}

static void bring_up(uint64_t features)
{
    control = features & FEATURE_MQ ? 4 : 2;
    assert_true(raw_negotiate(&r, features));
    raw_queues_to(&r, control + 1);
    raw_status(&r, STATUS_DRIVER_OK);
}

static void up(uint64_t features)
{
    raw_open(&r, OPTIONS);
    bring_up(features);
}

static void innocent(void)
{
    assert_int_equal(raw_report(&r, "violations"), 0);
}

static void command(const void *bytes, uint32_t length)
{
    assert_int_equal(raw_command(&r, control, bytes, length), NET_OK);
}

static void set(uint8_t class, uint8_t number, uint16_t value, uint32_t size)
{
    command((uint8_t[]){class, number, (uint8_t)value, (uint8_t)(value >> 8)}, 2 + size);
}

static void mode(uint8_t number, bool on)
{
    set(NET_CTRL_RX, number, on, 1);
}

/* Fills a receive queue: `count` buffers, in slots of its own. */
static void fill(unsigned queue, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++)
        raw_offer(
            &r, queue,
            raw_desc(&r, queue, i, r.data_pa + (64u * queue + i) * 2048u, 2048, DESC_F_WRITE, 0));
    raw_notify(&r, queue);
}

/* ---- Frames ---- */

static void form(uint8_t frame[FRAME], const uint8_t *to)
{
    memset(frame, 0, FRAME);
    memcpy(frame, to, 6);
    memcpy(frame + 6, (uint8_t[]){2, 0, 0, 0, 0, 9}, 6);
    frame[12] = 0x88;
    frame[13] = 0xB5;
}

static void arrive(const uint8_t *to)
{
    uint8_t frame[FRAME];

    form(frame, to);
    assert_int_equal(r.bus->ops->wire_send(r.bus, frame, FRAME, -1), 0);
}

static void arrive_tagged(const uint8_t *to, unsigned tag)
{
    uint8_t frame[FRAME];

    form(frame, to);
    memcpy(frame + 12, (uint8_t[]){0x81, 0, (uint8_t)(tag >> 8), (uint8_t)tag, 0x88, 0xB5}, 6);
    assert_int_equal(r.bus->ops->wire_send(r.bus, frame, FRAME, -1), 0);
}

/* UDP between port `a` of 10.0.0.1 and port `b` of 10.0.0.2; back: from the second to the first. */
static void form_flow(uint8_t frame[FRAME], uint8_t a, uint8_t b, bool back)
{
    static const uint8_t to[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    form(frame, to);
    memcpy(frame + 12, (uint8_t[]){8, 0, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17}, 12);
    memcpy(frame + 26, (uint8_t[]){10, 0, 0, back ? 2 : 1, 10, 0, 0, back ? 1 : 2}, 8);
    memcpy(frame + 34, (uint8_t[]){9, back ? b : a, 9, back ? a : b}, 4);
}

static void send_flow(unsigned queue, uint16_t slot, uint8_t a, uint8_t b)
{
    unsigned sent = r.frames;

    memset(SLOT(slot), 0, NET_HEADER_SIZE);
    form_flow(SLOT(slot) + NET_HEADER_SIZE, a, b, false);
    raw_offer(&r, queue,
              raw_desc(&r, queue, slot, r.data_pa + slot * 2048u, NET_HEADER_SIZE + FRAME, 0, 0));
    raw_notify(&r, queue);
    assert_true(raw_wait_frames(&r, sent + 1));
}

static void answer_flow(uint8_t a, uint8_t b)
{
    uint8_t frame[FRAME];

    form_flow(frame, a, b, true);
    assert_int_equal(r.bus->ops->wire_send(r.bus, frame, FRAME, -1), 0);
}

static const uint8_t own[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56}, other[6] = {2, 0, 0, 0, 0, 1},
                     third[6] = {2, 0, 0, 0, 0, 2}, group[6] = {1, 0, 0x5E, 0, 0, 1},
                     group2[6] = {1, 0, 0x5E, 0, 0, 2},
                     everyone[6] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

/* Sends one frame to each, and a last one that always comes in: how many of them were received. */
static void expect_received(const char *wanted)
{
    static const uint8_t *const to[] = {own, other, third, group, group2, everyone};
    static const char letters[] = "otxgGb";
    uint16_t before = raw_used_idx(&r, RX), got;
    unsigned long filtered = raw_report(&r, "rx_filtered");
    char names[8] = "";

    for (unsigned i = 0; i < 6; i++)
        arrive(to[i]);
    for (int i = 0; i < 2000; i++) {
        got = (uint16_t)(raw_used_idx(&r, RX) - before);
        if (got + raw_report(&r, "rx_filtered") - filtered == 6)
            break;
        usleep(1000);
    }
    for (uint16_t i = 0; i < got; i++) {
        struct spec_used_elem e = raw_used(&r, RX, (uint16_t)(before + i));
        const uint8_t *frame = r.data + e.id * 2048u + NET_HEADER_SIZE;

        assert_int_equal(e.len, NET_HEADER_SIZE + FRAME);
        for (unsigned j = 0; j < 6; j++)
            if (memcmp(frame, to[j], 6) == 0)
                names[strlen(names)] = letters[j];
        raw_offer(&r, RX, (uint16_t)e.id);
    }
    raw_notify(&r, RX);
    assert_string_equal(names, wanted);
}

/* ---- Where the queues are ---- */

static void test_no_control_queue_unasked(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16");
    assert_int_equal(raw_get16(&r, COMMON_NUM_QUEUES), 2);
    assert_int_equal(raw_get32(&r, COMMON_DEVICE_FEATURE) >> 17 & 0x7F, 0);
    innocent();
}

/* 5.1.2: 2 * N, where N is max_virtqueue_pairs with MQ, else 1. */
static void test_index(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16,ctrl_queue_size=32,pairs=3,features=+ctrl_rx");
    assert_int_equal(raw_get16(&r, COMMON_NUM_QUEUES), 7);
    assert_int_equal(*(volatile uint16_t *)(r.device + NET_CONFIG_MAX_PAIRS), 3);
    assert_true(raw_negotiate(&r, CTRL | FEATURE_CTRL_RX | FEATURE_MQ));
    raw_put16(&r, COMMON_QUEUE_SELECT, 6);
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_SIZE), 32);
    raw_queues_to(&r, 7);
    raw_status(&r, STATUS_DRIVER_OK);
    control = 6;
    mode(NET_CTRL_RX_PROMISC, false);
    assert_true(raw_negotiate(&r, CTRL | FEATURE_CTRL_RX));
    raw_put16(&r, COMMON_QUEUE_SELECT, 3);
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_SIZE), 0);
    raw_queues_to(&r, 3);
    raw_status(&r, STATUS_DRIVER_OK);
    control = 2;
    mode(NET_CTRL_RX_PROMISC, false);
    assert_true(raw_negotiate(&r, FEATURES_PLAIN));
    raw_put16(&r, COMMON_QUEUE_SELECT, 2);
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_SIZE), 0);
    assert_int_equal(raw_report(&r, "ctrl_commands"), 2);
    innocent();
}

/* ---- Filters ---- */

static void test_modes(void **state)
{
    (void)state;
    up(CTRL | FEATURE_CTRL_RX | FEATURE_CTRL_RX_EXTRA);
    fill(RX, 16);
    expect_received("otxgGb"); /* promiscuous at first */
    mode(NET_CTRL_RX_PROMISC, false);
    expect_received("ob");
    mode(NET_CTRL_RX_ALLMULTI, true);
    expect_received("ogGb");
    mode(NET_CTRL_RX_NOMULTI, true);
    mode(NET_CTRL_RX_ALLUNI, true);
    expect_received("otxb");
    mode(NET_CTRL_RX_NOBCAST, true);
    mode(NET_CTRL_RX_NOUNI, true);
    expect_received("");
    mode(NET_CTRL_RX_PROMISC, true);
    expect_received("otxgGb");
    innocent();
}

static void test_table(void **state)
{
    static const uint8_t table[] = {1, 0, 1, 0, 0, 0, 2, 0,    0, 0, 0,
                                    1, 1, 0, 0, 0, 1, 0, 0x5E, 0, 0, 2};

    (void)state;
    up(CTRL | FEATURE_CTRL_RX);
    fill(RX, 16);
    mode(NET_CTRL_RX_PROMISC, false);
    command(table, sizeof table);
    expect_received("otGb");
    assert_int_equal(raw_report(&r, "violations"), 0);
    /* Malformed in any way, it changes nothing. */
    assert_int_equal(raw_command(&r, control, table, sizeof table - 1), NET_ERR);
    assert_int_equal(raw_command(&r, control, table, 8), NET_ERR);
    assert_int_equal(
        raw_command(&r, control, (uint8_t[]){1, 0, 255, 255, 255, 255, 0, 0, 0, 0}, 10), NET_ERR);
    assert_int_equal(raw_command(&r, control, (uint8_t[]){1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 11),
                     NET_ERR);
    assert_int_equal(raw_report(&r, "virtio-ctrl-length"), 4);
    expect_received("otGb");
    command((uint8_t[]){1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 10);
    expect_received("ob");
    bring_up(CTRL | FEATURE_CTRL_RX); /* and a reset forgets the filters */
    fill(RX, 16);
    expect_received("otxgGb");
    assert_int_equal(raw_report(&r, "ctrl_errors"), 4);
}

/* More addresses than the device has room for: all of their kind come in, as 5.1.6.5.2 allows. */
static void test_large_table(void **state)
{
    uint8_t table[2 + 4 + 6 * 200 + 4] = {NET_CTRL_MAC, NET_CTRL_MAC_TABLE_SET, 200};

    (void)state;
    up(CTRL | FEATURE_CTRL_RX);
    fill(RX, 16);
    for (unsigned i = 0; i < 200; i++)
        table[6 + 6 * i] = 4;
    mode(NET_CTRL_RX_PROMISC, false);
    command(table, sizeof table);
    expect_received("otxb");
    innocent();
}

static void test_vlan(void **state)
{
    (void)state;
    up(CTRL | FEATURE_CTRL_VLAN);
    fill(RX, 16);
    arrive_tagged(own, 5); /* the table is empty at first */
    arrive_tagged(own, 0xE000);
    assert_true(raw_wait_used(&r, RX, 1)); /* a priority alone */
    set(NET_CTRL_VLAN, NET_CTRL_VLAN_ADD, 5, 2);
    arrive_tagged(own, 0x2005);
    arrive_tagged(own, 6);
    arrive(other); /* not tagged */
    assert_true(raw_wait_used(&r, RX, 3));
    set(NET_CTRL_VLAN, NET_CTRL_VLAN_DEL, 5, 2);
    arrive_tagged(own, 5);
    arrive(own);
    assert_true(raw_wait_used(&r, RX, 4));
    assert_int_equal(raw_report(&r, "rx_filtered"), 3);
    innocent();
}

static void test_address(void **state)
{
    uint8_t generation;

    (void)state;
    up(CTRL | FEATURE_CTRL_RX | FEATURE_CTRL_MAC_ADDR);
    fill(RX, 16);
    mode(NET_CTRL_RX_PROMISC, false);
    expect_received("ob");
    assert_int_equal(r.device[NET_CONFIG_MAC], 0x52);
    generation = raw_get8(&r, COMMON_CONFIG_GENERATION);
    command((uint8_t[]){NET_CTRL_MAC, NET_CTRL_MAC_ADDR_SET, 2, 0, 0, 0, 0, 1}, 8);
    expect_received("tb");
    for (int i = 0; i < 6; i++)
        assert_int_equal(r.device[NET_CONFIG_MAC + i], other[i]);
    assert_int_not_equal(raw_get8(&r, COMMON_CONFIG_GENERATION), generation);
    innocent();
    assert_int_equal(raw_command(&r, control,
                                 (uint8_t[]){NET_CTRL_MAC, NET_CTRL_MAC_ADDR_SET, 3, 0, 0, 0, 0, 1},
                                 8),
                     NET_ERR);
    assert_int_equal(raw_report(&r, "virtio-ctrl-value"), 1);
    expect_received("tb");
    assert_true(raw_reset(&r));
    assert_int_equal(r.device[NET_CONFIG_MAC], 0x52);
}

/* ---- Pairs ---- */

static void pairs(uint16_t count)
{
    set(NET_CTRL_MQ, NET_CTRL_MQ_PAIRS_SET, count, 2);
}

static unsigned received(void)
{
    return (uint16_t)(raw_used_idx(&r, 0) + raw_used_idx(&r, 2));
}

static void wait_received(unsigned count)
{
    for (int i = 0; i < 2000 && received() < count; i++)
        usleep(1000);
    assert_int_equal(received(), count);
}

/* Answers come in the queue whose partner sent the flow last. Until two pairs are set, the first has all. */
static void test_steering(void **state)
{
    (void)state;
    up(CTRL | FEATURE_MQ);
    fill(0, 16);
    fill(2, 16);
    for (uint8_t i = 0; i < 4; i++)
        answer_flow(i, 1);
    assert_true(raw_wait_used(&r, 0, 4));
    pairs(2);
    for (uint8_t i = 0; i < 3; i++) {
        send_flow(3, i, i, 1);
        answer_flow(i, 1);
        assert_true(raw_wait_used(&r, 2, (uint16_t)(i + 1)));
        send_flow(1, i, i, 1);
        answer_flow(i, 1);
        assert_true(raw_wait_used(&r, 0, (uint16_t)(i + 5)));
    }
    assert_int_equal(raw_used_idx(&r, 2), 3);
    innocent();
}

/* Flows that the driver has not sent are spread, and each of them stays where it is. */
static void test_spreading(void **state)
{
    uint16_t first, second;

    (void)state;
    up(CTRL | FEATURE_MQ);
    fill(0, 16);
    fill(2, 16);
    pairs(2);
    for (uint8_t i = 0; i < 8; i++)
        answer_flow(i, 2);
    wait_received(8);
    first = raw_used_idx(&r, 0);
    second = raw_used_idx(&r, 2);
    assert_true(first && second);
    for (uint8_t i = 0; i < 8; i++)
        answer_flow(i, 2);
    wait_received(16);
    assert_int_equal(raw_used_idx(&r, 0), 2 * first);
    assert_int_equal(raw_used_idx(&r, 2), 2 * second);
    innocent();
}

/* One pair again: what was sent on the other before is still sent, nothing is received there, and what is sent there
 * from now on breaks a rule. */
static void test_fewer(void **state)
{
    (void)state;
    up(CTRL | FEATURE_MQ);
    fill(0, 16);
    fill(2, 16);
    pairs(2);
    send_flow(3, 0, 1, 1);
    pairs(1);
    answer_flow(1, 1);
    assert_true(raw_wait_used(&r, 0, 1));
    assert_int_equal(raw_used_idx(&r, 2), 0);
    innocent();
    raw_offer(&r, 3, raw_desc(&r, 3, 1, r.data_pa, NET_HEADER_SIZE + FRAME, 0, 0));
    raw_notify(&r, 3);
    assert_true(raw_wait_used(&r, 3, 2));
    assert_int_equal(raw_report(&r, "virtio-mq-queue"), 1);
    assert_int_equal(r.frames, 1);
    pairs(2);
    send_flow(3, 2, 1, 1);
    assert_int_equal(raw_report(&r, "violations"), 1);
}

/* What was made available before the command is allowed, also if the device comes to it after the command. */
static void test_sent_before(void **state)
{
    (void)state;
    raw_open(&r, OPTIONS ",lockstep");
    bring_up(CTRL | FEATURE_MQ);
    raw_offer(&r, 4, raw_desc(&r, 4, 2, r.data_pa + 0x4000, 4, DESC_F_NEXT, 3));
    raw_desc(&r, 4, 3, r.data_pa + 0x4010, 1, DESC_F_WRITE, 0);
    memcpy(r.data + 0x4000, (uint8_t[]){NET_CTRL_MQ, NET_CTRL_MQ_PAIRS_SET, 2, 0}, 4);
    raw_notify(&r, 4);
    r.bus->ops->step(r.bus);
    assert_int_equal(r.data[0x4010], NET_OK);
    /* The control queue is notified, transmit queue 3 is not. */
    memset(SLOT(0), 0, 2048);
    form_flow(SLOT(0) + NET_HEADER_SIZE, 1, 1, false);
    raw_offer(&r, 3, raw_desc(&r, 3, 0, r.data_pa, NET_HEADER_SIZE + FRAME, 0, 0));
    r.data[0x4002] = 1;
    raw_offer(&r, 4, 2);
    raw_notify(&r, 4);
    r.bus->ops->step(r.bus);
    assert_int_equal(raw_used_idx(&r, 4), 2);
    assert_int_equal(r.frames, 0);
    raw_notify(&r, 3);
    r.bus->ops->step(r.bus);
    assert_int_equal(r.frames, 1);
    innocent();
}

/* A pair that the driver has not set up cannot be used. */
static void test_not_set_up(void **state)
{
    (void)state;
    raw_open(&r, OPTIONS);
    assert_true(raw_negotiate(&r, CTRL | FEATURE_MQ));
    raw_queues(&r);
    control = 4;
    raw_queue_memory(&r, 4, 16);
    raw_queue_addresses(&r, 4);
    raw_queue_enable(&r, 4);
    raw_status(&r, STATUS_DRIVER_OK);
    usleep(1300000); /* the idle pair breaks no rule */
    innocent();
    pairs(1);
    assert_int_equal(
        raw_command(&r, control, (uint8_t[]){NET_CTRL_MQ, NET_CTRL_MQ_PAIRS_SET, 2, 0}, 4),
        NET_ERR);
    assert_int_equal(raw_report(&r, "virtio-mq-pairs"), 1);
}

/* Each queue has its vector, and its notifications are counted. */
static void test_messages(void **state)
{
    struct msix msix;

    (void)state;
    raw_open(&r, OPTIONS);
    control = 4;
    assert_true(msix_find(r.bus, &msix));
    for (unsigned i = 0; i < 6; i++) {
        struct bus_message message;

        assert_true(r.bus->ops->message_target(r.bus, 10 + i, &message));
        msix_write(r.bus, &msix, i, &message, false);
    }
    msix_enable(r.bus, &msix, true);
    assert_true(raw_negotiate(&r, CTRL | FEATURE_MQ));
    for (uint16_t i = 0; i < 5; i++) {
        raw_put16(&r, COMMON_QUEUE_SELECT, i);
        raw_put16(&r, COMMON_QUEUE_MSIX_VECTOR, (uint16_t)(i + 1));
        assert_int_equal(raw_get16(&r, COMMON_QUEUE_MSIX_VECTOR), i + 1);
    }
    raw_queues_to(&r, 5);
    raw_status(&r, STATUS_DRIVER_OK);
    fill(0, 16);
    fill(2, 16);
    pairs(2);
    assert_true(raw_wait_message(&r, 15, 1));
    send_flow(3, 0, 1, 1);
    assert_true(raw_wait_message(&r, 14, 1));
    answer_flow(1, 1);
    assert_true(raw_wait_message(&r, 13, 1));
    send_flow(1, 0, 1, 1);
    assert_true(raw_wait_message(&r, 12, 1));
    answer_flow(1, 1);
    assert_true(raw_wait_message(&r, 11, 1));
    assert_int_equal(r.messages[10], 0);
    assert_int_equal(raw_report(&r, "notifications"), 5);
    assert_int_equal(raw_report(&r, "msix_vectors"), 5);
    innocent();
}

int main(void)
{
#define TEST(name)                                                 \
    {                                                              \
        "model:control:" #name, test_##name, NULL, close_all, NULL \
    }
    static const struct CMUnitTest tests[] = {TEST(no_control_queue_unasked),
                                              TEST(index),
                                              TEST(modes),
                                              TEST(table),
                                              TEST(large_table),
                                              TEST(vlan),
                                              TEST(address),
                                              TEST(steering),
                                              TEST(spreading),
                                              TEST(fewer),
                                              TEST(sent_before),
                                              TEST(not_set_up),
                                              TEST(messages)};

    return cmocka_run_group_tests(tests, memory_setup, NULL);
}
