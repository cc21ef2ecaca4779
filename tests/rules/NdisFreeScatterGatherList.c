/* SPDX-License-Identifier: MIT */
/* NdisFreeScatterGatherList: a list that is freed was built. Here it was not. */
#include "miniport.h"

static SCATTER_GATHER_LIST List;

static NDIS_STATUS Initialize(VOID)
{
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisFreeScatterGatherList(Adapter.Handle, &List, TRUE);
    KeLowerIrql(Irql);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
