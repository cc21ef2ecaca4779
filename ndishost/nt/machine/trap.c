/* SPDX-License-Identifier: MIT */
/* Faults, and whose they are; see trap.h. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>
#include "nt/machine/mmio.h"
#include "nt/machine/emulate.h"
#include "nt/machine/probe.h"
#include "nt/machine/trap.h"
#include "nt/machine/fault_report.h"
#include "nt/machine/privileged.h"
#include "nt/machine/shared_data.h"
#include "nt/machine/trap_registers.h"

#define TRAP_GENERAL_PROTECTION 13
#define TRAP_PAGE_FAULT         14

/* ---- A driver's inline reads of the page that Windows shares with everybody ---- */

static enum emulate_result shared_read(void *context, uintptr_t address, unsigned size,
                                       uint64_t *value)
{
    (void)context;
    return nt_shared_data_read(address, size, value) ? EMULATE_DONE : EMULATE_ORDINARY;
}

static enum emulate_result shared_write(void *context, uintptr_t address, unsigned size,
                                        uint64_t value)
{
    uint64_t old;

    (void)context;
    (void)value;
    return nt_shared_data_read(address, size, &old) ? EMULATE_REFUSED : EMULATE_ORDINARY;
}

static const struct emulate_memory shared_memory = {shared_read, shared_write};

/* ---- The handler ---- */

static atomic_ullong trapped[TRAP_KINDS];

uint64_t trap_count(enum trap_kind kind)
{
    return atomic_load(&trapped[kind]);
}

static bool count(enum trap_kind kind)
{
    atomic_fetch_add_explicit(&trapped[kind], 1, memory_order_relaxed);
    return true;
}

/* QEMU's user mode leaves the trap number out; the code of the signal says the same. */
static bool is_general_protection(const siginfo_t *info, const ucontext_t *context)
{
    return context->uc_mcontext.gregs[REG_TRAPNO] == TRAP_GENERAL_PROTECTION ||
           info->si_code == SI_KERNEL;
}

static bool segv_handled(const siginfo_t *info, ucontext_t *context, const char **why,
                         const char **what)
{
    if (probe_fault(context))
        return true;
    if (mmio_fault(info->si_addr, context, why))
        return count(TRAP_REGISTERS);
    if (*why)
        return false;
    /* The processor reports no address with a general protection fault. A load from the kernel's half of
     * the address space may also end in one. So the instruction has to tell the address. */
    if (is_general_protection(info, context) && privileged_execute(context, what))
        return count(TRAP_PRIVILEGED);
    return !emulate_access(context, &shared_memory, NULL) && count(TRAP_SHARED_DATA);
}

/* QEMU's user mode calls a handler with a stack that is not aligned, and the decoder uses SSE. */
__attribute__((force_align_arg_pointer)) static void handler(int number, siginfo_t *info,
                                                             void *argument)
{
    ucontext_t *context = argument;
    const char *why = NULL, *what = NULL;
    int saved_errno = errno;

    if ((number == SIGSEGV || number == SIGBUS) && info->si_code > 0 &&
        segv_handled(info, context, &why, &what)) {
        errno = saved_errno;
        return;
    }
    /* An emulator such as valgrind has no such instructions, where a processor refuses them. */
    if (number == SIGILL && privileged_execute(context, &what)) {
        errno = saved_errno;
        count(TRAP_PRIVILEGED);
        return;
    }
    fault_report(number, info, context, why, what);
}

void trap_install(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    /* NODEFER: while a fault is being looked into, probe_copy may fault too. */
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    nt_shared_data_install();
    privileged_install();
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}
