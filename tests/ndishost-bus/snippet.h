/* SPDX-License-Identifier: MIT */
/*
 * snippet.h: one machine instruction as a function: registers and flags are loaded from snippet_state,
 * the instruction runs, and they are stored back.
 *   SNIPPET(mov_m32_eax, "mov %eax, (" A(si) ")")   ...   snippet_state = in;  mov_m32_eax();
 * A(si) is the register with the width of an address: "(" A(si) ")" is (%rsi) or (%esi).
 */
#ifndef TEST_SNIPPET_H
#define TEST_SNIPPET_H

#include <stdint.h>

enum { AX, BX, CX, DX, SI, DI, R8, R12, R13, GENERAL_COUNT };

struct state {
    uintptr_t reg[GENERAL_COUNT]; /* R8, R12, R13 on x64 alone */
    uintptr_t flags;
};

extern struct state snippet_state;

#define FLAG_CF     0x001u
#define FLAG_PF     0x004u
#define FLAG_AF     0x010u
#define FLAG_ZF     0x040u
#define FLAG_SF     0x080u
#define FLAG_DF     0x400u
#define FLAG_OF     0x800u
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* The files that use this are compiled without a red zone and at a fixed address (see bus.mk): the
 * pushes below touch the stack, and the names are absolute. */
#if defined(__x86_64__)
#define SNIPPET_LOAD                                                                       \
    "push %rbp; push %rbx; push %r12; push %r13\n"                                         \
    "pushq snippet_state+72; popfq\n"                                                      \
    "mov snippet_state+0, %rax; mov snippet_state+8, %rbx; mov snippet_state+16, %rcx\n"   \
    "mov snippet_state+24, %rdx; mov snippet_state+32, %rsi; mov snippet_state+40, %rdi\n" \
    "mov snippet_state+48, %r8; mov snippet_state+56, %r12; mov snippet_state+64, %r13\n"
#define SNIPPET_STORE                                                                      \
    "mov %rax, snippet_state+0; mov %rbx, snippet_state+8; mov %rcx, snippet_state+16\n"   \
    "mov %rdx, snippet_state+24; mov %rsi, snippet_state+32; mov %rdi, snippet_state+40\n" \
    "mov %r8, snippet_state+48; mov %r12, snippet_state+56; mov %r13, snippet_state+64\n"  \
    "pushfq; popq snippet_state+72; cld\n"                                                 \
    "pop %r13; pop %r12; pop %rbx; pop %rbp; ret\n"
#define A(name) "%r" #name
#else
#define SNIPPET_LOAD                                                                    \
    "push %ebp; push %ebx; push %esi; push %edi\n"                                      \
    "pushl snippet_state+36; popfl\n"                                                   \
    "mov snippet_state+0, %eax; mov snippet_state+4, %ebx; mov snippet_state+8, %ecx\n" \
    "mov snippet_state+12, %edx; mov snippet_state+16, %esi; mov snippet_state+20, %edi\n"
#define SNIPPET_STORE                                                                      \
    "mov %eax, snippet_state+0; mov %ebx, snippet_state+4; mov %ecx, snippet_state+8\n"    \
    "mov %edx, snippet_state+12; mov %esi, snippet_state+16; mov %edi, snippet_state+20\n" \
    "pushfl; popl snippet_state+36; cld\n"                                                 \
    "pop %edi; pop %esi; pop %ebx; pop %ebp; ret\n"
#define A(name) "%e" #name
#endif

#define SNIPPET(name, text)                                                     \
    __asm__(".text\n.type " #name ", @function\n" #name ":\n" SNIPPET_LOAD text \
            "\n" SNIPPET_STORE);                                                \
    void name(void)

#endif
