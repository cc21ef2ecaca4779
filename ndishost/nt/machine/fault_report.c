/* SPDX-License-Identifier: MIT */
/* A fault that nobody can mend; see fault_report.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "loader/loader.h"
#include "loader/stub.h"
#include "loader/windows7.h"
#include "nt/machine/irql.h"
#include "nt/machine/phys.h"
#include "nt/machine/probe.h"
#include "nt/machine/fault_report.h"
#include "nt/machine/trap_registers.h"
#include "rules/rules.h"

#define STATUS_IMPORT_MISSING 2
#define STATUS_RULE_BROKEN    3
#define NULL_PAGES            0x10000u /* what Windows never maps */
#define STACK_LOOK            16384u /* bytes of stack searched for the driver's return addresses */
#define STACK_SHOWN           12

#define TRAP_PAGE_FAULT       14
#define PAGE_FAULT_WRITE      2u
#define PAGE_FAULT_EXECUTE    16u

static void print(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(STDERR_FILENO, text, length);

        if (n <= 0)
            return;
        text += n;
        length -= (size_t)n;
    }
}

#define PRINT(...)                                                            \
    do {                                                                      \
        char line_[256];                                                      \
        int n_ = snprintf(line_, sizeof line_, __VA_ARGS__);                  \
        print(line_, n_ < (int)sizeof line_ ? (size_t)n_ : sizeof line_ - 1); \
    } while (0)

/* ---- Registers and stack ---- */

static void print_registers(const ucontext_t *context)
{
    static const struct {
        const char *name;
        int index;
    } registers[] = {
#if defined(__x86_64__)
        {"rax", REG_RAX},
        {"rbx", REG_RBX},
        {"rcx", REG_RCX},
        {"rdx", REG_RDX},
        {"rsi", REG_RSI},
        {"rdi", REG_RDI},
        {"rbp", REG_RBP},
        {"rsp", REG_RSP},
        {"r8 ", REG_R8},
        {"r9 ", REG_R9},
        {"r10", REG_R10},
        {"r11", REG_R11},
        {"r12", REG_R12},
        {"r13", REG_R13},
        {"r14", REG_R14},
        {"r15", REG_R15},
        {"rip", REG_RIP},
        {"efl", REG_EFL},
#else
        {"eax", REG_EAX},
        {"ebx", REG_EBX},
        {"ecx", REG_ECX},
        {"edx", REG_EDX},
        {"esi", REG_ESI},
        {"edi", REG_EDI},
        {"ebp", REG_EBP},
        {"esp", REG_ESP},
        {"eip", REG_EIP},
        {"efl", REG_EFL},
#endif
    };
    const size_t count = sizeof registers / sizeof registers[0];

    for (size_t i = 0; i < count; i++)
        PRINT("%s%s %0*" PRIxPTR,
              i % 4 ? "  "
              : i   ? "\n          "
                    : "  registers ",
              registers[i].name, (int)sizeof(uintptr_t) * 2,
              (uintptr_t)context->uc_mcontext.gregs[registers[i].index]);
    PRINT("\n");
}

/* Not unwound, only searched: what looks like a return address into the driver is most likely one. */
static void print_stack(const ucontext_t *context)
{
    uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[TRAP_SP] & ~(sizeof(uintptr_t) - 1);
    unsigned shown = 0;
    char where[160];

    for (unsigned offset = 0; offset < STACK_LOOK && shown < STACK_SHOWN;
         offset += sizeof(uintptr_t)) {
        uintptr_t word;

        if (probe_copy(&word, (const void *)(sp + offset), sizeof word) != sizeof word)
            break;
        if (!image_contains((const void *)word))
            continue;
        PRINT("%s%s\n", shown ? "            " : "  stack     ",
              image_symbol((const void *)word, where, sizeof where));
        shown++;
    }
}

void fault_stack(const ucontext_t *context)
{
    print_stack(context);
}

/* ---- What kind of fault it was ---- */

struct verdict {
    const char *rule;
    const void *object; /* that the access was meant for, if it can be told */
    char what[400];
};

static const char *access_verb(const ucontext_t *context)
{
    unsigned long error = (unsigned long)context->uc_mcontext.gregs[REG_ERR];

    if (error & PAGE_FAULT_EXECUTE)
        return "execution of";
    return error & PAGE_FAULT_WRITE ? "write to" : "read of";
}

/* A sentence if the address is in the unmapped page before or after an allocation, else "". */
static const char *guard_page(uintptr_t address, char *text, size_t size)
{
    uintptr_t page = address & ~(uintptr_t)(PHYS_PAGE - 1);
    uint64_t pa;

    text[0] = 0;
    if (phys_address((const void *)(page - 1), &pa))
        snprintf(text, size, ", %u bytes after the end of an allocation's pages",
                 (unsigned)(address - page));
    else if (phys_address((const void *)(page + PHYS_PAGE), &pa))
        snprintf(text, size, ", %u bytes before an allocation's first page",
                 (unsigned)(page + PHYS_PAGE - address));
    return text;
}

