/* SPDX-License-Identifier: MIT */
/* NdisMMapIoSpace: registers are mapped in MiniportInitializeEx. Here in MiniportRestart. */
#include "miniport.h"

static PHYSICAL_ADDRESS Start;

static NDIS_STATUS Initialize(VOID)
{
    Start = FindResource(CmResourceTypeMemory)->u.Memory.Start;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Restart(VOID)
{
    PVOID Va;

    NdisMMapIoSpace(&Va, Adapter.Handle, Start, 16);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Restart = Restart;
}
