/* SPDX-License-Identifier: MIT */
/* What Microsoft's compilers call without being asked: 64-bit arithmetic on x86, stack probes, and the
 * handlers of exceptions, of which this host raises none. */
#include <stdint.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

/* A driver's exception handler is registered, and never called: a fault ends the run. */
static LONG NTAPI handler_nobody_calls(PVOID Record, PVOID Frame, PVOID Context, PVOID Dispatcher)
{
    (void)Record;
    (void)Frame;
    (void)Context;
    (void)Dispatcher;
    return 1; /* ExceptionContinueSearch */
}

#if defined(_AMD64_)
HOST_EXPORT_AS("ntoskrnl.exe", "__C_specific_handler", __C_specific_handler, handler_nobody_calls);

/* The frame's size is in rax and stays there; host threads have their whole stack from the start. */
extern const char nt_chkstk[];
__asm__(".text\n"
        ".globl nt_chkstk\n"
        "nt_chkstk:\n"
        "    ret\n");
HOST_EXPORT_AS("ntoskrnl.exe", "__chkstk", __chkstk, nt_chkstk);
#else
HOST_EXPORT_AS("ntoskrnl.exe", "_except_handler3", _except_handler3, handler_nobody_calls);

/* Division by zero faults here, on the driver's behalf: the report shows the driver's frame below. */
static LONGLONG __stdcall nt_alldiv(LONGLONG a, LONGLONG b)
{
    return a / b;
}
HOST_EXPORT_AS("ntoskrnl.exe", "_alldiv", _alldiv, nt_alldiv);

static LONGLONG __stdcall nt_allrem(LONGLONG a, LONGLONG b)
{
    return a % b;
}
HOST_EXPORT_AS("ntoskrnl.exe", "_allrem", _allrem, nt_allrem);

static LONGLONG __stdcall nt_allmul(LONGLONG a, LONGLONG b)
{
    return (LONGLONG)((ULONGLONG)a * (ULONGLONG)b);
}
HOST_EXPORT_AS("ntoskrnl.exe", "_allmul", _allmul, nt_allmul);

static ULONGLONG __stdcall nt_aulldiv(ULONGLONG a, ULONGLONG b)
{
    return a / b;
}
HOST_EXPORT_AS("ntoskrnl.exe", "_aulldiv", _aulldiv, nt_aulldiv);

static ULONGLONG __stdcall nt_aullrem(ULONGLONG a, ULONGLONG b)
{
    return a % b;
}
HOST_EXPORT_AS("ntoskrnl.exe", "_aullrem", _aullrem, nt_aullrem);

/* Quotient and remainder, as the assembly below wants them. */
void nt_dvrm_signed(LONGLONG *result, LONGLONG a, LONGLONG b);
void nt_dvrm_unsigned(ULONGLONG *result, ULONGLONG a, ULONGLONG b);

void nt_dvrm_signed(LONGLONG *result, LONGLONG a, LONGLONG b)
{
    result[0] = a / b;
    result[1] = a % b;
}

void nt_dvrm_unsigned(ULONGLONG *result, ULONGLONG a, ULONGLONG b)
{
    result[0] = a / b;
    result[1] = a % b;
}

/* Values in registers, which C cannot say:
 *   shifts: edx:eax by cl;  dvrm: quotient in edx:eax, remainder in ebx:ecx, 16 bytes popped;
 *   chkstk: the stack grows by eax, and all other registers stay. */
#define DIVIDE(name, function)                                                    \
    name ":\n"                                                                    \
         "    pushl %ebp\n"                                                       \
         "    movl %esp, %ebp\n"                                                  \
         "    subl $16, %esp\n"                                                   \
         "    andl $-16, %esp\n"                                                  \
         "    movl %esp, %ecx\n"                                                  \
         "    subl $12, %esp\n" /* with the five words: 16-aligned at the call */ \
         "    pushl 20(%ebp)\n"                                                   \
         "    pushl 16(%ebp)\n"                                                   \
         "    pushl 12(%ebp)\n"                                                   \
         "    pushl 8(%ebp)\n"                                                    \
         "    pushl %ecx\n"                                                       \
         "    call " function "\n"                                                \
         "    popl %ecx\n"                                                        \
         "    movl (%ecx), %eax\n"                                                \
         "    movl 4(%ecx), %edx\n"                                               \
         "    movl 12(%ecx), %ebx\n"                                              \
         "    movl 8(%ecx), %ecx\n"                                               \
         "    leave\n"                                                            \
         "    ret $16\n"

