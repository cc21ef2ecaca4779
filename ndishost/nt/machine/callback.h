/* SPDX-License-Identifier: MIT */
/*
 * callback.h: what surrounds each call into the driver: it is called at an IRQL that Windows would
 * call it at, comes back at that IRQL and with the locks it went with, and its work is measured.
 *   struct callback call = callback_begin("MiniportPause");
 *   ... call it ...
 *   callback_end(&call);
 * With the rules off nothing of this happens.
 */
#ifndef NDISHOST_CALLBACK_H
#define NDISHOST_CALLBACK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "nt/machine/irql.h"
#include "rules/rules.h"

struct callback {
    const char *name;
    const char *outer; /* the callback that this one is called from, or NULL */
    const void *outer_asked;
    unsigned irql, held;
    uint64_t start; /* of the thread's CPU time, in ns */
};

/* `name` is a constant with a row in callback.c. Rules of callback_end: "IrqlReturn",
 * "SpinLockBalanced", "Flags_Irql", "GlitchFree". */
struct callback callback_enter(const char *name);
void callback_leave(const struct callback *call);

static inline struct callback callback_begin(const char *name)
{
    struct callback none = {0};

    return rules_enabled ? callback_enter(name) : none;
}
static inline void callback_end(const struct callback *call)
{
    if (call->name)
        callback_leave(call);
}

/* Is the calling thread inside that callback, at whatever depth? */
bool callback_inside(const char *name);

/* The driver looks at the IRQL. Inside a callback that has a flag for DISPATCH_LEVEL it is not to: rule
 * "Flags_Irql". On x64 raising the IRQL begins with the same look, so that it is told to be wrong
 * only when no raise follows. */
void callback_irql_asked(const void *caller);
static inline void callback_irql_raised(void)
{
    nt_self()->asked_irql = NULL;
}
void callback_judge_asked(void);

/* A JSON object: for each callback how often it ran, and its CPU time in all and at the longest. */
void callback_report(FILE *out);

#endif
