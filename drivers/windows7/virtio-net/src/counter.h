/* SPDX-License-Identifier: MIT */
/*
 * counter.h: a 64-bit counter without a lock, whole for its readers on x86 too. It has one writer at a
 * time; the readers are many.
 *
 *   AerovnetCount(&Adapter->Interrupts);                        the ISR
 *   Interrupts = AerovnetCounterRead(&Adapter->Interrupts);     an OID request
 *
 * x64 stores an aligned 64-bit value at once. x86 stores it in two steps. The upper half is therefore there twice: the writer stores First,
 * Low, Second, and the reader loads Second, Low, First. Equal upper halves belong to the Low between
 * them. A processor of either architecture reorders neither loads nor stores among themselves (Intel
 * SDM 3A, 8.2.2), and the compiler keeps the order of volatile accesses.
 */
#ifndef AEROVNET_COUNTER_H
#define AEROVNET_COUNTER_H

#include "aerovnet.h"

#ifdef _WIN64

typedef ULONG64 volatile AEROVNET_COUNTER, *PAEROVNET_COUNTER;

/* Adds 1. Any IRQL, as below. */
VIRTIO_INLINE VOID AerovnetCount(PAEROVNET_COUNTER Counter)
{
    *Counter = *Counter + 1;
}

VIRTIO_INLINE ULONG64 AerovnetCounterRead(const AEROVNET_COUNTER *Counter)
{
    return *Counter;
}

#else

typedef struct _AEROVNET_COUNTER {
    ULONG volatile First;
    ULONG volatile Low;
    ULONG volatile Second;
} AEROVNET_COUNTER, *PAEROVNET_COUNTER;

VIRTIO_INLINE VOID AerovnetCount(PAEROVNET_COUNTER Counter)
{
    ULONG Low = Counter->Low + 1;

    if (Low == 0)
        Counter->First = Counter->First + 1;
    Counter->Low = Low;
    if (Low == 0)
        Counter->Second = Counter->First;
}

VIRTIO_INLINE ULONG64 AerovnetCounterRead(const AEROVNET_COUNTER *Counter)
{
    ULONG High, Low;

    do {
        High = Counter->Second;
        Low = Counter->Low;
    } while (High != Counter->First);
    return (ULONG64)High << 32 | Low;
}

#endif

#endif
