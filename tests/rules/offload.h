/* SPDX-License-Identifier: MIT */
/*
 * offload.h: checksums of TCP and UDP, offloaded both ways, and a datagram to try it with. What the protocol sets is
 * done and indicated.
 *   Hooks->Entry = OffloadEntry;  Hooks->Initialize = SetOffloads (or what calls it);
 *   LargeMost = 65536;            TCP packets of so many bytes of data are segmented, too
 *   Quiet = TRUE;                 nothing is indicated; Stubborn: what is turned off stays on
 *   Datagram(Adapter.Shared, TRUE);  Result(UDP_SUCCEEDED);  Indicate(0);
 */
#ifndef RULES_OFFLOAD_H
#define RULES_OFFLOAD_H

#include "miniport.h"
#include "miniport_forms.h"

#define UDP_FAILED    0x02 /* of NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO */
#define UDP_SUCCEEDED 0x10
#define LARGE_LEAST   3  /* MinSegmentCount */
#define DATAGRAM      60 /* bytes of the frame */

static ULONG Encapsulations, Settings;
static BOOLEAN Quiet, Stubborn;
static ULONG LargeMost;         /* MaxOffLoadSize; 0: no large send offload */
static ULONG LargeVersions = 7; /* 1: LSOv1, 2: LSOv2 over IPv4, 4: over IPv6 */
static NDIS_OFFLOAD Current;    /* what is on; Initialize sets it */

/* LSO of the versions that are bits of On. */
static VOID SetLarge(PNDIS_OFFLOAD Offload, ULONG On)
{
    ULONG Ethernet = NDIS_ENCAPSULATION_IEEE_802_3;

    Offload->LsoV1.IPv4.Encapsulation = On & 1 ? Ethernet : 0;
    Offload->LsoV1.IPv4.MaxOffLoadSize = On & 1 ? LargeMost : 0;
    Offload->LsoV1.IPv4.MinSegmentCount = LARGE_LEAST;
    Offload->LsoV1.IPv4.TcpOptions = NDIS_OFFLOAD_SUPPORTED;
    Offload->LsoV2.IPv4.Encapsulation = On & 2 ? Ethernet : 0;
    Offload->LsoV2.IPv4.MaxOffLoadSize = On & 2 ? LargeMost : 0;
    Offload->LsoV2.IPv4.MinSegmentCount = LARGE_LEAST;
    Offload->LsoV2.IPv6.Encapsulation = On & 4 ? Ethernet : 0;
    Offload->LsoV2.IPv6.MaxOffLoadSize = On & 4 ? LargeMost : 0;
    Offload->LsoV2.IPv6.MinSegmentCount = LARGE_LEAST;
    Offload->LsoV2.IPv6.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
}

/* What the hardware can do. */
static VOID FormOffload(PNDIS_OFFLOAD Offload)
{
    NDIS_TCP_IP_CHECKSUM_OFFLOAD *Checksum = &Offload->Checksum;

    NdisZeroMemory(Offload, sizeof(*Offload));
    Offload->Header.Type = NDIS_OBJECT_TYPE_OFFLOAD;
    Offload->Header.Revision = NDIS_OFFLOAD_REVISION_1;
    Offload->Header.Size = NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1;
    Checksum->IPv4Transmit.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    Checksum->IPv4Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv4Transmit.UdpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv4Receive.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    Checksum->IPv4Receive.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv4Receive.UdpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv6Transmit.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    Checksum->IPv6Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv6Transmit.UdpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv6Receive.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
    Checksum->IPv6Receive.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
    Checksum->IPv6Receive.UdpChecksum = NDIS_OFFLOAD_SUPPORTED;
    if (LargeMost != 0)
        SetLarge(Offload, LargeVersions);
}

static __inline VOID IndicateOffload(VOID)
{
    NDIS_STATUS_INDICATION Indication;

    FormIndication(&Indication, Adapter.Handle, NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, &Current,
                   sizeof(Current));
    NdisMIndicateStatusEx(Adapter.Handle, &Indication);
}

