/* SPDX-License-Identifier: MIT */
/* The parser on damaged files: single fields at their worst values, truncation at every length, and
 * random damage. Whatever it says, it stays in the file and in the image (AddressSanitizer watches). */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loader/pe.h"
#include "nt/machine/random.h"
#include "support.h"

static uint8_t *originals[2];
static size_t sizes[2];

static const void *resolve(void *context, const char *dll, const char *name)
{
    ++*(unsigned *)context;
    return strlen(dll) + strlen(name) > 1 ? &originals : NULL;
}

/* Everything that the loader does with a file, short of running it. true: it would have been loaded. */
static bool build(const uint8_t *data, size_t size, char *error, size_t error_size)
{
    struct pe_symbols symbols = {0};
    struct pe_messages messages = {0};
    uint8_t *copy = malloc(size ? size : 1), *image;
    unsigned imports = 0;
    uint32_t rva;
    struct pe pe;
    bool good;

    memcpy(copy, data, size); /* of just that size, so that a byte too far is seen */
    error[0] = 0;
    good = pe_parse(&pe, copy, size, error, error_size);
    if (good) {
        image = calloc(1, pe.image_size);
        pe_layout(&pe, image);
        pe_checksum(&pe);
        good = pe_relocate(&pe, image, 0x7F0012340000ull, error, error_size);
        pe_messages_read(&pe, image, &messages);
        good = pe_bind(&pe, image, resolve, &imports, error, error_size) && good;
        pe_seed_cookie(&pe, image, 0x7F0012340000ull, 1);
        pe_symbols_read(&pe, &symbols);
        for (uint32_t i = 0; i < 64; i++)
            pe_symbols_find(&symbols, i * 4096, &rva);
        pe_messages_find(&messages, 0xC0000007);
        free(image);
    }
    assert_true(good || error[0]);
    assert_null(memchr(error, '\n', strlen(error)));
    pe_symbols_free(&symbols);
    pe_messages_free(&messages);
    free(copy);
    return good;
}

static void test_the_originals_are_good(void **state)
{
    char error[512];

    (void)state;
    for (int i = 0; i < 2; i++)
        if (!build(originals[i], sizes[i], error, sizeof error))
            fail_msg("%s", error);
}

static void test_every_truncation(void **state)
{
    char error[512];

    (void)state;
    for (int i = 0; i < 2; i++) {
        unsigned refused = 0;

        for (size_t size = 0; size < sizes[i]; size += size < 2048 ? 1 : 61)
            refused += !build(originals[i], size, error, sizeof error);
        assert_true(refused > 2048); /* the symbol table at the end may be missing */
    }
}

/* Each byte of the headers, set to values that are wrong in as many ways. */
static void test_every_header_byte(void **state)
{
    static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFF};
    char error[512];

    (void)state;
    for (int i = 0; i < 2; i++) {
        uint8_t *data = malloc(sizes[i]);

        for (size_t at = 0; at < 0x400; at++)
            for (size_t v = 0; v < sizeof values; v++) {
                memcpy(data, originals[i], sizes[i]);
                data[at] = values[v];
                build(data, sizes[i], error, sizeof error);
            }
        free(data);
    }
}

static void test_random_damage(void **state)
{
    struct random r;
    char error[512];
    unsigned good = 0;

    (void)state;
    random_seed(&r, test_seed());
    for (int round = 0; round < 3000; round++) {
        int i = round % 2;
        uint8_t *data = malloc(sizes[i]);

        memcpy(data, originals[i], sizes[i]);
        for (uint64_t n = random_below(&r, 8); n > 0; n--) {
            /* Half of the damage to the headers, where most can be broken. */
            size_t at = random_below(&r, random_chance(&r, 1, 2) ? 0x400 : sizes[i] - 4);
            uint32_t value = random_chance(&r, 1, 2) ? (uint32_t)random_next(&r)
                                                     : (uint32_t)random_below(&r, 0x10000);

            memcpy(data + at, &value, 1 + random_below(&r, 4));
        }
        good += build(data, sizes[i], error, sizeof error);
        free(data);
    }
    /* Were all refused at once, nothing would have been tried. */
    assert_in_range(good, 100, 2900);
}

/* ---- Damage with a name ---- */

struct damage {
    const char *part; /* of the message */
    unsigned
        field; /* offset in the optional header; negative ones as field - 20 of the file header */
    unsigned bytes;
    uint64_t value;
};

static uint8_t *header_of(uint8_t *data)
{
    uint32_t at;

    memcpy(&at, data + 60, 4);
    return data + at + 4; /* the file header; the optional one is 20 bytes on */
}

static void test_named_damage(void **state)
{
    static const struct damage damages[] = {
        {"expected x64 (0x8664) or x86", 0, 2, 0x1C0},
        {"has 0 sections", 2, 2, 0},
        {"has 65535 sections", 2, 2, 0xFFFF},
        {"ends inside its optional header", 16, 2, 0xFFFF},
        {"optional header", 20, 2, 0x107},
        {"no entry point", 20 + 16, 4, 0},
        {"no entry point", 20 + 16, 4, 0xFFFFFFF0},
        {"no entry point", 20 + 16, 4, 0x3000}, /* data */
        {"aligned to 0x80", 20 + 32, 4, 0x80},
        {"aligned to 0x1800", 20 + 32, 4, 0x1800},
        {"image of 0x0 bytes", 20 + 56, 4, 0},
        {"image of 0xffffffff bytes", 20 + 56, 4, 0xFFFFFFFF},
        {"leaves the image of 0x2000", 20 + 56, 4, 0x2000},
        {"headers of 0xfffffff0", 20 + 60, 4, 0xFFFFFFF0},
        {"ends inside its section table", 20 + 60, 4, 0x80},
        {"subsystem is 2", 20 + 68, 2, 2},
    };
    char error[512];

    (void)state;
    for (int i = 0; i < 2; i++)
        for (size_t d = 0; d < sizeof damages / sizeof *damages; d++) {
            uint8_t *data = malloc(sizes[i]);

            memcpy(data, originals[i], sizes[i]);
            memcpy(header_of(data) + damages[d].field, &damages[d].value, damages[d].bytes);
            if (build(data, sizes[i], error, sizeof error))
                fail_msg("loaded in spite of: %s", damages[d].part);
            assert_contains(error, damages[d].part);
            free(data);
        }
}

static void load_originals(const char *argv0)
{
    static const char *const names[] = {"x64", "x86"};
    char *copy = strdup(argv0), *directory = dirname(copy);

    for (int i = 0; i < 2; i++) {
        char path[512];
        FILE *f;

        snprintf(path, sizeof path, "%s/%s/probe.sys", directory, names[i]);
        f = fopen(path, "rb");
        if (!f) {
            perror(path);
            exit(1);
        }
        originals[i] = malloc(1 << 20);
        sizes[i] = fread(originals[i], 1, 1 << 20, f);
        fclose(f);
    }
    free(copy);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_originals_are_good), cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_header_byte),      cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_named_damage),
    };
    int failed;

    (void)argc;
    load_originals(argv[0]);
    failed = cmocka_run_group_tests_name("pe", tests, NULL, NULL);
    free(originals[0]);
    free(originals[1]);
    return failed;
}
