/* SPDX-License-Identifier: MIT */
/* NDIS work items: run once each time they are queued, on a worker thread at PASSIVE_LEVEL. */
#include "ndis/api/miniport.h"

#include <string.h>
#include "nt/api/pool.h"
#include "nt/api/work.h"
#include "nt/machine/clock.h"
#include "nt/machine/hang.h"
#include "nt/machine/late.h"

#define WORK_TAG 0x6B57444E /* "NDWk" */

struct ndis_work_item {
    struct handle handle;
    atomic_bool queued;
    NDIS_IO_WORKITEM_ROUTINE routine;
    void *context;
};

NDIS_HANDLE NTAPI NdisAllocateIoWorkItem(NDIS_HANDLE NdisObjectHandle)
{
    struct ndis_work_item *item;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (!handle_driver_or_adapter(NdisObjectHandle, __func__, RULE_CALLER))
        return NULL;
    item = nt_pool_alloc("work item", sizeof(*item), WORK_TAG, RULE_CALLER);
    if (!item)
        return NULL;
    memset(item, 0, sizeof(*item));
    item->handle.kind = HANDLE_WORK_ITEM;
    return item;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateIoWorkItem);

VOID NTAPI NdisFreeIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle)
{
    struct ndis_work_item *item =
        handle_check(NdisIoWorkItemHandle, HANDLE_WORK_ITEM, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    if (!item)
        return;
    if (atomic_load(&item->queued)) {
        rule_violation_object("WorkItemFree", item, RULE_CALLER,
                              "NdisFreeIoWorkItem of a work item that is queued");
        return; /* rather lost than run from freed memory */
    }
    item->handle.kind = HANDLE_FREED;
    nt_pool_free("work item", item, WORK_TAG, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeIoWorkItem);

/* From the first line on the item may be queued again, and its routine may free it. */
static void run(void *context)
{
    struct ndis_work_item *item = context;
    NDIS_IO_WORKITEM_ROUTINE routine = item->routine;
    void *argument = item->context;
    uint64_t late = nt_late(LATE_WORK_ITEM);
    struct callback call;

    if (late)
        nt_clock_sleep(late);
    hang_untimed(true);
    call = callback_begin("NdisIoWorkItemRoutine");
    atomic_store(&item->queued, false);
    routine(argument, item);
    callback_end(&call);
    hang_untimed(false);
}

VOID NTAPI NdisQueueIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle, NDIS_IO_WORKITEM_ROUTINE Routine,
                               PVOID WorkItemContext)
{
    struct ndis_work_item *item =
        handle_check(NdisIoWorkItemHandle, HANDLE_WORK_ITEM, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    if (!item)
        return;
    if (atomic_exchange(&item->queued, true)) {
        rule_violation_object("WorkItemQueue", item, RULE_CALLER,
                              "NdisQueueIoWorkItem of a work item that is queued already");
        return;
    }
    item->routine = Routine;
    item->context = WorkItemContext;
    if (!nt_work_queue(run, item))
        atomic_store(&item->queued, false);
}
HOST_EXPORT("NDIS.SYS", NdisQueueIoWorkItem);
