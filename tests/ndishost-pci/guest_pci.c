/* SPDX-License-Identifier: MIT */
/*
 * The bus back end pci, on a real function: runs inside a virtual machine (tests/ndishost-pci/run)
 * with a virtio-net-pci at 00:03.0, whose far end is QEMU's user network: 10.0.2.2 answers ARP.
 * Tests build on those before: modules are loaded on the way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>
#include "device.h"
#include "nt/machine/phys.h"

#define DEVICE "/sys/bus/pci/devices/0000:00:03.0"
#define MEMORY (32ull << 20)

static struct device d;

/* --- Linux --- */

static void load(const char *module)
{
    char path[128];
    int fd;

    snprintf(path, sizeof path, "/modules/%s.ko", module);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
        fail_msg("%s does not load: %s", path, strerror(errno));
    close(fd);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static long number_in(const char *path)
{
    FILE *file = fopen(path, "r");
    long value = -1;

    if (!file || fscanf(file, "%ld", &value) != 1)
        fail_msg("%s has no number", path);
    fclose(file);
    return value;
}

static void expect_driver(const char *name)
{
    char target[256];
    ssize_t length = readlink(DEVICE "/driver", target, sizeof target - 1);

    target[length < 0 ? 0 : length] = 0;
    assert_string_equal(*target ? strrchr(target, '/') + 1 : "", name);
}

static void set_interface(const char *name, bool up)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

static void expect_refusal(const char *arguments, const char *words)
{
    if (device_try_open(&d, &bus_pci, arguments))
        fail_msg("<%s> was not refused", arguments);
    if (!strstr(d.error, words))
        fail_msg("<%s>: <%s> does not say <%s>", arguments, d.error, words);
    assert_null(strchr(d.error, '\n'));
}

static void open_pci(const char *arguments)
{
    if (!device_try_open(&d, &bus_pci, arguments))
        fail_msg("open: %s", d.error);
}

/* A device that was live is reset by its driver. */
static void close_pci(void)
{
    if (d.ring[RX])
        virtio_pci_reset(&d.pci);
    device_close(&d);
}

/* --- refusals --- */

static void bad_names(void **state)
{
    static const char *const names[] = {"",
                                        "eth0",
                                        "00:03",
                                        "00:03.8",
                                        "00:20.0",
                                        "00:03.0x",
                                        "0:00:03.0:",
                                        ",poll",
                                        "00:03.0x,poll",
                                        "0000:00:03.0000000000000000000000000000"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_refusal(names[i], "is not a PCI function");
}

static void unknown_words(void **state)
{
    (void)state;
    expect_refusal("00:03.0,trip", "unknown word \"trip\"");
    expect_refusal("00:03.0,", "unknown word \"\"");
    expect_refusal("00:03.0,trap,", "unknown word \"\"");
    expect_refusal("00:03.0,poll,traps", "unknown word \"traps\"");
    expect_refusal("00:03.0,pol", "unknown word \"pol\"");
}

static void not_there(void **state)
{
    (void)state;
    expect_refusal("00:1e.0", "there is no PCI function 0000:00:1e.0");
}

static void no_pin(void **state)
{
    (void)state;
    expect_refusal("0000:00:00.0", "has no INTx pin");
}

static void no_module(void **state)
{
    (void)state;
    expect_refusal("00:03.0", "modprobe uio_pci_generic");
    load("uio");
    load("uio_pci_generic");
}

static void interface_up(void **state)
{
    static const char *const modules[] = {
        "virtio_ring", "virtio",   "virtio_pci_legacy_dev", "virtio_pci_modern_dev",
        "virtio_pci",  "failover", "net_failover",          "virtio_net"};

    (void)state;
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        load(modules[i]);
    expect_driver("virtio-pci");
    set_interface("eth0", true);
    expect_refusal("00:03.0", "is the network interface eth0, which is up");
    expect_driver("virtio-pci");
    set_interface("eth0", false);
}

/* --- memory --- */

static void memory_reserved(void **state)
{
    char error[256];
    uint64_t pa;
    void *va;

    (void)state;
    assert_int_equal(number_in("/proc/sys/vm/nr_hugepages"), 0);
    assert_int_equal(phys_open(PHYS_HUGE, 64ull << 30, 1, error, sizeof error), -1);
    assert_non_null(strstr(error, "32768 huge pages"));
    assert_int_equal(number_in("/proc/sys/vm/nr_hugepages"), 0);

    put("/proc/sys/vm/nr_hugepages", "3");
    if (phys_open(PHYS_HUGE, MEMORY, 1, error, sizeof error) < 0)
        fail_msg("%s", error);
    assert_int_equal(number_in("/proc/sys/vm/nr_hugepages"), 16);
    va = phys_alloc(65536, PHYS_CONTIGUOUS, &pa);
    assert_non_null(va);
    phys_free(va);
    phys_close();
    assert_int_equal(number_in("/proc/sys/vm/nr_hugepages"), 3);
    put("/proc/sys/vm/nr_hugepages", "0");
    assert_int_equal(phys_open(PHYS_HUGE, MEMORY, 1, error, sizeof error), 0);
}

/* --- the device --- */

static void taken_and_given_back(void **state)
{
    char text[128];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        open_pci(i == 1 ? "00:03.0" : "0000:00:03.0");
        expect_driver("uio_pci_generic");
        d.bus->ops->describe(d.bus, text, sizeof text);
        assert_string_equal(text, "1af4:1000 at 00:03.0 (uio_pci_generic, uio0)");
        assert_int_equal(d.bus->slot, 3);
        close_pci();
        expect_driver("virtio-pci");
        assert_int_equal(
            access(DEVICE "/virtio0/net", F_OK) && access(DEVICE "/virtio1/net", F_OK) &&
                access(DEVICE "/virtio2/net", F_OK) && access(DEVICE "/virtio3/net", F_OK),
            0);
    }
}

static void registers(void **state)
{
    const volatile unsigned char *direct;

    (void)state;
    open_pci("00:03.0");
    assert_true(d.bus->bar[0].io && d.bus->bar[0].length == 32 && !d.bus->bar[0].direct);
    assert_int_equal(d.bus->ops->bar_read(d.bus, 0, 20, 4), 0x12005452); /* the legacy MAC */
    assert_int_equal(d.bus->ops->bar_read(d.bus, 0, 20, 2), 0x5452);
    assert_int_equal(d.bus->ops->bar_read(d.bus, 0, 21, 1), 0x54);
    assert_int_equal(d.bus->ops->bar_read(d.bus, 0, 30, 4), 0xffffffff);
    assert_true(d.bus->bar[4].wide && d.bus->bar[4].length == 16384);
    assert_int_equal(d.bus->ops->config_read(d.bus, 4, 2) & 7, 7);
    assert_int_equal(d.bus->ops->config_read(d.bus, 0, 4), 0x10001af4);
    device_start(&d, FEATURES, 256);
    direct = d.bus->bar[4].direct;
    assert_non_null(direct);
    assert_int_equal(direct[d.pci.common.offset + 0x14], 0x0f); /* device_status */
    assert_int_equal(virtio_pci_device_status(&d.pci), 0x0f);
    close_pci();
}

/* ARP: who has 10.0.2.2? Its answer shows that the frame came out right, and one came in. */
static void make_request(unsigned char frame[42], unsigned number)
{
    static const unsigned char arp[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
    unsigned char own[4] = {10, 0, 2, (unsigned char)(15 + number % 200)};

    memset(frame, 0, 42);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, "\x52\x54\x00\x12\x34\x56", 6);
    memcpy(frame + 12, arp, sizeof arp);
    memcpy(frame + 22, frame + 6, 6);
    memcpy(frame + 28, own, 4);
    memcpy(frame + 38, "\x0a\x00\x02\x02", 4);
}

static void expect_answer(unsigned number)
{
    unsigned char request[42], answer[FRAME_ROOM];
    size_t length;

    make_request(request, number);
    device_send(&d, request, sizeof request);
    do
        if (!device_receive(&d, answer, &length, 10000))
            fail_msg("no answer to request %u", number);
    while (length < 42 || memcmp(answer + 12, request + 12, 2) != 0 || answer[21] != 2);
    assert_memory_equal(answer, request + 6, 6);
    assert_memory_equal(answer + 28, request + 38, 4); /* from whom */
    assert_memory_equal(answer + 38, request + 28, 4); /* to whom */
}

/* What the host does with an interrupt: the ISR, and then the word that it has run. */
static virtio_u8 serve(void)
{
    virtio_u8 isr = virtio_pci_isr(&d.pci);

    d.bus->ops->interrupt_done(d.bus);
    return isr;
}

static void frames(void **state)
{
    (void)state;
    open_pci("00:03.0");
    device_start(&d, FEATURES, 256);
    device_fill_rx(&d, 128);
    for (unsigned i = 0; i < 500; i++) {
        expect_answer(i);
        if (device_asserted(&d))
            serve();
    }
    close_pci();
}

static void interrupt_level(void **state)
{
    unsigned char frame[60] = {0};

    (void)state;
    open_pci("00:03.0");
    device_start(&d, FEATURES, 256);
    assert_false(device_asserted(&d));
    for (unsigned i = 0; i < 100; i++) {
        device_send(&d, frame, sizeof frame);
        assert_true(device_wait_line(&d, true, 5000));
        assert_int_equal(serve(), VIRTIO_PCI_ISR_QUEUE);
        assert_false(device_asserted(&d));
        usleep(1000);
        assert_false(device_asserted(&d));
        assert_int_equal(device_raised(&d), i + 1);
    }
    /* Not acknowledged: it comes again, each time that it is let through. */
    device_send(&d, frame, sizeof frame);
    for (unsigned i = 0; i < 20; i++) {
        assert_true(device_wait_line(&d, true, 5000));
        d.bus->ops->interrupt_done(d.bus);
    }
    assert_true(device_wait_line(&d, true, 5000));
    serve();
    assert_false(device_asserted(&d));
    close_pci();
}

/* The kernel, which gives uio no MSI-X, has no part in it. */
static void messages(void **state)
{
    (void)state;
    open_pci("00:03.0");
    device_messages(&d);
    device_start(&d, FEATURES, 256);
    device_check_messages(&d);
    close_pci();
}

/* The driver's own use of the command register's bit 10 does not get into the kernel's way. */
static void intx_disabled_by_driver(void **state)
{
    unsigned char frame[60] = {0};
    uint32_t command;

    (void)state;
    open_pci("00:03.0");
    device_start(&d, FEATURES, 256);
    command = d.bus->ops->config_read(d.bus, 4, 2);
    assert_int_equal(command & 0x400, 0);
    d.bus->ops->config_write(d.bus, 4, 2, command | 0x400);
    assert_int_equal(d.bus->ops->config_read(d.bus, 4, 2), command | 0x400);
    device_send(&d, frame, sizeof frame);
    assert_false(device_wait_line(&d, true, 100));
    d.bus->ops->config_write(d.bus, 4, 2, command);
    assert_true(device_wait_line(&d, true, 5000));
    /* The kernel masks now; the driver sees nothing of that, in accesses of any size. */
    assert_int_equal(d.bus->ops->config_read(d.bus, 4, 2), command);
    assert_int_equal(d.bus->ops->config_read(d.bus, 4, 4) & 0xffff, command);
    assert_int_equal(d.bus->ops->config_read(d.bus, 5, 1), command >> 8);
    d.bus->ops->config_write(d.bus, 4, 2, command); /* read, modify, write */
    serve();
    device_send(&d, frame, sizeof frame);
    assert_true(device_wait_line(&d, true, 5000));
    serve();
    close_pci();
}

static void report_text(char *text, size_t size)
{
    FILE *json = fmemopen(text, size, "w");

    d.bus->ops->report(d.bus, json);
    fclose(json);
}

static void trapped_registers_counted(void **state)
{
    char text[512];

    (void)state;
    open_pci("00:03.0,trap");
    assert_null(d.bus->bar[4].direct);
    device_start(&d, FEATURES, 256);
    virtio_pci_notify(&d.pci, &d.notify[RX]);
    device_fill_rx(&d, 64);
    for (unsigned i = 0; i < 3; i++)
        expect_answer(i);
    report_text(text, sizeof text);
    assert_non_null(strstr(text, "\"notifications\": "));
    assert_null(strstr(text, "\"notifications\": 0"));
    close_pci();

    open_pci("00:03.0");
    report_text(text, sizeof text);
    assert_null(strstr(text, "notifications"));
    close_pci();
}

/* How many interrupt lines Linux has given to uio_pci_generic. */
static long uio_lines(void)
{
    char line[256];
    long count = 0;
    FILE *file = fopen("/proc/interrupts", "r");

    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strstr(line, "uio_pci_generic"))
            count++;
    fclose(file);
    return count;
}

