/* SPDX-License-Identifier: MIT */
/* The content of numbered frames: sizes, padding, tags, and that no two frames are alike. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "net/numbered.h"

static struct numbered stream_of(unsigned size_min, unsigned size_max)
{
    struct numbered stream = {.seed = 5,
                              .stream = 1,
                              .destination = {2, 0, 0, 0, 0, 1},
                              .source = {2, 0, 0, 0, 0, 2},
                              .size_min = size_min,
                              .size_max = size_max};

    numbered_init(&stream);
    return stream;
}

/* Every range of sizes is gone through once a round. */
static void test_each_size_once_a_round(void **state)
{
    (void)state;
    for (unsigned top = 14; top <= NUMBERED_MAX; top += top < 100 ? 1 : 37) {
        struct numbered stream = stream_of(14, top);
        unsigned sizes = top - 13;
        uint8_t seen[NUMBERED_MAX + 1] = {0};

        for (uint64_t number = 5u * sizes; number < 6u * sizes; number++) {
            unsigned size = numbered_size(&stream, number);

            assert_in_range(size, 14, top);
            assert_int_equal(seen[size]++, 0);
        }
    }
}

static void test_layout(void **state)
{
    struct numbered stream = stream_of(100, 100);
    uint8_t frame[NUMBERED_MAX];
    uint64_t number;

    (void)state;
    assert_int_equal(numbered_fill(&stream, 77, frame), 100);
    assert_memory_equal(frame, "\2\0\0\0\0\1\2\0\0\0\0\2\x88\xB5", 14);
    assert_true(numbered_identify(&stream, frame, 100, &number));
    assert_int_equal(number, 77);
}

static void test_padding(void **state)
{
    static const uint8_t zeros[46];

    (void)state;
    for (unsigned size = 14; size < 60; size++) {
        struct numbered stream = stream_of(size, size);
        uint8_t frame[NUMBERED_MAX];

        memset(frame, 0xEE, sizeof frame);
        assert_int_equal(numbered_fill(&stream, 9, frame), size);
        assert_memory_equal(frame + size, zeros, 60 - size);
        assert_int_equal(frame[60], 0xEE);
    }
}

/* Nothing is written after the frame, at any size. */
static void test_bounds(void **state)
{
    (void)state;
    for (unsigned size = 60; size <= NUMBERED_MAX; size++) {
        struct numbered stream = stream_of(size, size);
        uint8_t frame[NUMBERED_MAX + 1];

        frame[size] = 0xEE;
        assert_int_equal(numbered_fill(&stream, size, frame), size);
        assert_int_equal(frame[size], 0xEE);
    }
}

/* A header with any byte changed is not believed. */
static void test_header_check(void **state)
{
    struct numbered stream = stream_of(64, 64);
    uint8_t frame[NUMBERED_MAX];
    uint64_t number;

    (void)state;
    numbered_fill(&stream, 1234567890123ull, frame);
    for (unsigned bit = 8 * NUMBERED_MIN; bit < 8 * NUMBERED_HEADER; bit++) {
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(numbered_identify(&stream, frame, 64, &number));
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (unsigned length = 0; length < NUMBERED_HEADER; length++)
        assert_false(numbered_identify(&stream, frame, length, &number));
    stream.seed++;
    assert_false(numbered_identify(&stream, frame, 64, &number));
    stream.seed--;
    stream.stream++;
    assert_false(numbered_identify(&stream, frame, 64, &number));
}

/* Another seed, stream, number or size changes nearly every byte of the pattern: stale memory of one
 * frame cannot pass for another. */
static unsigned same_bytes(const struct numbered *a, uint64_t number_a, const struct numbered *b,
                           uint64_t number_b)
{
    uint8_t x[NUMBERED_MAX], y[NUMBERED_MAX];
    unsigned same = 0;

    numbered_fill(a, number_a, x);
    numbered_fill(b, number_b, y);
    for (unsigned i = NUMBERED_HEADER; i < 1000; i++)
        same += x[i] == y[i];
    return same;
}

static void test_frames_differ(void **state)
{
    struct numbered stream = stream_of(1000, 1000), other = stream;

    (void)state;
    assert_in_range(same_bytes(&stream, 1, &stream, 2), 0, 40);
    assert_in_range(same_bytes(&stream, 1, &stream, UINT64_C(1) << 40 | 1), 0, 40);
    other.seed++;
    assert_in_range(same_bytes(&stream, 1, &other, 1), 0, 40);
    other = stream;
    other.stream++;
    assert_in_range(same_bytes(&stream, 1, &other, 1), 0, 40);
    other = stream_of(1001, 1001);
    assert_in_range(same_bytes(&stream, 1, &other, 1), 0, 40);
}

/* Neighbours of any size that has a byte for it can be told apart. */
static void test_short_frames_differ(void **state)
{
    (void)state;
    for (unsigned size = 15; size < NUMBERED_HEADER; size++) {
        struct numbered stream = stream_of(size, size);
        uint8_t first[NUMBERED_MAX], frame[NUMBERED_MAX];

        numbered_fill(&stream, 1000, first);
        assert_true(numbered_is_short(first, 60));
        for (uint64_t number = 1001; number < 1256; number++) {
            numbered_fill(&stream, number, frame);
            assert_memory_not_equal(first, frame, 60);
        }
    }
}

static void test_compare(void **state)
{
    uint8_t a[100] = {0}, b[100] = {0};
    struct numbered_difference difference;

    (void)state;
    difference = numbered_compare(a, b, 100);
    assert_int_equal(difference.count, 0);
    a[10] = a[99] = 1;
    difference = numbered_compare(a, b, 100);
    assert_int_equal(difference.first, 10);
    assert_int_equal(difference.count, 2);
}

/* The data of a group's segments follow on each other; each is identified, and only the last is shorter. */
static void test_groups(void **state)
{
    (void)state;
    for (enum numbered_ip ip = NUMBERED_V4; ip <= NUMBERED_BOTH; ip++) {
        struct numbered stream = stream_of(150, 1514);
        unsigned v6 = 0, options = 0, wrapped = 0;

        stream.ip = ip;
        stream.large = 7;
        for (uint64_t number = 0; number < 7000; number++) {
            uint8_t frame[NUMBERED_MAX];
            unsigned size = numbered_fill(&stream, number, frame), index = number % 7;
            unsigned mss = numbered_mss(&stream, number), data = numbered_data(&stream, number);
            uint64_t found;

            assert_true(numbered_identify(&stream, frame, size, &found) && found == number);
            assert_int_equal(size, 14 + numbered_headers(&stream, number) + data);
            assert_true(data && (index == 6 ? data <= mss : data == mss));
            assert_int_equal(numbered_sequence(&stream, number),
                             (uint32_t)(number / 7 * 0x80000 + index * mss));
            assert_true(numbered_identification(&stream, number) <= 0x7FFF);
            if (index) {
                assert_int_equal(numbered_identification(&stream, number),
                                 (numbered_identification(&stream, number - 1) + 1) & 0x7FFF);
                wrapped += !numbered_identification(&stream, number);
            }
            v6 += numbered_is_v6(&stream, number);
            options += numbered_has_options(&stream, number);
        }
        assert_int_equal(v6, ip == NUMBERED_V4 ? 0 : ip == NUMBERED_V6 ? 7000 : 3500);
        assert_true(options > 2000 && options < 2500 && wrapped > 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_size_once_a_round),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_header_check),
        cmocka_unit_test(test_frames_differ),
        cmocka_unit_test(test_short_frames_differ),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
