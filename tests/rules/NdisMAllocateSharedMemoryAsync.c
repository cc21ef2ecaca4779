/* SPDX-License-Identifier: MIT */
/* NdisMAllocateSharedMemoryAsync: asynchronous allocation wants its handler. Here there is none
 * yet.
 */
#include "miniport.h"

/* The export of NDIS 5 and 6.0, which the documentation does not name any more. */
NTSYSAPI NDIS_STATUS NTAPI NdisMAllocateSharedMemoryAsync(NDIS_HANDLE MiniportAdapterHandle,
                                                          ULONG Length, BOOLEAN Cached,
                                                          PVOID Context);

static VOID Early(VOID)
{
    NdisMAllocateSharedMemoryAsync(Adapter.Handle, PAGE_SIZE, TRUE, NULL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
