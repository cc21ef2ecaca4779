/* SPDX-License-Identifier: MIT */
/* The C library's string functions that ntoskrnl.exe exports, in Windows' calling convention: for
 * narrow characters and, from the same text, for 16-bit wide ones. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <ntddk.h>
#include "loader/exports.h"

#define EXPORT(name) HOST_EXPORT_AS("ntoskrnl.exe", #name, name, nt_##name)

/* errno_t of Windows. */
#define NT_EINVAL 22
#define NT_ERANGE 34

static int __cdecl nt_tolower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
}
EXPORT(tolower);

static int __cdecl nt_toupper(int c)
{
    return c >= 'a' && c <= 'z' ? c - 0x20 : c;
}
EXPORT(toupper);

static WCHAR __cdecl nt_towlower(WCHAR c)
{
    return (WCHAR)nt_tolower(c);
}
EXPORT(towlower);

static WCHAR __cdecl nt_towupper(WCHAR c)
{
    return (WCHAR)nt_toupper(c);
}
EXPORT(towupper);

static int __cdecl nt_isdigit(int c)
{
    return c >= '0' && c <= '9';
}
EXPORT(isdigit);

static int __cdecl nt_isupper(int c)
{
    return c >= 'A' && c <= 'Z';
}
EXPORT(isupper);

static int __cdecl nt_islower(int c)
{
    return c >= 'a' && c <= 'z';
}
EXPORT(islower);

static int __cdecl nt_isspace(int c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}
EXPORT(isspace);

static int __cdecl nt_isxdigit(int c)
{
    return nt_isdigit(c) || (nt_tolower(c) >= 'a' && nt_tolower(c) <= 'f');
}
EXPORT(isxdigit);

static int __cdecl nt_isprint(int c)
{
    return c >= ' ' && c <= '~';
}
EXPORT(isprint);

