/* SPDX-License-Identifier: MIT */
/* What the files of the host's NDIS share: handles, states, headers, the names of statuses. */
#include "ndis/api/miniport.h"

#include <stdio.h>
#include "nt/machine/clock.h"
#include "nt/machine/held.h"
#include "nt/machine/probe.h"

static const char *handle_name(uint32_t kind)
{
    switch (kind) {
    case HANDLE_FREED:
        return "a handle that was closed or freed";
    case HANDLE_DRIVER:
        return "a miniport driver's handle";
    case HANDLE_ADAPTER:
        return "a miniport adapter's handle";
    case HANDLE_INTERRUPT:
        return "an interrupt's handle";
    case HANDLE_DMA:
        return "a DMA handle";
    case HANDLE_NBL_POOL:
        return "a NET_BUFFER_LIST pool's handle";
    case HANDLE_NB_POOL:
        return "a NET_BUFFER pool's handle";
    case HANDLE_TIMER:
        return "a timer object's handle";
    case HANDLE_WORK_ITEM:
        return "a work item's handle";
    case HANDLE_CONFIGURATION:
        return "a configuration handle";
    case HANDLE_RW_LOCK:
        return "a read/write lock";
    case HANDLE_DEVICE:
        return "a device's handle";
    case HANDLE_GENERIC:
        return "a generic object";
    }
    return "not a handle of NDIS";
}

void *handle_check(NDIS_HANDLE object, enum handle_kind kind, const char *function,
                   const void *caller)
{
    struct handle found = {0};

    if (!rules_enabled)
        return object;
    /* What the driver released may be unmapped. */
    if (!object || probe_copy(&found, object, sizeof(found)) != sizeof(found))
        found.kind = 0;
    if (found.kind == kind)
        return object;
    rule_violation_object("NdisHandle", object, caller, "%s was given %p, which is %s, not %s",
                          function, object, object ? handle_name(found.kind) : "NULL",
                          handle_name(kind));
    return NULL;
}

struct ndis_adapter *handle_adapter(NDIS_HANDLE handle, const char *function, const void *caller)
{
    return handle_check(handle, HANDLE_ADAPTER, function, caller);
}

bool handle_driver_or_adapter(NDIS_HANDLE object, const char *function, const void *caller)
{
    struct handle *handle = object;

    if (!handle || handle->kind == HANDLE_DRIVER || handle->kind == HANDLE_ADAPTER)
        return true;
    /* A generic object is an NDIS structure that begins with an object header of its own. */
    if (((NDIS_OBJECT_HEADER *)object)->Type == NDIS_OBJECT_TYPE_DEFAULT)
        return true;
    rule_violation("NdisHandle", caller, "%s was given %p, which is %s", function, object,
                   handle_name(handle->kind));
    return false;
}

const char *adapter_state_name(enum adapter_state state)
{
    static const char *const names[] = {"Halted",  "Initializing", "Paused", "Restarting",
                                        "Running", "Pausing",      "Halting"};

    return names[state];
}

void adapter_enter(struct ndis_adapter *adapter, enum adapter_state state)
{
    pthread_mutex_lock(&adapter->lock);
    atomic_store_explicit(&adapter->state, state, memory_order_release);
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
}

bool adapter_claims_hardware(struct ndis_adapter *adapter, const char *rule, const char *function,
                             const void *caller)
{
    if (adapter_state(adapter) != ADAPTER_INITIALIZING) {
        rule_violation(rule, caller, "%s outside MiniportInitializeEx: %s is %s", function,
                       adapter->name, adapter_state_name(adapter_state(adapter)));
        return false;
    }
    if (!adapter->registration_set) {
        rule_violation(rule, caller,
                       "%s before NdisMSetMiniportAttributes set the registration attributes",
                       function);
        return false;
    }
    return true;
}

uint64_t time_left(uint64_t start, uint64_t limit)
{
    uint64_t passed = nt_clock_now() - start, held;

    if (passed >= limit) {
        held = held_since(start);
        passed =
            nt_clock_now() - start - held; /* a clock read before it could be less than `held` */
    }
    return passed < limit ? limit - passed : 0;
}

bool header_valid(const NDIS_OBJECT_HEADER *header, unsigned type, unsigned revision, unsigned size)
{
    return header->Type == type && header->Revision >= revision && header->Size >= size;
}

bool header_check(const NDIS_OBJECT_HEADER *header, unsigned type, unsigned revision, unsigned size,
                  const char *function, const void *caller)
{
    if (header_valid(header, type, revision, size))
        return true;
    rule_violation("NdisObjectHeader", caller, "%s: object of type 0x%02x revision %u size %u",
                   function, header->Type, header->Revision, header->Size);
    return false;
}

