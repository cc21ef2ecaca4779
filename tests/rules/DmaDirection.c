/* SPDX-License-Identifier: MIT */
/* DmaDirection: what is mapped for the device to read it does not write. Here a frame that is to be
 * sent is given to it as memory to write to.
 */
#include "virtio.h"

static PNET_BUFFER_LIST Sent;

static VOID SgList(PNET_BUFFER NetBuffer, PSCATTER_GATHER_LIST Sg)
{
    UNREFERENCED_PARAMETER(NetBuffer);
    Adapter.Sg = Sg;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    UNREFERENCED_PARAMETER(CompleteFlags);
    Sent = List;
    Map(NET_BUFFER_LIST_FIRST_NB(List));
    VirtioSend((ULONGLONG)Adapter.Sg->Elements[0].Address.QuadPart, Adapter.Sg->Elements[0].Length,
               VIRTIO_WRITE);
    QueueWork();
}

static VOID Work(VOID)
{
    WaitMilliseconds(100);
    Unmap(NET_BUFFER_LIST_FIRST_NB(Sent), Adapter.Sg);
    Complete(Sent, NDIS_STATUS_FAILURE, 0);
}

static NDIS_STATUS Initialize(VOID)
{
    VirtioStart();
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Send = Send;
    Hooks->SgList = SgList;
    Hooks->Work = Work;
    Hooks->Isr = VirtioIsr;
    Hooks->Halt = VirtioStop;
}
