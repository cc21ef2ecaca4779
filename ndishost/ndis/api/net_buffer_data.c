/* SPDX-License-Identifier: MIT */
/* The data space of NET_BUFFERs: walking, copying, advancing and retreating over MDL chains. */
#include "ndis/api/net_buffer_pool.h"
#include "ndis/api/net_buffer_data.h"

#include <string.h>
#include "nt/api/pool.h"

void nb_set_data(NET_BUFFER *nb, MDL *mdl, ULONG offset, ULONG length)
{
    ULONG rest = offset;

    NET_BUFFER_FIRST_MDL(nb) = mdl;
    NET_BUFFER_DATA_OFFSET(nb) = offset;
    NET_BUFFER_DATA_LENGTH(nb) = length;
    while (mdl && mdl->Next && rest >= mdl->ByteCount) {
        rest -= mdl->ByteCount;
        mdl = mdl->Next;
    }
    NET_BUFFER_CURRENT_MDL(nb) = mdl;
    NET_BUFFER_CURRENT_MDL_OFFSET(nb) = rest;
}

const void *nb_contiguous(const NET_BUFFER *nb)
{
    const MDL *mdl = NET_BUFFER_CURRENT_MDL(nb);
    ULONG offset = NET_BUFFER_CURRENT_MDL_OFFSET(nb);

    if (!mdl || offset > mdl->ByteCount || mdl->ByteCount - offset < NET_BUFFER_DATA_LENGTH(nb))
        return NULL;
    return mdl_address(mdl) + offset;
}

/* Copies out of an MDL chain, beginning `offset` bytes into it. */
static size_t chain_copy_out(const MDL *mdl, size_t offset, void *to, size_t length)
{
    size_t done = 0;

    for (; mdl && done < length; mdl = mdl->Next) {
        size_t here = mdl->ByteCount;

        if (offset >= here) {
            offset -= here;
            continue;
        }
        here -= offset;
        if (here > length - done)
            here = length - done;
        memcpy((uint8_t *)to + done, mdl_address(mdl) + offset, here);
        done += here;
        offset = 0;
    }
    return done;
}

size_t nb_copy_out(const NET_BUFFER *nb, void *to, size_t limit)
{
    size_t length = NET_BUFFER_DATA_LENGTH(nb);

    return chain_copy_out(NET_BUFFER_CURRENT_MDL(nb), NET_BUFFER_CURRENT_MDL_OFFSET(nb), to,
                          length < limit ? length : limit);
}

VOID NTAPI NdisAdjustNetBufferCurrentMdl(PNET_BUFFER NetBuffer)
{
    HOST_CALL(RULE_ANY_IRQL);
    nb_set_data(NetBuffer, NET_BUFFER_FIRST_MDL(NetBuffer), NET_BUFFER_DATA_OFFSET(NetBuffer),
                NET_BUFFER_DATA_LENGTH(NetBuffer));
}
HOST_EXPORT("NDIS.SYS", NdisAdjustNetBufferCurrentMdl);

PVOID NTAPI NdisGetDataBuffer(PNET_BUFFER NetBuffer, ULONG BytesNeeded, PVOID Storage,
                              UINT AlignMultiple, UINT AlignOffset)
{
    const MDL *mdl = NET_BUFFER_CURRENT_MDL(NetBuffer);
    size_t offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);

    HOST_CALL(DISPATCH_LEVEL);
    if (NET_BUFFER_DATA_LENGTH(NetBuffer) < BytesNeeded || HOST_FAILS())
        return NULL; /* Windows may have no mapping for it */
    while (mdl && offset >= mdl->ByteCount && mdl->Next) {
        offset -= mdl->ByteCount;
        mdl = mdl->Next;
    }
    if (mdl && offset + BytesNeeded <= mdl->ByteCount) {
        uint8_t *data = mdl_address(mdl) + offset;

        if (AlignMultiple <= 1 || ((uintptr_t)data & (AlignMultiple - 1)) == AlignOffset)
            return data;
    }
    if (!Storage || chain_copy_out(mdl, offset, Storage, BytesNeeded) < BytesNeeded)
        return NULL;
    return Storage;
}
HOST_EXPORT("NDIS.SYS", NdisGetDataBuffer);

