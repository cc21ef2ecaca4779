/* SPDX-License-Identifier: MIT */
/* NetBufferListOwner: a list is freed by its owner. Here the miniport frees one that was sent. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    NdisFreeNetBufferList(List);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
