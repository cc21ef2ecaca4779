/* SPDX-License-Identifier: MIT */
/* MessageInterrupt: MessageInfoTable is NDIS's. Here the driver changes an entry.
 * ndishost-options: --inf tests/foreign-shapes/messages.inf
 */
#include "message.h"

static NDIS_STATUS Initialize(VOID)
{
    Adapter.Granted.MessageInfoTable->MessageInfo[1].MessageData++;
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = FormMessages;
    Hooks->Initialize = Initialize;
}