/* Where a byte of a chain lies: the MDL, and the offset in it; *mdl becomes NULL past the end. */
static void chain_seek(const MDL **mdl, size_t *offset)
{
    while (*mdl && *offset >= (*mdl)->ByteCount) {
        *offset -= (*mdl)->ByteCount;
        *mdl = (*mdl)->Next;
    }
}

NDIS_STATUS NTAPI NdisCopyFromNetBufferToNetBuffer(PNET_BUFFER Destination, ULONG DestinationOffset,
                                                   ULONG BytesToCopy, PNET_BUFFER Source,
                                                   ULONG SourceOffset, PULONG BytesCopied)
{
    const MDL *to = NET_BUFFER_CURRENT_MDL(Destination);
    const MDL *from = NET_BUFFER_CURRENT_MDL(Source);
    size_t to_offset = (size_t)NET_BUFFER_CURRENT_MDL_OFFSET(Destination) + DestinationOffset;
    size_t from_offset = (size_t)NET_BUFFER_CURRENT_MDL_OFFSET(Source) + SourceOffset;
    size_t left = NET_BUFFER_DATA_LENGTH(Source) > SourceOffset
                      ? NET_BUFFER_DATA_LENGTH(Source) - SourceOffset
                      : 0;
    ULONG done = 0;

    HOST_CALL(DISPATCH_LEVEL);
    *BytesCopied = 0;
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    if (left > BytesToCopy)
        left = BytesToCopy;
    while (left) {
        size_t piece;

        chain_seek(&to, &to_offset);
        chain_seek(&from, &from_offset);
        if (!to || !from)
            break;
        piece = to->ByteCount - to_offset;
        if (piece > from->ByteCount - from_offset)
            piece = from->ByteCount - from_offset;
        if (piece > left)
            piece = left;
        memmove(mdl_address(to) + to_offset, mdl_address(from) + from_offset, piece);
        to_offset += piece;
        from_offset += piece;
        left -= piece;
        done += (ULONG)piece;
    }
    *BytesCopied = done;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisCopyFromNetBufferToNetBuffer);

/* NDIS's own way to make room in front, where the driver gives no NetAllocateMdl: one allocation
 * that NdisAdvanceNetBufferDataStart frees when the MDL becomes unused. */
#define RETREAT_TAG 0x7452444E /* "NDRt" */

static MDL *retreat_allocate(PULONG size)
{
    void *data = ExAllocatePoolWithTag(NonPagedPool, *size, RETREAT_TAG);
    MDL *mdl = data ? IoAllocateMdl(data, *size, FALSE, FALSE, NULL) : NULL;

    if (!mdl) {
        if (data)
            ExFreePoolWithTag(data, RETREAT_TAG);
        return NULL;
    }
    MmBuildMdlForNonPagedPool(mdl);
    return mdl;
}

static void retreat_free(MDL *mdl)
{
    void *data = mdl_address(mdl);

    IoFreeMdl(mdl);
    ExFreePoolWithTag(data, RETREAT_TAG);
}

NDIS_STATUS NTAPI NdisRetreatNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta,
                                                ULONG DataBackFill,
                                                NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler)
{
    ULONG offset = NET_BUFFER_DATA_OFFSET(NetBuffer);
    ULONG size, have;
    MDL *mdl;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (offset >= DataOffsetDelta) {
        nb_set_data(NetBuffer, NET_BUFFER_FIRST_MDL(NetBuffer), offset - DataOffsetDelta,
                    NET_BUFFER_DATA_LENGTH(NetBuffer) + DataOffsetDelta);
        return NDIS_STATUS_SUCCESS;
    }
    size = DataOffsetDelta - offset + DataBackFill;
    have = size;
    mdl = AllocateMdlHandler ? AllocateMdlHandler(&have) : retreat_allocate(&have);
    if (!mdl)
        return NDIS_STATUS_RESOURCES;
    mdl->Next = NET_BUFFER_FIRST_MDL(NetBuffer);
    nb_set_data(NetBuffer, mdl, mdl->ByteCount + offset - DataOffsetDelta,
                NET_BUFFER_DATA_LENGTH(NetBuffer) + DataOffsetDelta);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisRetreatNetBufferDataStart);

