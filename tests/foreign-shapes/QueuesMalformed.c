/* SPDX-License-Identifier: MIT */
/* A command that is a byte too short: the number of pairs has 16 bits.
 * bus: model:vectors=5,pairs=2,features=+ctrl_rx+ctrl_vlan+ctrl_mac_addr
 * inf: messages.inf
 * broken: virtio-ctrl-length
 */
#include "queues.h"

static NDIS_STATUS Initialize(VOID)
{
    static const UCHAR Wrong[] = {4, 0, PAIRS};

    QueuesInitialize();
    QueuesCommands();
    CHECK(Command(Wrong, sizeof(Wrong)) == 1);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    QueuesHooks(Hooks);
    Hooks->Initialize = Initialize;
}
