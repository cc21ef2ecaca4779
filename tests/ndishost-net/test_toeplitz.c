/* SPDX-License-Identifier: MIT */
/* The hash of RSS: values of Microsoft's page network/verifying-the-rss-hash-calculation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "net/toeplitz.h"

static const uint8_t key[TOEPLITZ_KEY] = {
    0x6D, 0x5A, 0x56, 0xDA, 0x25, 0x5B, 0x0E, 0xC2, 0x41, 0x67, 0x25, 0x3D, 0x43, 0xA3,
    0x8F, 0xB0, 0xD0, 0xCA, 0x2B, 0xCB, 0xAE, 0x7B, 0x30, 0xB4, 0x77, 0xCB, 0x2D, 0xA3,
    0x80, 0x30, 0xF2, 0x0C, 0x6A, 0x42, 0xB7, 0x3B, 0xBE, 0xAC, 0x01, 0xFA};

/* 66.9.149.187:2794 to 161.142.100.80:1766 */
static const uint8_t ipv4[12] = {66, 9, 149, 187, 161, 142, 100, 80, 0x0A, 0xEA, 0x06, 0xE6};

/* 3ffe:2501:200:1fff::7 port 2794 to 3ffe:2501:200:3::1 port 1766 */
static const uint8_t ipv6[36] = {0x3F, 0xFE, 0x25, 0x01, 0x02, 0x00, 0x1F, 0xFF, 0,    0,   0, 0, 0,
                                 0,    0,    7,    0x3F, 0xFE, 0x25, 0x01, 0x02, 0x00, 0,   3, 0, 0,
                                 0,    0,    0,    0,    0,    1,    0x0A, 0xEA, 0x06, 0xE6};

static void test_known(void **state)
{
    (void)state;
    assert_int_equal(toeplitz(key, ipv4, 8), 0x323E8FC2);
    assert_int_equal(toeplitz(key, ipv4, 12), 0x51CCC178);
    assert_int_equal(toeplitz(key, ipv6, 32), 0x2CC18CD5);
    assert_int_equal(toeplitz(key, ipv6, 36), 0x40207D3D);
}

static void test_each_bit_counts(void **state)
{
    uint8_t input[36];
    uint32_t whole = toeplitz(key, ipv6, sizeof ipv6);

    (void)state;
    for (unsigned bit = 0; bit < 8 * sizeof input; bit++) {
        memcpy(input, ipv6, sizeof input);
        input[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(toeplitz(key, input, sizeof input), whole);
    }
    memset(input, 0, sizeof input);
    assert_int_equal(toeplitz(key, input, sizeof input), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_each_bit_counts),
    };

    return cmocka_run_group_tests_name("toeplitz", tests, NULL, NULL);
}
