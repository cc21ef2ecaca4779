/* SPDX-License-Identifier: MIT */
/* NetBufferData: the data of a NET_BUFFER lie within its MDLs. Here they are longer. */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(Adapter.Receive)) = FRAME_BYTES + 1;
    Indicate(0);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
