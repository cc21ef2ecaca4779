/* SPDX-License-Identifier: MIT */
/*
 * messages.h: a miniport with message-signaled interrupts: message 0 for configuration changes, 1 for received
 * frames, 2 for sent ones; with fewer messages several events share one; with a line they share that. It moves one
 * frame at a time through the queues of virtio.h. Shapes that include it say what Windows grants:
 *   MESSAGES   how many messages; 0: the line
 *   TOGETHER   MsiSyncWithAllMessages
 */
#ifndef FOREIGN_MESSAGES_H
#define FOREIGN_MESSAGES_H

#include "shape.h"
#include "virtio.h"

#define CONFIG_VECTOR 0x10 /* of the common structure */
#define QUEUE_SELECT  0x16
#define QUEUE_VECTOR  0x1A
#define HEADER        12
#define FRAME         60
#define SEND_OFFSET   4096 /* in the shared memory */

/* Which message tells of what. */
#define OF(Event) ((Event) < MESSAGES ? (Event) : MESSAGES ? MESSAGES - 1 : 0)
#define CONFIG    0
#define RECEIVE   1
#define SENT      2

static const ULONG Granted = MESSAGES;
static volatile LONG Isrs[3], Dpcs[3], Lines, LineDpcs, Inside;
static PNET_BUFFER_LIST Sending;
static ULONG SendFlags;
static volatile LONG SentFrames, ReceivedFrames;

static volatile USHORT *Used(ULONG Queue)
{
    return (volatile USHORT *)(Rings + Queue * VIRTIO_QUEUE + 512);
}

/* ---- Interrupts ---- */

static BOOLEAN Note(volatile LONG *Count)
{
    CHECK(KeGetCurrentIrql() > DISPATCH_LEVEL);
    if (TOGETHER) {
        CHECK(InterlockedIncrement(&Inside) == 1);
        KeStallExecutionProcessor(5);
        InterlockedDecrement(&Inside);
    }
    InterlockedIncrement(Count);
    return TRUE;
}

static MINIPORT_MESSAGE_INTERRUPT MessageIsr;
static BOOLEAN NTAPI MessageIsr(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                                PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    CHECK(MiniportInterruptContext == &Adapter);
    CHECK(MessageId < Granted);
    CHECK(Adapter.Granted.MessageInfoTable->MessageInfo[MessageId].TargetProcessorSet &
          (KAFFINITY)1 << NdisCurrentProcessorIndex());
    *QueueDefaultInterruptDpc = MessageId != OF(RECEIVE);
    *TargetProcessors = MessageId != OF(RECEIVE) ? 0 : 1;
    return Note(&Isrs[MessageId]);
}

static BOOLEAN LineIsr(PBOOLEAN QueueDpc)
{
    BOOLEAN Mine = VirtioIsr(QueueDpc);

    *QueueDpc = Mine;
    return Mine && Note(&Lines);
}

