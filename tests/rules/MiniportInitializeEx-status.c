/* SPDX-License-Identifier: MIT */
/* MiniportInitializeEx: MiniportInitializeEx returns success or a failure. Here an indication. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    return NDIS_STATUS_MEDIA_CONNECT;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
