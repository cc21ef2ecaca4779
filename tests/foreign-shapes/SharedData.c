/* SPDX-License-Identifier: MIT */
/* KUSER_SHARED_DATA read in place, as KeQuerySystemTime and its like are inlined, where the kernel has it and where
 * processes have it. No read is behind a time that the driver was told or has waited for.
 * control: send; send; send
 */
#include "shape.h"

#ifdef __x86_64__
#define KERNEL 0xFFFFF78000000000ull
#else
#define KERNEL 0xFFDF0000u
#endif
#define USER           0x7FFE0000u

#define INTERRUPT_TIME 0x008
#define SYSTEM_TIME    0x014
#define NT_MAJOR       0x26C
#define TICK_COUNT     0x320

typedef volatile const ULONG *TIME; /* LowPart, High1Time, High2Time */

static __attribute__((noinline)) ULONGLONG Read(TIME Time)
{
    ULONG High, Low;

    do {
        High = Time[1];
        Low = Time[0];
    } while (High != Time[2]);
    return (ULONGLONG)High << 32 | Low;
}

static __inline ULONGLONG InterruptTime(VOID)
{
#ifdef __x86_64__
    return *(volatile const ULONGLONG *)(KERNEL + INTERRUPT_TIME);
#else
    return Read((TIME)(KERNEL + INTERRUPT_TIME));
#endif
}

/* The address is in a register, and the loop reads it again and again. */
static VOID Spin(ULONGLONG Time)
{
    TIME Now = (TIME)(KERNEL + INTERRUPT_TIME);
    ULONGLONG Begin = Read(Now);

    while (Read(Now) - Begin < Time)
        ;
}

static VOID CheckOrder(VOID)
{
    LARGE_INTEGER Told;
    ULONGLONG Before, After;
    ULONG i;

    for (i = 0; i < 20; i++) {
        Before = InterruptTime();
        WaitMilliseconds(2);
        After = InterruptTime();
        CHECK(After - Before >= 20000 && After - Before < 600000000);
        Told.QuadPart = (LONGLONG)KeQueryUnbiasedInterruptTime();
        CHECK((ULONGLONG)Told.QuadPart >= After && InterruptTime() >= (ULONGLONG)Told.QuadPart);
        NdisGetCurrentSystemTime(&Told);
        CHECK(Read((TIME)(KERNEL + SYSTEM_TIME)) >= (ULONGLONG)Told.QuadPart);
        CHECK(Read((TIME)(KERNEL + SYSTEM_TIME)) - (ULONGLONG)Told.QuadPart < 600000000);
    }
}

static VOID CheckAliases(VOID)
{
    ULONGLONG User = Read((TIME)(ULONG_PTR)(USER + INTERRUPT_TIME));

    CHECK(InterruptTime() >= User && Read((TIME)(ULONG_PTR)(USER + INTERRUPT_TIME)) >= User);
    CHECK(InterruptTime() - User < 600000000);
    CHECK(*(volatile const ULONG *)(KERNEL + NT_MAJOR) == 6);
    CHECK(*(volatile const USHORT *)(KERNEL + NT_MAJOR) == 6);
    CHECK(*(volatile const UCHAR *)(ULONG_PTR)(USER + NT_MAJOR) == 6);
}

static VOID CheckTicks(VOID)
{
    ULONGLONG Ticks = Read((TIME)(KERNEL + TICK_COUNT)), Time = InterruptTime();

    CHECK(Ticks <= Time / KeQueryTimeIncrement());
    CHECK(Read((TIME)(KERNEL + TICK_COUNT)) - Ticks < 6400);
    CHECK((Time / KeQueryTimeIncrement()) - Ticks < 6400);
}

static NDIS_STATUS Initialize(VOID)
{
    Spin(50000);
    CheckOrder();
    CheckAliases();
    CheckTicks();
    return NDIS_STATUS_SUCCESS;
}

static ULONGLONG Last;

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    ULONGLONG Now = InterruptTime();

    CHECK(Now >= Last);
    Last = Now;
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Send = Send;
}
