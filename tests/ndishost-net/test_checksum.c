/* SPDX-License-Identifier: MIT */
/* Checksums of TCP and UDP over IP: those of known datagrams, and which frames have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <cmocka.h>
#include "net/checksum.h"
#include "net/numbered.h"

/* The words of RFC 1071, one at a time. */
static uint16_t plain_sum(uint32_t sum, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
        if (sum > 0xFFFF)
            sum = sum - 0xFFFF;
    }
    return (uint16_t)sum;
}

/* An IPv4 header whose checksum is known, 0xB861, and an empty UDP datagram of 95 bytes. */
static const uint8_t known[20] = {0x45, 0,    0,    0x73, 0, 0, 0x40, 0,    0x40, 17,
                                  0xB8, 0x61, 0xC0, 0xA8, 0, 1, 0xC0, 0xA8, 0,    0xC7};

static void known_frame(uint8_t frame[129])
{
    memset(frame, 0, 129);
    frame[12] = 8;
    memcpy(frame + 14, known, sizeof known);
    frame[34 + 5] = 95;
}

static void test_known_header(void **state)
{
    uint8_t frame[129];
    struct checksum_at at;

    (void)state;
    known_frame(frame);
    assert_true(checksum_find(frame, sizeof frame, &at));
    assert_int_equal(at.protocol, CHECKSUM_UDP);
    assert_int_equal(at.transport, 34);
    assert_int_equal(at.length, 95);
    assert_int_equal(at.field, 40);
    assert_true(checksum_header_good(frame, &at));
    checksum_header_leave(frame, &at);
    assert_int_equal(frame[24] | frame[25], 0);
    assert_false(checksum_header_good(frame, &at));
    checksum_header_fill(frame, &at);
    assert_memory_equal(frame + 14, known, sizeof known);
    frame[16]++;
    assert_false(checksum_header_good(frame, &at));
}

static void test_udp(void **state)
{
    uint8_t frame[129];
    struct checksum_at at;
    uint32_t pseudo = 0xC0A8 + 1 + 0xC0A8 + 0xC7 + 17 + 95;

    (void)state;
    known_frame(frame);
    assert_true(checksum_find(frame, sizeof frame, &at));
    assert_true(checksum_absent(frame, &at));
    checksum_leave(frame, &at);
    assert_int_equal(frame[40] << 8 | frame[41], (pseudo & 0xFFFF) + (pseudo >> 16));
    checksum_fill(frame, &at);
    assert_false(checksum_absent(frame, &at));
    assert_true(checksum_good(frame, &at));
    assert_int_equal(plain_sum((pseudo & 0xFFFF) + (pseudo >> 16), frame + 34, 95), 0xFFFF);
    for (size_t i = 34; i < sizeof frame; i++) {
        frame[i] ^= 0x10;
        assert_false(checksum_good(frame, &at));
        frame[i] ^= 0x10;
    }
    /* A sum of 0 is sent as 0xFFFF. */
    frame[128] = 0;
    frame[126] = frame[40];
    frame[127] = frame[41];
    checksum_fill(frame, &at);
    assert_int_equal(frame[40] << 8 | frame[41], 0xFFFF);
    assert_true(checksum_good(frame, &at));
}

static void test_none(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{12, 0x86}, {14, 0x65}, {14, 0x44}, {20, 0x20}, {21, 1},
                   {23, 1},    {16, 1},    {17, 0x1B}, {14, 0x4F}};
    uint8_t frame[129];
    struct checksum_at at;

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        known_frame(frame);
        if (changes[i].at == 14 && changes[i].value == 0x4F)
            frame[17] = 60 + 7; /* no room for UDP after the options */
        frame[changes[i].at] = changes[i].value;
        if (checksum_find(frame, sizeof frame, &at))
            fail_msg("byte %zu is 0x%02x", changes[i].at, changes[i].value);
    }
    known_frame(frame);
    for (size_t length = 0; length < sizeof frame; length++)
        assert_false(checksum_find(frame, length, &at));
}

