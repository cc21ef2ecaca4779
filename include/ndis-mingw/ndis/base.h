/* SPDX-License-Identifier: MIT */
/*
 * NDIS versions, handles, status type and the header that every NDIS 6 object begins with.
 *
 * A driver defines its version before it includes ndis.h (NDIS620_MINIPORT=1). Of an object it fills in
 * NDIS_OBJECT_HEADER first: Type, Revision, and Size from the NDIS_SIZEOF_ macro of that revision. The
 * members that the revision has follow. Documentation: ddi/objectheader, ddi/ndis.
 */

#ifndef NDIS_MINGW_BASE_H
#define NDIS_MINGW_BASE_H

/*
 * Versions (network/specifying-the-ndis-version-number). These declarations are those of a
 * Windows 7 miniport and of nothing else.
 */
#if defined(NDIS60_MINIPORT) || defined(NDIS61_MINIPORT) || defined(NDIS630_MINIPORT) || \
    defined(NDIS640_MINIPORT) || defined(NDIS650_MINIPORT)
#error "ndis.h declares NDIS 6.20: define NDIS620_MINIPORT=1 and no other version"
#endif

#ifndef NDIS_WDM
#define NDIS_WDM 1
#endif
#ifndef NDIS_NT
#define NDIS_NT 1
#endif

#define NDIS_MINIPORT_MAJOR_VERSION    0x6
#define NDIS_MINIPORT_MINOR_VERSION    0x14
#define NDIS_SUPPORT_NDIS6             1
#define NDIS_SUPPORT_NDIS61            1
#define NDIS_SUPPORT_NDIS620           1
#define NDIS_SUPPORT_60_COMPATIBLE_API 1

/* Every NDIS function is stdcall on x86, whatever the compiler's default is. */
#define NDISAPI DECLSPEC_IMPORT

/* The distance from the start of a structure to the end of a member: what NDIS_SIZEOF_ are. */
#ifndef RTL_FIELD_SIZE
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#endif
#ifndef RTL_SIZEOF_THROUGH_FIELD
#define RTL_SIZEOF_THROUGH_FIELD(type, field) \
    (FIELD_OFFSET(type, field) + RTL_FIELD_SIZE(type, field))
#endif

typedef int INT, *PINT;
typedef unsigned int UINT, *PUINT;
typedef PVOID NDIS_HANDLE, *PNDIS_HANDLE;
typedef int NDIS_STATUS, *PNDIS_STATUS;
typedef ULONG NDIS_ERROR_CODE, *PNDIS_ERROR_CODE;
typedef ULONG NDIS_OID, *PNDIS_OID;
typedef ULONG NDIS_PORT_NUMBER, *PNDIS_PORT_NUMBER;
typedef PHYSICAL_ADDRESS NDIS_PHYSICAL_ADDRESS, *PNDIS_PHYSICAL_ADDRESS;
typedef UNICODE_STRING NDIS_STRING, *PNDIS_STRING;
typedef ANSI_STRING NDIS_ANSI_STRING, *PNDIS_ANSI_STRING;
typedef CM_PARTIAL_RESOURCE_LIST NDIS_RESOURCE_LIST, *PNDIS_RESOURCE_LIST;
typedef MDL NDIS_BUFFER, *PNDIS_BUFFER;

