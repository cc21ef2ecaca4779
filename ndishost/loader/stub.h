/* SPDX-License-Identifier: MIT */
/*
 * stub.h: what stands for an import that Windows 7 has and this host has not. The driver loads; the first use of
 * the import, a call or an access to a variable, faults, and the report names it (nt/machine/fault_report.h).
 *   address = stub_add("ntoskrnl.exe", "KeTickCount");  stub_at(address, &stub) is then true
 */
#ifndef NDISHOST_STUB_H
#define NDISHOST_STUB_H

#include <stdbool.h>
#include <stddef.h>

struct stub {
    const char *dll, *name;
};

/* An address that nothing can be read from, written to or executed at; the same one for the same import. NULL: there
 * are too many, or no memory. Copies the strings. Under no lock but its own. */
const void *stub_add(const char *dll, const char *name);
/* Returns the import with this address, or with one a few bytes before it. Async-signal-safe. */
bool stub_at(const void *address, struct stub *stub);
/* All of them, in the order in which they were added; returns how many. */
size_t stubs(const struct stub **first);

#endif
