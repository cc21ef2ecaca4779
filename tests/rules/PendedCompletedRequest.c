/* SPDX-License-Identifier: MIT */
/* PendedCompletedRequest: who returns STATUS_PENDING has marked the IRP. Here it is completed, unmarked.
 * control: device open \Device\Rule; device read 1 16 100
 */
#include "device.h"

static DRIVER_DISPATCH Transfer;
static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    Finish(Irp, STATUS_SUCCESS, 0);
    return STATUS_PENDING;
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
