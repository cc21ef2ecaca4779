/* SPDX-License-Identifier: MIT */
/* MessageInterrupt: a driver whose INF asks for messages takes messages. Here it registers a
 * line.
 * ndishost-options: --inf tests/foreign-shapes/messages.inf
 */
#include "message.h"

static NDIS_STATUS Initialize(VOID)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *Granted = &Adapter.Granted;

    NdisMDeregisterInterruptEx(Adapter.Interrupt);
    Granted->MsiSupported = FALSE;
    NdisMRegisterInterruptEx(Adapter.Handle, &Adapter, Granted, &Adapter.Interrupt);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = FormMessages;
    Hooks->Initialize = Initialize;
}
