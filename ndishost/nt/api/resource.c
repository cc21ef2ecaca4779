/* SPDX-License-Identifier: MIT */
/* Executive resources: many share one, or one thread has it alone. The driver's structure is only a name here;
 * who holds what is in a record of the host's. */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/handle.h"
#include "nt/machine/host_call.h"
#include "nt/machine/irql.h"
#include "rules/rules.h"

#define TRACK_KIND  "resource"
#define HOLDERS_MAX 64
#if defined(_AMD64_)
#define RESOURCE_BYTES 104
#else
#define RESOURCE_BYTES 56
#endif

struct holder {
    ERESOURCE_THREAD thread; /* 0: free */
    unsigned count;
};

struct resource {
    struct resource *next;
    PVOID address;
    struct holder holder[HOLDERS_MAX];
    bool exclusive; /* the one holder has it alone */
    unsigned waiting_exclusive, waiting_shared;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct resource *resources;

/* What ExGetCurrentResourceThread is in a driver: its thread. */
static ERESOURCE_THREAD self(void)
{
    return (ERESOURCE_THREAD)nt_current_thread();
}

/* ---- Lock held ---- */

static struct resource *find(PVOID address)
{
    struct resource *resource = resources;

    while (resource && resource->address != address)
        resource = resource->next;
    return resource;
}

static struct holder *holder_of(struct resource *resource, ERESOURCE_THREAD thread)
{
    for (unsigned i = 0; i < HOLDERS_MAX; i++)
        if (resource->holder[i].thread == thread)
            return &resource->holder[i];
    return NULL;
}

static bool is_held(const struct resource *resource)
{
    for (unsigned i = 0; i < HOLDERS_MAX; i++)
        if (resource->holder[i].thread)
            return true;
    return false;
}

static void hold(struct resource *resource, ERESOURCE_THREAD thread)
{
    struct holder *holder = holder_of(resource, thread);

    if (!holder)
        holder = holder_of(resource, 0);
    if (!holder)
        return; /* more than that many threads at once: they share it unnamed */
    holder->thread = thread;
    holder->count++;
}

/* ---- Between ---- */

static struct resource *locked(PVOID address, const char *function, const void *caller)
{
    struct resource *resource;

    pthread_mutex_lock(&lock);
    resource = find(address);
    if (resource)
        return resource;
    pthread_mutex_unlock(&lock);
    rule_violation("Resource", caller, "%s was given %p, which is not an initialised resource",
                   function, address);
    return NULL;
}

enum wish { ALONE, SHARED, SHARED_STARVE, SHARED_WAIT };

static bool can_have(struct resource *resource, ERESOURCE_THREAD thread, enum wish wish)
{
    bool mine = holder_of(resource, thread) != NULL;

    if (resource->exclusive)
        return mine;
    if (wish == ALONE)
        return !is_held(resource);
    if (wish == SHARED_STARVE || (wish == SHARED && mine))
        return true;
    return !resource->waiting_exclusive;
}

/* How many threads wait for it with this wish. */
static unsigned *waiting_for(struct resource *resource, enum wish wish)
{
    return wish == ALONE ? &resource->waiting_exclusive : &resource->waiting_shared;
}

static BOOLEAN acquire(PVOID address, BOOLEAN wait, enum wish wish, const char *function,
                       const void *caller)
{
    struct resource *resource = locked(address, function, caller);
    ERESOURCE_THREAD thread = self();
    unsigned *waiting;
    bool upgrade;

    if (!resource)
        return FALSE;
    waiting = waiting_for(resource, wish);
    upgrade = wish == ALONE && wait && !resource->exclusive && holder_of(resource, thread);
    ++*waiting;
    while (!upgrade && wait && !can_have(resource, thread, wish))
        pthread_cond_wait(&changed, &lock);
    --*waiting;
    if (!upgrade && can_have(resource, thread, wish)) {
        hold(resource, thread);
        resource->exclusive |= wish == ALONE;
        wait = TRUE;
    } else {
        wait = FALSE;
    }
    pthread_mutex_unlock(&lock);
    if (upgrade)
        rule_violation("Resource", caller,
                       "%s of %p by a thread that shares it would wait for itself", function,
                       address);
    return wait;
}

/* ---- Exports ---- */

NTSTATUS NTAPI ExInitializeResourceLite(PVOID Resource)
{
    struct resource *resource;
    bool again;

    HOST_CALL(DISPATCH_LEVEL);
    memset(Resource, 0, RESOURCE_BYTES);
    pthread_mutex_lock(&lock);
    resource = find(Resource);
    again = resource != NULL;
    if (!again && (resource = calloc(1, sizeof(*resource)))) {
        resource->address = Resource;
        resource->next = resources;
        resources = resource;
    }
    pthread_mutex_unlock(&lock);
    if (!resource)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (again)
        rule_violation("Resource", RULE_CALLER, "initialises resource %p, which is initialised",
                       Resource);
    else
        track_add(TRACK_KIND, Resource, 0, RULE_CALLER);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", ExInitializeResourceLite);

NTSTATUS NTAPI ExReinitializeResourceLite(PVOID Resource)
{
    struct resource *resource = locked(Resource, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    if (!resource)
        return STATUS_INVALID_PARAMETER;
    memset(resource->holder, 0, sizeof(resource->holder));
    resource->exclusive = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", ExReinitializeResourceLite);

NTSTATUS NTAPI ExDeleteResourceLite(PVOID Resource)
{
    struct resource *resource = locked(Resource, __func__, RULE_CALLER), **at;
    bool held;

    HOST_CALL(APC_LEVEL);
    if (!resource)
        return STATUS_INVALID_PARAMETER;
    held = is_held(resource);
    for (at = &resources; *at != resource; at = &(*at)->next)
        ;
    *at = resource->next;
    pthread_mutex_unlock(&lock);
    free(resource);
    track_remove(TRACK_KIND, Resource, RULE_CALLER);
    if (held)
        rule_violation("Resource", RULE_CALLER, "deletes resource %p, which is held", Resource);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", ExDeleteResourceLite);

BOOLEAN NTAPI ExAcquireResourceExclusiveLite(PVOID Resource, BOOLEAN Wait)
{
    HOST_CALL(APC_LEVEL);
    return acquire(Resource, Wait, ALONE, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireResourceExclusiveLite);

BOOLEAN NTAPI ExAcquireResourceSharedLite(PVOID Resource, BOOLEAN Wait)
{
    HOST_CALL(APC_LEVEL);
    return acquire(Resource, Wait, SHARED, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireResourceSharedLite);

BOOLEAN NTAPI ExAcquireSharedStarveExclusive(PVOID Resource, BOOLEAN Wait)
{
    HOST_CALL(APC_LEVEL);
    return acquire(Resource, Wait, SHARED_STARVE, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireSharedStarveExclusive);

BOOLEAN NTAPI ExAcquireSharedWaitForExclusive(PVOID Resource, BOOLEAN Wait)
{
    HOST_CALL(APC_LEVEL);
    return acquire(Resource, Wait, SHARED_WAIT, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireSharedWaitForExclusive);

static void release(PVOID address, ERESOURCE_THREAD thread, const char *function,
                    const void *caller)
{
    struct resource *resource = locked(address, function, caller);
    struct holder *holder;

    if (!resource)
        return;
    holder = holder_of(resource, thread);
    if (holder && !--holder->count) {
        holder->thread = 0;
        resource->exclusive = false;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (!holder)
        rule_violation("Resource", caller, "%s of %p, which this thread does not hold", function,
                       address);
}

VOID FASTCALL ExReleaseResourceLite(PVOID Resource)
{
    HOST_CALL(DISPATCH_LEVEL);
    release(Resource, self(), __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReleaseResourceLite);

VOID NTAPI ExReleaseResourceForThreadLite(PVOID Resource, ERESOURCE_THREAD ResourceThreadId)
{
    HOST_CALL(DISPATCH_LEVEL);
    release(Resource, ResourceThreadId, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReleaseResourceForThreadLite);

VOID NTAPI ExConvertExclusiveToSharedLite(PVOID Resource)
{
    struct resource *resource = locked(Resource, __func__, RULE_CALLER);
    bool had;

    HOST_CALL(APC_LEVEL);
    if (!resource)
        return;
    had = resource->exclusive && holder_of(resource, self());
    if (had)
        resource->exclusive = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    if (!had)
        rule_violation(
            "Resource", RULE_CALLER,
            "ExConvertExclusiveToSharedLite of %p, which this thread does not have alone",
            Resource);
}
HOST_EXPORT("ntoskrnl.exe", ExConvertExclusiveToSharedLite);

BOOLEAN NTAPI ExIsResourceAcquiredExclusiveLite(PVOID Resource)
{
    struct resource *resource = locked(Resource, __func__, RULE_CALLER);
    bool has;

    HOST_CALL(DISPATCH_LEVEL);
    if (!resource)
        return FALSE;
    has = resource->exclusive && holder_of(resource, self());
    pthread_mutex_unlock(&lock);
    return has;
}
HOST_EXPORT("ntoskrnl.exe", ExIsResourceAcquiredExclusiveLite);

ULONG NTAPI ExIsResourceAcquiredSharedLite(PVOID Resource)
{
    struct resource *resource = locked(Resource, __func__, RULE_CALLER);
    struct holder *holder;
    ULONG count;

    HOST_CALL(DISPATCH_LEVEL);
    if (!resource)
        return 0;
    holder = holder_of(resource, self());
    count = holder ? holder->count : 0;
    pthread_mutex_unlock(&lock);
    return count;
}
HOST_EXPORT("ntoskrnl.exe", ExIsResourceAcquiredSharedLite);

static ULONG waiters(PVOID address, enum wish wish, const char *function, const void *caller)
{
    struct resource *resource = locked(address, function, caller);
    ULONG count;

    if (!resource)
        return 0;
    count = *waiting_for(resource, wish);
    pthread_mutex_unlock(&lock);
    return count;
}

ULONG NTAPI ExGetExclusiveWaiterCount(PVOID Resource)
{
    HOST_CALL(DISPATCH_LEVEL);
    return waiters(Resource, ALONE, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExGetExclusiveWaiterCount);

ULONG NTAPI ExGetSharedWaiterCount(PVOID Resource)
{
    HOST_CALL(DISPATCH_LEVEL);
    return waiters(Resource, SHARED, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExGetSharedWaiterCount);
