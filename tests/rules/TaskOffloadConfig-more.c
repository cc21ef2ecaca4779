/* SPDX-License-Identifier: MIT */
/* TaskOffloadConfig: the configuration has only what the hardware can do. Here it has a checksum more.
 * says: the indicated configuration has IPv4 checksum on sends, which the hardware capabilities lack
 */
#include "offload.h"

static NDIS_STATUS Restart(VOID)
{
    Current.Checksum.IPv4Transmit.IpChecksum = NDIS_OFFLOAD_SUPPORTED;
    IndicateOffload();
    Current.Checksum.IPv4Transmit.IpChecksum = NDIS_OFFLOAD_NOT_SUPPORTED;
    IndicateOffload();
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = SetOffloads;
    Hooks->Restart = Restart;
}
