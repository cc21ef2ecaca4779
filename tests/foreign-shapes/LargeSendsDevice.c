/* SPDX-License-Identifier: MIT */
/* Large send offload by the device: the miniport hands large TCP packets on, and the model segments them.
 * bus: model:features=+host_tso4+host_tso6+host_ecn
 * options: --net gen:ip=both,large=30,dir=tx,count=3000,size=60-1514,batch=10-100
 * control: wait finished
 * says: gen tx: 3000 frames sent, 3000 arrived, all intact and in order
 */
#include "device_segment.h"
#include "shape.h"

static VOID Halt(VOID)
{
    CHECK(Large[0][0] > 3 && Large[1][0] > 3 && Large[1][1] > 10 && Segments == 0);
    CHECK(Alone < 1000);
    DeviceSegmentHalt();
}

VOID Break(HOOKS *Hooks)
{
    DeviceSegmentHooks(Hooks);
    Hooks->Halt = Halt;
}
