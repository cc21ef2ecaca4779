/* SPDX-License-Identifier: MIT */
/* Initialize, restart, pause and halt, as NDIS calls them, and what must hold after each. */
#include "ndis/adapter/life_cycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ndis/api/interface.h"
#include "ndis/api/messages.h"
#include "ndis/api/offload.h"
#include "ndis/protocol/protocol.h"
#include "ndis/adapter/reset.h"
#include "ndis/protocol/transfer.h"
#include "nt/machine/clock.h"
#include "nt/machine/dma_map.h"
#include "nt/api/kernel.h"
#include "nt/api/pool.h"

#define PENDING_LATE \
    (30 * NT_SECOND) /* rule NdisTimedDataSend: nothing takes longer than a send may */
#define PENDING_NEVER (90 * NT_SECOND)

/* Waits for *pending to become false; reports once when it takes too long. false: it never did. */
static bool wait_pending(struct ndis_adapter *adapter, const bool *pending, const char *rule,
                         const char *what)
{
    uint64_t start = nt_clock_now(), left;
    bool late = false, done;

    pthread_mutex_lock(&adapter->lock);
    while (*pending && time_left(start, PENDING_NEVER)) {
        left = time_left(start, late ? PENDING_NEVER : PENDING_LATE);
        nt_clock_wait(&adapter->changed, &adapter->lock, nt_clock_now() + left);
        if (*pending && !late && !time_left(start, PENDING_LATE)) {
            late = true;
            rule_violation(rule, NULL, "%s: %s has been pending for 30 s", adapter->name, what);
        }
    }
    done = !*pending;
    pthread_mutex_unlock(&adapter->lock);
    return done;
}

/* ---- Initialize ---- */

static void init_parameters(struct ndis_adapter *adapter, NDIS_MINIPORT_INIT_PARAMETERS *parameters,
                            NDIS_PORT_AUTHENTICATION_PARAMETERS *authentication)
{
    memset(authentication, 0, sizeof(*authentication));
    authentication->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    authentication->Header.Revision = NDIS_PORT_AUTHENTICATION_PARAMETERS_REVISION_1;
    authentication->Header.Size = NDIS_SIZEOF_PORT_AUTHENTICATION_PARAMETERS_REVISION_1;
    authentication->SendControlState = NdisPortControlStateUncontrolled;
    authentication->RcvControlState = NdisPortControlStateUncontrolled;
    authentication->SendAuthorizationState = NdisPortAuthorized;
    authentication->RcvAuthorizationState = NdisPortAuthorized;
    memset(parameters, 0, sizeof(*parameters));
    parameters->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS;
    parameters->Header.Revision = NDIS_MINIPORT_INIT_PARAMETERS_REVISION_1;
    parameters->Header.Size = NDIS_SIZEOF_MINIPORT_INIT_PARAMETER_REVISION_1;
    parameters->AllocatedResources = adapter->resources;
    parameters->MiniportAddDeviceContext = adapter->add_device_context;
    interface_register(adapter->index);
    parameters->IfIndex = interface_index(adapter->index);
    parameters->NetLuid = interface_luid(adapter->index);
    parameters->DefaultPortAuthStates = authentication;
}

/* No driver has another adapter. */
static bool is_alone(const struct ndis_adapter *adapter)
{
    const struct ndis_driver *driver;

    for (driver = ndis_drivers(); driver; driver = driver->next)
        if (driver->adapters && (driver->adapters != adapter || adapter->next))
            return false;
    return true;
}

/* Reports what a failed MiniportInitializeEx, or MiniportHaltEx, did not release. With more than one adapter,
 * only what the driver obtained in calls for this one. Nothing tells which adapter the rest belongs to; it is
 * reported when the driver is unloaded. */
static void check_leaks(struct ndis_adapter *adapter, const char *after)
{
    char when[96];

    nt_flush();
    snprintf(when, sizeof(when), "%s of %s", after, adapter->name);
    if (rules_enabled)
        track_report_kept(adapter->objects_before, is_alone(adapter) ? NULL : adapter, when);
}

