/* SPDX-License-Identifier: MIT */
/* The model driven by the two virtio libraries: found, brought up, and frames both ways, each checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/model/features.h"
#include "lib.h"
#include "memory.h"
#include "nt/machine/phys.h"
#include "rules/rules.h"

#define WANTED (FEATURE_VERSION_1 | FEATURE_INDIRECT_DESC | FEATURE_MAC | FEATURE_STATUS)

static struct lib l;

static int close_all(void **state)
{
    (void)state;
    if (l.bus)
        lib_close(&l);
    l.bus = NULL;
    return 0;
}

/* ---- Found and brought up, or refused with the right reason ---- */

static const struct {
    const char *arguments;
    enum virtio_pci_status found, started;
} bring_up[] = {
    {"", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"layout=dense", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"layout=spread", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"layout=high", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"bar=0", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"bar=1", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"bar=2,layout=high", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"bar=5,layout=dense", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"bar=0,above_4g=1", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"above_4g=1,layout=high", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"legacy=0", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"notify_multiplier=0", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"notify_multiplier=2,layout=dense", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"notify_multiplier=4096", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"notify_multiplier=65536,layout=spread", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"features=-mac", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"features=-status", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"features=-indirect", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"features=none+version_1", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"features=+mtu+packed+ctrl_vq+mq+rss", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"queue_size=1", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"rx_queue_size=2,tx_queue_size=1024", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"queue_size=32768", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=io_notify", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=reserved", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=long", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=twice", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=loop", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=outside", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=io_notify+reserved,layout=spread,legacy=0", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=twice+loop", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=long+outside", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"caps=none", VIRTIO_PCI_E_NO_CAPABILITIES, VIRTIO_PCI_OK},
    {"caps=no_list", VIRTIO_PCI_E_NO_CAPABILITIES, VIRTIO_PCI_OK},
    {"caps=no_common", VIRTIO_PCI_E_NO_COMMON, VIRTIO_PCI_OK},
    {"caps=no_notify", VIRTIO_PCI_E_NO_NOTIFY, VIRTIO_PCI_OK},
    {"caps=io_only", VIRTIO_PCI_E_NO_NOTIFY, VIRTIO_PCI_OK},
    {"caps=no_isr", VIRTIO_PCI_E_NO_ISR, VIRTIO_PCI_OK},
    {"caps=no_device", VIRTIO_PCI_E_NO_DEVICE_CFG, VIRTIO_PCI_OK},
    {"caps=absent_bar", VIRTIO_PCI_E_NO_COMMON, VIRTIO_PCI_OK},
    {"caps=short_common", VIRTIO_PCI_E_NO_COMMON, VIRTIO_PCI_OK},
    {"caps=short_device", VIRTIO_PCI_E_NO_DEVICE_CFG, VIRTIO_PCI_OK},
    {"caps=short_bar", VIRTIO_PCI_E_BAR_TOO_SHORT, VIRTIO_PCI_OK},
    {"features=-version_1", VIRTIO_PCI_OK, VIRTIO_PCI_E_NO_VERSION_1},
    {"rx_queue_size=0", VIRTIO_PCI_OK, VIRTIO_PCI_E_NO_QUEUE},
    {"tx_queue_size=0", VIRTIO_PCI_OK, VIRTIO_PCI_E_NO_QUEUE},
    {"fault=queue_size_odd", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"fault=queue_enabled", VIRTIO_PCI_OK, VIRTIO_PCI_E_QUEUE_ENABLED},
    {"fault=queue_stuck", VIRTIO_PCI_OK, VIRTIO_PCI_E_QUEUE_REFUSED},
    {"fault=notify_range", VIRTIO_PCI_OK, VIRTIO_PCI_E_NOTIFY_RANGE},
    {"fault=features_refused", VIRTIO_PCI_OK, VIRTIO_PCI_E_FEATURES_REFUSED},
    {"fault=generation", VIRTIO_PCI_OK, VIRTIO_PCI_E_CONFIG_UNSTABLE},
    {"fault=config_torn@6", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"fault=reset_slow", VIRTIO_PCI_OK, VIRTIO_PCI_OK},
    {"fault=reset_never", VIRTIO_PCI_OK, VIRTIO_PCI_E_RESET_TIMEOUT},
    {"fault=gone", VIRTIO_PCI_OK, VIRTIO_PCI_E_GONE},
    {"fault=gone@9", VIRTIO_PCI_OK, VIRTIO_PCI_E_GONE},
    {"fault=gone@25", VIRTIO_PCI_OK, VIRTIO_PCI_E_GONE},
};

static void test_bring_up(void **state)
{
    unsigned before = rules_violations();
    bool failed = false;

    (void)state;
    for (size_t i = 0; i < sizeof bring_up / sizeof bring_up[0]; i++) {
        enum virtio_pci_status found, started = VIRTIO_PCI_OK;

        lib_open(&l, bring_up[i].arguments);
        found = lib_find(&l);
        if (!found)
            started = lib_start(&l, WANTED);
        if (found != bring_up[i].found || started != bring_up[i].started) {
            print_error("model:%s: found: %s; started: %s\n", bring_up[i].arguments,
                        virtio_pci_status_text(found), virtio_pci_status_text(started));
            failed = true;
        }
        close_all(NULL);
        if (rules_violations() != before)
            fail_msg("model:%s: the library broke a rule", bring_up[i].arguments);
    }
    assert_false(failed);
}

/* ---- Frames ---- */

static const struct lib_traffic mixed = {
    .out = 20000, .in = 20000, .pieces = 3, .least = 14, .most = 1514, .seed = 1};

static void carry(const char *arguments, uint64_t wanted, const struct lib_traffic *traffic)
{
    unsigned before = rules_violations();
    struct timespec start, end;
    double seconds;

    clock_gettime(CLOCK_MONOTONIC, &start);
    lib_open(&l, arguments);
    assert_int_equal(lib_find(&l), VIRTIO_PCI_OK);
    assert_int_equal(lib_start(&l, wanted), VIRTIO_PCI_OK);
    lib_traffic(&l, traffic);
    clock_gettime(CLOCK_MONOTONIC, &end);
    seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    print_message("model:%s: %.0f frames/s\n", arguments, (traffic->out + traffic->in) / seconds);
    if (rules_violations() != before)
        fail_msg("model:%s: a rule was broken", arguments);
    close_all(NULL);
}

#define FRAMES(name, arguments, wanted, ...) \
    static void test_##name(void **state)    \
    {                                        \
        struct lib_traffic traffic = mixed;  \
                                             \
        (void)state;                         \
        (void)traffic;                       \
        __VA_ARGS__;                         \
        carry(arguments, wanted, &traffic);  \
    }

FRAMES(plain, "", FEATURE_VERSION_1)
FRAMES(one_piece, "", WANTED, traffic.pieces = 1)
FRAMES(indirect, "", WANTED, traffic.indirect = true)
FRAMES(queue_2, "queue_size=4", WANTED, traffic.indirect = true, traffic.out = traffic.in = 3000)
FRAMES(queue_32768, "queue_size=32768", WANTED)
FRAMES(out_only, "", WANTED, traffic.in = 0, traffic.out = 100000)
FRAMES(in_only, "", WANTED, traffic.out = 0, traffic.in = 100000)
FRAMES(small, "", WANTED, traffic.most = 60, traffic.out = traffic.in = 100000)
FRAMES(large, "", WANTED, traffic.least = 1514, traffic.out = traffic.in = 50000)
FRAMES(narrow_wire, "wire=2", WANTED)
FRAMES(ignore_no_interrupt, "ignore_no_interrupt=1", WANTED)
FRAMES(spurious, "fault=interrupt_spurious+config_spurious+isr_reserved", WANTED)
FRAMES(no_notify, "fault=no_notify", WANTED, traffic.out = traffic.in = 5000)
FRAMES(delay, "delay=200", WANTED, traffic.out = traffic.in = 5000)
FRAMES(reorder, "reorder=1,seed=42", WANTED)
FRAMES(spread, "layout=spread,notify_multiplier=0", WANTED)
FRAMES(above_4g, "above_4g=1,layout=dense", WANTED)

/* Each frame is echoed, sent by the device's own thread while the queue to it is full. */
static void test_echo(void **state)
{
    struct lib_traffic traffic = mixed;

    (void)state;
    traffic.in = 0;
    lib_open(&l, "wire=2");
    l.echo = true;
    assert_int_equal(lib_find(&l), VIRTIO_PCI_OK);
    assert_int_equal(lib_start(&l, WANTED), VIRTIO_PCI_OK);
    lib_traffic(&l, &traffic);
}

/* Stopped and started again and again, memory taken back each time. */
static void test_restart(void **state)
{
    unsigned before = rules_violations();

    (void)state;
    lib_open(&l, "queue_size=64");
    assert_int_equal(lib_find(&l), VIRTIO_PCI_OK);
    for (unsigned i = 0; i < 50; i++) {
        struct lib_traffic traffic = mixed;

        traffic.out = traffic.in = 300;
        traffic.seed = i;
        l.wire_next = 0;
        assert_int_equal(lib_start(&l, WANTED), VIRTIO_PCI_OK);
        lib_traffic(&l, &traffic);
        lib_stop(&l);
    }
    assert_int_equal(rules_violations(), before);
}

/* The lies about used buffers, seen by the library for what they are. */
static const struct {
    const char *fault;
    unsigned queue;
    int broken;
} lies[] = {
    {"used_id_range", LIB_TX, VIRTQ_E_USED_ID},  {"used_id_high", LIB_TX, VIRTQ_E_USED_ID},
    {"used_id_free", LIB_TX, VIRTQ_E_USED_ID},   {"used_twice", LIB_TX, VIRTQ_E_USED_IDX},
    {"used_len", LIB_RX, VIRTQ_E_USED_LEN},      {"used_len_huge", LIB_RX, VIRTQ_E_USED_LEN},
    {"used_idx_jump", LIB_TX, VIRTQ_E_USED_IDX}, {"used_idx_back", LIB_TX, VIRTQ_E_USED_IDX},
};

static void test_lies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char arguments[64];
        bool receives = lies[i].queue == LIB_RX;
        struct virtqueue *vq = &l.vq[lies[i].queue];
        struct virtq_sg sg = {0, receives ? 2048 : 72};
        uint8_t frame[60] = {0};
        uint64_t pa;
        void *cookie;
        virtio_u32 length;

        snprintf(arguments, sizeof arguments, "queue_size=16,fault=%s", lies[i].fault);
        lib_open(&l, arguments);
        assert_int_equal(lib_find(&l), VIRTIO_PCI_OK);
        assert_int_equal(lib_start(&l, WANTED), VIRTIO_PCI_OK);
        memset(l.data[LIB_TX], 0, 72);
        assert_true(phys_address(l.data[LIB_TX], &pa));
        sg.addr = pa;
        assert_int_equal(virtq_add(vq, &sg, !receives, receives, NULL, l.data[LIB_TX]), VIRTQ_OK);
        if (virtq_publish(vq))
            virtio_pci_notify(&l.pci, &l.notify[lies[i].queue]);
        if (receives)
            assert_int_equal(l.bus->ops->wire_send(l.bus, frame, sizeof frame, -1), 0);
        for (int j = 0; j < 2000 && !virtq_broken(vq); j++) {
            virtq_get(vq, &cookie, &length);
            usleep(500);
        }
        if (virtq_broken(vq) != lies[i].broken)
            fail_msg("%s: the queue says: %s", lies[i].fault, virtq_status_text(virtq_broken(vq)));
        close_all(NULL);
    }
}

int main(void)
{
#define TEST(name) {"model:" #name, test_##name, NULL, close_all, NULL},
    static const struct CMUnitTest tests[] = {
        TEST(bring_up) TEST(plain) TEST(one_piece) TEST(indirect) TEST(queue_2) TEST(queue_32768)
            TEST(out_only) TEST(in_only) TEST(small) TEST(large) TEST(narrow_wire)
                TEST(ignore_no_interrupt) TEST(spurious) TEST(no_notify) TEST(delay) TEST(reorder)
                    TEST(spread) TEST(above_4g) TEST(echo) TEST(restart) TEST(lies)};

    return cmocka_run_group_tests(tests, memory_setup, NULL);
}
