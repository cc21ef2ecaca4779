/* SPDX-License-Identifier: MIT */
/*
 * probe.h: reads and writes memory that may not be there, without a system call and without dying of
 * it: for the fault handler itself, which must look at stacks and operands it cannot trust.
 *   if (probe_copy(&word, stack, sizeof word) == sizeof word) ...
 */
#ifndef NDISHOST_PROBE_H
#define NDISHOST_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

/* Copies upwards, byte by byte, as far as both sides are there; returns how many bytes that was.
 * Works once a handler of SIGSEGV and SIGBUS, installed with SA_NODEFER, calls probe_fault. */
size_t probe_copy(void *to, const void *from, size_t length);

/* From the fault handler, first of all: true if the fault was probe_copy's own (which then ends). */
bool probe_fault(ucontext_t *context);

#endif