/* After a MiniportInitializeEx that failed: somebody has to be able to find out why. */
static void check_logged(void)
{
    const char *call = nt_self()->failed_call;

    if (rules_enabled && call)
        rule_violation("WriteErrorLog", NULL,
                       "MiniportInitializeEx failed after %s failed, but wrote no event log entry",
                       call);
}

NDIS_STATUS life_cycle_initialize(struct ndis_adapter *adapter)
{
    NDIS_MINIPORT_INIT_PARAMETERS parameters;
    NDIS_PORT_AUTHENTICATION_PARAMETERS authentication;
    const void *owner;
    struct callback call;
    NDIS_STATUS status;

    adapter->objects_before = track_mark();
    if (rules_enabled)
        dma_map_enable();
    attributes_forget(adapter);
    adapter_enter(adapter, ADAPTER_INITIALIZING);
    init_parameters(adapter, &parameters, &authentication);
    owner = track_owner(adapter);
    nt_self()->failed_call = NULL;
    call = callback_begin("MiniportInitializeEx");
    status = adapter->driver->characteristics.InitializeHandlerEx(adapter, adapter->driver->context,
                                                                  &parameters);
    callback_end(&call);
    track_owner(owner);
    if (status != NDIS_STATUS_SUCCESS && !status_is_error(status)) {
        char name[64];

        rule_violation("MiniportInitializeEx",
                       (const void *)adapter->driver->characteristics.InitializeHandlerEx,
                       "returned %s, which is neither success nor a failure",
                       status_name(status, name, sizeof(name)));
        status = NDIS_STATUS_FAILURE;
    }
    if (status != NDIS_STATUS_SUCCESS) {
        check_logged();
        messages_stop(adapter);
        adapter_enter(adapter, ADAPTER_HALTED);
        check_leaks(adapter, "a failed MiniportInitializeEx");
        return status;
    }
    adapter_enter(adapter, ADAPTER_PAUSED);
    if (adapter->registration_set && adapter->general_set)
        return NDIS_STATUS_SUCCESS;
    rule_violation("NdisMSetMiniportAttributes", NULL,
                   "MiniportInitializeEx succeeded without having set the %s attributes",
                   adapter->registration_set ? "general" : "registration");
    if (adapter->registration_set)
        life_cycle_halt(adapter, NdisHaltDeviceInitializationFailed);
    return NDIS_STATUS_FAILURE;
}

/* ---- Restart ---- */

static void restart_attributes(struct ndis_adapter *adapter, NDIS_RESTART_ATTRIBUTES *attributes)
{
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &adapter->general;
    NDIS_RESTART_GENERAL_ATTRIBUTES *to = (NDIS_RESTART_GENERAL_ATTRIBUTES *)attributes->Data;

    attributes->Oid = OID_GEN_MINIPORT_RESTART_ATTRIBUTES;
    attributes->DataLength = NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_2;
    to->Header.Type = NDIS_OBJECT_TYPE_RESTART_GENERAL_ATTRIBUTES;
    to->Header.Revision = NDIS_RESTART_GENERAL_ATTRIBUTES_REVISION_2;
    to->Header.Size = NDIS_SIZEOF_RESTART_GENERAL_ATTRIBUTES_REVISION_2;
    to->MtuSize = general->MtuSize;
    to->MaxXmitLinkSpeed = general->MaxXmitLinkSpeed;
    to->MaxRcvLinkSpeed = general->MaxRcvLinkSpeed;
    to->LookaheadSize = general->LookaheadSize;
    to->MacOptions = general->MacOptions;
    to->SupportedPacketFilters = general->SupportedPacketFilters;
    to->MaxMulticastListSize = general->MaxMulticastListSize;
    to->RecvScaleCapabilities = general->RecvScaleCapabilities;
    to->AccessType = general->AccessType;
    to->ConnectionType = general->ConnectionType;
    to->SupportedStatistics = general->SupportedStatistics;
    to->DataBackFillSize = general->DataBackFillSize;
    to->ContextBackFillSize = general->ContextBackFillSize;
    to->SupportedOidList = adapter->oids;
    to->SupportedOidListLength = adapter->oid_count * (ULONG)sizeof(NDIS_OID);
    to->MaxLookaheadSizeAccessed = NDIS_MAX_LOOKAHEAD_SIZE_ACCESSED_UNDEFINED;
}

