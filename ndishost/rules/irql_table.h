/* SPDX-License-Identifier: MIT */
/*
 * irql_table.h: at which IRQL each function of Windows may be called, and whose rule that is.
 *   fact = irql_fact("NdisMSleep");  fact->max == 1, APC_LEVEL;  fact->rule: "Irql_Miniport_Driver_Function"
 */
#ifndef NDISHOST_IRQL_TABLE_H
#define NDISHOST_IRQL_TABLE_H

#include <stddef.h>

#define RULE_DEVICE_IRQL  9 /* at which the host runs every ISR */
#define RULE_ANY_IRQL     31
#define RULE_VARYING_IRQL 32 /* the arguments decide */

struct irql_fact {
    const char *function;
    unsigned char min, max; /* max may be RULE_ANY_IRQL or RULE_VARYING_IRQL */
    const char *rule;
};

/* Windows' name of a function of the host's, which may have "nt_" before it. */
const char *irql_function_name(const char *function);
/* NULL when the table has no row for it. */
const struct irql_fact *irql_fact(const char *function);
/* The rows in order; NULL after the last. */
const struct irql_fact *irql_fact_at(size_t index);

#endif
