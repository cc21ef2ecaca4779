/* SPDX-License-Identifier: MIT */
/* What the model is as a device: configuration space, interrupt line, link, removal, the wire's bound,
 * and the features that the libraries do not use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "nt/machine/irql.h"
#include "nt/machine/trap.h"
#include "bus/msix.h"
#include "memory.h"
#include "raw.h"
#include "rules/rules.h"

static struct raw r;

static int close_all(void **state)
{
    (void)state;
    if (r.bus)
        raw_close(&r);
    r.bus = NULL;
    return 0;
}

static uint32_t config(unsigned offset, unsigned size)
{
    return r.bus->ops->config_read(r.bus, offset, size);
}

static void config_put(unsigned offset, unsigned size, uint32_t value)
{
    r.bus->ops->config_write(r.bus, offset, size, value);
}

static int arrive(uint32_t length)
{
    static uint8_t frame[65536];

    for (uint32_t i = 0; i < length; i++)
        frame[i] = (uint8_t)(i * 13);
    return r.bus->ops->wire_send(r.bus, frame, length, -1);
}

static void innocent(void)
{
    assert_int_equal(raw_report(&r, "violations"), 0);
}

/* ---- PCI configuration space ---- */

static void test_header(void **state)
{
    (void)state;
    raw_open(&r, "");
    assert_int_equal(config(0x00, 4), 0x10001AF4);
    assert_int_equal(config(0x08, 4), 0x02000000); /* Ethernet, revision 0 */
    assert_int_equal(config(0x2C, 4), 0x00011AF4);
    assert_int_equal(config(0x3D, 1), 1); /* INTA# */
    assert_int_equal(config(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, PCI_STATUS_CAP_LIST);
    assert_int_equal(config(0x0E, 1), 0);
    assert_int_equal(config(0x100, 4), UINT32_MAX); /* no PCI Express */
    config_put(0x00, 4, 0);
    assert_int_equal(config(0x00, 2), 0x1AF4);
    config_put(0x3C, 1, 0x55);
    assert_int_equal(config(0x3C, 1), 0x55);
}

/* What firmware does: all ones, read back, put back. */
static void test_bar_sizes(void **state)
{
    static const struct {
        const char *arguments;
        uint32_t length[BUS_BARS];
    } cases[] = {
        {"", {32, 4096, 0, 0, 16384, 0}},
        {"bar=0", {16384, 4096, 0, 0, 0, 0}},
        {"layout=high", {32, 4096, 0, 0, 0x80000, 0}},
        {"layout=spread", {32, 4096, 4096, 4096, 4096, 4096}},
        {"caps=io_notify", {32, 4096, 16, 0, 16384, 0}},
        {"above_4g=1", {32, 4096, 0, 0, 16384, 0}},
    };

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        raw_open(&r, cases[c].arguments);
        for (unsigned i = 0; i < BUS_BARS; i++) {
            const struct bus_bar *bar = &r.bus->bar[i];
            unsigned offset = PCI_BAR0 + 4 * i;
            bool high = i == 4 && !strcmp(cases[c].arguments, "above_4g=1") && sizeof(void *) > 4;
            uint32_t old = config(offset, 4), mask;

            /* 32-bit Windows assigns no address above 4 GiB. */
            assert_int_equal(bar->base > UINT32_MAX, high);
            assert_int_equal(bar->length, cases[c].length[i]);
            if (bar->length == 0)
                continue;
            assert_int_equal(bar->base % bar->length, 0);
            assert_int_equal(old & 1, bar->io);
            assert_int_equal(old & ~15u, (uint32_t)bar->base & ~15u);
            config_put(offset, 4, UINT32_MAX);
            mask = config(offset, 4) & (bar->io ? ~3u : ~15u);
            assert_int_equal(~mask + 1, bar->length);
            config_put(offset, 4, old);
            assert_int_equal(config(offset, 4), old);
            if (bar->wide) {
                assert_int_equal(old >> 1 & 3, 2);
                assert_int_equal(config(offset + 4, 4), bar->base >> 32);
            }
        }
        innocent();
        close_all(NULL);
    }
}

static void test_two_models(void **state)
{
    static struct raw second;
    uint8_t mac[6], other[6];

    (void)state;
    raw_open(&r, "");
    raw_open(&second, "");
    for (unsigned i = 0; i < BUS_BARS; i++)
        for (unsigned j = 0; j < BUS_BARS; j++) {
            const struct bus_bar *a = &r.bus->bar[i], *b = &second.bus->bar[j];

            if (a->length && b->length && a->io == b->io)
                assert_true(a->base + a->length <= b->base || b->base + b->length <= a->base);
        }
    assert_int_not_equal(r.bus->slot, second.bus->slot);
    for (int i = 0; i < 6; i++) {
        mac[i] = r.device[i];
        other[i] = second.device[i];
    }
    assert_memory_not_equal(mac, other, 6);
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_bring_up(&second, FEATURES_PLAIN);
    raw_send(&r, 0, 60);
    raw_send(&second, 0, 70);
    assert_true(raw_wait_frames(&r, 1));
    assert_true(raw_wait_frames(&second, 1));
    assert_int_equal(r.frame_length[0], 60);
    assert_int_equal(second.frame_length[0], 70);
    raw_close(&second);
}