static NDIS_STATUS restart_call(struct ndis_adapter *adapter, NDIS_RESTART_ATTRIBUTES *attributes)
{
    NDIS_MINIPORT_RESTART_PARAMETERS parameters;
    struct callback call;
    NDIS_STATUS status;

    memset(&parameters, 0, sizeof(parameters));
    parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    parameters.Header.Revision = NDIS_MINIPORT_RESTART_PARAMETERS_REVISION_1;
    parameters.Header.Size = NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1;
    parameters.RestartAttributes = attributes;
    adapter->restart_pending = true;
    adapter_enter(adapter, ADAPTER_RESTARTING);
    call = callback_begin("MiniportRestart");
    status = adapter->driver->characteristics.RestartHandler(adapter->context, &parameters);
    callback_end(&call);
    if (status != NDIS_STATUS_PENDING) {
        if (!adapter->restart_pending)
            rule_violation("MiniportRestart", NULL,
                           "returned 0x%08X after it had called NdisMRestartComplete",
                           (unsigned)status);
        adapter->restart_pending = false;
        if (status != NDIS_STATUS_SUCCESS && !status_is_error(status))
            rule_violation(
                "MiniportRestart", (const void *)adapter->driver->characteristics.RestartHandler,
                "returned 0x%08X, which is neither success nor a failure", (unsigned)status);
        return status;
    }
    if (!wait_pending(adapter, &adapter->restart_pending, "MiniportRestart", "MiniportRestart"))
        return NDIS_STATUS_FAILURE;
    return adapter->restart_status;
}

int32_t adapter_restart(struct ndis_adapter *adapter)
{
    NDIS_RESTART_ATTRIBUTES *attributes;
    NDIS_STATUS status;

    if (adapter_state(adapter) != ADAPTER_PAUSED || adapter_power_state(adapter))
        return NDIS_STATUS_INVALID_STATE;
    attributes = calloc(1, sizeof(*attributes) + sizeof(NDIS_RESTART_GENERAL_ATTRIBUTES));
    if (!attributes)
        return NDIS_STATUS_RESOURCES;
    restart_attributes(adapter, attributes);
    status = restart_call(adapter, attributes);
    SHARED_SET(adapter->running_since, nt_clock_now());
    adapter_enter(adapter, status == NDIS_STATUS_SUCCESS ? ADAPTER_RUNNING : ADAPTER_PAUSED);
    if (status == NDIS_STATUS_SUCCESS)
        transfer_tell_net(adapter, false);
    free(attributes);
    return status;
}

VOID NTAPI NdisMRestartComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    pthread_mutex_lock(&adapter->lock);
    if (!adapter->restart_pending)
        rule_violation("MiniportRestart", RULE_CALLER, "NdisMRestartComplete without a restart");
    adapter->restart_pending = false;
    adapter->restart_status = Status;
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
}
HOST_EXPORT("NDIS.SYS", NdisMRestartComplete);

/* ---- Pause ---- */

/* Paused means: no send held, every receive list home. */
static void check_paused(struct ndis_adapter *adapter)
{
    unsigned in_flight, held;

    while (atomic_load(&adapter->senders)) /* inside MiniportSendNetBufferLists, to be refused */
        nt_clock_sleep(NT_MILLISECOND / 10);
    in_flight = protocol_in_flight(adapter->protocol);
    held = protocol_held(adapter->protocol);
    if (in_flight)
        rule_violation("MiniportPause_Return", NULL,
                       "%s is Paused, but %u frames that were sent have not been completed",
                       adapter->name, in_flight);
    if (held)
        rule_violation("MiniportPause_Return", NULL,
                       "%s is Paused, but %u of its NET_BUFFER_LISTs have not been returned yet",
                       adapter->name, held);
}

