/* SPDX-License-Identifier: MIT */
/* The C library's functions and the compiler's helpers, called as drivers call them: by the exported
 * address, in Windows' calling convention. */
#include <stdlib.h>
#include <string.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/irql.h"
#include "nt/machine/random.h"
#include "support.h"

static const void *find(const char *name)
{
    const void *address = host_export_find("ntoskrnl.exe", name);

    if (!address)
        fail_msg("%s is not exported", name);
    return address;
}

#define FUNCTION(result, name, ...) ((result(__cdecl *)(__VA_ARGS__))(uintptr_t)find(name))

static void test_narrow(void **state)
{
    char buf[16] = "abc";

    (void)state;
    assert_int_equal(FUNCTION(size_t, "strlen", const char *)("hello"), 5);
    assert_int_equal(FUNCTION(size_t, "strnlen", const char *, size_t)("hello", 3), 3);
    assert_true(FUNCTION(int, "strcmp", const char *, const char *)("a", "b") < 0);
    assert_true(FUNCTION(int, "strcmp", const char *, const char *)("\xFF", "a") > 0);
    assert_int_equal(FUNCTION(int, "strncmp", const char *, const char *, size_t)("abX", "abY", 2),
                     0);
    assert_int_equal(FUNCTION(int, "_stricmp", const char *, const char *)("HeLLo", "hEllO"), 0);
    assert_string_equal(FUNCTION(char *, "strcat", char *, const char *)(buf, "def"), "abcdef");
    assert_string_equal(FUNCTION(char *, "_strupr", char *)(buf), "ABCDEF");
    assert_string_equal(FUNCTION(char *, "strchr", const char *, int)(buf, 'C'), "CDEF");
    assert_null(FUNCTION(char *, "strchr", const char *, int)(buf, 'x'));
    assert_string_equal(FUNCTION(char *, "strrchr", const char *, int)("a/b/c", '/'), "/c");
    assert_string_equal(FUNCTION(char *, "strstr", const char *, const char *)("needle", "ed"),
                        "edle");
    memset(buf, '#', sizeof buf);
    FUNCTION(char *, "strncpy", char *, const char *, size_t)(buf, "ab", 4);
    assert_memory_equal(buf, "ab\0\0#", 5);
    assert_int_equal(FUNCTION(int, "strcpy_s", char *, size_t, const char *)(buf, 4, "abc"), 0);
    assert_int_equal(FUNCTION(int, "strcpy_s", char *, size_t, const char *)(buf, 3, "abc"), 34);
    assert_int_equal(buf[0], 0);
    assert_int_equal(
        FUNCTION(int, "strncpy_s", char *, size_t, const char *, size_t)(buf, 3, "abc", SIZE_MAX),
        0);
    assert_string_equal(buf, "ab");
    assert_int_equal(FUNCTION(LONG, "atoi", const char *)("  -123x"), -123);
    assert_int_equal(
        FUNCTION(int, "memcpy_s", void *, size_t, const void *, size_t)(buf, 2, "xyz", 3), 34);
    assert_int_equal(buf[0], 0);
}

static void test_wide(void **state)
{
    WCHAR buf[16] = u"abc";

    (void)state;
    assert_int_equal(FUNCTION(size_t, "wcslen", const WCHAR *)(u"hello"), 5);
    assert_int_equal(FUNCTION(int, "_wcsicmp", const WCHAR *, const WCHAR *)(u"ABC", buf), 0);
    FUNCTION(WCHAR *, "wcscat", WCHAR *, const WCHAR *)(buf, u"d");
    assert_memory_equal(buf, u"abcd", 10);
    assert_ptr_equal(FUNCTION(WCHAR *, "wcschr", const WCHAR *, int)(buf, u'c'), buf + 2);
    assert_ptr_equal(FUNCTION(WCHAR *, "wcsstr", const WCHAR *, const WCHAR *)(buf, u"cd"),
                     buf + 2);
    assert_int_equal(FUNCTION(LONG, "_wtoi", const WCHAR *)(u"42"), 42);
}

