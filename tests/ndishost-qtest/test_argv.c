/* SPDX-License-Identifier: MIT */
/* The words of --bus qtest:..., and QEMU's command line made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "bus/qtest/argv.h"

static void expect_words(const char *text, const char *const *expected)
{
    char error[256] = "";
    char **words = argv_split(text, error, sizeof error);
    size_t i;

    if (!words)
        fail_msg("<%s>: %s", text, error);
    for (i = 0; words[i] && expected[i]; i++)
        assert_string_equal(words[i], expected[i]);
    assert_null(words[i]);
    assert_null(expected[i]);
    argv_free(words);
}

#define EXPECT_WORDS(text, ...) expect_words(text, (const char *const[]){__VA_ARGS__})

static void split_plain(void **state)
{
    (void)state;
    EXPECT_WORDS("", NULL);
    EXPECT_WORDS(" \t\n ", NULL);
    EXPECT_WORDS("a", "a", NULL);
    EXPECT_WORDS("  -device virtio-net-pci,mac=52:54:00:00:00:01\t-m  1G ", "-device",
                 "virtio-net-pci,mac=52:54:00:00:00:01", "-m", "1G", NULL);
}

static void split_quotes(void **state)
{
    (void)state;
    EXPECT_WORDS("'a b' \"c d\" e' 'f", "a b", "c d", "e f", NULL);
    EXPECT_WORDS("'' \"\" x", "", "", "x", NULL);
    EXPECT_WORDS("'a\"b' \"c'd\"", "a\"b", "c'd", NULL);
    EXPECT_WORDS("'a\\'b", "a\\b", NULL);
}

static void split_backslash(void **state)
{
    (void)state;
    EXPECT_WORDS("a\\ b \\\\ \\'", "a b", "\\", "'", NULL);
    EXPECT_WORDS("\"a\\\"b\\\\c\\$\\`\\n\"", "a\"b\\c$`\\n", NULL);
}

static void split_errors(void **state)
{
    static const char *const bad[] = {"'", "\"", "a 'b c", "\"a\\\"", "a\\", "'a' \"b"};
    char error[256];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        *error = 0;
        assert_null(argv_split(bad[i], error, sizeof error));
        assert_true(strlen(error) > 20);
        assert_null(strchr(error, '\n'));
    }
}

/* Any words, quoted in any of the ways, are parsed as they were. */
static void split_random(void **state)
{
    static const char alphabet[] = "ab ,=-'\"\\$`\t";
    unsigned seed = (unsigned)strtoul(getenv("SEED") ? getenv("SEED") : "1", NULL, 10);

    (void)state;
    printf("# seed %u\n", seed);
    srand(seed);
    for (unsigned round = 0; round < 5000; round++) {
        char word[6][16], text[1024] = "";
        const char *expected[7] = {0};
        unsigned count = (unsigned)rand() % 6;
        char *out = text;

        for (unsigned w = 0; w < count; w++) {
            unsigned length = (unsigned)rand() % 12;
            int how = rand() % 3;

            for (unsigned i = 0; i < length; i++)
                word[w][i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
            word[w][length] = 0;
            expected[w] = word[w];
            *out++ = ' ';
            if (how == 0 && !strchr(word[w], '\'')) {
                out += sprintf(out, "'%s'", word[w]);
            } else if (how == 1 || !length) {
                *out++ = '"';
                for (unsigned i = 0; i < length; i++)
                    out += sprintf(out, strchr("\"\\$`", word[w][i]) ? "\\%c" : "%c", word[w][i]);
                *out++ = '"';
            } else {
                for (unsigned i = 0; i < length; i++)
                    out += sprintf(out, "\\%c", word[w][i]);
            }
        }
        *out = 0;
        expect_words(text, expected);
    }
}

static void option_values(void **state)
{
    char value[8];

    (void)state;
    assert_true(argv_option("virtio-net-pci,id=x,mac=1", "id", value, sizeof value));
    assert_string_equal(value, "x");
    assert_true(argv_option("d,a=b,,c,id=1,,2", "id", value, sizeof value));
    assert_string_equal(value, "1,2");
    assert_true(argv_option("d,id=0123456789", "id", value, sizeof value));
    assert_string_equal(value, "0123456");
    assert_false(argv_option("id=x", "id", value, sizeof value));
    assert_false(argv_option("d,a=b,,id=x", "id", value, sizeof value));
    assert_false(argv_option("d,xid=x,idx=y", "id", value, sizeof value));
    assert_false(argv_option("d,id", "id", value, sizeof value));
    assert_true(argv_option("d,id=", "id", value, sizeof value));
    assert_string_equal(value, "");
}

/* The device's words as QEMU gets them, the rest of `arguments` untouched. */
static void expect_device(const char *arguments, const char *expected, const char *id,
                          const char *driver, bool own_wire)
{
    struct qemu_command command = {0};
    char error[256] = "";
    bool own = !own_wire, found = false;
    char **words = qemu_words(arguments, &command, &own, error, sizeof error);

    if (!words)
        fail_msg("<%s>: %s", arguments, error);
    for (char **word = words; *word; word++)
        found = found || strcmp(*word, expected) == 0;
    if (!found)
        fail_msg("<%s> does not come to <%s>", arguments, expected);
    assert_string_equal(command.device, id);
    assert_string_equal(command.driver, driver);
    assert_int_equal(own, own_wire);
    argv_free(words);
}

static void device_words(void **state)
{
    (void)state;
    expect_device("", "virtio-net-pci,netdev=net0,id=ndishost0", "ndishost0", "virtio-net-pci",
                  true);
    expect_device("-machine pc", "virtio-net-pci,netdev=net0,id=ndishost0", "ndishost0",
                  "virtio-net-pci", true);
    expect_device("-device virtio-net-pci,rx_queue_size=1024",
                  "virtio-net-pci,rx_queue_size=1024,netdev=net0,id=ndishost0", "ndishost0",
                  "virtio-net-pci", true);
    expect_device("-device virtio-net-pci,id=n", "virtio-net-pci,id=n,netdev=net0", "n",
                  "virtio-net-pci", true);
    expect_device("-netdev user,id=u -device virtio-net-pci,netdev=u",
                  "virtio-net-pci,netdev=u,id=ndishost0", "ndishost0", "virtio-net-pci", false);
    expect_device("-device virtio-net-pci,netdev=net0", "virtio-net-pci,netdev=net0,id=ndishost0",
                  "ndishost0", "virtio-net-pci", true);
    expect_device("-device virtio-rng-pci --device virtio-net-pci,mac=x -device e1000",
                  "virtio-net-pci,mac=x,netdev=net0,id=ndishost0", "ndishost0", "virtio-net-pci",
                  true);
    expect_device("-device pci-bridge,chassis_nr=1 -device e1000", "e1000,netdev=net0,id=ndishost0",
                  "ndishost0", "e1000", true);
}

static void device_words_refused(void **state)
{
    static const char *const bad[] = {"virtio-net-pci", "disk.img -device virtio-net-pci",
                                      "-device '{\"driver\":\"virtio-net-pci\"}'",
                                      "-device \"virtio-net-pci"};
    struct qemu_command command;
    char error[256];
    bool own;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        *error = 0;
        assert_null(qemu_words(bad[i], &command, &own, error, sizeof error));
        assert_true(strlen(error) > 20);
    }
}