NDIS_STATUS life_cycle_pause(struct ndis_adapter *adapter, ULONG reason)
{
    NDIS_MINIPORT_PAUSE_PARAMETERS parameters;
    struct callback call;
    NDIS_STATUS status;

    if (adapter_state(adapter) != ADAPTER_RUNNING)
        return NDIS_STATUS_INVALID_STATE;
    memset(&parameters, 0, sizeof(parameters));
    parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    parameters.Header.Revision = NDIS_MINIPORT_PAUSE_PARAMETERS_REVISION_1;
    parameters.Header.Size = NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1;
    parameters.PauseReason = reason;
    transfer_tell_net(adapter, true);
    adapter->pause_pending = true;
    adapter_enter(adapter, ADAPTER_PAUSING);
    transfer_tell_net(adapter, true); /* again, should a reset have ended meanwhile */
    call = callback_begin("MiniportPause");
    status = adapter->driver->characteristics.PauseHandler(adapter->context, &parameters);
    callback_end(&call);
    if (status == NDIS_STATUS_PENDING) {
        if (!wait_pending(adapter, &adapter->pause_pending, "MiniportPause_Return",
                          "MiniportPause"))
            return NDIS_STATUS_FAILURE;
    } else {
        if (status != NDIS_STATUS_SUCCESS)
            rule_violation("MiniportPause_Return", NULL,
                           "MiniportPause returned 0x%08X; only NDIS_STATUS_SUCCESS and "
                           "NDIS_STATUS_PENDING are allowed",
                           (unsigned)status);
        if (!adapter->pause_pending)
            rule_violation("MiniportPause_Return", NULL,
                           "MiniportPause returned 0x%08X after it had called NdisMPauseComplete",
                           (unsigned)status);
        adapter->pause_pending = false;
    }
    adapter_enter(adapter, ADAPTER_PAUSED);
    check_paused(adapter);
    return NDIS_STATUS_SUCCESS;
}

int32_t adapter_pause(struct ndis_adapter *adapter)
{
    return life_cycle_pause(adapter, NDIS_PAUSE_NDIS_INTERNAL);
}

VOID NTAPI NdisMPauseComplete(NDIS_HANDLE MiniportAdapterHandle)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    pthread_mutex_lock(&adapter->lock);
    if (!adapter->pause_pending)
        rule_violation("MiniportPause_Return", RULE_CALLER, "NdisMPauseComplete without a pause");
    adapter->pause_pending = false;
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
}
HOST_EXPORT("NDIS.SYS", NdisMPauseComplete);

/* ---- Halt, events, removal ---- */

void life_cycle_halt(struct ndis_adapter *adapter, NDIS_HALT_ACTION action)
{
    struct callback call;

    hang_check_stop(adapter);
    offload_end(adapter, (const void *)adapter->driver->characteristics.OidRequestHandler);
    adapter_enter(adapter, ADAPTER_HALTING);
    call = callback_begin("MiniportHaltEx");
    adapter->driver->characteristics.HaltHandlerEx(adapter->context, action);
    callback_end(&call);
    messages_stop(adapter);
    adapter_enter(adapter, ADAPTER_HALTED);
    check_leaks(adapter, "MiniportHaltEx");
}

void life_cycle_pnp_event(struct ndis_adapter *adapter, NDIS_DEVICE_PNP_EVENT event)
{
    NET_DEVICE_PNP_EVENT notification;
    ULONG profile = 0;
    struct callback call;

    memset(&notification, 0, sizeof(notification));
    notification.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    notification.Header.Revision = 1;
    notification.Header.Size = NDIS_SIZEOF_NET_DEVICE_PNP_EVENT_REVISION_1;
    notification.DevicePnPEvent = event;
    if (event == NdisDevicePnPEventPowerProfileChanged) {
        notification.InformationBuffer = &profile; /* NdisPowerProfileBattery 0, AC 1 */
        notification.InformationBufferLength = sizeof(profile);
        profile = 1;
    }
    call = callback_begin("MiniportDevicePnPEventNotify");
    adapter->driver->characteristics.DevicePnPEventNotifyHandler(adapter->context, &notification);
    callback_end(&call);
}

void life_cycle_request_removal(struct ndis_adapter *adapter)
{
    pthread_mutex_lock(&adapter->lock);
    adapter->remove_requested = true;
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
}

NDIS_STATUS NTAPI NdisMRemoveMiniport(NDIS_HANDLE MiniportHandle)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportHandle, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter || HOST_FAILS())
        return NDIS_STATUS_FAILURE;
    life_cycle_request_removal(adapter);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMRemoveMiniport);
