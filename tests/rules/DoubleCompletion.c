/* SPDX-License-Identifier: MIT */
/* DoubleCompletion: an IRP is completed once. Here a read is completed twice.
 * control: device open \Device\Rule; device read 1 16 100
 */
#include "device.h"

static DRIVER_DISPATCH Transfer;
static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    Finish(Irp, STATUS_SUCCESS, 0);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
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
