/* SPDX-License-Identifier: MIT */
/* MiniportRestart: a restart is completed once. Here by a call and by the status that is
 * returned.
 */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    NdisMRestartComplete(Adapter.Handle, NDIS_STATUS_SUCCESS);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
