/* SPDX-License-Identifier: MIT */
/* Finds drivers that write to a NET_BUFFER_LIST that they do not own; see ownership.h. */
#include "ndis/watch/ownership.h"

#include <string.h>
#include "ndis/api/net_buffer_data.h"

/* A pointer made of this byte is not a valid address: a driver that follows it faults. */
#define POISON 0xDB

/* ---- Sums of data ---- */

static uint64_t mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x9E3779B97F4A7C15ull;
}

static uint64_t sum_bytes(uint64_t sum, const uint8_t *data, size_t length)
{
    uint64_t word;

    for (; length >= sizeof(word); data += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, data, sizeof(word));
        sum = mix(sum, word) + (sum >> 32);
    }
    word = 0;
    memcpy(&word, data, length);
    return mix(sum, word);
}

/* ---- Completed sends ---- */

/* Poisons the MDLs too: a driver that follows their pointers after the completion faults. */
static void poison_mdls(struct nb_header *header, MDL *mdl)
{
    unsigned count = 0;

    while (mdl) {
        MDL *next = mdl->Next;

        if (count < NB_POISONED_MDLS)
            header->mdl[count++] = mdl;
        memset(mdl, POISON, sizeof(*mdl));
        mdl = next;
    }
    if (count < NB_POISONED_MDLS)
        header->mdl[count] = NULL;
}

/* A frame is summed, not poisoned: a device that reported it as sent too early may still send
 * it. */
static uint64_t sum_frame(const struct nb_header *header)
{
    return sum_bytes(1, header->frame, header->frame_length);
}

void poison_buffer(NET_BUFFER_LIST *nbl, NET_BUFFER *nb, const void *frame, size_t length)
{
    struct nb_header *header = nb_of(nb);

    if (header->sg.list)
        return; /* already reported; the driver may still free the list */
    poison_mdls(header, NET_BUFFER_FIRST_MDL(nb));
    header->frame = frame;
    header->frame_length = length;
    header->frame_sum = sum_frame(header);
    header->list = nbl;
    memset(nb, POISON, sizeof(*nb));
    header->poisoned = true;
}

void poison_list(NET_BUFFER_LIST *nbl)
{
    memset(nbl, POISON, sizeof(*nbl));
    nbl_of(nbl)->poisoned = true;
}

/* Returns the offset of the first byte that is not poison, or `size` if all are. */
static size_t touched(const void *object, size_t size)
{
    const uint8_t *byte = object;
    size_t i;

    for (i = 0; i < size && byte[i] == POISON; i++)
        ;
    return i;
}

/* Checks a part that the list had when it was completed. NDIS may have sent the list again
 * since. */
static void check_poison(NET_BUFFER_LIST *nbl, const char *kind, const void *object, size_t size)
{
    size_t at = touched(object, size);

    if (at < size)
        rule_violation_object(
            "NetBufferListOwner", nbl, nbl_of(nbl)->caller,
            "the driver wrote to offset %zu of the %s %p after it completed the "
            "NET_BUFFER_LIST %p, from here; do not use a list after its completion",
            at, kind, object, (void *)nbl);
}

void poison_end_buffer(NET_BUFFER *nb)
{
    struct nb_header *header = nb_of(nb);
    unsigned i;

    if (!header->poisoned)
        return;
    header->poisoned = false;
    check_poison(header->list, "NET_BUFFER", nb, sizeof(*nb));
    for (i = 0; i < NB_POISONED_MDLS && header->mdl[i]; i++)
        check_poison(header->list, "MDL", header->mdl[i], sizeof(MDL));
    if (header->frame_sum != sum_frame(header))
        rule_violation_object(
            "NetBufferListOwner", header->list, nbl_of(header->list)->caller,
            "the driver wrote to the frame of the NET_BUFFER %p after it completed "
            "the NET_BUFFER_LIST %p, from here",
            (void *)nb, (void *)header->list);
    memset(nb, 0, sizeof(*nb));
}

void poison_end_list(NET_BUFFER_LIST *nbl)
{
    struct nbl_header *header = nbl_of(nbl);
    size_t at;

    if (!header->poisoned)
        return;
    header->poisoned = false;
    at = touched(nbl, sizeof(*nbl));
    if (at < sizeof(*nbl))
        rule_violation_object(
            "NetBufferListOwner", nbl, header->caller,
            "the driver wrote to offset %zu of the NET_BUFFER_LIST %p after it completed the list, "
            "from here; do not use a list after its completion",
            at, (void *)nbl);
    memset(nbl, 0, sizeof(*nbl));
}

/* ---- Indicated receives ---- */

static uint64_t sum_buffer(uint64_t sum, const NET_BUFFER *nb)
{
    const MDL *mdl = NET_BUFFER_CURRENT_MDL(nb);
    size_t offset = NET_BUFFER_CURRENT_MDL_OFFSET(nb);
    size_t left = NET_BUFFER_DATA_LENGTH(nb);

    sum = mix(sum, (uintptr_t)mdl);
    sum = mix(sum, (uint64_t)offset << 32 | left);
    for (; mdl && left; mdl = mdl->Next) {
        size_t here = offset < mdl->ByteCount ? mdl->ByteCount - offset : 0;

        if (here > left)
            here = left;
        sum = sum_bytes(sum, mdl_address(mdl) + offset, here);
        left -= here;
        offset = 0;
    }
    return sum;
}

static uint64_t sum_list(const NET_BUFFER_LIST *nbl)
{
    uint64_t sum = 1;
    NET_BUFFER *nb;

    for (nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb))
        sum = sum_buffer(mix(sum, (uintptr_t)nb), nb);
    return sum ? sum : 1;
}

/* A device that lies about a used buffer may still write to it, and no driver can know. */
static bool device_to_blame(const struct nbl_header *header)
{
    return header->lies & 1 || header->lies != atomic_load(&header->adapter->bus->lies);
}

void indicated_remember(NET_BUFFER_LIST *nbl)
{
    struct nbl_header *header = nbl_of(nbl);

    header->lies = atomic_load(&header->adapter->bus->lies);
    header->sum = sum_list(nbl);
}

void indicated_compare(NET_BUFFER_LIST *nbl)
{
    struct nbl_header *header = nbl_of(nbl);

    if (header->sum && header->sum != sum_list(nbl) && !device_to_blame(header))
        rule_violation_object(
            "NetBufferListOwner", nbl, header->caller,
            "the NET_BUFFER_LIST %p or its frame changed after the driver indicated it, from here, "
            "and before NDIS returned it; do not give the buffer to the device before the return",
            (void *)nbl);
    header->sum = 0;
}
