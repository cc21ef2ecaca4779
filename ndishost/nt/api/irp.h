/* SPDX-License-Identifier: MIT */
/*
 * irp.h: what a program does with a device: its requests reach the driver as IRPs.
 *   nt_file_open("\\\\.\\Tap0", &file);  request = nt_request_begin(file, IRP_MJ_READ, 0, NULL, 0, 1514);
 *   if (!nt_request_wait(request, 1000)) nt_request_cancel(request);
 *   status = nt_request_result(request, &data, &length);  nt_request_end(request);  nt_file_close(file);
 * PASSIVE_LEVEL. Rules "DoubleCompletion", "PendedCompletedRequest", "IrpProcessingComplete", "IrpInformation".
 */
#ifndef NDISHOST_IRP_H
#define NDISHOST_IRP_H

#include <stdbool.h>
#include <stddef.h>
#include <ntddk.h>

struct nt_file;
struct nt_request;

/* IRP_MJ_CREATE. STATUS_SUCCESS and a file; or what the driver or the I/O manager answered, and NULL. */
NTSTATUS nt_file_open(const char *name, struct nt_file **file);
/* IRP_MJ_CLEANUP; then IRP_MJ_CLOSE, when the driver has completed the requests, which are cancelled. They remain the
 * caller's to end. */
void nt_file_close(struct nt_file *file);

/* Adds to the references of a file that a driver has opened (IoGetDeviceObjectPointer); IRP_MJ_CLOSE when none is
 * left. false: the object is no such file. IRQL <= DISPATCH_LEVEL. */
bool nt_file_reference(void *object, int by, LONG_PTR *left, const void *caller);

/* IRP_MJ_READ, IRP_MJ_WRITE or IRP_MJ_DEVICE_CONTROL with this code. The data goes in; `room` bytes may come out.
 * NULL: out of memory. */
struct nt_request *nt_request_begin(struct nt_file *file, unsigned major, ULONG code,
                                    const void *data, size_t length, size_t room);
/* true: completed, at once or within so many milliseconds. */
bool nt_request_wait(struct nt_request *request, unsigned milliseconds);
/* As CancelIo. The driver has to complete the request within seconds; if not, it is reported and completed for it. */
void nt_request_cancel(struct nt_request *request);
/* Of a completed request: its data. STATUS_PENDING: it is not completed. */
NTSTATUS nt_request_result(struct nt_request *request, const void **data, size_t *length);
/* Only of a completed request. */
void nt_request_end(struct nt_request *request);

#endif
