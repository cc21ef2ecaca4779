/* SPDX-License-Identifier: MIT */
/* What happens to a device besides frames: cables, removal, QEMU's death, options good and bad. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/qtest/protocol.h"
#include "device.h"
#include "nt/machine/phys.h"

static struct device d;

static int open_memory(void **state)
{
    (void)state;
    device_memory(0);
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    phys_close();
    return 0;
}

/* The first QEMU that is a child of `parent`, dead or alive; 0: none. */
static pid_t qemu_of(pid_t parent)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;

    while (!found && (entry = readdir(proc))) {
        char path[300], name[64];
        int pid = atoi(entry->d_name), ppid;
        FILE *stat;

        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        if (pid <= 0 || !(stat = fopen(path, "r")))
            continue;
        if (fscanf(stat, "%*d (%63[^)]) %*c %d", name, &ppid) == 2 && ppid == parent &&
            strncmp(name, "qemu", 4) == 0)
            found = pid;
        fclose(stat);
    }
    closedir(proc);
    return found;
}

static unsigned open_files(void)
{
    DIR *fds = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(fds))
        count++;
    closedir(fds);
    return count;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void expect_tx(uint32_t number)
{
    unsigned char frame[200], got[FRAME_ROOM];
    size_t length;

    make_frame(frame, sizeof frame, number);
    device_send(&d, frame, sizeof frame);
    assert_true(device_wire(&d, got, &length, 5000));
    assert_int_equal(length, sizeof frame);
    assert_memory_equal(got, frame, length);
}

static void expect_rx(uint32_t number)
{
    unsigned char frame[200], got[FRAME_ROOM];
    size_t length;

    make_frame(frame, sizeof frame, number);
    assert_int_equal(d.bus->ops->wire_send(d.bus, frame, sizeof frame, -1), 0);
    assert_true(device_receive(&d, got, &length, 5000));
    assert_int_equal(length, sizeof frame);
    assert_memory_equal(got, frame, length);
}

/* --- the cable --- */

static bool link_is_up(void)
{
    virtio_u16 status = 0;

    assert_int_equal(virtio_pci_config_read(&d.pci, 6, &status, 2), VIRTIO_PCI_OK);
    return status & 1;
}

static void link_flaps(void **state)
{
    unsigned char frame[60], got[FRAME_ROOM];
    size_t length;

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    device_fill_rx(&d, 100);
    make_frame(frame, sizeof frame, 1);
    assert_true(link_is_up());
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(d.bus->ops->set_link(d.bus, false), 0);
        assert_true(device_wait_line(&d, true, 5000));
        assert_true(virtio_pci_isr(&d.pci) & VIRTIO_PCI_ISR_CONFIG);
        assert_false(link_is_up());
        assert_int_equal(d.bus->ops->wire_send(d.bus, frame, sizeof frame, -1), -1);
        device_send(&d, frame, sizeof frame); /* the device takes it; nothing comes out */
        assert_false(device_wire(&d, got, &length, 5));
        virtio_pci_isr(&d.pci);

        assert_int_equal(d.bus->ops->set_link(d.bus, true), 0);
        assert_true(device_wait_line(&d, true, 5000));
        assert_true(virtio_pci_isr(&d.pci) & VIRTIO_PCI_ISR_CONFIG);
        assert_true(link_is_up());
        expect_tx(i);
        expect_rx(i);
        virtio_pci_isr(&d.pci);
    }
    device_close(&d);
}

/* A sender that waits for the device returns when the cable is cut, and the wire is still in
 * step when it is mended. */
static void *send_until_refused(void *argument)
{
    unsigned char frame[1514];
    unsigned *sent = argument;

    make_frame(frame, sizeof frame, 7);
    while (*sent < 100000 && d.bus->ops->wire_send(d.bus, frame, sizeof frame, -1) == 0)
        ++*sent;
    return NULL;
}

