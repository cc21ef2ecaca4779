/* SPDX-License-Identifier: MIT */
/*
 * Power management: device states, wake-up capabilities and what a sleeping adapter may answer.
 *
 * A miniport registers NDIS_PM_CAPABILITIES in its general attributes, is moved between states by
 * OID_PNP_SET_POWER (NDIS_DEVICE_POWER_STATE) and told what may wake the system by
 * OID_PM_PARAMETERS. Documentation: ddi/ntddndis (NDIS_PM_*), network/oid-pnp-set-power,
 * network/power-management.
 */

#ifndef NDIS_MINGW_POWER_H
#define NDIS_MINGW_POWER_H

typedef enum _NDIS_DEVICE_POWER_STATE {
    NdisDeviceStateUnspecified,
    NdisDeviceStateD0,
    NdisDeviceStateD1,
    NdisDeviceStateD2,
    NdisDeviceStateD3,
    NdisDeviceStateMaximum
} NDIS_DEVICE_POWER_STATE,
    *PNDIS_DEVICE_POWER_STATE;

typedef enum _NET_DEVICE_POWER_STATE {
    NetDeviceStateUnspecified,
    NetDeviceStateD0,
    NetDeviceStateD1,
    NetDeviceStateD2,
    NetDeviceStateD3,
    NetDeviceStateMaximum
} NET_DEVICE_POWER_STATE,
    *PNET_DEVICE_POWER_STATE;

typedef enum _NDIS_POWER_PROFILE {
    NdisPowerProfileBattery,
    NdisPowerProfileAcOnLine
} NDIS_POWER_PROFILE,
    *PNDIS_POWER_PROFILE;

typedef enum _NDIS_PM_WOL_PACKET {
    NdisPMWoLPacketUnspecified,
    NdisPMWoLPacketBitmapPattern,
    NdisPMWoLPacketMagicPacket,
    NdisPMWoLPacketIPv4TcpSyn,
    NdisPMWoLPacketIPv6TcpSyn,
    NdisPMWoLPacketEapolRequestIdMessage,
    NdisPMWoLPacketMaximum
} NDIS_PM_WOL_PACKET,
    *PNDIS_PM_WOL_PACKET;

typedef enum _NDIS_PM_PROTOCOL_OFFLOAD_TYPE {
    NdisPMProtocolOffloadIdUnspecified,
    NdisPMProtocolOffloadIdIPv4ARP,
    NdisPMProtocolOffloadIdIPv6NS,
    NdisPMProtocolOffload80211RSNRekey,
    NdisPMProtocolOffloadIdMaximum
} NDIS_PM_PROTOCOL_OFFLOAD_TYPE,
    *PNDIS_PM_PROTOCOL_OFFLOAD_TYPE;

