/* SPDX-License-Identifier: MIT */
/* MiniportPause_Return: NdisMPauseComplete ends a pause that is pending. Here none is. */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    NdisMPauseComplete(Adapter.Handle);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