static void link_cut_under_sender(void **state)
{
    pthread_t thread;
    unsigned char frame[60], got[FRAME_ROOM];
    unsigned sent = 0;
    size_t length;

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    assert_int_equal(pthread_create(&thread, NULL, send_until_refused, &sent), 0);
    usleep(200000);
    assert_int_equal(d.bus->ops->set_link(d.bus, false), 0);
    pthread_join(thread, NULL);
    assert_true(sent > 10 && sent < 100000);
    device_fill_rx(&d, 200); /* QEMU throws away what it holds of a cable that is cut */
    usleep(100000);
    assert_int_equal(d.bus->ops->set_link(d.bus, true), 0);
    make_frame(frame, sizeof frame, 8);
    assert_int_equal(d.bus->ops->wire_send(d.bus, frame, sizeof frame, -1), 0);
    do
        if (!device_receive(&d, got, &length, 5000))
            fail_msg("the frame sent after the cut does not come");
    while (length == 1514);
    assert_int_equal(length, sizeof frame);
    assert_memory_equal(got, frame, length);
    device_close(&d);
}

/* --- the end of a device --- */

static void expect_all_ones(void)
{
    assert_int_equal(d.bus->ops->config_read(d.bus, 0, 4), 0xffffffff);
    assert_int_equal(d.bus->ops->config_read(d.bus, 6, 2), 0xffff);
    assert_int_equal(virtio_pci_device_status(&d.pci), 0xff);
    assert_int_equal(virtio_pci_isr(&d.pci), 0xff);
    assert_true(d.bus->ops->bar_read(d.bus, 4, 0, 8) == ~0ull);
    assert_int_equal(d.bus->ops->bar_read(d.bus, 0, 0, 4), 0xffffffff);
    assert_int_equal(virtio_pci_reset(&d.pci), VIRTIO_PCI_E_GONE);
    assert_int_equal(d.bus->ops->wire_send(d.bus, "frame", 5, -1), -1);
}

static void removed_with(const char *arguments)
{
    unsigned char frame[60];
    struct virtq_sg sg;

    device_open(&d, arguments);
    device_start(&d, FEATURES, 256);
    device_fill_rx(&d, 100);
    make_frame(frame, sizeof frame, 1);
    device_send(&d, frame, sizeof frame);
    assert_true(device_wait_line(&d, true, 5000)); /* pulled out with the line up */
    assert_int_equal(d.bus->ops->remove(d.bus), 0);
    assert_false(device_asserted(&d));
    expect_all_ones();
    assert_int_equal(d.bus->ops->remove(d.bus), -1);
    assert_int_equal(d.bus->ops->set_link(d.bus, true), -1);
    /* Nothing of it works on: the frame stays where it is. */
    sg = (struct virtq_sg){d.buffer[TX][0].pa, 100};
    assert_int_equal(virtq_add(&d.vq[TX], &sg, 1, 0, NULL, &sg), VIRTQ_OK);
    virtq_publish(&d.vq[TX]);
    virtio_pci_notify(&d.pci, &d.notify[TX]);
    usleep(20000);
    assert_false(virtq_has_used(&d.vq[TX]) && d.vq[TX].last_used_idx != 1);
    assert_false(*d.failed);
    device_close(&d);
}

/* Whether QEMU's own list of PCI functions, asked for at the monitor at `path`, has a network
 * device. */
static bool monitor_shows_device(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char text[16384];
    size_t length = 0;
    ssize_t got;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    dprintf(fd, "info pci\nquit-is-no-command\n");
    do {
        got = read(fd, text + length, sizeof text - 1 - length);
        assert_true(got > 0);
        text[length += (size_t)got] = 0;
    } while (!strstr(text, "unknown command"));
    close(fd);
    assert_non_null(strstr(text, "ISA bridge"));
    return strstr(text, "Ethernet controller") != NULL;
}

/* Out of QEMU too, not only out of our sight. */
static void removed(void **state)
{
    char path[64], arguments[128];

    (void)state;
    removed_with("");
    snprintf(path, sizeof path, "/tmp/ndishost-test-%d", (int)getpid());
    snprintf(arguments, sizeof arguments, "-monitor unix:%s,server=on,wait=off", path);
    device_open(&d, arguments);
    assert_true(monitor_shows_device(path));
    assert_int_equal(d.bus->ops->remove(d.bus), 0);
    assert_false(monitor_shows_device(path));
    device_close(&d);
    unlink(path);
}

