/* SPDX-License-Identifier: MIT */
/* Messages connected past NDIS, by IoConnectInterruptEx.
 * options: --messages 2
 * inf: messages.inf
 * control: link down; sleep 50; link up; sleep 50
 */
#include "shape.h"
#include "virtio.h"

#define CONFIG_VECTOR 0x10 /* of the common structure */

static PIO_INTERRUPT_MESSAGE_INFO Table;
static volatile LONG Came[2];

/* ---- NDIS's interrupt, which is deregistered at once ---- */

static MINIPORT_MESSAGE_INTERRUPT NdisIsr;
static BOOLEAN NTAPI NdisIsr(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                             PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
    return TRUE;
}

static MINIPORT_MESSAGE_INTERRUPT_DPC NdisDpc;
static VOID NTAPI NdisDpc(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                          PVOID MiniportDpcContext, PVOID ReceiveThrottleParameters,
                          PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(ReceiveThrottleParameters);
    UNREFERENCED_PARAMETER(NdisReserved2);
}

static MINIPORT_ENABLE_MESSAGE_INTERRUPT Switch;
static VOID NTAPI Switch(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
}

static VOID Interrupt(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics)
{
    Characteristics->MsiSupported = TRUE;
    Characteristics->MessageInterruptHandler = NdisIsr;
    Characteristics->MessageInterruptDpcHandler = NdisDpc;
    Characteristics->DisableMessageInterruptHandler = Switch;
    Characteristics->EnableMessageInterruptHandler = Switch;
}

/* ---- The driver's own ---- */

static BOOLEAN NTAPI Service(PKINTERRUPT Object, PVOID ServiceContext, ULONG MessageId)
{
    CHECK(KeGetCurrentIrql() > DISPATCH_LEVEL);
    CHECK(ServiceContext == &Table && MessageId < 2);
    CHECK(Object == Table->MessageInfo[MessageId].InterruptObject);
    InterlockedIncrement(&Came[MessageId]);
    return TRUE;
}

static NTSTATUS Connect(VOID)
{
    IO_CONNECT_INTERRUPT_PARAMETERS Parameters;
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    NdisMGetDeviceProperty(Adapter.Handle, &Device, NULL, NULL, NULL, NULL);
    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Version = CONNECT_MESSAGE_BASED;
    Parameters.MessageBased.PhysicalDeviceObject = Device;
    Parameters.MessageBased.ConnectionContext.InterruptMessageTable = &Table;
    Parameters.MessageBased.MessageServiceRoutine = (PVOID)(ULONG_PTR)Service;
    Parameters.MessageBased.ServiceContext = &Table;
    Status = IoConnectInterruptEx(&Parameters);
    CHECK(Status != STATUS_SUCCESS || Parameters.Version == CONNECT_MESSAGE_BASED);
    return Status;
}

static NDIS_STATUS Initialize(VOID)
{
    CHECK(Connect() != STATUS_SUCCESS && Table == NULL); /* they are NDIS's */
    NdisMDeregisterInterruptEx(Adapter.Interrupt);
    Adapter.Interrupt = NULL;
    CHECK(Connect() == STATUS_SUCCESS && Table->MessageCount == 2);
    VirtioStart();
    NdisWriteRegisterUshort((PUSHORT)(Registers + CONFIG_VECTOR), 1);
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    IO_DISCONNECT_INTERRUPT_PARAMETERS Parameters;

    CHECK(Came[0] == 0 && Came[1] >= 2); /* of `link down` and `link up` */
    VirtioStop();
    Parameters.Version = CONNECT_MESSAGE_BASED;
    Parameters.ConnectionContext.InterruptMessageTable = Table;
    IoDisconnectInterruptEx(&Parameters);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = Interrupt;
    Hooks->Initialize = Initialize;
    Hooks->Halt = Halt;
}
