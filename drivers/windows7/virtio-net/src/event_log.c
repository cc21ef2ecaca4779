/* SPDX-License-Identifier: MIT */
#include "event_log.h"
#include "adapter.h"

VOID AerovnetLog(PAEROVNET_ADAPTER Adapter, ULONG Event, ULONG First, ULONG Second)
{
    NdisWriteErrorLogEntry(Adapter->MiniportHandle, (NDIS_ERROR_CODE)Event, 2, First, Second);
}
