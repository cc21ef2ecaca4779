/* SPDX-License-Identifier: MIT */
/* IoAllocateFree: IoFreeIrp gets only an IRP that IoAllocateIrp has made. Here it is one in the driver's own memory. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PIRP Irp = (PIRP)ExAllocatePoolWithTag(NonPagedPool, IoSizeOfIrp(1), TAG);

    if (Irp == NULL)
        return;
    IoInitializeIrp(Irp, IoSizeOfIrp(1), 1);
    IoFreeIrp(Irp);
    ExFreePoolWithTag(Irp, TAG);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