/* Registers through the window in configuration space: 4.1.4.9. */
static void test_pci_cfg(void **state)
{
    unsigned cap;

    (void)state;
    raw_open(&r, "");
    for (cap = config(PCI_CAP_POINTER, 1); cap; cap = config(cap + 1, 1))
        if (config(cap, 1) == PCI_CAP_ID_VENDOR && config(cap + 3, 1) == CAP_PCI_CFG)
            break;
    assert_int_not_equal(cap, 0);
    raw_reset(&r);
    config_put(cap + 4, 1, 4);
    config_put(cap + 8, 4, COMMON_DEVICE_STATUS);
    config_put(cap + 12, 4, 1);
    config_put(cap + 16, 1, STATUS_ACKNOWLEDGE);
    assert_int_equal(raw_get8(&r, COMMON_DEVICE_STATUS), STATUS_ACKNOWLEDGE);
    config_put(cap + 8, 4, COMMON_NUM_QUEUES);
    config_put(cap + 12, 4, 2);
    assert_int_equal(config(cap + 16, 2), 2);
    innocent();
}

/* ---- Interrupts ---- */

static void up(const char *arguments)
{
    raw_open(&r, arguments);
    raw_bring_up(&r, FEATURES_PLAIN);
}

static void test_line(void **state)
{
    (void)state;
    up("queue_size=16");
    assert_int_equal(config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
    raw_send(&r, 0, 60);
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
    raw_send(&r, 1, 60);
    assert_true(raw_wait_used(&r, TX, 2));
    usleep(5000);
    assert_int_equal(*r.isr, ISR_QUEUE);
    assert_false(r.asserted); /* at once, on the reader's own thread */
    assert_int_equal(*r.isr, 0);
    assert_int_equal(r.raised, 1);
    assert_int_equal(raw_report(&r, "interrupts"), 1);
    innocent();
}

static void test_no_interrupt_flag(void **state)
{
    (void)state;
    up("queue_size=16");
    r.q[TX].avail[0] = AVAIL_F_NO_INTERRUPT;
    raw_send(&r, 0, 60);
    assert_true(raw_wait_used(&r, TX, 1));
    usleep(10000);
    assert_int_equal(r.raised, 0);
    close_all(NULL);
    up("queue_size=16,ignore_no_interrupt=1");
    r.q[TX].avail[0] = AVAIL_F_NO_INTERRUPT;
    raw_send(&r, 0, 60);
    assert_true(raw_wait_line(&r, true));
    innocent();
}

static void test_intx_disable(void **state)
{
    (void)state;
    up("queue_size=16");
    config_put(PCI_COMMAND, 2, config(PCI_COMMAND, 2) | PCI_COMMAND_INTX_OFF);
    raw_send(&r, 0, 60);
    assert_true(raw_wait_used(&r, TX, 1));
    usleep(10000);
    assert_false(r.asserted);
    assert_int_equal(config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, PCI_STATUS_INTERRUPT);
    config_put(PCI_COMMAND, 2, config(PCI_COMMAND, 2) & ~PCI_COMMAND_INTX_OFF);
    assert_true(r.asserted);
    assert_true(raw_reset(&r));
    assert_false(r.asserted);
    innocent();
}

static void test_msix_silences(void **state)
{
    unsigned cap;

    (void)state;
    raw_open(&r, "queue_size=16");
    for (cap = config(PCI_CAP_POINTER, 1); config(cap, 1) != PCI_CAP_ID_MSIX;)
        cap = config(cap + 1, 1);
    assert_int_equal(config(cap + 2, 2), 2); /* three vectors */
    config_put(cap + 2, 2, PCI_MSIX_CONTROL_ENABLE);
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_send(&r, 0, 60);
    assert_true(raw_wait_used(&r, TX, 1));
    usleep(10000);
    assert_false(r.asserted);
}

/* ---- Messages ---- */

static struct msix msix;

/* The transmit queue has entry 1, the configuration entry 2; entry N sends message N + 10. */
static void up_with_messages(const char *arguments)
{
    struct bus_message message;

    raw_open(&r, arguments);
    assert_true(msix_find(r.bus, &msix));
    for (unsigned i = 0; i < msix.entries; i++) {
        assert_true(r.bus->ops->message_target(r.bus, 10 + i, &message));
        msix_write(r.bus, &msix, i, &message, false);
    }
    msix_enable(r.bus, &msix, true);
    assert_true(raw_negotiate(&r, FEATURES_PLAIN));
    raw_put16(&r, COMMON_CONFIG_MSIX_VECTOR, 2);
    raw_put16(&r, COMMON_QUEUE_SELECT, TX);
    raw_put16(&r, COMMON_QUEUE_MSIX_VECTOR, 1);
    raw_queues(&r);
    raw_status(&r, STATUS_DRIVER_OK);
}

static uint32_t pending(void)
{
    return (uint32_t)r.bus->ops->bar_read(r.bus, msix.table.bar, 0x800, 4);
}

static void test_msix(void **state)
{
    (void)state;
    up_with_messages("queue_size=16");
    raw_send(&r, 0, 60);
    assert_true(raw_wait_message(&r, 11, 1));
    assert_int_equal(*r.isr, 0); /* 4.1.4.5.1: the ISR status tells of the configuration alone */
    r.bus->ops->set_link(r.bus, false);
    assert_int_equal(r.messages[12], 1);
    assert_int_equal(config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT, 0);
    r.bus->ops->set_link(r.bus, true); /* a message is sent for each, whoever reads the status */
    assert_int_equal(r.messages[12], 2);
    assert_int_equal(*r.isr, ISR_CONFIG);
    raw_put16(&r, COMMON_CONFIG_MSIX_VECTOR, MSIX_NO_VECTOR);
    r.bus->ops->set_link(r.bus, false);
    assert_int_equal(r.messages[12], 2);
    assert_int_equal(r.raised, 0);
    assert_int_equal(raw_report(&r, "messages"), 3);
    assert_int_equal(raw_report(&r, "interrupts"), 0);
    innocent();
}

static void test_msix_masked(void **state)
{
    (void)state;
    up_with_messages("queue_size=16");
    msix_mask(r.bus, &msix, 2, true);
    r.bus->ops->set_link(r.bus, false);
    r.bus->ops->set_link(r.bus, true);
    assert_int_equal(r.messages[12], 0);
    assert_int_equal(pending(), 1u << 2);
    msix_mask(r.bus, &msix, 2, false);
    assert_int_equal(r.messages[12], 1); /* one for both */
    assert_int_equal(pending(), 0);
    /* The whole function. */
    config_put(msix.at + 2, 2, PCI_MSIX_CONTROL_ENABLE | PCI_MSIX_CONTROL_MASK);
    r.bus->ops->set_link(r.bus, false);
    assert_int_equal(r.messages[12], 1);
    assert_int_equal(pending(), 1u << 2);
    config_put(msix.at + 2, 2, PCI_MSIX_CONTROL_ENABLE);
    assert_int_equal(r.messages[12], 2);
    /* A message is a write to memory. */
    config_put(PCI_COMMAND, 2, config(PCI_COMMAND, 2) & ~PCI_COMMAND_MASTER);
    r.bus->ops->set_link(r.bus, true);
    assert_int_equal(r.messages[12], 2);
    raw_master(&r);
    assert_int_equal(r.messages[12], 3);
    innocent();
}

static void test_msix_reset(void **state)
{
    (void)state;
    up_with_messages("queue_size=16");
    msix_mask(r.bus, &msix, 2, true);
    r.bus->ops->set_link(r.bus, false);
    assert_int_equal(pending(), 1u << 2);
    assert_true(raw_reset(&r));
    assert_int_equal(pending(), 0);
    assert_int_equal(raw_get16(&r, COMMON_CONFIG_MSIX_VECTOR), MSIX_NO_VECTOR);
    /* Without power the table is lost, and so is the switch. */
    r.bus->ops->set_power(r.bus, 3);
    r.bus->ops->set_power(r.bus, 0);
    assert_int_equal(config(msix.at + 2, 2) & PCI_MSIX_CONTROL_ENABLE, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(r.bus->ops->bar_read(r.bus, msix.table.bar, 16 * i, 8), 0);
        assert_int_equal(r.bus->ops->bar_read(r.bus, msix.table.bar, 16 * i + 8, 8), 1ull << 32);
    }
    innocent();
}

static void test_msix_vectors(void **state)
{
    (void)state;
    raw_open(&r, "vectors=0");
    assert_false(msix_find(r.bus, &msix));
    close_all(NULL);
    raw_open(&r, "vectors=32");
    assert_true(msix_find(r.bus, &msix));
    assert_int_equal(msix.entries, 32);
    raw_put16(&r, COMMON_CONFIG_MSIX_VECTOR, 31);
    assert_int_equal(raw_get16(&r, COMMON_CONFIG_MSIX_VECTOR), 31);
    innocent();
}

static atomic_bool stop_reading;

static void *read_isr(void *argument)
{
    unsigned *seen = argument;

    trap_install();
    nt_thread_enter("reader");
    while (!stop_reading)
        if (*r.isr)
            ++*seen;
    return NULL;
}

/* Does the line come to what the ISR status says? The last interrupt may be later than the last used
 * index, so it has a while. */
static bool line_settles(void)
{
    for (int i = 0; i < 2000; i++) {
        if (r.asserted == ((config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT) != 0))
            return true;
        usleep(1000);
    }
    return false;
}

/* A reader and the device race for the line, many times: whatever the order, the last word is right. */
static void test_line_race(void **state)
{
    (void)state;
    up("queue_size=16");
    r.slow = 100;
    for (uint16_t round = 0; round < 200; round++) {
        pthread_t reader;
        unsigned seen = 0;

        stop_reading = false;
        assert_int_equal(pthread_create(&reader, NULL, read_isr, &seen), 0);
        for (uint16_t i = 0; i < 16; i++)
            raw_send(&r, i, 60);
        assert_true(raw_wait_used(&r, TX, (uint16_t)(round * 16 + 16)));
        stop_reading = true;
        pthread_join(reader, NULL);
        assert_true(line_settles());
        if (config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT)
            seen += *r.isr != 0;
        /* Used without an interrupt so far: then it is still to come. */
        if (seen == 0) {
            assert_true(raw_wait_line(&r, true));
            seen += *r.isr != 0;
        }
        assert_true(line_settles());
        assert_int_not_equal(seen, 0);
    }
    innocent();
}

/* ---- Notifications of the driver ---- */

static void test_notify_suppression(void **state)
{
    (void)state;
    up("queue_size=16");
    assert_int_equal(r.q[RX].used[0], 0);
    raw_fill(&r, 4);
    for (int i = 0; i < 2000 && !(r.q[RX].used[0] & USED_F_NO_NOTIFY); i++)
        usleep(500);
    assert_int_equal(r.q[RX].used[0], USED_F_NO_NOTIFY); /* it has buffers: it needs no more */
    for (int i = 0; i < 5; i++)
        assert_int_equal(arrive(60), 0);
    assert_true(raw_wait_used(&r, RX, 4));
    for (int i = 0; i < 2000 && (r.q[RX].used[0] & USED_F_NO_NOTIFY); i++)
        usleep(500);
    assert_int_equal(r.q[RX].used[0], 0); /* a frame waits for one */
    assert_int_equal(raw_report(&r, "rx_starved"), 1);
    raw_fill(&r, 1);
    assert_true(raw_wait_used(&r, RX, 5));
    raw_notify(&r, RX);
    raw_notify(&r, TX); /* "The device MUST handle spurious notifications" */
    usleep(10000);
    assert_true(raw_report(&r, "notifications_in_vain") >= 2);
    innocent();
}

/* What was settled with the driver of one life does not bind the next: it is notified first. */
static void test_notify_after_reset(void **state)
{
    (void)state;
    up("queue_size=16");
    raw_fill(&r, 1);
    for (int i = 0; i < 2000 && !(r.q[RX].used[0] & USED_F_NO_NOTIFY); i++)
        usleep(500);
    assert_int_equal(r.q[RX].used[0], USED_F_NO_NOTIFY); /* it looks by itself now */
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_offer(&r, RX, raw_desc(&r, RX, 0, r.data_pa, 2048, DESC_F_WRITE, 0));
    assert_int_equal(arrive(60), 0);
    usleep(100000);
    assert_int_equal(raw_used_idx(&r, RX), 0);
    raw_notify(&r, RX);
    assert_true(raw_wait_used(&r, RX, 1));
    innocent();
}

/* ---- Link ---- */

static void test_link(void **state)
{
    uint8_t generation;

    (void)state;
    up("queue_size=16");
    raw_fill(&r, 4);
    generation = raw_get8(&r, COMMON_CONFIG_GENERATION);
    assert_int_equal(*(volatile uint16_t *)(r.device + NET_CONFIG_STATUS), NET_S_LINK_UP);
    assert_int_equal(raw_get8(&r, COMMON_CONFIG_GENERATION), generation);
    assert_int_equal(r.bus->ops->set_link(r.bus, false), 0);
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(*r.isr, ISR_CONFIG);
    assert_int_equal(*(volatile uint16_t *)(r.device + NET_CONFIG_STATUS), 0);
    assert_int_not_equal(raw_get8(&r, COMMON_CONFIG_GENERATION), generation);
    assert_int_equal(arrive(60), -1);
    raw_send(&r, 0, 60);
    assert_true(raw_wait_used(&r, TX, 1)); /* used, and gone nowhere */
    assert_int_equal(r.frames, 0);
    assert_int_equal(raw_report(&r, "tx_no_link"), 1);
    (void)*r.isr;
    r.bus->ops->set_link(r.bus, false); /* no change, no interrupt */
    assert_false(r.asserted);
    r.bus->ops->set_link(r.bus, true);
    assert_true(raw_wait_line(&r, true));
    assert_int_equal(arrive(60), 0);
    assert_true(raw_wait_used(&r, RX, 1));
    innocent();
}

static void test_link_without_status(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16,features=-status");
    raw_bring_up(&r, FEATURE_VERSION_1);
    r.bus->ops->set_link(r.bus, false);
    usleep(10000);
    assert_false(r.asserted);
    assert_int_equal(arrive(60), -1);
}

/* ---- Removal and closing ---- */

static void *send_until_refused(void *argument)
{
    unsigned *sent = argument;

    while (arrive(60) == 0)
        ++*sent;
    return NULL;
}

static void test_remove(void **state)
{
    unsigned sent = 0;
    pthread_t sender;

    (void)state;
    up("queue_size=16,wire=4");
    assert_int_equal(pthread_create(&sender, NULL, send_until_refused, &sent), 0);
    raw_send(&r, 0, 60);
    assert_true(raw_wait_line(&r, true));
    usleep(20000); /* the sender waits for room now */
    assert_int_equal(r.bus->ops->remove(r.bus), 0);
    pthread_join(sender, NULL);
    assert_int_equal(sent, 4);
    assert_false(r.asserted);
    assert_int_equal(raw_get8(&r, COMMON_DEVICE_STATUS), 0xFF);
    assert_int_equal(raw_get16(&r, COMMON_QUEUE_SIZE), 0xFFFF);
    assert_int_equal(config(0, 2), 0xFFFF);
    raw_notify(&r, TX);
    raw_put8(&r, COMMON_DEVICE_STATUS, 0);
    innocent();
}

/* Not again after it was refused: there is no bus any more then. */
static void *send_once_more(void *argument)
{
    unsigned *sent = argument;

    for (int i = 0; i < 3; i++)
        *sent += arrive(60) == 0;
    return NULL;
}

static void test_close_lets_senders_go(void **state)
{
    unsigned sent = 0;
    pthread_t sender;

    (void)state;
    raw_open(&r, "wire=2");
    assert_int_equal(pthread_create(&sender, NULL, send_once_more, &sent), 0);
    usleep(20000);
    close_all(NULL);
    pthread_join(sender, NULL);
    assert_int_equal(sent, 2);
}

/* Frames that waited for buffers are there when the buffers come, also over a reset. */
static void test_wire_waits(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16");
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(arrive(60 + i), 0);
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_fill(&r, 4);
    assert_true(raw_wait_used(&r, RX, 4));
    raw_bring_up(&r, FEATURES_PLAIN);
    raw_fill(&r, 8);
    assert_true(raw_wait_used(&r, RX, 6));
    for (uint16_t i = 0; i < 6; i++)
        assert_int_equal(raw_used(&r, RX, i).len, NET_HEADER_SIZE + 64u + i);
    assert_int_equal(arrive(0), -1);
    assert_int_equal(arrive(65536), -1);
    innocent();
}

static void test_too_long_for_buffer(void **state)
{
    (void)state;
    up("queue_size=16");
    raw_fill(&r, 2);
    assert_int_equal(arrive(2037), 0);
    assert_int_equal(arrive(2036), 0);
    assert_true(raw_wait_used(&r, RX, 1));
    assert_int_equal(raw_used(&r, RX, 0).id, 0); /* the buffer was not spent */
    assert_int_equal(raw_used(&r, RX, 0).len, 2048);
    assert_int_equal(raw_report(&r, "rx_too_long"), 1);
    innocent();
}

/* ---- Features that the libraries do not use ---- */

/* A frame over as many buffers as it takes; all but the last are full: 5.1.6.4.1. */
static void test_mrg_rxbuf(void **state)
{
    static uint8_t whole[2048], wanted[2048];
    struct spec_net_header header;
    uint32_t done = 0;

    (void)state;
    raw_open(&r, "queue_size=16,reorder=1,seed=3");
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_MRG_RXBUF);
    for (uint16_t i = 0; i < 16; i++)
        raw_offer(&r, RX, raw_desc(&r, RX, i, r.data_pa + i * 256u, 100, DESC_F_WRITE, 0));
    raw_notify(&r, RX);
    assert_int_equal(arrive(1000), 0);
    assert_true(raw_wait_used(&r, RX, 11));
    for (uint16_t i = 0; i < 11; i++) {
        struct spec_used_elem e = raw_used(&r, RX, i);

        assert_int_equal(e.len, i < 10 ? 100 : 12);
        memcpy(whole + done, r.data + e.id * 256u, e.len);
        done += e.len;
    }
    memcpy(&header, whole, sizeof header);
    assert_int_equal(header.num_buffers, 11);
    for (uint32_t i = 0; i < 1000; i++)
        wanted[i] = (uint8_t)(i * 13);
    assert_memory_equal(whole + sizeof header, wanted, 1000);
    /* Too few are left for the next one: it waits, and they are not spent. */
    assert_int_equal(arrive(1000), 0);
    usleep(20000);
    assert_int_equal(raw_used_idx(&r, RX), 11);
    for (uint16_t i = 0; i < 11; i++)
        raw_offer(&r, RX, (uint16_t)raw_used(&r, RX, i).id);
    raw_notify(&r, RX);
    assert_true(raw_wait_used(&r, RX, 22));
    innocent();
}

