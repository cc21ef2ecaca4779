/* SPDX-License-Identifier: MIT */
/* Sends and OID requests that are cancelled. Documentation: network/canceling-a-send-operation,
 * nc-ndis-miniport_cancel_send, nc-ndis-miniport_cancel_oid_request. */
#include "ndis/adapter/life_cycle.h"

#include "ndis/protocol/protocol.h"
#include "ndis/adapter/cancel.h"
#include "nt/machine/clock.h"

/* The miniport may be called anywhere up to DISPATCH_LEVEL: every second time it is there. */
unsigned adapter_cancel_ids(void)
{
    return CANCEL_IDS;
}

static void cancel_send(struct ndis_adapter *adapter, void *cancel_id)
{
    bool raise = atomic_fetch_add(&adapter->cancels, 1) & 1;
    struct callback call;

    if (raise)
        irql_raise(DISPATCH_LEVEL, NULL);
    call = callback_begin("MiniportCancelSend");
    adapter->driver->characteristics.CancelSendHandler(adapter->context, cancel_id);
    callback_end(&call);
    if (raise)
        irql_lower(PASSIVE_LEVEL, NULL);
}

void cancel_oid_request(struct ndis_adapter *adapter, void *request_id)
{
    bool raise = atomic_fetch_add(&adapter->cancels, 1) & 1;
    struct callback call;

    if (raise)
        irql_raise(DISPATCH_LEVEL, NULL);
    call = callback_begin("MiniportCancelOidRequest");
    adapter->driver->characteristics.CancelOidRequestHandler(adapter->context, request_id);
    callback_end(&call);
    if (raise)
        irql_lower(PASSIVE_LEVEL, NULL);
}

int32_t adapter_cancel_sends(struct ndis_adapter *adapter, unsigned id, uint64_t *aborted,
                             unsigned *outstanding)
{
    enum adapter_state state = adapter_state(adapter);
    void *cancel_id = protocol_cancel_id(id);

    if (id < 1 || id > CANCEL_IDS)
        return NDIS_STATUS_INVALID_PARAMETER;
    if (state == ADAPTER_HALTED || state == ADAPTER_INITIALIZING || state == ADAPTER_HALTING)
        return NDIS_STATUS_INVALID_STATE;
    *aborted = SHARED_GET(adapter->counters.send_aborted);
    SHARED_SET(adapter->cancelled_at[id], NT_FOREVER); /* also what is sent meanwhile */
    cancel_send(adapter, cancel_id);
    SHARED_SET(adapter->cancelled_at[id], nt_clock_now());
    *aborted = SHARED_GET(adapter->counters.send_aborted) - *aborted;
    *outstanding = protocol_outstanding(adapter->protocol, cancel_id);
    return NDIS_STATUS_SUCCESS;
}
