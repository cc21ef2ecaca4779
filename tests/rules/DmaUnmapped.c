/* SPDX-License-Identifier: MIT */
/* DmaUnmapped: a device is given only what is mapped for it. Here it is given memory of the pool. */
#include "virtio.h"

static NDIS_STATUS Restart(VOID)
{
    VirtioSend((ULONGLONG)MmGetPhysicalAddress(Adapter.Memory).QuadPart, MEMORY_BYTES, 0);
    WaitMilliseconds(100);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Initialize(VOID)
{
    VirtioStart();
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Restart = Restart;
    Hooks->Isr = VirtioIsr;
    Hooks->Halt = VirtioStop;
}
