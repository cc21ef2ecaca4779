/* SPDX-License-Identifier: MIT */
/*
 * miniport_forms.h: the structures that the test miniports hand to NDIS, filled in as a correct
 * driver fills them. A caller changes what is different in its own.
 *   FormRegistration(&Attributes, Adapter);
 *   NdisMSetMiniportAttributes(Handle, (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
 */
#ifndef MINIPORT_FORMS_H
#define MINIPORT_FORMS_H

#include <ndis.h>

#define FORM_MTU   1500
#define FORM_SPEED 1000000000

/* Without handlers. */
static __inline VOID FormDriver(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Driver)
{
    NdisZeroMemory(Driver, sizeof(*Driver));
    Driver->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS;
    Driver->Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Driver->Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Driver->MajorNdisVersion = 6;
    Driver->MinorNdisVersion = 20;
    Driver->MajorDriverVersion = 1;
}

static __inline VOID FormRegistration(PNDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Attributes,
                                      NDIS_HANDLE MiniportAdapterContext)
{
    NdisZeroMemory(Attributes, sizeof(*Attributes));
    Attributes->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES;
    Attributes->Header.Revision = NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes->MiniportAdapterContext = MiniportAdapterContext;
    Attributes->AttributeFlags =
        NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE | NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER;
    Attributes->InterfaceType = NdisInterfacePci;
}

/* Ethernet at 1 Gbit/s with its link up, and nothing that wakes it. Pm is filled in too, and has to
 * stay until the attributes are set; so have the OIDs. */
static __inline VOID FormGeneral(PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes,
                                 PNDIS_PM_CAPABILITIES Pm, const UCHAR *Mac, PNDIS_OID Oids,
                                 ULONG OidsLength)
{
    NdisZeroMemory(Pm, sizeof(*Pm));
    Pm->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Pm->Header.Revision = NDIS_PM_CAPABILITIES_REVISION_1;
    Pm->Header.Size = NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1;
    NdisZeroMemory(Attributes, sizeof(*Attributes));
    Attributes->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
    Attributes->Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    Attributes->Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    Attributes->MediaType = NdisMedium802_3;
    Attributes->PhysicalMediumType = NdisPhysicalMedium802_3;
    Attributes->MtuSize = FORM_MTU;
    Attributes->MaxXmitLinkSpeed = Attributes->XmitLinkSpeed = FORM_SPEED;
    Attributes->MaxRcvLinkSpeed = Attributes->RcvLinkSpeed = FORM_SPEED;
    Attributes->MediaConnectState = MediaConnectStateConnected;
    Attributes->MediaDuplexState = MediaDuplexStateFull;
    Attributes->LookaheadSize = FORM_MTU;
    Attributes->MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK | NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA;
    Attributes->SupportedPacketFilters =
        NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST | NDIS_PACKET_TYPE_MULTICAST;
    Attributes->MaxMulticastListSize = 32;
    Attributes->MacAddressLength = 6;
    NdisMoveMemory(Attributes->PermanentMacAddress, Mac, 6);
    NdisMoveMemory(Attributes->CurrentMacAddress, Mac, 6);
    Attributes->AccessType = NET_IF_ACCESS_BROADCAST;
    Attributes->DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    Attributes->ConnectionType = NET_IF_CONNECTION_DEDICATED;
    Attributes->IfType = IF_TYPE_ETHERNET_CSMACD;
    Attributes->IfConnectorPresent = TRUE;
    Attributes->SupportedOidList = Oids;
    Attributes->SupportedOidListLength = OidsLength;
    Attributes->PowerManagementCapabilitiesEx = Pm;
}

static __inline VOID FormInterrupt(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Interrupt,
                                   MINIPORT_ISR_HANDLER Isr, MINIPORT_INTERRUPT_DPC_HANDLER Dpc,
                                   MINIPORT_DISABLE_INTERRUPT_HANDLER Enable)
{
    NdisZeroMemory(Interrupt, sizeof(*Interrupt));
    Interrupt->Header.Type = NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT;
    Interrupt->Header.Revision = NDIS_MINIPORT_INTERRUPT_REVISION_1;
    Interrupt->Header.Size = NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1;
    Interrupt->InterruptHandler = Isr;
    Interrupt->InterruptDpcHandler = Dpc;
    Interrupt->DisableInterruptHandler = Enable;
    Interrupt->EnableInterruptHandler = Enable;
}

