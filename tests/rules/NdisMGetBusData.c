/* SPDX-License-Identifier: MIT */
/* NdisMGetBusData: PCI configuration space has 256 bytes. Here more are read. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    ULONG Value;

    NdisMGetBusData(Adapter.Handle, PCI_WHICHSPACE_CONFIG, 256, &Value, sizeof(Value));
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
