/* SPDX-License-Identifier: MIT */
/* The path of frames between the protocol and the miniport, and who owns a list at each step. */
#include "ndis/api/offload.h"
#include "ndis/api/receive_scale.h"
#include "ndis/protocol/transfer.h"

#include "ndis/api/interrupt.h"
#include "ndis/watch/ownership.h"
#include "ndis/watch/send_status.h"
#include "ndis/protocol/protocol.h"
#include "nt/machine/clock.h"
#include "nt/machine/irql.h"

/* ---- What may go on ---- */

static bool resetting(struct ndis_adapter *adapter)
{
    bool resetting;

    pthread_mutex_lock(&adapter->lock);
    resetting = adapter->resetting;
    pthread_mutex_unlock(&adapter->lock);
    return resetting;
}

/* Frames that come while the adapter does not run are dropped lawfully: the network end has to
 * know. Resets and all else come and go on threads of their own: what ends first leaves it to the
 * other to say that frames get through again. While it is `closed` nobody says so. */
void transfer_tell_net(struct ndis_adapter *adapter, bool paused)
{
    if (!adapter->net || !adapter->net->ops->pause)
        return;
    pthread_mutex_lock(&adapter->link_lock);
    if (paused || (adapter_state(adapter) == ADAPTER_RUNNING && !resetting(adapter) &&
                   !atomic_load(&adapter->closed)))
        adapter->net->ops->pause(adapter->net, paused);
    pthread_mutex_unlock(&adapter->link_lock);
}

bool transfer_enter(struct ndis_adapter *adapter)
{
    atomic_fetch_add(&adapter->senders, 1);
    if (adapter_state(adapter) == ADAPTER_RUNNING && !atomic_load(&adapter->crashed))
        return true;
    transfer_leave(adapter);
    return false;
}

void transfer_leave(struct ndis_adapter *adapter)
{
    atomic_fetch_sub(&adapter->senders, 1);
}

/* ---- Sends ---- */

void transfer_send(struct ndis_adapter *adapter, NET_BUFFER_LIST *chain, ULONG flags)
{
    NET_BUFFER_LIST *nbl;
    uint64_t now = rules_enabled ? nt_clock_now() : 0;
    struct callback call = callback_begin("MiniportSendNetBufferLists");

    for (nbl = chain; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
        struct nbl_header *header = nbl_of(nbl);

        header->adapter = adapter;
        header->first = NET_BUFFER_LIST_FIRST_NB(nbl);
        atomic_store_explicit(&header->cancel_id, NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl),
                              memory_order_relaxed);
        header->caller = NULL;
        SHARED_SET(header->time, now);
        nbl_note(nbl, "sent", NULL, now);
        /* The handle of the sender's binding, not the miniport's (ddi/nbl, ns-nbl-net_buffer_list). */
        nbl->SourceHandle = &adapter->protocol;
        nbl->ChildRefCount = 0;
        atomic_store_explicit(&header->owner, NBL_WITH_MINIPORT, memory_order_release);
    }
    adapter->driver->characteristics.SendNetBufferListsHandler(adapter->context, chain,
                                                               NDIS_DEFAULT_PORT_NUMBER, flags);
    callback_end(&call);
}

/* Is this list one that the adapter may complete now? Takes it back from the miniport. */
static bool completion_valid(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller)
{
    struct nbl_header *header = nbl_of(nbl);
    unsigned owner = NBL_WITH_MINIPORT;

    if (!rules_enabled) {
        atomic_store_explicit(&header->owner, NBL_WITH_PROTOCOL, memory_order_release);
        return true;
    }
    if (header->magic != NBL_MAGIC || header->pool) {
        rule_violation_object("NdisMSendNetBufferListsComplete", nbl, caller,
                              "NET_BUFFER_LIST %p completed, which NDIS did not send", (void *)nbl);
        return false;
    }
    if (header->adapter != adapter ||
        !atomic_compare_exchange_strong_explicit(&header->owner, &owner, NBL_WITH_PROTOCOL,
                                                 memory_order_acq_rel, memory_order_acquire)) {
        char by[96];

        rule_violation_object(
            "DoubleComplete", nbl, caller,
            "NET_BUFFER_LIST %p completed by %s while it is %s (last completed at %s)", (void *)nbl,
            adapter->name, header->adapter != adapter ? "another adapter's" : nbl_owner_name(owner),
            image_symbol(header->caller, by, sizeof(by)));
        return false;
    }
    header->caller = caller;
    nbl_note(nbl, "completed", caller, nt_clock_now());
    return true;
}

