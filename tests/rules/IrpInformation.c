/* SPDX-License-Identifier: MIT */
/* IrpInformation: what a transfer has moved fits its buffer. Here a read says one byte more than that.
 * control: device open \Device\Rule; device read 1 16 100
 */
#include "device.h"

static DRIVER_DISPATCH Transfer;
static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    return Finish(Irp, STATUS_SUCCESS,
                  IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length + 1);
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
