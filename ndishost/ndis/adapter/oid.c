/* SPDX-License-Identifier: MIT */
/* OID requests: made one at a time, completed at once or later, exactly once. */
#include "ndis/adapter/life_cycle.h"
#include "ndis/adapter/filter.h"
#include "ndis/adapter/oid.h"
#include "ndis/adapter/cancel.h"
#include "ndis/api/offload.h"
#include "ndis/api/receive_scale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nt/machine/clock.h"
#include "nt/api/pool.h"

#define OID_LATE  (12 * NT_SECOND) /* rule NdisTimedOidComplete */
#define OID_NEVER (60 * NT_SECOND)
#define OID_FILL  0xA7       /* what a query's buffer holds before it is answered */
#define OID_TAG   0x6469444E /* "NDid" */
#define REQUEST_KIND \
    "OID request" /* of its history: the driver does not leak it, however the request ends */

/* Other requests may come between a completion and its repetition on another thread. */
#define RECENT 16

struct oid_state {
    pthread_mutex_t serial; /* held by the one who has a request out */

    pthread_mutex_t lock; /* what follows */
    pthread_cond_t completed;
    NDIS_OID_REQUEST *current;        /* given to the miniport and not completed */
    NDIS_OID_REQUEST *last;           /* the one before, completed */
    NDIS_OID_REQUEST *recent[RECENT]; /* the last ones that were completed, in a ring */
    unsigned recent_next;
    NDIS_STATUS status;

    struct random random; /* under serial: what is cancelled, and when */
};

int oid_create(struct ndis_adapter *adapter)
{
    struct oid_state *state = calloc(1, sizeof(*state));

    if (!state)
        return -1;
    pthread_mutex_init(&state->serial, NULL);
    pthread_mutex_init(&state->lock, NULL);
    nt_clock_cond_init(&state->completed);
    random_seed(&state->random, adapter->seed ^ OID_TAG);
    adapter->oid = state;
    return 0;
}

void oid_destroy(struct ndis_adapter *adapter)
{
    free(adapter->oid);
    adapter->oid = NULL;
}

/* The request is complete. The state's lock is held. */
static void note_completed(struct oid_state *state, NDIS_OID_REQUEST *request)
{
    state->current = NULL;
    state->last = request;
    state->recent[state->recent_next++ % RECENT] = request;
}

/* Was it completed lately? The state's lock is held. */
static bool was_completed(const struct oid_state *state, const NDIS_OID_REQUEST *request)
{
    unsigned i;

    for (i = 0; i < RECENT; i++)
        if (state->recent[i] == request)
            return true;
    return false;
}

bool oid_supported(const struct ndis_adapter *adapter, NDIS_OID oid)
{
    unsigned i;

    for (i = 0; i < adapter->oid_count; i++)
        if (adapter->oids[i] == oid)
            return true;
    return false;
}

/* A request whose information buffer ends at a guard page; freed by request_free. */
static NDIS_OID_REQUEST *request_new(enum adapter_oid_kind kind, NDIS_OID oid, const void *buffer,
                                     ULONG length)
{
    static const NDIS_REQUEST_TYPE types[] = {
        NdisRequestQueryInformation, NdisRequestSetInformation, NdisRequestQueryStatistics};
    NDIS_OID_REQUEST *request = nt_pool_alloc(NULL, sizeof(*request), OID_TAG, NULL);

    if (!request)
        return NULL;
    memset(request, 0, sizeof(*request));
    request->Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
    request->Header.Revision = NDIS_OID_REQUEST_REVISION_1;
    request->Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
    request->RequestType = types[kind];
    request->PortNumber = NDIS_DEFAULT_PORT_NUMBER;
    request->RequestId = request;
    request->RequestHandle = request;
    request->DATA.QUERY_INFORMATION.Oid = oid;
    request->DATA.QUERY_INFORMATION.InformationBufferLength = length;
    if (length) {
        void *information = nt_pool_alloc(NULL, length, OID_TAG, NULL);

        if (!information) {
            nt_pool_free(NULL, request, OID_TAG, NULL);
            return NULL;
        }
        if (kind == ADAPTER_OID_SET || oid == OID_PNP_QUERY_POWER) /* a query that says something */
            memcpy(information, buffer, length);
        else
            memset(information, OID_FILL, length);
        request->DATA.QUERY_INFORMATION.InformationBuffer = information;
    }
    return request;
}

