/* SPDX-License-Identifier: MIT */
/* Checksums of received frames that the device leaves to the miniport (GUEST_CSUM): it completes them, and says that
 * they are right.
 * bus: model:partial=1
 * options: --net gen:ip=both,dir=rx,count=2000,window=16,size=60-1514
 * control: wait finished
 * says: gen rx: 2000 frames sent, 2000 arrived, all intact and in order
 */
#include "partial.h"
#include "shape.h"

static VOID Halt(VOID)
{
    CHECK(Partial > 1800 && ReceiveCount == 2000);
    ReceiveStop();
}

VOID Break(HOOKS *Hooks)
{
    PartialHooks(Hooks);
    Hooks->Halt = Halt;
}
