/* SPDX-License-Identifier: MIT */
/* NdisMSetMiniportAttributes: attributes are set in MiniportInitializeEx. Here in
 * MiniportRestart.
 */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    SetGeneral();
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
