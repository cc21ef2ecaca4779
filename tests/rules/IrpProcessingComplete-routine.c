/* SPDX-License-Identifier: MIT */
/* IrpProcessingComplete: a completed IRP has no cancel routine. Here it keeps it.
 * control: device open \Device\Rule; device read 1 16 100
 */
#include "device.h"

static DRIVER_CANCEL Cancel;
static VOID NTAPI Cancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
}

static DRIVER_DISPATCH Transfer;
static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    (VOID) IoSetCancelRoutine(Irp, Cancel);
    return Finish(Irp, STATUS_SUCCESS, 0);
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
