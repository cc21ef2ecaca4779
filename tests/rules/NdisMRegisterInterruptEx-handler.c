/* SPDX-License-Identifier: MIT */
/* NdisMRegisterInterruptEx: a driver with MsiSupported has all handlers of messages. Here one
 * is missing.
 * says: MessageInterruptDpcHandler of NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS is NULL although MsiSupported
 * says: ddi/ndis/ns-ndis-_ndis_miniport_interrupt_characteristics
 */
#include "message.h"

static NDIS_STATUS Initialize(VOID)
{
    NdisMDeregisterInterruptEx(Adapter.Interrupt);
    Adapter.Granted.MessageInterruptDpcHandler = NULL;
    NdisMRegisterInterruptEx(Adapter.Handle, &Adapter, &Adapter.Granted, &Adapter.Interrupt);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = FormMessages;
    Hooks->Initialize = Initialize;
}
