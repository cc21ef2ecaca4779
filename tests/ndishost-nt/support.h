/* SPDX-License-Identifier: MIT */
/*
 * support.h: what the tests of the host's loader, NT part and rules share.
 *   broken = rules_count("SpinLock");  ...;  assert_broken("SpinLock", broken, 1);
 *   capture_start();  ...;  text = capture_end();          what went to stderr meanwhile
 */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include "rules/rules.h"

/* SEED of the environment, or 1. */
uint64_t test_seed(void);

/* The rule has been broken `times` times since `before` was counted, and no other rule since the last
 * rules_settled(). */
void assert_broken(const char *rule, unsigned before, unsigned times);
/* All violations so far were expected. */
void rules_settled(void);
/* None was reported since. */
void assert_nothing_broken(void);

/* Between the two stderr goes to a file; the text stays until the next capture. */
void capture_start(void);
const char *capture_end(void);
void assert_contains(const char *text, const char *part);

/* Runs `run` in a child process. The signal that ended it, or minus its exit status. */
int run_in_child(void (*run)(void *context), void *context);

/* Group fixtures: physical memory of 1 GiB + processors; and physical memory alone. */
int setup_phys(void **state);
int teardown_phys(void **state);
int setup_nt(void **state);
int teardown_nt(void **state);

/* Waits up to ten seconds until condition(context) holds; false if it never does. */
bool wait_until(bool (*condition)(void *context), void *context);

#endif
