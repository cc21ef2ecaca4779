/* SPDX-License-Identifier: MIT */
/*
 * bench.h: what the fuzzers of the whole driver share: the machine, which is up for all inputs, and one
 * adapter for each input.
 *   bench_add(b, "model:seed=1", &options)   the driver is loaded, the adapter is there
 *   bench_start(b)                           it runs
 *   bench_command(b, "pause")                a line of scenario control (--help of ndishost lists them)
 * A fuzzer defines bench_run and is linked with bench.c and scheduler.c. When bench_run returns, the adapter
 * is halted and removed, and the driver unloaded. Then no rule may be broken, and nothing may have leaked.
 *   out/fuzz/NAME/fuzz FILE            one input, once more
 *   TRACE=1 out/fuzz/NAME/fuzz FILE    and what it does, one line for each step
 */
#ifndef FUZZ_BENCH_H
#define FUZZ_BENCH_H

#include "../fuzz.h"
#include "cli/commands.h"
#include "ndis/adapter/life_cycle.h"

#define BENCH_SEED 1
#define BENCH_LINE 8192

struct bench {
    struct fuzz_input input;
    struct ndis_driver *driver;
    struct ndis_adapter *adapter; /* NULL: there is none (yet) */
    struct scenario scenario;
    bool removed;
    bool refused; /* the last command got no "ok" */
    bool hostile; /* the device has lied, or has a fault */
};

/* What one input does, in the fuzzer's own file. */
void bench_run(struct bench *b);

/* The next bytes of the input as a number; 0 when it has ended. */
uint64_t bench_take(struct bench *b, unsigned bytes);
/* The next byte, or two, as a number below `bound`. */
unsigned bench_below(struct bench *b, unsigned bound);
/* `length` bytes of the input as hexadecimal digits, until the next call. */
const char *bench_hex(struct bench *b, unsigned length);

/* Loads the driver, and adds the adapter. false: the bus does not take such options. */
bool bench_add(struct bench *b, const char *bus, struct adapter_options *options);
/* Initialize and Restart. false: the driver did not come up, which is no fault by itself. */
bool bench_start(struct bench *b);

__attribute__((format(printf, 2, 3))) void bench_command(struct bench *b, const char *format, ...);
/* A line for TRACE=1. */
__attribute__((format(printf, 1, 2))) void bench_say(const char *format, ...);

/* Rules that are broken and do not count, because the input itself has brought it about. */
void bench_excuse(unsigned count);
bool bench_broken(void);

#endif
