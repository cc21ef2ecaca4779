/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: each segment's TCP checksum is computed. Here the second one's is wrong.
 * ndishost-options: --net gen:ip=both,large=20,dir=tx,count=400,size=400-1514
 * control: wait finished
 * says: the TCP checksum is wrong
 */
#include "segment.h"

static VOID Wrong(PUCHAR Segment, ULONG Tcp, ULONG Number, BOOLEAN Last)
{
    UNREFERENCED_PARAMETER(Last);
    if (Number == 1)
        Segment[Tcp + 17] ^= 0x40;
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    SpoilLate = Wrong;
}
