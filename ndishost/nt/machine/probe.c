/* SPDX-License-Identifier: MIT */
/* Memory that may not be there; see probe.h. */
#include <stdint.h>
#include "nt/machine/probe.h"

/*
 * size_t probe_copy_rest(to, from, length): copies and returns how many bytes are left. It is written
 * in assembly because the fault handler must know the one instruction that may fault: at
 * probe_copy_insn. It goes on at probe_copy_end then, with the count as the processor left it.
 */
size_t probe_copy_rest(void *to, const void *from, size_t length);
extern const char probe_copy_insn[], probe_copy_end[];

#if defined(__x86_64__)
#define PROBE_PC REG_RIP
__asm__(".text\n"
        ".globl probe_copy_rest, probe_copy_insn, probe_copy_end\n"
        ".hidden probe_copy_rest, probe_copy_insn, probe_copy_end\n"
        ".type probe_copy_rest, @function\n"
        "probe_copy_rest:\n"
        "    mov %rdx, %rcx\n"
        "probe_copy_insn:\n"
        "    rep movsb\n"
        "probe_copy_end:\n"
        "    mov %rcx, %rax\n"
        "    ret\n"
        ".size probe_copy_rest, . - probe_copy_rest\n");
#else
#define PROBE_PC REG_EIP
__asm__(".text\n"
        ".globl probe_copy_rest, probe_copy_insn, probe_copy_end\n"
        ".hidden probe_copy_rest, probe_copy_insn, probe_copy_end\n"
        ".type probe_copy_rest, @function\n"
        "probe_copy_rest:\n"
        "    push %edi\n"
        "    push %esi\n"
        "    mov 12(%esp), %edi\n"
        "    mov 16(%esp), %esi\n"
        "    mov 20(%esp), %ecx\n"
        "probe_copy_insn:\n"
        "    rep movsb\n"
        "probe_copy_end:\n"
        "    mov %ecx, %eax\n"
        "    pop %esi\n"
        "    pop %edi\n"
        "    ret\n"
        ".size probe_copy_rest, . - probe_copy_rest\n");
#endif

size_t probe_copy(void *to, const void *from, size_t length)
{
    return length - probe_copy_rest(to, from, length);
}

bool probe_fault(ucontext_t *context)
{
    greg_t *pc = &context->uc_mcontext.gregs[PROBE_PC];

    if ((uintptr_t)*pc != (uintptr_t)probe_copy_insn)
        return false;
    *pc = (greg_t)(uintptr_t)probe_copy_end;
    return true;
}