static bool has_pair(char **argv, const char *option, const char *value)
{
    for (; argv[0] && argv[1]; argv++)
        if (strcmp(argv[0], option) == 0 && strcmp(argv[1], value) == 0)
            return true;
    return false;
}

static void command_line(void **state)
{
    struct qemu_command command = {0};
    struct qemu_fds fds = {
        .qtest = 7, .qmp = 8, .wire = 9, .memory = 10, .rom = 11, .memory_bytes = 5ull << 30};
    char error[256];
    bool own;
    char **words = qemu_words("-device virtio-net-pci", &command, &own, error, sizeof error);

    (void)state;
    assert_non_null(words);
    assert_int_equal(qemu_command_make(&command, "/some/qemu", words, &fds), 0);
    assert_string_equal(command.argv[0], "/some/qemu");
    assert_true(has_pair(command.argv, "-m", "5368709120B"));
    assert_true(has_pair(command.argv, "-bios", "/proc/self/fd/11"));
    assert_true(has_pair(command.argv, "-netdev", "socket,id=net0,fd=9"));
    assert_true(has_pair(command.argv, "-chardev", "socket,id=qtest,fd=7"));
    assert_true(has_pair(command.argv, "-chardev", "socket,id=qmp,fd=8"));
    assert_true(has_pair(command.argv, "-object",
                         "memory-backend-file,id=mem,share=on,mem-path=/proc/self/fd/10,"
                         "size=5368709120"));
    qemu_command_free(&command);

    fds.wire = -1;
    words = qemu_words("-netdev user,id=u -device virtio-net-pci,netdev=u", &command, &own, error,
                       sizeof error);
    assert_non_null(words);
    assert_int_equal(qemu_command_make(&command, "qemu", words, &fds), 0);
    assert_false(has_pair(command.argv, "-netdev", "socket,id=net0,fd=9"));
    assert_true(has_pair(command.argv, "-netdev", "user,id=u"));
    qemu_command_free(&command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_plain),     cmocka_unit_test(split_quotes),
        cmocka_unit_test(split_backslash), cmocka_unit_test(split_errors),
        cmocka_unit_test(split_random),    cmocka_unit_test(option_values),
        cmocka_unit_test(device_words),    cmocka_unit_test(device_words_refused),
        cmocka_unit_test(command_line),
    };

    return cmocka_run_group_tests_name("argv", tests, NULL, NULL);
}
