/* SPDX-License-Identifier: MIT */
/* Interrupts connected past NDIS: IoConnectInterrupt on the line that NDIS's interrupt shares, and IoConnectInterruptEx
 * with each of its versions.
 * control: link down; sleep 50; link up; sleep 50
 */
#include "shape.h"
#include "virtio.h"

static PKINTERRUPT Object;
static volatile LONG Mine, NotMine;
static KSPIN_LOCK IsrLock;

static KSERVICE_ROUTINE Service;
static BOOLEAN NTAPI Service(PKINTERRUPT Interrupt, PVOID ServiceContext)
{
    UCHAR Isr;

    CHECK(KeGetCurrentIrql() > DISPATCH_LEVEL);
    CHECK(Interrupt == Object && ServiceContext == &Mine);
    NdisReadRegisterUchar(Registers + VIRTIO_ISR, &Isr);
    if (Isr != 0)
        InterlockedIncrement(&Mine);
    return Isr != 0;
}

/* NDIS's interrupt, which is another device's here. */
static BOOLEAN Isr(PBOOLEAN QueueDpc)
{
    *QueueDpc = FALSE;
    InterlockedIncrement(&NotMine);
    return FALSE;
}

static KSYNCHRONIZE_ROUTINE Synchronized;
static BOOLEAN NTAPI Synchronized(PVOID SynchronizeContext)
{
    (*(PULONG)SynchronizeContext)++;
    return KeGetCurrentIrql() > DISPATCH_LEVEL;
}

static NTSTATUS Connect(PCM_PARTIAL_RESOURCE_DESCRIPTOR Line, ULONG Vector)
{
    return IoConnectInterrupt(&Object, Service, (PVOID)(ULONG_PTR)&Mine, &IsrLock, Vector,
                              (KIRQL)Line->u.Interrupt.Level, (KIRQL)Line->u.Interrupt.Level,
                              LevelSensitive, TRUE, Line->u.Interrupt.Affinity, FALSE);
}

static NDIS_STATUS Initialize(VOID)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Line = FindResource(CmResourceTypeInterrupt);
    ULONG Calls = 0;

    KeInitializeSpinLock(&IsrLock);
    VirtioStart();
    CHECK(Connect(Line, Line->u.Interrupt.Vector + 100) == STATUS_INVALID_PARAMETER);
    CHECK(Object == NULL);
    CHECK(Connect(Line, Line->u.Interrupt.Vector) == STATUS_SUCCESS);
    CHECK(Object != NULL && KeSynchronizeExecution(Object, Synchronized, &Calls) && Calls == 1);
    return NDIS_STATUS_SUCCESS;
}

static VOID Disconnect(ULONG Version)
{
    IO_DISCONNECT_INTERRUPT_PARAMETERS Parameters;

    Parameters.Version = Version;
    Parameters.ConnectionContext.InterruptObject = Object;
    IoDisconnectInterruptEx(&Parameters);
    Object = NULL;
}

static VOID CheckVersions(PDEVICE_OBJECT Device)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Line = FindResource(CmResourceTypeInterrupt);
    IO_CONNECT_INTERRUPT_PARAMETERS Parameters;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Version = CONNECT_FULLY_SPECIFIED;
    Parameters.FullySpecified.PhysicalDeviceObject = Device;
    Parameters.FullySpecified.InterruptObject = &Object;
    Parameters.FullySpecified.ServiceRoutine = Service;
    Parameters.FullySpecified.ServiceContext = (PVOID)(ULONG_PTR)&Mine;
    Parameters.FullySpecified.SynchronizeIrql = (KIRQL)Line->u.Interrupt.Level;
    Parameters.FullySpecified.ShareVector = TRUE;
    Parameters.FullySpecified.Vector = Line->u.Interrupt.Vector;
    Parameters.FullySpecified.Irql = (KIRQL)Line->u.Interrupt.Level;
    Parameters.FullySpecified.InterruptMode = LevelSensitive;
    Parameters.FullySpecified.ProcessorEnableMask = Line->u.Interrupt.Affinity;
    CHECK(IoConnectInterruptEx(&Parameters) == STATUS_SUCCESS && Object != NULL);
    Disconnect(CONNECT_FULLY_SPECIFIED);

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Version = CONNECT_LINE_BASED;
    Parameters.LineBased.PhysicalDeviceObject = Device;
    Parameters.LineBased.InterruptObject = &Object;
    Parameters.LineBased.ServiceRoutine = Service;
    Parameters.LineBased.ServiceContext = (PVOID)(ULONG_PTR)&Mine;
    CHECK(IoConnectInterruptEx(&Parameters) == STATUS_SUCCESS && Object != NULL);
    Disconnect(CONNECT_LINE_BASED);

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Version = CONNECT_MESSAGE_BASED;
    Parameters.MessageBased.PhysicalDeviceObject = Device;
    Parameters.MessageBased.ConnectionContext.InterruptObject = &Object;
    Parameters.MessageBased.ServiceContext = (PVOID)(ULONG_PTR)&Mine;
    CHECK(IoConnectInterruptEx(&Parameters) == STATUS_NOT_FOUND); /* the device has none */
    Parameters.MessageBased.FallBackServiceRoutine = Service;
    CHECK(IoConnectInterruptEx(&Parameters) == STATUS_SUCCESS && Object != NULL);
    CHECK(Parameters.Version == CONNECT_LINE_BASED);
    Disconnect(Parameters.Version);
}

static VOID Halt(VOID)
{
    PDEVICE_OBJECT Device;
    LONG Before;

    CHECK(Mine >= 2); /* of `link down` and `link up` */
    IoDisconnectInterrupt(Object);
    Object = NULL;
    Before = Mine;
    NdisMGetDeviceProperty(Adapter.Handle, &Device, NULL, NULL, NULL, NULL);
    CheckVersions(Device);
    CHECK(Mine == Before);
    VirtioStop();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Isr = Isr;
    Hooks->Initialize = Initialize;
    Hooks->Halt = Halt;
}
