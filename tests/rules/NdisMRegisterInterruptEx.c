/* SPDX-License-Identifier: MIT */
/* NdisMRegisterInterruptEx: the interrupt is registered after the registration attributes. Here
 * before.
 */
#include "miniport.h"

static VOID Early(VOID)
{
    NDIS_HANDLE Interrupt;

    if (RegisterInterrupt(&Interrupt) == NDIS_STATUS_SUCCESS)
        NdisMDeregisterInterruptEx(Interrupt);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
