/* SPDX-License-Identifier: MIT */
/* Strings, printing, dates, the version, the log, bug checks. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/clock.h"
#include "nt/api/format.h"
#include "nt/machine/irql.h"
#include "nt/api/log.h"
#include "nt/api/pool.h"
#include "nt/machine/random.h"
#include "support.h"

/* ---- Bitmaps ---- */

#define BITS 101 /* not a whole number of words */

/* The first run of length equal bits from the hint on, then from the start, by looking at each. */
static ULONG naive_find(const bool *bits, ULONG length, ULONG hint, bool set)
{
    for (ULONG i = 0; i < BITS; i++) {
        ULONG start = i < BITS - hint ? hint + i : i - (BITS - hint), run = 0;

        while (start + run < BITS && bits[start + run] == set && run < length)
            run++;
        if (run == length)
            return start;
    }
    return 0xFFFFFFFFu;
}

static void test_bitmap_agrees_with_an_array(void **state)
{
    ULONG words[(BITS + 31) / 32 + 1];
    bool bits[BITS] = {false};
    RTL_BITMAP map;

    (void)state;
    words[sizeof words / sizeof words[0] - 1] = 0x5A5A5A5Au; /* after the bitmap */
    RtlInitializeBitMap(&map, words, BITS);
    RtlClearAllBits(&map);
    assert_int_equal(RtlNumberOfClearBits(&map), BITS);
    for (unsigned round = 0; round < 20000; round++) {
        ULONG start = (ULONG)rand() % BITS, length = 1 + (ULONG)rand() % 40, found, i;
        bool set = rand() & 1, all = start + length <= BITS;
        ULONG expected = naive_find(bits, length, start, set), ones = 0;

        found = set ? RtlFindSetBits(&map, length, start) : RtlFindClearBits(&map, length, start);
        assert_int_equal(found, expected);
        for (i = start; i < start + length && i < BITS; i++)
            all = all && bits[i] == set;
        assert_int_equal(
            set ? RtlAreBitsSet(&map, start, length) : RtlAreBitsClear(&map, start, length), all);
        if (round % 3 == 0) {
            found = set ? RtlFindSetBitsAndClear(&map, length, start)
                        : RtlFindClearBitsAndSet(&map, length, start);
            assert_int_equal(found, expected);
            for (i = 0; found != 0xFFFFFFFFu && i < length; i++)
                bits[found + i] = !set;
        } else {
            (set ? RtlSetBits : RtlClearBits)(&map, start, length); /* may go beyond the end */
            for (i = start; i < start + length && i < BITS; i++)
                bits[i] = set;
        }
        for (i = 0; i < BITS; i++)
            ones += bits[i];
        assert_int_equal(RtlNumberOfSetBits(&map), ones);
        assert_int_equal(RtlTestBit(&map, start), bits[start]);
    }
    assert_int_equal(words[sizeof words / sizeof words[0] - 1], 0x5A5A5A5Au);
    RtlSetAllBits(&map);
    RtlClearBit(&map, 70);
    assert_int_equal(RtlFindClearBits(&map, 1, 80), 70);
    RtlSetBit(&map, 70);
    assert_int_equal(RtlFindClearBits(&map, 1, 0), 0xFFFFFFFFu);
    assert_false(RtlTestBit(&map, BITS));
}

static void test_significant_bits(void **state)
{
    (void)state;
    assert_int_equal(RtlFindLeastSignificantBit(0), -1);
    assert_int_equal(RtlFindMostSignificantBit(0), -1);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(RtlFindLeastSignificantBit(~0ull << i), i);
        assert_int_equal(RtlFindMostSignificantBit(~0ull >> i), 63 - i);
    }
}

/* ---- Printing ---- */

static char text[256];

static size_t __cdecl format(size_t room, const char *form, ...)
{
    nt_va_list args;
    size_t n;

    nt_va_start(args, form);
    memset(text, '#', sizeof text);
    n = nt_format(text, room, form, args);
    nt_va_end(args);
    return n;
}

#define FORMATS(expected, ...)                        \
    do {                                              \
        size_t n_ = format(sizeof text, __VA_ARGS__); \
        assert_string_equal(text, expected);          \
        assert_int_equal(n_, strlen(expected));       \
    } while (0)

