/* SPDX-License-Identifier: MIT */
/* Buffers that a driver hands out by a bitmap of its own, and the lowest bit of a mask.
 * control: send; send; send
 */
#include "shape.h"

#define BUFFERS 70

static RTL_BITMAP Buffers;
static ULONG Words[(BUFFERS + 31) / 32];

static NDIS_STATUS Initialize(VOID)
{
    RtlInitializeBitMap(&Buffers, Words, BUFFERS);
    RtlClearAllBits(&Buffers);
    RtlSetBits(&Buffers, 0, 33); /* those are the device's */
    CHECK(RtlFindLeastSignificantBit(0) == -1);
    CHECK(RtlFindLeastSignificantBit((ULONGLONG)1 << 40 | (ULONGLONG)1 << 63) == 40);
    return NDIS_STATUS_SUCCESS;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    ULONG First = RtlFindClearBitsAndSet(&Buffers, 4, 0);

    CHECK(First == 33);
    CHECK(RtlAreBitsSet(&Buffers, 0, 37) && !RtlCheckBit(&Buffers, 37));
    RtlClearBits(&Buffers, First, 4);
    CHECK(RtlNumberOfSetBits(&Buffers) == 33);
    CHECK(RtlFindClearBitsAndSet(&Buffers, BUFFERS - 32, 0) == 0xFFFFFFFF);
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Send = Send;
}