/* Interrupts where used_event says, notifications where avail_event says: 2.7.7.2, 2.7.10.2. */
static void test_event_idx(void **state)
{
    volatile uint16_t *used_event, *avail_event;

    (void)state;
    raw_open(&r, "queue_size=16");
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_EVENT_IDX);
    used_event = &r.q[TX].avail[2 + 16];
    avail_event = &r.q[TX].used[2 + 4 * 16];
    *used_event = 2; /* the third */
    for (uint16_t i = 0; i < 2; i++) {
        raw_send(&r, i, 60);
        assert_true(raw_wait_used(&r, TX, (uint16_t)(i + 1)));
    }
    usleep(10000);
    assert_int_equal(r.raised, 0);
    for (int i = 0; i < 2000 && *avail_event != 2; i++)
        usleep(500);
    assert_int_equal(*avail_event, 2); /* it wants to hear of the next one */
    assert_int_equal(r.q[TX].used[0], 0);
    raw_send(&r, 2, 60);
    assert_true(raw_wait_line(&r, true));
    innocent();
}

/* The checksum that the driver left to the device: 5.1.6.2. */
static void test_checksum(void **state)
{
    /* UDP from 10.0.2.15 to 10.0.2.2, four bytes; the checksum field holds the pseudo header's sum. */
    static const uint8_t datagram[] = {0x30, 0x39, 0x00, 0x07, 0x00, 0x0C,
                                       0x18, 0x34, 'a',  'b',  'c',  'd'};
    uint32_t sum = 0x0A00 + 0x020F + 0x0A00 + 0x0202 + 17 + 12;
    struct spec_net_header header = {
        .flags = NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
    uint8_t *frame;

    (void)state;
    raw_open(&r, "queue_size=16");
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_CSUM);
    memcpy(r.data, &header, sizeof header);
    memcpy(r.data + NET_HEADER_SIZE + 34, datagram, sizeof datagram);
    r.data[NET_HEADER_SIZE + 40] = (uint8_t)(sum >> 8);
    r.data[NET_HEADER_SIZE + 41] = (uint8_t)sum;
    raw_offer(&r, TX, raw_desc(&r, TX, 0, r.data_pa, NET_HEADER_SIZE + 46, 0, 0));
    raw_notify(&r, TX);
    assert_true(raw_wait_frames(&r, 1));
    frame = r.frame[0];
    /* With its checksum in place, all of it and the pseudo header add up to all ones. */
    for (int i = 34; i < 46; i += 2)
        sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = (sum & 0xFFFF) + (sum >> 16);
    assert_int_equal(sum, 0xFFFF);
    innocent();
}

