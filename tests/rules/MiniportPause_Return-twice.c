/* SPDX-License-Identifier: MIT */
/* MiniportPause_Return: a pause is completed once. Here by a call and by the status returned. */
#include "miniport.h"

static NDIS_STATUS Pause(VOID)
{
    NdisMPauseComplete(Adapter.Handle);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Pause = Pause;
}