static void request_free(NDIS_OID_REQUEST *request)
{
    if (request->DATA.QUERY_INFORMATION.InformationBuffer)
        nt_pool_free(NULL, request->DATA.QUERY_INFORMATION.InformationBuffer, OID_TAG, NULL);
    nt_pool_free(NULL, request, OID_TAG, NULL);
}

static const void *oid_handler(const struct ndis_adapter *adapter)
{
    return (const void *)adapter->driver->characteristics.OidRequestHandler;
}

/* false: the miniport has not completed the request, and may still hold it. */
static bool wait_pending(struct ndis_adapter *adapter, NDIS_OID oid, NDIS_STATUS *status)
{
    struct oid_state *state = adapter->oid;
    uint64_t start = nt_clock_now(), left;
    bool late = false;

    pthread_mutex_lock(&state->lock);
    while (state->current && time_left(start, OID_NEVER)) {
        left = time_left(start, late ? OID_NEVER : OID_LATE);
        nt_clock_wait(&state->completed, &state->lock, nt_clock_now() + left);
        if (state->current && !late && !time_left(start, OID_LATE)) {
            late = true;
            rule_violation_object("NdisTimedOidComplete", state->current, oid_handler(adapter),
                                  "the request for OID 0x%08lX has been pending for 12 s",
                                  (unsigned long)oid);
        }
    }
    *status = state->status;
    late = state->current != NULL;
    pthread_mutex_unlock(&state->lock);
    return !late;
}

/* MiniportOidRequest returned a status of its own: then it must not have completed it otherwise. */
static NDIS_STATUS complete_at_once(struct ndis_adapter *adapter, NDIS_OID_REQUEST *request,
                                    NDIS_STATUS status)
{
    struct oid_state *state = adapter->oid;

    pthread_mutex_lock(&state->lock);
    if (!state->current)
        rule_violation_object(
            "DoubleComplete", request, oid_handler(adapter),
            "MiniportOidRequest returned 0x%08X for OID 0x%08lX after it had called "
            "NdisMOidRequestComplete",
            (unsigned)status, (unsigned long)request->DATA.QUERY_INFORMATION.Oid);
    note_completed(state, request);
    pthread_mutex_unlock(&state->lock);
    return status;
}

/* BytesWritten is all that the miniport wrote (network/ndis-oid-request, InformationBuffer). */
static void rest_check(struct ndis_adapter *adapter, const NDIS_OID_REQUEST *request)
{
    const uint8_t *information = request->DATA.QUERY_INFORMATION.InformationBuffer;
    ULONG i;

    for (i = request->DATA.QUERY_INFORMATION.BytesWritten;
         i < request->DATA.QUERY_INFORMATION.InformationBufferLength; i++)
        if (information[i] != OID_FILL) {
            rule_violation("OidRequest", oid_handler(adapter),
                           "OID 0x%08lX: BytesWritten is %lu, but byte %lu was written",
                           (unsigned long)request->DATA.QUERY_INFORMATION.Oid,
                           (unsigned long)request->DATA.QUERY_INFORMATION.BytesWritten,
                           (unsigned long)i);
            return;
        }
}

/* Completed means success, a failure, or a warning; of some the status is limited further
 * (devtest/ndis-ndisoidcomplete). Those of power have a rule of their own. */
