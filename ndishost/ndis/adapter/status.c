/* SPDX-License-Identifier: MIT */
/* Status indications: the link, and what else a miniport reports of itself. */
#include "ndis/adapter/life_cycle.h"
#include "ndis/api/offload.h"
#include "nt/api/pool.h"

static void link_state(struct ndis_adapter *adapter, const NDIS_STATUS_INDICATION *indication,
                       const void *caller)
{
    const NDIS_LINK_STATE *state = indication->StatusBuffer;
    bool up, was;

    if (!state || indication->StatusBufferSize < NDIS_SIZEOF_LINK_STATE_REVISION_1 ||
        !header_valid(&state->Header, NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
                      NDIS_SIZEOF_LINK_STATE_REVISION_1)) {
        rule_violation("NdisMIndicateStatusEx", caller,
                       "NDIS_STATUS_LINK_STATE with %lu bytes that are not an NDIS_LINK_STATE",
                       (unsigned long)indication->StatusBufferSize);
        return;
    }
    up = state->MediaConnectState == MediaConnectStateConnected;
    SHARED_SET(adapter->xmit_link_speed, state->XmitLinkSpeed);
    SHARED_SET(adapter->rcv_link_speed, state->RcvLinkSpeed);
    atomic_store(&adapter->duplex, (int)state->MediaDuplexState);
    was = atomic_exchange(&adapter->link_up, up);
    if (up != was)
        life_cycle_link_changed(adapter);
}

VOID NTAPI NdisMIndicateStatusEx(NDIS_HANDLE MiniportAdapterHandle,
                                 PNDIS_STATUS_INDICATION StatusIndication)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    enum adapter_state state;

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    state = adapter_state(adapter);
    if (adapter->shut_down)
        return; /* a DPC that was under way */
    if (state == ADAPTER_HALTED || (state == ADAPTER_INITIALIZING && !adapter->registration_set)) {
        rule_violation("NdisMIndicateStatusEx", RULE_CALLER, "called while %s is %s", adapter->name,
                       adapter_state_name(state));
        return;
    }
    if (!header_check(&StatusIndication->Header, NDIS_OBJECT_TYPE_STATUS_INDICATION,
                      NDIS_STATUS_INDICATION_REVISION_1, NDIS_SIZEOF_STATUS_INDICATION_REVISION_1,
                      __func__, RULE_CALLER))
        return;
    if (StatusIndication->SourceHandle != adapter)
        rule_violation("NdisMIndicateStatusEx", RULE_CALLER,
                       "SourceHandle is %p instead of the adapter's handle",
                       StatusIndication->SourceHandle);
    COUNT(adapter, statuses, 1);
    if (StatusIndication->StatusCode == NDIS_STATUS_LINK_STATE)
        link_state(adapter, StatusIndication, RULE_CALLER);
    else if (StatusIndication->StatusCode == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG ||
             StatusIndication->StatusCode == NDIS_STATUS_TASK_OFFLOAD_HARDWARE_CAPABILITIES)
        offload_indicated(adapter, StatusIndication, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisMIndicateStatusEx);

NDIS_STATUS NTAPI NdisMNetPnPEvent(NDIS_HANDLE MiniportAdapterHandle,
                                   PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
    HOST_CALL(PASSIVE_LEVEL);
    (void)NetPnPEventNotification;
    if (rules_enabled && callback_inside("MiniportOidRequest"))
        rule_violation("NdisMNetPnPEventInOIDRequest", RULE_CALLER,
                       "called from MiniportOidRequest");
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    /* Ports other than the default one do not exist here, so no protocol could want to know. */
    return handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER) ? NDIS_STATUS_SUCCESS
                                                                        : NDIS_STATUS_FAILURE;
}
HOST_EXPORT("NDIS.SYS", NdisMNetPnPEvent);
