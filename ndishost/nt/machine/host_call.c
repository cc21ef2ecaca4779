/* SPDX-License-Identifier: MIT */
/* The IRQL at which the driver calls the host; see host_call.h. */
#include "nt/machine/host_call.h"
#include "loader/loader.h"
#include "nt/machine/callback.h"
#include "nt/machine/irql.h"

_Static_assert(RULE_DEVICE_IRQL == IRQL_DEVICE, "irql_table.h and irql.h differ");

/* Functions that only the host's tests have are of rule "Irql". */
static const char *irql_rule(const char *function)
{
    const struct irql_fact *fact = irql_fact(function);

    return fact ? fact->rule : "Irql";
}

void host_call_check(const char *function, const void *caller, unsigned min, unsigned max)
{
    struct nt_thread *self = nt_self();

    /* What a function of the host calls for the driver is not the driver's call. */
    if (self->callback && !image_contains(caller))
        return;
    function = irql_function_name(function);
    if (self->asked_irql)
        callback_judge_asked();
    if (self->irql < min || self->irql > max)
        rule_violation(irql_rule(function), caller, "%s called at %s; it may be called at %s%s%s",
                       function, irql_name(self->irql), irql_name(self->irql < min ? min : max),
                       self->irql < min ? " and above"
                       : min < max      ? " and below"
                                        : "",
                       min == max ? " only" : "");
    self->call = function;
    self->caller = caller;
}