extern const char nt_allshl[], nt_allshr[], nt_aullshr[], nt_alldvrm[], nt_aulldvrm[], nt_chkstk[];
__asm__(
    ".text\n"
    "nt_allshl:\n"
    "    cmpb $64, %cl\n"
    "    jae 2f\n"
    "    cmpb $32, %cl\n"
    "    jae 1f\n"
    "    shldl %cl, %eax, %edx\n"
    "    shll %cl, %eax\n"
    "    ret\n"
    "1:  movl %eax, %edx\n" /* shll takes the count modulo 32 */
    "    xorl %eax, %eax\n"
    "    shll %cl, %edx\n"
    "    ret\n"
    "2:  xorl %eax, %eax\n"
    "    xorl %edx, %edx\n"
    "    ret\n"
    "nt_aullshr:\n"
    "    cmpb $64, %cl\n"
    "    jae 2b\n"
    "    cmpb $32, %cl\n"
    "    jae 1f\n"
    "    shrdl %cl, %edx, %eax\n"
    "    shrl %cl, %edx\n"
    "    ret\n"
    "1:  movl %edx, %eax\n"
    "    xorl %edx, %edx\n"
    "    shrl %cl, %eax\n"
    "    ret\n"
    "nt_allshr:\n"
    "    cmpb $64, %cl\n"
    "    jae 2f\n"
    "    cmpb $32, %cl\n"
    "    jae 1f\n"
    "    shrdl %cl, %edx, %eax\n"
    "    sarl %cl, %edx\n"
    "    ret\n"
    "1:  movl %edx, %eax\n"
    "    sarl $31, %edx\n"
    "    sarl %cl, %eax\n"
    "    ret\n"
    "2:  sarl $31, %edx\n"
    "    movl %edx, %eax\n"
    "    ret\n" DIVIDE("nt_alldvrm", "nt_dvrm_signed") DIVIDE(
        "nt_aulldvrm",
        "nt_dvrm_unsigned") "nt_chkstk:\n"
                            "    negl %eax\n"
                            "    leal (%esp,%eax), %eax\n" /* where the return address is to lie */
                            "    movl %ecx, -4(%eax)\n"
                            "    movl (%esp), %ecx\n"
                            "    movl %ecx, (%eax)\n"
                            "    movl -4(%eax), %ecx\n"
                            "    movl %eax, %esp\n"
                            "    ret\n");
HOST_EXPORT_AS("ntoskrnl.exe", "_allshl", _allshl, nt_allshl);
HOST_EXPORT_AS("ntoskrnl.exe", "_allshr", _allshr, nt_allshr);
HOST_EXPORT_AS("ntoskrnl.exe", "_aullshr", _aullshr, nt_aullshr);
HOST_EXPORT_AS("ntoskrnl.exe", "_alldvrm", _alldvrm, nt_alldvrm);
HOST_EXPORT_AS("ntoskrnl.exe", "_aulldvrm", _aulldvrm, nt_aulldvrm);
HOST_EXPORT_AS("ntoskrnl.exe", "_chkstk", _chkstk, nt_chkstk);
HOST_EXPORT_AS("ntoskrnl.exe", "_alloca_probe", _alloca_probe, nt_chkstk);

/* Host threads may use the floating point unit at any time; the kernel under them saves it. */
NTSTATUS NTAPI KeSaveFloatingPointState(PKFLOATING_SAVE FloatSave)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    memset(FloatSave, 0, sizeof *FloatSave);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", KeSaveFloatingPointState);

NTSTATUS NTAPI KeRestoreFloatingPointState(PKFLOATING_SAVE FloatSave)
{
    (void)FloatSave;
    HOST_CALL(DISPATCH_LEVEL);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", KeRestoreFloatingPointState);
#endif
