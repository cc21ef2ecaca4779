/* SPDX-License-Identifier: MIT */
/* PageFaultAtDispatch: no memory is accessed that is not there. Here a null pointer is, at
 * DISPATCH_LEVEL.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    volatile UCHAR *volatile Null = NULL;
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    Null[16] = 1;
    KeLowerIrql(Irql);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
