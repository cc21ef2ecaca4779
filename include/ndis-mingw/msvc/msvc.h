/* SPDX-License-Identifier: MIT */
/*
 * msvc.h: lets clang, in its imitation of MSVC, read mingw-w64's ddk headers. It comes before a file of the
 * driver (-include msvc.h); intrin.h beside it, which is empty, stands in for the compiler's own.
 */
#include <ntdef.h>

/* mingw-w64's, for MSVC, subtracts pointers. The result is not a constant for clang. */
#undef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((LONG) __builtin_offsetof(type, field))
