/* SPDX-License-Identifier: MIT */
/* SListAlignment: the entries of an SLIST are aligned. Here one is not. */
#include "miniport.h"

static SLIST_HEADER Head;
static UCHAR Entries[32] __attribute__((aligned(16)));

static VOID Halt(VOID)
{
    ExInitializeSListHead(&Head);
    InterlockedPushEntrySList(&Head, (PSLIST_ENTRY)(Entries + 4));
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
