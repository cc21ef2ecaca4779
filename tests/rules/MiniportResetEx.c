/* SPDX-License-Identifier: MIT */
/* MiniportResetEx: a reset is completed once. Here twice.
 * control: reset
 */
#include "miniport.h"

static NDIS_STATUS Reset(PBOOLEAN AddressingReset)
{
    *AddressingReset = FALSE;
    NdisMResetComplete(Adapter.Handle, NDIS_STATUS_SUCCESS, FALSE);
    NdisMResetComplete(Adapter.Handle, NDIS_STATUS_SUCCESS, FALSE);
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Reset = Reset;
}
