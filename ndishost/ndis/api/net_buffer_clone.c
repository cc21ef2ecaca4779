/* SPDX-License-Identifier: MIT */
/* NET_BUFFER_LISTs derived from others, and their out-of-band information. */
#include "ndis/api/net_buffer_pool.h"

#include <string.h>

UCHAR NTAPI NdisGetNetBufferListProtocolId(PNET_BUFFER_LIST NetBufferList)
{
    HOST_CALL(RULE_ANY_IRQL);
    return (UCHAR)(ULONG_PTR)NET_BUFFER_LIST_INFO(NetBufferList, NetBufferListProtocolId) &
           NDIS_PROTOCOL_ID_MASK;
}
HOST_EXPORT("NDIS.SYS", NdisGetNetBufferListProtocolId);

VOID NTAPI NdisCopySendNetBufferListInfo(PNET_BUFFER_LIST DestNetBufferList,
                                         PNET_BUFFER_LIST SrcNetBufferList)
{
    HOST_CALL(DISPATCH_LEVEL);
    memcpy(DestNetBufferList->NetBufferListInfo, SrcNetBufferList->NetBufferListInfo,
           sizeof(DestNetBufferList->NetBufferListInfo));
}
HOST_EXPORT("NDIS.SYS", NdisCopySendNetBufferListInfo);

VOID NTAPI NdisCopyReceiveNetBufferListInfo(PNET_BUFFER_LIST DestNetBufferList,
                                            PNET_BUFFER_LIST SrcNetBufferList)
{
    HOST_CALL(DISPATCH_LEVEL);
    memcpy(DestNetBufferList->NetBufferListInfo, SrcNetBufferList->NetBufferListInfo,
           sizeof(DestNetBufferList->NetBufferListInfo));
}
HOST_EXPORT("NDIS.SYS", NdisCopyReceiveNetBufferListInfo);

/* ---- Clones ---- */

static void chain_free(MDL *mdl)
{
    while (mdl) {
        MDL *next = mdl->Next;

        IoFreeMdl(mdl);
        mdl = next;
    }
}

/* New MDLs over the bytes that a chain has from `offset` on. NULL when out of memory. */
static MDL *chain_clone(MDL *mdl, ULONG offset, ULONG length)
{
    MDL *head = NULL, **tail = &head;

    for (; mdl && length; mdl = mdl->Next) {
        ULONG here = mdl->ByteCount - offset < length ? mdl->ByteCount - offset : length;
        char *va = (char *)MmGetMdlVirtualAddress(mdl) + offset;

        offset = 0;
        if (!here)
            continue;
        *tail = IoAllocateMdl(va, here, FALSE, FALSE, NULL);
        if (!*tail) {
            chain_free(head);
            return NULL;
        }
        IoBuildPartialMdl(mdl, *tail, va, here);
        tail = &(*tail)->Next;
        length -= here;
    }
    *tail = NULL;
    return head;
}

static NET_BUFFER *buffer_clone(NET_BUFFER *from, NDIS_HANDLE pool, bool same_mdls)
{
    ULONG length = NET_BUFFER_DATA_LENGTH(from);
    ULONG offset = NET_BUFFER_CURRENT_MDL_OFFSET(from);
    MDL *mdl = NET_BUFFER_CURRENT_MDL(from);
    NET_BUFFER *to;

    if (same_mdls)
        return NdisAllocateNetBuffer(pool, mdl, offset, length);
    mdl = chain_clone(mdl, offset, length);
    if (!mdl && length)
        return NULL;
    to = NdisAllocateNetBuffer(pool, mdl, 0, length);
    if (!to)
        chain_free(mdl);
    return to;
}

/* Both pools are the caller's to give: NDIS's own default pools are for drivers of other kinds. */
PNET_BUFFER_LIST NTAPI NdisAllocateCloneNetBufferList(PNET_BUFFER_LIST OriginalNetBufferList,
                                                      NDIS_HANDLE NetBufferListPoolHandle,
                                                      NDIS_HANDLE NetBufferPoolHandle,
                                                      ULONG AllocateCloneFlags)
{
    bool same_mdls = (AllocateCloneFlags & NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS) != 0;
    NET_BUFFER_LIST *clone;
    NET_BUFFER *from, **tail;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (!NetBufferListPoolHandle || !NetBufferPoolHandle)
        return NULL;
    clone = NdisAllocateNetBufferList(NetBufferListPoolHandle, 0, 0);
    if (!clone)
        return NULL;
    tail = &NET_BUFFER_LIST_FIRST_NB(clone);
    *tail = NULL;
    for (from = NET_BUFFER_LIST_FIRST_NB(OriginalNetBufferList); from;
         from = NET_BUFFER_NEXT_NB(from)) {
        *tail = buffer_clone(from, NetBufferPoolHandle, same_mdls);
        if (!*tail) {
            NdisFreeCloneNetBufferList(clone, AllocateCloneFlags);
            return NULL;
        }
        tail = &NET_BUFFER_NEXT_NB(*tail);
    }
    clone->ParentNetBufferList = OriginalNetBufferList;
    return clone;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateCloneNetBufferList);

VOID NTAPI NdisFreeCloneNetBufferList(PNET_BUFFER_LIST CloneNetBufferList, ULONG FreeCloneFlags)
{
    NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(CloneNetBufferList);

    HOST_CALL(DISPATCH_LEVEL);
    while (nb) {
        NET_BUFFER *next = NET_BUFFER_NEXT_NB(nb);

        if (!(FreeCloneFlags & NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS))
            chain_free(NET_BUFFER_FIRST_MDL(nb));
        NdisFreeNetBuffer(nb);
        nb = next;
    }
    NET_BUFFER_LIST_FIRST_NB(CloneNetBufferList) = NULL;
    NdisFreeNetBufferList(CloneNetBufferList);
}
HOST_EXPORT("NDIS.SYS", NdisFreeCloneNetBufferList);