static void test_notification_data(void **state)
{
    (void)state;
    raw_open(&r, "queue_size=16,features=+notification_data");
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_NOTIFICATION_DATA);
    raw_offer(&r, TX, raw_desc(&r, TX, 0, r.data_pa, 72, 0, 0));
    *(volatile uint32_t *)(r.notify + TX * r.multiplier) = 1u << 16 | TX;
    assert_true(raw_wait_frames(&r, 1));
    innocent();
}

/* Offered to see who takes it, and refused then. */
static void test_beyond_the_model(void **state)
{
    (void)state;
    raw_open(&r, "features=+ctrl_vq+packed+6-2+30");
    assert_int_equal(raw_get32(&r, COMMON_DEVICE_FEATURE) >> 17 & 1, 1);
    assert_int_equal(raw_get32(&r, COMMON_DEVICE_FEATURE) & (1u << 30 | 1u << 6 | 1u << 2),
                     1u << 30 | 1u << 6);
    assert_false(raw_negotiate(&r, FEATURES_PLAIN | FEATURE(6)));
    assert_false(raw_negotiate(&r, FEATURES_PLAIN | FEATURE(34)));
    assert_true(raw_negotiate(&r, FEATURES_PLAIN));
    innocent();
}

/* virtio 1.4, 5.1.3.1 and 5.1.4.2: which features need which. */
static void test_feature_requirements(void **state)
{
    static const struct {
        uint64_t features, need; /* each of these needs all of those */
    } rows[] = {
        {FEATURE(7) | FEATURE(8) | FEATURE(10) | FEATURE(54) | FEATURE(55), FEATURE(1)},
        {FEATURE(9), FEATURE(1) | FEATURE(7)},
        {FEATURE(11) | FEATURE(12) | FEATURE(14) | FEATURE(56), FEATURE(0)},
        {FEATURE(13) | FEATURE(61), FEATURE(0) | FEATURE(12)},
        {FEATURE(18) | FEATURE(19) | FEATURE(20) | FEATURE(21) | FEATURE(22) | FEATURE(23) |
             FEATURE(52) | FEATURE(53) | FEATURE(57) | FEATURE(60),
         FEATURE(17)},
        {FEATURE(51), FEATURE(17) | FEATURE(57)},
    };

    (void)state;
    for (unsigned at = 0; at < 6 * 64; at++) {
        uint64_t feature = rows[at / 64].features & FEATURE(at % 64), need = rows[at / 64].need;

        if (!feature)
            continue;
        assert_int_equal(features_lack(feature | need), -1);
        for (unsigned bit = 0; bit < 64; bit++)
            if (need & FEATURE(bit))
                assert_int_not_equal(features_lack((feature | need) & ~FEATURE(bit)), -1);
    }
}

