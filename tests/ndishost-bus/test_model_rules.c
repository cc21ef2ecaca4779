/* SPDX-License-Identifier: MIT */
/* Each rule of the model, broken once: it must be the one that is named, and the only one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/model/rule.h"
#include "bus/msix.h"
#include "memory.h"
#include "raw.h"
#include "rules/rules.h"

#define FEATURES_INDIRECT (FEATURES_PLAIN | FEATURE_INDIRECT_DESC)

static struct raw r;

/* ---- How it is looked at: the counts of all rules, before and after ---- */

static const char *const names[] = {
#define NAME(id, severity, name, section) name,
    MODEL_RULES(NAME)};
static unsigned before[RULE_COUNT];
static bool broken_once[RULE_COUNT];

static void remember(void)
{
    for (int i = 0; i < RULE_COUNT; i++)
        before[i] = rules_count(names[i]);
}

static bool fired(enum model_rule rule)
{
    return rules_count(names[rule]) > before[rule];
}

/* Within 3 s: rings are looked at by the device's thread, and forgotten notifications after a while. */
static void expect(enum model_rule rule)
{
    for (int i = 0; i < 3000 && !fired(rule); i++)
        usleep(1000);
    if (!fired(rule))
        fail_msg("rule %s was broken and not reported", names[rule]);
    for (int i = 0; i < RULE_COUNT; i++)
        if (i != (int)rule && fired((enum model_rule)i))
            fail_msg("%s was reported where %s was broken", names[i], names[rule]);
    broken_once[rule] = true;
}

static void open_with(const char *arguments)
{
    raw_open(&r, arguments);
    remember();
}

/* Also after a test that failed in its middle. */
static int close_all(void **state)
{
    (void)state;
    if (r.bus)
        raw_close(&r);
    r.bus = NULL;
    return 0;
}

/* ---- PCI ---- */

static void break_PCI_DECODE(void)
{
    r.bus->ops->config_write(r.bus, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    assert_int_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0xFF);
}

