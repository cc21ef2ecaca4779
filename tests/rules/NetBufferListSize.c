/* SPDX-License-Identifier: MIT */
/* NetBufferListSize: nothing is written after a NET_BUFFER_LIST, because Windows' own is longer. Here a
 * byte is.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    ((PUCHAR)(List + 1))[0] = 0;
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