static void test_config_values(void **state)
{
    (void)state;
    raw_open(&r, "mtu=9000,speed=40000,mac=0a:1B:2c:3D:4e:5F");
    assert_int_equal(r.device[0], 0x0A);
    assert_int_equal(r.device[5], 0x5F);
    assert_int_equal(*(volatile uint16_t *)(r.device + NET_CONFIG_MTU), 9000);
    assert_int_equal(*(volatile uint32_t *)(r.device + NET_CONFIG_SPEED), 40000);
    assert_int_equal(r.device[NET_CONFIG_DUPLEX], 1);
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_MTU);
    raw_put8(&r, COMMON_DEVICE_STATUS, 0);
}

/* ---- Rings: what is unusual and allowed ---- */

/* A frame in many pieces, header split; a direct piece before an indirect table; WRITE on the indirect
 * descriptor, which is to be ignored: 2.7.4.1, 2.7.5.3.2. */
static void test_framing(void **state)
{
    struct spec_desc *table;
    uint8_t *frame;

    (void)state;
    raw_open(&r, "queue_size=64");
    raw_bring_up(&r, FEATURES_PLAIN | FEATURE_INDIRECT_DESC);
    for (int i = 0; i < 64; i++)
        r.data[12 + i] = (uint8_t)(i + 1);
    for (uint16_t i = 0; i < 38; i++)
        raw_desc(&r, TX, i, r.data_pa + i * 2u, 2, i < 37 ? DESC_F_NEXT : 0, (uint16_t)(i + 1));
    raw_offer(&r, TX, 0);
    table = (struct spec_desc *)(r.data + 4096);
    table[0] = (struct spec_desc){r.data_pa + 7, 30, DESC_F_NEXT, 2};
    table[2] = (struct spec_desc){r.data_pa + 37, 39, 0, 0};
    raw_desc(&r, TX, 50, r.data_pa, 7, DESC_F_NEXT, 51);
    raw_desc(&r, TX, 51, r.data_pa + 4096, 48, DESC_F_INDIRECT | DESC_F_WRITE, 0);
    raw_offer(&r, TX, 50);
    raw_notify(&r, TX);
    assert_true(raw_wait_frames(&r, 2));
    for (int f = 0; f < 2; f++) {
        frame = r.frame[f];
        assert_int_equal(r.frame_length[f], 64);
        for (int i = 0; i < 64; i++)
            assert_int_equal(frame[i], i + 1);
    }
    innocent();
}