/* UDP from fd00::1 to fd00::2, without data. */
static void ipv6_frame(uint8_t frame[62])
{
    static const uint8_t head[] = {0x86, 0xDD, 0x60, 0, 0, 0, 0, 8, 17, 64, 0xFD};

    memset(frame, 0, 62);
    memcpy(frame + 12, head, sizeof head);
    frame[38] = 0xFD;
    frame[37] = 1;
    frame[53] = 2;
    frame[54] = 0xC0;
    frame[57] = 9;
    frame[59] = 8;
}

static void test_ipv6(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{14, 0x40}, {19, 9}, {19, 7}, {20, 0}, {20, 44}, {13, 0xDC}};
    uint8_t frame[62];
    struct checksum_at at;

    (void)state;
    ipv6_frame(frame);
    assert_true(checksum_find(frame, sizeof frame, &at));
    assert_true(at.v6);
    assert_int_equal(at.protocol, CHECKSUM_UDP);
    assert_int_equal(at.transport, 54);
    assert_int_equal(at.length, 8);
    assert_int_equal(at.field, 60);
    checksum_fill(frame, &at);
    assert_int_equal(frame[60] << 8 | frame[61], 0x45D0);
    assert_true(checksum_good(frame, &at));
    /* Its header has none, so that nothing is written. */
    assert_true(checksum_header_good(frame, &at));
    checksum_header_leave(frame, &at);
    checksum_header_fill(frame, &at);
    assert_true(checksum_good(frame, &at));
    for (size_t i = 22; i < sizeof frame; i++) {
        frame[i] ^= 0x10;
        assert_false(checksum_good(frame, &at));
        frame[i] ^= 0x10;
    }
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        ipv6_frame(frame);
        frame[changes[i].at] = changes[i].value;
        assert_false(checksum_find(frame, sizeof frame, &at));
    }
}

/* Numbered frames over IP: each is identified, and each of its checksums is right. */
static void number_frames(enum numbered_ip ip)
{
    struct numbered stream = {.seed = 3, .stream = 1, .size_min = 60, .size_max = 1514, .ip = ip};
    unsigned seen[2][256] = {{0}};

    numbered_init(&stream);
    for (uint64_t number = 0; number < 5000; number++) {
        uint8_t frame[NUMBERED_MAX];
        unsigned size = numbered_fill(&stream, number, frame);
        struct checksum_at at;
        uint64_t found;

        assert_true(numbered_identify(&stream, frame, size, &found));
        assert_true(found == number);
        bool v6 = ip == NUMBERED_V6 || (ip == NUMBERED_BOTH && number % 4 >= 2);
        assert_int_equal(checksum_find(frame, size, &at),
                         size >= (v6 ? NUMBERED_IPV6 : NUMBERED_IP));
        if (size < (v6 ? NUMBERED_IPV6 : NUMBERED_IP))
            continue;
        assert_int_equal(at.v6, v6);
        seen[v6][at.protocol]++;
        assert_true(v6 || plain_sum(0, frame + 14, 20) == 0xFFFF);
        assert_int_equal(
            plain_sum(plain_sum(at.protocol + at.length, frame + (v6 ? 22 : 26), v6 ? 32 : 8),
                      frame + at.transport, at.length),
            0xFFFF);
        assert_int_equal(at.transport + at.length, size);
    }
    for (unsigned v6 = 0; v6 < 2; v6++) {
        unsigned least = ip == NUMBERED_BOTH ? 1000 : (ip == NUMBERED_V6) == v6 ? 2000 : 0;

        assert_true(seen[v6][CHECKSUM_TCP] >= least && seen[v6][CHECKSUM_UDP] >= least);
        assert_true(least || (!seen[v6][CHECKSUM_TCP] && !seen[v6][CHECKSUM_UDP]));
    }
}

static void test_numbered(void **state)
{
    (void)state;
    number_frames(NUMBERED_V4);
    number_frames(NUMBERED_V6);
    number_frames(NUMBERED_BOTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_header), cmocka_unit_test(test_udp),
        cmocka_unit_test(test_none),         cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_numbered),
    };

    return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
