/* SPDX-License-Identifier: MIT */
/* CR8 read and written by the driver itself, as compilers inline KeGetCurrentIrql and KeRaiseIrql. The code around
 * the moves has what a replaced instruction must not change: registers, flags, branches to the next instruction, from
 * tables too, and functions with exception handlers.
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

/* A branch by a table leads to the instruction after the move, and to one move from the other. */
ULONG64 Table(ULONG64 Where);
__asm__(".text\n"
        ".seh_proc Table\n"
        "Table: subq $40, %rsp\n"
        ".seh_stackalloc 40\n"
        ".seh_endprologue\n"
        "xorl %eax, %eax\n"
        "leaq 9f(%rip), %rdx\n"
        "movslq (%rdx,%rcx,4), %rcx\n"
        "addq %rdx, %rcx\n"
        "jmp *%rcx\n"
        "1: movq %cr8, %r8\n"
        "2: addq $1, %rax\n"
        "3: movq %cr8, %r9\n"
        "4: movq %r9, %cr8\n"
        "5: leaq 100(%rax), %rax\n"
        "addq $40, %rsp\n"
        "ret\n"
        ".seh_endproc\n"
        ".p2align 2\n"
        "9: .long 1b - 9b, 2b - 9b, 3b - 9b, 5b - 9b\n");

/* A function that has an exception handler, which nothing calls here. */
ULONG64 Guarded(VOID);
__asm__(".text\n"
        ".seh_proc Guarded\n"
        "Guarded: subq $40, %rsp\n"
        ".seh_stackalloc 40\n"
        ".seh_handler GuardedHandler, @except\n"
        ".seh_endprologue\n"
        "movq %cr8, %rax\n"
        "nop\n"
        "movq %rax, %cr8\n"
        "addq $40, %rsp\n"
        "ret\n"
        ".seh_endproc\n"
        "GuardedHandler: movl $1, %eax\n"
        "ret\n");

/* A branch leads to the instruction after the move. */
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
ULONG64 LeafBranches(ULONG64 Turns);
ULONG64 LeafHides(
    VOID); /* no branch and no pointer leads to the move: it has to stay, and faults */
__asm__(".text\n"
        "LeafRead: movq %cr8, %rax\n"
        "ret\n"
        "int3\n"
        "LeafWrite: movq %rcx, %cr8\n"
        "ret\n"
        "int3\n"
        "LeafBranches: testq %rcx, %rcx\n"
        "jz 1f\n"
        "0: movq %cr8, %rax\n"
        "ret\n"
        "1: incq %rcx\n"
        "jmp 0b\n"
        "int3\n"
        "LeafHidden: movq %cr8, %rax\n"
        "ret\n"
        "int3\n"
        "LeafHides: movq $LeafHidden - LeafHides, %rax\n"
        "leaq LeafHides(%rip), %rcx\n"
        "addq %rcx, %rax\n"
        "jmp *%rax\n"
        "int3\n");

static VOID CheckLeaves(VOID)
{
    LeafWrite(DISPATCH_LEVEL);
    CHECK(LeafRead() == DISPATCH_LEVEL);
    CHECK(LeafBranches(0) == DISPATCH_LEVEL && LeafBranches(1) == DISPATCH_LEVEL);
    CHECK(LeafHides() == DISPATCH_LEVEL);
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
    CHECK(Table(0) == 101 && Table(1) == 101 && Table(2) == 100 && Table(3) == 100);
    CHECK(Guarded() == PASSIVE_LEVEL);
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
