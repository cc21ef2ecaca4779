/* SPDX-License-Identifier: MIT */
/* Tells rules/ of the thread that breaks a rule. */
#include <stdio.h>
#include "loader/loader.h"
#include "nt/machine/clock.h"
#include "nt/machine/irql.h"
#include "rules/rules.h"

static void describe(char *buf, size_t size)
{
    const struct nt_thread *self = nt_self();
    char text[160];
    int used = snprintf(buf, size, "  on      %s\n", nt_describe_thread(text, sizeof text));

    if (self->callback && used > 0 && (size_t)used < size)
        used += snprintf(buf + used, size - (size_t)used, "  in      %s\n", self->callback);
    if (self->call && self->caller && image_contains(self->caller) && used > 0 &&
        (size_t)used < size)
        snprintf(buf + used, size - (size_t)used, "  after   %s called from %s\n", self->call,
                 image_symbol(self->caller, text, sizeof text));
}

static unsigned processor(void)
{
    return nt_self()->processor;
}

/* Every program that links the machine has its threads described, without asking for it. */
__attribute__((constructor)) static void register_context(void)
{
    static const struct rules_context context = {describe, processor, nt_clock_now};

    rules_context_register(&context);
}