static void expect_dead(double start)
{
    assert_true(device_wait_failed(&d, 10000));
    assert_false(device_asserted(&d));
    expect_all_ones();
    assert_int_equal(d.bus->ops->set_link(d.bus, false), -1);
    assert_int_equal(d.bus->ops->remove(d.bus), -1);
    device_close(&d);
    assert_true(now() - start < 10);
}

static void killed(void **state)
{
    unsigned char frame[60];
    double start = now();

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    make_frame(frame, sizeof frame, 1);
    device_send(&d, frame, sizeof frame);
    assert_true(device_wait_line(&d, true, 5000));
    assert_int_equal(kill(qemu_of(getpid()), SIGKILL), 0);
    assert_true(device_wait_failed(&d, 10000));
    assert_non_null(strstr(d.failed, "signal 9"));
    assert_null(strchr(d.failed, '\n'));
    expect_dead(start);
}

/* Threads that are inside at that moment come out. */
static void *read_until_gone(void *argument)
{
    (void)argument;
    while (d.bus->ops->config_read(d.bus, 0, 4) == 0x10001af4)
        ;
    return NULL;
}

static void killed_under_load(void **state)
{
    pthread_t thread[3];
    unsigned sent = 0;
    double start = now();

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_until_gone, NULL), 0);
    assert_int_equal(pthread_create(&thread[2], NULL, send_until_refused, &sent), 0);
    usleep(100000);
    assert_int_equal(kill(qemu_of(getpid()), SIGKILL), 0);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    expect_dead(start);
}

/* A QEMU that does not answer any more counts as gone, and is ended when the bus is closed. */
static void stopped_answering(void **state)
{
    unsigned before = qtest_patience_ms;
    double start = now();
    pid_t qemu;

    (void)state;
    device_open(&d, "");
    device_start(&d, FEATURES, 256);
    qemu = qemu_of(getpid());
    qtest_patience_ms = 300;
    assert_int_equal(kill(qemu, SIGSTOP), 0);
    assert_int_equal(virtio_pci_device_status(&d.pci), 0xff);
    qtest_patience_ms = before;
    assert_true(device_wait_failed(&d, 10000));
    assert_non_null(strstr(d.failed, "does not answer"));
    expect_dead(start);
    assert_int_equal(kill(qemu, 0), -1);
}

/* QEMU says why it ends, and so do we: here a script that says it in QEMU's place. */
static void last_words(void **state)
{
    char path[] = "/tmp/qemu-test-XXXXXX";
    int fd = mkstemp(path);
    pid_t qemu;
    double start = now();

    (void)state;
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/sh\nsetpriv --pdeathsig KILL qemu-system-x86_64 \"$@\"\necho 'the machine "
                "is on fire' >&2\nexit 3\n");
    fchmod(fd, 0700);
    close(fd);
    setenv("NDISHOST_QEMU", path, 1);
    device_open(&d, "");
    unsetenv("NDISHOST_QEMU");
    unlink(path);
    device_start(&d, FEATURES, 256);
    qemu = qemu_of(qemu_of(getpid()));
    assert_true(qemu > 0);
    assert_int_equal(kill(qemu, SIGTERM), 0);
    assert_true(device_wait_failed(&d, 10000));
    assert_string_equal(d.failed, "QEMU ended with status 3: the machine is on fire");
    expect_dead(start);
}

/* A sender that the device keeps waiting does not keep the bus from closing. */
static void closed_under_sender(void **state)
{
    pthread_t thread;
    unsigned sent = 0;
    double start;

    (void)state;
    device_open(&d, "");
    assert_int_equal(pthread_create(&thread, NULL, send_until_refused, &sent), 0);
    usleep(200000);
    start = now();
    /* What wire_stop does first; a caller of close has no thread inside any more. */
    assert_int_equal(d.bus->ops->set_link(d.bus, false), 0);
    pthread_join(thread, NULL);
    device_close(&d);
    assert_true(now() - start < 3);
}

