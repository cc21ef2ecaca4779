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
#include "nt/machine/phys.h"
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
    /* By IoBuildDeviceIoControlRequest, which frees it when it is complete: */
    bool built;
    void *system; /* buffer; NULL: none */
    ULONG room;   /* bytes of UserBuffer that the output in `system` may fill */
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

static struct known *of(const IRP *irp)
{
    struct known *known;

    pthread_mutex_lock(&lock);
    known = *known_of(irp);
    pthread_mutex_unlock(&lock);
    return known;
}

static bool is_built(const IRP *irp)
{
    const struct known *known = of(irp);

    return known && known->built;
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

/* Of IoBuildDeviceIoControlRequest: with its buffers. */
static void release(PIRP irp)
{
    struct known **at, *known;

    pthread_mutex_lock(&lock);
    at = known_of(irp);
    known = *at;
    *at = known->next;
    pthread_mutex_unlock(&lock);
    if (irp->MdlAddress)
        nt_pool_free(NULL, irp->MdlAddress, IRP_TAG, NULL);
    if (known->system)
        nt_pool_free(NULL, known->system, IRP_TAG, NULL);
    free(known);
    nt_pool_free(TRACK_KIND, irp, IRP_TAG, NULL);
}

/* What the I/O manager does with it when no driver has it any more. An error that was returned at once is known to the
 * caller: it is not told again. */
static void finish(PIRP irp)
{
    bool error = (ULONG)irp->IoStatus.Status >> 30 == 3;
    const struct known *known = of(irp);
    ULONG_PTR bytes = irp->IoStatus.Information;
    PKEVENT event = irp->UserEvent;

    if (known->room && !error)
        memcpy(irp->UserBuffer, known->system, bytes < known->room ? bytes : known->room);
    if (error && !irp->PendingReturned)
        event = NULL;
    else if (irp->UserIosb)
        *irp->UserIosb = irp->IoStatus;
    release(irp);
    if (event)
        KeSetEvent(event, 0, FALSE);
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
    if (Irp->CurrentLocation == Irp->StackCount && is_known(Irp) && !is_built(Irp) &&
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

bool driver_irp_unwind(PIRP irp)
{
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
            return false; /* the driver has it again, and may have freed it */
    }
    return true;
}

bool driver_irp_complete(PIRP irp, const void *caller)
{
    bool built = is_built(irp);

    if (!is_known(irp))
        return false;
    if (irp->CurrentLocation > irp->StackCount) {
        rule_violation("DoubleCompletion", caller,
                       "completes IRP %p, which no driver has: it is complete, or was never sent",
                       (void *)irp);
        return true;
    }
    if (driver_irp_unwind(irp) && built)
        finish(irp);
    return true;
}

/* ---- Requests that the I/O manager frees ---- */

/* An MDL of the output buffer. That may be on a stack, whose pages no device can reach: then it has none. */
static PMDL describe(PVOID bytes, ULONG length)
{
    size_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(bytes, length);
    PMDL mdl = nt_pool_alloc(NULL, sizeof(MDL) + pages * sizeof(PFN_NUMBER), IRP_TAG, NULL);
    uint64_t address;

    if (!mdl)
        return NULL;
    memset(mdl, 0, sizeof(MDL) + pages * sizeof(PFN_NUMBER));
    MmInitializeMdl(mdl, bytes, length);
    mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    mdl->MappedSystemVa = bytes;
    if (phys_address(bytes, &address))
        MmBuildMdlForNonPagedPool(mdl);
    return mdl;
}

/* METHOD_BUFFERED: one buffer for both ways. The others have the input in it, or nothing. */
static bool set_buffers(struct known *known, ULONG method, PVOID input, ULONG in, PVOID output,
                        ULONG out)
{
    IO_STACK_LOCATION *stack = known->irp->Tail.Overlay.CurrentStackLocation - 1;
    ULONG bytes = method == METHOD_NEITHER ? 0 : method == METHOD_BUFFERED && out > in ? out : in;

    known->irp->UserBuffer = output;
    if (method == METHOD_NEITHER)
        stack->Parameters.DeviceIoControl.Type3InputBuffer = input;
    if (bytes) {
        known->system = nt_pool_alloc(NULL, bytes, IRP_TAG, NULL);
        if (!known->system)
            return false;
        if (in)
            memcpy(known->system, input, in);
        known->irp->AssociatedIrp.SystemBuffer = known->system;
    }
    known->room = method == METHOD_BUFFERED ? out : 0;
    if (method == METHOD_BUFFERED || method == METHOD_NEITHER || !out)
        return true;
    known->irp->MdlAddress = describe(output, out);
    return known->irp->MdlAddress;
}

PIRP NTAPI IoBuildDeviceIoControlRequest(ULONG IoControlCode, PDEVICE_OBJECT DeviceObject,
                                         PVOID InputBuffer, ULONG InputBufferLength,
                                         PVOID OutputBuffer, ULONG OutputBufferLength,
                                         BOOLEAN InternalDeviceIoControl, PKEVENT Event,
                                         PIO_STATUS_BLOCK IoStatusBlock)
{
    CCHAR stacks = DeviceObject->StackSize ? DeviceObject->StackSize : 1;
    IO_STACK_LOCATION *stack;
    PIRP irp;

    HOST_CALL(APC_LEVEL);
    HOST_ALLOCATES();
    irp = nt_pool_alloc_shared(TRACK_KIND, size_of(stacks), IRP_TAG, RULE_CALLER);
    if (!irp)
        return NULL;
    set_up(irp, size_of(stacks), stacks);
    irp->UserIosb = IoStatusBlock;
    irp->UserEvent = Event;
    stack = irp->Tail.Overlay.CurrentStackLocation - 1;
    stack->MajorFunction =
        InternalDeviceIoControl ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL;
    stack->Parameters.DeviceIoControl.IoControlCode = IoControlCode;
    stack->Parameters.DeviceIoControl.InputBufferLength = InputBufferLength;
    stack->Parameters.DeviceIoControl.OutputBufferLength = OutputBufferLength;
    if (remember(irp, false)) {
        struct known *known = of(irp);

        known->built = true;
        if (set_buffers(known, IoControlCode & 3, InputBuffer, InputBufferLength, OutputBuffer,
                        OutputBufferLength))
            return irp;
        release(irp);
        return NULL;
    }
    nt_pool_free(TRACK_KIND, irp, IRP_TAG, NULL);
    return NULL;
}
HOST_EXPORT("ntoskrnl.exe", IoBuildDeviceIoControlRequest);

/* ---- Completion routines that keep their driver ---- */

#define TRACK_ROUTINE "context of IoSetCompletionRoutineEx"

struct kept {
    PIO_COMPLETION_ROUTINE routine;
    PVOID context;
};

static NTSTATUS NTAPI call_kept(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
    struct kept kept = *(struct kept *)context;

    track_remove(TRACK_ROUTINE, context, NULL);
    free(context);
    return kept.routine(device, irp, kept.context);
}

NTSTATUS NTAPI IoSetCompletionRoutineEx(PDEVICE_OBJECT DeviceObject, PIRP Irp,
                                        PIO_COMPLETION_ROUTINE CompletionRoutine, PVOID Context,
                                        BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError,
                                        BOOLEAN InvokeOnCancel)
{
    IO_STACK_LOCATION *stack = Irp->Tail.Overlay.CurrentStackLocation - 1;
    struct kept *kept;

    HOST_CALL(DISPATCH_LEVEL);
    (void)DeviceObject;
    if (HOST_FAILS() || !(kept = malloc(sizeof(*kept))))
        return STATUS_INSUFFICIENT_RESOURCES;
    *kept = (struct kept){CompletionRoutine, Context};
    track_add(TRACK_ROUTINE, kept, 0, RULE_CALLER);
    stack->CompletionRoutine = call_kept;
    stack->Context = kept;
    stack->Control = (UCHAR)((InvokeOnSuccess ? SL_INVOKE_ON_SUCCESS : 0) |
                             (InvokeOnError ? SL_INVOKE_ON_ERROR : 0) |
                             (InvokeOnCancel ? SL_INVOKE_ON_CANCEL : 0));
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", IoSetCompletionRoutineEx);
