/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: the IP header has the length of the segment. Here it has 1 more.
 * ndishost-options: --net gen:ip=1,large=20,dir=tx,count=400,size=400-1514
 * control: wait finished
 * says: bytes of data, the frame has room for
 */
#include "segment.h"

static VOID Wrong(PUCHAR Segment, ULONG Tcp, ULONG Number, BOOLEAN Last)
{
    UNREFERENCED_PARAMETER(Tcp);
    UNREFERENCED_PARAMETER(Number);
    UNREFERENCED_PARAMETER(Last);
    if (Segment[12] == 8)
        PutShort(Segment + 16, GetShort(Segment + 16) + 1);
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    Spoil = Wrong;
}
