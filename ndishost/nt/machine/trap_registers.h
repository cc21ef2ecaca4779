/* SPDX-License-Identifier: MIT */
/* trap_registers.h: names of both architectures for registers in a fault's context: trap_pc(context). */
#ifndef NDISHOST_TRAP_REGISTERS_H
#define NDISHOST_TRAP_REGISTERS_H

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

#endif
