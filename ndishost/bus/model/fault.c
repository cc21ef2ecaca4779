/* SPDX-License-Identifier: MIT */
/* Faults to order; see fault.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "bus/model/fault.h"

enum kind { ONCE, FROM };

static const struct {
    const char *name;
    enum kind kind;
} table[] = {
#define FAULT_ROW(id, kind, name, text) {name, kind},
    FAULTS(FAULT_ROW)};

const char *fault_name(enum fault_id id)
{
    return table[id].name;
}

/* "NAME" or "NAME@N" in text[0..length). */
static bool arm_one(struct faults *faults, const char *text, size_t length)
{
    const char *at = memchr(text, '@', length);
    size_t name_length = at ? (size_t)(at - text) : length;
    long n = 1;

    if (at) {
        char *end;

        errno = 0;
        n = strtol(at + 1, &end, 10);
        if (end != text + length || end == at + 1 || n < 1 || errno)
            return false;
    }
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (strlen(table[i].name) != name_length || strncmp(table[i].name, text, name_length))
            continue;
        atomic_store(&faults->fault[i].left, n);
        atomic_fetch_or(&faults->armed, (uint64_t)1 << i);
        return true;
    }
    return false;
}

const char *fault_arm(struct faults *faults, const char *text)
{
    for (;;) {
        size_t length = strcspn(text, "+");

        if (!arm_one(faults, text, length))
            return text;
        if (text[length] == 0)
            return NULL;
        text += length + 1;
    }
}

void fault_disarm(struct faults *faults)
{
    atomic_store(&faults->armed, 0);
}

void fault_again(struct faults *faults, enum fault_id id)
{
    atomic_fetch_add(&faults->fault[id].struck, 1);
}

bool fault_strikes(struct faults *faults, enum fault_id id)
{
    long left = atomic_fetch_sub(&faults->fault[id].left, 1);

    if (table[id].kind == ONCE && left == 1)
        atomic_fetch_and(&faults->armed, ~((uint64_t)1 << id));
    if (table[id].kind == ONCE ? left != 1 : left > 1)
        return false;
    if (left < LONG_MIN / 2)
        atomic_store(&faults->fault[id].left, 0);
    atomic_fetch_add(&faults->fault[id].struck, 1);
    return true;
}
