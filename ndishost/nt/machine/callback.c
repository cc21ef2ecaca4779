/* SPDX-License-Identifier: MIT */
/* Checks and measures each call into the driver; see callback.h. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "loader/loader.h"
#include "nt/machine/callback.h"
#include "nt/machine/host_call.h"

/* The most CPU time that a call at DISPATCH_LEVEL or above may use, in ns. Windows sets much lower
 * limits: 25 us for an ISR, 100 us for a DPC. ndishost reports these times but does not check them,
 * because machines differ in speed. Three seconds are too long on any machine, even an emulated
 * one. */
#define WORK_MOST   3000000000u

#define UP_TO(irql) 0, irql
#define AT(irql)    irql, irql

/* Windows calls these functions at these IRQLs (ddi/ndis/nc-ndis-*). `flagged`: a parameter of the
 * function tells whether the IRQL is DISPATCH_LEVEL. */
static struct row {
    const char *name;
    unsigned min, max;
    bool flagged;
    atomic_ulong calls;
    _Atomic uint64_t work, longest; /* ns */
} table[] = {
    {"DriverEntry", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportDriverUnload", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportSetOptions", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportAddDevice", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportFilterResourceRequirements", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportRemoveDevice", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportInitializeEx", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportHaltEx", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportPause", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportRestart", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportDevicePnPEventNotify", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportShutdownEx", UP_TO(IRQL_HIGH), false, 0, 0, 0},
    {"MiniportCheckForHangEx", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportResetEx", UP_TO(IRQL_DISPATCH), false, 0, 0, 0},
    {"MiniportOidRequest", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportCancelOidRequest", UP_TO(IRQL_DISPATCH), false, 0, 0, 0},
    {"MiniportDirectOidRequest", UP_TO(IRQL_DISPATCH), false, 0, 0, 0},
    {"MiniportCancelDirectOidRequest", UP_TO(IRQL_DISPATCH), false, 0, 0, 0},
    {"MiniportSendNetBufferLists", UP_TO(IRQL_DISPATCH), true, 0, 0, 0},
    {"MiniportCancelSend", UP_TO(IRQL_DISPATCH), false, 0, 0, 0},
    {"MiniportReturnNetBufferLists", UP_TO(IRQL_DISPATCH), true, 0, 0, 0},
    {"MiniportProcessSGList", AT(IRQL_DISPATCH), false, 0, 0, 0},
    {"MiniportSharedMemoryAllocateComplete", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"MiniportInterrupt", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"MiniportInterruptDPC", AT(IRQL_DISPATCH), false, 0, 0, 0},
    {"MiniportDisableInterruptEx", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"MiniportEnableInterruptEx", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"MiniportDisableMessageInterrupt", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"MiniportEnableMessageInterrupt", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"MiniportMessageInterrupt", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"MiniportMessageInterruptDPC", AT(IRQL_DISPATCH), false, 0, 0, 0},
    {"MiniportSynchronizeInterrupt", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"SynchCritSection", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"NetTimerCallback", AT(IRQL_DISPATCH), false, 0, 0, 0},
    {"NdisIoWorkItemRoutine", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"CustomDpc", AT(IRQL_DISPATCH), false, 0, 0, 0},
    {"IoWorkItemRoutine", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"DriverDispatch", AT(IRQL_PASSIVE), false, 0, 0, 0},
    {"CallbackFunction", UP_TO(IRQL_DISPATCH), false, 0, 0, 0},
    {"InterruptService", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"InterruptMessageService", AT(IRQL_DEVICE), false, 0, 0, 0},
    {"BugCheckCallback", AT(IRQL_HIGH), false, 0, 0, 0},
};

#define ROWS (sizeof table / sizeof table[0])

static struct row *row_of(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (table[i].name == name || !strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}

static uint64_t cpu_time(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void internal_error(const char *name, const char *why)
{
    fprintf(stderr, "ndishost: internal error: ndishost calls %s at %s%s\n", name,
            irql_name(nt_self()->irql), why);
    abort();
}

/* The driver called a function of the host at an IRQL at which Windows could not make the call that follows from
 * it. The callback runs at the nearest IRQL that is right for it, so that nothing in it is blamed for that. */
static void correct_irql(const struct row *row)
{
    struct nt_thread *self = nt_self();
    unsigned irql = self->irql < row->min ? row->min : row->max;

    if (!self->call)
        internal_error(row->name, ", which Windows never does");
    rule_violation(host_call_rule(self->call), self->caller,
                   "%s called at %s leads to a call of %s, which Windows makes at %s%s; ndishost "
                   "calls it at that level",
                   self->call, irql_name(self->irql), row->name, irql_name(irql),
                   row->min == row->max ? " only"
                   : irql == row->min   ? " and above"
                                        : " and below");
    irql_set_raw(irql);
}

struct callback callback_enter(const char *name)
{
    struct nt_thread *self = nt_self();
    const struct row *row = row_of(name);
    struct callback call = {.name = name,
                            .outer = self->callback,
                            .outer_asked = self->asked_irql,
                            .before = self->irql,
                            .held = self->held_count,
                            .start = cpu_time()};

    if (!row) {
        internal_error(name, "; add a row for it to ndishost/nt/machine/callback.c");
        return call;
    }
    if (self->irql < row->min || self->irql > row->max)
        correct_irql(row);
    call.irql = self->irql;
    if (!call.outer)
        self->callbacks++;
    __atomic_store_n(&self->callback, name, __ATOMIC_RELEASE);
    self->asked_irql = NULL;
    self->flagged = row->flagged;
    return call;
}

static void account(struct row *row, uint64_t work, unsigned irql)
{
    uint64_t longest = atomic_load_explicit(&row->longest, memory_order_relaxed);

    atomic_fetch_add_explicit(&row->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->work, work, memory_order_relaxed);
    while (work > longest && !atomic_compare_exchange_weak(&row->longest, &longest, work))
        ;
    if (work > WORK_MOST && irql >= IRQL_DISPATCH)
        rule_violation("GlitchFree", NULL,
                       "%s used %llu ms of CPU time at %s; move long work to PASSIVE_LEVEL",
                       row->name, (unsigned long long)work / 1000000u, irql_name(irql));
}

void callback_leave(const struct callback *call)
{
    struct nt_thread *self = nt_self();
    struct row *row = row_of(call->name);
    const struct row *outer = call->outer ? row_of(call->outer) : NULL;

    callback_judge_asked();
    account(row, cpu_time() - call->start, call->irql);
    /* A callback that keeps a lock also keeps its IRQL: only the lock is reported. */
    if (nt_check_no_locks_above(call->name, call->held))
        irql_set_raw(call->irql);
    nt_check_irql(call->name, call->irql);
    if (call->before != call->irql)
        irql_set_raw(call->before);
    self->callback = call->outer;
    self->asked_irql = call->outer_asked;
    self->flagged = outer && outer->flagged;
}

bool callback_inside(const char *name)
{
    const char *callback = nt_self()->callback;

    return callback && !strcmp(callback, name);
}

/* ---- Flags that say DISPATCH_LEVEL ---- */

void callback_judge_asked(void)
{
    struct nt_thread *self = nt_self();
    const void *caller = self->asked_irql;

    self->asked_irql = NULL;
    if (caller)
        rule_violation("Flags_Irql", caller,
                       "queries the current IRQL inside %s; the DISPATCH_LEVEL flag of that call "
                       "already tells it",
                       self->callback);
}

void callback_irql_asked(const void *caller)
{
    struct nt_thread *self = nt_self();

    if (!rules_enabled || !self->flagged || !image_contains(caller))
        return;
    callback_judge_asked();
    self->asked_irql = caller;
#if !defined(__x86_64__)
    callback_judge_asked();
#endif
}

/* ---- Report ---- */

void callback_report(FILE *out)
{
    const char *separator = "{";

    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &table[i];
        unsigned long calls = atomic_load(&row->calls);

        if (!calls)
            continue;
        fprintf(out, "%s\"%s\": {\"calls\": %lu, \"cpu_us\": %llu, \"longest_cpu_us\": %llu}",
                separator, row->name, calls, (unsigned long long)atomic_load(&row->work) / 1000u,
                (unsigned long long)atomic_load(&row->longest) / 1000u);
        separator = ", ";
    }
    fputs(*separator == '{' ? "{}" : "}", out);
}
