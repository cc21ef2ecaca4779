/* SPDX-License-Identifier: MIT */
/* Interrupt objects; see interrupt.h. */
#include "nt/api/interrupt.h"

#include <pthread.h>
#include <stdlib.h>
#include "loader/exports.h"
#include "nt/machine/callback.h"
#include "nt/machine/host_call.h"
#include "nt/machine/irql.h"
#include "rules/rules.h"

struct _KINTERRUPT {
    PKINTERRUPT next;
    struct nt_interrupt *interrupt;
};

static pthread_mutex_t objects_lock = PTHREAD_MUTEX_INITIALIZER;
static PKINTERRUPT objects;

PKINTERRUPT kinterrupt_create(struct nt_interrupt *interrupt)
{
    PKINTERRUPT object = calloc(1, sizeof(*object));

    if (!object)
        return NULL;
    object->interrupt = interrupt;
    pthread_mutex_lock(&objects_lock);
    object->next = objects;
    objects = object;
    pthread_mutex_unlock(&objects_lock);
    return object;
}

void kinterrupt_destroy(PKINTERRUPT object)
{
    PKINTERRUPT *link;

    pthread_mutex_lock(&objects_lock);
    for (link = &objects; *link; link = &(*link)->next)
        if (*link == object) {
            *link = object->next;
            break;
        }
    pthread_mutex_unlock(&objects_lock);
    free(object);
}

/* NULL after a violation: it never was an object, or it was disconnected. */
static struct nt_interrupt *find(PKINTERRUPT object, const char *function, const void *caller)
{
    struct nt_interrupt *interrupt = NULL;
    PKINTERRUPT at;

    pthread_mutex_lock(&objects_lock);
    for (at = objects; at && !interrupt; at = at->next)
        if (at == object)
            interrupt = at->interrupt;
    pthread_mutex_unlock(&objects_lock);
    if (!interrupt)
        rule_violation("InterruptObject", caller,
                       "%s: %p is not the object of a connected interrupt", function,
                       (void *)object);
    return interrupt;
}

/* ---- What drivers call ---- */

struct synchronize {
    PKSYNCHRONIZE_ROUTINE routine;
    PVOID context;
};

static bool synchronize_run(void *context)
{
    const struct synchronize *call = context;
    struct callback callback = callback_begin("SynchCritSection");
    bool result = call->routine(call->context);

    callback_end(&callback);
    return result;
}

BOOLEAN NTAPI KeSynchronizeExecution(PKINTERRUPT Interrupt,
                                     PKSYNCHRONIZE_ROUTINE SynchronizeRoutine,
                                     PVOID SynchronizeContext)
{
    struct synchronize call = {SynchronizeRoutine, SynchronizeContext};
    struct nt_interrupt *interrupt = find(Interrupt, __func__, RULE_CALLER);

    HOST_CALL(IRQL_DEVICE);
    if (!interrupt || irql_get() > IRQL_DEVICE)
        return FALSE;
    return nt_interrupt_synchronize(interrupt, synchronize_run, &call);
}
HOST_EXPORT("ntoskrnl.exe", KeSynchronizeExecution);

KIRQL NTAPI KeAcquireInterruptSpinLock(PKINTERRUPT Interrupt)
{
    struct nt_interrupt *interrupt = find(Interrupt, __func__, RULE_CALLER);

    HOST_CALL(IRQL_DEVICE);
    if (!interrupt || irql_get() > IRQL_DEVICE)
        return (KIRQL)irql_get();
    return (KIRQL)nt_interrupt_lock(interrupt, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeAcquireInterruptSpinLock);

VOID NTAPI KeReleaseInterruptSpinLock(PKINTERRUPT Interrupt, KIRQL OldIrql)
{
    struct nt_interrupt *interrupt = find(Interrupt, __func__, RULE_CALLER);

    HOST_CALL_RANGE(IRQL_DEVICE, IRQL_DEVICE);
    if (interrupt)
        nt_interrupt_unlock(interrupt, OldIrql, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeReleaseInterruptSpinLock);
