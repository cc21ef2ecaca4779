/* SPDX-License-Identifier: MIT */
/* Functions of C++, by both encodings, and source lines: reports name them as the source does. The encoded names
 * are written by hand, so that no compiler of C++ is needed.
 * control: send
 * arch: x64
 * broken: NdisStallExecution_Delay
 * says: Names.sys!Card::Send(int*)+0x
 * says: Names.sys!Card::Halt(void)+0x
 * says: (Names.c:21)
 * says: (Names.c:27)
 */
#include "shape.h"

static volatile LONG Stalls;

static __attribute__((noinline)) VOID Gnu(VOID) __asm__("_ZN4Card4SendEPi");
static __attribute__((noinline)) VOID Microsoft(VOID) __asm__("\"?Halt@Card@@QEAAXXZ\"");

static VOID Gnu(VOID)
{
    NdisStallExecution(60);
    Stalls++; /* the call returns to here: it is not a jump */
}

static VOID Microsoft(VOID)
{
    NdisStallExecution(60);
    Stalls--;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Gnu();
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

static VOID Halt(VOID)
{
    if (Stalls != 0) /* a frame was sent */
        Microsoft();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
    Hooks->Halt = Halt;
}
