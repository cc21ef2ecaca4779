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

#endif
