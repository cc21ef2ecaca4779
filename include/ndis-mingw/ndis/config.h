/* SPDX-License-Identifier: MIT */
/*
 * Where a driver learns of its surroundings: registry, bus, I/O space; and where it complains.
 *
 * Open the configuration in MiniportInitializeEx, read each keyword (NDIS owns what it returns,
 * until NdisCloseConfiguration), close it. Map registers between the registration attributes and
 * the end of MiniportInitializeEx. Documentation: network/ndis-configuration-functions, ddi/ndis.
 */

#ifndef NDIS_MINGW_CONFIG_H
#define NDIS_MINGW_CONFIG_H

typedef enum _NDIS_PARAMETER_TYPE {
    NdisParameterInteger,
    NdisParameterHexInteger,
    NdisParameterString,
    NdisParameterMultiString,
    NdisParameterBinary
} NDIS_PARAMETER_TYPE,
    *PNDIS_PARAMETER_TYPE;

#define NDIS_CONFIGURATION_OBJECT_REVISION_1           1
#define NDIS_CONFIG_FLAG_FILTER_INSTANCE_CONFIGURATION 1

typedef struct _BINARY_DATA {
    USHORT Length;
    PVOID Buffer;
} BINARY_DATA;

typedef struct _NDIS_CONFIGURATION_PARAMETER {
    NDIS_PARAMETER_TYPE ParameterType;
    union {
        ULONG IntegerData;
        NDIS_STRING StringData;
        BINARY_DATA BinaryData;
    } ParameterData;
} NDIS_CONFIGURATION_PARAMETER, *PNDIS_CONFIGURATION_PARAMETER;

typedef struct _NDIS_CONFIGURATION_OBJECT {
    NDIS_OBJECT_HEADER Header;
    NDIS_HANDLE NdisHandle;
    ULONG Flags;
} NDIS_CONFIGURATION_OBJECT, *PNDIS_CONFIGURATION_OBJECT;

#define NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_CONFIGURATION_OBJECT, Flags)

/* Configuration: PASSIVE_LEVEL */
NDISAPI NDIS_STATUS NTAPI NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject,
                                                  PNDIS_HANDLE ConfigurationHandle);
NDISAPI VOID NTAPI NdisOpenConfigurationKeyByName(PNDIS_STATUS Status,
                                                  NDIS_HANDLE ConfigurationHandle,
                                                  PNDIS_STRING SubKeyName,
                                                  PNDIS_HANDLE SubKeyHandle);
NDISAPI VOID NTAPI NdisOpenConfigurationKeyByIndex(PNDIS_STATUS Status,
                                                   NDIS_HANDLE ConfigurationHandle, ULONG Index,
                                                   PNDIS_STRING KeyName, PNDIS_HANDLE KeyHandle);
NDISAPI VOID NTAPI NdisReadConfiguration(PNDIS_STATUS Status,
                                         PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                                         NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                                         NDIS_PARAMETER_TYPE ParameterType);
NDISAPI VOID NTAPI NdisWriteConfiguration(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                                          PNDIS_STRING Keyword,
                                          PNDIS_CONFIGURATION_PARAMETER ParameterValue);
NDISAPI VOID NTAPI NdisReadNetworkAddress(PNDIS_STATUS Status, PVOID *NetworkAddress,
                                          PUINT NetworkAddressLength,
                                          NDIS_HANDLE ConfigurationHandle);
NDISAPI VOID NTAPI NdisCloseConfiguration(NDIS_HANDLE ConfigurationHandle);

/* Files, such as firmware: PASSIVE_LEVEL */
NDISAPI VOID NTAPI NdisOpenFile(PNDIS_STATUS Status, PNDIS_HANDLE FileHandle, PUINT FileLength,
                                PNDIS_STRING FileName,
                                NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress);
NDISAPI VOID NTAPI NdisMapFile(PNDIS_STATUS Status, PVOID *MappedBuffer, NDIS_HANDLE FileHandle);
NDISAPI VOID NTAPI NdisUnmapFile(NDIS_HANDLE FileHandle);
NDISAPI VOID NTAPI NdisCloseFile(NDIS_HANDLE FileHandle);

/* The event log: values are ULONGs; at most NDIS_MAX_EVENT_LOG_DATA_SIZE bytes of data */
#define NDIS_MAX_EVENT_LOG_DATA_SIZE \
    (ERROR_LOG_MAXIMUM_SIZE - sizeof(IO_ERROR_LOG_PACKET) + sizeof(ULONG))
NDISAPI VOID __cdecl NdisWriteErrorLogEntry(NDIS_HANDLE NdisAdapterHandle,
                                            NDIS_ERROR_CODE ErrorCode, ULONG NumberOfErrorValues,
                                            ...);
NDISAPI NDIS_STATUS NTAPI NdisWriteEventLogEntry(PVOID LogHandle, NDIS_STATUS EventCode,
                                                 ULONG UniqueEventValue, USHORT NumStrings,
                                                 PVOID StringsList, ULONG DataSize, PVOID Data);

/*
 * The device and its bus: WhichSpace is PCI_WHICHSPACE_CONFIG, Offset and Length bytes;
 * DISPATCH_LEVEL or below
 */
NDISAPI ULONG NTAPI NdisMGetBusData(NDIS_HANDLE NdisMiniportHandle, ULONG WhichSpace, ULONG Offset,
                                    PVOID Buffer, ULONG Length);
NDISAPI ULONG NTAPI NdisMSetBusData(NDIS_HANDLE NdisMiniportHandle, ULONG WhichSpace, ULONG Offset,
                                    PVOID Buffer, ULONG Length);