static void judge_address(struct verdict *v, uintptr_t address, const ucontext_t *context)
{
    unsigned irql = irql_get();
    char guard[96];
    const char *kind = guard_page(address, guard, sizeof guard);

    v->object = address < NULL_PAGES ? NULL : track_near((const void *)address);
    v->rule = *kind ? "SpecialPool" : irql >= IRQL_DISPATCH ? "PageFaultAtDispatch" : "PageFault";
    if (address < NULL_PAGES)
        kind = ", a null pointer or a member of a null structure";
    else if (!*kind && address == trap_pc(context))
        kind = ", which is not code: a bad function pointer or a corrupt stack";
    else if (!*kind)
        kind = ", which is not mapped, or no longer, or does not allow the access";
    snprintf(v->what, sizeof v->what,
             "%s address 0x%" PRIxPTR "%s; at %s Windows would stop with bug check %s",
             access_verb(context), address, kind, irql_name(irql),
             irql >= IRQL_DISPATCH ? "0xD1, DRIVER_IRQL_NOT_LESS_OR_EQUAL"
                                   : "0x50, PAGE_FAULT_IN_NONPAGED_AREA");
}

/* QEMU's user mode leaves the trap number out; the code of the signal says the same. */
static bool is_page_fault(const siginfo_t *info, const ucontext_t *context)
{
    return context->uc_mcontext.gregs[REG_TRAPNO] == TRAP_PAGE_FAULT ||
           info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR;
}

static void judge_segv(struct verdict *v, const siginfo_t *info, const ucontext_t *context,
                       const char *why, const char *what)
{
    if (why) {
        v->rule = "DeviceMemory";
        snprintf(v->what, sizeof v->what, "%s device memory at %p: %s", access_verb(context),
                 info->si_addr, why);
    } else if (what) {
        v->rule = "PrivilegedInstruction";
        snprintf(v->what, sizeof v->what, "the instruction %s, which ndishost does not support",
                 what);
    } else if (is_page_fault(info, context)) {
        judge_address(v, (uintptr_t)info->si_addr, context);
    } else {
        v->rule = "PageFault";
        snprintf(v->what, sizeof v->what,
                 "an address that no processor accepts (not canonical), or a misaligned vector "
                 "access; see the registers");
    }
}

static void judge(struct verdict *v, int number, const siginfo_t *info, const ucontext_t *context,
                  const char *why, const char *what)
{
    const char *text = "a fault";

    switch (number) {
    case SIGILL:
        v->rule = "InvalidInstruction";
        text = "an invalid instruction: a failed assertion of the compiler, or the address has no "
               "code";
        break;
    case SIGFPE:
        v->rule = "DivideByZero";
        text = "a division by zero, or with a quotient that does not fit";
        break;
    case SIGTRAP:
        v->rule = "Breakpoint";
        text = "a breakpoint (DbgBreakPoint or a failed ASSERT) without a debugger";
        break;
    case SIGBUS:
        v->rule = "PageFault";
        text = "memory past the end of a file: the physical memory of the machine has shrunk";
        break;
    default:
        judge_segv(v, info, context, why, what);
        return;
    }
    snprintf(v->what, sizeof v->what, "%s", text);
}

/* The first use of an import that this host lacks. No rule is broken: the host cannot go on. */
static void report_stub(const struct stub *stub, const void *address, const ucontext_t *context)
{
    struct windows7_export export = {{0}, {0}};
    const void *caller = (const void *)trap_pc(context);
    bool call = caller == address;
    char where[160];

    if (call && probe_copy(&caller, (const void *)(uintptr_t)context->uc_mcontext.gregs[TRAP_SP],
                           sizeof caller) != sizeof caller)
        caller = NULL;
    PRINT("ndishost: the driver %s %s of %s, which ndishost does not have\n",
          call ? "calls" : "uses", stub->name, stub->dll);
    PRINT("  by        %s\n", image_symbol(caller, where, sizeof where));
    PRINT("  irql      %s\n", irql_name(irql_get()));
    if (windows7_export(stub->dll, stub->name, &export) != WINDOWS7_EXPORTED)
        PRINT("  known     nothing: Windows 7 has this module, but ndishost has no table of it\n");
    else if (!*export.page)
        PRINT("  known     Windows 7 exports it, but Microsoft does not document it\n");
    else
        PRINT("  page      %s\n", export.page);
    if (*export.irql)
        PRINT("  allowed   at %s\n", export.irql);
}

static void (*on_end)(int status);

void fault_on_end(void (*end)(int status))
{
    on_end = end;
}

_Noreturn void fault_end(int status)
{
    if (on_end)
        on_end(status);
    _exit(status);
}

_Noreturn void fault_report(int number, const siginfo_t *info, const ucontext_t *context,
                            const char *why, const char *what)
{
    struct verdict v = {0};
    struct stub stub;

    if ((number == SIGSEGV || number == SIGBUS) && info->si_code > 0 &&
        stub_at(info->si_addr, &stub)) {
        report_stub(&stub, info->si_addr, context);
        print_registers(context);
        print_stack(context);
        fault_end(STATUS_IMPORT_MISSING);
    }
    if (info->si_code <= 0) {
        PRINT("ndishost: ended by signal %d, sent by process %d\n", number, (int)info->si_pid);
    } else {
        judge(&v, number, info, context, why, what);
        rule_violation_object(v.rule, v.object, (const void *)trap_pc(context), "%s", v.what);
    }
    print_registers(context);
    print_stack(context);
    fault_end(STATUS_RULE_BROKEN);
}
