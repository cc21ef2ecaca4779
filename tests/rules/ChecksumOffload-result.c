/* SPDX-License-Identifier: MIT */
/* ChecksumOffload: the result of a checksum is true. Here a wrong one is indicated as right. */
#include "offload.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    Datagram(Adapter.Shared, FALSE);
    Result(UDP_SUCCEEDED);
    Indicate(0);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = SetOffloads;
    Hooks->Send = Send;
}
