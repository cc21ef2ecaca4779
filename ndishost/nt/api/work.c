/* SPDX-License-Identifier: MIT */
/* Work items, and the worker threads that run them at PASSIVE_LEVEL. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/callback.h"
#include "nt/machine/hang.h"
#include "nt/machine/clock.h"
#include "nt/machine/irql.h"
#include "nt/machine/late.h"
#include "nt/api/pool.h"
#include "nt/api/work.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define WORKERS    2
#define TRACK_KIND "work item"

struct call {
    struct call *next;
    void (*run)(void *context);
    void *context;
    uint64_t number;
};

struct _IO_WORKITEM {
    struct call call;
    PVOID object; /* device or driver object */
    PIO_WORKITEM_ROUTINE routine;
    PIO_WORKITEM_ROUTINE_EX routine_ex; /* one of the two */
    PVOID context;
    bool queued; /* guarded by lock */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static struct call *first, **last = &first;
static uint64_t queued_count, done_count;
static uint64_t at_work[WORKERS]; /* the number of the call that each worker is in, 0: none */
static pthread_t workers[WORKERS];
static unsigned started;
static bool running;

/* ---- The queue ---- */

static void enqueue(struct call *call)
{
    call->next = NULL;
    call->number = ++queued_count;
    *last = call;
    last = &call->next;
    pthread_cond_signal(&more);
}

static struct call *dequeue(void)
{
    struct call *call = first;

    if (call) {
        first = call->next;
        if (!first)
            last = &first;
    }
    return call;
}

static void worker_main(void *context)
{
    unsigned index = (unsigned)(uintptr_t)context;
    struct call *call;

    pthread_mutex_lock(&lock);
    for (;;) {
        while (!(call = dequeue()) && running)
            pthread_cond_wait(&more, &lock);
        if (!call)
            break;
        at_work[index] = call->number;
        pthread_mutex_unlock(&lock);
        call->run(call->context); /* the call may be gone after that */
        nt_check_no_locks("a work item");
        nt_check_irql("a work item", IRQL_PASSIVE);
        pthread_mutex_lock(&lock);
        at_work[index] = 0;
        done_count++;
        pthread_cond_broadcast(&done);
    }
    pthread_mutex_unlock(&lock);
}

int work_start(void)
{
    int failed = 0;

    running = true;
    queued_count = done_count = 0;
    for (started = 0; started < WORKERS && !failed; started += !failed) {
        char name[32];

        snprintf(name, sizeof name, "worker %u", started);
        failed = nt_thread_start(&workers[started], name, worker_main, (void *)(uintptr_t)started);
    }
    return failed;
}

/* What is queued still runs: a work item that never runs would never be freed. */
void work_stop(void)
{
    pthread_mutex_lock(&lock);
    running = false;
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
    while (started)
        pthread_join(workers[--started], NULL);
}

/* Is a call up to that number still waiting or running? */
static bool unfinished(uint64_t number)
{
    if (first && first->number <= number)
        return true;
    for (unsigned i = 0; i < WORKERS; i++)
        if (at_work[i] && at_work[i] <= number)
            return true;
    return false;
}

void work_flush(void)
{
    uint64_t until;

    pthread_mutex_lock(&lock);
    until = queued_count;
    while (running && unfinished(until))
        pthread_cond_wait(&done, &lock);
    pthread_mutex_unlock(&lock);
}

uint64_t work_count(void)
{
    uint64_t count;

    pthread_mutex_lock(&lock);
    count = done_count;
    pthread_mutex_unlock(&lock);
    return count;
}

/* ---- For the host ---- */

struct host_call {
    struct call call;
    void (*run)(void *context);
    void *context;
};

static void run_host_call(void *context)
{
    struct host_call host = *(struct host_call *)context;

    free(context);
    host.run(host.context);
}

bool nt_work_queue(void (*run)(void *context), void *context)
{
    struct host_call *host = malloc(sizeof *host);

    if (!host)
        return false;
    *host = (struct host_call){{NULL, run_host_call, host, 0}, run, context};
    pthread_mutex_lock(&lock);
    enqueue(&host->call);
    pthread_mutex_unlock(&lock);
    return true;
}

/* ---- Work items of the I/O manager ---- */

PIO_WORKITEM NTAPI IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
    PIO_WORKITEM item;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (nt_allocation_fails() || !(item = calloc(1, sizeof *item)))
        return NULL;
    item->object = DeviceObject;
    track_add(TRACK_KIND, item, 0, RULE_CALLER);
    return item;
}
HOST_EXPORT("ntoskrnl.exe", IoAllocateWorkItem);

