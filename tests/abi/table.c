/* SPDX-License-Identifier: MIT */
/*
 * Holds ndis.h and ntddk.h to the tables of numbers, at compile time: sizes, alignments, offsets
 * and constants. Bit-fields have no offset that a compiler would tell, so each becomes an object
 * with that field all ones, bits_TABLE_LINE; tests/abi/bits.py reads the objects.
 *
 * Compiled for x64 and x86, by mingw-w64's GCC and clang over mingw-w64's ntddk.h, and by the
 * host's GCC over the host's own.
 */

#include <ntddk.h>
#include <ndis.h>

#if defined(__x86_64__)
#define PICK(x86, x64) x64
#define ON_X64(row)    row
#define ON_X86(row)
#else
#define PICK(x86, x64) x86
#define ON_X64(row)
#define ON_X86(row) row
#endif

#ifdef _WIN32
#define OURS(row)
#else
#define OURS(row) row
#endif

#define STRUCT(name, size86, align86, size64, align64)                     \
    _Static_assert(sizeof(name) == PICK(size86, size64), "sizeof " #name); \
    _Static_assert(__alignof__(name) == PICK(align86, align64), "alignment of " #name);
#define STRUCT_X86(name, size, align) ON_X86(STRUCT(name, size, align, 0, 0))
#define STRUCT_X64(name, size, align) ON_X64(STRUCT(name, 0, 0, size, align))

#define MEMBER(name, member, at86, at64) \
    _Static_assert(__builtin_offsetof(name, member) == PICK(at86, at64), #name "." #member);
#define MEMBER_X86(name, member, at) ON_X86(MEMBER(name, member, at, 0))
#define MEMBER_X64(name, member, at) ON_X64(MEMBER(name, member, 0, at))

#define GLUE3(a, b, c)               a##b##_##c
#define GLUE(a, b, c)                GLUE3(a, b, c)
#define BITS(name, member, byte86, first86, last86, byte64, first64, last64) \
    const name GLUE(bits_, TABLE, __LINE__) __attribute__((section("abibits"))) = {.member = -1};
#define BITS_X86(name, member, byte, first, last) \
    ON_X86(BITS(name, member, byte, first, last, 0, 0, 0))
#define BITS_X64(name, member, byte, first, last) \
    ON_X64(BITS(name, member, 0, 0, 0, byte, first, last))

/* Some constants are LONGs with the sign bit set; the tables have their 32 bits. */
#define CONSTANT(name, at86, at64)                                                       \
    _Static_assert((sizeof(name) == 4 ? (ULONGLONG)(ULONG)(name) : (ULONGLONG)(name)) == \
                       (sizeof(name) == 4 ? (ULONGLONG)(ULONG)PICK(at86, at64)           \
                                          : (ULONGLONG)PICK(at86, at64)),                \
                   #name);
#define CONSTANT_X86(name, value) ON_X86(CONSTANT(name, value, 0))
#define CONSTANT_X64(name, value) ON_X64(CONSTANT(name, 0, value))

#define TABLE                     layout_ndis
#include "layout_ndis.h"
#undef TABLE
#define TABLE layout_nt
#include "layout_nt.h"
#undef TABLE
#define TABLE layout_agreed_ndis
#include "layout_agreed_ndis.h"
#undef TABLE
#define TABLE layout_agreed_nt
#include "layout_agreed_nt.h"
#undef TABLE
#include "constants_ndis.h"
#include "constants_nt.h"
#include "constants_agreed_ndis.h"
#include "constants_agreed_nt.h"