static void test_print(void **state)
{
    unsigned before = rules_count("PrintRoom");
    char buf[32];
    WCHAR wide[16];

    (void)state;
    assert_int_equal(FUNCTION(int, "sprintf", char *, const char *, ...)(buf, "%d %s", 7, "x"), 3);
    assert_string_equal(buf, "7 x");
    memset(buf, '#', sizeof buf);
    assert_int_equal(
        FUNCTION(int, "_snprintf", char *, size_t, const char *, ...)(buf, 3, "%d", 1234), -1);
    assert_memory_equal(buf, "123#", 4);
    assert_int_equal(
        FUNCTION(int, "_snprintf", char *, size_t, const char *, ...)(buf, 4, "%d", 1234), 4);
    assert_memory_equal(buf, "1234#", 5);
    assert_int_equal(FUNCTION(int, "_snprintf_s", char *, size_t, size_t, const char *,
                              ...)(buf, 4, SIZE_MAX, "%d", 1234),
                     -1);
    assert_string_equal(buf, "123");
    assert_int_equal(
        FUNCTION(int, "sprintf_s", char *, size_t, const char *, ...)(buf, 5, "%d", 1234), 4);
    assert_string_equal(buf, "1234");
    assert_nothing_broken();
    capture_start();
    assert_int_equal(
        FUNCTION(int, "sprintf_s", char *, size_t, const char *, ...)(buf, 4, "%d", 1234), -1);
    assert_contains(capture_end(), "prints 4 characters into room for 4");
    assert_string_equal(buf, "");
    assert_broken("PrintRoom", before, 1);
    assert_int_equal(FUNCTION(int, "_snwprintf", WCHAR *, size_t, const WCHAR *,
                              ...)(wide, 16, u"%s-%I64d", u"ab", 1ll << 33),
                     13);
    assert_memory_equal(wide, u"ab-8589934592", 28);
}

static int __cdecl compare_numbers(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void test_sort_and_search(void **state)
{
    int numbers[200], *found;
    struct random r;

    (void)state;
    random_seed(&r, test_seed());
    for (unsigned count = 0; count < 200; count++) {
        for (unsigned i = 0; i < count; i++)
            numbers[i] = (int)random_below(&r, 100);
        FUNCTION(void, "qsort", void *, size_t, size_t, int(__cdecl *)(const void *, const void *))
        (numbers, count, sizeof *numbers, compare_numbers);
        for (unsigned i = 1; i < count; i++)
            assert_true(numbers[i - 1] <= numbers[i]);
        for (int key = 0; key < 100; key++) {
            bool there = false;

            for (unsigned i = 0; i < count; i++)
                there = there || numbers[i] == key;
            found = FUNCTION(void *, "bsearch", const void *, const void *, size_t, size_t,
                             int(__cdecl *)(const void *, const void *))(
                &key, numbers, count, sizeof *numbers, compare_numbers);
            assert_int_equal(found != NULL, there);
            assert_true(!found || *found == key);
        }
    }
}

static void test_tracing_goes_nowhere(void **state)
{
    NTSTATUS(NTAPI * add)
    (const GUID *, PVOID, PVOID, ULONGLONG *) =
        (NTSTATUS(NTAPI *)(const GUID *, PVOID, PVOID, ULONGLONG *))(uintptr_t)find("EtwRegister");
    NTSTATUS(NTAPI * drop)
    (ULONGLONG) = (NTSTATUS(NTAPI *)(ULONGLONG))(uintptr_t)find("EtwUnregister");
    unsigned before = rules_count("TraceUnregister");
    ULONGLONG handle = 0;
    GUID guid = {0};

    (void)state;
    assert_int_equal(add(&guid, NULL, NULL, &handle), STATUS_SUCCESS);
    assert_int_equal(track_count("trace registration"), 1);
    assert_int_equal(drop(handle), STATUS_SUCCESS);
    assert_int_equal(track_count(NULL), 0);
    capture_start();
    drop(handle);
    capture_end();
    assert_broken("TraceUnregister", before, 1);
}

#if defined(_X86_)
/* Registers in and out as Microsoft's compiler has them. */
static uint64_t shift(const char *name, uint64_t value, unsigned count)
{
    uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);

    __asm__ volatile("call *%[function]"
                     : "+a"(low), "+d"(high)
                     : [function] "r"(find(name)), "c"(count)
                     : "cc", "memory");
    return low | (uint64_t)high << 32;
}

