/* SPDX-License-Identifier: MIT */
/* Large send offload of version 1 alone: the protocol turns version 2 off, and leaves TCP over IPv4 to the miniport by
 * LSOv1. IPv6, and what LSOv1 could not number, it segments by itself.
 * options: --net gen:ip=both,large=10,dir=tx,count=1000,size=200-1514,hold=1
 * control: wait up; offload lso2-4=off lso2-6=off; go; wait finished
 * says: gen tx: 1000 frames sent, 1000 arrived, all intact and in order
 */
#include "segment.h"
#include "shape.h"

static VOID Halt(VOID)
{
    CHECK(Large[0][0] > 20 && Large[1][0] == 0 && Large[1][1] == 0 && Large[0][1] == 0);
    CHECK(Alone > 400 && Segments + Alone == 1000);
    VirtioStop();
}

VOID Break(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    Hooks->Halt = Halt;
}
