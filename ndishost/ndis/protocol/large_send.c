/* SPDX-License-Identifier: MIT */
#include "ndis/protocol/large_send.h"

#include <stdlib.h>
#include <string.h>
#include "ndis/api/offload.h"
#include "ndis/protocol/protocol.h"
#include "ndis/protocol/shape.h"
#include "ndis/watch/ownership.h"

#define RULE "LargeSendOffload"

typedef NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO LARGE_INFO;

struct sent {
    unsigned version;
    uint32_t data; /* bytes of the TCP payload */
    uint64_t cookie;
};

struct large_sends {
    unsigned liberties;
    pthread_mutex_t lock;
    unsigned free[LARGE_IN_FLIGHT], free_count; /* under lock */
    struct sent sent[LARGE_IN_FLIGHT];
    struct frame_slot slots[LARGE_IN_FLIGHT];
    struct shape_memory memory;
    char *lists; /* list N has slot N */
};

struct large_sends *large_sends_create(unsigned liberties)
{
    struct large_sends *sends = calloc(1, sizeof(*sends));

    if (!sends)
        return NULL;
    sends->liberties = liberties;
    pthread_mutex_init(&sends->lock, NULL);
    sends->lists = aligned_alloc(16, LARGE_IN_FLIGHT * NBL_BLOCK_SIZE);
    if (!sends->lists || shape_large_memory_create(&sends->memory, sends->slots, LARGE_IN_FLIGHT)) {
        free(sends->lists);
        free(sends);
        return NULL;
    }
    for (unsigned i = 0; i < LARGE_IN_FLIGHT; i++) {
        nbl_initialize(sends->lists + i * NBL_BLOCK_SIZE, NULL, NBL_WITH_PROTOCOL);
        sends->free[i] = LARGE_IN_FLIGHT - 1 - i;
    }
    sends->free_count = LARGE_IN_FLIGHT;
    return sends;
}

static NET_BUFFER_LIST *list_of(struct large_sends *sends, unsigned index)
{
    return (
        NET_BUFFER_LIST *)((struct nbl_header *)(void *)(sends->lists + index * NBL_BLOCK_SIZE) +
                           1);
}

static unsigned index_of(const struct large_sends *sends, const NET_BUFFER_LIST *nbl)
{
    return (unsigned)(((const char *)nbl - sends->lists) / (ptrdiff_t)NBL_BLOCK_SIZE);
}

void large_sends_destroy(struct large_sends *sends)
{
    if (!sends)
        return;
    for (unsigned i = 0; i < sends->free_count; i++) {
        poison_end_buffer(sends->slots[sends->free[i]].nb);
        poison_end_list(list_of(sends, sends->free[i]));
    }
    shape_memory_destroy(&sends->memory);
    free(sends->lists);
    free(sends);
}

unsigned large_sends_in_flight(struct large_sends *sends)
{
    unsigned count = 0;

    if (!sends)
        return 0;
    pthread_mutex_lock(&sends->lock);
    count = LARGE_IN_FLIGHT - sends->free_count;
    pthread_mutex_unlock(&sends->lock);
    return count;
}

/* ---- What the configuration allows ---- */

bool large_limits(struct ndis_adapter *adapter, unsigned version, bool v6, bool options,
                  uint32_t *most, uint32_t *least)
{
    unsigned encapsulated = atomic_load(&adapter->offload.encapsulated);
    enum offload_kind kind = version == 1 ? OFFLOAD_LSO1
                             : v6         ? OFFLOAD_LSO2_IPV6
                                          : OFFLOAD_LSO2_IPV4;
    NDIS_OFFLOAD config;

    if (!(encapsulated & (v6 ? OFFLOAD_IPV6 : OFFLOAD_IPV4)) ||
        !(atomic_load(&adapter->offload.on) >> kind & 1) || !offload_config(adapter, &config))
        return false;
    switch (kind) {
    case OFFLOAD_LSO1:
        *most = config.LsoV1.IPv4.MaxOffLoadSize;
        *least = config.LsoV1.IPv4.MinSegmentCount;
        return !options || config.LsoV1.IPv4.TcpOptions == NDIS_OFFLOAD_SUPPORTED;
    case OFFLOAD_LSO2_IPV4:
        *most = config.LsoV2.IPv4.MaxOffLoadSize;
        *least = config.LsoV2.IPv4.MinSegmentCount;
        return true;
    default:
        *most = config.LsoV2.IPv6.MaxOffLoadSize;
        *least = config.LsoV2.IPv6.MinSegmentCount;
        return !options || config.LsoV2.IPv6.TcpOptionsSupported == NDIS_OFFLOAD_SUPPORTED;
    }
}

/* ---- Sends ---- */

