/* SPDX-License-Identifier: MIT */
/* Messages connected past NDIS, by IoConnectInterruptEx.
 * options: --messages 2
 * inf: messages.inf
 * control: link down; sleep 50; link up; sleep 50
 */
#include "shape.h"
#include "quiet.h"
#include "virtio.h"

#define CONFIG_VECTOR 0x10 /* of the common structure */

static PIO_INTERRUPT_MESSAGE_INFO Table;
static volatile LONG Came[2];

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
    Hooks->Interrupt = QuietInterrupt;
    Hooks->Initialize = Initialize;
    Hooks->Halt = Halt;
}
