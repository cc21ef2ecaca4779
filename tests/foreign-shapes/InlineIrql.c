/* SPDX-License-Identifier: MIT */
/* CR8 read and written by the driver itself, as compilers inline KeGetCurrentIrql and KeRaiseIrql. The code around
 * the moves has what a replaced instruction must not change: registers, flags, branches to the next instruction.
 * arch: x64
 * control: send; send; send
 */
#include "shape.h"

#ifdef __x86_64__

static __inline ULONG64 ReadCr8(VOID)
{
    ULONG64 Value;

    __asm__ volatile("movq %%cr8, %0" : "=r"(Value)::"memory");
    return Value;
}

static __inline VOID WriteCr8(ULONG64 Value)
{
    __asm__ volatile("movq %0, %%cr8" ::"r"(Value) : "memory");
}

static __attribute__((noinline)) ULONG64 Raise(ULONG64 Irql)
{
    ULONG64 Old = ReadCr8();

    WriteCr8(Irql); /* the two moves may follow each other */
    return Old;
}

static __attribute__((noinline)) VOID Lower(ULONG64 Irql)
{
    WriteCr8(Irql);
}

/* A register that the call of the host changes and the flags are what they were. */
static __attribute__((noinline)) ULONG64 Keeps(VOID)
{
    ULONG64 Before, After, Flags, Irql;

    __asm__ volatile("movabs $0x1122334455667788, %%rax\n"
                     "movq %%rax, %%rdi\n"
                     "movq %%rax, %0\n"
                     "stc\n"
                     "movq %%cr8, %%rcx\n"
                     "movq %%rcx, %3\n" /* runs elsewhere */
                     "sbbq %2, %2\n"
                     "movq %%rdi, %1\n"
                     "subq %%rax, %1\n"
                     : "=&r"(Before), "=&r"(After), "=&r"(Flags), "=&r"(Irql)::"rax", "rcx", "rdi",
                       "cc", "memory");
    return Before == 0x1122334455667788ull && After == 0 && Flags == ~0ull && Irql == PASSIVE_LEVEL;
}

/* A branch leads to the instruction after the move: the two cannot be one jump. */
static __attribute__((noinline)) ULONG64 Loops(VOID)
{
    ULONG64 Turns = 0, Irql;

    __asm__ volatile("xorl %%ecx, %%ecx\n"
                     "jmp 1f\n"
                     "0:\n"
                     "movq %%cr8, %1\n"
                     "1:\n"
                     "addq $1, %0\n"
                     "addl $1, %%ecx\n"
                     "cmpl $5, %%ecx\n"
                     "jb 0b\n"
                     : "+r"(Turns), "=&r"(Irql)::"rcx", "cc", "memory");
    return Turns;
}

static ULONG64 Global;

/* An operand that is relative to the address of its instruction. */
static __attribute__((noinline)) VOID Relative(VOID)
{
    __asm__ volatile("movq %%cr8, %%rax\n"
                     "addq $7, %0\n"
                     : "+m"(Global)::"rax", "cc", "memory");
}

/* Functions without a row in the table of functions, as compilers make leaves. */
ULONG64 LeafRead(VOID);
VOID LeafWrite(ULONG64 Irql);
__asm__(".text\n"
        "LeafRead: movq %cr8, %rax\n"
        "ret\n"
        "int3\n"
        "LeafWrite: movq %rcx, %cr8\n"
        "ret\n"
        "int3\n");

static VOID CheckLeaves(VOID)
{
    LeafWrite(DISPATCH_LEVEL);
    CHECK(LeafRead() == DISPATCH_LEVEL);
    LeafWrite(PASSIVE_LEVEL);
    CHECK(LeafRead() == PASSIVE_LEVEL);
}

static VOID Check(VOID)
{
    ULONG64 Old;
    LONG i;

    CHECK(ReadCr8() == PASSIVE_LEVEL);
    for (i = 0; i < 50; i++) {
        Old = Raise(DISPATCH_LEVEL);
        CHECK(Old == PASSIVE_LEVEL);
        CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
        Lower(Old);
        CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    }
    CHECK(Keeps());
    CheckLeaves();
    CHECK(Loops() == 5);
    Global = 1;
    Relative();
    CHECK(Global == 8);
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    ULONG64 Old = Raise(DISPATCH_LEVEL);

    Lower(Old);
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

static NDIS_STATUS Initialize(VOID)
{
    Check();
    return NDIS_STATUS_SUCCESS;
}

#endif

VOID Break(HOOKS *Hooks)
{
#ifdef __x86_64__
    Hooks->Initialize = Initialize;
    Hooks->Send = Send;
#else
    UNREFERENCED_PARAMETER(Hooks);
#endif
}
