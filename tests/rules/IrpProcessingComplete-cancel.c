/* SPDX-License-Identifier: MIT */
/* IrpProcessingComplete: a cancelled IRP is completed. Here a read that waits has no cancel routine.
 * control: device open \Device\Rule; device read 1 16 100
 */
#include "device.h"

static DRIVER_DISPATCH Transfer;
static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    IoMarkIrpPending(Irp);
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