/* avail idx wraps at 65536, and the ring many times before. */
static void test_wrap(void **state)
{
    (void)state;
    up("queue_size=8");
    for (uint32_t i = 0; i < 66000; i += 8) {
        for (uint16_t j = 0; j < 8; j++)
            raw_offer(&r, TX, raw_desc(&r, TX, j, r.data_pa, 72, 0, 0));
        raw_notify(&r, TX);
        assert_true(raw_wait_used(&r, TX, (uint16_t)(i + 8)));
    }
    assert_int_equal(raw_report(&r, "tx_frames"), 66000);
    innocent();
}

/* The same seed, the same order; another, another. */
static void order_of(const char *arguments, uint32_t ids[16])
{
    up(arguments);
    for (uint16_t i = 0; i < 16; i++)
        raw_offer(&r, TX, raw_desc(&r, TX, i, r.data_pa, 72, 0, 0));
    raw_notify(&r, TX);
    assert_true(raw_wait_used(&r, TX, 16));
    for (uint16_t i = 0; i < 16; i++)
        ids[i] = raw_used(&r, TX, i).id;
    innocent();
    close_all(NULL);
}

static void test_reorder(void **state)
{
    uint32_t in_order[16], a[16], again[16], b[16];

    (void)state;
    order_of("queue_size=16", in_order);
    order_of("queue_size=16,reorder=1,seed=7", a);
    order_of("queue_size=16,reorder=1,seed=7", again);
    order_of("queue_size=16,reorder=1,seed=8", b);
    for (uint32_t i = 0; i < 16; i++)
        assert_int_equal(in_order[i], i);
    assert_memory_equal(a, again, sizeof a);
    assert_memory_not_equal(a, in_order, sizeof a);
    assert_memory_not_equal(a, b, sizeof a);
}

