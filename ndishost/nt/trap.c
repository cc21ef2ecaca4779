/* SPDX-License-Identifier: MIT */
/* Faults, and whose they are; see trap.h. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include "bus/mmio.h"
#include "nt/clock.h"
#include "nt/emulate.h"
#include "nt/probe.h"
#include "nt/trap.h"
#include "nt/trap_internal.h"

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

static bool segv_handled(const siginfo_t *info, ucontext_t *context, const char **why,
                         const char **what)
{
    if (probe_fault(context) || mmio_fault(info->si_addr, context, why))
        return true;
    if (*why)
        return false;
    /* The processor tells no address with a general protection fault, and that is also what a load
     * from the kernel's half of the address space may come to: so the instruction has to tell. */
    if (context->uc_mcontext.gregs[REG_TRAPNO] == TRAP_GENERAL_PROTECTION &&
        privileged_execute(context, what))
        return true;
    return !emulate_access(context, &shared_memory, NULL);
}

static void handler(int number, siginfo_t *info, void *argument)
{
    ucontext_t *context = argument;
    const char *why = NULL, *what = NULL;
    int saved_errno = errno;

    if ((number == SIGSEGV || number == SIGBUS) && info->si_code > 0 &&
        segv_handled(info, context, &why, &what)) {
        errno = saved_errno;
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

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}
