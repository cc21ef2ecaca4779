/* SPDX-License-Identifier: MIT */
/*
 * irql_table.h: compares the checks of the exported functions (HOST_CALL) with the table of what Windows
 * allows (rules/irql_table.c), for all functions that this program is linked with.
 *   faults = irql_table_faults(stdout);
 */
#ifndef TEST_IRQL_TABLE_H
#define TEST_IRQL_TABLE_H

#include <stdio.h>
#include <string.h>
#include "loader/exports.h"
#include "nt/machine/host_call.h"
#include "rules/irql_table.h"
#include "rules/rules.h"

extern const struct host_call_site __start_host_call_sites[], __stop_host_call_sites[];

static inline const struct host_call_site *irql_site(const char *function)
{
    for (const struct host_call_site *s = __start_host_call_sites; s < __stop_host_call_sites; s++)
        if (!strcmp(irql_function_name(s->function), function))
            return s;
    return NULL;
}

/* What the table says is checked, by the function itself. */
static inline unsigned irql_unchecked(FILE *out)
{
    const struct host_export *e;
    size_t count = host_exports(&e);
    unsigned faults = 0;

    for (size_t i = 0; i < count; i++) {
        const struct irql_fact *fact = irql_fact(e[i].name);
        /* Under its second name a function says its first. */
        const char *name =
            !strcmp(e[i].name, "KeWaitForMutexObject") ? "KeWaitForSingleObject" : e[i].name;
        const struct host_call_site *site = irql_site(name);

        if (!fact && !strncmp(e[i].name, "Ndis", 4)) {
            fprintf(out, "%s has no row in the table\n", e[i].name);
            faults++;
        } else if (fact && !site && (fact->min || fact->max != RULE_ANY_IRQL)) {
            fprintf(out, "%s checks no IRQL\n", e[i].name);
            faults++;
        }
    }
    return faults;
}

/* What is checked is what the table says. */
static inline unsigned irql_contradictions(FILE *out)
{
    unsigned faults = 0;

    for (const struct host_call_site *s = __start_host_call_sites; s < __stop_host_call_sites;
         s++) {
        const struct irql_fact *fact = irql_fact(s->function);

        if (fact && fact->min == s->min && fact->max == s->max)
            continue;
        if (fact)
            fprintf(out, "%s checks %u to %u, the table has %u to %u\n", s->function, s->min,
                    s->max, fact->min, fact->max);
        else
            fprintf(out, "%s checks %u to %u, and has no row\n", s->function, s->min, s->max);
        faults++;
    }
    return faults;
}

/* The table is sorted, and its rules are rules. */
static inline unsigned irql_disorder(FILE *out)
{
    const struct irql_fact *fact;
    unsigned faults = 0;

    for (size_t i = 0; (fact = irql_fact_at(i)); i++)
        if (irql_fact(fact->function) != fact || rule_find(fact->rule) < 0) {
            fprintf(out, "the row of %s is out of order, or of no rule\n", fact->function);
            faults++;
        }
    return faults;
}

static inline unsigned irql_table_faults(FILE *out)
{
    return irql_unchecked(out) + irql_contradictions(out) + irql_disorder(out);
}

#endif
