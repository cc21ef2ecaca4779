/* SPDX-License-Identifier: MIT */
/* Cancel-safe queues: the driver keeps the IRPs and the lock, Windows decides the races with IoCancelIrp. */
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

/* What the last element of DriverContext points to while the IRP is in a queue: its context, or the queue. */
#define LINK(irp) ((irp)->Tail.Overlay.DriverContext[3])

static PDRIVER_CANCEL exchange_cancel(PIRP irp, PDRIVER_CANCEL routine)
{
    return __atomic_exchange_n(&irp->CancelRoutine, routine, __ATOMIC_SEQ_CST);
}

/* The IRP leaves the queue; the driver's lock is held. */
static void detach(PIO_CSQ csq, PIRP irp)
{
    PIO_CSQ_IRP_CONTEXT context = LINK(irp);

    csq->CsqRemoveIrp(csq, irp);
    if (context && context->Type == IO_TYPE_CSQ_IRP_CONTEXT)
        context->Irp = NULL;
    LINK(irp) = NULL;
}

static VOID NTAPI cancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_CSQ csq = LINK(Irp);
    KIRQL irql;

    (void)DeviceObject;
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    if (csq->Type == IO_TYPE_CSQ_IRP_CONTEXT)
        csq = ((PIO_CSQ_IRP_CONTEXT)csq)->Csq;
    csq->CsqAcquireLock(csq, &irql);
    detach(csq, Irp);
    csq->CsqReleaseLock(csq, irql);
    csq->CsqCompleteCanceledIrp(csq, Irp);
}

static NTSTATUS insert(PIO_CSQ csq, PIRP irp, PIO_CSQ_IRP_CONTEXT context, PVOID insert_context)
{
    NTSTATUS status = STATUS_SUCCESS;
    KIRQL irql;

    LINK(irp) = context ? (PVOID)context : csq;
    if (context)
        *context = (IO_CSQ_IRP_CONTEXT){IO_TYPE_CSQ_IRP_CONTEXT, irp, csq};
    csq->CsqAcquireLock(csq, &irql);
    if (csq->Type == IO_TYPE_CSQ_EX)
        status = ((PIO_CSQ_INSERT_IRP_EX)(void *)csq->CsqInsertIrp)(csq, irp, insert_context);
    else
        csq->CsqInsertIrp(csq, irp);
    if (status < 0) {
        csq->CsqReleaseLock(csq, irql);
        return status;
    }
    irp->Tail.Overlay.CurrentStackLocation->Control |= SL_PENDING_RETURNED;
    exchange_cancel(irp, cancel);
    if (irp->Cancel && exchange_cancel(irp, NULL)) { /* cancelled before, and nobody else sees it */
        detach(csq, irp);
        csq->CsqReleaseLock(csq, irql);
        csq->CsqCompleteCanceledIrp(csq, irp);
        return status;
    }
    csq->CsqReleaseLock(csq, irql);
    return status;
}

NTSTATUS NTAPI IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp,
                               PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                               PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
                               PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                               PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                               PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    HOST_CALL(RULE_ANY_IRQL);
    *Csq = (IO_CSQ){IO_TYPE_CSQ,    CsqInsertIrp,   CsqRemoveIrp,           CsqPeekNextIrp,
                    CsqAcquireLock, CsqReleaseLock, CsqCompleteCanceledIrp, NULL};
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", IoCsqInitialize);

NTSTATUS NTAPI IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp,
                                 PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                                 PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
                                 PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                                 PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
                                 PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    HOST_CALL(RULE_ANY_IRQL);
    *Csq = (IO_CSQ){IO_TYPE_CSQ_EX,         (PIO_CSQ_INSERT_IRP)(void *)CsqInsertIrp,
                    CsqRemoveIrp,           CsqPeekNextIrp,
                    CsqAcquireLock,         CsqReleaseLock,
                    CsqCompleteCanceledIrp, NULL};
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", IoCsqInitializeEx);

VOID NTAPI IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context)
{
    HOST_CALL(DISPATCH_LEVEL);
    insert(Csq, Irp, Context, NULL);
}
HOST_EXPORT("ntoskrnl.exe", IoCsqInsertIrp);

NTSTATUS NTAPI IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context,
                                PVOID InsertContext)
{
    HOST_CALL(DISPATCH_LEVEL);
    return insert(Csq, Irp, Context, InsertContext);
}
HOST_EXPORT("ntoskrnl.exe", IoCsqInsertIrpEx);

PIRP NTAPI IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext)
{
    KIRQL irql;
    PIRP irp = NULL;

    HOST_CALL(DISPATCH_LEVEL);
    Csq->CsqAcquireLock(Csq, &irql);
    do /* one whose cancel routine runs already is left to that */
        irp = Csq->CsqPeekNextIrp(Csq, irp, PeekContext);
    while (irp && !exchange_cancel(irp, NULL));
    if (irp)
        detach(Csq, irp);
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}
HOST_EXPORT("ntoskrnl.exe", IoCsqRemoveNextIrp);

PIRP NTAPI IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context)
{
    KIRQL irql;
    PIRP irp;

    HOST_CALL(DISPATCH_LEVEL);
    Csq->CsqAcquireLock(Csq, &irql);
    irp = Context->Irp;
    if (irp && !exchange_cancel(irp, NULL))
        irp = NULL;
    if (irp)
        detach(Csq, irp);
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}
HOST_EXPORT("ntoskrnl.exe", IoCsqRemoveIrp);
