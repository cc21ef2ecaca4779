/* SPDX-License-Identifier: MIT */
/* NDIS timer objects: a kernel timer and its DPC. */
#include "ndis/api/miniport.h"

#include <string.h>
#include "nt/api/pool.h"

struct ndis_timer {
    struct handle handle;
    KTIMER timer;
    KDPC dpc;
    ULONG tag;
    PNDIS_TIMER_FUNCTION function;
    void *default_context;
    _Atomic(void *) context;
    bool periodic;
};

static VOID NTAPI fire(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                       PVOID SystemArgument2)
{
    struct ndis_timer *timer = DeferredContext;
    struct callback call = callback_begin("NetTimerCallback");

    timer->function(SystemArgument1, atomic_load(&timer->context), SystemArgument2, Dpc);
    callback_end(&call);
}

NDIS_STATUS NTAPI NdisAllocateTimerObject(NDIS_HANDLE NdisHandle,
                                          PNDIS_TIMER_CHARACTERISTICS TimerCharacteristics,
                                          PNDIS_HANDLE pTimerObject)
{
    struct ndis_timer *timer;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    *pTimerObject = NULL;
    if (!handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER))
        return NDIS_STATUS_FAILURE;
    if (!header_valid(&TimerCharacteristics->Header, NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
                      NDIS_TIMER_CHARACTERISTICS_REVISION_1,
                      NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1) ||
        !TimerCharacteristics->TimerFunction) {
        rule_violation("NdisObjectHeader", RULE_CALLER,
                       "NdisAllocateTimerObject: characteristics of type 0x%02x revision %u size "
                       "%u, TimerFunction %p",
                       TimerCharacteristics->Header.Type, TimerCharacteristics->Header.Revision,
                       TimerCharacteristics->Header.Size,
                       (void *)TimerCharacteristics->TimerFunction);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    timer =
        nt_pool_alloc("timer", sizeof(*timer), TimerCharacteristics->AllocationTag, RULE_CALLER);
    if (!timer)
        return NDIS_STATUS_RESOURCES;
    memset(timer, 0, sizeof(*timer));
    timer->handle.kind = HANDLE_TIMER;
    timer->tag = TimerCharacteristics->AllocationTag;
    timer->function = TimerCharacteristics->TimerFunction;
    timer->default_context = TimerCharacteristics->FunctionContext;
    KeInitializeTimer(&timer->timer);
    KeInitializeDpc(&timer->dpc, fire, timer);
    *pTimerObject = timer;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateTimerObject);

static BOOLEAN set(NDIS_HANDLE object, LARGE_INTEGER due, LONG period, void *context,
                   const char *function, const void *caller)
{
    struct ndis_timer *timer = handle_check(object, HANDLE_TIMER, function, caller);

    if (!timer)
        return FALSE;
    if (period < 0) {
        rule_violation_object("PeriodicTimer", timer, caller, "%s with a period of %ld ms",
                              function, (long)period);
        return FALSE;
    }
    atomic_store(&timer->context, context ? context : timer->default_context);
    timer->periodic = period != 0;
    return KeSetTimerEx(&timer->timer, due, period, &timer->dpc);
}

BOOLEAN NTAPI NdisSetTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime,
                                 LONG MillisecondsPeriod, PVOID FunctionContext)
{
    HOST_CALL(DISPATCH_LEVEL);
    return set(TimerObject, DueTime, MillisecondsPeriod, FunctionContext, __func__, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisSetTimerObject);

BOOLEAN NTAPI NdisSetCoalescableTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime,
                                            LONG MillisecondsPeriod, PVOID FunctionContext,
                                            ULONG Tolerance)
{
    HOST_CALL(DISPATCH_LEVEL);
    (void)Tolerance;
    return set(TimerObject, DueTime, MillisecondsPeriod, FunctionContext, __func__, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisSetCoalescableTimerObject);

BOOLEAN NTAPI NdisCancelTimerObject(NDIS_HANDLE TimerObject)
{
    struct ndis_timer *timer = handle_check(TimerObject, HANDLE_TIMER, __func__, RULE_CALLER);
    BOOLEAN cancelled;

    HOST_CALL(DISPATCH_LEVEL);
    if (!timer)
        return FALSE;
    if (timer->periodic && irql_get() != PASSIVE_LEVEL)
        rule_violation_object("PeriodicTimer", timer, RULE_CALLER,
                              "a periodic timer cancelled at %s; only PASSIVE_LEVEL is allowed",
                              irql_name(irql_get()));
    cancelled = KeCancelTimer(&timer->timer);
    if (timer->periodic && irql_get() == PASSIVE_LEVEL)
        KeFlushQueuedDpcs();
    return cancelled;
}
HOST_EXPORT("NDIS.SYS", NdisCancelTimerObject);

VOID NTAPI NdisFreeTimerObject(NDIS_HANDLE TimerObject)
{
    struct ndis_timer *timer = handle_check(TimerObject, HANDLE_TIMER, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    if (!timer)
        return;
    if (KeCancelTimer(&timer->timer) || KeRemoveQueueDpc(&timer->dpc))
        rule_violation_object("CancelTimerObject", timer, RULE_CALLER,
                              "NdisFreeTimerObject of a timer that is set; cancel it first");
    timer->handle.kind = HANDLE_FREED;
    nt_pool_free("timer", timer, timer->tag, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeTimerObject);
