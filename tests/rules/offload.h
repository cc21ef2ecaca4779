/* SPDX-License-Identifier: MIT */
/*
 * offload.h: checksums of TCP and UDP over IPv4, offloaded both ways, and a datagram to try it with.
 *   Hooks->Entry = OffloadEntry;  Hooks->Initialize = SetOffloads (or what calls it);
 *   Datagram(Adapter.Shared, TRUE);  Result(UDP_SUCCEEDED);  Indicate(0);
 */
#ifndef RULES_OFFLOAD_H
#define RULES_OFFLOAD_H

#include "miniport.h"

#define UDP_FAILED    0x02 /* of NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO */
#define UDP_SUCCEEDED 0x10
#define DATAGRAM      60 /* bytes of the frame */

static ULONG Encapsulations;

static MINIPORT_OID_REQUEST OffloadOid;
static NDIS_STATUS NTAPI OffloadOid(NDIS_HANDLE MiniportAdapterContext,
                                    PNDIS_OID_REQUEST OidRequest)
{
    if (OidRequest->RequestType == NdisRequestSetInformation &&
        OidRequest->DATA.SET_INFORMATION.Oid == OID_OFFLOAD_ENCAPSULATION) {
        OidRequest->DATA.SET_INFORMATION.BytesRead = sizeof(NDIS_OFFLOAD_ENCAPSULATION);
        Encapsulations++;
        return NDIS_STATUS_SUCCESS;
    }
    return MiniportOid(MiniportAdapterContext, OidRequest);
}

static VOID OffloadEntry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = OffloadOid;
}

static VOID FormOffload(PNDIS_OFFLOAD Offload)
{
    NdisZeroMemory(Offload, sizeof(*Offload));
    Offload->Header.Type = NDIS_OBJECT_TYPE_OFFLOAD;
    Offload->Header.Revision = NDIS_OFFLOAD_REVISION_1;
    Offload->Header.Size = NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1;
    Offload->Checksum.IPv4Transmit.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    Offload->Checksum.IPv4Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Offload->Checksum.IPv4Transmit.UdpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Offload->Checksum.IPv4Receive.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    Offload->Checksum.IPv4Receive.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Offload->Checksum.IPv4Receive.UdpChecksum = NDIS_OFFLOAD_SUPPORTED;
}

static NDIS_STATUS SetOffloads(VOID)
{
    NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES Attributes;
    NDIS_OFFLOAD Offload;

    FormOffload(&Offload);
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1;
    Attributes.DefaultOffloadConfiguration = &Offload;
    Attributes.HardwareOffloadCapabilities = &Offload;
    return NdisMSetMiniportAttributes(Adapter.Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

/* A UDP datagram from 10.0.0.1 to 10.0.0.2, whose UDP checksum is right or not. */
static __inline VOID Datagram(PUCHAR Frame, BOOLEAN Right)
{
    static const UCHAR Headers[42] = {
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0,  0, 1, 8, 0,    0x45, 0, 0, 46, 0,  1, 0x40,
        0,    64,   17,   0x26, 0xBC, 10,   0, 0, 1, 10, 0, 0, 2, 0xC0, 0,    0, 9, 0,  26, 0, 0};
    /* ~(10.0.0.1 + 10.0.0.2 + 17 + 26 + 0xC000 + 9 + 26), the data being 0 */
    static const USHORT Sum = (USHORT) ~(0x0A00 + 1 + 0x0A00 + 2 + 17 + 26 + 0xC000 + 9 + 26);

    NdisZeroMemory(Frame, DATAGRAM);
    NdisMoveMemory(Frame, Headers, sizeof(Headers));
    Frame[40] = (UCHAR)(Sum >> 8);
    Frame[41] = (UCHAR)Sum;
    Frame[50] = Right ? 0 : 1;
}

static __inline VOID Result(ULONG_PTR Bits)
{
    NET_BUFFER_LIST_INFO(Adapter.Receive, TcpIpChecksumNetBufferListInfo) = (PVOID)Bits;
}

#endif