/* A string constant of UTF-16 code units; for initialising an NDIS_STRING. */
#ifdef _WIN32
#define NDIS_STRING_CONST(x)                                    \
    {                                                           \
        sizeof(L##x) - sizeof(WCHAR), sizeof(L##x), (PWSTR)L##x \
    }
#else
#define NDIS_STRING_CONST(x)                                    \
    {                                                           \
        sizeof(u##x) - sizeof(WCHAR), sizeof(u##x), (PWSTR)u##x \
    }
#endif
#define NDIS_PHYSICAL_ADDRESS_CONST(_Low, _High) \
    {                                            \
        {                                        \
            (ULONG)(_Low), (LONG)(_High)         \
        }                                        \
    }

/* NDIS_OBJECT_HEADER (ddi/objectheader): Size is a byte count. */
typedef struct _NDIS_OBJECT_HEADER {
    UCHAR Type;
    UCHAR Revision;
    USHORT Size;
} NDIS_OBJECT_HEADER, *PNDIS_OBJECT_HEADER;

/* Object types and revisions */
#define NDIS_OBJECT_TYPE_DRIVER_WRAPPER_REVISION_1                        1
#define NDIS_OBJECT_TYPE_PCI_DEVICE_CUSTOM_PROPERTIES_REVISION_1          1
#define NDIS_OBJECT_TYPE_PCI_DEVICE_CUSTOM_PROPERTIES_REVISION_2          2
#define NDIS_OBJECT_TYPE_DEFAULT                                          0x80
#define NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS                         0x81
#define NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION                               0x83
#define NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT                               0x84
#define NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES                         0x85
#define NDIS_OBJECT_TYPE_BIND_PARAMETERS                                  0x86
#define NDIS_OBJECT_TYPE_OPEN_PARAMETERS                                  0x87
#define NDIS_OBJECT_TYPE_RSS_CAPABILITIES                                 0x88
#define NDIS_OBJECT_TYPE_RSS_PARAMETERS                                   0x89
#define NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS                  0x8A
#define NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS                    0x8B
#define NDIS_OBJECT_TYPE_FILTER_PARTIAL_CHARACTERISTICS                   0x8C
#define NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES                                0x8D
#define NDIS_OBJECT_TYPE_CLIENT_CHIMNEY_OFFLOAD_GENERIC_CHARACTERISTICS   0x8E
#define NDIS_OBJECT_TYPE_PROVIDER_CHIMNEY_OFFLOAD_GENERIC_CHARACTERISTICS 0x8F
#define NDIS_OBJECT_TYPE_CO_PROTOCOL_CHARACTERISTICS                      0x90
#define NDIS_OBJECT_TYPE_CO_MINIPORT_CHARACTERISTICS                      0x91
#define NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS                     0x92
#define NDIS_OBJECT_TYPE_CLIENT_CHIMNEY_OFFLOAD_CHARACTERISTICS           0x93
#define NDIS_OBJECT_TYPE_PROVIDER_CHIMNEY_OFFLOAD_CHARACTERISTICS         0x94
#define NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS                  0x95
#define NDIS_OBJECT_TYPE_OID_REQUEST                                      0x96
#define NDIS_OBJECT_TYPE_REQUEST_EX                                       0x96
#define NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS                            0x97
#define NDIS_OBJECT_TYPE_STATUS_INDICATION                                0x98
#define NDIS_OBJECT_TYPE_FILTER_ATTACH_PARAMETERS                         0x99
#define NDIS_OBJECT_TYPE_FILTER_PAUSE_PARAMETERS                          0x9A
#define NDIS_OBJECT_TYPE_FILTER_RESTART_PARAMETERS                        0x9B
#define NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS                             0x9C
#define NDIS_OBJECT_TYPE_PORT_STATE                                       0x9D
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES         0x9E
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES              0x9F
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES              0xA0
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES        0xA1
#define NDIS_OBJECT_TYPE_RESTART_GENERAL_ATTRIBUTES                       0xA2
#define NDIS_OBJECT_TYPE_PROTOCOL_RESTART_PARAMETERS                      0xA3
#define NDIS_OBJECT_TYPE_MINIPORT_ADD_DEVICE_REGISTRATION_ATTRIBUTES      0xA4
#define NDIS_OBJECT_TYPE_CO_CALL_MANAGER_OPTIONAL_HANDLERS                0xA5
#define NDIS_OBJECT_TYPE_CO_CLIENT_OPTIONAL_HANDLERS                      0xA6
#define NDIS_OBJECT_TYPE_OFFLOAD                                          0xA7
#define NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION                            0xA8
#define NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT                             0xA9
#define NDIS_OBJECT_TYPE_DRIVER_WRAPPER_OBJECT                            0xAA
#define NDIS_OBJECT_TYPE_HD_SPLIT_ATTRIBUTES                              0xAB
#define NDIS_OBJECT_TYPE_NSI_NETWORK_RW_STRUCT                            0xAC
#define NDIS_OBJECT_TYPE_NSI_COMPARTMENT_RW_STRUCT                        0xAD
#define NDIS_OBJECT_TYPE_NSI_INTERFACE_PERSIST_RW_STRUCT                  0xAE
#define NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES      0xAF
#define NDIS_OBJECT_TYPE_SHARED_MEMORY_PROVIDER_CHARACTERISTICS           0xB0
#define NDIS_OBJECT_TYPE_RSS_PROCESSOR_INFO                               0xB1
#define NDIS_OBJECT_REVISION_1                                            1

/* Drivers' kinds, ports, memory flags, limits */
#define NDIS_DEFAULT_PORT_NUMBER     0
#define NDIS_MAXIMUM_PORTS           0x01000000
#define NDIS_MEMORY_CONTIGUOUS       1
#define NDIS_MEMORY_NONCACHED        2
#define ETH_LENGTH_OF_ADDRESS        6
#define NDIS_MAX_PHYS_ADDRESS_LENGTH 0x20
#define NDIS_IF_MAX_STRING_SIZE      0x100
#define NDIS_M_MAX_LOOKAHEAD         0x20E
#define NDIS_LEGACY_DRIVER           0
#define NDIS_LEGACY_MINIPORT         0
#define NDIS_LEGACY_PROTOCOL         0
#define NDIS_INTERMEDIATE_DRIVER     1
#define NDIS_WDM_DRIVER              2

/* Ethernet types that NDIS knows by name */
#define NDIS_ETH_TYPE_IPV4          0x800
#define NDIS_ETH_TYPE_ARP           0x806
#define NDIS_ETH_TYPE_802_1Q        0x8100
#define NDIS_ETH_TYPE_IPV6          0x86DD
#define NDIS_ETH_TYPE_SLOW_PROTOCOL 0x8809
#define NDIS_ETH_TYPE_802_1X        0x888E

typedef enum _NDIS_INTERFACE_TYPE {
    NdisInterfaceInternal = Internal,
    NdisInterfaceIsa = Isa,
    NdisInterfaceEisa = Eisa,
    NdisInterfaceMca = MicroChannel,
    NdisInterfaceTurboChannel = TurboChannel,
    NdisInterfacePci = PCIBus,
    NdisInterfacePcMcia = PCMCIABus,
    NdisInterfaceCBus = CBus,
    NdisInterfaceMPIBus = MPIBus,
    NdisInterfaceMPSABus = MPSABus,
    NdisInterfaceProcessorInternal = ProcessorInternal,
    NdisInterfaceInternalPowerBus = InternalPowerBus,
    NdisInterfacePNPISABus = PNPISABus,
    NdisInterfacePNPBus = PNPBus,
    NdisInterfaceUSB,
    NdisInterfaceIrda,
    NdisInterface1394,
    NdisMaximumInterfaceType
} NDIS_INTERFACE_TYPE,
    *PNDIS_INTERFACE_TYPE;

#endif
