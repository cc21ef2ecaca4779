/* SPDX-License-Identifier: MIT */
/* Flags_Irql: what a flag says of the IRQL is believed. Here MiniportSendNetBufferLists asks
 * for it itself.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    UNREFERENCED_PARAMETER(CompleteFlags);
    Complete(List, NDIS_STATUS_FAILURE,
             KeGetCurrentIrql() == DISPATCH_LEVEL ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