/* All functions of one character type. UNSIGNED is what comparisons look at. */
#define STRING_FUNCTIONS(T, UNSIGNED, len, nlen, cmp, ncmp, icmp, nicmp, cpy, ncpy, cat, ncat, \
                         chr, rchr, str, upr, lwr, cpy_s, cat_s, ncpy_s)                       \
    static size_t __cdecl nt_##len(const T *s)                                                 \
    {                                                                                          \
        size_t n = 0;                                                                          \
                                                                                               \
        while (s[n])                                                                           \
            n++;                                                                               \
        return n;                                                                              \
    }                                                                                          \
    EXPORT(len);                                                                               \
                                                                                               \
    static size_t __cdecl nt_##nlen(const T *s, size_t max)                                    \
    {                                                                                          \
        size_t n = 0;                                                                          \
                                                                                               \
        while (n < max && s[n])                                                                \
            n++;                                                                               \
        return n;                                                                              \
    }                                                                                          \
    EXPORT(nlen);                                                                              \
                                                                                               \
    static int __cdecl nt_##ncmp(const T *a, const T *b, size_t max)                           \
    {                                                                                          \
        for (size_t i = 0; i < max; i++)                                                       \
            if (a[i] != b[i] || !a[i])                                                         \
                return (UNSIGNED)a[i] - (UNSIGNED)b[i];                                        \
        return 0;                                                                              \
    }                                                                                          \
    EXPORT(ncmp);                                                                              \
                                                                                               \
    static int __cdecl nt_##cmp(const T *a, const T *b)                                        \
    {                                                                                          \
        return nt_##ncmp(a, b, SIZE_MAX);                                                      \
    }                                                                                          \
    EXPORT(cmp);                                                                               \
                                                                                               \
    static int __cdecl nt_##nicmp(const T *a, const T *b, size_t max)                          \
    {                                                                                          \
        for (size_t i = 0; i < max; i++) {                                                     \
            int x = nt_tolower((UNSIGNED)a[i]), y = nt_tolower((UNSIGNED)b[i]);                \
                                                                                               \
            if (x != y || !x)                                                                  \
                return x - y;                                                                  \
        }                                                                                      \
        return 0;                                                                              \
    }                                                                                          \
    EXPORT(nicmp);                                                                             \
                                                                                               \
    static int __cdecl nt_##icmp(const T *a, const T *b)                                       \
    {                                                                                          \
        return nt_##nicmp(a, b, SIZE_MAX);                                                     \
    }                                                                                          \
    EXPORT(icmp);                                                                              \
                                                                                               \
    static T *__cdecl nt_##cpy(T *to, const T *from)                                           \
    {                                                                                          \
        memmove(to, from, (nt_##len(from) + 1) * sizeof(T));                                   \
        return to;                                                                             \
    }                                                                                          \
    EXPORT(cpy);                                                                               \
                                                                                               \
    static T *__cdecl nt_##ncpy(T *to, const T *from, size_t max)                              \
    {                                                                                          \
        size_t n = nt_##nlen(from, max);                                                       \
                                                                                               \
        memmove(to, from, n * sizeof(T));                                                      \
        memset(to + n, 0, (max - n) * sizeof(T));                                              \
        return to;                                                                             \
    }                                                                                          \
    EXPORT(ncpy);                                                                              \
                                                                                               \
    static T *__cdecl nt_##ncat(T *to, const T *from, size_t max)                              \
    {                                                                                          \
        size_t n = nt_##nlen(from, max), at = nt_##len(to);                                    \
                                                                                               \
        memmove(to + at, from, n * sizeof(T));                                                 \
        to[at + n] = 0;                                                                        \
        return to;                                                                             \
    }                                                                                          \
    EXPORT(ncat);                                                                              \
                                                                                               \
    static T *__cdecl nt_##cat(T *to, const T *from)                                           \
    {                                                                                          \
        nt_##cpy(to + nt_##len(to), from);                                                     \
        return to;                                                                             \
    }                                                                                          \
    EXPORT(cat);                                                                               \
                                                                                               \
    static T *__cdecl nt_##chr(const T *s, int c)                                              \
    {                                                                                          \
        for (; *s != (T)c; s++)                                                                \
            if (!*s)                                                                           \
                return NULL;                                                                   \
        return (T *)(ULONG_PTR)s;                                                              \
    }                                                                                          \
    EXPORT(chr);                                                                               \
                                                                                               \
    static T *__cdecl nt_##rchr(const T *s, int c)                                             \
    {                                                                                          \
        for (const T *p = s + nt_##len(s);; p--) {                                             \
            if (*p == (T)c)                                                                    \
                return (T *)(ULONG_PTR)p;                                                      \
            if (p == s)                                                                        \
                return NULL;                                                                   \
        }                                                                                      \
    }                                                                                          \
    EXPORT(rchr);                                                                              \
                                                                                               \
    static T *__cdecl nt_##str(const T *s, const T *part)                                      \
    {                                                                                          \
        size_t n = nt_##len(part);                                                             \
                                                                                               \
        for (;; s++) {                                                                         \
            if (nt_##ncmp(s, part, n) == 0)                                                    \
                return (T *)(ULONG_PTR)s;                                                      \
            if (!*s)                                                                           \
                return NULL;                                                                   \
        }                                                                                      \
    }                                                                                          \
    EXPORT(str);                                                                               \
                                                                                               \
    static T *__cdecl nt_##upr(T *s)                                                           \
    {                                                                                          \
        for (T *p = s; *p; p++)                                                                \
            *p = (T)nt_toupper(*p);                                                            \
        return s;                                                                              \
    }                                                                                          \
    EXPORT(upr);                                                                               \
                                                                                               \
    static T *__cdecl nt_##lwr(T *s)                                                           \
    {                                                                                          \
        for (T *p = s; *p; p++)                                                                \
            *p = (T)nt_tolower(*p);                                                            \
        return s;                                                                              \
    }                                                                                          \
    EXPORT(lwr);                                                                               \
                                                                                               \
    /* What does not fit leaves an empty string and an error, never a cut one. */              \
    static int append_##cat_s(T *to, size_t room, size_t at, const T *from, size_t n)          \
    {                                                                                          \
        if (at >= room || n >= room - at) {                                                    \
            to[0] = 0;                                                                         \
            return NT_ERANGE;                                                                  \
        }                                                                                      \
        memmove(to + at, from, n * sizeof(T));                                                 \
        to[at + n] = 0;                                                                        \
        return 0;                                                                              \
    }                                                                                          \
                                                                                               \
    static int __cdecl nt_##cpy_s(T *to, size_t room, const T *from)                           \
    {                                                                                          \
        if (!to || !room)                                                                      \
            return NT_EINVAL;                                                                  \
        if (!from) {                                                                           \
            to[0] = 0;                                                                         \
            return NT_EINVAL;                                                                  \
        }                                                                                      \
        return append_##cat_s(to, room, 0, from, nt_##len(from));                              \
    }                                                                                          \
    EXPORT(cpy_s);                                                                             \
                                                                                               \
    static int __cdecl nt_##cat_s(T *to, size_t room, const T *from)                           \
    {                                                                                          \
        if (!to || !room || !from)                                                             \
            return NT_EINVAL;                                                                  \
        return append_##cat_s(to, room, nt_##nlen(to, room), from, nt_##len(from));            \
    }                                                                                          \
    EXPORT(cat_s);                                                                             \
                                                                                               \
    /* max (size_t)-1 (_TRUNCATE): cut what does not fit. */                                   \
    static int __cdecl nt_##ncpy_s(T *to, size_t room, const T *from, size_t max)              \
    {                                                                                          \
        size_t n;                                                                              \
                                                                                               \
        if (!to || !room || !from)                                                             \
            return NT_EINVAL;                                                                  \
        n = nt_##nlen(from, max);                                                              \
        if (max == SIZE_MAX && n >= room)                                                      \
            n = room - 1;                                                                      \
        return append_##cat_s(to, room, 0, from, n);                                           \
    }                                                                                          \
    EXPORT(ncpy_s)

STRING_FUNCTIONS(char, unsigned char, strlen, strnlen, strcmp, strncmp, _stricmp, _strnicmp, strcpy,
                 strncpy, strcat, strncat, strchr, strrchr, strstr, _strupr, _strlwr, strcpy_s,
                 strcat_s, strncpy_s);
STRING_FUNCTIONS(WCHAR, WCHAR, wcslen, wcsnlen, wcscmp, wcsncmp, _wcsicmp, _wcsnicmp, wcscpy,
                 wcsncpy, wcscat, wcsncat, wcschr, wcsrchr, wcsstr, _wcsupr, _wcslwr, wcscpy_s,
                 wcscat_s, wcsncpy_s);

/* ---- Memory with bounds ---- */

static int __cdecl nt_memcpy_s(void *to, size_t room, const void *from, size_t length)
{
    if (!length)
        return 0;
    if (!to)
        return NT_EINVAL;
    if (!from || length > room) {
        memset(to, 0, room);
        return from ? NT_ERANGE : NT_EINVAL;
    }
    memmove(to, from, length);
    return 0;
}
EXPORT(memcpy_s);

static int __cdecl nt_memmove_s(void *to, size_t room, const void *from, size_t length)
{
    if (!length)
        return 0;
    if (!to || !from)
        return NT_EINVAL;
    if (length > room)
        return NT_ERANGE;
    memmove(to, from, length);
    return 0;
}
EXPORT(memmove_s);

/* ---- Numbers ---- */

static int character(const void *text, bool wide, size_t i)
{
    return wide ? ((const WCHAR *)text)[i] : ((const unsigned char *)text)[i];
}

static long parse(const void *text, bool wide)
{
    uint32_t value = 0;
    bool negative;
    size_t i = 0;

#define AT(i) character(text, wide, i)
    while (nt_isspace(AT(i)))
        i++;
    negative = AT(i) == '-';
    if (AT(i) == '-' || AT(i) == '+')
        i++;
    for (; nt_isdigit(AT(i)); i++)
        value = value * 10 + (uint32_t)(AT(i) - '0');
#undef AT
    return (long)(int32_t)(negative ? 0 - value : value);
}

static LONG __cdecl nt_atoi(const char *s)
{
    return (LONG)parse(s, false);
}
EXPORT(atoi);
HOST_EXPORT_AS("ntoskrnl.exe", "atol", atol, nt_atoi);

static LONG __cdecl nt__wtoi(const WCHAR *s)
{
    return (LONG)parse(s, true);
}
EXPORT(_wtoi);
HOST_EXPORT_AS("ntoskrnl.exe", "_wtol", _wtol, nt__wtoi);

static uint32_t random_state = 1;

static int __cdecl nt_rand(void)
{
    uint32_t next = __atomic_load_n(&random_state, __ATOMIC_RELAXED) * 1103515245u + 12345u;

    __atomic_store_n(&random_state, next, __ATOMIC_RELAXED);
    return (int)(next >> 16 & 0x7FFF);
}
EXPORT(rand);

static void __cdecl nt_srand(unsigned seed)
{
    __atomic_store_n(&random_state, seed, __ATOMIC_RELAXED);
}
EXPORT(srand);

/* ---- Sorting and finding, with the driver's comparison ---- */

typedef int __cdecl compare_function(const void *a, const void *b);

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
    while (size--) {
        uint8_t c = *a;

        *a++ = *b;
        *b++ = c;
    }
}

/* Heap sort: no worst case, no stack. */
static void __cdecl nt_qsort(void *base, size_t count, size_t size, compare_function *compare)
{
    uint8_t *p = base;

    for (size_t built = count / 2, end = count; end > 1;) {
        size_t root;

        if (built)
            built--;
        else
            swap(p, p + --end * size, size);
        for (root = built; 2 * root + 1 < end;) {
            size_t child = 2 * root + 1;

            if (child + 1 < end && compare(p + child * size, p + (child + 1) * size) < 0)
                child++;
            if (compare(p + root * size, p + child * size) >= 0)
                break;
            swap(p + root * size, p + child * size, size);
            root = child;
        }
    }
}
EXPORT(qsort);

static void *__cdecl nt_bsearch(const void *key, const void *base, size_t count, size_t size,
                                compare_function *compare)
{
    const uint8_t *p = base;
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(key, p + middle * size);

        if (order == 0)
            return (void *)(ULONG_PTR)(p + middle * size);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
EXPORT(bsearch);