static void test_numbers(void **state)
{
    (void)state;
    FORMATS("plain 100%", "plain 100%%");
    FORMATS("5 -5 5 +5  5", "%d %i %u %+d % d", 5, -5, 5u, 5, 5);
    FORMATS("-2147483648 4294967295", "%d %u", INT32_MIN, UINT32_MAX);
    FORMATS("-9223372036854775808 18446744073709551615", "%I64d %llu", INT64_MIN, UINT64_MAX);
    FORMATS("ff FF 0xff 0XFF 0 17 017", "%x %X %#x %#X %#x %o %#o", 255, 255, 255, 255, 0, 15, 15);
    FORMATS("[   42][42   ][00042][  042][-0042]", "[%5d][%-5d][%05d][%5.3d][%05d]", 42, 42, 42, 42,
            -42);
    FORMATS("[  7][7  ][]", "[%*d][%*d][%.0d]", 3, 7, -3, 7, 0);
    FORMATS("-1 255 -1 65535", "%hhd %hhu %hd %hu", 0xFF, 0x1FF, 0xFFFF, 0x1FFFF);
    FORMATS("1099511627776 3 7", "%lld %d %I32d", 1ll << 40, 3, 7); /* slots stay in step */
    FORMATS("1 2", "%Id %zu", (SIZE_T)1, (SIZE_T)2);
#if defined(_AMD64_)
    FORMATS("000000000000ABCD", "%p", (void *)0xABCD);
#else
    FORMATS("0000ABCD", "%p", (void *)0xABCD);
#endif
}

static void test_texts(void **state)
{
    UNICODE_STRING wide = {8, 8, u"wideXX"};
    ANSI_STRING narrow = {3, 3, (PCHAR) "nar###"};

    (void)state;
    FORMATS("abc|  abc|abc  |ab", "%s|%5s|%-5s|%.2s", "abc", "abc", "abc", "abc");
    FORMATS("wide wide wide wide", "%ws %ls %S %wZ", u"wide", u"wide", u"wide", &wide);
    FORMATS("nar nar", "%Z %hs", &narrow, "nar");
    FORMATS("(null) (null) (null)", "%s %ws %wZ", NULL, NULL, NULL);
    FORMATS("a|b|  c", "%c|%C|%3c", 'a', u'b', 'c');
    FORMATS("caf?", "%ws", u"caf\u20AC");
    FORMATS("12 text 34", "%d %s %d", 12, "text", 34);
}

static void test_room_is_kept(void **state)
{
    (void)state;
    for (size_t room = 0; room < 20; room++) {
        assert_int_equal(format(room, "%s %d", "twelve", 12345), 12);
        assert_int_equal(text[room], '#');
        assert_memory_equal(text, "twelve 12345", room < 12 ? room : 12);
        if (room > 12)
            assert_int_equal(text[12], 0);
    }
    assert_int_equal(format(sizeof text, "%"), 0);
    assert_int_equal(format(sizeof text, "%-"), 0);
    assert_int_equal(format(sizeof text, "%5."), 0);
    assert_int_equal(format(sizeof text, "%I6"), 1); /* a 6, printed as itself */
}

static size_t __cdecl format_wide(uint16_t *buf, size_t room, const uint16_t *form, ...)
{
    nt_va_list args;
    size_t n;

    nt_va_start(args, form);
    n = nt_format_wide(buf, room, form, args);
    nt_va_end(args);
    return n;
}

static void test_wide_formats(void **state)
{
    uint16_t buf[64];

    (void)state;
    assert_int_equal(format_wide(buf, 64, u"%s %S %d", u"own", "other", 7), 11);
    assert_memory_equal(buf, u"own other 7", 24);
}

static void test_dbgprint(void **state)
{
    (void)state;
    capture_start();
    DbgPrint("nobody sees %d\n", 1);
    assert_string_equal(capture_end(), "");
    nt_debug_output = true;
    capture_start();
    DbgPrint("%s sees %I64x %d", "somebody", 1ull << 36, 7);
    DbgPrintEx(0, 0, "and %d\n", 9);
    assert_string_equal(capture_end(), "somebody sees 1000000000 7\nand 9\n");
    nt_debug_output = false;
}

/* ---- Counted strings ---- */