static void break_PCI_MASTER(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    r.bus->ops->config_write(r.bus, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    raw_queues(&r);
    raw_status(&r, STATUS_DRIVER_OK);
}

static void break_PCI_BAR(void)
{
    /* Sizing a BAR, and restoring it, does not move it. */
    uint32_t old = r.bus->ops->config_read(r.bus, PCI_BAR0 + 16, 4);

    r.bus->ops->config_write(r.bus, PCI_BAR0 + 16, 4, UINT32_MAX);
    r.bus->ops->config_write(r.bus, PCI_BAR0 + 16, 4, old);
    assert_false(fired(RULE_PCI_BAR));
    r.bus->ops->config_write(r.bus, PCI_BAR0 + 16, 4, 0xD0000000);
}

static unsigned find_cap(unsigned type)
{
    unsigned cap = r.bus->ops->config_read(r.bus, PCI_CAP_POINTER, 1);

    while (cap && !(r.bus->ops->config_read(r.bus, cap, 1) == PCI_CAP_ID_VENDOR &&
                    r.bus->ops->config_read(r.bus, cap + 3, 1) == type))
        cap = r.bus->ops->config_read(r.bus, cap + 1, 1);
    assert_int_not_equal(cap, 0);
    return cap;
}

static void break_CAP_WRITE(void)
{
    r.bus->ops->config_write(r.bus, find_cap(CAP_COMMON_CFG) + 8, 4, 0x100);
}

static void break_PCI_CFG(void)
{
    unsigned cap = find_cap(CAP_PCI_CFG);

    r.bus->ops->config_write(r.bus, cap + 4, 1, 4);
    r.bus->ops->config_write(r.bus, cap + 8, 4, 0x15);
    r.bus->ops->config_write(r.bus, cap + 12, 4, 2); /* not aligned */
    r.bus->ops->config_read(r.bus, cap + 16, 4);
}

static void break_LEGACY(void)
{
    r.bus->ops->bar_read(r.bus, 0, 0, 4);
}

/* ---- Registers ---- */

static void break_WIDTH(void)
{
    raw_get32(&r, COMMON_NUM_QUEUES);
}

static void break_NO_REGISTER(void)
{
    raw_get32(&r, COMMON_SIZE + 8);
}

static void break_READ_ONLY(void)
{
    raw_put16(&r, COMMON_NUM_QUEUES, 2);
}

static void break_ISR_WRITE(void)
{
    *r.isr = 1;
}

static void break_CONFIG_WRITE(void)
{
    r.device[NET_CONFIG_MAC] = 0x52;
}

static void break_CONFIG_FEATURE(void)
{
    (void)*(volatile uint16_t *)(r.device + NET_CONFIG_MTU);
}

static void break_CONFIG_GENERATION(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_get8(&r, COMMON_CONFIG_GENERATION);
    for (int i = 0; i < 6; i++)
        (void)r.device[NET_CONFIG_MAC + i];
    raw_queues(&r);
    raw_status(&r, STATUS_DRIVER_OK);
}

/* Entry 1 says something else than a processor's address. While it is masked it sends nothing. */
static void break_MSIX_MESSAGE(void)
{
    const struct bus_message nowhere = {0x1000, 0x41};
    struct msix msix;

    assert_true(msix_find(r.bus, &msix));
    msix_write(r.bus, &msix, 1, &nowhere, true);
    msix_enable(r.bus, &msix, true);
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_put16(&r, COMMON_CONFIG_MSIX_VECTOR, 1);
    r.bus->ops->set_link(r.bus, false);
    assert_false(fired(RULE_MSIX_MESSAGE));
    msix_mask(r.bus, &msix, 1, false);
}

static void break_MSIX_VECTOR(void)
{
    raw_put16(&r, COMMON_CONFIG_MSIX_VECTOR, 2);
    raw_put16(&r, COMMON_CONFIG_MSIX_VECTOR, MSIX_NO_VECTOR);
    assert_false(fired(RULE_MSIX_VECTOR));
    raw_put16(&r, COMMON_CONFIG_MSIX_VECTOR, 3);
    assert_int_equal(raw_get16(&r, COMMON_CONFIG_MSIX_VECTOR), MSIX_NO_VECTOR);
}

/* ---- Initialization ---- */

static void break_RESET_WAIT(void)
{
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_put8(&r, COMMON_DEVICE_STATUS, 0);
    raw_put8(&r, COMMON_DEVICE_STATUS, STATUS_ACKNOWLEDGE);
}

static void break_STATUS_CLEAR(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_put8(&r, COMMON_DEVICE_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
}

static void break_STATUS_BITS(void)
{
    raw_reset(&r);
    raw_put8(&r, COMMON_DEVICE_STATUS, STATUS_ACKNOWLEDGE | 0x10);
}

static void break_STATUS_ORDER(void)
{
    raw_put8(&r, COMMON_DEVICE_STATUS, STATUS_DRIVER);
}

static void break_STATUS_FAILED(void)
{
    raw_reset(&r);
    raw_put8(&r, COMMON_DEVICE_STATUS, STATUS_ACKNOWLEDGE);
    raw_status(&r, STATUS_FAILED);
    raw_status(&r, STATUS_DRIVER);
}

static void break_FEATURES_REREAD(void)
{
    raw_master(&r);
    raw_reset(&r);
    raw_status(&r, STATUS_ACKNOWLEDGE);
    raw_status(&r, STATUS_DRIVER);
    raw_accept(&r, FEATURES_PLAIN);
    raw_put8(&r, COMMON_DEVICE_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    raw_queues(&r);
    raw_put8(&r, COMMON_DEVICE_STATUS,
             STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

static void break_FEATURE_OFFERED(void)
{
    assert_false(raw_negotiate(&r, FEATURES_PLAIN | FEATURE(22)));
}

static void break_FEATURE_NEEDS(void)
{
    assert_false(raw_negotiate(&r, FEATURES_PLAIN | FEATURE(7)));
}

static void break_FEATURE_VERSION(void)
{
    assert_false(raw_negotiate(&r, FEATURE_MAC));
}

static void break_FEATURE_TIME(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_accept(&r, FEATURES_PLAIN);
}

static void break_QUEUE_TIME(void)
{
    raw_reset(&r);
    raw_status(&r, STATUS_ACKNOWLEDGE);
    raw_status(&r, STATUS_DRIVER);
    raw_queue_memory(&r, RX, 16);
    raw_queue_addresses(&r, RX);
}

static void break_QUEUE_ABSENT(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_put16(&r, COMMON_QUEUE_SELECT, 2);
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_SIZE), 0); /* to ask is allowed */
    assert_false(fired(RULE_QUEUE_ABSENT));
    raw_put16(&r, COMMON_QUEUE_SIZE, 16);
}

static void break_QUEUE_SIZE(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_put16(&r, COMMON_QUEUE_SIZE, 24);
}

static void break_QUEUE_TWICE(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queues(&r);
    raw_queue_addresses(&r, RX);
}

static void break_QUEUE_DISABLE(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queues(&r);
    raw_put16(&r, COMMON_QUEUE_ENABLE, 0);
}

static void break_QUEUE_ALIGN(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queue_memory(&r, RX, 16);
    r.q[RX].used_pa += 2;
    raw_queue_addresses(&r, RX);
    raw_queue_enable(&r, RX);
}

static void break_QUEUE_MEMORY(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queues(&r);
    raw_reset(&r);
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queue_memory(&r, TX, 16);
    r.q[TX].used_pa = PHYS_HOLE_START + 0x1000;
    raw_queue_addresses(&r, TX);
    raw_queue_enable(&r, TX);
    r.q[TX].used_pa = r.q[TX].desc_pa; /* not looked at any more */
    raw_queue_memory(&r, RX, 16);
    raw_queue_addresses(&r, RX);
    raw_queue_enable(&r, RX);
    raw_status(&r, STATUS_DRIVER_OK);
}

static void break_QUEUE_ZERO(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queues(&r);
    r.q[TX].used[0] = 0xC5C5;
    raw_status(&r, STATUS_DRIVER_OK);
}

static void break_QUEUE_DISABLED(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queue_memory(&r, RX, 16);
    raw_queue_addresses(&r, RX);
    raw_queue_enable(&r, RX);
    raw_status(&r, STATUS_DRIVER_OK);
}

/* ---- Notifications ---- */

static void break_NOTIFY_TIME(void)
{
    raw_negotiate(&r, FEATURES_PLAIN);
    raw_queues(&r);
    raw_notify(&r, RX);
}

static void break_NOTIFY_QUEUE(void)
{
    raw_bring_up(&r, FEATURES_PLAIN);
    *(volatile uint16_t *)r.notify = TX; /* queue 0's address */
}

static void break_NOTIFY_ADDRESS(void)
{
    raw_bring_up(&r, FEATURES_PLAIN);
    *(volatile uint16_t *)(r.notify + 2) = RX;
}

static void break_NOTIFY_MISSING(void)
{
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_offer(&r, TX, raw_desc(&r, TX, 0, r.data_pa, 100, 0, 0));
    assert_true(raw_wait_used(&r, TX, 1)); /* it is used nevertheless, late */
}

/* ---- Rings: what is offered last is bad ---- */

static void up(void)
{
    raw_bring_up(&r, FEATURES_PLAIN);
}

static void offer(uint16_t head)
{
    raw_offer(&r, TX, head);
    raw_notify(&r, TX);
}

static void break_AVAIL_FLAGS(void)
{
    up();
    r.q[TX].avail[0] = 2;
    raw_send(&r, 0, 60);
}

static void break_AVAIL_IDX(void)
{
    up();
    r.q[TX].avail[1] = 17;
    raw_notify(&r, TX);
}

static void break_AVAIL_HEAD(void)
{
    up();
    offer(16);
}

static void break_AVAIL_TWICE(void)
{
    up();
    raw_fill(&r, 2);
    raw_offer(&r, RX, 1);
    raw_notify(&r, RX);
    r.bus->ops->wire_send(r.bus, r.data, 60, -1); /* it looks when it needs a buffer */
}

static void break_USED_WRITTEN(void)
{
    up();
    raw_send(&r, 0, 60);
    assert_true(raw_wait_used(&r, TX, 1));
    r.q[TX].used[1] = 0;
    raw_send(&r, 1, 60);
}

static void break_DESC_NEXT(void)
{
    up();
    offer(raw_desc(&r, TX, 0, r.data_pa, 12, DESC_F_NEXT, 16));
}

static void break_DESC_LOOP(void)
{
    up();
    raw_desc(&r, TX, 0, r.data_pa, 12, DESC_F_NEXT, 1);
    raw_desc(&r, TX, 1, r.data_pa, 60, DESC_F_NEXT, 0);
    offer(0);
}

static void break_DESC_SHARED(void)
{
    up();
    raw_desc(&r, RX, 0, r.data_pa, 12, DESC_F_NEXT | DESC_F_WRITE, 2);
    raw_desc(&r, RX, 1, r.data_pa, 12, DESC_F_NEXT | DESC_F_WRITE, 2);
    raw_desc(&r, RX, 2, r.data_pa + 12, 1514, DESC_F_WRITE, 0);
    raw_offer(&r, RX, 0);
    raw_offer(&r, RX, 1);
    raw_notify(&r, RX);
}

/* A table of `entries` pieces of a frame, at the begin of the data. */
static struct spec_desc *table(uint32_t entries)
{
    struct spec_desc *t = (struct spec_desc *)r.data;

    for (uint32_t i = 0; i < entries; i++)
        t[i] = (struct spec_desc){r.data_pa + 0x8000 + i * 16, 16,
                                  i + 1 < entries ? DESC_F_NEXT : 0, (uint16_t)(i + 1)};
    raw_desc(&r, TX, 0, r.data_pa, entries * 16, DESC_F_INDIRECT, 0);
    return t;
}

static void up_indirect(void)
{
    raw_bring_up(&r, FEATURES_INDIRECT);
}

static void break_DESC_CHAIN(void)
{
    up_indirect();
    table(17);
    offer(0);
}

static void break_DESC_TOTAL(void)
{
    up_indirect();
    for (uint16_t i = 0; i < 17; i++)
        raw_desc(&r, TX, i, 0x100000, 0x10000000, i < 16 ? DESC_F_NEXT : 0, (uint16_t)(i + 1));
    offer(0);
}

static void break_DESC_MEMORY(void)
{
    up();
    offer(raw_desc(&r, TX, 0, PHYS_HOLE_START, 72, 0, 0));
}

static void break_DESC_EMPTY(void)
{
    up();
    raw_desc(&r, TX, 0, r.data_pa, 72, DESC_F_NEXT, 1);
    raw_desc(&r, TX, 1, r.data_pa, 0, 0, 0);
    offer(0);
    assert_true(raw_wait_used(&r, TX, 1));
    offer(raw_desc(&r, TX, 1, r.data_pa, 72, 0, 0)); /* and it is free again */
    assert_true(raw_wait_used(&r, TX, 2));
}

static void break_DESC_FLAGS(void)
{
    up();
    offer(raw_desc(&r, TX, 0, r.data_pa, 72, 8, 0));
}

static void break_DESC_ORDER(void)
{
    up();
    raw_desc(&r, RX, 0, r.data_pa, 1526, DESC_F_NEXT | DESC_F_WRITE, 1);
    raw_desc(&r, RX, 1, r.data_pa, 60, 0, 0);
    raw_offer(&r, RX, 0);
    raw_notify(&r, RX);
}

static void break_DESC_ALTERED(void)
{
    up();
    raw_fill(&r, 1);
    usleep(20000); /* until it has been fetched */
    r.q[RX].desc[0].len = 1526;
    r.bus->ops->wire_send(r.bus, r.data, 60, -1);
}

static void break_INDIRECT_FEATURE(void)
{
    up();
    table(2);
    offer(0);
}

static void break_INDIRECT_NESTED(void)
{
    up_indirect();
    table(3)[1].flags |= DESC_F_INDIRECT;
    offer(0);
}

static void break_INDIRECT_NEXT(void)
{
    up_indirect();
    table(3);
    r.q[TX].desc[0].flags |= DESC_F_NEXT;
    offer(0);
}

static void break_INDIRECT_LENGTH(void)
{
    up_indirect();
    table(3);
    r.q[TX].desc[0].len += 8;
    offer(0);
}

/* ---- Network device ---- */

static void break_RX_READABLE(void)
{
    up();
    raw_desc(&r, RX, 0, r.data_pa, 12, DESC_F_NEXT, 1);
    raw_desc(&r, RX, 1, r.data_pa + 12, 2000, DESC_F_WRITE, 0);
    raw_offer(&r, RX, 0);
    raw_notify(&r, RX);
    r.bus->ops->wire_send(r.bus, r.data, 60, -1);
}

static void break_RX_SMALL(void)
{
    up();
    raw_offer(&r, RX, raw_desc(&r, RX, 0, r.data_pa, 1525, DESC_F_WRITE, 0));
    raw_notify(&r, RX);
    r.bus->ops->wire_send(r.bus, r.data, 60, -1);
}

static void break_TX_WRITABLE(void)
{
    up();
    raw_desc(&r, TX, 0, r.data_pa, 72, DESC_F_NEXT, 1);
    raw_desc(&r, TX, 1, r.data_pa + 72, 8, DESC_F_WRITE, 0);
    offer(0);
}

static void break_TX_HEADER(void)
{
    up();
    offer(raw_desc(&r, TX, 0, r.data_pa, 11, 0, 0));
}

static void break_with_header(unsigned offset, uint8_t value)
{
    up();
    r.data[offset] = value;
    offer(raw_desc(&r, TX, 0, r.data_pa, 72, 0, 0));
}

static void break_TX_FLAGS(void)
{
    break_with_header(0, NET_HDR_F_NEEDS_CSUM);
}

static void break_TX_GSO(void)
{
    break_with_header(1, 1);
}

static void break_TX_NUM_BUFFERS(void)
{
    break_with_header(10, 1);
}

static void break_TX_CSUM(void)
{
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_CSUM);
    r.data[0] = NET_HDR_F_NEEDS_CSUM;
    r.data[6] = 59;
    offer(raw_desc(&r, TX, 0, r.data_pa, 72, 0, 0));
}

static void break_TX_SIZE(void)
{
    up();
    raw_send(&r, 0, 1514);
    raw_send(&r, 1, 14);
    assert_true(raw_wait_used(&r, TX, 2));
    assert_false(fired(RULE_TX_SIZE));
    raw_send(&r, 2, 1515);
}

/* ---- Control queue and queue pairs ---- */

/* With CTRL_VQ and CTRL_RX, and with MQ or without. */
static void up_control(bool pairs)
{
    assert_true(raw_negotiate(&r, FEATURES_PLAIN | FEATURE_CTRL_VQ | FEATURE_CTRL_RX |
                                      (pairs ? FEATURE_MQ : 0)));
    raw_queues_to(&r, pairs ? 5 : 3);
    raw_status(&r, STATUS_DRIVER_OK);
}

static void command_fails(unsigned queue, const void *bytes, uint32_t length)
{
    assert_int_equal(raw_command(&r, queue, bytes, length), NET_ERR);
}

static void break_CTRL_ACK(void)
{
    up_control(false);
    r.data[2] = 1;
    raw_offer(&r, 2, raw_desc(&r, 2, 0, r.data_pa, 3, 0, 0)); /* nowhere to write to */
    raw_notify(&r, 2);
    assert_true(raw_wait_used(&r, 2, 1));
}

static void break_CTRL_COMMAND(void)
{
    up_control(false);
    command_fails(2, (uint8_t[]){NET_CTRL_RX, 6, 0}, 3);
}

static void break_CTRL_FEATURE(void)
{
    up_control(false);
    command_fails(2, (uint8_t[]){NET_CTRL_MQ, NET_CTRL_MQ_PAIRS_SET, 1, 0}, 4);
}

static void break_CTRL_LENGTH(void)
{
    up_control(false);
    command_fails(2, (uint8_t[]){NET_CTRL_RX, NET_CTRL_RX_PROMISC, 0, 0}, 4);
}

static void break_CTRL_VALUE(void)
{
    up_control(false);
    command_fails(2, (uint8_t[]){NET_CTRL_RX, NET_CTRL_RX_PROMISC, 2}, 3);
}

static void break_MQ_PAIRS(void)
{
    up_control(true);
    command_fails(4, (uint8_t[]){NET_CTRL_MQ, NET_CTRL_MQ_PAIRS_SET, 3, 0}, 4);
}

static void break_MQ_QUEUE(void)
{
    up_control(true);
    raw_offer(&r, 3, raw_desc(&r, 3, 0, r.data_pa, 72, 0, 0));
    raw_notify(&r, 3);
    assert_true(raw_wait_used(&r, 3, 1)); /* it is used nevertheless, and not sent */
    assert_int_equal(r.frames, 0);
}

/* ---- All of them ---- */

static const char *arguments_for(enum model_rule rule)
{
    if (rule == RULE_FEATURE_NEEDS)
        return "queue_size=16,features=-guest_csum+guest_tso4";
    if (rule == RULE_RX_SMALL || rule == RULE_RX_READABLE)
        return "queue_size=16,features=-mrg_rxbuf";
    if (rule == RULE_DESC_TOTAL)
        return "queue_size=32";
    if (rule == RULE_RESET_WAIT)
        return "queue_size=16,fault=reset_slow";
    if (rule >= RULE_CTRL_ACK)
        return "queue_size=16,features=+ctrl_rx,pairs=2";
    return "queue_size=16";
}

#define RULE_TEST(id, severity, name, section) \
    static void test_##id(void **state)        \
    {                                          \
        (void)state;                           \
        open_with(arguments_for(RULE_##id));   \
        break_##id();                          \
        expect(RULE_##id);                     \
    }
MODEL_RULES(RULE_TEST)

/* After a fatal one: DEVICE_NEEDS_RESET, a configuration interrupt, and the owner of the bus knows;
 * after a reset the device works again. */
static void test_fatal(void **state)
{
    (void)state;
    open_with("queue_size=16");
    break_AVAIL_HEAD();
    assert_true(raw_wait_failed(&r));
    assert_non_null(strstr(r.failed, "virtio-avail-head"));
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(*r.isr, ISR_CONFIG);
    assert_true(raw_get8(&r, COMMON_DEVICE_STATUS) & STATUS_NEEDS_RESET);
    raw_send(&r, 0, 60);
    usleep(20000);
    assert_int_equal(r.frames, 0); /* it does nothing any more */
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_send(&r, 0, 60);
    assert_true(raw_wait_frames(&r, 1));
}

/* The same rules where a reset comes in: too late, or too early. */
static void test_reset_is_first(void **state)
{
    (void)state;
    open_with("queue_size=16");
    raw_put8(&r, COMMON_DEVICE_STATUS, STATUS_ACKNOWLEDGE);
    expect(RULE_STATUS_ORDER);
}

static void up_with_two_buffers(void)
{
    open_with("queue_size=16");
    up();
    raw_fill(&r, 2);
    usleep(20000); /* until they have been fetched */
}

static void test_taken_back_before_the_reset(void **state)
{
    (void)state;
    up_with_two_buffers();
    r.q[RX].desc[1].addr = 0;
    raw_put8(&r, COMMON_DEVICE_STATUS, 0);
    expect(RULE_DESC_ALTERED);
}

static void test_unexposed_before_the_reset(void **state)
{
    (void)state;
    up_with_two_buffers();
    r.q[RX].avail[1] = 0;
    raw_put8(&r, COMMON_DEVICE_STATUS, 0);
    expect(RULE_AVAIL_IDX);
}

/* A driver that does nothing wrong is not blamed, whatever it negotiates. */
static void test_innocent(void **state)
{
    static const uint64_t sets[] = {0, FEATURE_INDIRECT_DESC, FEATURE_EVENT_IDX, FEATURE_MRG_RXBUF,
                                    FEATURE_INDIRECT_DESC | FEATURE_EVENT_IDX | FEATURE_CSUM};

    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        open_with("queue_size=16,mtu=1400,speed=10000");
        raw_get8(&r, COMMON_CONFIG_GENERATION);
        for (int j = 0; j < 6; j++)
            (void)r.device[NET_CONFIG_MAC + j];
        (void)*(volatile uint16_t *)(r.device + NET_CONFIG_STATUS);
        (void)*(volatile uint16_t *)(r.device + NET_CONFIG_MTU);
        (void)*(volatile uint32_t *)(r.device + NET_CONFIG_SPEED);
        (void)r.device[NET_CONFIG_DUPLEX];
        raw_get8(&r, COMMON_CONFIG_GENERATION);
        raw_bring_up(&r, FEATURES_PLAIN | sets[i]);
        raw_fill(&r, 16);
        for (uint16_t j = 0; j < 16; j++) {
            raw_send(&r, j, 60 + j);
            r.bus->ops->wire_send(r.bus, r.data, 60, -1);
        }
        assert_true(raw_wait_used(&r, TX, 16));
        assert_true(raw_wait_used(&r, RX, 16));
        assert_true(raw_reset(&r));
        assert_int_equal(raw_report(&r, "violations"), 0);
        close_all(NULL);
    }
}

/* With EVENT_IDX, avail_event says whether a notification is missing: 2.7.10.1. */
static void test_notification_that_the_event_asks_for(void **state)
{
    (void)state;
    open_with("queue_size=16");
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_EVENT_IDX);
    raw_send(&r, 0, 60);
    assert_true(raw_wait_used(&r, TX, 1));
    usleep(20000); /* until the device has asked for the next one */
    raw_offer(&r, TX, raw_desc(&r, TX, 1, r.data_pa, 100, 0, 0));
    assert_true(raw_wait_used(&r, TX, 2));
    expect(RULE_NOTIFY_MISSING);
}

/* The device has buffers and looks for more by itself: it asks for no notification, and gets none. */
static void test_notification_that_no_event_asks_for(void **state)
{
    (void)state;
    open_with("queue_size=16");
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_EVENT_IDX);
    raw_fill(&r, 2);
    r.bus->ops->wire_send(r.bus, r.data, 60, -1);
    assert_true(raw_wait_used(&r, RX, 1));
    raw_offer(&r, RX, raw_desc(&r, RX, 2, r.data_pa, 2048, DESC_F_WRITE, 0));
    usleep(1300000); /* the device looks for missing notifications each half second */
    assert_int_equal(raw_report(&r, "violations"), 0);
    r.bus->ops->wire_send(r.bus, r.data, 60, -1);
    r.bus->ops->wire_send(r.bus, r.data, 60, -1);
    assert_true(raw_wait_used(&r, RX, 3));
}

/* What is pedantic is not reported unless somebody asks for it. */
static void test_pedantic(void **state)
{
    (void)state;
    model_pedantic = false;
    open_with("queue_size=16");
    break_STATUS_ORDER();
    break_PCI_CFG();
    assert_int_equal(raw_report(&r, "violations"), 0);
    model_pedantic = true;
    close_all(NULL);
    open_with("queue_size=16");
    break_STATUS_ORDER();
    assert_int_equal(raw_report(&r, "violations"), 1);
}

/* With the rules off no rule of the model is reported, nor ends the run by itself; a fatal one still breaks the
 * device. */
static void test_rules_off(void **state)
{
    unsigned before = rules_violations();

    (void)state;
    rules_enabled = false;
    open_with("queue_size=16");
    break_STATUS_BITS();
    break_AVAIL_HEAD();
    assert_true(raw_wait_failed(&r));
    rules_enabled = true;
    assert_int_equal(rules_violations(), before);
}

static void test_every_rule(void **state)
{
    (void)state;
    for (int i = 0; i < RULE_COUNT; i++)
        if (!broken_once[i])
            fail_msg("rule %s has not been seen to be reported", names[i]);
}

int main(void)
{
#define TEST(id, severity, name, section) {"model:rule:" name, test_##id, NULL, close_all, NULL},
    static const struct CMUnitTest tests[] = {
        MODEL_RULES(TEST){"model:rule:fatal", test_fatal, NULL, close_all, NULL},
        {"model:rule:reset_is_first", test_reset_is_first, NULL, close_all, NULL},
        {"model:rule:taken_back_before_the_reset", test_taken_back_before_the_reset, NULL,
         close_all, NULL},
        {"model:rule:unexposed_before_the_reset", test_unexposed_before_the_reset, NULL, close_all,
         NULL},
        {"model:rule:innocent", test_innocent, NULL, close_all, NULL},
        {"model:rule:notification_that_the_event_asks_for",
         test_notification_that_the_event_asks_for, NULL, close_all, NULL},
        {"model:rule:notification_that_no_event_asks_for", test_notification_that_no_event_asks_for,
         NULL, close_all, NULL},
        {"model:rule:pedantic", test_pedantic, NULL, close_all, NULL},
        {"model:rule:rules_off", test_rules_off, NULL, close_all, NULL},
        {"model:rule:every_rule", test_every_rule, NULL, NULL, NULL}};

    model_pedantic = true;
    return cmocka_run_group_tests(tests, memory_setup, NULL);
}
