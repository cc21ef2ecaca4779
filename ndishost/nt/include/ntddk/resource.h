/* SPDX-License-Identifier: MIT */
/*
 * Hardware resources as the PnP manager assigns them: ports, interrupts, memory.
 *
 * A CM_RESOURCE_LIST holds full descriptors, each a partial list of 16- or 20-byte descriptors
 * packed to 4. Documentation: ddi/wdm/ns-wdm-_cm_partial_resource_descriptor.
 */

#ifndef NDISHOST_NTDDK_RESOURCE_H
#define NDISHOST_NTDDK_RESOURCE_H

typedef enum _INTERFACE_TYPE {
    InterfaceTypeUndefined = -1,
    Internal,
    Isa,
    Eisa,
    MicroChannel,
    TurboChannel,
    PCIBus,
    VMEBus,
    NuBus,
    PCMCIABus,
    CBus,
    MPIBus,
    MPSABus,
    ProcessorInternal,
    InternalPowerBus,
    PNPISABus,
    PNPBus,
    Vmcs,
    MaximumInterfaceType
} INTERFACE_TYPE,
    *PINTERFACE_TYPE;

typedef enum _BUS_DATA_TYPE {
    ConfigurationSpaceUndefined = -1,
    Cmos,
    EisaConfiguration,
    Pos,
    CbusConfiguration,
    PCIConfiguration,
    VMEConfiguration,
    NuBusConfiguration,
    PCMCIAConfiguration,
    MPIConfiguration,
    MPSAConfiguration,
    PNPISAConfiguration,
    SgiInternalConfiguration,
    MaximumBusDataType
} BUS_DATA_TYPE,
    *PBUS_DATA_TYPE;

typedef enum _KINTERRUPT_MODE { LevelSensitive, Latched } KINTERRUPT_MODE;
typedef enum _KINTERRUPT_POLARITY {
    InterruptPolarityUnknown,
    InterruptActiveHigh,
    InterruptActiveLow
} KINTERRUPT_POLARITY;

#define CmResourceTypeNull           0
#define CmResourceTypePort           1
#define CmResourceTypeInterrupt      2
#define CmResourceTypeMemory         3
#define CmResourceTypeDma            4
#define CmResourceTypeDeviceSpecific 5
#define CmResourceTypeBusNumber      6
#define CmResourceTypeMemoryLarge    7
#define CmResourceTypeConfigData     128
#define CmResourceTypeDevicePrivate  129

typedef enum _CM_SHARE_DISPOSITION {
    CmResourceShareUndetermined = 0,
    CmResourceShareDeviceExclusive,
    CmResourceShareDriverExclusive,
    CmResourceShareShared
} CM_SHARE_DISPOSITION;

