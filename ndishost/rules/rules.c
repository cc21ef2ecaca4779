/* SPDX-License-Identifier: MIT */
/* Reports of broken rules; see rules.h. */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "loader/loader.h"
#include "rules/rules.h"

/* A driver that breaks a rule breaks it often: after this many blocks of one rule it is counted only. */
#define BLOCKS_PER_RULE 10

bool rules_enabled = true;

static atomic_uint tally[RULES_MAX]; /* by index in the table */
static atomic_uint violations;

/* The first blocks, for the report in JSON. A fault handler may report: no memory is allocated. */
#define KEPT        64
#define BLOCK_BYTES 4096
static char kept[KEPT][BLOCK_BYTES];
static atomic_uint kept_count; /* also of those that had no room */

/* Text in a buffer of fixed size, cut when it is full. */
struct text {
    char buf[BLOCK_BYTES];
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

static void describe_nothing(char *buf, size_t size)
{
    if (size)
        *buf = 0;
}
static unsigned no_processor(void)
{
    return 0;
}
static uint64_t no_time(void)
{
    return 0;
}
static const struct rules_context no_context = {describe_nothing, no_processor, no_time};
static const struct rules_context *current_context = &no_context;

void rules_context_register(const struct rules_context *context)
{
    current_context = context;
}

const struct rules_context *rules_context(void)
{
    return current_context;
}

static void add_circumstances(struct text *text, const void *caller)
{
    char where[160], thread[640];

    if (caller && image_contains(caller))
        text_add(text, "  by      %s\n", image_symbol(caller, where, sizeof where));
    else if (caller)
        text_add(text, "  by      the host itself (%p)\n", caller);
    current_context->describe(thread, sizeof thread);
    text_add(text, "%s", thread);
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

static void keep(const struct text *text)
{
    unsigned number = atomic_fetch_add(&kept_count, 1);

    if (number >= KEPT)
        return;
    memcpy(kept[number] + 1, text->buf + 1, text->used ? text->used - 1 : 0);
    kept[number][text->used < BLOCK_BYTES ? text->used : BLOCK_BYTES - 1] = 0;
    atomic_signal_fence(memory_order_release);
    kept[number][0] = text->buf[0]; /* a reader on another thread sees nothing, or all */
}

const char *rules_block(unsigned number)
{
    return number < KEPT && kept[number][0] ? kept[number] : NULL;
}

static _Noreturn void no_such_rule(const char *rule)
{
    struct text text = {.used = 0};

    text_add(&text, "ndishost: internal error: add a row for rule %s to ndishost/rules/list.c\n",
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
            text_add(&text, "  (ndishost only counts rule %s from now on)\n", rule);
        /* One write, so that blocks of several threads do not mix. */
        write_all(text.buf, text.used);
        keep(&text);
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
