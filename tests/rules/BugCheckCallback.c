/* SPDX-License-Identifier: MIT */
/* BugCheckCallback: a bug check callback is removed before the driver is unloaded. Here it stays. */
#include "miniport.h"

static KBUGCHECK_CALLBACK_RECORD Record;

static VOID NTAPI BugCheck(PVOID Buffer, ULONG Length)
{
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(Length);
}

static VOID Registered(VOID)
{
    KeInitializeCallbackRecord(&Record);
    KeRegisterBugCheckCallback(&Record, (PVOID)(ULONG_PTR)BugCheck, NULL, 0,
                               (PUCHAR)(ULONG_PTR) "Rules");
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
}