VOID NTAPI NdisAdvanceNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta,
                                         BOOLEAN FreeMdl,
                                         NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    ULONG offset = NET_BUFFER_DATA_OFFSET(NetBuffer) + DataOffsetDelta;
    ULONG length = NET_BUFFER_DATA_LENGTH(NetBuffer);
    MDL *mdl = NET_BUFFER_FIRST_MDL(NetBuffer);

    HOST_CALL(DISPATCH_LEVEL);
    if (DataOffsetDelta > length) {
        rule_violation("NetBufferData", RULE_CALLER,
                       "NdisAdvanceNetBufferDataStart by %lu of %lu bytes of data",
                       (unsigned long)DataOffsetDelta, (unsigned long)length);
        return;
    }
    while (FreeMdl && mdl && mdl->Next && offset >= mdl->ByteCount) {
        MDL *unused = mdl;

        offset -= mdl->ByteCount;
        mdl = mdl->Next;
        unused->Next = NULL;
        if (FreeMdlHandler)
            FreeMdlHandler(unused);
        else
            retreat_free(unused);
    }
    nb_set_data(NetBuffer, mdl, offset, length - DataOffsetDelta);
}
HOST_EXPORT("NDIS.SYS", NdisAdvanceNetBufferDataStart);

NDIS_STATUS
NTAPI NdisRetreatNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
                                        ULONG DataBackFill,
                                        NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler,
                                        NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    NET_BUFFER *nb, *undo;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    for (nb = NET_BUFFER_LIST_FIRST_NB(NetBufferList); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
        NDIS_STATUS status =
            NdisRetreatNetBufferDataStart(nb, DataOffsetDelta, DataBackFill, AllocateMdlHandler);

        if (status == NDIS_STATUS_SUCCESS)
            continue;
        for (undo = NET_BUFFER_LIST_FIRST_NB(NetBufferList); undo != nb;
             undo = NET_BUFFER_NEXT_NB(undo))
            NdisAdvanceNetBufferDataStart(undo, DataOffsetDelta, TRUE, FreeMdlHandler);
        return status;
    }
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisRetreatNetBufferListDataStart);

VOID NTAPI NdisAdvanceNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
                                             BOOLEAN FreeMdl,
                                             NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    NET_BUFFER *nb;

    HOST_CALL(DISPATCH_LEVEL);
    for (nb = NET_BUFFER_LIST_FIRST_NB(NetBufferList); nb; nb = NET_BUFFER_NEXT_NB(nb))
        NdisAdvanceNetBufferDataStart(nb, DataOffsetDelta, FreeMdl, FreeMdlHandler);
}
HOST_EXPORT("NDIS.SYS", NdisAdvanceNetBufferListDataStart);

ULONG NTAPI NdisQueryNetBufferPhysicalCount(PNET_BUFFER NetBuffer)
{
    const MDL *mdl = NET_BUFFER_CURRENT_MDL(NetBuffer);
    size_t offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    size_t left = NET_BUFFER_DATA_LENGTH(NetBuffer);
    ULONG count = 0;

    HOST_CALL(DISPATCH_LEVEL);
    for (; mdl && left; mdl = mdl->Next) {
        size_t here = mdl->ByteCount - offset;

        if (here > left)
            here = left;
        if (here)
            count += ADDRESS_AND_SIZE_TO_SPAN_PAGES(mdl_address(mdl) + offset, here);
        left -= here;
        offset = 0;
    }
    return count;
}
HOST_EXPORT("NDIS.SYS", NdisQueryNetBufferPhysicalCount);
