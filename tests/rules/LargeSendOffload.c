/* SPDX-License-Identifier: MIT */
/* LargeSendOffload: no segment has more data than the MSS. Here each has a byte more.
 * ndishost-options: --net gen:ip=1,large=20,dir=tx,count=400,size=400-1514,stall=1
 * control: wait finished
 * says: bytes of data, expected
 */
#include "segment.h"

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    MssMore = 1;
}
