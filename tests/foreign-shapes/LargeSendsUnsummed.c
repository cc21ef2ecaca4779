/* SPDX-License-Identifier: MIT */
/* Large send offload by the device: a packet to segment without NEEDS_CSUM is named (virtio 1.2, 5.1.6.2.1).
 * bus: model:features=+host_tso4+host_tso6+host_ecn
 * options: --net gen:ip=both,large=30,dir=tx,count=300,size=600-1514,stall=1
 * control: wait finished
 * broken: virtio-tx-gso
 * says: but flags are 0x00 and gso_size is
 */
#include "device_segment.h"
#include "shape.h"

VOID Break(HOOKS *Hooks)
{
    HeaderFlags = 0;
    DeviceSegmentHooks(Hooks);
}
