/* SPDX-License-Identifier: MIT */
/* MiniportFilterResourceRequirements removes the messages. The driver registers for the line, and supports nothing else.
 * options: --messages 4
 * inf: two_messages.inf
 */
#define MESSAGES 0
#include "filter.h"

static NDIS_STATUS Initialize(VOID)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Line = FindResource(CmResourceTypeInterrupt);

    CHECK(Adapter.Granted.InterruptType == NDIS_CONNECT_LINE_BASED);
    CHECK(Adapter.Granted.MessageInfoTable == NULL);
    CHECK(Line != NULL && !(Line->Flags & CM_RESOURCE_INTERRUPT_MESSAGE));
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
    Hooks->Initialize = Initialize;
}