/* What the device has used: one frame each way at most. */
static VOID Look(VOID)
{
    PNET_BUFFER_LIST List;

    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    if (*(Used(0) + 1) != 0 && InterlockedExchange(&ReceivedFrames, 1) == 0)
        CHECK(*(volatile ULONG *)(Used(0) + 4) == HEADER + FRAME);
    NdisDprAcquireSpinLock(&Adapter.Lock);
    List = *(Used(1) + 1) == Offered ? Sending : NULL;
    if (List != NULL)
        Sending = NULL;
    NdisDprReleaseSpinLock(&Adapter.Lock);
    if (List == NULL)
        return;
    InterlockedIncrement(&SentFrames);
    Complete(List, NDIS_STATUS_SUCCESS, SendFlags | NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

static MINIPORT_MESSAGE_INTERRUPT_DPC MessageDpc;
static VOID NTAPI MessageDpc(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                             PVOID MiniportDpcContext, PVOID ReceiveThrottleParameters,
                             PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(ReceiveThrottleParameters);
    UNREFERENCED_PARAMETER(NdisReserved2);
    CHECK(MiniportInterruptContext == &Adapter);
    CHECK(MessageId < Granted);
    if (MessageId == OF(RECEIVE) && MiniportDpcContext == NULL)
        CHECK(NdisCurrentProcessorIndex() == 0);
    InterlockedIncrement(&Dpcs[MessageId]);
    Look();
}

static VOID LineDpc(PVOID Context, PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Throttle);
    InterlockedIncrement(&LineDpcs);
    Look();
}

static ULONG Enabled, Disabled; /* how many messages were */

static MINIPORT_ENABLE_MESSAGE_INTERRUPT EnableMessage, DisableMessage;
static VOID NTAPI EnableMessage(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId)
{
    CHECK(MiniportInterruptContext == &Adapter && MessageId == Enabled++);
    CHECK(KeGetCurrentIrql() > DISPATCH_LEVEL);
}

static VOID NTAPI DisableMessage(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId)
{
    CHECK(MiniportInterruptContext == &Adapter && MessageId == Disabled++);
    CHECK(KeGetCurrentIrql() > DISPATCH_LEVEL);
}

static VOID Interrupt(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics)
{
    Characteristics->MsiSupported = TRUE;
    Characteristics->MsiSyncWithAllMessages = TOGETHER;
    Characteristics->MessageInterruptHandler = MessageIsr;
    Characteristics->MessageInterruptDpcHandler = MessageDpc;
    Characteristics->DisableMessageInterruptHandler = DisableMessage;
    Characteristics->EnableMessageInterruptHandler = EnableMessage;
}

/* ---- What Windows grants ---- */

static ULONG CountInterrupts(const CM_PARTIAL_RESOURCE_LIST *List, BOOLEAN Raw)
{
    ULONG Count = 0, i;

    for (i = 0; i < List->Count; i++) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR *One = &List->PartialDescriptors[i];

        if (One->Type != CmResourceTypeInterrupt)
            continue;
        if (MESSAGES) {
            const IO_INTERRUPT_MESSAGE_INFO_ENTRY *Entry =
                &Adapter.Granted.MessageInfoTable->MessageInfo[Count];

            CHECK(One->Flags == (CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE));
            CHECK(Raw ? One->u.MessageInterrupt.Raw.MessageCount == 1 &&
                            One->u.MessageInterrupt.Raw.Vector == Entry->Vector
                      : One->u.MessageInterrupt.Translated.Level == Entry->Irql &&
                            One->u.MessageInterrupt.Translated.Vector == Entry->Vector);
            CHECK(One->u.MessageInterrupt.Translated.Affinity == Entry->TargetProcessorSet);
        } else {
            CHECK(!(One->Flags & CM_RESOURCE_INTERRUPT_MESSAGE));
        }
        Count++;
    }
    return Count;
}

static VOID CheckResources(VOID)
{
    PCM_RESOURCE_LIST Raw, Translated;

    NdisMGetDeviceProperty(Adapter.Handle, NULL, NULL, NULL, &Raw, &Translated);
    CHECK(CountInterrupts((PCM_PARTIAL_RESOURCE_LIST)Adapter.Resources, FALSE) ==
          (MESSAGES ? MESSAGES : 1));
    CHECK(CountInterrupts(&Translated->List[0].PartialResourceList, FALSE) ==
          (MESSAGES ? MESSAGES : 1));
    CHECK(CountInterrupts(&Raw->List[0].PartialResourceList, TRUE) == (MESSAGES ? MESSAGES : 1));
}

static BOOLEAN MsixOn(VOID)
{
    UCHAR At = 0, Id = 0;
    USHORT Control = 0;

    NdisMGetBusData(Adapter.Handle, PCI_WHICHSPACE_CONFIG, 0x34, &At, 1);
    while (At != 0) {
        NdisMGetBusData(Adapter.Handle, PCI_WHICHSPACE_CONFIG, At, &Id, 1);
        if (Id == PCI_CAPABILITY_ID_MSIX)
            break;
        NdisMGetBusData(Adapter.Handle, PCI_WHICHSPACE_CONFIG, At + 1, &At, 1);
    }
    CHECK(At != 0 || !MESSAGES);
    if (At != 0)
        NdisMGetBusData(Adapter.Handle, PCI_WHICHSPACE_CONFIG, At + 2, &Control, 2);
    return Control >> 15;
}

