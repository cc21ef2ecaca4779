/* SPDX-License-Identifier: MIT */
/* Flags_Irql: a flag says DISPATCH_LEVEL when that is the IRQL. Here the IRQL is PASSIVE_LEVEL. */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    Indicate(NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
