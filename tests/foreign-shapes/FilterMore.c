/* SPDX-License-Identifier: MIT */
/* MiniportFilterResourceRequirements asks for one message more than Windows offers, and for other processors.
 * options: --messages 4
 * inf: two_messages.inf
 * calls: MiniportFilterResourceRequirements 1
 */
#define MESSAGES 3
#include "filter.h"
#include "quiet.h"

static NDIS_STATUS Initialize(VOID)
{
    PIO_INTERRUPT_MESSAGE_INFO Table = Adapter.Granted.MessageInfoTable;
    ULONG i, Found = 0;

    CHECK(Adapter.Granted.InterruptType == NDIS_CONNECT_MESSAGE_BASED);
    CHECK(Table != NULL && Table->MessageCount == MESSAGES);
    for (i = 0; Table != NULL && i < Table->MessageCount; i++)
        CHECK(Table->MessageInfo[i].TargetProcessorSet == (KAFFINITY)1 << (i + 1) % 2);
    for (i = 0; i < Adapter.Resources->Count; i++)
        Found += Adapter.Resources->PartialDescriptors[i].Type == CmResourceTypeInterrupt;
    CHECK(Found == MESSAGES);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
    Hooks->Interrupt = QuietInterrupt;
    Hooks->Initialize = Initialize;
}
