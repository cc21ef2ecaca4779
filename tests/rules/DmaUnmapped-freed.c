/* SPDX-License-Identifier: MIT */
/* DmaUnmapped: memory that the device has is not freed. Here its rings are, before it is reset. */
#include "virtio.h"

static NDIS_STATUS Initialize(VOID)
{
    VirtioStart();
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    NdisMFreeSharedMemory(Adapter.Handle, VIRTIO_BYTES, TRUE, Rings, RingsPa);
    Rings = NULL;
    VirtioNotify();
    WaitMilliseconds(100);
    VirtioStop();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Isr = VirtioIsr;
    Hooks->Halt = Halt;
}
