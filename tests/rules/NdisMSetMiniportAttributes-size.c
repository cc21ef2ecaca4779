/* SPDX-License-Identifier: MIT */
/* NdisMSetMiniportAttributes: attributes have a size of their revision. Here that of revision 1. */
#include "miniport.h"

static VOID General(PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes)
{
    Attributes->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->General = General;
}
