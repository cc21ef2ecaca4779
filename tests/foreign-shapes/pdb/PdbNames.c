/* SPDX-License-Identifier: MIT */
/* A driver of C and of C++ with CodeView, linked by lld-link with a PDB. Each half stalls for too long. */
#include "miniport.h"

VOID CardSend(int *Count);

static int Sent;

static __declspec(noinline) VOID StallHere(VOID)
{
    NdisStallExecution(70); /* the line that pdb_tests.py expects */
    Sent++;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    CardSend(&Sent);
    StallHere();
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
