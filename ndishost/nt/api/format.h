/* SPDX-License-Identifier: MIT */
/*
 * format.h: Windows' printf, for DbgPrint and the C library's functions that ntoskrnl.exe exports:
 * %I64d, %ws, %wZ, %S and %p as Windows has them, 16-bit wide characters, Windows' variable arguments.
 *   n = nt_format(buf, room, format, args);
 * In both of Windows' conventions the arguments are a row of slots in memory, each of a pointer's
 * size, 64-bit ones taking two on x86: so a pointer to the first is all that a va_list is.
 */
#ifndef NDISHOST_FORMAT_H
#define NDISHOST_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
typedef __builtin_ms_va_list nt_va_list;
#define nt_va_start(list, last) __builtin_ms_va_start(list, last)
#define nt_va_end(list)         __builtin_ms_va_end(list)
#else
typedef __builtin_va_list nt_va_list;
#define nt_va_start(list, last) __builtin_va_start(list, last)
#define nt_va_end(list)         __builtin_va_end(list)
#endif

/* Writes at most `room` characters, a NUL among them only if it fits; returns how many the text has
 * without its NUL. */
size_t nt_format(char *buf, size_t room, const char *format, nt_va_list args);
size_t nt_format_wide(uint16_t *buf, size_t room, const uint16_t *format, nt_va_list args);

#endif
