/* SPDX-License-Identifier: MIT */
/* Irql: a function of the kernel is called at an IRQL that it allows. Here RtlGetVersion,
 * which is for PASSIVE_LEVEL, is called at DISPATCH_LEVEL.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    RTL_OSVERSIONINFOW Version;
    KIRQL Irql;

    Version.dwOSVersionInfoSize = sizeof(Version);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    RtlGetVersion(&Version);
    KeLowerIrql(Irql);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
