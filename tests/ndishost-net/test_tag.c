/* SPDX-License-Identifier: MIT */
/* Tags in frames and out of band, against the rules as Microsoft's pages have them, case by
 * case. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "net/tag.h"

#define TCI(priority, vlan) ((uint32_t)(priority) << 13 | (vlan))

static const struct tag_options neither, priority = {.priority = true},
                                         both = {.priority = true, .vlan = true},
                                         of_vlan = {.priority = true, .vlan = true, .vlan_id = 9};

static void test_insert_and_strip(void **state)
{
    uint8_t frame[60], tagged[64], bare[64];

    (void)state;
    for (unsigned i = 0; i < sizeof frame; i++)
        frame[i] = (uint8_t)i;
    assert_int_equal(tag_read(frame, sizeof frame), TAG_NONE);
    assert_int_equal(tag_insert(tagged, frame, 60, TCI(5, 0x123)), 64);
    assert_memory_equal(tagged, frame, 12);
    assert_memory_equal(tagged + 12, "\x81\x00\xA1\x23", 4);
    assert_memory_equal(tagged + 16, frame + 12, 48);
    assert_int_equal(tag_read(tagged, 64), TCI(5, 0x123));
    assert_int_equal(tag_read(tagged, 16), TCI(5, 0x123));
    assert_int_equal(tag_read(tagged, 15), TAG_NONE);
    assert_int_equal(tag_strip(bare, tagged, 64), 60);
    assert_memory_equal(bare, frame, 60);
    assert_int_equal(tag_insert(bare, frame, 60, TAG_NONE), 60);
    assert_memory_equal(bare, frame, 60);
}

static void test_in_place(void **state)
{
    uint8_t frame[64] = "destinsourceTYpayload";

    (void)state;
    assert_int_equal(tag_insert(frame, frame, 21, 0), 25);
    assert_memory_equal(frame, "destinsource\x81\0\0\0TYpayload", 25);
    assert_int_equal(tag_strip(frame, frame, 25), 21);
    assert_memory_equal(frame, "destinsourceTYpayload", 21);
}

static void test_sent(void **state)
{
    (void)state;
    assert_int_equal(tag_sent(both, TCI(3, 5)), TCI(3, 5));
    assert_int_equal(tag_sent(priority, TCI(3, 0)), TCI(3, 0));
    assert_int_equal(tag_sent(both, 0), TAG_NONE); /* no non-zero data */
    assert_int_equal(tag_sent(both, TAG_NONE), TAG_NONE);
    assert_int_equal(tag_sent(neither, TCI(3, 5)), TAG_NONE); /* not honoured */
    assert_int_equal(tag_sent(of_vlan, TAG_NONE), TCI(0, 9));
    assert_int_equal(tag_sent(of_vlan, TCI(3, 0)), TCI(3, 9));
}

static void test_offered(void **state)
{
    (void)state;
    assert_int_equal(tag_offered(both, TCI(3, 5) | TAG_DEI), TCI(3, 5));
    assert_int_equal(tag_offered(priority, TCI(3, 5)), TCI(3, 0));
    assert_int_equal(tag_offered(priority, TCI(0, 5)), TAG_NONE);
    assert_int_equal(tag_offered(neither, TCI(3, 5)), TCI(3, 5));
    assert_int_equal(tag_offered(both, TAG_NONE), TAG_NONE);
    assert_int_equal(tag_offered(of_vlan, TCI(3, 5)), TCI(3, 0));
}

static void test_received(void **state)
{
    (void)state;
    assert_true(tag_received(both, TCI(3, 5), TCI(3, 5)));
    assert_false(tag_received(both, TCI(3, 5), TCI(2, 5)));
    assert_false(tag_received(both, TCI(3, 5), TCI(3, 4)));
    assert_false(tag_received(both, TCI(3, 5), TAG_NONE));
    assert_true(tag_received(both, 0, TAG_NONE));
    assert_false(tag_received(both, TAG_NONE, TCI(0, 1)));
    assert_true(tag_received(both, TAG_NONE, TAG_NONE));
    /* the DEI bit may come up or not, but not out of nothing */
    assert_true(tag_received(both, TCI(3, 5) | TAG_DEI, TCI(3, 5)));
    assert_true(tag_received(both, TCI(3, 5) | TAG_DEI, TCI(3, 5) | TAG_DEI));
    assert_false(tag_received(both, TCI(3, 5), TCI(3, 5) | TAG_DEI));
    assert_false(tag_received(both, TCI(3, 5), TCI(3, 5) | TAG_RESERVED));
    /* only priority enabled: the VLAN id may come up or be zero */
    assert_true(tag_received(priority, TCI(3, 5), TCI(3, 0)));
    assert_true(tag_received(priority, TCI(3, 5), TCI(3, 5)));
    assert_false(tag_received(priority, TCI(3, 5), TCI(3, 7)));
    assert_false(tag_received(priority, TCI(3, 5), TCI(0, 5)));
    /* neither: the tag is removed, and nothing said of it */
    assert_true(tag_received(neither, TCI(3, 5), TAG_NONE));
    assert_false(tag_received(neither, TCI(3, 5), TCI(3, 5)));
}

static void test_text(void **state)
{
    char text[48];

    (void)state;
    assert_string_equal(tag_text(TAG_NONE, text, sizeof text), "no tag");
    assert_string_equal(tag_text(0, text, sizeof text), "priority 0, VLAN 0");
    assert_string_equal(tag_text(0xFFFF, text, sizeof text), "priority 7, VLAN 4095, DEI");
    assert_string_equal(tag_text(TAG_RESERVED, text, sizeof text),
                        "reserved bits set in the out-of-band tag");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert_and_strip),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_sent),
        cmocka_unit_test(test_offered),
        cmocka_unit_test(test_received),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
