/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: only the last segment has PSH and FIN. Here each has them.
 * ndishost-options: --net gen:ip=6,large=20,dir=tx,count=400,size=400-1514
 * control: wait finished
 * says: TCP flags PSH+ACK, expected ACK
 */
#include "segment.h"

static VOID Wrong(PUCHAR Segment, ULONG Tcp, ULONG Number, BOOLEAN Last)
{
    UNREFERENCED_PARAMETER(Number);
    UNREFERENCED_PARAMETER(Last);
    Segment[Tcp + 13] |= Packet[Tcp + 13] & 0x09;
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    Spoil = Wrong;
}
