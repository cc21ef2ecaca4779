/* SPDX-License-Identifier: MIT */
/* WorkItemFree: a work item is not freed while it is queued. Here two others keep the workers
 * from it.
 */
#include "miniport.h"

static NDIS_HANDLE Items[3];
static volatile LONG Blocked;

static VOID NTAPI Block(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
    UNREFERENCED_PARAMETER(WorkItemContext);
    UNREFERENCED_PARAMETER(NdisIoWorkItemHandle);
    while (Blocked)
        WaitMilliseconds(1);
}

static VOID Halt(VOID)
{
    ULONG i;

    Blocked = 1;
    for (i = 0; i < 3; i++) {
        Items[i] = NdisAllocateIoWorkItem(Adapter.Handle);
        NdisQueueIoWorkItem(Items[i], Block, NULL);
    }
    NdisFreeIoWorkItem(Items[2]);
    Blocked = 0;
    WaitMilliseconds(200);
    for (i = 0; i < 3; i++)
        NdisFreeIoWorkItem(Items[i]);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
