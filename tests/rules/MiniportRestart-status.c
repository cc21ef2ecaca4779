/* SPDX-License-Identifier: MIT */
/* MiniportRestart: MiniportRestart returns success, pending or a failure. Here an indication. */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    return NDIS_STATUS_MEDIA_CONNECT;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
