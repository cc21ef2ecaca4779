/* SPDX-License-Identifier: MIT */
/* NdisMFreeSharedMemory: MiniportShutdownEx frees no shared memory. Here it does.
 * control: shutdown
 */
#include "miniport.h"

static MINIPORT_SHUTDOWN Shutdown;
static VOID NTAPI Shutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(ShutdownAction);
    NdisMFreeSharedMemory(Adapter.Handle, SHARED_BYTES, TRUE, Adapter.Shared, Adapter.SharedPa);
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->ShutdownHandlerEx = Shutdown;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
