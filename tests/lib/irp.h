/* SPDX-License-Identifier: MIT */
/* irp.h: what every dispatch routine of the test drivers ends with. */
#ifndef IRP_H
#define IRP_H

#include <ndis.h>

/* Completes the IRP; returns Status. `Information`: what the caller gets, mostly bytes. */
static __inline NTSTATUS Finish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

#endif