/* ---- Words for people ---- */

static void test_describe(void **state)
{
    char text[128];

    (void)state;
    raw_open(&r, "rx_queue_size=64,tx_queue_size=128");
    r.bus->ops->describe(r.bus, text, sizeof text);
    assert_string_equal(text, "1af4:1000 at 00:03.0 (ndishost model, queues of 64 and 128)");
}

/* ---- Lockstep: nothing happens but in a step ---- */

static bool step(void)
{
    return r.bus->ops->step(r.bus);
}

static void test_lockstep(void **state)
{
    (void)state;
    up("queue_size=16,lockstep");
    assert_true(r.bus->lockstep);
    raw_send(&r, 0, 60);
    raw_fill(&r, 4);
    assert_int_equal(arrive(60), 0);
    usleep(50000);
    assert_int_equal(raw_used_idx(&r, TX), 0);
    assert_int_equal(raw_used_idx(&r, RX), 0);
    assert_int_equal(r.frames, 0);
    assert_true(step());
    /* All of it, when step returns: nothing is waited for. */
    assert_int_equal(raw_used_idx(&r, TX), 1);
    assert_int_equal(raw_used_idx(&r, RX), 1);
    assert_int_equal(r.frames, 1);
    assert_int_equal(raw_report(&r, "interrupts"), 1);
    assert_true(r.asserted);
    assert_false(step());
    assert_int_equal(r.q[TX].used[0], 0); /* it waits for a notification */
    raw_send(&r, 1, 60);
    assert_true(step());
    assert_int_equal(raw_used_idx(&r, TX), 2);
    assert_true(raw_reset(&r));
    assert_false(r.asserted);
    innocent();
}

static void test_lockstep_message(void **state)
{
    (void)state;
    up_with_messages("queue_size=16,lockstep");
    raw_send(&r, 0, 60);
    assert_int_equal(r.messages[11], 0);
    assert_true(step());
    assert_int_equal(r.messages[11], 1); /* when step returns */
    assert_int_equal(pending(), 0);
    innocent();
}

static void test_lockstep_busy(void **state)
{
    (void)state;
    up("queue_size=16,lockstep=busy");
    raw_send(&r, 0, 60);
    assert_true(step());
    assert_int_equal(r.q[TX].used[0], USED_F_NO_NOTIFY);
    raw_offer(&r, TX, raw_desc(&r, TX, 1, r.data_pa, 72, 0, 0));
    usleep(50000);
    assert_int_equal(raw_used_idx(&r, TX), 1);
    assert_true(step()); /* it looks though nobody has notified it */
    assert_int_equal(raw_used_idx(&r, TX), 2);
    assert_int_equal(r.q[TX].used[0], USED_F_NO_NOTIFY);
    innocent();
    close_all(NULL);
    up("queue_size=16");
    assert_false(r.bus->lockstep);
}

