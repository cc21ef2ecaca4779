/* SPDX-License-Identifier: MIT */
/* ChecksumOffload: only an offload that is on has results. Here one that the driver has said is off. */
#include "offload.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    Current.Checksum.IPv4Receive.UdpChecksum = NDIS_OFFLOAD_NOT_SUPPORTED;
    IndicateOffload();
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