/* Things that the miniport has to leave as they were, or set. */
static void completion_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller)
{
    struct nbl_header *header = nbl_of(nbl);
    NET_BUFFER *nb;

    if (NET_BUFFER_LIST_FIRST_NB(nbl) != header->first)
        rule_violation_object(
            "NetBufferListOwner", nbl, caller,
            "the miniport changed the list of NET_BUFFERs of the NET_BUFFER_LIST %p", (void *)nbl);
    if (NET_BUFFER_LIST_STATUS(nbl) != NDIS_STATUS_SUCCESS)
        send_status_check(adapter, nbl,
                          protocol_cancel_number(NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl)), caller);
    if (!nbl_tail_intact(nbl))
        rule_violation_object(
            "NetBufferListSize", nbl, caller,
            "the driver wrote past the end of the NET_BUFFER_LIST %p, into NDIS's data",
            (void *)nbl);
    for (nb = header->first; nb; nb = NET_BUFFER_NEXT_NB(nb))
        if (nb_of(nb)->sg.list)
            rule_violation_object(
                "NdisMFreeNetBufferSGList", nb, caller,
                "NET_BUFFER_LIST %p completed before the scatter/gather list of its "
                "NET_BUFFER %p was freed",
                (void *)nbl, (void *)nb);
}

/* Tells the network end that the device is gone, before failed sends complete. Neither they nor what
 * else is under way will arrive, and the miniport may say so later or not at all. */
static void tell_if_gone(struct ndis_adapter *adapter)
{
    if (send_status_device_gone(adapter))
        transfer_tell_net(adapter, true);
}

VOID NTAPI NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle,
                                           PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    NET_BUFFER_LIST *nbl, *next, *done = NULL, **tail = &done;
    unsigned count = 0;
    bool failed = false;

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    if (rules_enabled)
        check_dispatch_flag(SendCompleteFlags & NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL, __func__,
                            RULE_CALLER);
    for (nbl = NetBufferList; nbl; nbl = next) {
        next = NET_BUFFER_LIST_NEXT_NBL(nbl);
        if (!completion_valid(adapter, nbl, RULE_CALLER))
            break; /* the rest of a chain that went wrong is not to be followed */
        if (rules_enabled)
            completion_check(adapter, nbl, RULE_CALLER);
        failed |= NET_BUFFER_LIST_STATUS(nbl) != NDIS_STATUS_SUCCESS;
        NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
        *tail = nbl;
        tail = &NET_BUFFER_LIST_NEXT_NBL(nbl);
        count++;
    }
    if (failed)
        tell_if_gone(adapter);
    COUNT(adapter, send_completed, count);
    if (rules_enabled && count)
        SHARED_SET(adapter->send_completed_at, nt_clock_now());
    if (done)
        protocol_send_complete(adapter->protocol, done);
}
HOST_EXPORT("NDIS.SYS", NdisMSendNetBufferListsComplete);

/* ---- Receives ---- */

/* May the adapter indicate this list? Makes it the protocol's. */
static bool indication_valid(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller)
{
    struct nbl_header *header = nbl_of(nbl);
    unsigned owner = NBL_WITH_DRIVER;

    if (header->magic != NBL_MAGIC || !header->pool) {
        rule_violation_object(
            "NdisMIndicateReceiveNetBufferLists", nbl, caller,
            "NET_BUFFER_LIST %p indicated, which is not from a pool of the driver", (void *)nbl);
        return false;
    }
    if (!atomic_compare_exchange_strong_explicit(&header->owner, &owner, NBL_INDICATED,
                                                 memory_order_acq_rel, memory_order_acquire)) {
        char by[96];

        rule_violation_object("NetBufferListOwner", nbl, caller,
                              "NET_BUFFER_LIST %p indicated while it is %s (last indicated at %s)",
                              (void *)nbl, nbl_owner_name(owner),
                              image_symbol(header->caller, by, sizeof(by)));
        return false;
    }
    header->adapter = adapter;
    header->caller = caller;
    return true;
}

/* What drivers above the miniport may have left in a list that is returned. Whether the miniport clears
 * it is counted; no page demands it. */