static bool status_allowed(const struct ndis_adapter *adapter, NDIS_OID oid, NDIS_STATUS status)
{
    switch (oid) {
    case OID_PNP_SET_POWER:
    case OID_PNP_QUERY_POWER:
        return true;
    case OID_802_3_DELETE_MULTICAST_ADDRESS:
    case OID_PM_REMOVE_WOL_PATTERN:
    case OID_PM_REMOVE_PROTOCOL_OFFLOAD:
        if (oid_supported(adapter, oid))
            return status == NDIS_STATUS_SUCCESS || status == NDIS_STATUS_NOT_ACCEPTED ||
                   status == NDIS_STATUS_REQUEST_ABORTED;
    }
    return status == NDIS_STATUS_SUCCESS || status == NDIS_STATUS_INDICATION_REQUIRED ||
           status == NDIS_STATUS_PENDING /* told of already */ || (uint32_t)status >> 31;
}

/* What these ask for is never nothing. */
static bool fixed_size(NDIS_OID oid)
{
    switch (oid) {
    case OID_GEN_VENDOR_ID:
    case OID_GEN_VENDOR_DRIVER_VERSION:
    case OID_GEN_VENDOR_DESCRIPTION:
    case OID_GEN_MAXIMUM_TOTAL_SIZE:
    case OID_GEN_TRANSMIT_BUFFER_SPACE:
    case OID_GEN_RECEIVE_BUFFER_SPACE:
    case OID_GEN_TRANSMIT_BLOCK_SIZE:
    case OID_GEN_RECEIVE_BLOCK_SIZE:
    case OID_GEN_XMIT_OK:
    case OID_GEN_RCV_OK:
    case OID_GEN_STATISTICS:
    case OID_GEN_INTERRUPT_MODERATION:
    case OID_802_3_PERMANENT_ADDRESS:
    case OID_802_3_CURRENT_ADDRESS:
        return true;
    }
    return false;
}

static void answer_check(struct ndis_adapter *adapter, enum adapter_oid_kind kind,
                         const NDIS_OID_REQUEST *request, NDIS_STATUS status)
{
    NDIS_OID oid = request->DATA.QUERY_INFORMATION.Oid;
    char name[64];

    if (kind == ADAPTER_OID_QUERY && status == NDIS_STATUS_SUCCESS && fixed_size(oid) &&
        !request->DATA.QUERY_INFORMATION.BytesWritten)
        rule_violation("OidRequest", oid_handler(adapter),
                       "OID 0x%08lX: NDIS_STATUS_SUCCESS with no bytes written",
                       (unsigned long)oid);
    if (!status_allowed(adapter, oid, status))
        rule_violation("NdisOidComplete", oid_handler(adapter),
                       "OID 0x%08lX completed with %s, which is not allowed for it",
                       (unsigned long)oid, status_name(status, name, sizeof(name)));
}

static void result_check(struct ndis_adapter *adapter, const NDIS_OID_REQUEST *request,
                         NDIS_STATUS status)
{
    ULONG length = request->DATA.QUERY_INFORMATION.InformationBufferLength;

    if (request->DATA.QUERY_INFORMATION.BytesWritten > length)
        rule_violation("OidRequest", oid_handler(adapter),
                       "OID 0x%08lX: %lu bytes written or read of a buffer of %lu",
                       (unsigned long)request->DATA.QUERY_INFORMATION.Oid,
                       (unsigned long)request->DATA.QUERY_INFORMATION.BytesWritten,
                       (unsigned long)length);
    if ((status == NDIS_STATUS_BUFFER_TOO_SHORT) &&
        request->DATA.QUERY_INFORMATION.BytesNeeded <= length)
        rule_violation(
            "OidRequest", oid_handler(adapter),
            "OID 0x%08lX: too short, but BytesNeeded is %lu and the buffer has %lu bytes",
            (unsigned long)request->DATA.QUERY_INFORMATION.Oid,
            (unsigned long)request->DATA.QUERY_INFORMATION.BytesNeeded, (unsigned long)length);
}

/* Is a request to be cancelled now? By chance; never one of power, which are NDIS's own. */
static bool cancel_due(struct ndis_adapter *adapter, NDIS_OID oid, unsigned in)
{
    return (adapter->liberties & LIBERTY_CANCEL) && oid != OID_PNP_SET_POWER &&
           oid != OID_PNP_QUERY_POWER && random_chance(&adapter->oid->random, 1, in);
}

