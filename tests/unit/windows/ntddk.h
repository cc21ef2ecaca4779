/* SPDX-License-Identifier: MIT */
/* ntddk.h for driver files that are plain C: the types and the one operation that they use. */
#ifndef TEST_NTDDK_H
#define TEST_NTDDK_H

typedef int LONG;
typedef unsigned int ULONG;
typedef unsigned short USHORT;
typedef unsigned char UCHAR;
typedef unsigned char BOOLEAN;
#define VOID  void
#define TRUE  1
#define FALSE 0
#define _In_
#define _Inout_
#define _IRQL_requires_max_(level)

#define InterlockedCompareExchange(target, exchange, comparand) \
    __sync_val_compare_and_swap(target, comparand, exchange)

#endif
