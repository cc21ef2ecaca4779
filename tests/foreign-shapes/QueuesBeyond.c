/* SPDX-License-Identifier: MIT */
/* A frame sent on the second pair of queues, while the first one alone is set.
 * bus: model:vectors=5,pairs=2,features=+ctrl_rx+ctrl_vlan+ctrl_mac_addr
 * inf: messages.inf
 * broken: virtio-mq-queue
 */
#include "queues.h"

static NDIS_STATUS Initialize(VOID)
{
    static const UCHAR One[] = {4, 0, 1, 0};

    QueuesInitialize();
    QueuesCommands();
    CHECK(Command(One, sizeof(One)) == 0);
    return NDIS_STATUS_SUCCESS;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    SendOn(1, List, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    QueuesHooks(Hooks);
    Hooks->Initialize = Initialize;
    Hooks->Send = Send;
}
