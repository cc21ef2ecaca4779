/* SPDX-License-Identifier: MIT */
/* NdisFreeNetBufferPool: a pool is freed when all its NET_BUFFERs are back. Here one is out. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PNET_BUFFER NetBuffer = NdisAllocateNetBuffer(Adapter.BufferPool, Adapter.Mdl, 0, 60);

    NdisFreeNetBufferPool(Adapter.BufferPool);
    NdisFreeNetBuffer(NetBuffer);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
