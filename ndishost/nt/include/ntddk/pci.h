/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space as drivers read it: the common header, its bits, capability
 * identifiers.
 *
 * Documentation: ddi/wdm (PCI_COMMON_CONFIG); the values are the PCI local bus specification's.
 */

#ifndef NDISHOST_NTDDK_PCI_H
#define NDISHOST_NTDDK_PCI_H

#define PCI_TYPE_32BIT                     0
#define PCI_ADDRESS_IO_SPACE               1
#define PCI_ENABLE_IO_SPACE                1
#define PCI_ENABLE_MEMORY_SPACE            2
#define PCI_TYPE1_ADDRESSES                2
#define PCI_TYPE_20BIT                     2
#define PCI_ENABLE_BUS_MASTER              4
#define PCI_TYPE_64BIT                     4
#define PCI_TYPE2_ADDRESSES                5
#define PCI_ADDRESS_MEMORY_TYPE_MASK       6
#define PCI_TYPE0_ADDRESSES                6
#define PCI_ADDRESS_MEMORY_PREFETCHABLE    8
#define PCI_ENABLE_SPECIAL_CYCLES          8
#define PCI_STATUS_INTERRUPT_PENDING       8
#define PCI_ENABLE_WRITE_AND_INVALIDATE    0x10
#define PCI_STATUS_CAPABILITIES_LIST       0x10
#define PCI_ENABLE_VGA_COMPATIBLE_PALETTE  0x20
#define PCI_STATUS_66MHZ_CAPABLE           0x20
#define PCI_ENABLE_PARITY                  0x40
#define PCI_STATUS_UDF_SUPPORTED           0x40
#define PCI_ENABLE_WAIT_CYCLE              0x80
#define PCI_STATUS_FAST_BACK_TO_BACK       0x80
#define PCI_ENABLE_SERR                    0x100
#define PCI_STATUS_DATA_PARITY_DETECTED    0x100
#define PCI_ENABLE_FAST_BACK_TO_BACK       0x200
#define PCI_STATUS_DEVSEL                  0x600
#define PCI_STATUS_SIGNALED_TARGET_ABORT   0x800
#define PCI_STATUS_RECEIVED_TARGET_ABORT   0x1000
#define PCI_STATUS_RECEIVED_MASTER_ABORT   0x2000
#define PCI_STATUS_SIGNALED_SYSTEM_ERROR   0x4000
#define PCI_STATUS_DETECTED_PARITY_ERROR   0x8000
#define PCI_ADDRESS_ROM_ADDRESS_MASK       0xFFFFF800
#define PCI_ADDRESS_MEMORY_ADDRESS_MASK    0xFFFFFFF0
#define PCI_ADDRESS_IO_ADDRESS_MASK        0xFFFFFFFC
#define PCI_WHICHSPACE_CONFIG              0x0
#define PCI_WHICHSPACE_ROM                 0x52696350
#define PCI_INVALID_VENDORID               0xFFFF
#define PCI_MULTIFUNCTION                  0x80
#define PCI_DEVICE_TYPE                    0x00
#define PCI_BRIDGE_TYPE                    0x01
#define PCI_CARDBUS_BRIDGE_TYPE            0x02
#define PCI_DISABLE_LEVEL_INTERRUPT        0x0400

#define PCI_CAPABILITY_ID_POWER_MANAGEMENT 1
#define PCI_CAPABILITY_ID_AGP              2
#define PCI_CAPABILITY_ID_VPD              3
#define PCI_CAPABILITY_ID_SLOT_ID          4
#define PCI_CAPABILITY_ID_MSI              5
#define PCI_CAPABILITY_ID_CPCI_HOTSWAP     6
#define PCI_CAPABILITY_ID_PCIX             7
#define PCI_CAPABILITY_ID_HYPERTRANSPORT   8
#define PCI_CAPABILITY_ID_VENDOR_SPECIFIC  9
#define PCI_CAPABILITY_ID_DEBUG_PORT       0xA
#define PCI_CAPABILITY_ID_CPCI_RES_CTRL    0xB
#define PCI_CAPABILITY_ID_SHPC             0xC
#define PCI_CAPABILITY_ID_P2P_SSID         0xD
#define PCI_CAPABILITY_ID_AGP_TARGET       0xE
#define PCI_CAPABILITY_ID_SECURE           0xF
#define PCI_CAPABILITY_ID_PCI_EXPRESS      0x10
#define PCI_CAPABILITY_ID_MSIX             0x11

