/* SPDX-License-Identifier: MIT */
/* A control queue and two pairs of queues. The device steers frames to the pair that sends them. Each queue has its
 * message. The filters keep other frames out.
 * bus: model:vectors=5,pairs=2,features=+ctrl_rx+ctrl_vlan+ctrl_mac_addr
 * inf: messages.inf
 * options: --net echo:count=600,window=1
 * control: wait finished
 * control: wire 02000000000988525400000788b500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
 * control: wire 01005e00000888525400000788b500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
 * control: wire 01005e00000788525400000788b500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
 * control: wire 0252756c65018852540000078100000688b5000000000000000000000000000000000000000000000000000000000000000000000000000000000000
 * control: wire 0252756c65018852540000078100000588b5000000000000000000000000000000000000000000000000000000000000000000000000000000000000
 * control: wire ffffffffffff88525400000788b500000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
 * control: sleep 100
 */
#include "queues.h"

static NDIS_STATUS Initialize(VOID)
{
    static const UCHAR Vlan[] = {2, 0, 5, 0};

    Features = CTRL_VLAN;
    QueuesInitialize();
    QueuesCommands();
    CHECK(Command(Vlan, sizeof(Vlan)) == 0);
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    ULONG i;

    CHECK(Marked == 3); /* the group's, the VLAN's and the broadcast one */
    CHECK(Received[0] >= 290 && Received[1] >= 290 && Sent[0] >= 290 && Sent[1] >= 290);
    for (i = 0; i < VIRTIO_QUEUES; i++)
        CHECK(Isrs[i] > (i == CONTROL ? 0 : 100));
    QueuesStop();
}

VOID Break(HOOKS *Hooks)
{
    QueuesHooks(Hooks);
    Hooks->Initialize = Initialize;
    Hooks->Halt = Halt;
}
