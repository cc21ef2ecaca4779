/* SPDX-License-Identifier: MIT */
/* NdisMSetMiniportAttributes: MiniportInitializeEx sets the general attributes. Here it does
 * not.
 */
#include "miniport.h"

static MINIPORT_INITIALIZE Initialize;
static NDIS_STATUS NTAPI Initialize(NDIS_HANDLE NdisMiniportHandle,
                                    NDIS_HANDLE MiniportDriverContext,
                                    PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    UNREFERENCED_PARAMETER(MiniportDriverContext);
    UNREFERENCED_PARAMETER(MiniportInitParameters);
    Adapter.Handle = NdisMiniportHandle;
    NdisAllocateSpinLock(&Adapter.Lock);
    return SetRegistration();
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->InitializeHandlerEx = Initialize;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
