/* SPDX-License-Identifier: MIT */
/* NdisMRegisterMiniportDriver: a miniport tells an NDIS version that there is. Here 6.21. */
#include "miniport.h"

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->MinorNdisVersion = 21;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
