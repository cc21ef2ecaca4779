/* SPDX-License-Identifier: MIT */
/* NdisMSetMiniportAttributes: the attributes are sound. Here the MAC address has 5 bytes. */
#include "miniport.h"

static VOID General(PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes)
{
    Attributes->MacAddressLength = 5;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->General = General;
}