static void divide(const char *name, uint64_t a, uint64_t b, uint64_t *quotient,
                   uint64_t *remainder)
{
    const void *function = find(name);
    uint32_t q[2], r[2];

    __asm__ volatile("pushl 4(%[b])\n\tpushl (%[b])\n\tpushl 4(%[a])\n\tpushl (%[a])\n\t"
                     "call *%[function]\n\t"
                     : "=a"(q[0]), "=d"(q[1]), "=c"(r[0]), "=b"(r[1])
                     : [a] "S"(&a), [b] "D"(&b), [function] "0"(function)
                     : "cc", "memory");
    *quotient = q[0] | (uint64_t)q[1] << 32;
    *remainder = r[0] | (uint64_t)r[1] << 32;
}

/* The stack pointer's change, and that the registers stay. */
static uint32_t stack_growth(uint32_t size)
{
    uint32_t before, after, keep = 0xABCD1234;

    __asm__ volatile("movl %%esp, %[before]\n\t"
                     "movl %[size], %%eax\n\t"
                     "call *%[function]\n\t"
                     "movl %%esp, %[after]\n\t"
                     "movl %[before], %%esp\n\t"
                     : [before] "=&S"(before), [after] "=&D"(after), "+c"(keep)
                     : [size] "d"(size), [function] "b"(find("_chkstk"))
                     : "eax", "cc", "memory");
    assert_int_equal(keep, 0xABCD1234);
    return before - after;
}

static void test_arithmetic(void **state)
{
    LONGLONG(__stdcall * mul)
    (LONGLONG, LONGLONG) = (LONGLONG(__stdcall *)(LONGLONG, LONGLONG))(uintptr_t)find("_allmul");
    LONGLONG(__stdcall * div)
    (LONGLONG, LONGLONG) = (LONGLONG(__stdcall *)(LONGLONG, LONGLONG))(uintptr_t)find("_alldiv");
    ULONGLONG(__stdcall * rem)
    (ULONGLONG, ULONGLONG) =
        (ULONGLONG(__stdcall *)(ULONGLONG, ULONGLONG))(uintptr_t)find("_aullrem");
    struct random r;

    (void)state;
    random_seed(&r, test_seed());
    for (int i = 0; i < 5000; i++) {
        uint64_t a = random_next(&r) >> random_below(&r, 64), q, rest;
        uint64_t b = random_next(&r) >> random_below(&r, 64) | 1;
        unsigned n = (unsigned)random_below(&r, 80);

        assert_true(mul((LONGLONG)a, (LONGLONG)b) == (LONGLONG)(a * b));
        assert_true(div((LONGLONG)a, (LONGLONG)(b >> 1 | 1)) ==
                    (LONGLONG)a / (LONGLONG)(b >> 1 | 1));
        assert_true(rem(a, b) == a % b);
        divide("_aulldvrm", a, b, &q, &rest);
        assert_true(q == a / b && rest == a % b);
        b |= 2; /* not -1, whose quotient may not fit */
        divide("_alldvrm", a, 0 - (b >> 1), &q, &rest);
        assert_true((int64_t)q == (int64_t)a / -(int64_t)(b >> 1));
        assert_true((int64_t)rest == (int64_t)a % -(int64_t)(b >> 1));
        assert_true(shift("_allshl", a, n) == (n > 63 ? 0 : a << n));
        assert_true(shift("_aullshr", a, n) == (n > 63 ? 0 : a >> n));
        assert_true((int64_t)shift("_allshr", a, n) == (int64_t)a >> (n > 63 ? 63 : n));
    }
}

static void test_stack_grows(void **state)
{
    (void)state;
    assert_int_equal(stack_growth(0), 0);
    assert_int_equal(stack_growth(4), 4);
    assert_int_equal(stack_growth(8), 8);
    assert_int_equal(stack_growth(100000), 100000);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_sort_and_search),
        cmocka_unit_test(test_tracing_goes_nowhere),
#if defined(_X86_)
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_stack_grows),
#endif
    };

    nt_thread_enter("tester");
    return cmocka_run_group_tests_name("crt", tests, NULL, NULL);
}
