/* SPDX-License-Identifier: MIT */
/* MiniportInitializeEx: MiniportInitializeEx ends with a final status. Here with
 * NDIS_STATUS_PENDING.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
