/* SPDX-License-Identifier: MIT */
/* The qtest protocol by itself: a socket pair, the test in QEMU's place. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/qtest/protocol.h"

static struct qtest *q;
static int qemu;
static FILE *commands; /* QEMU's end, to read from */

static atomic_uint lines_raised, lines_lowered, hung_up;
static atomic_bool read_in_event;
static _Atomic uint64_t read_value;

static void on_line(void *context, unsigned line, bool level)
{
    uint64_t value;

    assert_ptr_equal(context, &qemu);
    assert_int_equal(line, 11);
    atomic_fetch_add(level ? &lines_raised : &lines_lowered, 1);
    if (atomic_load(&read_in_event) && level) {
        qtest_read(q, QTEST_MEMORY, 0x77, 1, &value);
        atomic_store(&read_value, value);
    }
}

static void on_hung_up(void *context)
{
    assert_ptr_equal(context, &qemu);
    atomic_fetch_add(&hung_up, 1);
}

static int setup(void **state)
{
    static const struct qtest_events events = {on_line, on_hung_up};
    char error[128];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    qemu = ends[1];
    commands = fdopen(dup(qemu), "r");
    atomic_store(&lines_raised, 0);
    atomic_store(&lines_lowered, 0);
    atomic_store(&hung_up, 0);
    atomic_store(&read_in_event, false);
    q = qtest_open(ends[0], &events, &qemu, error, sizeof error);
    assert_non_null(q);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (q)
        qtest_close(q);
    fclose(commands);
    close(qemu);
    return 0;
}

