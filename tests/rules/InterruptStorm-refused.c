/* SPDX-License-Identifier: MIT */
/* InterruptStorm: an ISR knows its own interrupts. Here it says of each that it is another's.
 * bus: model:fault=config_spurious
 */
#include "virtio.h"

static BOOLEAN Isr(PBOOLEAN QueueDpc)
{
    UNREFERENCED_PARAMETER(QueueDpc);
    return FALSE;
}

static NDIS_STATUS Initialize(VOID)
{
    VirtioStart();
    VirtioNotify();
    WaitMilliseconds(300);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Isr = Isr;
    Hooks->Halt = VirtioStop;
}
