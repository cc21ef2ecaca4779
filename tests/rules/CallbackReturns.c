/* SPDX-License-Identifier: MIT */
/* CallbackReturns: each call of the driver returns. Here MiniportHaltEx waits for an event that nobody sets.
 * ndishost-options: --hang 2
 */
#include "miniport.h"

static KEVENT Event;

static VOID Halt(VOID)
{
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
