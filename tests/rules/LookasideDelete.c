/* SPDX-License-Identifier: MIT */
/* LookasideDelete: a lookaside list is deleted once. Here it is deleted twice. */
#include "miniport.h"

static NPAGED_LOOKASIDE_LIST List;

static VOID Halt(VOID)
{
    ExInitializeNPagedLookasideList(&List, NULL, NULL, 0, 64, TAG, 0);
    ExDeleteNPagedLookasideList(&List);
    ExDeleteNPagedLookasideList(&List);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