/* The request to MiniportOidRequest, and its end waited for; with `cancel` it is cancelled while it
 * is pending, and *cancelled says so. false: it was not completed, and stays the miniport's. */
static bool carry_out(struct ndis_adapter *adapter, NDIS_OID_REQUEST *request, bool cancel,
                      bool *cancelled, NDIS_STATUS *status)
{
    struct oid_state *state = adapter->oid;
    NDIS_OID oid = request->DATA.QUERY_INFORMATION.Oid;
    const void *owner = track_owner(adapter);
    struct callback call;
    bool complete = true;

    pthread_mutex_lock(&state->lock);
    state->current = request;
    pthread_mutex_unlock(&state->lock);
    COUNT(adapter, oid_requests, 1);
    track_add(REQUEST_KIND, request, sizeof(*request), oid_handler(adapter));
    call = callback_begin("MiniportOidRequest");
    *status = adapter->driver->characteristics.OidRequestHandler(adapter->context, request);
    callback_end(&call);
    track_owner(owner);
    *cancelled = cancel && *status == NDIS_STATUS_PENDING;
    if (*cancelled)
        cancel_oid_request(adapter, request->RequestId);
    if (*status == NDIS_STATUS_PENDING)
        complete = wait_pending(adapter, oid, status);
    else
        complete_at_once(adapter, request, *status);
    track_remove(REQUEST_KIND, request, oid_handler(adapter));
    return complete;
}

/* The answer into the caller's buffer. */
static void take_answer(struct ndis_adapter *adapter, enum adapter_oid_kind kind,
                        const NDIS_OID_REQUEST *request, NDIS_STATUS status, void *buffer,
                        ULONG *done, ULONG *needed)
{
    ULONG length = request->DATA.QUERY_INFORMATION.InformationBufferLength;

    result_check(adapter, request, status);
    answer_check(adapter, kind, request, status);
    if (kind != ADAPTER_OID_SET && rules_enabled &&
        request->DATA.QUERY_INFORMATION.Oid != OID_PNP_QUERY_POWER)
        rest_check(adapter, request);
    *done = request->DATA.QUERY_INFORMATION.BytesWritten;
    *needed = request->DATA.QUERY_INFORMATION.BytesNeeded;
    if (kind != ADAPTER_OID_SET && length)
        memcpy(buffer, request->DATA.QUERY_INFORMATION.InformationBuffer,
               *done < length ? *done : length);
}

/* One request; serial held. */
static NDIS_STATUS request_locked(struct ndis_adapter *adapter, enum adapter_oid_kind kind,
                                  NDIS_OID oid, void *buffer, ULONG length, ULONG *done,
                                  ULONG *needed)
{
    bool cancel = cancel_due(adapter, oid, 4), cancelled;
    NDIS_OID_REQUEST *request;
    NDIS_STATUS status;

    do {
        request = request_new(kind, oid, buffer, length);
        if (!request)
            return NDIS_STATUS_RESOURCES;
        if (cancel_due(adapter, oid, 16)) /* it came too late: that request is long complete */
            cancel_oid_request(adapter, adapter->oid->last);
        if (!carry_out(adapter, request, cancel, &cancelled, &status))
            return NDIS_STATUS_FAILURE;
        take_answer(adapter, kind, request, status, buffer, done, needed);
        request_free(request);
        cancel = false;
    } while (cancelled && status == NDIS_STATUS_REQUEST_ABORTED); /* now in earnest */
    return status;
}

