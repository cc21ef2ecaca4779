/* SPDX-License-Identifier: MIT */
/* Calls that come later than they could; see late.h. */
#include "nt/machine/late.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nt/machine/clock.h"

static const char *const kinds[LATE_KINDS] = {"timer", "workitem", "dpc", "sg"};
atomic_uint nt_late_ms[LATE_KINDS];
static atomic_ulong calls;

int nt_late_order(const char *text, char *error, size_t error_size)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    char *end = NULL;
    unsigned long ms = colon ? strtoul(colon + 1, &end, 10) : 0;

    if (!strcmp(text, "none")) {
        for (unsigned i = 0; i < LATE_KINDS; i++)
            atomic_store(&nt_late_ms[i], 0);
        atomic_store(&calls, 0);
        return 0;
    }
    for (unsigned i = 0; i < LATE_KINDS; i++) {
        if (strlen(kinds[i]) != length || strncmp(text, kinds[i], length))
            continue;
        if (!colon || end == colon + 1 || *end || ms > LATE_MS_MAX)
            break;
        atomic_store(&nt_late_ms[i], (unsigned)ms);
        atomic_store(&calls, 0);
        return 0;
    }
    snprintf(error, error_size,
             "late %.40s: give none, or timer, workitem, dpc or sg with milliseconds up to %d, as "
             "in sg:20",
             text, LATE_MS_MAX);
    return -1;
}

uint64_t nt_late_counted(unsigned ms)
{
    atomic_fetch_add(&calls, 1);
    return ms * NT_MILLISECOND;
}

unsigned long nt_late_calls(void)
{
    return atomic_load(&calls);
}
