/* SPDX-License-Identifier: MIT */
/* MiniportResetEx: a reset is completed in one way. Here by a call and by the status returned.
 * control: reset
 */
#include "miniport.h"

static NDIS_STATUS Reset(PBOOLEAN AddressingReset)
{
    *AddressingReset = FALSE;
    NdisMResetComplete(Adapter.Handle, NDIS_STATUS_SUCCESS, FALSE);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Reset = Reset;
}
