/* SPDX-License-Identifier: MIT */
/*
 * net_buffer_data.h: the data of NET_BUFFERs, in their chains of MDLs.
 *   nb_set_data(nb, mdl, offset, length);  copied = nb_copy_out(nb, frame, sizeof frame);
 */
#ifndef NDISHOST_NET_BUFFER_DATA_H
#define NDISHOST_NET_BUFFER_DATA_H

#include "ndis/api/miniport.h"

/* Points a NET_BUFFER at `offset` into an MDL chain; sets CurrentMdl and CurrentMdlOffset. */
void nb_set_data(NET_BUFFER *nb, MDL *mdl, ULONG offset, ULONG length);

/* Copies DataLength bytes, or `limit` if that is less, to `to`; how many there were. An MDL chain
 * that ends early ends the copy. */
size_t nb_copy_out(const NET_BUFFER *nb, void *to, size_t limit);
/* The data itself if it lies in one piece, else NULL. */
const void *nb_contiguous(const NET_BUFFER *nb);

/* The address that the host reads an MDL's bytes at. */
static inline uint8_t *mdl_address(const MDL *mdl)
{
    if (mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
        return mdl->MappedSystemVa;
    return (uint8_t *)mdl->StartVa + mdl->ByteOffset;
}

#endif
