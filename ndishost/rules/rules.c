/* SPDX-License-Identifier: MIT */
/* Reports of broken rules; see rules.h. */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "loader/loader.h"
#include "nt/irql.h"
#include "rules/rules.h"

#define RULES_MAX 96 /* different names; more are counted together */
/* A driver that breaks a rule breaks it often: after this many blocks of one rule it is counted only. */
#define BLOCKS_PER_RULE 10

bool rules_enabled = true;

static struct {
    _Atomic(const char *) name;
    atomic_uint count;
} tally[RULES_MAX];
static atomic_uint violations;

/* The slot of a rule, made when it is not there; lock-free because a report may come from a fault. */
static unsigned tally_slot(const char *rule)
{
    for (unsigned i = 0; i < RULES_MAX - 1; i++) {
        const char *name = atomic_load(&tally[i].name);

        if (!name && atomic_compare_exchange_strong(&tally[i].name, &name, rule))
            return i;
        if (!strcmp(name, rule))
            return i;
    }
    return RULES_MAX - 1;
}

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
    if (self->call && self->caller && image_contains(self->caller))
        text_add(text, "  after   %s called from %s\n", self->call,
                 image_symbol(self->caller, where, sizeof where));
}

static void add_history(struct text *text, const void *object)
{
    char history[1536];
    char *line = history, *next;

    if (!object || track_history(object, history, sizeof history) == 0)
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

static void report(const char *rule, const void *object, const void *caller, const char *format,
                   va_list args) __attribute__((format(printf, 4, 0)));
static void report(const char *rule, const void *object, const void *caller, const char *format,
                   va_list args)
{
    unsigned count = atomic_fetch_add(&tally[tally_slot(rule)].count, 1) + 1;
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
    for (unsigned i = 0; i < RULES_MAX; i++) {
        const char *name = atomic_load(&tally[i].name);

        if (name && !strcmp(name, rule))
            return atomic_load(&tally[i].count);
    }
    return 0;
}

void rules_summary(FILE *out)
{
    const char *separator = "rules broken: ";

    if (rules_violations() == 0)
        return;
    for (unsigned i = 0; i < RULES_MAX; i++) {
        const char *name = atomic_load(&tally[i].name);
        unsigned count = atomic_load(&tally[i].count);

        if (count) {
            fprintf(out, "%s%s %u", separator, name ? name : "others", count);
            separator = ", ";
        }
    }
    fputc('\n', out);
}

void rule_check_irql(const char *function, const void *caller, unsigned min, unsigned max)
{
    struct nt_thread *self = nt_self();

    if (self->irql < min || self->irql > max)
        rule_violation("Irql", caller, "%s called at %s; it may be called at %s%s%s", function,
                       irql_name(self->irql), irql_name(self->irql < min ? min : max),
                       self->irql < min ? " and above"
                       : min < max      ? " and below"
                                        : "",
                       min == max ? " only" : "");
    self->call = function;
    self->caller = caller;
}
