/* SPDX-License-Identifier: MIT */
/*
 * forms.h: every form of instruction that the host must carry out on a device's registers, as a list:
 *   F(name, base, di, access, undefined, text)
 * base: the register that holds the device's address; di: what RDI points to (NOWHERE, DEVICE, RAM);
 * access: what the bus has to see ("r4w4": a read and a write of 4 bytes; "" for what is repeated);
 * undefined: flags that the processor leaves undefined.
 */
#ifndef TEST_FORMS_H
#define TEST_FORMS_H

#include "snippet.h"

enum where { NOWHERE, DEVICE, RAM };

#define M "(" A(si) ")"

#define FORMS_MOV(F)                                                             \
    F(mov_m8_al, SI, NOWHERE, "w1", 0, "mov %al, " M)                            \
    F(mov_m8_ah, SI, NOWHERE, "w1", 0, "mov %ah, " M)                            \
    F(mov_m8_bh, SI, NOWHERE, "w1", 0, "mov %bh, " M)                            \
    F(mov_m8_ch, SI, NOWHERE, "w1", 0, "mov %ch, " M)                            \
    F(mov_m8_dh, SI, NOWHERE, "w1", 0, "mov %dh, " M)                            \
    F(mov_m8_cl, SI, NOWHERE, "w1", 0, "mov %cl, " M)                            \
    F(mov_m16_ax, SI, NOWHERE, "w2", 0, "mov %ax, " M)                           \
    F(mov_m16_dx, SI, NOWHERE, "w2", 0, "mov %dx, " M)                           \
    F(mov_m32_eax, SI, NOWHERE, "w4", 0, "mov %eax, " M)                         \
    F(mov_m32_edi, SI, NOWHERE, "w4", 0, "mov %edi, " M)                         \
    F(mov_al_m8, SI, NOWHERE, "r1", 0, "mov " M ", %al")                         \
    F(mov_ah_m8, SI, NOWHERE, "r1", 0, "mov " M ", %ah")                         \
    F(mov_bh_m8, SI, NOWHERE, "r1", 0, "mov " M ", %bh")                         \
    F(mov_ch_m8, SI, NOWHERE, "r1", 0, "mov " M ", %ch")                         \
    F(mov_dh_m8, SI, NOWHERE, "r1", 0, "mov " M ", %dh")                         \
    F(mov_dl_m8, SI, NOWHERE, "r1", 0, "mov " M ", %dl")                         \
    F(mov_ax_m16, SI, NOWHERE, "r2", 0, "mov " M ", %ax")                        \
    F(mov_bx_m16, SI, NOWHERE, "r2", 0, "mov " M ", %bx")                        \
    F(mov_eax_m32, SI, NOWHERE, "r4", 0, "mov " M ", %eax")                      \
    F(mov_ecx_m32, SI, NOWHERE, "r4", 0, "mov " M ", %ecx")                      \
    F(mov_self_m32, SI, NOWHERE, "r4", 0, "mov " M ", %esi; mov $0, %esi")       \
    F(mov_m8_i8, SI, NOWHERE, "w1", 0, "movb $0xA5, " M)                         \
    F(mov_m16_i16, SI, NOWHERE, "w2", 0, "movw $0xA55A, " M)                     \
    F(mov_m32_i32, SI, NOWHERE, "w4", 0, "movl $0xDEADBEEF, " M)                 \
    F(mov_disp8, SI, NOWHERE, "r4", 0, "mov 8(" A(si) "), %edx")                 \
    F(mov_disp_neg, SI, NOWHERE, "r4", 0, "mov -8(" A(si) "), %edx")             \
    F(mov_disp32, SI, NOWHERE, "w4", 0, "mov %edx, 0x344(" A(si) ")")            \
    F(mov_index1, SI, NOWHERE, "r1", 0, "mov (" A(si) ", " A(cx) "), %al")       \
    F(mov_index2, SI, NOWHERE, "r2", 0, "mov 4(" A(si) ", " A(cx) ", 2), %ax")   \
    F(mov_index4, SI, NOWHERE, "w4", 0, "mov %eax, (" A(si) ", " A(cx) ", 4)")   \
    F(mov_index8, BX, NOWHERE, "w4", 0, "mov %eax, -4(" A(bx) ", " A(cx) ", 8)") \
    F(mov_no_base, SI, NOWHERE, "r4", 0, "mov -4(, " A(si) ", 1), %eax")         \
    F(movnti_m32, SI, NOWHERE, "w4", 0, "movnti %ebx, " M)                       \
    F(movzx_ax_m8, SI, NOWHERE, "r1", 0, "movzbw " M ", %ax")                    \
    F(movzx_eax_m8, SI, NOWHERE, "r1", 0, "movzbl " M ", %eax")                  \
    F(movzx_eax_m16, SI, NOWHERE, "r2", 0, "movzwl " M ", %eax")                 \
    F(movsx_ax_m8, SI, NOWHERE, "r1", 0, "movsbw " M ", %ax")                    \
    F(movsx_eax_m8, SI, NOWHERE, "r1", 0, "movsbl " M ", %eax")                  \
    F(movsx_eax_m16, SI, NOWHERE, "r2", 0, "movswl " M ", %eax")                 \
    F(xchg_al, SI, NOWHERE, "r1w1", 0, "xchg %al, " M)                           \
    F(xchg_dh, SI, NOWHERE, "r1w1", 0, "xchg %dh, " M)                           \
    F(xchg_ax, SI, NOWHERE, "r2w2", 0, "xchg %ax, " M)                           \
    F(xchg_eax, SI, NOWHERE, "r4w4", 0, "xchg %eax, " M)