#define STALE_INFO ((PVOID)(uintptr_t)0xDB)

/* What a NIC says of a received frame (ddi/nblinfo), but for the 802.1Q tag, which net/tag.c compares. */
static const NDIS_NET_BUFFER_LIST_INFO receive_infos[] = {
    TcpIpChecksumNetBufferListInfo, IPsecOffloadV2NetBufferListInfo, NetBufferListFrameType,
    NetBufferListHashValue,         NetBufferListHashInfo,           NetBufferListFilteringInfo,
};
#define RECEIVE_INFOS (sizeof(receive_infos) / sizeof(receive_infos[0]))

static void infos_leave(NET_BUFFER_LIST *nbl)
{
    for (size_t i = 0; i < RECEIVE_INFOS; i++)
        NET_BUFFER_LIST_INFO(nbl, receive_infos[i]) = STALE_INFO;
}

static bool infos_stale(NET_BUFFER_LIST *nbl)
{
    for (size_t i = 0; i < RECEIVE_INFOS; i++)
        if (NET_BUFFER_LIST_INFO(nbl, receive_infos[i]) == STALE_INFO)
            return true;
    return false;
}

/* What NDIS demands of a received list. */
static void indication_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller)
{
    PVOID info = NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo);
    PVOID hash = NET_BUFFER_LIST_INFO(nbl, NetBufferListHashInfo);
    NET_BUFFER *nb;

    SHARED_SET(nbl_of(nbl)->time, nt_clock_now());
    nbl_note(nbl, "indicated", caller, nbl_of(nbl)->time);
    nbl_of(nbl)->sum = 0;
    if (nbl->SourceHandle != adapter)
        rule_violation_object("NetBufferListSource", nbl, caller,
                              "NET_BUFFER_LIST %p indicated with SourceHandle %p instead of the "
                              "adapter's handle",
                              (void *)nbl, (void *)nbl->SourceHandle);
    if (infos_stale(nbl))
        COUNT(adapter, stale_infos, 1);
    if (info && info != STALE_INFO && !adapter->offload_set)
        rule_violation_object("ChecksumOffload", nbl, caller,
                              "NET_BUFFER_LIST %p indicated with checksum information %p, but the "
                              "driver set no offload attributes",
                              (void *)nbl, info);
    if (!NET_BUFFER_LIST_FIRST_NB(nbl))
        rule_violation_object("NetBufferData", nbl, caller,
                              "NET_BUFFER_LIST %p indicated without a NET_BUFFER", (void *)nbl);
    for (nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
        const MDL *mdl;
        size_t room = 0;

        if (nb_of(nb)->magic != NB_MAGIC) {
            rule_violation_object("NetBufferOwner", nbl, caller,
                                  "NET_BUFFER_LIST %p indicated with %p, which is not a NET_BUFFER",
                                  (void *)nbl, (void *)nb);
            return;
        }
        for (mdl = NET_BUFFER_CURRENT_MDL(nb); mdl; mdl = mdl->Next)
            room += mdl->ByteCount;
        if (room < (size_t)NET_BUFFER_CURRENT_MDL_OFFSET(nb) + NET_BUFFER_DATA_LENGTH(nb))
            rule_violation_object(
                "NetBufferData", nbl, caller,
                "NET_BUFFER %p indicated with %lu bytes of data at offset %lu of an MDL "
                "chain of %zu bytes",
                (void *)nb, (unsigned long)NET_BUFFER_DATA_LENGTH(nb),
                (unsigned long)NET_BUFFER_CURRENT_MDL_OFFSET(nb), room);
    }
    if (info && info != STALE_INFO && adapter->offload_set)
        offload_check(adapter, nbl, caller);
    if (hash && hash != STALE_INFO)
        receive_scale_check(adapter, nbl, caller);
    indicated_remember(nbl);
}

/* Receives may be indicated while the adapter restarts, runs, and, as long as MiniportPause has not
 * ended, while it pauses. */
static bool indication_allowed(enum adapter_state state)
{
    return state == ADAPTER_RUNNING || state == ADAPTER_RESTARTING || state == ADAPTER_PAUSING;
}

