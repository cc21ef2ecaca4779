/* SPDX-License-Identifier: MIT */
/*
 * emulate.h: carries out one faulted instruction in the place of the processor, where its memory
 * operand is none: a device's registers, or a page that only Windows has.
 *   why = emulate_access(context, &memory, &my_own);     NULL: done, the instruction is behind us
 * Decodes with Zydis, allocates nothing, async-signal-safe.
 */
#ifndef NDISHOST_EMULATE_H
#define NDISHOST_EMULATE_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

enum emulate_result {
    EMULATE_DONE,
    EMULATE_ORDINARY, /* the address is ordinary memory: the other operand of a movs may be */
    EMULATE_REFUSED
};

/* The memory in question. size is 1, 2, 4 or 8; each call is one access on the bus, in the order in
 * which the processor would make them. */
struct emulate_memory {
    enum emulate_result (*read)(void *context, uintptr_t address, unsigned size, uint64_t *value);
    enum emulate_result (*write)(void *context, uintptr_t address, unsigned size, uint64_t value);
};

/*
 * Understands the instructions that compilers make of volatile accesses:
 *   mov, movzx, movsx, movsxd, movnti, movbe, xchg
 *   add, adc, sub, sbb, and, or, xor, cmp, test, inc, dec, neg, not, setcc, cmovcc
 *   movs, stos, lods, with and without rep
 * Read-modify-write comes to one read and one write, also with a lock
 * prefix: there is nothing atomic about a device's register.
 *
 * NULL when done: registers, flags and instruction pointer are as after it. Otherwise a constant
 * string that says why not; for the string instructions the registers then stand at the element that
 * failed, as after a fault, and for the others nothing was changed.
 */
const char *emulate_access(ucontext_t *context, const struct emulate_memory *memory,
                           void *memory_context);

#endif
