/* SPDX-License-Identifier: MIT */
/* The capture file, read back by a reader of its own and by tshark. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "net/net.h"
#include "net/numbered.h"

#define THREADS 4
#define FRAMES  3000 /* a thread */

static char path[64];

static int set_up(void **state)
{
    int fd;

    (void)state;
    strcpy(path, "/tmp/test_pcap.XXXXXX");
    fd = mkstemp(path);
    close(fd);
    return fd < 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static struct pcap *create(void)
{
    char error[256] = "";
    struct pcap *pcap = pcap_create(path, error, sizeof error);

    if (!pcap)
        fail_msg("%s", error);
    return pcap;
}

/* ---- The reader ---- */

struct reader {
    uint8_t *bytes;
    size_t size, at;
    uint64_t stamp; /* of the frame read last, nanoseconds */
};

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static struct reader reader_open(void)
{
    static const uint8_t header[24] = {0x4D, 0x3C, 0xB2, 0xA1, 2, 0,    4,    0, 0, 0, 0,
                                       0,    0,    0,    0,    0, 0xFF, 0xFF, 0, 0, 1};
    struct reader reader = {.at = sizeof header};
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    reader.size = (size_t)ftell(file);
    rewind(file);
    reader.bytes = malloc(reader.size + 1);
    assert_int_equal(fread(reader.bytes, 1, reader.size, file), reader.size);
    fclose(file);
    assert_true(reader.size >= sizeof header);
    assert_memory_equal(reader.bytes, header, sizeof header);
    return reader;
}

/* NULL at the end. */
static const uint8_t *reader_next(struct reader *reader, size_t *length)
{
    const uint8_t *at = reader->bytes + reader->at;
    uint64_t stamp;

    if (reader->at == reader->size)
        return NULL;
    assert_true(reader->size - reader->at >= 16);
    stamp = get32(at) * 1000000000ull + get32(at + 4);
    assert_true(get32(at + 4) < 1000000000);
    assert_true(stamp >= reader->stamp);
    reader->stamp = stamp;
    *length = get32(at + 8);
    assert_int_equal(*length, get32(at + 12));
    assert_true(reader->size - reader->at - 16 >= *length);
    reader->at += 16 + *length;
    return at + 16;
}

/* ---- Tests ---- */

struct writer {
    struct pcap *pcap;
    struct numbered stream;
    pthread_t thread;
};

static void *writer_thread(void *argument)
{
    struct writer *writer = argument;
    uint8_t frame[NUMBERED_MAX];

    for (uint64_t number = 0; number < FRAMES; number++)
        pcap_frame(writer->pcap, frame, numbered_fill(&writer->stream, number, frame));
    return NULL;
}

static void write_from_threads(struct writer *writers)
{
    struct pcap *pcap = create();

    for (unsigned i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){
            .pcap = pcap, .stream = {.stream = (uint8_t)i, .size_min = 60, .size_max = 1514}};
        numbered_init(&writers[i].stream);
        pthread_create(&writers[i].thread, NULL, writer_thread, &writers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(writers[i].thread, NULL);
    assert_int_equal(pcap_close(pcap), 0);
}

/* More than the buffers hold, from several threads: each thread's frames are all there, in order. */
static void test_threads(void **state)
{
    struct writer writers[THREADS];
    struct reader reader;
    uint64_t next[THREADS] = {0};
    const uint8_t *frame;
    size_t length;

    (void)state;
    write_from_threads(writers);
    reader = reader_open();
    while ((frame = reader_next(&reader, &length))) {
        uint8_t expected[NUMBERED_MAX];
        unsigned i = 0;
        uint64_t number;

        while (i < THREADS && !numbered_identify(&writers[i].stream, frame, length, &number))
            i++;
        assert_true(i < THREADS);
        assert_int_equal(number, next[i]++);
        assert_int_equal(length, numbered_fill(&writers[i].stream, number, expected));
        assert_memory_equal(frame, expected, length);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(next[i], FRAMES);
    free(reader.bytes);
}

static void test_empty(void **state)
{
    struct reader reader;
    size_t length;

    (void)state;
    assert_int_equal(pcap_close(create()), 0);
    reader = reader_open();
    assert_null(reader_next(&reader, &length));
    free(reader.bytes);
}

/* What was captured can be read while the run goes on, a second or so later. */
static void test_flushed_in_time(void **state)
{
    static const uint8_t frame[60];
    struct pcap *pcap = create();
    struct stat before, after;

    (void)state;
    stat(path, &before);
    pcap_frame(pcap, frame, sizeof frame);
    for (unsigned i = 0; i < 40; i++) {
        usleep(100000);
        stat(path, &after);
        if (after.st_size > before.st_size)
            break;
    }
    assert_int_equal(after.st_size - before.st_size, 16 + 60);
    assert_int_equal(pcap_close(pcap), 0);
}

static void test_cannot_create(void **state)
{
    char error[256] = "";

    (void)state;
    assert_null(pcap_create("/nonexistent/x.pcap", error, sizeof error));
    assert_non_null(strstr(error, "cannot write /nonexistent/x.pcap: No such file"));
    assert_null(pcap_create("/dev/full", error, sizeof error));
    assert_non_null(strstr(error, "/dev/full: No space left"));
}

/* Returns pcap_close's word on a capture that outgrows its disk by far. */
static int capture_too_much(void)
{
    static uint8_t frame[1514];
    struct pcap *pcap = create();

    for (unsigned i = 0; i < 5000; i++)
        pcap_frame(pcap, frame, sizeof frame);
    return pcap_close(pcap);
}

/* The disk fills up in the middle: nothing hangs, whether or not the other buffer was full then too,
 * and close tells. */
static void test_write_fails_later(void **state)
{
    struct rlimit old, small;
    unsigned told = 0;

    (void)state;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    for (unsigned i = 0; i < 30; i++)
        told += capture_too_much() == -1;
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(told, 30);
}

/* Wireshark's own reading of the file: the same count, lengths, and stamps to the nanosecond. */
static void test_tshark(void **state)
{
    struct writer writers[THREADS];
    struct reader reader;
    const uint8_t *frame;
    char command[256], line[128], expected[128];
    size_t length;
    FILE *pipe;

    (void)state;
    if (system("command -v tshark >/dev/null 2>&1")) {
        print_message("tshark is not installed\n");
        skip();
    }
    write_from_threads(writers);
    reader = reader_open();
    snprintf(command, sizeof command,
             "tshark -r %s -T fields -e frame.encap_type -e frame.time_epoch -e frame.len "
             "2>/dev/null",
             path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((frame = reader_next(&reader, &length))) {
        snprintf(expected, sizeof expected, "1\t%llu.%09llu\t%zu\n",
                 (unsigned long long)(reader.stamp / 1000000000u),
                 (unsigned long long)(reader.stamp % 1000000000u), length);
        if (!fgets(line, sizeof line, pipe))
            fail_msg("tshark ended before %s", expected);
        assert_string_equal(line, expected);
    }
    assert_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    free(reader.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flushed_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cannot_create, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_fails_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tshark, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