#define NDIS_PM_CAPABILITIES_REVISION_1                    1
#define NDIS_PM_PARAMETERS_REVISION_1                      1
#define NDIS_PM_PRIVATE_PATTERN_ID                         1
#define NDIS_PM_PROTOCOL_OFFLOAD_ARP_ENABLED               1
#define NDIS_PM_PROTOCOL_OFFLOAD_ARP_SUPPORTED             1
#define NDIS_PM_PROTOCOL_OFFLOAD_PRIORITY_HIGHEST          1
#define NDIS_PM_PROTOCOL_OFFLOAD_REVISION_1                1
#define NDIS_PM_WAKE_ON_LINK_CHANGE_ENABLED                1
#define NDIS_PM_WOL_BITMAP_PATTERN_ENABLED                 1
#define NDIS_PM_WOL_BITMAP_PATTERN_SUPPORTED               1
#define NDIS_PM_WOL_PATTERN_REVISION_1                     1
#define NDIS_PM_WOL_PRIORITY_HIGHEST                       1
#define NDIS_PM_PROTOCOL_OFFLOAD_NS_ENABLED                2
#define NDIS_PM_PROTOCOL_OFFLOAD_NS_SUPPORTED              2
#define NDIS_PM_WOL_MAGIC_PACKET_ENABLED                   2
#define NDIS_PM_WOL_MAGIC_PACKET_SUPPORTED                 2
#define NDIS_PM_WOL_IPV4_TCP_SYN_ENABLED                   4
#define NDIS_PM_WOL_IPV4_TCP_SYN_SUPPORTED                 4
#define NDIS_PM_WOL_IPV6_TCP_SYN_ENABLED                   8
#define NDIS_PM_WOL_IPV6_TCP_SYN_SUPPORTED                 8
#define NDIS_PM_MAX_STRING_SIZE                            0x40
#define NDIS_PM_PROTOCOL_OFFLOAD_80211_RSN_REKEY_ENABLED   0x80
#define NDIS_PM_PROTOCOL_OFFLOAD_80211_RSN_REKEY_SUPPORTED 0x80
#define NDIS_PM_WOL_IPV4_DEST_ADDR_WILDCARD_ENABLED        0x200
#define NDIS_PM_WOL_IPV4_DEST_ADDR_WILDCARD_SUPPORTED      0x200
#define NDIS_PM_WOL_IPV6_DEST_ADDR_WILDCARD_ENABLED        0x800
#define NDIS_PM_WOL_IPV6_DEST_ADDR_WILDCARD_SUPPORTED      0x800
#define NDIS_PM_MAX_PATTERN_ID                             0xFFFF
#define NDIS_PM_WOL_EAPOL_REQUEST_ID_MESSAGE_ENABLED       0x00010000
#define NDIS_PM_WOL_EAPOL_REQUEST_ID_MESSAGE_SUPPORTED     0x00010000
#define NDIS_PM_PROTOCOL_OFFLOAD_PRIORITY_NORMAL           0x10000000
#define NDIS_PM_WOL_PRIORITY_NORMAL                        0x10000000
#define NDIS_PM_PROTOCOL_OFFLOAD_PRIORITY_LOWEST           0xFFFFFFFF
#define NDIS_PM_WOL_PRIORITY_LOWEST                        0xFFFFFFFF
#define NDIS_PNP_WAKE_UP_MAGIC_PACKET                      1
#define NDIS_PNP_WAKE_UP_PATTERN_MATCH                     2
#define NDIS_PNP_WAKE_UP_LINK_CHANGE                       4
#define NDIS_DEVICE_WAKE_UP_ENABLE                         1
#define NDIS_DEVICE_WAKE_ON_PATTERN_MATCH_ENABLE           2
#define NDIS_DEVICE_WAKE_ON_MAGIC_PACKET_ENABLE            4

typedef struct _NDIS_PM_WAKE_UP_CAPABILITIES {
    NDIS_DEVICE_POWER_STATE MinMagicPacketWakeUp;
    NDIS_DEVICE_POWER_STATE MinPatternWakeUp;
    NDIS_DEVICE_POWER_STATE MinLinkChangeWakeUp;
} NDIS_PM_WAKE_UP_CAPABILITIES, *PNDIS_PM_WAKE_UP_CAPABILITIES;

/* OID_PNP_CAPABILITIES: of NDIS 6.0 and 6.1 miniports. */
typedef struct _NDIS_PNP_CAPABILITIES {
    ULONG Flags;
    NDIS_PM_WAKE_UP_CAPABILITIES WakeUpCapabilities;
} NDIS_PNP_CAPABILITIES, *PNDIS_PNP_CAPABILITIES;

/* OID_PM_HARDWARE_CAPABILITIES, OID_PM_CURRENT_CAPABILITIES: of NDIS 6.20 miniports. */
typedef struct _NDIS_PM_CAPABILITIES {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG SupportedWoLPacketPatterns;
    ULONG NumTotalWoLPatterns;
    ULONG MaxWoLPatternSize;
    ULONG MaxWoLPatternOffset;
    ULONG MaxWoLPacketSaveBuffer;
    ULONG SupportedProtocolOffloads;
    ULONG NumArpOffloadIPv4Addresses;
    ULONG NumNSOffloadIPv6Addresses;
    NDIS_DEVICE_POWER_STATE MinMagicPacketWakeUp;
    NDIS_DEVICE_POWER_STATE MinPatternWakeUp;
    NDIS_DEVICE_POWER_STATE MinLinkChangeWakeUp;
} NDIS_PM_CAPABILITIES, *PNDIS_PM_CAPABILITIES;

#define NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_PM_CAPABILITIES, MinLinkChangeWakeUp)

/* OID_PM_PARAMETERS */
typedef struct _NDIS_PM_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG EnabledWoLPacketPatterns;
    ULONG EnabledProtocolOffloads;
    ULONG WakeUpFlags;
} NDIS_PM_PARAMETERS, *PNDIS_PM_PARAMETERS;

