/* SPDX-License-Identifier: MIT */
/* IrqlReturn: a callback returns at the IRQL at which it was called. Here it returns at
 * DISPATCH_LEVEL.
 */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