#define FORMS_MOVBE(F)                                      \
    F(movbe_ax, SI, NOWHERE, "r2", 0, "movbe " M ", %ax")   \
    F(movbe_eax, SI, NOWHERE, "r4", 0, "movbe " M ", %eax") \
    F(movbe_m32, SI, NOWHERE, "w4", 0, "movbe %ecx, " M)

/* One two-operand instruction; `rw`: what the form with memory as its target does to the bus. */
#define FORMS_ALU(F, op, rw1, rw2, rw4, undefined)                    \
    F(op##_m8_r8, SI, NOWHERE, rw1, undefined, #op " %al, " M)        \
    F(op##_m8_h8, SI, NOWHERE, rw1, undefined, #op " %ch, " M)        \
    F(op##_m16_r16, SI, NOWHERE, rw2, undefined, #op " %cx, " M)      \
    F(op##_m32_r32, SI, NOWHERE, rw4, undefined, #op " %edx, " M)     \
    F(op##_r8_m8, SI, NOWHERE, "r1", undefined, #op " " M ", %bl")    \
    F(op##_h8_m8, SI, NOWHERE, "r1", undefined, #op " " M ", %ah")    \
    F(op##_r16_m16, SI, NOWHERE, "r2", undefined, #op " " M ", %ax")  \
    F(op##_r32_m32, SI, NOWHERE, "r4", undefined, #op " " M ", %eax") \
    F(op##_m8_i8, SI, NOWHERE, rw1, undefined, #op "b $0x85, " M)     \
    F(op##_m16_i8, SI, NOWHERE, rw2, undefined, #op "w $-3, " M)      \
    F(op##_m16_i16, SI, NOWHERE, rw2, undefined, #op "w $0x8123, " M) \
    F(op##_m32_i8, SI, NOWHERE, rw4, undefined, #op "l $-128, " M)    \
    F(op##_m32_i32, SI, NOWHERE, rw4, undefined, #op "l $0x80000001, " M)

#define FORMS_RMW(F, op, undefined) FORMS_ALU(F, op, "r1w1", "r2w2", "r4w4", undefined)

#define FORMS_UNARY(F, op)                          \
    F(op##_m8, SI, NOWHERE, "r1w1", 0, #op "b " M)  \
    F(op##_m16, SI, NOWHERE, "r2w2", 0, #op "w " M) \
    F(op##_m32, SI, NOWHERE, "r4w4", 0, #op "l " M)

#define FORMS_ARITH(F)                                                   \
    FORMS_RMW(F, add, 0)                                                 \
    FORMS_RMW(F, adc, 0)                                                 \
    FORMS_RMW(F, sub, 0)                                                 \
    FORMS_RMW(F, sbb, 0)                                                 \
    FORMS_RMW(F, and, FLAG_AF)                                           \
    FORMS_RMW(F, or, FLAG_AF)                                            \
    FORMS_RMW(F, xor, FLAG_AF)                                           \
    FORMS_ALU(F, cmp, "r1", "r2", "r4", 0)                               \
    F(test_m8_r8, SI, NOWHERE, "r1", FLAG_AF, "test %al, " M)            \
    F(test_m16_r16, SI, NOWHERE, "r2", FLAG_AF, "test %cx, " M)          \
    F(test_m32_r32, SI, NOWHERE, "r4", FLAG_AF, "test %edx, " M)         \
    F(test_m8_i8, SI, NOWHERE, "r1", FLAG_AF, "testb $0x80, " M)         \
    F(test_m16_i16, SI, NOWHERE, "r2", FLAG_AF, "testw $0x8001, " M)     \
    F(test_m32_i32, SI, NOWHERE, "r4", FLAG_AF, "testl $0x80000001, " M) \
    FORMS_UNARY(F, inc)                                                  \
    FORMS_UNARY(F, dec)                                                  \
    FORMS_UNARY(F, neg)                                                  \
    FORMS_UNARY(F, not )                                                 \
    F(lock_or_m32, SI, NOWHERE, "r4w4", FLAG_AF, "lock orl $0x40, " M)   \
    F(lock_dec_m16, SI, NOWHERE, "r2w2", 0, "lock decw " M)              \
    F(lock_add_m8, SI, NOWHERE, "r1w1", 0, "lock add %bl, " M)

#define FORMS_CONDITION(F, cc)                                        \
    F(set##cc##_m8, SI, NOWHERE, "w1", 0, "set" #cc " " M)            \
    F(cmov##cc##_r16, SI, NOWHERE, "r2", 0, "cmov" #cc " " M ", %ax") \
    F(cmov##cc##_r32, SI, NOWHERE, "r4", 0, "cmov" #cc " " M ", %ebx")

#define FORMS_CONDITIONS(F) \
    FORMS_CONDITION(F, o)   \
    FORMS_CONDITION(F, no)  \
    FORMS_CONDITION(F, b)   \
    FORMS_CONDITION(F, ae)  \
    FORMS_CONDITION(F, e)   \
    FORMS_CONDITION(F, ne)  \
    FORMS_CONDITION(F, be)  \
    FORMS_CONDITION(F, a)   \
    FORMS_CONDITION(F, s)   \
    FORMS_CONDITION(F, ns)  \
    FORMS_CONDITION(F, p)   \
    FORMS_CONDITION(F, np)  \
    FORMS_CONDITION(F, l)   \
    FORMS_CONDITION(F, ge)  \
    FORMS_CONDITION(F, le)  \
    FORMS_CONDITION(F, g)

#define FORMS_STRING(F, w, size)                                              \
    F(lods##w, SI, NOWHERE, "r" #size, 0, "lods" #w)                          \
    F(stos##w, NOWHERE_BASE, DEVICE, "w" #size, 0, "stos" #w)                 \
    F(movs##w##_from_device, SI, RAM, "r" #size, 0, "movs" #w)                \
    F(movs##w##_to_device, SI_RAM, DEVICE, "w" #size, 0, "movs" #w)           \
    F(movs##w##_device_device, SI, DEVICE, "r" #size "w" #size, 0, "movs" #w) \
    F(rep_lods##w, SI, NOWHERE, "", 0, "rep lods" #w)                         \
    F(rep_stos##w, NOWHERE_BASE, DEVICE, "", 0, "rep stos" #w)                \
    F(rep_movs##w##_from_device, SI, RAM, "", 0, "rep movs" #w)               \
    F(rep_movs##w##_to_device, SI_RAM, DEVICE, "", 0, "rep movs" #w)          \
    F(rep_movs##w##_device_device, SI, DEVICE, "", 0, "rep movs" #w)

#define FORMS_STRINGS(F)  \
    FORMS_STRING(F, b, 1) \
    FORMS_STRING(F, w, 2) \
    FORMS_STRING(F, l, 4)

#if defined(__x86_64__)
#define FORMS_ALU64(F, op, rw8, undefined)                            \
    F(op##_m64_r64, SI, NOWHERE, rw8, undefined, #op " %rdx, " M)     \
    F(op##_r64_m64, SI, NOWHERE, "r8", undefined, #op " " M ", %rax") \
    F(op##_m64_i8, SI, NOWHERE, rw8, undefined, #op "q $-128, " M)    \
    F(op##_m64_i32, SI, NOWHERE, rw8, undefined, #op "q $-0x70000001, " M)
#define FORMS_X64(F)                                                          \
    F(mov_m8_sil, BX, NOWHERE, "w1", 0, "mov %sil, (%rbx)")                   \
    F(mov_m8_dil, SI, NOWHERE, "w1", 0, "mov %dil, (%rsi)")                   \
    F(mov_m8_r8b, SI, NOWHERE, "w1", 0, "mov %r8b, (%rsi)")                   \
    F(mov_r12b_m8, SI, NOWHERE, "r1", 0, "mov (%rsi), %r12b")                 \
    F(mov_m16_r8w, SI, NOWHERE, "w2", 0, "mov %r8w, (%rsi)")                  \
    F(mov_r8d_m32, SI, NOWHERE, "r4", 0, "mov (%rsi), %r8d")                  \
    F(mov_m64_rax, SI, NOWHERE, "w8", 0, "mov %rax, (%rsi)")                  \
    F(mov_r13_m64, SI, NOWHERE, "r8", 0, "mov (%rsi), %r13")                  \
    F(mov_m64_i32, SI, NOWHERE, "w8", 0, "movq $-2, (%rsi)")                  \
    F(mov_base_r12, R12, NOWHERE, "r4", 0, "mov (%r12), %eax")                \
    F(mov_base_r13, R13, NOWHERE, "r4", 0, "mov (%r13), %eax")                \
    F(mov_base_r8_index, R8, NOWHERE, "w4", 0, "mov %eax, 16(%r8, %rcx, 4)")  \
    F(movnti_m64, SI, NOWHERE, "w8", 0, "movnti %rbx, (%rsi)")                \
    F(movzx_rax_m8, SI, NOWHERE, "r1", 0, "movzbq (%rsi), %rax")              \
    F(movzx_r8_m16, SI, NOWHERE, "r2", 0, "movzwq (%rsi), %r8")               \
    F(movsx_rax_m8, SI, NOWHERE, "r1", 0, "movsbq (%rsi), %rax")              \
    F(movsx_rax_m16, SI, NOWHERE, "r2", 0, "movswq (%rsi), %rax")             \
    F(movsxd_rax_m32, SI, NOWHERE, "r4", 0, "movslq (%rsi), %rax")            \
    F(xchg_rax, SI, NOWHERE, "r8w8", 0, "xchg %rax, (%rsi)")                  \
    F(cmovb_r64, SI, NOWHERE, "r8", 0, "cmovb (%rsi), %rax")                  \
    F(inc_m64, SI, NOWHERE, "r8w8", 0, "incq (%rsi)")                         \
    F(neg_m64, SI, NOWHERE, "r8w8", 0, "negq (%rsi)")                         \
    F(not_m64, SI, NOWHERE, "r8w8", 0, "notq (%rsi)")                         \
    F(test_m64_i32, SI, NOWHERE, "r8", FLAG_AF, "testq $-0x7fffffff, (%rsi)") \
    FORMS_ALU64(F, add, "r8w8", 0)                                            \
    FORMS_ALU64(F, adc, "r8w8", 0)                                            \
    FORMS_ALU64(F, sub, "r8w8", 0)                                            \
    FORMS_ALU64(F, sbb, "r8w8", 0)                                            \
    FORMS_ALU64(F, and, "r8w8", FLAG_AF)                                      \
    FORMS_ALU64(F, or, "r8w8", FLAG_AF)                                       \
    FORMS_ALU64(F, xor, "r8w8", FLAG_AF)                                      \
    FORMS_ALU64(F, cmp, "r8", 0)                                              \
    FORMS_STRING(F, q, 8)
#else
#define FORMS_X64(F)
#endif

#define FORMS(F)        \
    FORMS_MOV(F)        \
    FORMS_ARITH(F)      \
    FORMS_CONDITIONS(F) \
    FORMS_STRINGS(F)    \
    FORMS_X64(F)

/* What is refused, and the word that the reason has to hold. */
#define REFUSED(F)                                             \
    F(refused_push, "push " M, "plain")                        \
    F(refused_call, "call *" M, "plain")                       \
    F(refused_shl, "shll $1, " M, "plain")                     \
    F(refused_imul, "imul " M ", %eax", "plain")               \
    F(refused_bt, "btl $3, " M, "plain")                       \
    F(refused_cmps, "cmpsb", "plain")                          \
    F(refused_scas, "scasb", "plain")                          \
    F(refused_cmpxchg, "lock cmpxchg %edx, " M, "interlocked") \
    F(refused_xadd, "lock xadd %edx, " M, "interlocked")       \
    F(refused_movdqu, "movdqu " M ", %xmm0", "vector")         \
    F(refused_movd, "movd %xmm0, " M, "vector")                \
    F(refused_movq, "movq %xmm0, " M, "vector")                \
    F(refused_fld, "fldl " M, "vector")

#endif