static void test_unicode_strings(void **state)
{
    UNICODE_STRING a, b, copy, numbers;
    WCHAR room[8], digits[40];
    ANSI_STRING ansi;
    ULONG value;

    (void)state;
    RtlInitUnicodeString(&a, u"Hello");
    assert_int_equal(a.Length, 10);
    assert_int_equal(a.MaximumLength, 12);
    RtlInitUnicodeString(&b, u"hELLO");
    assert_false(RtlEqualUnicodeString(&a, &b, FALSE));
    assert_true(RtlEqualUnicodeString(&a, &b, TRUE));
    assert_true(RtlCompareUnicodeString(&a, &b, FALSE) < 0);
    RtlInitUnicodeString(&b, u"Hello!");
    assert_true(RtlCompareUnicodeString(&a, &b, TRUE) < 0);
    RtlInitUnicodeString(&b, NULL);
    assert_int_equal(b.Length, 0);

    copy = (UNICODE_STRING){0, sizeof room, room};
    RtlCopyUnicodeString(&copy, &a);
    assert_int_equal(copy.Length, 10);
    assert_int_equal(room[5], 0);
    assert_int_equal(RtlAppendUnicodeToString(&copy, u"!!"), STATUS_SUCCESS);
    assert_int_equal(RtlAppendUnicodeToString(&copy, u"!!"), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(copy.Length, 14);
    RtlInitUnicodeString(&b, u"much too long for it");
    RtlCopyUnicodeString(&copy, &b);
    assert_int_equal(copy.Length, 16);

    assert_int_equal(RtlUnicodeStringToAnsiString(&ansi, &a, TRUE), STATUS_SUCCESS);
    assert_string_equal(ansi.Buffer, "Hello");
    assert_int_equal(RtlAnsiStringToUnicodeString(&b, &ansi, TRUE), STATUS_SUCCESS);
    assert_true(RtlEqualUnicodeString(&a, &b, FALSE));
    assert_int_equal(track_count("string"), 2);
    RtlFreeAnsiString(&ansi);
    RtlFreeUnicodeString(&b);
    assert_int_equal(track_count("string"), 0);
    RtlInitAnsiString(&ansi, "12345678");
    assert_int_equal(RtlAnsiStringToUnicodeString(&copy, &ansi, FALSE), STATUS_BUFFER_OVERFLOW);

    numbers = (UNICODE_STRING){0, sizeof digits, digits};
    assert_int_equal(RtlIntegerToUnicodeString(3735928559u, 16, &numbers), STATUS_SUCCESS);
    assert_memory_equal(digits, u"DEADBEEF", 18);
    assert_int_equal(RtlUnicodeStringToInteger(&numbers, 16, &value), STATUS_SUCCESS);
    assert_int_equal(value, 3735928559u);
    RtlInitUnicodeString(&a, u" -0x1fz");
    assert_int_equal(RtlUnicodeStringToInteger(&a, 0, &value), STATUS_SUCCESS);
    assert_int_equal((LONG)value, -31);
    numbers.MaximumLength = 4;
    assert_int_equal(RtlIntegerToUnicodeString(100, 10, &numbers), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(RtlIntegerToUnicodeString(1, 7, &numbers), STATUS_INVALID_PARAMETER);
    assert_nothing_broken();
}

static void test_memory(void **state)
{
    char a[16] = "abcdefgh", b[16] = "abcdEfgh";

    (void)state;
    assert_int_equal(RtlCompareMemory(a, b, 8), 4);
    assert_int_equal(RtlCompareMemory(a, a, 8), 8);
    RtlMoveMemory(a + 1, a, 7);
    assert_string_equal(a, "aabcdefg");
    RtlFillMemory(b, 3, 'x');
    assert_string_equal(b, "xxxdEfgh");
    RtlZeroMemory(b, 16);
    assert_int_equal(b[3], 0);
}

/* As of an empty multicast list. The sanitizer ends the program where C allows no NULL. */
static void test_memory_of_no_bytes(void **state)
{
    void *volatile none = NULL; /* the compiler must not know */

    (void)state;
    RtlMoveMemory(none, none, 0);
    RtlZeroMemory(none, 0);
    RtlFillMemory(none, 0, 'x');
    assert_int_equal(RtlCompareMemory(none, none, 0), 0);
}

/* ---- The system ---- */

static void test_version(void **state)
{
    RTL_OSVERSIONINFOEXW v = {.dwOSVersionInfoSize = sizeof v};

    (void)state;
    assert_int_equal(RtlGetVersion((PRTL_OSVERSIONINFOW)&v), STATUS_SUCCESS);
    assert_int_equal(v.dwMajorVersion, 6);
    assert_int_equal(v.dwMinorVersion, 1);
    assert_int_equal(v.dwBuildNumber, 7601);
    assert_int_equal(v.wServicePackMajor, 1);
    assert_true(RtlIsNtDdiVersionAvailable(0x06010000));
    assert_false(RtlIsNtDdiVersionAvailable(0x06020000));
}

static ULONGLONG mask(ULONG types, UCHAR condition)
{
    ULONGLONG(NTAPI * set)
    (ULONGLONG, ULONG, UCHAR) = (ULONGLONG(NTAPI *)(ULONGLONG, ULONG, UCHAR))(
        uintptr_t)host_export_find("ntoskrnl.exe", "VerSetConditionMask");

    assert_non_null(set);
    return set(0, types, condition);
}

static void test_version_is_compared(void **state)
{
    enum { MAJOR = 2, MINOR = 1, BUILD = 4, PACK = 0x20, AT_LEAST = 3, LESS = 4, EQUAL = 1 };
    RTL_OSVERSIONINFOEXW v = {
        .dwMajorVersion = 5, .dwMinorVersion = 2, .dwBuildNumber = 7601, .wServicePackMajor = 2};

    (void)state;
    /* 6.1 SP1 is more than 5.2 SP2, although 1 is less than 2. */
    assert_int_equal(
        RtlVerifyVersionInfo(&v, MAJOR | MINOR | PACK, mask(MAJOR | MINOR | PACK, AT_LEAST)),
        STATUS_SUCCESS);
    assert_int_equal(RtlVerifyVersionInfo(&v, MINOR, mask(MINOR, AT_LEAST)),
                     STATUS_REVISION_MISMATCH);
    assert_int_equal(RtlVerifyVersionInfo(&v, MAJOR, mask(MAJOR, LESS)), STATUS_REVISION_MISMATCH);
    assert_int_equal(RtlVerifyVersionInfo(&v, BUILD, mask(BUILD, EQUAL)), STATUS_SUCCESS);
    v.dwMajorVersion = 6;
    v.dwMinorVersion = 1;
    v.wServicePackMajor = 1;
    assert_int_equal(
        RtlVerifyVersionInfo(&v, MAJOR | MINOR | PACK, mask(MAJOR | MINOR | PACK, AT_LEAST)),
        STATUS_SUCCESS);
    assert_int_equal(
        RtlVerifyVersionInfo(&v, MAJOR | MINOR | PACK, mask(MAJOR | MINOR | PACK, LESS)),
        STATUS_REVISION_MISMATCH);
    assert_int_equal(RtlVerifyVersionInfo(&v, 0, 0), STATUS_INVALID_PARAMETER);
}

static void test_guids(void **state)
{
    static const GUID guid = {
        0x00112233, 0x4455, 0x6677, {0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}};
    UNICODE_STRING string;
    GUID back, other;

    (void)state;
    assert_int_equal(RtlStringFromGUID(&guid, &string), STATUS_SUCCESS);
    assert_int_equal(string.Length, 76);
    assert_memory_equal(string.Buffer, u"{00112233-4455-6677-8899-AABBCCDDEEFF}", 78);
    assert_int_equal(RtlGUIDFromString(&string, &back), STATUS_SUCCESS);
    assert_memory_equal(&guid, &back, sizeof guid);
    string.Buffer[9] = '0';
    assert_int_equal(RtlGUIDFromString(&string, &back), STATUS_INVALID_PARAMETER);
    RtlFreeUnicodeString(&string);
    assert_int_equal(ExUuidCreate(&back), STATUS_SUCCESS);
    assert_int_equal(ExUuidCreate(&other), STATUS_SUCCESS);
    assert_memory_not_equal(&back, &other, sizeof back);
    assert_int_equal(back.Data3 >> 12, 4);
    assert_int_equal(track_count(NULL), 0);
}

static void test_dates(void **state)
{
    LARGE_INTEGER time = {.QuadPart = 0}, back;
    TIME_FIELDS f;
    struct random r;

    (void)state;
    RtlTimeToTimeFields(&time, &f);
    assert_int_equal(f.Year * 10000 + f.Month * 100 + f.Day, 16010101);
    assert_int_equal(f.Weekday, 1);
    time.QuadPart = 116444736000000000; /* 1970-01-01 */
    RtlTimeToTimeFields(&time, &f);
    assert_int_equal(f.Year * 10000 + f.Month * 100 + f.Day, 19700101);
    assert_int_equal(f.Weekday, 4);
    time.QuadPart = 125963423990070000; /* 2000-02-29 23:59:59.007 */
    RtlTimeToTimeFields(&time, &f);
    assert_int_equal(f.Year * 10000 + f.Month * 100 + f.Day, 20000229);
    assert_int_equal(f.Hour * 10000 + f.Minute * 100 + f.Second, 235959);
    assert_int_equal(f.Milliseconds, 7);
    random_seed(&r, test_seed());
    for (int i = 0; i < 10000; i++) {
        time.QuadPart = (LONGLONG)(random_below(&r, 400ull * 365 * 86400 * 1000) * NT_MILLISECOND);
        RtlTimeToTimeFields(&time, &f);
        assert_true(RtlTimeFieldsToTime(&f, &back));
        assert_true(back.QuadPart == time.QuadPart);
    }
    f.Month = 13;
    assert_false(RtlTimeFieldsToTime(&f, &back));
}

static void test_routine_addresses(void **state)
{
    UNICODE_STRING name;

    (void)state;
    RtlInitUnicodeString(&name, u"KeInsertQueueDpc");
    assert_ptr_equal(MmGetSystemRoutineAddress(&name), (PVOID)(uintptr_t)KeInsertQueueDpc);
    RtlInitUnicodeString(&name, u"KeQueryPerformanceCounter"); /* HAL's */
    assert_ptr_equal(MmGetSystemRoutineAddress(&name), (PVOID)(uintptr_t)KeQueryPerformanceCounter);
    RtlInitUnicodeString(&name, u"KeInvented");
    assert_null(MmGetSystemRoutineAddress(&name));
}

/* ---- The log, and the end ---- */

static void test_log(void **state)
{
    static const uint32_t values[] = {1, 0xABCD};
    size_t mark = nt_log_mark();
    char buf[256];

    (void)state;
    capture_start();
    nt_log_write("x.sys", 0xC000138A, values, 2, "it broke");
    assert_contains(capture_end(), "ndishost: event log: x.sys: error 0xC000138A "
                                   "NDIS_ERROR_CODE_HARDWARE_FAILURE: it broke (0x1, 0xABCD)");
    nt_log_quiet = true;
    nt_log_write("x.sys", 0x40001395, NULL, 0, NULL);
    nt_log_quiet = false;
    assert_int_equal(nt_log_text(mark, buf, sizeof buf), 2);
    assert_contains(buf, "(0x1, 0xABCD)\nevent log: x.sys: information 0x40001395");
    assert_int_equal(nt_log_text(mark + 1, buf, sizeof buf), 1);
    assert_int_equal(nt_log_text(mark + 2, buf, sizeof buf), 0);
    assert_int_equal(nt_log_text(mark, buf, 10), 2);
    assert_int_equal(strlen(buf), 9);
}

static void test_rule_write_error_log(void **state)
{
    unsigned before = rules_count("WriteErrorLog");
    PIO_ERROR_LOG_PACKET packet = IoAllocateErrorLogEntry(&before, sizeof(IO_ERROR_LOG_PACKET) + 8);

    (void)state;
    assert_null(IoAllocateErrorLogEntry(NULL, 64));
    assert_null(IoAllocateErrorLogEntry(&before, 4));
    packet->DumpDataSize = 200;
    capture_start();
    IoWriteErrorLogEntry(packet);
    assert_contains(capture_end(), "whose sizes exceed the entry");
    assert_broken("WriteErrorLog", before, 1);
    IoFreeErrorLogEntry(packet);
    assert_int_equal(track_count(NULL), 0);
}

static void bug_check(void *unused)
{
    (void)unused;
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
}

static void raise_status(void *unused)
{
    (void)unused;
    ExRaiseStatus(STATUS_ACCESS_VIOLATION);
}

static void break_point(void *unused)
{
    (void)unused;
    DbgBreakPoint();
}

static void test_ends_with_status_3(void **state)
{
    const char *said;

    (void)state;
    capture_start();
    assert_int_equal(run_in_child(bug_check, NULL), -3);
    assert_int_equal(run_in_child(raise_status, NULL), -3);
    assert_int_equal(run_in_child(break_point, NULL), -3);
    said = capture_end();
    assert_contains(said, "bug check 0xE2 MANUALLY_INITIATED_CRASH (0x1, 0x2, 0x3, 0x4)");
    assert_contains(said, "raises exception 0xC0000005");
    assert_contains(said, "stops at a breakpoint");
    assert_nothing_broken(); /* in this process */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bitmap_agrees_with_an_array),
        cmocka_unit_test(test_significant_bits),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_room_is_kept),
        cmocka_unit_test(test_wide_formats),
        cmocka_unit_test(test_dbgprint),
        cmocka_unit_test(test_unicode_strings),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_of_no_bytes),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_version_is_compared),
        cmocka_unit_test(test_guids),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_routine_addresses),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_rule_write_error_log),
        cmocka_unit_test(test_ends_with_status_3),
    };

    nt_thread_enter("tester");
    return cmocka_run_group_tests_name("rtl", tests, setup_phys, teardown_phys);
}
