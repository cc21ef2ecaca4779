/* SPDX-License-Identifier: MIT */
/* MiniportResetEx: MiniportResetEx returns success, pending or a failure. Here an indication.
 * control: reset
 */
#include "miniport.h"

static NDIS_STATUS Reset(PBOOLEAN AddressingReset)
{
    *AddressingReset = FALSE;
    return NDIS_STATUS_MEDIA_CONNECT;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Reset = Reset;
}
