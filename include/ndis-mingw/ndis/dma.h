/* SPDX-License-Identifier: MIT */
/*
 * Bus-master DMA: scatter/gather lists for sends, shared memory for rings and receive buffers.
 *
 * Register with NdisMRegisterScatterGatherDma in MiniportInitializeEx; for each NET_BUFFER ask
 * for its list, which arrives in MiniportProcessSGList; free it when the device is done, before
 * the list is completed. Documentation: network/ndis-scatter-gather-dma, ddi/ndis.
 */

#ifndef NDIS_MINGW_DMA_H
#define NDIS_MINGW_DMA_H

#define NDIS_SHARED_MEM_HANDLE_HAL_ALLOCATED                   0
#define NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1         1
#define NDIS_SG_DMA_64_BIT_ADDRESS                             1
#define NDIS_SG_DMA_DESCRIPTION_REVISION_1                     1
#define NDIS_SG_LIST_WRITE_TO_DEVICE                           1
#define NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1               1
#define NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1 1
#define NDIS_SHARED_MEM_PARAMETERS_CONTIGOUS                   1
#define NDIS_DMA_24BITS                                        0
#define NDIS_DMA_32BITS                                        1
#define NDIS_DMA_64BITS                                        2

/* pSGL belongs to the driver until NdisMFreeNetBufferSGList. DISPATCH_LEVEL. */
typedef VOID NTAPI MINIPORT_PROCESS_SG_LIST(PDEVICE_OBJECT pDO, PVOID Reserved,
                                            PSCATTER_GATHER_LIST pSGL, PVOID Context);
typedef MINIPORT_PROCESS_SG_LIST *MINIPORT_PROCESS_SG_LIST_HANDLER;
typedef VOID NTAPI NDIS_PROCESS_SG_LIST(PDEVICE_OBJECT DeviceObject, PVOID Reserved,
                                        PSCATTER_GATHER_LIST ScatterGatherListBuffer,
                                        PVOID Context);
typedef NDIS_PROCESS_SG_LIST *NDIS_PROCESS_SG_LIST_HANDLER;
typedef VOID NTAPI MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE(NDIS_HANDLE MiniportAdapterContext,
                                                         PVOID VirtualAddress,
                                                         PNDIS_PHYSICAL_ADDRESS PhysicalAddress,
                                                         ULONG Length, PVOID Context);
typedef MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE *MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER;

/* ScatterGatherListSize is out: the bytes that a list of MaximumPhysicalMapping bytes needs. */
typedef struct _NDIS_SG_DMA_DESCRIPTION {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    ULONG MaximumPhysicalMapping;
    MINIPORT_PROCESS_SG_LIST_HANDLER ProcessSGListHandler;
    MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER SharedMemAllocateCompleteHandler;
    ULONG ScatterGatherListSize;
} NDIS_SG_DMA_DESCRIPTION, *PNDIS_SG_DMA_DESCRIPTION;

#define NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SG_DMA_DESCRIPTION, ScatterGatherListSize)

typedef enum _NDIS_SHARED_MEMORY_USAGE {
    NdisSharedMemoryUsageUndefined,
    NdisSharedMemoryUsageXmit,
    NdisSharedMemoryUsageXmitHeader,
    NdisSharedMemoryUsageXmitData,
    NdisSharedMemoryUsageReceive,
    NdisSharedMemoryUsageReceiveLookahead,
    NdisSharedMemoryUsageReceivePostLookahead,
    NdisSharedMemoryUsageReceiveHeader,
    NdisSharedMemoryUsageReceiveData,
    NdisSharedMemoryUsageOther,
    NdisSharedMemoryUsageMax
} NDIS_SHARED_MEMORY_USAGE,
    *PNDIS_SHARED_MEMORY_USAGE;

typedef struct _NDIS_SHARED_MEMORY_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_RECEIVE_QUEUE_ID QueueId;
    NDIS_HANDLE SharedMemoryHandle;
    ULONG PreferredNode;
    NDIS_SHARED_MEMORY_USAGE Usage;
    ULONG Length;
    PVOID VirtualAddress;
    ULONG SGListBufferLength;
    PSCATTER_GATHER_LIST SGListBuffer;
} NDIS_SHARED_MEMORY_PARAMETERS, *PNDIS_SHARED_MEMORY_PARAMETERS;

