/* SPDX-License-Identifier: MIT */
/* ChecksumOffload: a miniport without offloads indicates no result of a checksum. Here it indicates that TCP's is right. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    NET_BUFFER_LIST_INFO(Adapter.Receive, TcpIpChecksumNetBufferListInfo) = (PVOID)0x10;
    Indicate(0);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