/* Longest: of what is mapped at once, in bytes. */
static __inline VOID FormDma(PNDIS_SG_DMA_DESCRIPTION Dma, ULONG Longest,
                             MINIPORT_PROCESS_SG_LIST_HANDLER ProcessSgList,
                             MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER SharedMemoryComplete)
{
    NdisZeroMemory(Dma, sizeof(*Dma));
    Dma->Header.Type = NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION;
    Dma->Header.Revision = NDIS_SG_DMA_DESCRIPTION_REVISION_1;
    Dma->Header.Size = NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1;
    Dma->Flags = NDIS_SG_DMA_64_BIT_ADDRESS;
    Dma->MaximumPhysicalMapping = Longest;
    Dma->ProcessSGListHandler = ProcessSgList;
    Dma->SharedMemAllocateCompleteHandler = SharedMemoryComplete;
}

/* Each list comes with a NET_BUFFER. */
static __inline VOID FormListPool(PNET_BUFFER_LIST_POOL_PARAMETERS Pool, ULONG Tag)
{
    NdisZeroMemory(Pool, sizeof(*Pool));
    Pool->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Pool->Header.Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Pool->Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Pool->fAllocateNetBuffer = TRUE;
    Pool->PoolTag = Tag;
}

static __inline VOID FormBufferPool(PNET_BUFFER_POOL_PARAMETERS Pool, ULONG Tag)
{
    NdisZeroMemory(Pool, sizeof(*Pool));
    Pool->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Pool->Header.Revision = NET_BUFFER_POOL_PARAMETERS_REVISION_1;
    Pool->Header.Size = NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1;
    Pool->PoolTag = Tag;
}

static __inline VOID FormTimer(PNDIS_TIMER_CHARACTERISTICS Timer, ULONG Tag,
                               PNDIS_TIMER_FUNCTION Function, PVOID Context)
{
    NdisZeroMemory(Timer, sizeof(*Timer));
    Timer->Header.Type = NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS;
    Timer->Header.Revision = NDIS_TIMER_CHARACTERISTICS_REVISION_1;
    Timer->Header.Size = NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1;
    Timer->AllocationTag = Tag;
    Timer->TimerFunction = Function;
    Timer->FunctionContext = Context;
}

static __inline VOID FormConfiguration(PNDIS_CONFIGURATION_OBJECT Object, NDIS_HANDLE Handle)
{
    NdisZeroMemory(Object, sizeof(*Object));
    Object->Header.Type = NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT;
    Object->Header.Revision = NDIS_CONFIGURATION_OBJECT_REVISION_1;
    Object->Header.Size = NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1;
    Object->NdisHandle = Handle;
}

/* Buffer may be NULL. */
static __inline VOID FormIndication(PNDIS_STATUS_INDICATION Indication, NDIS_HANDLE Handle,
                                    NDIS_STATUS Code, PVOID Buffer, ULONG Size)
{
    NdisZeroMemory(Indication, sizeof(*Indication));
    Indication->Header.Type = NDIS_OBJECT_TYPE_STATUS_INDICATION;
    Indication->Header.Revision = NDIS_STATUS_INDICATION_REVISION_1;
    Indication->Header.Size = NDIS_SIZEOF_STATUS_INDICATION_REVISION_1;
    Indication->SourceHandle = Handle;
    Indication->StatusCode = Code;
    Indication->StatusBuffer = Buffer;
    Indication->StatusBufferSize = Size;
}

/* Returns a value of an open configuration, or NULL. */
static __inline PNDIS_CONFIGURATION_PARAMETER FormRead(NDIS_HANDLE Configuration, PCWSTR Name,
                                                       NDIS_PARAMETER_TYPE Type)
{
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_STRING Keyword;
    NDIS_STATUS Status;

    NdisInitUnicodeString(&Keyword, Name);
    NdisReadConfiguration(&Status, &Parameter, Configuration, &Keyword, Type);
    return Status == NDIS_STATUS_SUCCESS ? Parameter : NULL;
}

#endif
