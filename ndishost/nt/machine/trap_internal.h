/* SPDX-License-Identifier: MIT */
/*
 * trap_internal.h: what the parts of trap.h share: trap.c decides whose a fault is, privileged.c carries
 * out what only a kernel may do, fault_report.c ends the run when it was nobody's.
 */
#ifndef NDISHOST_TRAP_INTERNAL_H
#define NDISHOST_TRAP_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#if defined(__x86_64__)
#define TRAP_PC REG_RIP
#define TRAP_SP REG_RSP
#define TRAP_CX REG_RCX
#else
#define TRAP_PC REG_EIP
#define TRAP_SP REG_ESP
#define TRAP_CX REG_ECX
#endif

static inline uintptr_t trap_pc(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[TRAP_PC];
}

/* Carries out the instruction that the processor refused to a user process: moves from and to CR8, in
 * and out (and their string forms). cli, sti and hlt are reported as rule "PrivilegedInstruction" and
 * passed over. false: none of these; *what then names it ("wrmsr") if it is some other instruction
 * of the kernel's, else is NULL. */
bool privileged_execute(ucontext_t *context, const char **what);

/* Reports the fault as a broken rule, with registers and the driver's functions found on the stack, and
 * exits with status 3. `why`: why a device access could not be carried out, or NULL; `what`: the
 * privileged instruction, or NULL. */
_Noreturn void fault_report(int number, const siginfo_t *info, const ucontext_t *context,
                            const char *why, const char *what);

#endif
