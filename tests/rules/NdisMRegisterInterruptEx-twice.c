/* SPDX-License-Identifier: MIT */
/* NdisMRegisterInterruptEx: an adapter registers one interrupt. Here a second. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NDIS_HANDLE Interrupt;

    RegisterInterrupt(&Interrupt);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
