/* SPDX-License-Identifier: MIT */
/* Init_RegisterInterrupt: a MiniportInitializeEx that fails deregisters its interrupt. Here it
 * does not.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    Adapter.Interrupt = NULL;
    return NDIS_STATUS_FAILURE;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
