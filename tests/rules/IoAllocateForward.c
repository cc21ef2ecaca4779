/* SPDX-License-Identifier: MIT */
/* IoAllocateForward: a driver sets a completion routine before it sends an IRP of its own. Here it does not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PIRP Irp = IoAllocateIrp(1, FALSE);
    PDEVICE_OBJECT Next;

    if (Irp == NULL)
        return;
    NdisMGetDeviceProperty(Adapter.Handle, NULL, NULL, &Next, NULL, NULL);
    IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    IoCallDriver(Next, Irp);
    IoFreeIrp(Irp);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