NDIS_STATUS oid_request(struct ndis_adapter *adapter, enum adapter_oid_kind kind, NDIS_OID oid,
                        void *buffer, ULONG length, ULONG *done, ULONG *needed)
{
    struct oid_state *state = adapter->oid;
    NDIS_STATUS status = NDIS_STATUS_LOW_POWER_STATE;

    *done = *needed = 0;
    pthread_mutex_lock(&state->serial);
    /* "No OID requests can be sent ... while it is in a low-power state, with the exception of
     * OID_PNP_SET_POWER" (handling-a-set-power-request). */
    if (!adapter_power_state(adapter) || oid == OID_PNP_SET_POWER) {
        if (kind == ADAPTER_OID_SET) {
            filter_changing(adapter, oid);
            offload_oid_begin(adapter, oid, oid_handler(adapter));
            if (oid == OID_GEN_RECEIVE_SCALE_PARAMETERS)
                receive_scale_oid_begin(adapter, buffer, length);
        }
        status = request_locked(adapter, kind, oid, buffer, length, done, needed);
        if (kind == ADAPTER_OID_SET) {
            filter_changed(adapter, oid, status, buffer, length);
            offload_oid_end(adapter, oid, status, buffer, length, oid_handler(adapter));
            if (oid == OID_GEN_RECEIVE_SCALE_PARAMETERS)
                receive_scale_oid_end(adapter, status, buffer, length, oid_handler(adapter));
        }
    }
    pthread_mutex_unlock(&state->serial);
    return status;
}

VOID NTAPI NdisMOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
                                   NDIS_STATUS Status)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    struct oid_state *state;

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    state = adapter->oid;
    if (Status == NDIS_STATUS_PENDING)
        rule_violation("NdisOidComplete", RULE_CALLER, "completed with NDIS_STATUS_PENDING");
    pthread_mutex_lock(&state->lock);
    if (!OidRequest || state->current != OidRequest) {
        bool twice = OidRequest && was_completed(state, OidRequest);
        bool work_item = callback_inside("NdisIoWorkItemRoutine");

        pthread_mutex_unlock(&state->lock);
        rule_violation_object(!twice      ? "NdisOidDoubleRequest"
                              : work_item ? "DoubleCompleteWorkItem"
                                          : "NdisOidDoubleComplete",
                              OidRequest, RULE_CALLER, "the OID request %p %s%s",
                              (void *)OidRequest,
                              twice ? "is complete already" : "is not the one that is pending",
                              twice && work_item ? ", and a work item completes it once more" : "");
        return;
    }
    track_note(REQUEST_KIND, OidRequest, "completed", RULE_CALLER);
    note_completed(state, OidRequest);
    state->status = Status;
    pthread_cond_broadcast(&state->completed);
    pthread_mutex_unlock(&state->lock);
}
HOST_EXPORT("NDIS.SYS", NdisMOidRequestComplete);

VOID NTAPI NdisMDirectOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle,
                                         PNDIS_OID_REQUEST OidRequest, NDIS_STATUS Status)
{
    HOST_CALL(DISPATCH_LEVEL);
    (void)Status;
    if (handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER))
        rule_violation("NdisOidDoubleComplete", RULE_CALLER,
                       "no direct OID request %p was given to the miniport", (void *)OidRequest);
}
HOST_EXPORT("NDIS.SYS", NdisMDirectOidRequestComplete);

int32_t adapter_oid(struct ndis_adapter *adapter, enum adapter_oid_kind kind, uint32_t oid,
                    void *buffer, uint32_t length, uint32_t *done, uint32_t *needed)
{
    NDIS_STATUS status;
    uint32_t power;

    *done = *needed = 0;
    if (adapter_state(adapter) == ADAPTER_HALTED)
        return NDIS_STATUS_ADAPTER_NOT_READY;
    if (kind == ADAPTER_OID_SET && oid == OID_PNP_SET_POWER && length == sizeof(power)) {
        memcpy(&power, buffer, sizeof(power));
        if (power >= NdisDeviceStateD0 && power <= NdisDeviceStateD3) {
            *done = length;
            return adapter_power(adapter, power - NdisDeviceStateD0);
        }
    }
    if (kind == ADAPTER_OID_QUERY &&
        oid_answer(adapter, oid, buffer, length, done, needed, &status))
        return status;
    return oid_request(adapter, kind, oid, buffer, length, done, needed);
}
