/* SPDX-License-Identifier: MIT */
/* SpinLockBalanced: no callback returns with a spin lock. Here MiniportSendNetBufferLists does. */
#include "miniport.h"

static NDIS_SPIN_LOCK Lock;

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    NdisAllocateSpinLock(&Lock);
    NdisAcquireSpinLock(&Lock);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
