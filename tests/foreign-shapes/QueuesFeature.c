/* SPDX-License-Identifier: MIT */
/* A command of a feature that the driver did not accept: CTRL_VLAN.
 * bus: model:vectors=5,pairs=2,features=+ctrl_rx+ctrl_vlan+ctrl_mac_addr
 * inf: messages.inf
 * broken: virtio-ctrl-feature
 */
#include "queues.h"

static NDIS_STATUS Initialize(VOID)
{
    static const UCHAR Wrong[] = {2, 0, 5, 0};

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