/* Nothing stays behind: no process, no descriptor. */
static void nothing_left(void **state)
{
    unsigned before = open_files();
    pid_t qemu;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        device_open(&d, "");
        qemu = qemu_of(getpid());
        assert_true(qemu > 0);
        device_start(&d, FEATURES, 256);
        device_close(&d);
        assert_int_equal(kill(qemu, 0), -1);
        assert_int_equal(qemu_of(getpid()), 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    }
    assert_int_equal(open_files(), before);
}

/* QEMU ends with us, even if we get no chance to say so. */
static void dies_with_parent(void **state)
{
    pid_t parent = fork(), qemu = 0;

    (void)state;
    if (parent == 0) {
        if (!device_try_open(&d, &bus_qtest, ""))
            _exit(1);
        for (;;)
            pause();
    }
    for (unsigned i = 0; i < 100 && !qemu; i++) {
        usleep(50000);
        qemu = qemu_of(parent);
    }
    assert_true(qemu > 0);
    usleep(100000);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    for (unsigned i = 0; i < 100 && kill(qemu, 0) == 0; i++)
        usleep(50000);
    assert_int_equal(kill(qemu, 0), -1);
}

/* --- options --- */

static void works_with(const char *arguments, unsigned size)
{
    virtio_u16 max;

    device_open(&d, arguments);
    device_start(&d, FEATURES, 0);
    assert_int_equal(virtio_pci_queue_size(&d.pci, RX, &max), VIRTIO_PCI_OK);
    assert_int_equal(max, size);
    device_fill_rx(&d, 50);
    for (uint32_t i = 0; i < 20; i++) {
        expect_tx(i);
        expect_rx(i);
    }
    device_close(&d);
}

static void options_passed_through(void **state)
{
    static const char *const options[] = {
        "mrg_rxbuf=off", "status=off",    "event_idx=off", "packed=on",
        "tx=timer",      "ioeventfd=off", "vectors=0",     "guest_csum=off,host_ufo=off"};

    (void)state;
    works_with("-device virtio-net-pci", 256);
    works_with("-device virtio-net-pci,rx_queue_size=1024,tx_queue_size=256", 1024);
    works_with("-device 'virtio-net-pci,rx_queue_size=512' -device virtio-rng-pci", 512);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char arguments[128];

        snprintf(arguments, sizeof arguments, "-device virtio-net-pci,%s", options[i]);
        works_with(arguments, 256);
    }
}

static void modern_only(void **state)
{
    char text[128];

    (void)state;
    works_with("-device virtio-net-pci-non-transitional", 256);
    device_open(&d, "-device virtio-net-pci,disable-legacy=on");
    d.bus->ops->describe(d.bus, text, sizeof text);
    assert_int_equal(strncmp(text, "1af4:1041 at", 12), 0);
    device_close(&d);
}

static void no_modern(void **state)
{
    (void)state;
    device_open(&d, "-device virtio-net-pci,disable-modern=on");
    assert_int_equal(device_find(&d), VIRTIO_PCI_E_NO_CAPABILITIES);
    device_close(&d);
}

static void indirect_off(void **state)
{
    (void)state;
    device_open(&d, "-device virtio-net-pci,indirect_desc=off");
    device_start(&d, FEATURES, 256);
    assert_true(d.pci.negotiated == (FEATURES & ~VIRTIO_F_INDIRECT_DESC));
    expect_tx(1);
    device_close(&d);
}

/* The device is the person's own cable's: there is no far end here. */
static void own_netdev(void **state)
{
    unsigned char frame[60];

    (void)state;
    device_open(&d, "-netdev user,id=u,restrict=on -device virtio-net-pci,netdev=u");
    assert_null(d.bus->ops->wire_send);
    device_start(&d, FEATURES, 256);
    make_frame(frame, sizeof frame, 1);
    device_send(&d, frame, sizeof frame);
    assert_int_equal(d.bus->ops->set_link(d.bus, false), 0);
    assert_false(link_is_up());
    device_close(&d);
}

