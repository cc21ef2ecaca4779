/* SPDX-License-Identifier: MIT */
/* CallbackReturns: each call of the driver returns. Here MiniportPause looks at a flag for ever.
 * ndishost-options: --hang 2
 */
#include "miniport.h"

static volatile LONG Done;

static NDIS_STATUS Pause(VOID)
{
    while (Done == 0)
        ;
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Pause = Pause;
}
