/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: LSOv2 numbers IPv4 packets from 0 to 0x7FFF. Here the numbers go on to 0x8000.
 * ndishost-options: --net gen:ip=1,large=20,dir=tx,count=400,size=400-1514
 * control: wait finished
 * says: IPv4 identification 0x8000, expected 0x0000
 */
#include "segment.h"

static VOID Wrong(PUCHAR Segment, ULONG Tcp, ULONG Number, BOOLEAN Last)
{
    UNREFERENCED_PARAMETER(Tcp);
    UNREFERENCED_PARAMETER(Last);
    PutShort(Segment + 18, GetShort(Packet + 18) + Number);
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    Spoil = Wrong;
}