static PVOID info_of(const struct net_large *packet)
{
    LARGE_INFO info = {.Value = NULL};

    if (packet->version == 1) {
        info.LsoV1Transmit.MSS = packet->mss;
        info.LsoV1Transmit.TcpHeaderOffset = packet->tcp;
        info.LsoV1Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE;
        return info.Value;
    }
    info.LsoV2Transmit.MSS = packet->mss;
    info.LsoV2Transmit.TcpHeaderOffset = packet->tcp;
    info.LsoV2Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
    info.LsoV2Transmit.IPVersion =
        packet->v6 ? NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6 : NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4;
    return info.Value;
}

static NET_BUFFER_LIST *build(struct large_sends *sends, unsigned index,
                              const struct net_large *packet, struct random *random)
{
    NET_BUFFER_LIST *nbl = list_of(sends, index);
    struct frame_slot *slot = &sends->slots[index];

    if (rules_enabled) {
        poison_end_buffer(slot->nb);
        poison_end_list(nbl);
    }
    sends->sent[index] =
        (struct sent){packet->version, packet->length - packet->headers, packet->cookie};
    shape_large(slot, packet->data, packet->length, packet->headers, sends->liberties, random);
    NET_BUFFER_NEXT_NB(slot->nb) = NULL;
    NET_BUFFER_LIST_FIRST_NB(nbl) = slot->nb;
    NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
    NET_BUFFER_LIST_FLAGS(nbl) = 0;
    NET_BUFFER_LIST_NBL_FLAGS(nbl) = 0;
    NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
    NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) = NULL;
    NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) = info_of(packet);
    protocol_set_tag(nbl, TAG_NONE);
    NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, NULL);
    return nbl;
}

NET_BUFFER_LIST *large_sends_build(struct large_sends *sends, const struct net_large *packets,
                                   unsigned count, struct random *random, unsigned *taken)
{
    NET_BUFFER_LIST *head = NULL, **tail = &head;

    for (*taken = 0; *taken < count; ++*taken) {
        unsigned index = LARGE_IN_FLIGHT;

        pthread_mutex_lock(&sends->lock);
        if (sends->free_count)
            index = sends->free[--sends->free_count];
        pthread_mutex_unlock(&sends->lock);
        if (index == LARGE_IN_FLIGHT)
            break;
        *tail = build(sends, index, &packets[*taken], random);
        tail = &NET_BUFFER_LIST_NEXT_NBL(*tail);
    }
    return head;
}

/* ---- Completions ---- */

bool large_sends_own(const struct large_sends *sends, const NET_BUFFER_LIST *nbl)
{
    const char *at = (const char *)nbl;

    return sends && at >= sends->lists && at < sends->lists + LARGE_IN_FLIGHT * NBL_BLOCK_SIZE;
}

/* What the miniport has to write before it completes a list with success. */
static void check(NET_BUFFER_LIST *nbl, const struct sent *sent)
{
    LARGE_INFO info = {.Value = NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo)};
    const void *caller = nbl_of(nbl)->caller;

    if (sent->version == 1 && info.LsoV1TransmitComplete.Type)
        rule_violation_object(RULE, nbl, caller,
                              "NET_BUFFER_LIST %p, sent with LSOv1, completed with "
                              "LsoV1TransmitComplete.Type %u",
                              (void *)nbl, (unsigned)info.LsoV1TransmitComplete.Type);
    else if (sent->version == 1 && info.LsoV1TransmitComplete.TcpPayload != sent->data)
        rule_violation_object(RULE, nbl, caller,
                              "NET_BUFFER_LIST %p, sent with LSOv1, completed with "
                              "LsoV1TransmitComplete.TcpPayload %u, although %u bytes were sent",
                              (void *)nbl, (unsigned)info.LsoV1TransmitComplete.TcpPayload,
                              (unsigned)sent->data);
    else if (sent->version == 2 &&
             (info.LsoV2TransmitComplete.Reserved || !info.LsoV2TransmitComplete.Type))
        rule_violation_object(RULE, nbl, caller,
                              "NET_BUFFER_LIST %p, sent with LSOv2, completed with "
                              "LsoV2TransmitComplete.Reserved 0x%x and Type %u; these have to be "
                              "0 and 1",
                              (void *)nbl, (unsigned)info.LsoV2TransmitComplete.Reserved,
                              (unsigned)info.LsoV2TransmitComplete.Type);
}

uint64_t large_sends_complete(struct large_sends *sends, NET_BUFFER_LIST *nbl, NDIS_STATUS *status)
{
    unsigned index = index_of(sends, nbl);
    struct frame_slot *slot = &sends->slots[index];
    uint64_t cookie = sends->sent[index].cookie;

    *status = NET_BUFFER_LIST_STATUS(nbl);
    if (rules_enabled) {
        if (*status == NDIS_STATUS_SUCCESS)
            check(nbl, &sends->sent[index]);
        poison_buffer(nbl, slot->nb, slot->data, slot->used);
        poison_list(nbl);
    }
    pthread_mutex_lock(&sends->lock);
    sends->free[sends->free_count++] = index;
    pthread_mutex_unlock(&sends->lock);
    return cookie;
}
