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
#include "nt/machine/clock.h"
#include "nt/machine/emulate.h"
#include "nt/machine/probe.h"
#include "nt/machine/trap.h"
#include "nt/machine/fault_report.h"
#include "nt/machine/privileged.h"
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

static atomic_ullong trapped;

uint64_t trap_count(void)
{
    return atomic_load(&trapped);
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
    if (probe_fault(context) || mmio_fault(info->si_addr, context, why))
        return true;
    if (*why)
        return false;
    /* The processor reports no address with a general protection fault. A load from the kernel's half of
     * the address space may also end in one. So the instruction has to tell the address. */
    if (is_general_protection(info, context) && privileged_execute(context, what))
        return true;
    return !emulate_access(context, &shared_memory, NULL);
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
        atomic_fetch_add_explicit(&trapped, 1, memory_order_relaxed);
        return;
    }
    /* An emulator such as valgrind has no such instructions, where a processor refuses them. */
    if (number == SIGILL && privileged_execute(context, &what)) {
        errno = saved_errno;
        return;
    }
    fault_report(number, info, context, why, what);
}

#if !defined(__x86_64__)
#define SHARED_DATA_X86 ((void *)0xFFDF0000u)
#define STACK_ROOM      (1u << 20)

/* On x64 the page that Windows shares is in the kernel's half of the address space, where a load
 * faults by itself. On x86 it is where the main thread's stack may grow to: a load would make the stack
 * grow, and find a zero. So the page is taken before main. In one start of sixty, the kernel's random
 * layout has the stack there already, or so close above that it could not grow. The program then starts
 * again with the layout that is not random. On a 32-bit kernel the page is the kernel's, as on x64:
 * mmap fails with ENOMEM, and the stack is below. */
static void __attribute__((constructor))
reserve_shared_data(int argc, char **argv, char **environment)
{
    void *page = mmap(SHARED_DATA_X86, 4096, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    bool kernels = page == MAP_FAILED && errno == ENOMEM;
    int old = personality(0xFFFFFFFF);

    uintptr_t room = (uintptr_t)__builtin_frame_address(0) - (uintptr_t)SHARED_DATA_X86;

    (void)argc;
    if ((page == SHARED_DATA_X86 || kernels) && room >= STACK_ROOM)
        return;
    if (old != -1 && !(old & ADDR_NO_RANDOMIZE) &&
        personality((unsigned long)old | ADDR_NO_RANDOMIZE) != -1)
        execve("/proc/self/exe", argv, environment);
    fprintf(stderr, "ndishost: the stack is at or above 0xffdf0000, where drivers read the time; "
                    "use an environment below 1 MiB\n");
}
#endif

void trap_install(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    /* NODEFER: while a fault is being looked into, probe_copy may fault too. */
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

#if !defined(__x86_64__)
    mprotect(&nt_tick_count, sizeof nt_tick_count, PROT_NONE);
#endif
    privileged_install();
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}
