/* SPDX-License-Identifier: MIT */
/*
 * DMA adapters and scatter/gather lists.
 *
 * NDIS miniports get the lists from NDIS; WDM's own way goes through DMA_ADAPTER's operations.
 * Documentation: ddi/wdm/ns-wdm-_scatter_gather_list, ddi/wdm/ns-wdm-_dma_operations.
 */

#ifndef NDISHOST_NTDDK_DMA_H
#define NDISHOST_NTDDK_DMA_H

typedef struct _SCATTER_GATHER_ELEMENT {
    PHYSICAL_ADDRESS Address;
    ULONG Length;
    ULONG_PTR Reserved;
} SCATTER_GATHER_ELEMENT, *PSCATTER_GATHER_ELEMENT;

/* NumberOfElements of them follow. */
typedef struct _SCATTER_GATHER_LIST {
    ULONG NumberOfElements;
    ULONG_PTR Reserved;
    SCATTER_GATHER_ELEMENT Elements[];
} SCATTER_GATHER_LIST, *PSCATTER_GATHER_LIST;

typedef enum _DMA_WIDTH { Width8Bits, Width16Bits, Width32Bits, MaximumDmaWidth } DMA_WIDTH;
typedef enum _DMA_SPEED { Compatible, TypeA, TypeB, TypeC, TypeF, MaximumDmaSpeed } DMA_SPEED;

#define DEVICE_DESCRIPTION_VERSION  0
#define DEVICE_DESCRIPTION_VERSION1 1
#define DEVICE_DESCRIPTION_VERSION2 2

typedef struct _DEVICE_DESCRIPTION {
    ULONG Version;
    BOOLEAN Master;
    BOOLEAN ScatterGather;
    BOOLEAN DemandMode;
    BOOLEAN AutoInitialize;
    BOOLEAN Dma32BitAddresses;
    BOOLEAN IgnoreCount;
    BOOLEAN Reserved1;
    BOOLEAN Dma64BitAddresses;
    ULONG BusNumber;
    ULONG DmaChannel;
    INTERFACE_TYPE InterfaceType;
    DMA_WIDTH DmaWidth;
    DMA_SPEED DmaSpeed;
    ULONG MaximumLength;
    ULONG DmaPort;
} DEVICE_DESCRIPTION, *PDEVICE_DESCRIPTION;

typedef struct _DMA_ADAPTER DMA_ADAPTER, *PDMA_ADAPTER;
typedef VOID NTAPI DRIVER_LIST_CONTROL(PDEVICE_OBJECT DeviceObject, PIRP Irp,
                                       PSCATTER_GATHER_LIST ScatterGather, PVOID Context);
typedef DRIVER_LIST_CONTROL *PDRIVER_LIST_CONTROL;

typedef struct _DMA_OPERATIONS {
    ULONG Size;
    VOID(NTAPI *PutDmaAdapter)(PDMA_ADAPTER DmaAdapter);
    PVOID(NTAPI *AllocateCommonBuffer)
    (PDMA_ADAPTER DmaAdapter, ULONG Length, PPHYSICAL_ADDRESS LogicalAddress, BOOLEAN CacheEnabled);
    VOID(NTAPI *FreeCommonBuffer)
    (PDMA_ADAPTER DmaAdapter, ULONG Length, PHYSICAL_ADDRESS LogicalAddress, PVOID VirtualAddress,
     BOOLEAN CacheEnabled);
    NTSTATUS(NTAPI *AllocateAdapterChannel)
    (PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, ULONG NumberOfMapRegisters,
     PDRIVER_CONTROL ExecutionRoutine, PVOID Context);
    BOOLEAN(NTAPI *FlushAdapterBuffers)
    (PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase, PVOID CurrentVa, ULONG Length,
     BOOLEAN WriteToDevice);
    VOID(NTAPI *FreeAdapterChannel)(PDMA_ADAPTER DmaAdapter);
    VOID(NTAPI *FreeMapRegisters)
    (PDMA_ADAPTER DmaAdapter, PVOID MapRegisterBase, ULONG NumberOfMapRegisters);
    LARGE_INTEGER_RETURN(NTAPI *MapTransfer)
    (PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase, PVOID CurrentVa, PULONG Length,
     BOOLEAN WriteToDevice);
    ULONG(NTAPI *GetDmaAlignment)(PDMA_ADAPTER DmaAdapter);
    ULONG(NTAPI *ReadDmaCounter)(PDMA_ADAPTER DmaAdapter);
    NTSTATUS(NTAPI *GetScatterGatherList)
    (PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl, PVOID CurrentVa, ULONG Length,
     PDRIVER_LIST_CONTROL ExecutionRoutine, PVOID Context, BOOLEAN WriteToDevice);
    VOID(NTAPI *PutScatterGatherList)
    (PDMA_ADAPTER DmaAdapter, PSCATTER_GATHER_LIST ScatterGather, BOOLEAN WriteToDevice);
    NTSTATUS(NTAPI *CalculateScatterGatherList)
    (PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID CurrentVa, ULONG Length, PULONG ScatterGatherListSize,
     PULONG NumberOfMapRegisters);
    NTSTATUS(NTAPI *BuildScatterGatherList)
    (PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl, PVOID CurrentVa, ULONG Length,
     PDRIVER_LIST_CONTROL ExecutionRoutine, PVOID Context, BOOLEAN WriteToDevice,
     PVOID ScatterGatherBuffer, ULONG ScatterGatherLength);
    NTSTATUS(NTAPI *BuildMdlFromScatterGatherList)
    (PDMA_ADAPTER DmaAdapter, PSCATTER_GATHER_LIST ScatterGather, PMDL OriginalMdl,
     PMDL *TargetMdl);
} DMA_OPERATIONS, *PDMA_OPERATIONS;

struct _DMA_ADAPTER {
    USHORT Version;
    USHORT Size;
    PDMA_OPERATIONS DmaOperations;
};

#endif
