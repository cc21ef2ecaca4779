/* SPDX-License-Identifier: MIT */
#include "pause.h"
#include "adapter.h"

VOID AerovnetRelease(PAEROVNET_ADAPTER Adapter, LONG Count)
{
    if (InterlockedExchangeAdd(&Adapter->Outstanding, -Count) == Count &&
        InterlockedExchange(&Adapter->PausePending, 0))
        NdisMPauseComplete(Adapter->MiniportHandle);
}
