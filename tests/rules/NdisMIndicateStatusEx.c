/* SPDX-License-Identifier: MIT */
/* NdisMIndicateStatusEx: no status is indicated after MiniportHaltEx. Here a work item does. */
#include "miniport.h"

static NDIS_HANDLE Item;

static VOID Work(VOID)
{
    WaitMilliseconds(200);
    IndicateLink(Adapter.Handle);
    NdisFreeIoWorkItem(Item);
}

static VOID Halt(VOID)
{
    QueueWork();
    Item = Adapter.WorkItem;
    Adapter.WorkItem = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Work = Work;
    Hooks->Halt = Halt;
}
