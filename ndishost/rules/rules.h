/* SPDX-License-Identifier: MIT */
/*
 * rules.h: how the host says that a driver broke a rule, and how many times it did.
 * A violation is one readable block on stderr: the rule's name, what was done, by which driver
 * function (symbol+offset), at which IRQL, and the history of the object if it has one.
 * `--rules off` makes rules_enabled false: nothing is then checked on the path of a frame.
 */
#ifndef NDISHOST_RULES_H
#define NDISHOST_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

extern bool rules_enabled;

/* A rule: its name, and what it demands. A text that begins with a digit is a section of virtio 1.2. */
struct rule {
    const char *name, *text;
    const char
        *page; /* below RULE_PAGES, where the rule comes from; NULL for a section of virtio */
    const char
        *example; /* a function of RULE_EXAMPLES that breaks it; NULL: tests/rules/NAME.c does */
};
#define RULE_PAGES    "https://learn.microsoft.com/windows-hardware/drivers/"
#define RULE_STANDARD "https://docs.oasis-open.org/virtio/virtio/v1.2/virtio-v1.2.html"
#define RULE_EXAMPLES "tests/ndishost-bus/test_model_rules.c"
struct rule_table {
    const struct rule *rows;
    size_t count;
};
/* Adds an array of rules to those of rules/list.c: one line at file scope, in the file that has the array. */
#define RULE_TABLE(array)                                                          \
    static const struct rule_table rule_table                                      \
        __attribute__((used, aligned(sizeof(void *)), section("rule_tables"))) = { \
            array, sizeof(array) / sizeof((array)[0])}

/* Prints all rules, one line per rule: NAME<TAB>what it demands. */
void rules_list(FILE *out);
/* A rule's index among all rules, or -1; and the reverse, NULL after the last. */
#define RULES_MAX 256
int rule_find(const char *name);
const char *rule_name(size_t index);
/* The rule at an index, or NULL after the last. */
const struct rule *rule_at(size_t index);

/* What a report needs to know of the thread that calls; whoever runs driver code in threads registers it.
 * Without it reports do not describe the thread, and its events happen on processor 0 at time 0. */
struct rules_context {
    /* Complete lines of a report, each "  word    text\n". Async-signal-safe. */
    void (*describe)(char *buf, size_t size);
    unsigned (*processor)(void);
    uint64_t (*time)(void); /* 100 ns */
};
/* Before any driver runs. *context stays the caller's, and valid for ever. */
void rules_context_register(const struct rules_context *context);
/* What is registered; never NULL. */
const struct rules_context *rules_context(void);

/* Reports a broken rule. A rule that is in no table ends the host. `caller` is an address in the driver
 * (use RULE_CALLER in an exported function), or NULL if none is to blame. May be called from a fault
 * handler. */
void rule_violation(const char *rule, const void *caller, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define RULE_CALLER __builtin_return_address(0)
/* The same about an object that track_add knows or lately knew: its history is part of the block. */
void rule_violation_object(const char *rule, const void *object, const void *caller,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The text of the number-th block that was reported, from 0 on; NULL: there is none, or no more are kept. */
const char *rules_block(unsigned number);

/* So far, all rules together. Decides exit status 3. */
unsigned rules_violations(void);
/* The same for one rule; and one line for all: "rules broken: SpinLock 2, Irql 1". */
unsigned rules_count(const char *rule);
void rules_summary(FILE *out);

/* Leak accounting by kind ("memory", "MDL", "NET_BUFFER_LIST", "pool", "shared memory", "timer",
 * "work item", "configuration handle", "SG list", "interrupt", "spin lock", ...): what a driver
 * obtained and did not release yet. track_add/track_remove are cheap and thread-safe; `object` is the
 * key. track_remove returns false (and the caller reports) when it was never added or was removed.
 * track_note appends a line to an object's history, kept short; `kind` and `what` are constants, as
 * they are not copied. With rules off nothing is tracked: remove and exists then say true. */
void track_add(const char *kind, const void *object, uint64_t size, const void *caller);
bool track_remove(const char *kind, const void *object, const void *caller);
bool track_exists(const char *kind, const void *object);
void track_note(const char *kind, const void *object, const char *what, const void *caller);
unsigned track_count(const char *kind); /* NULL: all kinds */
/* What this thread's track_add adds from now on is this owner's (NULL: nobody's); returns whose it was. */
const void *track_owner(const void *owner);
/* Objects that are not tracked may have histories of their own: a function that writes one as
 * track_history does, and returns 0 for what is no such object. Before any driver runs. */
void rules_history_source(size_t (*history)(const void *object, char *buf, size_t size));
/* The history of the newest object of that address, living or lately gone, one line an event; ""
 * when there is none. For reports; returns the length. */
size_t track_history(const void *object, char *buf, size_t size);
/* Returns the object, live or lately freed, whose memory contains an address, or else the next one at most a
 * page away; NULL if there is no such object. For reports of faults. */
const void *track_near(const void *address);
/* What the driver has obtained since a mark and still has, of this owner or (NULL) of all: a violation
 * for each kind, of the rule that belongs to it, which names the first one, where it was obtained and
 * its history. Each object is reported once. `after` says when: "MiniportHaltEx". */
uint64_t track_mark(void);
void track_report_kept(uint64_t since, const void *owner, const char *after);
/* Prints "leaked: 2 memory (4096 bytes), first at aerovnet.sys!X+0x.."; returns how many objects. */
unsigned track_report_leaks(FILE *out);
/* Forgets everything, for what comes after a report. */
void track_forget(void);

#endif
