/* SPDX-License-Identifier: MIT */
/*
 * native.h: what the native tests of the host's NDIS share: lines for ./test, a machine to run on.
 *   native_start(&seed);  EXPECT(condition);  native_end("name");  return native_stop();
 */
#ifndef NATIVE_H
#define NATIVE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "nt/machine/irql.h"
#include "nt/machine/phys.h"
#include "nt/api/kernel.h"
#include "nt/machine/trap.h"
#include "rules/rules.h"

static unsigned native_failures, native_failed_tests;
static char native_first[512];
static uint64_t native_seed;

#define EXPECT(condition)                                                                 \
    do {                                                                                  \
        if (!(condition) && !native_failures++)                                           \
            snprintf(native_first, sizeof(native_first), "%s:%d: %s", __FILE__, __LINE__, \
                     #condition);                                                         \
    } while (0)

static inline void native_start(uint64_t *seed)
{
    const char *text = getenv("SEED");
    char error[256];

    *seed = native_seed = text ? strtoull(text, NULL, 0) : 1;
    if (phys_open(PHYS_PAGES, 5120ull << 20, *seed, error, sizeof(error))) {
        printf("FAIL ndis:native: %s\n", error);
        exit(1);
    }
    trap_install();
    nt_thread_enter("main");
    if (nt_start(2, *seed, error, sizeof(error))) {
        printf("FAIL ndis:native: %s\n", error);
        exit(1);
    }
}

static inline void native_end(const char *name)
{
    if (native_failures)
        printf("FAIL ndis:%s: %s, %u in all (SEED=%llu)\n", name, native_first, native_failures,
               (unsigned long long)native_seed);
    else
        printf("ok ndis:%s\n", name);
    native_failed_tests += native_failures != 0;
    native_failures = 0;
}

static inline int native_stop(void)
{
    nt_stop();
    return native_failed_tests != 0;
}

#endif
