/* SPDX-License-Identifier: MIT */
/* fault_report.h: ends the run at a fault that nobody can mend: fault_report(number, info, context, ...). */
#ifndef NDISHOST_FAULT_REPORT_H
#define NDISHOST_FAULT_REPORT_H

#include <signal.h>
#include <ucontext.h>

/* Reports the fault as a broken rule, with registers and the driver's functions found on the stack, and
 * exits with status 3; the first use of an import that the host lacks (loader/stub.h) is named instead, and the
 * status is 2. `why`: why a device access could not be carried out, or NULL; `what`: the
 * privileged instruction, or NULL. */
_Noreturn void fault_report(int number, const siginfo_t *info, const ucontext_t *context,
                            const char *why, const char *what);

/* Ends the process with a status, after the function of fault_on_end, which may write a report on another
 * thread. The calling thread is one that cannot go on. */
_Noreturn void fault_end(int status);
void fault_on_end(void (*end)(int status));

/* Prints the driver's functions that are found on the stack of the context. */
void fault_stack(const ucontext_t *context);

#endif