NDISAPI VOID NTAPI NdisMGetDeviceProperty(NDIS_HANDLE MiniportAdapterHandle,
                                          PDEVICE_OBJECT *PhysicalDeviceObject,
                                          PDEVICE_OBJECT *FunctionalDeviceObject,
                                          PDEVICE_OBJECT *NextDeviceObject,
                                          PCM_RESOURCE_LIST *AllocatedResources,
                                          PCM_RESOURCE_LIST *AllocatedResourcesTranslated);
NDISAPI NDIS_STATUS NTAPI NdisMQueryAdapterInstanceName(PNDIS_STRING pAdapterInstanceName,
                                                        NDIS_HANDLE MiniportHandle);

/*
 * Memory-mapped registers and ports: only inside MiniportInitializeEx; released in Halt.
 * PASSIVE_LEVEL
 */
NDISAPI NDIS_STATUS NTAPI NdisMMapIoSpace(PVOID *VirtualAddress, NDIS_HANDLE MiniportAdapterHandle,
                                          NDIS_PHYSICAL_ADDRESS PhysicalAddress, UINT Length);
NDISAPI VOID NTAPI NdisMUnmapIoSpace(NDIS_HANDLE MiniportAdapterHandle, PVOID VirtualAddress,
                                     UINT Length);
NDISAPI NDIS_STATUS NTAPI NdisMRegisterIoPortRange(PVOID *PortOffset,
                                                   NDIS_HANDLE MiniportAdapterHandle,
                                                   UINT InitialPort, UINT NumberOfPorts);
NDISAPI VOID NTAPI NdisMDeregisterIoPortRange(NDIS_HANDLE MiniportAdapterHandle, UINT InitialPort,
                                              UINT NumberOfPorts, PVOID PortOffset);

/* Register and port access: any IRQL */
#if defined(_X86_)
#define NdisReadRegisterUchar(Register, Data) \
    KeMemoryBarrier();                        \
    *(Data) = READ_REGISTER_UCHAR((PUCHAR)(Register))
#define NdisReadRegisterUshort(Register, Data) \
    KeMemoryBarrier();                         \
    *(Data) = READ_REGISTER_USHORT((PUSHORT)(Register))
#define NdisReadRegisterUlong(Register, Data) \
    KeMemoryBarrier();                        \
    *(Data) = READ_REGISTER_ULONG((PULONG)(Register))
#else
#define NdisReadRegisterUchar(Register, Data)  *(Data) = READ_REGISTER_UCHAR((PUCHAR)(Register))
#define NdisReadRegisterUshort(Register, Data) *(Data) = READ_REGISTER_USHORT((PUSHORT)(Register))
#define NdisReadRegisterUlong(Register, Data)  *(Data) = READ_REGISTER_ULONG((PULONG)(Register))
#endif
#define NdisWriteRegisterUchar(Register, Data)  WRITE_REGISTER_UCHAR((PUCHAR)(Register), (Data))
#define NdisWriteRegisterUshort(Register, Data) WRITE_REGISTER_USHORT((PUSHORT)(Register), (Data))
#define NdisWriteRegisterUlong(Register, Data)  WRITE_REGISTER_ULONG((PULONG)(Register), (Data))
#define NdisRawReadPortUchar(Port, Data)        *(Data) = READ_PORT_UCHAR((PUCHAR)(Port))
#define NdisRawReadPortUshort(Port, Data)       *(Data) = READ_PORT_USHORT((PUSHORT)(Port))
#define NdisRawReadPortUlong(Port, Data)        *(Data) = READ_PORT_ULONG((PULONG)(Port))
#define NdisRawWritePortUchar(Port, Data)       WRITE_PORT_UCHAR((PUCHAR)(Port), (UCHAR)(Data))
#define NdisRawWritePortUshort(Port, Data)      WRITE_PORT_USHORT((PUSHORT)(Port), (USHORT)(Data))
#define NdisRawWritePortUlong(Port, Data)       WRITE_PORT_ULONG((PULONG)(Port), (ULONG)(Data))
#define NdisRawReadPortBufferUchar(Port, Buffer, Length) \
    READ_PORT_BUFFER_UCHAR((PUCHAR)(Port), (PUCHAR)(Buffer), (Length))
#define NdisRawReadPortBufferUshort(Port, Buffer, Length) \
    READ_PORT_BUFFER_USHORT((PUSHORT)(Port), (PUSHORT)(Buffer), (Length))
#define NdisRawReadPortBufferUlong(Port, Buffer, Length) \
    READ_PORT_BUFFER_ULONG((PULONG)(Port), (PULONG)(Buffer), (Length))
#define NdisRawWritePortBufferUchar(Port, Buffer, Length) \
    WRITE_PORT_BUFFER_UCHAR((PUCHAR)(Port), (PUCHAR)(Buffer), (Length))
#define NdisRawWritePortBufferUshort(Port, Buffer, Length) \
    WRITE_PORT_BUFFER_USHORT((PUSHORT)(Port), (PUSHORT)(Buffer), (Length))
#define NdisRawWritePortBufferUlong(Port, Buffer, Length) \
    WRITE_PORT_BUFFER_ULONG((PULONG)(Port), (PULONG)(Buffer), (Length))
#define NdisGetPhysicalAddressHigh(_PhysicalAddress) ((_PhysicalAddress).HighPart)
#define NdisSetPhysicalAddressHigh(_PhysicalAddress, _Value) \
    ((_PhysicalAddress).HighPart = (_Value))
#define NdisGetPhysicalAddressLow(_PhysicalAddress)         ((_PhysicalAddress).LowPart)
#define NdisSetPhysicalAddressLow(_PhysicalAddress, _Value) ((_PhysicalAddress).LowPart = (_Value))

#endif
