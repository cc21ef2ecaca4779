/* SPDX-License-Identifier: MIT */
/* The IRQL at which the driver calls the host, and what can be made to fail; see host_call.h. */
#include "nt/machine/host_call.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loader/loader.h"
#include "nt/machine/callback.h"
#include "nt/machine/irql.h"

_Static_assert(RULE_DEVICE_IRQL == IRQL_DEVICE, "irql_table.h and irql.h differ");

const char *host_call_rule(const char *function)
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
        rule_violation(host_call_rule(function), caller,
                       "%s called at %s; it may be called at %s%s%s", function,
                       irql_name(self->irql), irql_name(self->irql < min ? min : max),
                       self->irql < min ? " and above"
                       : min < max      ? " and below"
                                        : "",
                       min == max ? " only" : "");
    self->call = function;
    self->caller = caller;
}

/* ---- What can be made to fail ---- */

/* Weak: a test that links none of the functions has no records. */
extern const struct host_fail_site __start_host_fail_sites[] __attribute__((weak));
extern const struct host_fail_site __stop_host_fail_sites[] __attribute__((weak));

const char *host_fail_name(const char *name)
{
    const struct host_fail_site *site;

    for (site = __start_host_fail_sites; site < __stop_host_fail_sites; site++) {
        const char *function = irql_function_name(site->function);

        if (function == name || !strcmp(function, name))
            return function;
    }
    return NULL;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void host_fail_names(char *buf, size_t size)
{
    size_t count = (size_t)(__stop_host_fail_sites - __start_host_fail_sites), used = 0, i;
    const char **names = calloc(count + 1, sizeof(*names));

    buf[0] = 0;
    for (i = 0; names && i < count; i++)
        names[i] = irql_function_name(__start_host_fail_sites[i].function);
    if (names)
        qsort(names, count, sizeof(*names), by_name);
    for (i = 0; names && i < count && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "", names[i]);
    free(names);
}