#define NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_PM_PARAMETERS, WakeUpFlags)

/* OID_PNP_ADD_WAKE_UP_PATTERN: offsets and sizes in bytes, mask and pattern follow. */
typedef struct _NDIS_PM_PACKET_PATTERN {
    ULONG Priority;
    ULONG Reserved;
    ULONG MaskSize;
    ULONG PatternOffset;
    ULONG PatternSize;
    ULONG PatternFlags;
} NDIS_PM_PACKET_PATTERN, *PNDIS_PM_PACKET_PATTERN;

typedef struct _NDIS_PM_COUNTED_STRING {
    USHORT Length; /* bytes, without a terminator */
    WCHAR String[NDIS_PM_MAX_STRING_SIZE + 1];
} NDIS_PM_COUNTED_STRING, *PNDIS_PM_COUNTED_STRING;

/* OID_PM_ADD_WOL_PATTERN */
typedef struct _NDIS_PM_WOL_PATTERN {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG Priority;
    NDIS_PM_WOL_PACKET WoLPacketType;
    NDIS_PM_COUNTED_STRING FriendlyName;
    ULONG PatternId;
    ULONG NextWoLPatternOffset;
    union _WOL_PATTERN {
        struct _IPV4_TCP_SYN_WOL_PACKET_PARAMETERS {
            ULONG Flags;
            UCHAR IPv4SourceAddress[4];
            UCHAR IPv4DestAddress[4];
            USHORT TCPSourcePortNumber;
            USHORT TCPDestPortNumber;
        } IPv4TcpSynParameters;
        struct _IPV6_TCP_SYN_WOL_PACKET_PARAMETERS {
            ULONG Flags;
            UCHAR IPv6SourceAddress[16];
            UCHAR IPv6DestAddress[16];
            USHORT TCPSourcePortNumber;
            USHORT TCPDestPortNumber;
        } IPv6TcpSynParameters;
        struct _EAPOL_REQUEST_ID_MESSAGE_WOL_PACKET_PARAMETERS {
            ULONG Flags;
        } EapolRequestIdMessageParameters;
        struct _WOL_BITMAP_PATTERN {
            ULONG Flags;
            ULONG MaskOffset;
            ULONG MaskSize;
            ULONG PatternOffset;
            ULONG PatternSize;
        } WoLBitMapPattern;
    } WoLPattern;
} NDIS_PM_WOL_PATTERN, *PNDIS_PM_WOL_PATTERN;

#define NDIS_SIZEOF_NDIS_PM_WOL_PATTERN_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_PM_WOL_PATTERN, WoLPattern)

/* OID_PM_ADD_PROTOCOL_OFFLOAD */
typedef struct _NDIS_PM_PROTOCOL_OFFLOAD {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG Priority;
    NDIS_PM_PROTOCOL_OFFLOAD_TYPE ProtocolOffloadType;
    NDIS_PM_COUNTED_STRING FriendlyName;
    ULONG ProtocolOffloadId;
    ULONG NextProtocolOffloadOffset;
    union _PROTOCOL_OFFLOAD_PARAMETERS {
        struct _IPV4_ARP_PARAMETERS {
            ULONG Flags;
            UCHAR RemoteIPv4Address[4];
            UCHAR HostIPv4Address[4];
            UCHAR MacAddress[6];
        } IPv4ARPParameters;
        struct _IPV6_NS_PARAMETERS {
            ULONG Flags;
            UCHAR RemoteIPv6Address[16];
            UCHAR SolicitedNodeIPv6Address[16];
            UCHAR MacAddress[6];
            UCHAR TargetIPv6Addresses[2][16];
        } IPv6NSParameters;
        struct _DOT11_RSN_REKEY_PARAMETERS {
            ULONG Flags;
            UCHAR KCK[16];
            UCHAR KEK[16];
            ULONGLONG KeyReplayCounter;
        } Dot11RSNRekeyParameters;
    } ProtocolOffloadParameters;
} NDIS_PM_PROTOCOL_OFFLOAD, *PNDIS_PM_PROTOCOL_OFFLOAD;

#define NDIS_SIZEOF_NDIS_PM_PROTOCOL_OFFLOAD_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_PM_PROTOCOL_OFFLOAD, ProtocolOffloadParameters)

#endif
