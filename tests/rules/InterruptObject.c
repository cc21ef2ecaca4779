/* SPDX-License-Identifier: MIT */
/* InterruptObject: KeSynchronizeExecution takes the object of a connected interrupt. Here one that
 * was disconnected.
 * ndishost-options: --inf tests/foreign-shapes/messages.inf
 */
#include "message.h"

static KSYNCHRONIZE_ROUTINE Nothing;
static BOOLEAN NTAPI Nothing(PVOID SynchronizeContext)
{
    UNREFERENCED_PARAMETER(SynchronizeContext);
    return TRUE;
}

static VOID Halt(VOID)
{
    PKINTERRUPT Object = Adapter.Granted.MessageInfoTable->MessageInfo[0].InterruptObject;

    NdisMDeregisterInterruptEx(Adapter.Interrupt);
    Adapter.Interrupt = NULL;
    KeSynchronizeExecution(Object, Nothing, NULL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = FormMessages;
    Hooks->Halt = Halt;
}
