/* SPDX-License-Identifier: MIT */
/* Locks of older drivers, ports, bug check callbacks and the DPC watchdog, each used as its page allows. */
#include "shape.h"

/* Of NDIS 6.0, in the driver's own memory; NDIS 6.20's header has them no more. */
static ULONG_PTR RwLock[256];
static struct {
    USHORT LockState;
    KIRQL OldIrql;
} LockState, SecondState;

VOID NTAPI NdisInitializeReadWriteLock(PVOID Lock);
VOID NTAPI NdisAcquireReadWriteLock(PVOID Lock, BOOLEAN fWrite, PVOID LockState);
VOID NTAPI NdisReleaseReadWriteLock(PVOID Lock, PVOID LockState);
VOID NTAPI NdisDprAcquireReadWriteLock(PVOID Lock, BOOLEAN fWrite, PVOID LockState);
VOID NTAPI NdisDprReleaseReadWriteLock(PVOID Lock, PVOID LockState);

static ERESOURCE Resource;
static KBUGCHECK_CALLBACK_RECORD Record;

static VOID CheckRwLock(VOID)
{
    NdisInitializeReadWriteLock(RwLock);
    NdisAcquireReadWriteLock(RwLock, TRUE, &LockState);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    NdisReleaseReadWriteLock(RwLock, &LockState);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    NdisAcquireReadWriteLock(RwLock, FALSE, &LockState);
    NdisDprAcquireReadWriteLock(RwLock, FALSE, &SecondState); /* readers share it */
    NdisDprReleaseReadWriteLock(RwLock, &SecondState);
    NdisReleaseReadWriteLock(RwLock, &LockState);
}

static VOID CheckResource(VOID)
{
    CHECK(ExInitializeResourceLite(&Resource) == STATUS_SUCCESS);
    KeEnterCriticalRegion();
    CHECK(ExAcquireResourceExclusiveLite(&Resource, TRUE));
    CHECK(ExAcquireResourceExclusiveLite(&Resource, FALSE)); /* again, by its owner */
    CHECK(ExIsResourceAcquiredExclusiveLite(&Resource));
    ExReleaseResourceLite(&Resource);
    ExConvertExclusiveToSharedLite(&Resource);
    CHECK(!ExIsResourceAcquiredExclusiveLite(&Resource));
    CHECK(ExAcquireResourceSharedLite(&Resource, TRUE));
    CHECK(ExIsResourceAcquiredSharedLite(&Resource) == 2);
    CHECK(!ExAcquireResourceExclusiveLite(&Resource, FALSE));
    ExReleaseResourceLite(&Resource);
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    CHECK(ExIsResourceAcquiredSharedLite(&Resource) == 0);
    CHECK(ExDeleteResourceLite(&Resource) == STATUS_SUCCESS);
}

static VOID CheckPorts(VOID)
{
    NDIS_PORT_CHARACTERISTICS Port;
    NDIS_PORT_NUMBER First;

    NdisZeroMemory(&Port, sizeof(Port));
    Port.Header.Type = NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS;
    Port.Header.Revision = NDIS_PORT_CHARACTERISTICS_REVISION_1;
    Port.Header.Size = NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1;
    CHECK(NdisMAllocatePort(Adapter.Handle, &Port) == NDIS_STATUS_SUCCESS);
    First = Port.PortNumber;
    CHECK(First != NDIS_DEFAULT_PORT_NUMBER);
    CHECK(NdisMAllocatePort(Adapter.Handle, &Port) == NDIS_STATUS_SUCCESS);
    CHECK(Port.PortNumber != First);
    CHECK(NdisMFreePort(Adapter.Handle, First) == NDIS_STATUS_SUCCESS);
    CHECK(NdisMFreePort(Adapter.Handle, Port.PortNumber) == NDIS_STATUS_SUCCESS);
    CHECK(NdisMFreePort(Adapter.Handle, First) == NDIS_STATUS_INVALID_PORT);
}

static VOID NTAPI BugCheck(PVOID Buffer, ULONG Length)
{
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(Length);
}

static VOID CheckBugCheck(VOID)
{
    KeInitializeCallbackRecord(&Record);
    CHECK(KeRegisterBugCheckCallback(&Record, (PVOID)(ULONG_PTR)BugCheck, &Resource,
                                     sizeof(Resource), (PUCHAR)(ULONG_PTR) "Locks"));
    CHECK(!KeRegisterBugCheckCallback(&Record, (PVOID)(ULONG_PTR)BugCheck, &Resource,
                                      sizeof(Resource), (PUCHAR)(ULONG_PTR) "Locks"));
    CHECK(KeDeregisterBugCheckCallback(&Record));
    CHECK(!KeDeregisterBugCheckCallback(&Record));
}

typedef struct _WATCHDOG {
    ULONG Limit, Count, WatchdogLimit, WatchdogCount, Reserved;
} WATCHDOG;

static VOID CheckWatchdog(VOID)
{
    WATCHDOG Watchdog = {0, 0, 0, 0, 1};
    KIRQL OldIrql;

    CHECK(KeQueryDpcWatchdogInformation((PVOID)&Watchdog) == STATUS_UNSUCCESSFUL);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    CHECK(KeQueryDpcWatchdogInformation((PVOID)&Watchdog) == STATUS_SUCCESS);
    KeLowerIrql(OldIrql);
    CHECK(Watchdog.Limit != 0 && Watchdog.Count <= Watchdog.Limit && Watchdog.Reserved == 0);
}

static NDIS_STATUS Initialize(VOID)
{
    CheckRwLock();
    CheckResource();
    CheckPorts();
    CheckBugCheck();
    CheckWatchdog();
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
