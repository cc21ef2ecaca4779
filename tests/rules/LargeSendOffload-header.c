/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: each segment's IPv4 checksum is computed. Here the last one's is wrong.
 * ndishost-options: --net gen:ip=1,large=20,dir=tx,count=400,size=400-1514
 * control: wait finished
 * says: the IPv4 header's checksum is wrong
 */
#include "segment.h"

static VOID Wrong(PUCHAR Segment, ULONG Tcp, ULONG Number, BOOLEAN Last)
{
    UNREFERENCED_PARAMETER(Tcp);
    UNREFERENCED_PARAMETER(Number);
    if (Last)
        Segment[25] ^= 1;
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    SpoilLate = Wrong;
}
