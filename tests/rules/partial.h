/* SPDX-License-Identifier: MIT */
/*
 * partial.h: a miniport whose device leaves checksums of received frames to it, with VIRTIO_NET_F_GUEST_CSUM. It
 * completes them, and indicates them as right.
 *   PartialHooks(Hooks);
 *   Lazy = TRUE;     it does not complete them
 */
#ifndef RULES_PARTIAL_H
#define RULES_PARTIAL_H

#include "offload.h"
#include "receive.h"

static BOOLEAN Lazy;
static ULONG Partial;

static VOID CompletePartial(const UCHAR *Header, PUCHAR Frame, ULONG Length)
{
    ULONG Start = Header[6] | Header[7] << 8, At = Start + (Header[8] | Header[9] << 8);
    ULONG Sum = 0, i;

    for (i = Start; i < Length; i++)
        Sum += (i - Start) % 2 ? Frame[i] : (ULONG)Frame[i] << 8;
    while (Sum >> 16)
        Sum = (Sum & 0xFFFF) + (Sum >> 16);
    Sum = ~Sum & 0xFFFF;
    if (Sum == 0 && Header[8] == 6)
        Sum = 0xFFFF; /* of UDP: 0 is none */
    Frame[At] = (UCHAR)(Sum >> 8);
    Frame[At + 1] = (UCHAR)Sum;
}

static VOID Look(PNET_BUFFER_LIST List, const UCHAR *Header, PUCHAR Frame, ULONG Length)
{
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Info;

    if (!(Header[0] & 1)) /* NEEDS_CSUM */
        return;
    Partial++;
    if (!Lazy)
        CompletePartial(Header, Frame, Length);
    Info.Value = NULL;
    if (Header[8] == 16)
        Info.Receive.TcpChecksumSucceeded = 1;
    else
        Info.Receive.UdpChecksumSucceeded = 1;
    NET_BUFFER_LIST_INFO(List, TcpIpChecksumNetBufferListInfo) = Info.Value;
}

static NDIS_STATUS PartialInitialize(VOID)
{
    Features = 1 << 1; /* GUEST_CSUM */
    VirtioStart();
    ReceiveStart(2048);
    return SetOffloads();
}

static __inline VOID PartialHooks(HOOKS *Hooks)
{
    Received = Look;
    ReceiveHooks(Hooks);
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = PartialInitialize;
    Hooks->Halt = ReceiveStop;
}

#endif
