/* SPDX-License-Identifier: MIT */
/* ProbeBuffer: a driver probes for the alignment that it needs. Here the buffer is not aligned like that.
 * control: device open \Device\Rule; device ioctl 1 0x222003 0 0102030405060708
 */
#include "device.h"

static DRIVER_DISPATCH Transfer;
static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PUCHAR Data = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.Type3InputBuffer;

    UNREFERENCED_PARAMETER(DeviceObject);
    ProbeForWrite(Data + 1, 4, 4);
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
