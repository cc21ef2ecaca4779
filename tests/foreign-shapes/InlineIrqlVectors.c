/* SPDX-License-Identifier: MIT */
/* xmm0 to xmm5, which a call may change, hold values over moves from and to CR8, also where the host has to report
 * the move: the driver holds a spin lock.
 * arch: x64
 * broken: Irql_IrqlSetting_Function
 */
#include "shape.h"

#ifdef __x86_64__

static __attribute__((noinline)) ULONG64 KeepsVectors(VOID)
{
    ULONG64 In[12], Out[12], Same = 0;
    ULONG i;

    for (i = 0; i < 12; i++) {
        In[i] = 0x0123456789ABCDEFull * (i + 1);
        Out[i] = 0;
    }
    __asm__ volatile("movups 0(%0), %%xmm0\n"
                     "movups 16(%0), %%xmm1\n"
                     "movups 32(%0), %%xmm2\n"
                     "movups 48(%0), %%xmm3\n"
                     "movups 64(%0), %%xmm4\n"
                     "movups 80(%0), %%xmm5\n"
                     "movq %%cr8, %%rax\n"
                     "xorl %%ecx, %%ecx\n"
                     "movq %%rcx, %%cr8\n"
                     "movq %%rax, %%cr8\n"
                     "movups %%xmm0, 0(%1)\n"
                     "movups %%xmm1, 16(%1)\n"
                     "movups %%xmm2, 32(%1)\n"
                     "movups %%xmm3, 48(%1)\n"
                     "movups %%xmm4, 64(%1)\n"
                     "movups %%xmm5, 80(%1)\n" ::"r"(In),
                     "r"(Out)
                     : "rax", "rcx", "memory");
    for (i = 0; i < 12; i++)
        Same += In[i] == Out[i];
    return Same;
}

static NDIS_STATUS Initialize(VOID)
{
    KSPIN_LOCK Lock;
    KIRQL Irql;

    KeInitializeSpinLock(&Lock);
    KeAcquireSpinLock(&Lock, &Irql);
    CHECK(KeepsVectors() == 12);
    KeReleaseSpinLock(&Lock, Irql);
    return NDIS_STATUS_SUCCESS;
}

#endif

VOID Break(HOOKS *Hooks)
{
#ifdef __x86_64__
    Hooks->Initialize = Initialize;
#else
    UNREFERENCED_PARAMETER(Hooks);
#endif
}
