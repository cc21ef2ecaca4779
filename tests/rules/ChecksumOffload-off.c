/* SPDX-License-Identifier: MIT */
/* ChecksumOffload: only an offload that is on has results. Here one that the driver has said is off. */
#include "offload.h"
#include "miniport_forms.h"

static VOID TurnOff(VOID)
{
    NDIS_STATUS_INDICATION Indication;
    NDIS_OFFLOAD Offload;

    FormOffload(&Offload);
    Offload.Checksum.IPv4Receive.UdpChecksum = NDIS_OFFLOAD_NOT_SUPPORTED;
    FormIndication(&Indication, Adapter.Handle, NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, &Offload,
                   sizeof(Offload));
    NdisMIndicateStatusEx(Adapter.Handle, &Indication);
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    TurnOff();
    Datagram(Adapter.Shared, TRUE);
    Result(UDP_SUCCEEDED);
    Indicate(0);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = SetOffloads;
    Hooks->Send = Send;
}
