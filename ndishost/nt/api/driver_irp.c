/* SPDX-License-Identifier: MIT */
#include "nt/api/driver_irp.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "loader/exports.h"
#include "nt/api/device.h"
#include "nt/api/pool.h"
#include "nt/machine/callback.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_KIND   "IRP"
#define IRP_TAG      0x20707249u /* "Irp " */
#define IO_TYPE_IRP  6
#define ROUTINE_BITS (SL_INVOKE_ON_CANCEL | SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR)

/* One that exists; which memory an IRP may be is only known from this. */
struct known {
    struct known *next;
    PIRP irp;
    bool allocated; /* by IoAllocateIrp; else IoInitializeIrp has made it of the driver's memory */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct known *irps;

/* Lock held. */
static struct known **known_of(const IRP *irp)
{
    struct known **at = &irps;

    while (*at && (*at)->irp != irp)
        at = &(*at)->next;
    return at;
}

static bool is_known(const IRP *irp)
{
    bool known;

    pthread_mutex_lock(&lock);
    known = *known_of(irp) != NULL;
    pthread_mutex_unlock(&lock);
    return known;
}

static void set_up(PIRP irp, USHORT size, CCHAR stacks)
{
    memset(irp, 0, size);
    irp->Type = IO_TYPE_IRP;
    irp->Size = size;
    irp->StackCount = stacks;
    irp->CurrentLocation = (CCHAR)(stacks + 1);
    irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(void *)(irp + 1) + stacks;
    InitializeListHead(&irp->ThreadListEntry);
}

static bool remember(PIRP irp, bool allocated)
{
    struct known *known = calloc(1, sizeof(*known)), **at;

    if (!known)
        return false;
    known->irp = irp;
    known->allocated = allocated;
    pthread_mutex_lock(&lock);
    at = known_of(irp);
    if (*at) { /* memory that was another one before */
        struct known *old = *at;

        *at = old->next;
        free(old);
    }
    known->next = irps;
    irps = known;
    pthread_mutex_unlock(&lock);
    return true;
}

/* ---- Making and freeing ---- */

static USHORT size_of(CCHAR stacks)
{
    return (USHORT)(sizeof(IRP) + (size_t)stacks * sizeof(IO_STACK_LOCATION));
}

PIRP NTAPI IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
    PIRP irp;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    (void)ChargeQuota;
    if (StackSize < 1)
        return NULL;
    irp = nt_pool_alloc_shared(TRACK_KIND, size_of(StackSize), IRP_TAG, RULE_CALLER);
    if (!irp)
        return NULL;
    set_up(irp, size_of(StackSize), StackSize);
    if (remember(irp, true))
        return irp;
    nt_pool_free(TRACK_KIND, irp, IRP_TAG, NULL);
    return NULL;
}
HOST_EXPORT("ntoskrnl.exe", IoAllocateIrp);

VOID NTAPI IoFreeIrp(PIRP Irp)
{
    struct known *known = NULL, **at;

    HOST_CALL(DISPATCH_LEVEL);
    pthread_mutex_lock(&lock);
    at = known_of(Irp);
    if (*at && (*at)->allocated) {
        known = *at;
        *at = known->next;
    }
    pthread_mutex_unlock(&lock);
    if (!known) {
        rule_violation("IoAllocateFree", RULE_CALLER,
                       "frees IRP %p, which IoAllocateIrp has not made, or which was freed before",
                       (void *)Irp);
        return;
    }
    free(known);
    nt_pool_free(TRACK_KIND, Irp, IRP_TAG, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoFreeIrp);

VOID NTAPI IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize)
{
    HOST_CALL(DISPATCH_LEVEL);
    set_up(Irp, PacketSize, StackSize);
    remember(Irp, false);
}
HOST_EXPORT("ntoskrnl.exe", IoInitializeIrp);

VOID NTAPI IoReuseIrp(PIRP Irp, NTSTATUS Status)
{
    HOST_CALL(DISPATCH_LEVEL);
    set_up(Irp, Irp->Size, Irp->StackCount);
    Irp->IoStatus.Status = Status;
}
HOST_EXPORT("ntoskrnl.exe", IoReuseIrp);

/* ---- Down and up ---- */

/* A device below the drivers that ndishost runs: it knows no request. What PnP does not handle keeps its status. */
static NTSTATUS nobody(PIRP irp)
{
    if (irp->Tail.Overlay.CurrentStackLocation->MajorFunction != IRP_MJ_PNP)
        irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    return irp->IoStatus.Status;
}

NTSTATUS FASTCALL IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PDRIVER_DISPATCH dispatch;
    IO_STACK_LOCATION *stack;
    struct callback call;
    NTSTATUS status;

    HOST_CALL(DISPATCH_LEVEL);
    if (Irp->CurrentLocation <= 1) {
        rule_violation(
            "IrpStackLocation", RULE_CALLER,
            "calls a driver with IRP %p, which has no stack location left; Windows stops "
            "with bug check 0x35, NO_MORE_IRP_STACK_LOCATIONS",
            (void *)Irp);
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    Irp->CurrentLocation--;
    stack = --Irp->Tail.Overlay.CurrentStackLocation;
    stack->DeviceObject = DeviceObject;
    if (Irp->CurrentLocation == Irp->StackCount && is_known(Irp) &&
        (!stack->CompletionRoutine || !(stack->Control & ROUTINE_BITS)))
        rule_violation("IoAllocateForward", RULE_CALLER,
                       "calls a driver with its own IRP %p without a completion routine: call "
                       "IoSetCompletionRoutine first",
                       (void *)Irp);
    dispatch = nt_device_dispatch(DeviceObject, stack->MajorFunction);
    if (!dispatch) {
        status = nobody(Irp);
        driver_irp_complete(Irp, RULE_CALLER);
        return status;
    }
    call = callback_begin("DriverDispatch");
    status = dispatch(DeviceObject, Irp);
    callback_end(&call);
    return status;
}
HOST_EXPORT("ntoskrnl.exe", IofCallDriver);

/* Does the routine that was set in this location want that outcome? */
static bool wants(const IO_STACK_LOCATION *stack, const IRP *irp)
{
    if (!stack->CompletionRoutine)
        return false;
    if (irp->Cancel && stack->Control & SL_INVOKE_ON_CANCEL)
        return true;
    return stack->Control & (irp->IoStatus.Status >= 0 ? SL_INVOKE_ON_SUCCESS : SL_INVOKE_ON_ERROR);
}

bool driver_irp_complete(PIRP irp, const void *caller)
{
    if (!is_known(irp))
        return false;
    if (irp->CurrentLocation > irp->StackCount) {
        rule_violation("DoubleCompletion", caller,
                       "completes IRP %p, which no driver has: it is complete, or was never sent",
                       (void *)irp);
        return true;
    }
    while (irp->CurrentLocation <= irp->StackCount) {
        IO_STACK_LOCATION *stack = irp->Tail.Overlay.CurrentStackLocation++;
        bool owner = ++irp->CurrentLocation > irp->StackCount;
        PDEVICE_OBJECT device = owner ? NULL : irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
        NTSTATUS status;

        irp->PendingReturned = stack->Control & SL_PENDING_RETURNED ? TRUE : FALSE;
        if (!wants(stack, irp)) {
            if (irp->PendingReturned && !owner)
                irp->Tail.Overlay.CurrentStackLocation->Control |= SL_PENDING_RETURNED;
            continue;
        }
        status = stack->CompletionRoutine(device, irp, stack->Context);
        if (status == STATUS_MORE_PROCESSING_REQUIRED)
            return true; /* the driver has it again, and may have freed it */
    }
    return true;
}