VOID NTAPI IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
    bool queued;

    HOST_CALL(DISPATCH_LEVEL);
    if (!track_remove(TRACK_KIND, IoWorkItem, RULE_CALLER)) {
        rule_violation_object("WorkItemFree", IoWorkItem, RULE_CALLER,
                              "frees %p, which is not a work item or was already freed",
                              (void *)IoWorkItem);
        return;
    }
    pthread_mutex_lock(&lock);
    queued = IoWorkItem->queued;
    pthread_mutex_unlock(&lock);
    if (queued) {
        rule_violation_object("WorkItemFree", IoWorkItem, RULE_CALLER,
                              "frees work item %p while it is queued", (void *)IoWorkItem);
        return; /* rather lost than run from freed memory */
    }
    free(IoWorkItem);
}
HOST_EXPORT("ntoskrnl.exe", IoFreeWorkItem);

static void run_item(void *context)
{
    PIO_WORKITEM item = context;
    PIO_WORKITEM_ROUTINE routine;
    PIO_WORKITEM_ROUTINE_EX routine_ex;
    PVOID object = item->object, argument = item->context;
    uint64_t late = nt_late(LATE_WORK_ITEM);
    struct callback call;

    if (late)
        nt_clock_sleep(late);
    /* From here on it may be queued again, or be freed by its own routine. */
    pthread_mutex_lock(&lock);
    routine = item->routine;
    routine_ex = item->routine_ex;
    item->queued = false;
    pthread_mutex_unlock(&lock);
    hang_untimed(true);
    call = callback_begin("IoWorkItemRoutine");
    if (routine_ex)
        routine_ex(object, argument, item);
    else
        routine(object, argument);
    callback_end(&call);
    hang_untimed(false);
}

static void queue_item(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine,
                       PIO_WORKITEM_ROUTINE_EX routine_ex, PVOID context, const void *caller)
{
    bool twice;

    if (!track_exists(TRACK_KIND, item)) {
        rule_violation_object("WorkItemQueue", item, caller,
                              "queues %p, which is not a work item or was already freed",
                              (void *)item);
        return;
    }
    pthread_mutex_lock(&lock);
    twice = item->queued;
    if (!twice) {
        item->queued = true;
        item->routine = routine;
        item->routine_ex = routine_ex;
        item->context = context;
        item->call.run = run_item;
        item->call.context = item;
        enqueue(&item->call);
    }
    pthread_mutex_unlock(&lock);
    track_note(TRACK_KIND, item, "queued", caller);
    if (twice)
        rule_violation_object("WorkItemQueue", item, caller,
                              "queues work item %p, which is queued already", (void *)item);
}

VOID NTAPI IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine,
                           WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    (void)QueueType;
    HOST_CALL(DISPATCH_LEVEL);
    queue_item(IoWorkItem, WorkerRoutine, NULL, Context, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoQueueWorkItem);

VOID NTAPI IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine,
                             WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    (void)QueueType;
    HOST_CALL(DISPATCH_LEVEL);
    queue_item(IoWorkItem, NULL, WorkerRoutine, Context, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoQueueWorkItemEx);

ULONG NTAPI IoSizeofWorkItem(VOID)
{
    return sizeof(struct _IO_WORKITEM);
}
HOST_EXPORT("ntoskrnl.exe", IoSizeofWorkItem);

VOID NTAPI IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem)
{
    HOST_CALL(RULE_ANY_IRQL);
    memset(IoWorkItem, 0, sizeof *IoWorkItem);
    IoWorkItem->object = IoObject;
    track_add(TRACK_KIND, IoWorkItem, 0, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoInitializeWorkItem);

VOID NTAPI IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem)
{
    HOST_CALL(RULE_ANY_IRQL);
    if (!track_remove(TRACK_KIND, IoWorkItem, RULE_CALLER))
        rule_violation_object("WorkItemFree", IoWorkItem, RULE_CALLER,
                              "uninitialises work item %p, which is not initialised",
                              (void *)IoWorkItem);
}
HOST_EXPORT("ntoskrnl.exe", IoUninitializeWorkItem);

/* ---- Work items of the executive ---- */

static void run_executive_item(void *context)
{
    PWORK_QUEUE_ITEM item = context;

    item->WorkerRoutine(item->Parameter);
}

VOID NTAPI ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType)
{
    (void)QueueType;
    HOST_CALL(DISPATCH_LEVEL);
    if (!nt_work_queue(run_executive_item, WorkItem))
        abort(); /* Windows cannot fail here, so there is nobody to tell */
}
HOST_EXPORT("ntoskrnl.exe", ExQueueWorkItem);
