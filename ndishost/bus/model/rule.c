/* SPDX-License-Identifier: MIT */
/* Rules that a driver broke; see rule.h. */
#include <stdarg.h>
#include <stdio.h>
#include "bus/model/model.h"
#include "nt/machine/dma_map.h"
#include "rules/rules.h"

#define RULE_ROW(id, severity, name, section) {name, section, NULL, "break_" #id},
static const struct rule table[] = {MODEL_RULES(RULE_ROW)};
RULE_TABLE(table);

#define RULE_FATAL(id, severity, name, section) severity,
static const enum severity { MINOR, FATAL, PEDANTIC } severities[] = {MODEL_RULES(RULE_FATAL)};

bool model_pedantic;

const char *model_rule_name(enum model_rule rule)
{
    return table[rule].name;
}

void model_confused(struct model *model, enum model_rule rule)
{
    if (severities[rule] != FATAL)
        return;
    model->broken = true;
    atomic_store(&model->confused, true);
}

void model_violation(struct model *model, enum model_rule rule, const char *format, ...)
{
    const char *section = table[rule].text;
    char what[256];
    va_list args;

    if (severities[rule] == PEDANTIC && !model_pedantic)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    atomic_fetch_add(&model->violation[rule], 1);
    if (severities[rule] == FATAL) {
        model->broken = true;
        atomic_store(&model->fatal_rule, table[rule].name);
    }
    if (!rules_enabled)
        return;
    rule_violation(table[rule].name, NULL, "%s (%s%s)", what,
                   section[0] >= '0' && section[0] <= '9' ? "virtio 1.2, " : "", section);
}

bool model_may_touch(struct model *model, const struct ring *ring, uint64_t pa, size_t length,
                     unsigned access, const char *what)
{
    if (!rules_enabled || ring->lied || dma_map_touches(pa, length, access, what))
        return true;
    model->broken = true;
    atomic_store(&model->fatal_rule, "DmaUnmapped or DmaDirection");
    return false;
}