static void expect_refusal(const char *arguments, const char *words)
{
    if (device_try_open(&d, &bus_qtest, arguments)) {
        device_close(&d);
        fail_msg("<%s> was not refused", arguments);
    }
    if (!strstr(d.error, words))
        fail_msg("<%s>: <%s> does not say <%s>", arguments, d.error, words);
    assert_null(strchr(d.error, '\n'));
    assert_int_equal(qemu_of(getpid()), 0);
}

static void bad_options(void **state)
{
    (void)state;
    expect_refusal("-device virtio-net-pci,x-nonsense=1",
                   "Property 'virtio-net-pci.x-nonsense' not found");
    expect_refusal("-device virtio-net-pci,rx_queue_size=300", "must be a power of 2");
    expect_refusal("-device virtio-nat-pci", "'virtio-nat-pci' is not a valid device model name");
    expect_refusal("-no-such-option", "-no-such-option: invalid option");
    expect_refusal("-device virtio-net-pci -machine isapc", "bus");
    expect_refusal("-device virtio-rng-pci,netdev=net0", "virtio-rng-pci.netdev");
    expect_refusal("-netdev user,id=u -device virtio-net-pci,netdev=nowhere", "nowhere");
    expect_refusal("-device 'virtio-net-pci", "unmatched");
    expect_refusal("virtio-net-pci", "-device");
    expect_refusal("-device pci-bridge,id=b,chassis_nr=1 -device virtio-net-pci,bus=b,addr=1",
                   "bus 0");
    expect_refusal("-machine q35 -device virtio-net-pci", "q35");
}

static void no_qemu(void **state)
{
    char *before = getenv("NDISHOST_QEMU") ? strdup(getenv("NDISHOST_QEMU")) : NULL;

    (void)state;
    setenv("NDISHOST_QEMU", "/no/such/qemu", 1);
    expect_refusal("", "there is no QEMU (/no/such/qemu)");
    setenv("NDISHOST_QEMU", "/etc/passwd", 1);
    expect_refusal("", "Permission denied");
    setenv("NDISHOST_QEMU", "/bin/true", 1);
    expect_refusal("", "status 0");
    if (before)
        setenv("NDISHOST_QEMU", before, 1);
    else
        unsetenv("NDISHOST_QEMU");
    free(before);
}

/* q35 splits its RAM at 2 GiB: with less than that it will do. */
static void q35(void **state)
{
    (void)state;
    phys_close();
    device_memory(1ull << 30);
    works_with("-machine q35 -device virtio-net-pci,addr=5", 256);
    removed_with("-machine q35");
    phys_close();
    device_memory(0);
}

/* Sizes of memory about the hole. */
static void memory_sizes(void **state)
{
    static const uint64_t megabytes[] = {64, 2048, 3071, 3072, 3073, 3500, 4096, 6144};

    (void)state;
    for (size_t i = 0; i < sizeof megabytes / sizeof *megabytes; i++) {
        phys_close();
        device_memory(megabytes[i] << 20);
        device_open(&d, "");
        device_start(&d, FEATURES, 16);
        expect_tx(1);
        device_close(&d);
    }
    phys_close();
    device_memory(0);
}

/* A test that failed leaves its device open, and a QEMU that the next one might take for its
 * own. */
static int close_device(void **state)
{
    (void)state;
    if (d.bus)
        device_close(&d);
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, close_device)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(link_flaps),
        TEST(link_cut_under_sender),
        TEST(removed),
        TEST(killed),
        TEST(killed_under_load),
        TEST(stopped_answering),
        TEST(last_words),
        TEST(closed_under_sender),
        TEST(nothing_left),
        TEST(dies_with_parent),
        TEST(options_passed_through),
        TEST(modern_only),
        TEST(no_modern),
        TEST(indirect_off),
        TEST(own_netdev),
        TEST(bad_options),
        TEST(no_qemu),
        TEST(q35),
        TEST(memory_sizes),
    };

    return cmocka_run_group_tests_name("events", tests, open_memory, close_memory);
}
