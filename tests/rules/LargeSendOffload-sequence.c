/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: a segment has the sequence number of its first byte. Here each has the packet's.
 * ndishost-options: --net gen:ip=6,large=20,dir=tx,count=400,size=400-1514
 * control: wait finished
 * says: expected 0x
 */
#include "segment.h"

static VOID Wrong(PUCHAR Segment, ULONG Tcp, ULONG Number, BOOLEAN Last)
{
    UNREFERENCED_PARAMETER(Last);
    UNREFERENCED_PARAMETER(Number);
    PutShort(Segment + Tcp + 4, GetShort(Packet + Tcp + 4));
    PutShort(Segment + Tcp + 6, GetShort(Packet + Tcp + 6));
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    Spoil = Wrong;
}
