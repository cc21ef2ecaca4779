/* SPDX-License-Identifier: MIT */
/* IrpProcessingComplete: each IRP is completed. Here the dispatch routine returns an error and forgets it.
 * control: device open \Device\Rule; device read 1 16 100
 */
#include "device.h"

static DRIVER_DISPATCH Transfer;
static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus.Status = STATUS_UNSUCCESSFUL;
    return STATUS_UNSUCCESSFUL;
}

static VOID Registered(VOID)
{
    MakeDevice(Transfer);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Unload = DropDevice;
}