static MINIPORT_SYNCHRONIZE_INTERRUPT Synchronized;
static BOOLEAN NTAPI Synchronized(NDIS_HANDLE SynchronizeContext)
{
    (*(PULONG)SynchronizeContext)++;
    return KeGetCurrentIrql() > DISPATCH_LEVEL;
}

static VOID CheckTable(VOID)
{
    PIO_INTERRUPT_MESSAGE_INFO Table = Adapter.Granted.MessageInfoTable;
    ULONG i, Calls = 0;

    CHECK(Table != NULL && Table->MessageCount == MESSAGES);
    for (i = 0; i < Granted; i++) {
        IO_INTERRUPT_MESSAGE_INFO_ENTRY *Entry = &Table->MessageInfo[i];
        KIRQL Irql;

        CHECK(Entry->Irql > DISPATCH_LEVEL && Entry->Irql <= Table->UnifiedIrql);
        CHECK(Entry->Mode == Latched && Entry->MessageAddress.QuadPart != 0);
        CHECK(Entry->TargetProcessorSet == (KAFFINITY)1 << i % 2); /* the INF spreads them */
        CHECK(i == 0 || Entry->Vector != Entry[-1].Vector);
        CHECK(NdisMSynchronizeWithInterruptEx(Adapter.Interrupt, i, Synchronized, &Calls));
        CHECK(KeSynchronizeExecution(Entry->InterruptObject, Synchronized, &Calls));
        Irql = KeAcquireInterruptSpinLock(Entry->InterruptObject);
        CHECK(KeGetCurrentIrql() == Entry->Irql && Irql == PASSIVE_LEVEL);
        KeReleaseInterruptSpinLock(Entry->InterruptObject, Irql);
        CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    }
    CHECK(Calls == 2 * MESSAGES);
}

static VOID CheckVector(USHORT Queue, USHORT Vector)
{
    USHORT Got;

    NdisWriteRegisterUshort((PUSHORT)(Registers + QUEUE_SELECT), Queue);
    NdisReadRegisterUshort((PUSHORT)(Registers + QUEUE_VECTOR), &Got);
    CHECK(Got == Vector);
}

/* One buffer to receive into. */
static VOID OfferBuffer(VOID)
{
    *(volatile ULONGLONG *)Rings = (ULONGLONG)Adapter.SharedPa.QuadPart;
    *(volatile ULONG *)(Rings + 8) = FRAME_BYTES;
    *(volatile USHORT *)(Rings + 12) = VIRTIO_WRITE;
    *(volatile USHORT *)(Rings + 256 + 4) = 0;
    __sync_synchronize();
    *(volatile USHORT *)(Rings + 256 + 2) = 1;
    __sync_synchronize();
    NdisWriteRegisterUshort((PUSHORT)(Registers + VIRTIO_NOTIFY), 0);
}

static NDIS_STATUS Initialize(VOID)
{
    CHECK(Adapter.Granted.InterruptType ==
          (MESSAGES ? NDIS_CONNECT_MESSAGE_BASED : NDIS_CONNECT_LINE_BASED));
    CHECK(MsixOn() == (MESSAGES != 0));
    CheckResources();
    if (MESSAGES)
        CheckTable();
    else
        CHECK(Adapter.Granted.MessageInfoTable == NULL);
    if (MESSAGES) {
        Vectors[0] = OF(RECEIVE);
        Vectors[1] = OF(SENT);
    }
    VirtioStart();
    if (MESSAGES) {
        NdisWriteRegisterUshort((PUSHORT)(Registers + CONFIG_VECTOR), OF(CONFIG));
        CheckVector(0, OF(RECEIVE));
        CheckVector(1, OF(SENT));
    }
    OfferBuffer();
    return NDIS_STATUS_SUCCESS;
}

/* ---- Frames ---- */

static NDIS_STATUS Configure(NDIS_MSIX_TABLE_CONFIG Operation, ULONG Entry, ULONG Message)
{
    NDIS_MSIX_CONFIG_PARAMETERS Parameters;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters.Header.Revision = NDIS_MSIX_CONFIG_PARAMETERS_REVISION_1;
    Parameters.Header.Size = NDIS_SIZEOF_MSIX_CONFIG_PARAMETERS_REVISION_1;
    Parameters.ConfigOperation = Operation;
    Parameters.TableEntry = Entry;
    Parameters.MessageNumber = Message;
    return NdisMConfigMSIXTableEntry(Adapter.Handle, &Parameters);
}