void check_dispatch_flag(bool flag, const char *function, const void *caller)
{
    unsigned irql = irql_get();

    if (flag && irql != DISPATCH_LEVEL)
        rule_violation("Flags_Irql", caller, "%s called with the DISPATCH_LEVEL flag at %s",
                       function, irql_name(irql));
}

struct status_entry {
    uint32_t status;
    const char *name;
};
#define STATUS_ENTRY(name)      \
    {                           \
        (uint32_t)(name), #name \
    }

static const struct status_entry statuses[] = {
    STATUS_ENTRY(NDIS_STATUS_SUCCESS),
    STATUS_ENTRY(NDIS_STATUS_PENDING),
    STATUS_ENTRY(NDIS_STATUS_FAILURE),
    STATUS_ENTRY(NDIS_STATUS_RESOURCES),
    STATUS_ENTRY(NDIS_STATUS_CLOSING),
    STATUS_ENTRY(NDIS_STATUS_BAD_VERSION),
    STATUS_ENTRY(NDIS_STATUS_BAD_CHARACTERISTICS),
    STATUS_ENTRY(NDIS_STATUS_ADAPTER_NOT_FOUND),
    STATUS_ENTRY(NDIS_STATUS_OPEN_FAILED),
    STATUS_ENTRY(NDIS_STATUS_DEVICE_FAILED),
    STATUS_ENTRY(NDIS_STATUS_MULTICAST_FULL),
    STATUS_ENTRY(NDIS_STATUS_REQUEST_ABORTED),
    STATUS_ENTRY(NDIS_STATUS_RESET_IN_PROGRESS),
    STATUS_ENTRY(NDIS_STATUS_NOT_SUPPORTED),
    STATUS_ENTRY(NDIS_STATUS_INVALID_PACKET),
    STATUS_ENTRY(NDIS_STATUS_ADAPTER_NOT_READY),
    STATUS_ENTRY(NDIS_STATUS_INVALID_LENGTH),
    STATUS_ENTRY(NDIS_STATUS_INVALID_DATA),
    STATUS_ENTRY(NDIS_STATUS_BUFFER_TOO_SHORT),
    STATUS_ENTRY(NDIS_STATUS_BUFFER_OVERFLOW),
    STATUS_ENTRY(NDIS_STATUS_INVALID_OID),
    STATUS_ENTRY(NDIS_STATUS_ADAPTER_REMOVED),
    STATUS_ENTRY(NDIS_STATUS_UNSUPPORTED_MEDIA),
    STATUS_ENTRY(NDIS_STATUS_NOT_ACCEPTED),
    STATUS_ENTRY(NDIS_STATUS_RESOURCE_CONFLICT),
    STATUS_ENTRY(NDIS_STATUS_ERROR_READING_FILE),
    STATUS_ENTRY(NDIS_STATUS_INVALID_ADDRESS),
    STATUS_ENTRY(NDIS_STATUS_NOT_RESETTABLE),
    STATUS_ENTRY(NDIS_STATUS_SOFT_ERRORS),
    STATUS_ENTRY(NDIS_STATUS_HARD_ERRORS),
    STATUS_ENTRY(NDIS_STATUS_INVALID_DEVICE_REQUEST),
    STATUS_ENTRY(NDIS_STATUS_SEND_ABORTED),
    STATUS_ENTRY(NDIS_STATUS_PAUSED),
    STATUS_ENTRY(NDIS_STATUS_INVALID_PARAMETER),
    STATUS_ENTRY(NDIS_STATUS_INVALID_STATE),
    STATUS_ENTRY(NDIS_STATUS_UNSUPPORTED_REVISION),
    STATUS_ENTRY(NDIS_STATUS_LOW_POWER_STATE),
    STATUS_ENTRY(NDIS_STATUS_MEDIA_DISCONNECTED),
    STATUS_ENTRY(NDIS_STATUS_INDICATION_REQUIRED),
    STATUS_ENTRY(NDIS_STATUS_MEDIA_CONNECT),
    STATUS_ENTRY(NDIS_STATUS_MEDIA_DISCONNECT),
    STATUS_ENTRY(NDIS_STATUS_LINK_STATE),
    STATUS_ENTRY(NDIS_STATUS_MEDIA_SPECIFIC_INDICATION),
};

const char *status_name(NDIS_STATUS status, char *buf, size_t size)
{
    size_t i;

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].status == (uint32_t)status) {
            snprintf(buf, size, "%s (0x%08X)", statuses[i].name, (unsigned)status);
            return buf;
        }
    snprintf(buf, size, "status 0x%08X", (unsigned)status);
    return buf;
}
