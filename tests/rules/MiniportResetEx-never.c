/* SPDX-License-Identifier: MIT */
/* MiniportResetEx: a reset that is pending is completed. Here it never is.
 * ndishost-options: --time-scale 40
 * control: reset
 */
#include "miniport.h"

static NDIS_STATUS Reset(PBOOLEAN AddressingReset)
{
    *AddressingReset = FALSE;
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Reset = Reset;
}