static VOID SendOne(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PUCHAR Data;
    PVOID Frame;

    NdisZeroMemory(Adapter.Shared + SEND_OFFSET, HEADER + FRAME);
    Data = Adapter.Shared + SEND_OFFSET + HEADER;
    Frame = NdisGetDataBuffer(NET_BUFFER_LIST_FIRST_NB(List), FRAME, Data, 1, 0);
    CHECK(Frame != NULL);
    if (Frame != Data)
        NdisMoveMemory(Data, Frame, FRAME);
    Sending = List;
    SendFlags = CompleteFlags;
    VirtioSend((ULONGLONG)Adapter.SharedPa.QuadPart + SEND_OFFSET, HEADER + FRAME, 0);
}

static BOOLEAN Reaches(volatile LONG *Count, LONG Value)
{
    ULONG i;

    for (i = 0; i < 500 && *Count < Value; i++)
        WaitMilliseconds(2);
    return *Count == Value;
}

/* While an entry is masked its message is pending; an entry can send another message. */
static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    LONG Before;

    CHECK(Reaches(MESSAGES ? &Isrs[OF(CONFIG)] : &Lines, 1)); /* of `link down` */
    Before = Isrs[OF(SENT)];
    if (!MESSAGES) {
        CHECK(Configure(NdisMSIXTableConfigMaskTableEntry, 0, 0) == NDIS_STATUS_NOT_SUPPORTED);
        SendOne(List, CompleteFlags);
        return;
    }
    CHECK(Configure(NdisMSIXTableConfigMaskTableEntry, OF(SENT), 0) == NDIS_STATUS_SUCCESS);
    SendOne(List, CompleteFlags);
    WaitMilliseconds(30);
    CHECK(*(Used(1) + 1) == Offered); /* it has used the frame */
    CHECK(Isrs[OF(SENT)] == Before && Sending == List);
    CHECK(Configure(NdisMSIXTableConfigUnmaskTableEntry, OF(SENT), 0) == NDIS_STATUS_SUCCESS);
    CHECK(Reaches(&Isrs[OF(SENT)], Before + 1));
    CHECK(Configure(NdisMSIXTableConfigSetTableEntry, 32, 0) == NDIS_STATUS_INVALID_PARAMETER);
    CHECK(Configure(NdisMSIXTableConfigSetTableEntry, 0, MESSAGES) ==
          NDIS_STATUS_INVALID_PARAMETER);
    /* From now on the configuration's entry sends the message of sent frames. */
    CHECK(Configure(NdisMSIXTableConfigSetTableEntry, OF(CONFIG), OF(SENT)) == NDIS_STATUS_SUCCESS);
    CHECK(NdisMQueueDpc(Adapter.Interrupt, OF(RECEIVE), 2, &Adapter) == 2);
}

static VOID Halt(VOID)
{
    CHECK(Enabled == Granted && Disabled == Granted);
    CHECK(Reaches(&ReceivedFrames, 1) && Reaches(&SentFrames, 1));
    if (MESSAGES) {
        CHECK(Reaches(&Isrs[OF(SENT)], OF(SENT) == OF(CONFIG)    ? 4
                                       : OF(SENT) == OF(RECEIVE) ? 3
                                                                 : 2));
        CHECK(OF(SENT) == OF(CONFIG) || Isrs[OF(CONFIG)] == 1);
        CHECK(Dpcs[OF(SENT)] >= 1 && Dpcs[OF(RECEIVE)] >= 2 && Lines == 0);
        CHECK(MsixOn());
    } else {
        CHECK(Lines >= 3 && LineDpcs >= 3 && Isrs[0] + Isrs[1] + Isrs[2] == 0);
    }
    VirtioStop();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = Interrupt;
    Hooks->Initialize = Initialize;
    Hooks->Isr = LineIsr;
    Hooks->Dpc = LineDpc;
    Hooks->Send = Send;
    Hooks->Halt = Halt;
}

#endif
