/* SPDX-License-Identifier: MIT */
/*
 * host_call.h: what each function of the host begins with that a driver can call.
 *   ULONG NTAPI SomeFunction(ULONG argument)
 *   {
 *       HOST_CALL(DISPATCH_LEVEL);
 *       ...
 *   }
 *   HOST_EXPORT("NDIS.SYS", SomeFunction);
 */
#ifndef NDISHOST_HOST_CALL_H
#define NDISHOST_HOST_CALL_H

#include "rules/irql_table.h"
#include "rules/rules.h"

/* Each exported function begins with HOST_CALL(max): it checks that the current IRQL is at most
 * `max` (PASSIVE_LEVEL, APC_LEVEL, DISPATCH_LEVEL, RULE_ANY_IRQL), and remembers the call for reports.
 * HOST_CALL_RANGE(min, max) where a function has a floor too, HOST_CALL_VARYING where the arguments
 * decide. The rule is that of the function's row in irql_table.c; each call leaves a record, and a
 * test holds these against the table. */
struct host_call_site {
    const char *function;
    unsigned char min, max;
};
#define HOST_CALL_SITE(min, max)                                                                \
    static const struct host_call_site host_call_site                                           \
        __attribute__((used, aligned(sizeof(void *)), section("host_call_sites"))) = {__func__, \
                                                                                      min, max}
#define HOST_CALL(max) HOST_CALL_RANGE(0, max)
#define HOST_CALL_RANGE(min, max)                             \
    do {                                                      \
        HOST_CALL_SITE(min, max);                             \
        if (rules_enabled)                                    \
            host_call_check(__func__, RULE_CALLER, min, max); \
    } while (0)
#define HOST_CALL_VARYING(max)                              \
    do {                                                    \
        HOST_CALL_SITE(0, RULE_VARYING_IRQL);               \
        if (rules_enabled)                                  \
            host_call_check(__func__, RULE_CALLER, 0, max); \
    } while (0)
void host_call_check(const char *function, const void *caller, unsigned min, unsigned max);
/* The rule on the IRQL of this function. Functions that only the host's tests have are of rule "Irql". */
const char *host_call_rule(const char *function);

/* Behind HOST_CALL, in each function that Windows lets fail although its caller makes no mistake:
 *   HOST_ALLOCATES();      where it allocates, so that the allocators ask in its name (nt/api/pool.h)
 *   if (HOST_FAILS()) ...  where it does not
 * Each leaves a record; the records are what `--fail` and `fail` accept, and nothing else is made to fail.
 * An allocator that is asked for by a driver's call without a record ends the host. */
struct host_fail_site {
    const char *function;
};
#define HOST_FAIL_SITE                                \
    static const struct host_fail_site host_fail_site \
        __attribute__((used, aligned(sizeof(void *)), section("host_fail_sites"))) = {__func__}
#define HOST_ALLOCATES() \
    do {                 \
        HOST_FAIL_SITE;  \
    } while (0)
#define HOST_FAILS()             \
    __extension__({              \
        HOST_FAIL_SITE;          \
        nt_call_fails(__func__); \
    })
/* Windows' name of the record that has this name, which stays; NULL when there is none. */
const char *host_fail_name(const char *name);
/* All names, sorted, with commas between them; truncated to the buffer. */
void host_fail_names(char *buf, size_t size);

#endif
