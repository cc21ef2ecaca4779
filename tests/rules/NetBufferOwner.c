/* SPDX-License-Identifier: MIT */
/* NetBufferOwner: a NET_BUFFER is freed by who allocated it. Here it came with its list. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NdisFreeNetBuffer(NET_BUFFER_LIST_FIRST_NB(Adapter.Receive));
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
