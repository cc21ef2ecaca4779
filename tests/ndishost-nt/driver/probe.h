/* SPDX-License-Identifier: MIT */
/*
 * probe.h: what probe.c, a driver for tests, and its test in the host agree on. DriverEntry gets a
 * pointer to a struct probe where Windows passes the registry path, does what `command` says, and
 * leaves what it found in `result`. Only types of the same size on both sides.
 */
#ifndef PROBE_H
#define PROBE_H

enum probe_command {
    PROBE_CHECK,       /* result: number of the first check that failed, 0: none */
    PROBE_READ_COOKIE, /* wide: the security cookie */
    PROBE_BREAK_LOCK,  /* takes a spin lock twice, in BreakTheRule */
    PROBE_WRITE_CODE,  /* writes to its own code */
    PROBE_WRITE_CONST, /* writes to its read-only data */
    PROBE_CALL_DATA,   /* calls its own data */
    PROBE_CALL_INIT,   /* calls a function of INIT */
    PROBE_OVERRUN,     /* writes after the end of a block of pool */
    PROBE_LOG          /* writes an event log entry */
};

struct probe {
    unsigned command;
    unsigned result;
    unsigned long long wide;
    void *pointer;
};

#endif
