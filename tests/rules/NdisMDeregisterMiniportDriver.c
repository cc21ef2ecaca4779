/* SPDX-License-Identifier: MIT */
/* NdisMDeregisterMiniportDriver: MiniportDriverUnload deregisters the miniport. Here it does
 * not.
 */
#include "miniport.h"

static MINIPORT_UNLOAD Unload;
static VOID NTAPI Unload(PDRIVER_OBJECT Object)
{
    UNREFERENCED_PARAMETER(Object);
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->UnloadHandler = Unload;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
