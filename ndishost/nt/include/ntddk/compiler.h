/* SPDX-License-Identifier: MIT */
/*
 * Calling conventions and alignment of Windows, for GCC and clang on Linux.
 *
 * NTAPI is what every kernel function and callback has: the Microsoft convention on x64, stdcall
 * on x86. FASTCALL and __cdecl are the exceptions. A variadic function in the Microsoft
 * convention walks its arguments with __builtin_ms_va_list, __builtin_ms_va_start and
 * __builtin_ms_va_end (x64).
 */

#ifndef NDISHOST_NTDDK_COMPILER_H
#define NDISHOST_NTDDK_COMPILER_H

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#define MEMORY_ALLOCATION_ALIGNMENT 16
#define POINTER_ALIGNMENT           DECLSPEC_ALIGN(8)
#elif defined(__i386__)
#ifndef _X86_
#define _X86_ 1
#endif
#define MEMORY_ALLOCATION_ALIGNMENT 8
#define POINTER_ALIGNMENT
#else
#error "Windows 7 runs on x86 and x64"
#endif

/* A toolchain for Windows knows the three conventions by these names already. */
#ifndef _WIN32
#if defined(_AMD64_)
#define __stdcall __attribute__((ms_abi))
#define __fastcall __attribute__((ms_abi))
#define __cdecl __attribute__((ms_abi))
#else
#define __stdcall __attribute__((stdcall))
#define __fastcall __attribute__((fastcall))
#define __cdecl __attribute__((cdecl))
#endif
#endif

#define NTAPI    __stdcall
#define FASTCALL __fastcall

/* A driver imports these functions; this program defines them. */
#define DECLSPEC_IMPORT
#define NTKERNELAPI               DECLSPEC_IMPORT
#define NTHALAPI                  DECLSPEC_IMPORT
#define NTSYSAPI                  DECLSPEC_IMPORT

#define DECLSPEC_ALIGN(x)         __attribute__((aligned(x)))
#define DECLSPEC_NORETURN         __attribute__((noreturn))
#define FORCEINLINE               static __inline__ __attribute__((always_inline, unused))

#define FIELD_OFFSET(type, field) ((LONG) __builtin_offsetof(type, field))
#define CONTAINING_RECORD(address, type, field) \
    ((type *)((PCHAR)(address) - __builtin_offsetof(type, field)))
#define UNREFERENCED_PARAMETER(P) ((void)(P))
#define ANYSIZE_ARRAY             1
#define C_ASSERT(e)               _Static_assert((e), "C_ASSERT")

#endif