#define NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SHARED_MEMORY_PARAMETERS, SGListBuffer)

typedef struct _NDIS_SCATTER_GATHER_LIST_PARAMETERS {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_RECEIVE_QUEUE_ID QueueId;
    NDIS_SHARED_MEMORY_USAGE SharedMemoryUsage;
    PMDL Mdl;
    PVOID CurrentVa;
    ULONG Length;
    NDIS_PROCESS_SG_LIST_HANDLER ProcessSGListHandler;
    PVOID Context;
    PSCATTER_GATHER_LIST ScatterGatherListBuffer;
    ULONG ScatterGatherListBufferSize;
    ULONG ScatterGatherListBufferSizeNeeded;
} NDIS_SCATTER_GATHER_LIST_PARAMETERS, *PNDIS_SCATTER_GATHER_LIST_PARAMETERS;

#define NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ScatterGatherListBufferSizeNeeded)

/* Scatter/gather: registration at PASSIVE_LEVEL, allocation and release at DISPATCH_LEVEL. */
NDISAPI NDIS_STATUS NTAPI NdisMRegisterScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle,
                                                        PNDIS_SG_DMA_DESCRIPTION DmaDescription,
                                                        PNDIS_HANDLE NdisMiniportDmaHandle);
NDISAPI VOID NTAPI NdisMDeregisterScatterGatherDma(NDIS_HANDLE NdisMiniportDmaHandle);
NDISAPI NDIS_STATUS NTAPI NdisMAllocateNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle,
                                                       PNET_BUFFER NetBuffer, PVOID Context,
                                                       ULONG Flags, PVOID ScatterGatherListBuffer,
                                                       ULONG ScatterGatherListBufferSize);
NDISAPI VOID NTAPI NdisMFreeNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle,
                                            PSCATTER_GATHER_LIST pSGL, PNET_BUFFER NetBuffer);
NDISAPI NDIS_STATUS NTAPI NdisBuildScatterGatherList(
    NDIS_HANDLE NdisHandle, PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters);
NDISAPI VOID NTAPI NdisFreeScatterGatherList(NDIS_HANDLE NdisHandle,
                                             PSCATTER_GATHER_LIST ScatterGatherListBuffer,
                                             BOOLEAN WriteToDevice);
NDISAPI ULONG NTAPI NdisMGetDmaAlignment(NDIS_HANDLE MiniportAdapterHandle);

/*
 * Shared memory. NdisMFreeSharedMemory takes the very length, caching and both addresses of the
 * allocation. NdisMAllocateSharedMemoryAsyncEx takes the handle of NdisMRegisterScatterGatherDma; Windows
 * exports it under the name without Ex.
 */
NDISAPI VOID NTAPI NdisMAllocateSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length,
                                             BOOLEAN Cached, PVOID *VirtualAddress,
                                             PNDIS_PHYSICAL_ADDRESS PhysicalAddress);
NDISAPI VOID NTAPI NdisMFreeSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length,
                                         BOOLEAN Cached, PVOID VirtualAddress,
                                         NDIS_PHYSICAL_ADDRESS PhysicalAddress);
NDISAPI NDIS_STATUS NTAPI NdisMAllocateSharedMemoryAsync(NDIS_HANDLE MiniportDmaHandle,
                                                         ULONG Length, BOOLEAN Cached,
                                                         PVOID Context);
#define NdisMAllocateSharedMemoryAsyncEx(_MiniportDmaHandle, _Length, _Cached, _Context) \
    NdisMAllocateSharedMemoryAsync((_MiniportDmaHandle), (_Length), (_Cached), (_Context))
NDISAPI NDIS_STATUS NTAPI NdisAllocateSharedMemory(
    NDIS_HANDLE NdisHandle, PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
    PNDIS_HANDLE pAllocationHandle);
NDISAPI VOID NTAPI NdisFreeSharedMemory(NDIS_HANDLE NdisHandle, NDIS_HANDLE AllocationHandle);
NDISAPI ULONG NTAPI NdisGetSharedDataAlignment(VOID);

#endif