static void say(const char *text)
{
    assert_int_equal(send(qemu, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void expect_command(const char *text)
{
    char line[128];

    assert_non_null(fgets(line, sizeof line, commands));
    line[strcspn(line, "\n")] = 0;
    assert_string_equal(line, text);
}

/* A command in a thread of its own, as the test plays QEMU. */
struct call {
    pthread_t thread;
    enum { READ, WRITE, CONFIG_READ, CONFIG_WRITE } kind;
    enum qtest_space space;
    uint64_t address, value;
    unsigned size;
    bool ok;
    unsigned lowered_at_return;
};

static void *run_call(void *argument)
{
    struct call *call = argument;
    uint32_t config;

    switch (call->kind) {
    case READ:
        call->ok = qtest_read(q, call->space, call->address, call->size, &call->value);
        break;
    case WRITE:
        call->ok = qtest_write(q, call->space, call->address, call->size, call->value);
        break;
    case CONFIG_READ:
        call->ok = qtest_config_read(q, 0x80001000, (unsigned)call->address, call->size, &config);
        call->value = config;
        break;
    case CONFIG_WRITE:
        call->ok = qtest_config_write(q, 0x80001000, (unsigned)call->address, call->size,
                                      (uint32_t)call->value);
    }
    call->lowered_at_return = atomic_load(&lines_lowered);
    return NULL;
}

static void begin(struct call *call)
{
    assert_int_equal(pthread_create(&call->thread, NULL, run_call, call), 0);
}

static void end(struct call *call)
{
    pthread_join(call->thread, NULL);
}

static void words_of_commands(void **state)
{
    struct call read = {.kind = READ, .address = 0xfe001234, .size = 2};
    struct call in = {.kind = READ, .space = QTEST_IO, .address = 0xc010, .size = 8};
    struct call write = {.kind = WRITE, .address = 0x123456789a, .size = 1, .value = ~0ull};

    (void)state;
    begin(&read);
    expect_command("readw 0xfe001234");
    say("OK 0x000000000000beef\n");
    end(&read);
    assert_true(read.ok && read.value == 0xbeef);
    begin(&in);
    expect_command("inl 0xc010");
    say("OK 0x1\n");
    expect_command("inl 0xc014");
    say("OK 0x2\n");
    end(&in);
    assert_true(in.ok && in.value == 0x200000001ull);
    begin(&write);
    expect_command("writeb 0x123456789a 0xff");
    say("OK\n");
    end(&write);
    assert_true(write.ok);
}

static void configuration_space(void **state)
{
    struct call read = {.kind = CONFIG_READ, .address = 0x0e, .size = 1};
    struct call write = {.kind = CONFIG_WRITE, .address = 0x06, .size = 2, .value = 0x1234};

    (void)state;
    begin(&read);
    expect_command("outl 0xcf8 0x8000100c");
    expect_command("inb 0xcfe");
    say("OK\nOK 0x0080\n");
    end(&read);
    assert_true(read.ok && read.value == 0x80);
    begin(&write);
    expect_command("outl 0xcf8 0x80001004");
    expect_command("outw 0xcfe 0x1234");
    say("OK\n");
    usleep(10000);
    say("OK\n");
    end(&write);
    assert_true(write.ok);
}

/* What came before the reply was told before the call returned, in pieces too. */
static void lines_before_replies(void **state)
{
    static const char reply[] = "IRQ raise 11\nIRQ lower 11\nOK 0x3\n";

    (void)state;
    for (unsigned i = 1; i < sizeof reply - 1; i++) {
        struct call read = {.kind = READ, .address = 1, .size = 4};
        char head[64] = "";

        begin(&read);
        expect_command("readl 0x1");
        memcpy(head, reply, i);
        say(head);
        usleep(1000);
        say(reply + i);
        end(&read);
        assert_true(read.ok && read.value == 3);
        assert_int_equal(read.lowered_at_return, i);
        assert_int_equal(atomic_load(&lines_raised), i);
    }
}

/* A handler may read a register; the call that was under way still gets its own reply. */
static void command_in_event(void **state)
{
    struct call outer = {.kind = READ, .address = 1, .size = 4};

    (void)state;
    atomic_store(&read_in_event, true);
    begin(&outer);
    expect_command("readl 0x1");
    say("IRQ raise 11\n");
    expect_command("readb 0x77");
    say("OK 0x1111\nIRQ lower 11\nOK 0x22\n");
    end(&outer);
    assert_true(outer.ok && outer.value == 0x1111);
    for (unsigned i = 0; i < 1000 && atomic_load(&read_value) != 0x22; i++)
        usleep(1000);
    assert_true(atomic_load(&read_value) == 0x22);
}

/* Posted writes go at once, but only so many; replies to them are nobody's. */
static void *post_many(void *argument)
{
    for (unsigned i = 0; i < 1000; i++)
        qtest_post(q, QTEST_MEMORY, i, 4, i);
    atomic_store((atomic_bool *)argument, true);
    return NULL;
}

static unsigned waiting_commands(void)
{
    char text[65536];
    ssize_t length = recv(qemu, text, sizeof text, MSG_PEEK | MSG_DONTWAIT);
    unsigned count = 0;

    for (ssize_t i = 0; i < length; i++)
        count += text[i] == '\n';
    return count;
}

static void posted_writes(void **state)
{
    atomic_bool done = false;
    struct call read = {.kind = READ, .address = 1, .size = 4};
    pthread_t thread;

    (void)state;
    qtest_post(q, QTEST_MEMORY, 5, 2, 7);
    expect_command("writew 0x5 0x7");
    begin(&read);
    expect_command("readl 0x1");
    say("OK\nOK 0x9\n");
    end(&read);
    assert_true(read.ok && read.value == 9);

    assert_int_equal(pthread_create(&thread, NULL, post_many, &done), 0);
    usleep(50000);
    assert_false(atomic_load(&done)); /* it waits for room, and has left some in the socket */
    assert_in_range(waiting_commands(), 32, 100);
    for (unsigned i = 0; i < 1000; i++) {
        char line[64];

        snprintf(line, sizeof line, "writel 0x%x 0x%x", i, i);
        expect_command(line);
        say("OK\n");
    }
    pthread_join(thread, NULL);
}

static void refused_command(void **state)
{
    struct call read = {.kind = READ, .address = 1, .size = 2};

    (void)state;
    begin(&read);
    expect_command("readw 0x1");
    say("FAIL Unknown command 'readw'\n");
    end(&read);
    assert_false(read.ok);
    assert_int_equal(read.value, 0xffff);
}

/* QEMU goes while commands wait: they return all ones, and so do all after them. */
static void hangs_up(void **state)
{
    struct call call[4];
    uint64_t value;
    uint32_t config;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        call[i] = (struct call){.kind = i % 2 ? READ : CONFIG_READ, .address = 0, .size = 4};
        begin(&call[i]);
    }
    usleep(20000);
    say("IRQ raise 11\n");
    shutdown(qemu, SHUT_RDWR);
    for (unsigned i = 0; i < 4; i++) {
        end(&call[i]);
        assert_false(call[i].ok);
        assert_int_equal(call[i].value, 0xffffffff);
    }
    assert_false(qtest_read(q, QTEST_MEMORY, 0, 8, &value));
    assert_true(value == ~0ull);
    assert_false(qtest_config_read(q, 0, 0, 2, &config));
    assert_int_equal(config, 0xffff);
    assert_false(qtest_write(q, QTEST_IO, 0, 8, 0));
    qtest_post(q, QTEST_MEMORY, 0, 8, 0);
    for (unsigned i = 0; i < 1000 && !atomic_load(&hung_up); i++)
        usleep(1000);
    assert_int_equal(atomic_load(&hung_up), 1);
    assert_int_equal(atomic_load(&lines_raised), 1);
}

static void closed_by_us(void **state)
{
    (void)state;
    qtest_close(q);
    q = NULL;
    assert_int_equal(atomic_load(&hung_up), 0);
}

/* A QEMU that has stopped answering counts as gone, after a while. */
static void answers_never(void **state)
{
    struct call read = {.kind = READ, .address = 1, .size = 1};
    unsigned before = qtest_patience_ms;

    (void)state;
    qtest_patience_ms = 200;
    begin(&read);
    end(&read);
    qtest_patience_ms = before;
    assert_false(read.ok);
    assert_int_equal(read.value, 0xff);
    for (unsigned i = 0; i < 1000 && !atomic_load(&hung_up); i++)
        usleep(1000);
    assert_int_equal(atomic_load(&hung_up), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(words_of_commands), TEST(configuration_space), TEST(lines_before_replies),
        TEST(command_in_event),  TEST(posted_writes),       TEST(refused_command),
        TEST(hangs_up),          TEST(closed_by_us),        TEST(answers_never),
    };

    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
