/* SPDX-License-Identifier: MIT */
/* MiniportPause_Return: a pause that is pending is completed. Here it never is.
 * ndishost-options: --time-scale 60
 */
#include "miniport.h"

static NDIS_STATUS Pause(VOID)
{
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Pause = Pause;
}
