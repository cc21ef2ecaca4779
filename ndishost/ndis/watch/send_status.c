/* SPDX-License-Identifier: MIT */
/*
 * The status with which a list is completed, and whether there was a reason for it since the list was
 * sent. Documentation: nf-ndis-ndismsendnetbufferlistscomplete, oid-pnp-set-power,
 * nc-ndis-miniport_device_pnp_event_notify.
 */
#include "ndis/watch/send_status.h"

#include "ndis/api/net_buffer_pool.h"
#include "nt/machine/clock.h"

/* A miniport that has found a fault fails sends before NDIS asks whether it hangs. */
#define RESET_DUE (10 * NT_SECOND)

static bool cancelled(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, unsigned number)
{
    return number && SHARED_GET(adapter->cancelled_at[number]) >= nbl_of(nbl)->time;
}

/* What reads all ones is gone, whether or not anybody has said so. */
bool send_status_device_gone(struct ndis_adapter *adapter)
{
    return adapter->gone || adapter->remove_requested || adapter->bus_failed ||
           (!adapter->bus->no_device &&
            adapter->bus->ops->config_read(adapter->bus, 0, 2) == 0xFFFF);
}

/* A reset since then, now or soon: what is soon is judged in send_status_settle. */
static bool reset(struct ndis_adapter *adapter, uint64_t since)
{
    bool known;

    if (!adapter->driver->characteristics.ResetHandlerEx)
        return false;
    pthread_mutex_lock(&adapter->lock);
    known = adapter->reset_pending || adapter->reset_until >= since;
    if (!known && !adapter->reset_due)
        adapter->reset_due = nt_clock_now() + RESET_DUE;
    pthread_mutex_unlock(&adapter->lock);
    return true;
}

static bool lawful(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, unsigned cancel_number)
{
    uint64_t since = nbl_of(nbl)->time;

    switch (NET_BUFFER_LIST_STATUS(nbl)) {
    case NDIS_STATUS_PENDING:
        return false;
    case NDIS_STATUS_PAUSED:
        return adapter_state(adapter) != ADAPTER_RUNNING ||
               SHARED_GET(adapter->running_since) >= since;
    case NDIS_STATUS_LOW_POWER_STATE:
        return atomic_load(&adapter->power) || SHARED_GET(adapter->awake_since) >= since;
    case NDIS_STATUS_SEND_ABORTED:
        return cancelled(adapter, nbl, cancel_number);
    case NDIS_STATUS_RESET_IN_PROGRESS:
    case NDIS_STATUS_REQUEST_ABORTED:
        return reset(adapter, since);
    case NDIS_STATUS_ADAPTER_REMOVED:
    case NDIS_STATUS_NOT_ACCEPTED:
        return send_status_device_gone(adapter);
    }
    return true;
}

void send_status_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, unsigned cancel_number,
                       const void *caller)
{
    char name[64];

    if (!lawful(adapter, nbl, cancel_number))
        rule_violation_object(
            "SendStatus", nbl, caller,
            "NET_BUFFER_LIST %p completed with %s, for which %s, which is %s, has no reason",
            (void *)nbl, status_name(NET_BUFFER_LIST_STATUS(nbl), name, sizeof(name)),
            adapter->name, adapter_state_name(adapter_state(adapter)));
}

void send_status_settle(struct ndis_adapter *adapter, bool reset_begins)
{
    bool late;

    pthread_mutex_lock(&adapter->lock);
    late = !reset_begins && adapter->reset_due && nt_clock_now() > adapter->reset_due;
    if (late || reset_begins)
        adapter->reset_due = 0;
    pthread_mutex_unlock(&adapter->lock);
    if (late)
        rule_violation("SendStatus", NULL,
                       "%s failed sends because of a reset, but 10 s later MiniportCheckForHangEx "
                       "has asked for no reset",
                       adapter->name);
}
