/* SPDX-License-Identifier: MIT */
/* WriteErrorLog: an entry of the event log has room for 16 values. Here there are 17. */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisWriteErrorLogEntry(Adapter.Handle, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 17, 1, 2, 3, 4, 5, 6,
                           7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
