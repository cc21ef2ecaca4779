/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: each segment has the packet's TCP options unaltered. Here the time goes on.
 * ndishost-options: --net gen:ip=1,large=20,dir=tx,count=400,size=400-1514
 * control: wait finished
 * says: of the headers is 0x
 */
#include "segment.h"

static VOID Wrong(PUCHAR Segment, ULONG Tcp, ULONG Number, BOOLEAN Last)
{
    UNREFERENCED_PARAMETER(Last);
    if (Segment[Tcp + 12] >> 4 > 5)
        Segment[Tcp + 27] += (UCHAR)Number;
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    Spoil = Wrong;
}
