/* SPDX-License-Identifier: MIT */
/* SpinLockTimeout: nobody waits longer than 5 seconds for a spin lock. Here a work item holds
 * it for 8.
 * ndishost-options: --time-scale 4
 */
#include "miniport.h"

static volatile LONG Held;

static VOID Work(VOID)
{
    LARGE_INTEGER Start, Now;

    NdisAcquireSpinLock(&Adapter.Lock);
    Held = 1;
    KeQuerySystemTime(&Start);
    do {
        NdisStallExecution(50);
        KeQuerySystemTime(&Now);
    } while (Now.QuadPart - Start.QuadPart < 80000000);
    NdisReleaseSpinLock(&Adapter.Lock);
}

static VOID Halt(VOID)
{
    QueueWork();
    while (!Held)
        WaitMilliseconds(1);
    NdisAcquireSpinLock(&Adapter.Lock);
    NdisReleaseSpinLock(&Adapter.Lock);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Work = Work;
    Hooks->Halt = Halt;
}