/* Not 0: the offload is on after this setting. */
static ULONG Set(ULONG Was, UCHAR Setting, UCHAR OneWay)
{
    if (Setting == NDIS_OFFLOAD_PARAMETERS_NO_CHANGE)
        return Was;
    return Setting == NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED || Setting == OneWay;
}
#define TX       NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED
#define RX       NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED
#define LARGE_ON NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED

static VOID SetParameters(const NDIS_OFFLOAD_PARAMETERS *Parameters)
{
    NDIS_TCP_IP_CHECKSUM_OFFLOAD *c = &Current.Checksum;
    ULONG Large = 0;

    if (LargeMost != 0) {
        Large |= Set(Current.LsoV1.IPv4.Encapsulation != 0, Parameters->LsoV1, LARGE_ON) ? 1 : 0;
        Large |=
            Set(Current.LsoV2.IPv4.Encapsulation != 0, Parameters->LsoV2IPv4, LARGE_ON) ? 2 : 0;
        Large |=
            Set(Current.LsoV2.IPv6.Encapsulation != 0, Parameters->LsoV2IPv6, LARGE_ON) ? 4 : 0;
        SetLarge(&Current, Large);
    }

    c->IPv4Transmit.TcpChecksum = Set(c->IPv4Transmit.TcpChecksum, Parameters->TCPIPv4Checksum, TX);
    c->IPv4Transmit.UdpChecksum = Set(c->IPv4Transmit.UdpChecksum, Parameters->UDPIPv4Checksum, TX);
    c->IPv6Transmit.TcpChecksum = Set(c->IPv6Transmit.TcpChecksum, Parameters->TCPIPv6Checksum, TX);
    c->IPv6Transmit.UdpChecksum = Set(c->IPv6Transmit.UdpChecksum, Parameters->UDPIPv6Checksum, TX);
    c->IPv4Receive.TcpChecksum = Set(c->IPv4Receive.TcpChecksum, Parameters->TCPIPv4Checksum, RX);
    c->IPv4Receive.UdpChecksum = Set(c->IPv4Receive.UdpChecksum, Parameters->UDPIPv4Checksum, RX);
    c->IPv6Receive.TcpChecksum = Set(c->IPv6Receive.TcpChecksum, Parameters->TCPIPv6Checksum, RX);
    c->IPv6Receive.UdpChecksum = Set(c->IPv6Receive.UdpChecksum, Parameters->UDPIPv6Checksum, RX);
}

static MINIPORT_OID_REQUEST OffloadOid;
static NDIS_STATUS NTAPI OffloadOid(NDIS_HANDLE MiniportAdapterContext,
                                    PNDIS_OID_REQUEST OidRequest)
{
    NDIS_OID Oid = OidRequest->DATA.SET_INFORMATION.Oid;

    if (OidRequest->RequestType != NdisRequestSetInformation ||
        (Oid != OID_OFFLOAD_ENCAPSULATION && Oid != OID_TCP_OFFLOAD_PARAMETERS))
        return MiniportOid(MiniportAdapterContext, OidRequest);
    OidRequest->DATA.SET_INFORMATION.BytesRead =
        OidRequest->DATA.SET_INFORMATION.InformationBufferLength;
    if (Oid == OID_OFFLOAD_ENCAPSULATION)
        Encapsulations++;
    else
        Settings++;
    if (Oid == OID_TCP_OFFLOAD_PARAMETERS && !Stubborn)
        SetParameters(OidRequest->DATA.SET_INFORMATION.InformationBuffer);
    if (!Quiet)
        IndicateOffload();
    return NDIS_STATUS_SUCCESS;
}

static VOID OffloadEntry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = OffloadOid;
}

static NDIS_STATUS SetOffloads(VOID)
{
    NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES Attributes;
    NDIS_OFFLOAD Offload;

    FormOffload(&Offload);
    if (Current.Header.Size == 0)
        Current = Offload;
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1;
    Attributes.DefaultOffloadConfiguration = &Current;
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
