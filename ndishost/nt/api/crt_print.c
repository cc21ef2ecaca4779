/* SPDX-License-Identifier: MIT */
/* printf and its relatives that ntoskrnl.exe exports; nt/api/format.h does the work. */
#include <stdint.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/format.h"
#include "rules/rules.h"

#define EXPORT(name) HOST_EXPORT_AS("ntoskrnl.exe", #name, name, nt_##name)
#define UNBOUNDED    ((size_t)0x7FFFFFFF)
#define TRUNCATE     SIZE_MAX /* _TRUNCATE */

/* The old ones: -1 when it does not fit, and then, or when it just fits, no NUL. */
static int cut(size_t length, size_t room)
{
    return length > room ? -1 : (int)length;
}

/* The _s ones: a text that does not fit is a mistake, unless the caller wants it cut. */
static int checked(size_t length, size_t room, size_t max, const void *caller)
{
    if (length <= max && length < room)
        return (int)length;
    if (max != TRUNCATE && length <= max)
        rule_violation("PrintRoom", caller,
                       "prints %zu characters into room for %zu; Windows would stop here", length,
                       room);
    return -1;
}

/* One character type: what is printed into what. */
#define PRINT_FUNCTIONS(T, FORMAT_T, format, plain, bounded, vplain, vbounded, plain_s, bounded_s, \
                        vplain_s, vbounded_s)                                                      \
    static int __cdecl nt_##vbounded(T *to, size_t room, const T *text, nt_va_list args)           \
    {                                                                                              \
        return cut(format((FORMAT_T *)to, room, (const FORMAT_T *)text, args), room);              \
    }                                                                                              \
    EXPORT(vbounded);                                                                              \
                                                                                                   \
    static int __cdecl nt_##bounded(T *to, size_t room, const T *text, ...)                        \
    {                                                                                              \
        nt_va_list args;                                                                           \
        int n;                                                                                     \
                                                                                                   \
        nt_va_start(args, text);                                                                   \
        n = nt_##vbounded(to, room, text, args);                                                   \
        nt_va_end(args);                                                                           \
        return n;                                                                                  \
    }                                                                                              \
    EXPORT(bounded);                                                                               \
                                                                                                   \
    static int __cdecl nt_##vplain(T *to, const T *text, nt_va_list args)                          \
    {                                                                                              \
        return nt_##vbounded(to, UNBOUNDED, text, args);                                           \
    }                                                                                              \
    EXPORT(vplain);                                                                                \
                                                                                                   \
    static int __cdecl nt_##plain(T *to, const T *text, ...)                                       \
    {                                                                                              \
        nt_va_list args;                                                                           \
        int n;                                                                                     \
                                                                                                   \
        nt_va_start(args, text);                                                                   \
        n = nt_##vplain(to, text, args);                                                           \
        nt_va_end(args);                                                                           \
        return n;                                                                                  \
    }                                                                                              \
    EXPORT(plain);                                                                                 \
                                                                                                   \
    /* A NUL always; an empty string on a mistake. */                                              \
    static int print_##vbounded_s(T *to, size_t room, size_t max, const T *text, nt_va_list args,  \
                                  const void *caller)                                              \
    {                                                                                              \
        size_t keep = max < room ? max : room ? room - 1 : 0;                                      \
        size_t length;                                                                             \
        int n;                                                                                     \
                                                                                                   \
        if (!to || !room)                                                                          \
            return -1;                                                                             \
        length = format((FORMAT_T *)to, keep, (const FORMAT_T *)text, args);                       \
        to[length < keep ? length : keep] = 0;                                                     \
        n = checked(length, room, max, caller);                                                    \
        if (n < 0 && max != TRUNCATE && max >= room)                                               \
            to[0] = 0;                                                                             \
        return n;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static int __cdecl nt_##vbounded_s(T *to, size_t room, size_t max, const T *text,              \
                                       nt_va_list args)                                            \
    {                                                                                              \
        return print_##vbounded_s(to, room, max, text, args, RULE_CALLER);                         \
    }                                                                                              \
    EXPORT(vbounded_s);                                                                            \
                                                                                                   \
    static int __cdecl nt_##bounded_s(T *to, size_t room, size_t max, const T *text, ...)          \
    {                                                                                              \
        nt_va_list args;                                                                           \
        int n;                                                                                     \
                                                                                                   \
        nt_va_start(args, text);                                                                   \
        n = print_##vbounded_s(to, room, max, text, args, RULE_CALLER);                            \
        nt_va_end(args);                                                                           \
        return n;                                                                                  \
    }                                                                                              \
    EXPORT(bounded_s);                                                                             \
                                                                                                   \
    static int __cdecl nt_##vplain_s(T *to, size_t room, const T *text, nt_va_list args)           \
    {                                                                                              \
        return print_##vbounded_s(to, room, UNBOUNDED, text, args, RULE_CALLER);                   \
    }                                                                                              \
    EXPORT(vplain_s);                                                                              \
                                                                                                   \
    static int __cdecl nt_##plain_s(T *to, size_t room, const T *text, ...)                        \
    {                                                                                              \
        nt_va_list args;                                                                           \
        int n;                                                                                     \
                                                                                                   \
        nt_va_start(args, text);                                                                   \
        n = print_##vbounded_s(to, room, UNBOUNDED, text, args, RULE_CALLER);                      \
        nt_va_end(args);                                                                           \
        return n;                                                                                  \
    }                                                                                              \
    EXPORT(plain_s)

PRINT_FUNCTIONS(char, char, nt_format, sprintf, _snprintf, vsprintf, _vsnprintf, sprintf_s,
                _snprintf_s, vsprintf_s, _vsnprintf_s);
PRINT_FUNCTIONS(WCHAR, uint16_t, nt_format_wide, swprintf, _snwprintf, _vswprintf, _vsnwprintf,
                swprintf_s, _snwprintf_s, vswprintf_s, _vsnwprintf_s);
HOST_EXPORT_AS("ntoskrnl.exe", "_swprintf", _swprintf, nt_swprintf);
