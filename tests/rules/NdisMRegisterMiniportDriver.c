/* SPDX-License-Identifier: MIT */
/* NdisMRegisterMiniportDriver: a miniport has every mandatory handler. Here there is no
 * MiniportPause.
 * says: the driver has no MiniportPause: PauseHandler of NDIS_MINIPORT_DRIVER_CHARACTERISTICS is NULL
 * says: ddi/ndis/nc-ndis-miniport_pause
 */
#include "miniport.h"

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->PauseHandler = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
