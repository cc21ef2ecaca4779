/* SPDX-License-Identifier: MIT */
/* NdisMRegisterIoPortRange: ports are registered after the registration attributes are set. Here
 * before.
 */
#include "miniport.h"

static VOID Early(VOID)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Ports = FindResource(CmResourceTypePort);
    PVOID Offset;

    NdisMRegisterIoPortRange(&Offset, Adapter.Handle, Ports->u.Port.Start.LowPart,
                             Ports->u.Port.Length);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
