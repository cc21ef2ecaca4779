/* SPDX-License-Identifier: MIT */
/*
 * What Microsoft's compiler and wdm.h have built in on x64, for a driver that is compiled for Linux
 * (tests/native/image.c). The native.mk includes it before each file of such a driver.
 */
#ifndef NDISHOST_NATIVE_DRIVER_H
#define NDISHOST_NATIVE_DRIVER_H

#include "ntddk.h"
#include "ndis/sal.h"

/* The host returns a union of 8 bytes as Windows' compilers do, in a register. */
static inline __attribute__((unused)) LARGE_INTEGER native_performance_counter(
    PLARGE_INTEGER PerformanceFrequency)
{
    LARGE_INTEGER Counter;

    Counter.QuadPart = KeQueryPerformanceCounter(PerformanceFrequency);
    return Counter;
}
#define KeQueryPerformanceCounter native_performance_counter

/* Interlocked operations are full barriers (wdm/nf-wdm-interlockedincrement). */
#define InterlockedIncrement(Addend)          (__sync_add_and_fetch((Addend), 1))
#define InterlockedDecrement(Addend)          (__sync_sub_and_fetch((Addend), 1))
#define InterlockedExchangeAdd(Addend, Value) (__sync_fetch_and_add((Addend), (Value)))
#define InterlockedExchange(Target, Value) \
    (__atomic_exchange_n((Target), (LONG)(Value), __ATOMIC_SEQ_CST))
#define InterlockedCompareExchange(Destination, Exchange, Comparand) \
    (__sync_val_compare_and_swap((Destination), (Comparand), (Exchange)))

/* One access of the named width each, in assembly: the host decodes the instruction that faults at a
 * register, and a sanitizer's own code must not be what faults. */
#define NATIVE_REGISTER(type, suffix)                                                           \
    static inline __attribute__((unused)) type READ_REGISTER_##type(volatile type *Register)    \
    {                                                                                           \
        type value;                                                                             \
                                                                                                \
        __asm__ volatile("mov" suffix " %1, %0" : "=r"(value) : "m"(*Register) : "memory");     \
        return value;                                                                           \
    }                                                                                           \
    static inline                                                                               \
        __attribute__((unused)) void WRITE_REGISTER_##type(volatile type *Register, type Value) \
    {                                                                                           \
        __asm__ volatile("mov" suffix " %1, %0\n\tmfence"                                       \
                         : "=m"(*Register)                                                      \
                         : "r"(Value)                                                           \
                         : "memory");                                                           \
    }

NATIVE_REGISTER(UCHAR, "b")
NATIVE_REGISTER(USHORT, "w")
NATIVE_REGISTER(ULONG, "l")

/* Ports: the host carries out the instructions, which no process may execute. */
#define NATIVE_PORT(type, suffix)                                                                  \
    static inline __attribute__((unused)) type READ_PORT_##type(type *Port)                        \
    {                                                                                              \
        type value;                                                                                \
                                                                                                   \
        __asm__ volatile("in" suffix " %w1, %0" : "=a"(value) : "d"((ULONG_PTR)Port) : "memory");  \
        return value;                                                                              \
    }                                                                                              \
    static inline __attribute__((unused)) void WRITE_PORT_##type(type *Port, type Value)           \
    {                                                                                              \
        __asm__ volatile("out" suffix " %0, %w1" : : "a"(Value), "d"((ULONG_PTR)Port) : "memory"); \
    }

NATIVE_PORT(UCHAR, "b")
NATIVE_PORT(USHORT, "w")
NATIVE_PORT(ULONG, "l")

#endif