#define CM_RESOURCE_DMA_8                                0
#define CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE            0
#define CM_RESOURCE_MEMORY_LARGE_64_MAXLEN               0xFFFFFFFF00000000ULL
#define CM_RESOURCE_MEMORY_READ_WRITE                    0
#define CM_RESOURCE_PORT_MEMORY                          0
#define CM_RESOURCE_DMA_16                               1
#define CM_RESOURCE_INTERRUPT_LATCHED                    1
#define CM_RESOURCE_INTERRUPT_LEVEL_LATCHED_BITS         1
#define CM_RESOURCE_MEMORY_READ_ONLY                     1
#define CM_RESOURCE_PORT_IO                              1
#define CM_RESOURCE_DMA_32                               2
#define CM_RESOURCE_INTERRUPT_MESSAGE                    2
#define CM_RESOURCE_MEMORY_WRITE_ONLY                    2
#define CM_RESOURCE_MEMORY_WRITEABILITY_MASK             3
#define CM_RESOURCE_DMA_8_AND_16                         4
#define CM_RESOURCE_INTERRUPT_POLICY_INCLUDED            4
#define CM_RESOURCE_MEMORY_PREFETCHABLE                  4
#define CM_RESOURCE_PORT_10_BIT_DECODE                   4
#define CM_RESOURCE_DMA_BUS_MASTER                       8
#define CM_RESOURCE_MEMORY_COMBINEDWRITE                 8
#define CM_RESOURCE_PORT_12_BIT_DECODE                   8
#define CM_RESOURCE_DMA_TYPE_A                           0x10
#define CM_RESOURCE_MEMORY_24                            0x10
#define CM_RESOURCE_PORT_16_BIT_DECODE                   0x10
#define CM_RESOURCE_DMA_TYPE_B                           0x20
#define CM_RESOURCE_MEMORY_CACHEABLE                     0x20
#define CM_RESOURCE_PORT_POSITIVE_DECODE                 0x20
#define CM_RESOURCE_DMA_TYPE_F                           0x40
#define CM_RESOURCE_MEMORY_WINDOW_DECODE                 0x40
#define CM_RESOURCE_PORT_PASSIVE_DECODE                  0x40
#define CM_RESOURCE_MEMORY_BAR                           0x80
#define CM_RESOURCE_PORT_WINDOW_DECODE                   0x80
#define CM_RESOURCE_MEMORY_COMPAT_FOR_INACCESSIBLE_RANGE 0x100
#define CM_RESOURCE_PORT_BAR                             0x100
#define CM_RESOURCE_MEMORY_LARGE_40                      0x200
#define CM_RESOURCE_MEMORY_LARGE_48                      0x400
#define CM_RESOURCE_MEMORY_LARGE_64                      0x800
#define CM_RESOURCE_MEMORY_LARGE                         0xE00
#define CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN              0xFFFFFFFE
#define CM_RESOURCE_MEMORY_LARGE_40_MAXLEN               0xFFFFFFFF00
#define CM_RESOURCE_MEMORY_LARGE_48_MAXLEN               0xFFFFFFFF0000

#pragma pack(push, 4)
typedef struct _CM_PARTIAL_RESOURCE_DESCRIPTOR {
    UCHAR Type;
    UCHAR ShareDisposition;
    USHORT Flags;
    union {
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length;
        } Generic;
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length;
        } Port;
        struct {
            ULONG Level;
            ULONG Vector;
            KAFFINITY Affinity;
        } Interrupt;
        struct {
            union {
                struct {
                    USHORT Reserved;
                    USHORT MessageCount;
                    ULONG Vector;
                    KAFFINITY Affinity;
                } Raw;
                struct {
                    ULONG Level;
                    ULONG Vector;
                    KAFFINITY Affinity;
                } Translated;
            };
        } MessageInterrupt;
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length;
        } Memory;
        struct {
            ULONG Channel;
            ULONG Port;
            ULONG Reserved1;
        } Dma;
        struct {
            ULONG Data[3];
        } DevicePrivate;
        struct {
            ULONG Start;
            ULONG Length;
            ULONG Reserved;
        } BusNumber;
        struct {
            ULONG DataSize;
            ULONG Reserved1;
            ULONG Reserved2;
        } DeviceSpecificData;
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length40;
        } Memory40;
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length48;
        } Memory48;
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length64;
        } Memory64;
    } u;
} CM_PARTIAL_RESOURCE_DESCRIPTOR, *PCM_PARTIAL_RESOURCE_DESCRIPTOR;

typedef struct _CM_PARTIAL_RESOURCE_LIST {
    USHORT Version;
    USHORT Revision;
    ULONG Count;
    CM_PARTIAL_RESOURCE_DESCRIPTOR PartialDescriptors[1];
} CM_PARTIAL_RESOURCE_LIST, *PCM_PARTIAL_RESOURCE_LIST;

typedef struct _CM_FULL_RESOURCE_DESCRIPTOR {
    INTERFACE_TYPE InterfaceType;
    ULONG BusNumber;
    CM_PARTIAL_RESOURCE_LIST PartialResourceList;
} CM_FULL_RESOURCE_DESCRIPTOR, *PCM_FULL_RESOURCE_DESCRIPTOR;

typedef struct _CM_RESOURCE_LIST {
    ULONG Count;
    CM_FULL_RESOURCE_DESCRIPTOR List[1];
} CM_RESOURCE_LIST, *PCM_RESOURCE_LIST;
#pragma pack(pop)

#endif
