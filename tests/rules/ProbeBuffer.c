/* SPDX-License-Identifier: MIT */
/* ProbeBuffer: a driver probes the buffer of the program. Here it probes one byte more than that has.
 * control: device open \Device\Rule; device ioctl 1 0x222003 0 01020304
 */
#include "device.h"

static DRIVER_DISPATCH Transfer;
static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    UNREFERENCED_PARAMETER(DeviceObject);
    ProbeForRead(Stack->Parameters.DeviceIoControl.Type3InputBuffer,
                 Stack->Parameters.DeviceIoControl.InputBufferLength + 1, 1);
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
