/* SPDX-License-Identifier: MIT */
/*
 * callback.h: checks and measures each call into the driver. ndishost calls each function at an IRQL at
 * which Windows calls it. The function must return at the same IRQL with the same locks held.
 *   struct callback call = callback_begin("MiniportPause");
 *   ... call it ...
 *   callback_end(&call);
 * With the rules off, ndishost neither checks nor measures, but hang.h still watches the call.
 */
#ifndef NDISHOST_CALLBACK_H
#define NDISHOST_CALLBACK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "nt/machine/irql.h"
#include "rules/rules.h"

struct callback {
    const char *name;       /* NULL: the rules are off */
    struct nt_thread *self; /* then: the thread, if it came from outside of the driver */
    const char *outer;      /* the callback that this one is called from, or NULL */
    const void *outer_asked;
    unsigned before, irql; /* the level of the thread, and the one that the callback runs at */
    unsigned held;
    uint64_t start; /* of the thread's CPU time, in ns */
};

/* `name` is a constant with a row in callback.c. Windows calls each function at certain IRQLs. At another
 * one, callback_begin reports the rule of the function that the driver called, and sets the nearest right
 * IRQL. callback_end reports the rules "IrqlReturn",
 * "SpinLockBalanced", "Flags_Irql" and "GlitchFree". */
struct callback callback_enter(const char *name);
void callback_leave(const struct callback *call);

static inline struct callback callback_begin(const char *name)
{
    struct nt_thread *self;
    struct callback call;

    if (rules_enabled)
        return callback_enter(name);
    self = nt_self();
    call.name = NULL;
    call.self = NULL;
    if (!self->callback) {
        call.self = self;
        self->callbacks++;
        __atomic_store_n(&self->callback, name, __ATOMIC_RELEASE);
    }
    return call;
}
/* The same where the thread is inside a callback already: on the path of a frame. */
static inline struct callback callback_begin_inside(const char *name)
{
    struct callback call;

    if (rules_enabled)
        return callback_enter(name);
    call.name = NULL;
    call.self = NULL;
    return call;
}
static inline void callback_end(const struct callback *call)
{
    if (call->name)
        callback_leave(call);
    else if (call->self)
        call->self->callback = NULL;
}

/* Returns true if the calling thread is inside that callback: the innermost one, with the rules off the outermost. */
bool callback_inside(const char *name);

/* Records that the driver reads the IRQL. The rule "Flags_Irql" forbids it inside a callback that
 * has a flag for DISPATCH_LEVEL. On x64 a raise of the IRQL begins with the same read, so the rule
 * is reported only if no raise follows. */
void callback_irql_asked(const void *caller);
static inline void callback_irql_raised(void)
{
    nt_self()->asked_irql = NULL;
}
void callback_judge_asked(void);

/* Writes a JSON object with, for each callback, the number of calls, their CPU time and the
 * longest. */
void callback_report(FILE *out);

#endif
