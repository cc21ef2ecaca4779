/* SPDX-License-Identifier: MIT */
/* MiniportPause_Return: MiniportPause returns NDIS_STATUS_SUCCESS or _PENDING. Here _FAILURE. */
#include "miniport.h"

static NDIS_STATUS Pause(VOID)
{
    return NDIS_STATUS_FAILURE;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Pause = Pause;
}