/* An indicated list is the driver's again, as it was. With the rules off it never ceased to be. */
static void indication_end(NET_BUFFER_LIST *nbl)
{
    indicated_compare(nbl);
    atomic_store_explicit(&nbl_of(nbl)->owner, NBL_WITH_DRIVER, memory_order_release);
}

/* The lists of a RESOURCES indication are the driver's again when the call returns. */
static void indication_give_back(NET_BUFFER_LIST *chain, unsigned count)
{
    for (; chain && count; count--, chain = NET_BUFFER_LIST_NEXT_NBL(chain)) {
        indication_end(chain);
        infos_leave(chain);
    }
}

/* Takes the lists of an indication, as far as they are the driver's to indicate; how many. */
static unsigned indication_take(struct ndis_adapter *adapter, NET_BUFFER_LIST *chain,
                                const void *caller)
{
    NET_BUFFER_LIST *nbl, *last = NULL;
    unsigned count = 0;

    for (nbl = chain; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
        if (rules_enabled && !indication_valid(adapter, nbl, caller)) {
            if (last)
                NET_BUFFER_LIST_NEXT_NBL(last) = NULL; /* what follows is not to be followed */
            break;
        }
        if (rules_enabled)
            indication_check(adapter, nbl, caller);
        last = nbl;
        count++;
    }
    return count;
}

VOID NTAPI NdisMIndicateReceiveNetBufferLists(NDIS_HANDLE MiniportAdapterHandle,
                                              PNET_BUFFER_LIST NetBufferList,
                                              NDIS_PORT_NUMBER PortNumber,
                                              ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    bool resources = (ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES) != 0;
    unsigned count;

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    if (rules_enabled) {
        check_dispatch_flag(ReceiveFlags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL, __func__,
                            RULE_CALLER);
        if (!port_exists(adapter, PortNumber))
            rule_violation("PortNumber", RULE_CALLER,
                           "receive indicated on port %lu, which was never allocated",
                           (unsigned long)PortNumber);
    }
    count = indication_take(adapter, NetBufferList, RULE_CALLER);
    if (rules_enabled && count != NumberOfNetBufferLists)
        rule_violation("NumberOfNetBufferLists", RULE_CALLER,
                       "NumberOfNetBufferLists is %lu, but the chain has %u lists",
                       (unsigned long)NumberOfNetBufferLists, count);
    COUNT(adapter, indications, 1);
    COUNT(adapter, indicated_lists, count);
    interrupt_indicated(count);
    if (resources) {
        COUNT(adapter, resources_indications, 1);
        COUNT(adapter, indicated_resources, count);
    }
    if (adapter->shut_down)
        return; /* a DPC that was under way: the machine is off */
    if (!indication_allowed(adapter_state(adapter))) {
        rule_violation_object("MiniportPause_Return", NetBufferList, RULE_CALLER,
                              "%u NET_BUFFER_LISTs indicated by %s, which is %s", count,
                              adapter->name, adapter_state_name(adapter_state(adapter)));
        if (!resources && count)
            transfer_return(adapter, NetBufferList,
                            irql_get() == DISPATCH_LEVEL ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
    } else if (count) {
        protocol_receive(adapter->protocol, NetBufferList, count, resources,
                         irql_get() == DISPATCH_LEVEL);
    }
    if (resources && rules_enabled)
        indication_give_back(NetBufferList, count);
}
HOST_EXPORT("NDIS.SYS", NdisMIndicateReceiveNetBufferLists);

void transfer_return(struct ndis_adapter *adapter, NET_BUFFER_LIST *chain, ULONG flags)
{
    NET_BUFFER_LIST *nbl;
    struct callback call;
    uint64_t now = rules_enabled ? nt_clock_now() : 0;
    unsigned count = 0;

    atomic_fetch_add(&adapter->returners, 1);
    if (atomic_load(&adapter->crashed)) {
        atomic_fetch_sub(&adapter->returners, 1);
        return;
    }
    call = callback_begin("MiniportReturnNetBufferLists");
    for (nbl = chain; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
        if (rules_enabled) {
            nbl_note(nbl, "returned", NULL, now);
            indication_end(nbl);
            infos_leave(nbl);
        }
        count++;
    }
    COUNT(adapter, returned_lists, count);
    adapter->driver->characteristics.ReturnNetBufferListsHandler(adapter->context, chain, flags);
    callback_end(&call);
    atomic_fetch_sub(&adapter->returners, 1);
}
