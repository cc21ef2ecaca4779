/* SPDX-License-Identifier: MIT */
/* Reports of broken rules; see rules.h. */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "loader/loader.h"
#include "nt/machine/callback.h"
#include "nt/machine/irql.h"
#include "rules/irql_table.h"
#include "rules/rules.h"

/* A driver that breaks a rule breaks it often: after this many blocks of one rule it is counted only. */
#define BLOCKS_PER_RULE 10

bool rules_enabled = true;

static atomic_uint tally[RULES_MAX]; /* by index in the table */
static atomic_uint violations;

/* Text in a buffer of fixed size, cut when it is full. */
struct text {
    char buf[4096];
    size_t used;
};

static void text_vadd(struct text *text, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void text_vadd(struct text *text, const char *format, va_list args)
{
    size_t room = sizeof text->buf - text->used;
    int n = vsnprintf(text->buf + text->used, room, format, args);

    if (n > 0)
        text->used += (size_t)n < room ? (size_t)n : room - 1;
}

static void text_add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void text_add(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_vadd(text, format, args);
    va_end(args);
}

static void add_circumstances(struct text *text, const void *caller)
{
    const struct nt_thread *self = nt_self();
    char where[160];

    if (caller && image_contains(caller))
        text_add(text, "  by      %s\n", image_symbol(caller, where, sizeof where));
    else if (caller)
        text_add(text, "  by      the host itself (%p)\n", caller);
    text_add(text, "  on      %s\n", nt_describe_thread(where, sizeof where));
    if (self->callback)
        text_add(text, "  in      %s\n", self->callback);
    if (self->call && self->caller && image_contains(self->caller))
        text_add(text, "  after   %s called from %s\n", self->call,
                 image_symbol(self->caller, where, sizeof where));
}

static size_t (*history_source)(const void *object, char *buf, size_t size);

void rules_history_source(size_t (*history)(const void *object, char *buf, size_t size))
{
    history_source = history;
}

static void add_history(struct text *text, const void *object)
{
    char history[1536];
    char *line = history, *next;

    if (!object || (track_history(object, history, sizeof history) == 0 &&
                    (!history_source || history_source(object, history, sizeof history) == 0)))
        return;
    for (const char *head = "history"; line; head = "       ", line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        if (*line)
            text_add(text, "  %s %s\n", head, line);
    }
}

static void write_all(const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(STDERR_FILENO, data, length);

        if (n <= 0)
            return;
        data += n;
        length -= (size_t)n;
    }
}

static _Noreturn void no_such_rule(const char *rule)
{
    struct text text = {.used = 0};

    text_add(&text, "ndishost: a fault of the host: ndishost/rules/list.c has no row for rule %s\n",
             rule);
    write_all(text.buf, text.used);
    abort();
}

static void report(const char *rule, const void *object, const void *caller, const char *format,
                   va_list args) __attribute__((format(printf, 4, 0)));
static void report(const char *rule, const void *object, const void *caller, const char *format,
                   va_list args)
{
    int index = rule_find(rule);
    unsigned count = index < 0 ? 1 : atomic_fetch_add(&tally[index], 1) + 1;
    struct text text;

    if (count <= BLOCKS_PER_RULE) {
        text.used = 0;
        text_add(&text, "ndishost: rule %s broken\n  what    ", rule);
        text_vadd(&text, format, args);
        text_add(&text, "\n");
        add_circumstances(&text, caller);
        add_history(&text, object);
        if (count == BLOCKS_PER_RULE)
            text_add(&text, "  (rule %s is only counted from now on)\n", rule);
        /* One write, so that blocks of several threads do not mix. */
        write_all(text.buf, text.used);
    }
    if (index < 0)
        no_such_rule(rule);
    /* Last: who sees the number can read why. */
    atomic_fetch_add(&violations, 1);
}

void rule_violation(const char *rule, const void *caller, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(rule, NULL, caller, format, args);
    va_end(args);
}

void rule_violation_object(const char *rule, const void *object, const void *caller,
                           const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(rule, object, caller, format, args);
    va_end(args);
}

unsigned rules_violations(void)
{
    return atomic_load(&violations);
}

unsigned rules_count(const char *rule)
{
    int index = rule_find(rule);

    return index < 0 ? 0 : atomic_load(&tally[index]);
}

void rules_summary(FILE *out)
{
    const char *separator = "rules broken: ", *name;

    if (rules_violations() == 0)
        return;
    for (size_t i = 0; (name = rule_name(i)); i++) {
        unsigned count = atomic_load(&tally[i]);

        if (count) {
            fprintf(out, "%s%s %u", separator, name, count);
            separator = ", ";
        }
    }
    fputc('\n', out);
}

/* Functions that only the host's tests have are of rule "Irql". */
static const char *irql_rule(const char *function)
{
    const struct irql_fact *fact = irql_fact(function);

    return fact ? fact->rule : "Irql";
}

void rule_check_irql(const char *function, const void *caller, unsigned min, unsigned max)
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
