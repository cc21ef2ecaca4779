/* SPDX-License-Identifier: MIT */
/* DeviceObject: a device object is deleted once. Here it is deleted twice. */
#include "device.h"

static VOID Registered(VOID)
{
    MakeDevice(Succeed);
}

static VOID Unload(VOID)
{
    DropDevice();
    DropDevice();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Unload = Unload;
}
