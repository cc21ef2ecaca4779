/* SPDX-License-Identifier: MIT */
/* Irql_Gather_DMA_Function: NdisMAllocateNetBufferSGList is called at DISPATCH_LEVEL. Here it is called with the
 * interrupt's lock held, so that MiniportProcessSGList would run there, too.
 */
#include "miniport.h"

static PNET_BUFFER_LIST Sent;

static VOID SgList(PNET_BUFFER NetBuffer, PSCATTER_GATHER_LIST Sg)
{
    if (KeGetCurrentIrql() != DISPATCH_LEVEL)
        DbgPrint("MiniportProcessSGList runs at IRQL %u\n", KeGetCurrentIrql());
    Unmap(NetBuffer, Sg);
}

static VOID DeviceIrql(VOID)
{
    NdisMAllocateNetBufferSGList(Adapter.Dma, NET_BUFFER_LIST_FIRST_NB(Sent),
                                 NET_BUFFER_LIST_FIRST_NB(Sent), NDIS_SG_LIST_WRITE_TO_DEVICE, NULL,
                                 0);
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Sent = List;
    AtDeviceIrql();
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->SgList = SgList;
    Hooks->DeviceIrql = DeviceIrql;
    Hooks->Send = Send;
}
