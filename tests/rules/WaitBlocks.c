/* SPDX-License-Identifier: MIT */
/* WaitBlocks: a wait for more than 3 objects has an array of wait blocks. Here it has none. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KEVENT Event;
    PVOID Objects[4];
    LARGE_INTEGER Timeout;

    KeInitializeEvent(&Event, NotificationEvent, TRUE);
    Objects[0] = Objects[1] = Objects[2] = Objects[3] = &Event;
    Timeout.QuadPart = 0;
    KeWaitForMultipleObjects(4, Objects, WaitAny, Executive, KernelMode, FALSE, &Timeout, NULL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
