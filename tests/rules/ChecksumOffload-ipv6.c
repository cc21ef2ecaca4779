/* SPDX-License-Identifier: MIT */
/* ChecksumOffload: the result of a checksum is true, over IPv6, too. Here a right one is indicated as failed.
 * says: indicated with the UDP checksum: failed, but it is right
 */
#include "offload.h"

/* UDP from fd00::1 to fd00::2, without data. */
static VOID Datagram6(PUCHAR Frame)
{
    NdisZeroMemory(Frame, 62);
    Frame[12] = 0x86;
    Frame[13] = 0xDD;
    Frame[14] = 0x60;
    Frame[19] = 8;
    Frame[20] = 17;
    Frame[21] = 64;
    Frame[22] = Frame[38] = 0xFD;
    Frame[37] = 1;
    Frame[53] = 2;
    Frame[54] = 0xC0;
    Frame[57] = 9;
    Frame[59] = 8;
    Frame[60] = 0x45; /* ~(0xFD00 + 1 + 0xFD00 + 2 + 17 + 8 + 0xC000 + 9 + 8) */
    Frame[61] = 0xD0;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    Datagram6(Adapter.Shared);
    NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(Adapter.Receive)) = 62;
    Result(UDP_SUCCEEDED);
    Indicate(NDIS_RECEIVE_FLAGS_RESOURCES);
    Result(UDP_FAILED);
    Indicate(0);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = SetOffloads;
    Hooks->Send = Send;
}