#define PCI_COMMON_HEADER_LAYOUT                      \
    USHORT VendorID;                                  \
    USHORT DeviceID;                                  \
    USHORT Command;                                   \
    USHORT Status;                                    \
    UCHAR RevisionID;                                 \
    UCHAR ProgIf;                                     \
    UCHAR SubClass;                                   \
    UCHAR BaseClass;                                  \
    UCHAR CacheLineSize;                              \
    UCHAR LatencyTimer;                               \
    UCHAR HeaderType;                                 \
    UCHAR BIST;                                       \
    union {                                           \
        struct {                                      \
            ULONG BaseAddresses[PCI_TYPE0_ADDRESSES]; \
            ULONG CIS;                                \
            USHORT SubVendorID;                       \
            USHORT SubSystemID;                       \
            ULONG ROMBaseAddress;                     \
            UCHAR CapabilitiesPtr;                    \
            UCHAR Reserved1[3];                       \
            ULONG Reserved2;                          \
            UCHAR InterruptLine;                      \
            UCHAR InterruptPin;                       \
            UCHAR MinimumGrant;                       \
            UCHAR MaximumLatency;                     \
        } type0;                                      \
        struct {                                      \
            ULONG BaseAddresses[PCI_TYPE1_ADDRESSES]; \
            UCHAR PrimaryBus;                         \
            UCHAR SecondaryBus;                       \
            UCHAR SubordinateBus;                     \
            UCHAR SecondaryLatency;                   \
            UCHAR IOBase;                             \
            UCHAR IOLimit;                            \
            USHORT SecondaryStatus;                   \
            USHORT MemoryBase;                        \
            USHORT MemoryLimit;                       \
            USHORT PrefetchBase;                      \
            USHORT PrefetchLimit;                     \
            ULONG PrefetchBaseUpper32;                \
            ULONG PrefetchLimitUpper32;               \
            USHORT IOBaseUpper16;                     \
            USHORT IOLimitUpper16;                    \
            UCHAR CapabilitiesPtr;                    \
            UCHAR Reserved1[3];                       \
            ULONG ROMBaseAddress;                     \
            UCHAR InterruptLine;                      \
            UCHAR InterruptPin;                       \
            USHORT BridgeControl;                     \
        } type1;                                      \
        struct {                                      \
            ULONG SocketRegistersBaseAddress;         \
            UCHAR CapabilitiesPtr;                    \
            UCHAR Reserved;                           \
            USHORT SecondaryStatus;                   \
            UCHAR PrimaryBus;                         \
            UCHAR SecondaryBus;                       \
            UCHAR SubordinateBus;                     \
            UCHAR SecondaryLatency;                   \
            struct {                                  \
                ULONG Base;                           \
                ULONG Limit;                          \
            } Range[PCI_TYPE2_ADDRESSES - 1];         \
            UCHAR InterruptLine;                      \
            UCHAR InterruptPin;                       \
            USHORT BridgeControl;                     \
        } type2;                                      \
    } u

typedef struct _PCI_COMMON_HEADER {
    PCI_COMMON_HEADER_LAYOUT;
} PCI_COMMON_HEADER, *PPCI_COMMON_HEADER;

typedef struct _PCI_COMMON_CONFIG {
    PCI_COMMON_HEADER_LAYOUT;
    UCHAR DeviceSpecific[192];
} PCI_COMMON_CONFIG, *PPCI_COMMON_CONFIG;

#define PCI_COMMON_HDR_LENGTH (FIELD_OFFSET(PCI_COMMON_CONFIG, DeviceSpecific))

typedef struct _PCI_SLOT_NUMBER {
    union {
        struct {
            ULONG DeviceNumber : 5;
            ULONG FunctionNumber : 3;
            ULONG Reserved : 24;
        } bits;
        ULONG AsULONG;
    } u;
} PCI_SLOT_NUMBER, *PPCI_SLOT_NUMBER;

#endif
