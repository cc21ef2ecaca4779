/* SPDX-License-Identifier: MIT */
/* MessageInterrupt: the driver names messages that NDIS has granted. Here message 9 of 3.
 * ndishost-options: --inf tests/foreign-shapes/messages.inf
 */
#include "message.h"

static NDIS_STATUS Initialize(VOID)
{
    NdisMQueueDpc(Adapter.Interrupt, 9, 1, NULL);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = FormMessages;
    Hooks->Initialize = Initialize;
}
