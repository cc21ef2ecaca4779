/* SPDX-License-Identifier: MIT */
/*
 * nbl_chain.h: a chain of NET_BUFFER_LISTs. Every operation is O(1). A chain has no lock of its own.
 *
 *   AerovnetChainInit(&Chain);            empty
 *   AerovnetChainAppend(&Chain, A);       A
 *   AerovnetChainAppend(&Chain, B);       A B
 *   AerovnetChainMove(&Waiting, &Chain);  Waiting ends in A B; Chain is empty
 *   AerovnetChainPop(&Waiting);           returns the first list
 */
#ifndef AEROVNET_NBL_CHAIN_H
#define AEROVNET_NBL_CHAIN_H

#include "aerovnet.h"

typedef struct _AEROVNET_CHAIN {
    PNET_BUFFER_LIST Head;
    PNET_BUFFER_LIST *Tail;
    ULONG Count;
} AEROVNET_CHAIN, *PAEROVNET_CHAIN;

VIRTIO_INLINE VOID AerovnetChainInit(PAEROVNET_CHAIN Chain)
{
    Chain->Head = NULL;
    Chain->Tail = &Chain->Head;
    Chain->Count = 0;
}

VIRTIO_INLINE VOID AerovnetChainAppend(PAEROVNET_CHAIN Chain, PNET_BUFFER_LIST NetBufferList)
{
    NET_BUFFER_LIST_NEXT_NBL(NetBufferList) = NULL;
    *Chain->Tail = NetBufferList;
    Chain->Tail = &NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
    Chain->Count++;
}

/* Removes the first list, and returns it. The chain must not be empty. */
VIRTIO_INLINE PNET_BUFFER_LIST AerovnetChainPop(PAEROVNET_CHAIN Chain)
{
    PNET_BUFFER_LIST NetBufferList = Chain->Head;

    Chain->Head = NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
    if (Chain->Head == NULL)
        Chain->Tail = &Chain->Head;
    Chain->Count--;
    NET_BUFFER_LIST_NEXT_NBL(NetBufferList) = NULL;
    return NetBufferList;
}

/* Moves all of `From` to the end of `Chain`; `From` is empty after it. */
VIRTIO_INLINE VOID AerovnetChainMove(PAEROVNET_CHAIN Chain, PAEROVNET_CHAIN From)
{
    if (From->Head == NULL)
        return;
    *Chain->Tail = From->Head;
    Chain->Tail = From->Tail;
    Chain->Count += From->Count;
    AerovnetChainInit(From);
}

#endif
