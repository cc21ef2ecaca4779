/* SPDX-License-Identifier: MIT */
/* TaskOffloadConfig: what the hardware can do and the protocol turns on is on. Here UDP/IPv6 stays off.
 * control: offload udp6=on
 * says: the configuration lacks: UDP/IPv6 checksum on sends, UDP/IPv6 checksum on receives
 */
#include "offload.h"

static NDIS_STATUS Initialize(VOID)
{
    FormOffload(&Current);
    Current.Checksum.IPv6Transmit.UdpChecksum = NDIS_OFFLOAD_NOT_SUPPORTED;
    Current.Checksum.IPv6Receive.UdpChecksum = NDIS_OFFLOAD_NOT_SUPPORTED;
    return SetOffloads();
}

VOID Break(HOOKS *Hooks)
{
    Stubborn = TRUE;
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = Initialize;
}
