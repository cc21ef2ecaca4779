/* SPDX-License-Identifier: MIT */
/* NdisMRegisterMiniportDriver: a miniport has every mandatory handler. Here there is no
 * MiniportPause.
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