/* What the driver ought to have notified of is missing at the second step without it. */
static void test_lockstep_forgotten(void **state)
{
    (void)state;
    up("queue_size=16,lockstep");
    raw_offer(&r, TX, raw_desc(&r, TX, 0, r.data_pa, 72, 0, 0));
    assert_false(step());
    assert_int_equal(raw_report(&r, "violations"), 0);
    assert_false(step());
    assert_int_equal(raw_report(&r, "violations"), 1);
    assert_true(step());
    assert_int_equal(raw_used_idx(&r, TX), 1);
}

static void test_bad_options(void **state)
{
    static const char *const bad[] = {"nonsense",
                                      "nonsense=1",
                                      "queue_size",
                                      "queue_size=",
                                      "queue_size=3",
                                      "header=11",
                                      "header=14",
                                      "queue_size=65536",
                                      "queue_size=-1",
                                      "queue_size=16x",
                                      "rx_queue_size=100",
                                      "features=mac",
                                      "features=+nosuch",
                                      "features=+",
                                      "features=+64",
                                      "features=+05",
                                      "features=+100",
                                      "mac=1:2:3:4:5:6",
                                      "mac=02:00:00:00:00",
                                      "mtu=67",
                                      "mtu=65536",
                                      "bar=6",
                                      "layout=odd",
                                      "caps=odd",
                                      "caps=loop+",
                                      "caps=",
                                      "notify_multiplier=3",
                                      "notify_multiplier=1",
                                      "fault=odd",
                                      "fault=dead@0",
                                      "seed=x",
                                      "reorder=2",
                                      "wire=1",
                                      "wire=3",
                                      "lockstep=often",
                                      "delay=99999999999",
                                      "above_4g=1,bar=5",
                                      "caps=short_bar,layout=dense",
                                      "caps=io_notify+reserved+twice+long",
                                      "queue_size=16,,x=1"};
    struct bus_events none = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char error[256] = "";
        struct bus *bus = bus_model.open(bad[i], &none, NULL, error, sizeof error);

        if (bus)
            fail_msg("model:%s was taken", bad[i]);
        assert_non_null(strstr(error, "--bus model"));
        assert_null(strchr(error, '\n'));
    }
}

static void test_bus_open(void **state)
{
    static const struct bus_events none = {0};
    char error[256] = "", *text = NULL;
    struct bus *bus;
    size_t size;
    FILE *f;

    (void)state;
    assert_ptr_equal(bus_backend_find("model"), &bus_model);
    assert_ptr_equal(bus_backend_find("qtest:-device x:y"), &bus_qtest);
    assert_null(bus_backend_find("mode"));
    assert_null(bus_backend_find("models"));
    assert_null(bus_backend_find(""));
    bus = bus_open("model:queue_size=16", &none, NULL, error, sizeof error);
    assert_non_null(bus);
    bus->ops->close(bus);
    bus = bus_open("model", &none, NULL, error, sizeof error);
    assert_non_null(bus);
    bus->ops->close(bus);
    assert_null(bus_open("nosuch:x", &none, NULL, error, sizeof error));
    assert_non_null(strstr(error, "nosuch"));
    assert_null(bus_open("qtest:a:b", &none, NULL, error, sizeof error));
    assert_string_equal(error, "refused: \"a:b\"");
    f = open_memstream(&text, &size);
    bus_help(f);
    fclose(f);
    assert_non_null(strstr(text, "used_id_range: the Nth"));
    assert_non_null(strstr(text, "notify_multiplier"));
    assert_non_null(strstr(text, "pci:BDF"));
    free(text);
}

int main(void)
{
#define TEST(name) {"model:" #name, test_##name, NULL, close_all, NULL},
    static const struct CMUnitTest tests[] = {
        TEST(header) TEST(bar_sizes) TEST(two_models) TEST(pci_cfg) TEST(line)
            TEST(no_interrupt_flag) TEST(intx_disable) TEST(msix_silences) TEST(msix)
                TEST(msix_masked) TEST(msix_reset) TEST(msix_vectors) TEST(lockstep_message)
                    TEST(line_race) TEST(notify_suppression) TEST(notify_after_reset) TEST(link)
                        TEST(link_without_status) TEST(remove) TEST(close_lets_senders_go)
                            TEST(wire_waits) TEST(too_long_for_buffer) TEST(mrg_rxbuf)
                                TEST(event_idx) TEST(checksum) TEST(notification_data)
                                    TEST(beyond_the_model) TEST(feature_requirements)
                                        TEST(config_values) TEST(framing) TEST(wrap) TEST(reorder)
                                            TEST(describe) TEST(bad_options) TEST(lockstep)
                                                TEST(lockstep_busy) TEST(lockstep_forgotten)
                                                    TEST(bus_open)};

    return cmocka_run_group_tests(tests, memory_setup, NULL);
}