/* No driver of the kernel, no interrupt; frames come and go, and the line comes by time. */
static void polled(void **state)
{
    char text[512];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        open_pci(i ? "00:03.0,poll,trap" : "00:03.0,poll");
        expect_driver("");
        assert_int_equal(uio_lines(), 0);
        d.bus->ops->describe(d.bus, text, sizeof text);
        assert_string_equal(text, "1af4:1000 at 00:03.0 (polled each 2 ms)");
        device_start(&d, FEATURES, 256);
        device_fill_rx(&d, 128);
        for (unsigned n = 0; n < 20; n++) {
            expect_answer(n);
            assert_true(device_wait_line(&d, true, 5000));
            serve();
            assert_true(device_wait_line(&d, true, 5000)); /* again, without a cause */
            assert_int_equal(serve() & ~VIRTIO_PCI_ISR_QUEUE, 0);
        }
        report_text(text, sizeof text);
        assert_non_null(strstr(text, "\"interrupts\": 0, \"polls\": "));
        assert_null(strstr(text, "\"polls\": 0"));
        close_pci();
        expect_driver("virtio-pci");
    }
}

static void polled_and_disabled_by_driver(void **state)
{
    uint32_t command;

    (void)state;
    open_pci("00:03.0,poll");
    command = d.bus->ops->config_read(d.bus, 4, 2);
    assert_int_equal(command & 0x400, 0);
    d.bus->ops->config_write(d.bus, 4, 2, command | 0x400);
    usleep(50000); /* a poll that was under way */
    d.bus->ops->interrupt_done(d.bus);
    assert_false(device_wait_line(&d, true, 200));
    d.bus->ops->config_write(d.bus, 4, 2, command);
    assert_int_equal(d.bus->ops->config_read(d.bus, 4, 2), command);
    assert_true(device_wait_line(&d, true, 5000));
    d.bus->ops->interrupt_done(d.bus);
    close_pci();
}

/* A driver that is pulled from under us is told of, and nothing hangs. */
static void vanishes(void **state)
{
    (void)state;
    open_pci("00:03.0");
    device_start(&d, FEATURES, 256);
    put(DEVICE "/driver/unbind", "0000:00:03.0");
    assert_true(device_wait_failed(&d, 5000));
    assert_non_null(strstr(d.failed, "0000:00:03.0 was removed"));
    close_pci();
    expect_driver("virtio-pci");
}

static int close_device(void **state)
{
    (void)state;
    if (d.bus)
        close_pci();
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, close_device)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bad_names),
        TEST(unknown_words),
        TEST(not_there),
        TEST(no_pin),
        TEST(no_module),
        TEST(interface_up),
        TEST(memory_reserved),
        TEST(taken_and_given_back),
        TEST(registers),
        TEST(frames),
        TEST(interrupt_level),
        TEST(messages),
        TEST(intx_disabled_by_driver),
        TEST(trapped_registers_counted),
        TEST(polled),
        TEST(polled_and_disabled_by_driver),
        TEST(vanishes),
    };

    return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
