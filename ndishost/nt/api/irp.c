/* SPDX-License-Identifier: MIT */
/* The I/O manager's requests to a driver; see irp.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "loader/exports.h"
#include "nt/api/device.h"
#include "nt/api/driver_irp.h"
#include "nt/api/irp.h"
#include "nt/api/pool.h"
#include "nt/api/work.h"
#include "nt/machine/callback.h"
#include "nt/machine/host_call.h"
#include "nt/machine/lock.h"
#include "rules/rules.h"

#define IRP_TAG      0x20707249u /* "Irp " */
#define IO_TYPE_FILE 5
#define IO_TYPE_IRP  6
#define KERNEL_MODE  0
#define USER_MODE    1
#define TRACK_FILE   "file object"
#define CANCEL_MOST  5000  /* ms that a cancelled request may take */
#define ANSWER_MOST  30000 /* ms that IRP_MJ_CREATE and the like may take */

/* A driver has one location for each device of the stack; the first driver's is the last one. */
struct packet {
    IRP irp;
    IO_STACK_LOCATION stack[];
};

struct nt_request {
    struct nt_request *next;
    struct nt_file *file;
    struct packet *packet; /* special pool: who uses it later than he may is seen */
    uint8_t *in, *out;     /* the program's buffers, or NULL */
    uint8_t *system;       /* of METHOD_BUFFERED; NULL: none */
    bool copies;           /* what is in it comes out */
    size_t in_length, out_length;
    bool completed; /* guarded by lock, as what follows */
    bool pended;    /* SL_PENDING_RETURNED was set when it was completed */
    NTSTATUS status;
    size_t information;
};

struct nt_file {
    FILE_OBJECT object;
    bool kernel; /* a driver has opened it, and has pointers to it */
    LONG_PTR references;
    struct nt_file *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t completion = PTHREAD_COND_INITIALIZER;
static struct nt_request *requests; /* that are not ended */
static struct nt_file *pointed;     /* that drivers have opened */
static KSPIN_LOCK cancel_lock;

/* ---- Requests ---- */

static IO_STACK_LOCATION *first(const struct nt_request *request)
{
    return &request->packet->stack[request->packet->irp.StackCount - 1];
}

/* Lock held. */
static struct nt_request *request_of(const IRP *irp)
{
    struct nt_request *request = requests;

    while (request && &request->packet->irp != irp)
        request = request->next;
    return request;
}

static void buffers_free(struct nt_request *request)
{
    uint8_t *const buffers[] = {request->in, request->out, request->system};

    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        if (buffers[i])
            nt_pool_free(NULL, buffers[i], IRP_TAG, NULL);
    if (request->packet && request->packet->irp.MdlAddress)
        nt_pool_free(NULL, request->packet->irp.MdlAddress, IRP_TAG, NULL);
    if (request->packet)
        nt_pool_free(NULL, request->packet, IRP_TAG, NULL);
    free(request);
}

static uint8_t *buffer(const void *data, size_t length, bool *failed)
{
    uint8_t *bytes = length ? nt_pool_alloc(NULL, length, IRP_TAG, NULL) : NULL;

    if (length && !bytes)
        *failed = true;
    else if (data && length)
        memcpy(bytes, data, length);
    return bytes;
}

static struct nt_request *request_new(struct nt_file *file, unsigned major, const void *data,
                                      size_t length, size_t room)
{
    struct nt_request *request = calloc(1, sizeof *request);
    PDEVICE_OBJECT top = nt_device_top(file->object.DeviceObject);
    size_t bytes = sizeof(struct packet) + (size_t)top->StackSize * sizeof(IO_STACK_LOCATION);
    bool failed = false;
    IRP *irp;

    if (!request)
        return NULL;
    request->file = file;
    request->in_length = length;
    request->out_length = room;
    request->packet = nt_pool_alloc(NULL, bytes, IRP_TAG, NULL);
    if (request->packet)
        memset(request->packet, 0, bytes);
    request->in = buffer(data, length, &failed);
    request->out = buffer(NULL, room, &failed);
    if (failed || !request->packet) {
        buffers_free(request);
        return NULL;
    }
    irp = &request->packet->irp;
    irp->Type = IO_TYPE_IRP;
    irp->Size = (USHORT)bytes;
    irp->StackCount = irp->CurrentLocation = top->StackSize;
    irp->RequestorMode = file->kernel ? KERNEL_MODE : USER_MODE;
    irp->Tail.Overlay.CurrentStackLocation = first(request);
    irp->Tail.Overlay.OriginalFileObject = &file->object;
    first(request)->MajorFunction = (UCHAR)major;
    first(request)->DeviceObject = top;
    first(request)->FileObject = &file->object;
    pthread_mutex_lock(&lock);
    request->next = requests;
    requests = request;
    pthread_mutex_unlock(&lock);
    return request;
}

static struct timespec in_ms(unsigned ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return until;
}

bool nt_request_wait(struct nt_request *request, unsigned milliseconds)
{
    struct timespec until = in_ms(milliseconds);
    bool completed;

    pthread_mutex_lock(&lock);
    while (!request->completed && !pthread_cond_timedwait(&completion, &lock, &until))
        ;
    completed = request->completed;
    pthread_mutex_unlock(&lock);
    return completed;
}

static const char *major_name(const struct nt_request *request)
{
    static const char *const names[] = {"IRP_MJ_CREATE", "", "IRP_MJ_CLOSE", "IRP_MJ_READ",
                                        "IRP_MJ_WRITE"};
    unsigned major = first(request)->MajorFunction;

    return major == IRP_MJ_CLEANUP ? "IRP_MJ_CLEANUP"
           : major < 5             ? names[major]
                                   : "IRP_MJ_DEVICE_CONTROL";
}

static void complete(struct nt_request *request, NTSTATUS status, size_t information)
{
    pthread_mutex_lock(&lock);
    request->status = status;
    request->information = information;
    request->pended = first(request)->Control & SL_PENDING_RETURNED;
    request->completed = true;
    pthread_cond_broadcast(&completion);
    pthread_mutex_unlock(&lock);
}

/* A driver that passes the IRP on returns what the lower one returned, which has marked its own location. */
static bool is_pended(const struct nt_request *request)
{
    bool pended = false;

    for (int i = 0; i < request->packet->irp.StackCount; i++)
        pended |= request->packet->stack[i].Control & SL_PENDING_RETURNED;
    return pended;
}

/* What the dispatch routine has returned must fit what it did. */
static void judge(struct nt_request *request, NTSTATUS returned)
{
    bool completed, pended;

    pthread_mutex_lock(&lock);
    completed = request->completed;
    pended = completed ? request->pended : is_pended(request);
    pthread_mutex_unlock(&lock);
    if (returned == STATUS_PENDING && !pended)
        rule_violation("PendedCompletedRequest", NULL,
                       "the dispatch routine of %s returned STATUS_PENDING for an IRP that it did "
                       "not mark (IoMarkIrpPending)",
                       major_name(request));
    else if (returned != STATUS_PENDING && pended)
        rule_violation("PendedCompletedRequest", NULL,
                       "the dispatch routine of %s marked the IRP pending, and returned 0x%08x "
                       "instead of STATUS_PENDING",
                       major_name(request), (unsigned)returned);
    else if (returned != STATUS_PENDING && !completed)
        rule_violation("IrpProcessingComplete", NULL,
                       "the dispatch routine of %s returned 0x%08x and did not complete the IRP",
                       major_name(request), (unsigned)returned);
    if (returned != STATUS_PENDING && !completed) /* the program goes on, other than on Windows */
        complete(request, returned, 0);
}

static void submit(struct nt_request *request)
{
    PDEVICE_OBJECT object = first(request)->DeviceObject;
    PDRIVER_DISPATCH dispatch = nt_device_dispatch(object, first(request)->MajorFunction);
    struct callback call;
    NTSTATUS returned;

    if (!dispatch) { /* what Windows puts into each place that the driver leaves empty */
        complete(request, STATUS_INVALID_DEVICE_REQUEST, 0);
        return;
    }
    call = callback_begin("DriverDispatch");
    returned = dispatch(object, &request->packet->irp);
    callback_end(&call);
    judge(request, returned);
}

/* ---- Files ---- */

/* IRP_MJ_CREATE, IRP_MJ_CLEANUP or IRP_MJ_CLOSE. */
static NTSTATUS simple(struct nt_file *file, unsigned major)
{
    struct nt_request *request = request_new(file, major, NULL, 0, 0);
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    if (!request)
        return status;
    submit(request);
    if (!nt_request_wait(request, ANSWER_MOST))
        nt_request_cancel(request);
    status = nt_request_result(request, NULL, NULL);
    nt_request_end(request);
    return status;
}

static NTSTATUS open_device(const char *name, bool kernel, struct nt_file **file)
{
    PDEVICE_OBJECT object = nt_device_find(name);
    NTSTATUS status = STATUS_SUCCESS;

    *file = NULL;
    if (!object)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (object->Flags & DO_DEVICE_INITIALIZING)
        status = STATUS_NO_SUCH_DEVICE;
    else if (object->Flags & DO_EXCLUSIVE && nt_device_opened(object) > 1)
        status = STATUS_ACCESS_DENIED;
    else if (!(*file = calloc(1, sizeof **file)))
        status = STATUS_INSUFFICIENT_RESOURCES;
    if (status == STATUS_SUCCESS) {
        (*file)->kernel = kernel;
        (*file)->object.Type = IO_TYPE_FILE;
        (*file)->object.Size = sizeof(FILE_OBJECT);
        (*file)->object.DeviceObject = object;
        (*file)->object.ReadAccess = (*file)->object.WriteAccess = TRUE;
        status = simple(*file, IRP_MJ_CREATE);
    }
    if (status != STATUS_SUCCESS) {
        free(*file);
        *file = NULL;
        nt_device_release(object);
    }
    return status;
}

NTSTATUS nt_file_open(const char *name, struct nt_file **file)
{
    return open_device(name, false, file);
}

/* One that is still with the driver, or NULL. */
static struct nt_request *outstanding(struct nt_file *file)
{
    struct nt_request *request;

    pthread_mutex_lock(&lock);
    for (request = requests; request; request = request->next)
        if (request->file == file && !request->completed)
            break;
    pthread_mutex_unlock(&lock);
    return request;
}

void nt_file_close(struct nt_file *file)
{
    PDEVICE_OBJECT object = file->object.DeviceObject;
    struct nt_request *request;

    simple(file, IRP_MJ_CLEANUP);
    while ((request = outstanding(file)))
        nt_request_cancel(request);
    simple(file, IRP_MJ_CLOSE);
    nt_device_release(object);
    free(file);
}

/* ---- Files of drivers ---- */

NTSTATUS NTAPI IoGetDeviceObjectPointer(PUNICODE_STRING ObjectName, ACCESS_MASK DesiredAccess,
                                        PFILE_OBJECT *FileObject, PDEVICE_OBJECT *DeviceObject)
{
    char name[NT_NAME_MAX];
    struct nt_file *file;
    NTSTATUS status;

    HOST_CALL(PASSIVE_LEVEL);
    (void)DesiredAccess;
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    if (!nt_name_plain(ObjectName, name))
        return STATUS_OBJECT_NAME_INVALID;
    status = open_device(name, true, &file);
    if (status != STATUS_SUCCESS)
        return status;
    simple(file, IRP_MJ_CLEANUP); /* of the handle that it was opened with */
    pthread_mutex_lock(&lock);
    file->references = 1;
    file->next = pointed;
    pointed = file;
    pthread_mutex_unlock(&lock);
    track_add(TRACK_FILE, file, 0, RULE_CALLER);
    *FileObject = &file->object;
    *DeviceObject = file->object.DeviceObject;
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", IoGetDeviceObjectPointer);

/* At PASSIVE_LEVEL. */
static void close_pointed(void *context)
{
    struct nt_file *file = context;
    PDEVICE_OBJECT object = file->object.DeviceObject;

    simple(file, IRP_MJ_CLOSE);
    nt_device_release(object);
    free(file);
}

bool nt_file_reference(void *object, int by, LONG_PTR *left, const void *caller)
{
    struct nt_file **at = &pointed, *file;

    pthread_mutex_lock(&lock);
    while (*at && *at != object)
        at = &(*at)->next;
    file = *at;
    if (file) {
        *left = file->references += by;
        if (!*left)
            *at = file->next;
    }
    pthread_mutex_unlock(&lock);
    if (!file)
        return false;
    if (*left)
        return true;
    track_remove(TRACK_FILE, file, caller);
    if (irql_get() == IRQL_PASSIVE || !nt_work_queue(close_pointed, file))
        close_pointed(file);
    return true;
}

/* ---- Reading, writing, control ---- */

/* The program's buffer as an MDL, as it is for DO_DIRECT_IO. Special pool never moves. */
static bool describe(IRP *irp, void *bytes, size_t length)
{
    size_t pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(bytes, length);

    if (!length)
        return true;
    irp->MdlAddress = nt_pool_alloc(NULL, sizeof(MDL) + pages * sizeof(PFN_NUMBER), IRP_TAG, NULL);
    if (!irp->MdlAddress)
        return false;
    memset(irp->MdlAddress, 0, sizeof(MDL));
    MmInitializeMdl(irp->MdlAddress, bytes, length);
    MmBuildMdlForNonPagedPool(irp->MdlAddress);
    return true;
}

/* A buffer of the system that holds what goes in, and then the output. */
static bool buffered(struct nt_request *request)
{
    size_t length =
        request->in_length > request->out_length ? request->in_length : request->out_length;
    bool failed = false;

    request->system = buffer(NULL, length, &failed);
    if (failed)
        return false;
    if (request->in_length)
        memcpy(request->system, request->in, request->in_length);
    request->copies = request->out_length != 0;
    request->packet->irp.AssociatedIrp.SystemBuffer = request->system;
    request->packet->irp.UserBuffer = request->out;
    return true;
}

static bool prepare_transfer(struct nt_request *request, bool write)
{
    ULONG flags = first(request)->DeviceObject->Flags;
    uint8_t *bytes = write ? request->in : request->out;
    size_t length = write ? request->in_length : request->out_length;
    struct packet *packet = request->packet;

    if (write)
        first(request)->Parameters.Write.Length = (ULONG)length;
    else
        first(request)->Parameters.Read.Length = (ULONG)length;
    if (flags & DO_BUFFERED_IO)
        return buffered(request);
    if (flags & DO_DIRECT_IO)
        return describe(&packet->irp, bytes, length);
    packet->irp.UserBuffer = bytes;
    return true;
}

static bool prepare_control(struct nt_request *request, ULONG code)
{
    struct packet *packet = request->packet;
    size_t room = request->out_length;
    bool done;

    first(request)->Parameters.DeviceIoControl.IoControlCode = code;
    first(request)->Parameters.DeviceIoControl.InputBufferLength = (ULONG)request->in_length;
    first(request)->Parameters.DeviceIoControl.OutputBufferLength = (ULONG)room;
    switch (code & 3) {
    case METHOD_BUFFERED:
        return buffered(request);
    case METHOD_NEITHER:
        first(request)->Parameters.DeviceIoControl.Type3InputBuffer = request->in;
        packet->irp.UserBuffer = request->out;
        return true;
    default: /* the input is buffered, the other one is locked */
        request->out_length = 0;
        done = buffered(request);
        request->out_length = room;
        return done && describe(&packet->irp, request->out, room);
    }
}

struct nt_request *nt_request_begin(struct nt_file *file, unsigned major, ULONG code,
                                    const void *data, size_t length, size_t room)
{
    struct nt_request *request = request_new(file, major, data, length, room);
    bool ready;

    if (!request)
        return NULL;
    ready = major == IRP_MJ_DEVICE_CONTROL ? prepare_control(request, code)
                                           : prepare_transfer(request, major == IRP_MJ_WRITE);
    if (ready)
        submit(request);
    else
        complete(request, STATUS_INSUFFICIENT_RESOURCES, 0);
    return request;
}

void nt_request_cancel(struct nt_request *request)
{
    IRP *irp = &request->packet->irp;
    PDRIVER_CANCEL routine = NULL;
    unsigned before = irql_get();
    KIRQL irql = (KIRQL)nt_lock_acquire(&cancel_lock, NT_LOCK_RAISED, NULL);

    pthread_mutex_lock(&lock);
    if (!request->completed) {
        irp->Cancel = TRUE;
        routine = __atomic_exchange_n(&irp->CancelRoutine, NULL, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&lock);
    if (routine) {
        irp->CancelIrql = irql; /* the routine releases the lock */
        routine(irp->Tail.Overlay.CurrentStackLocation->DeviceObject, irp);
        nt_check_no_locks("a cancel routine");
        nt_check_irql("a cancel routine", before);
    } else {
        nt_lock_release(&cancel_lock, NT_LOCK_RAISED, irql, NULL);
    }
    if (nt_request_wait(request, CANCEL_MOST))
        return;
    rule_violation("IrpProcessingComplete", NULL,
                   "the driver did not complete the IRP of %s within %u s after it was cancelled",
                   major_name(request), CANCEL_MOST / 1000);
    complete(request, STATUS_CANCELLED, 0);
}

NTSTATUS nt_request_result(struct nt_request *request, const void **data, size_t *length)
{
    bool in = first(request)->MajorFunction == IRP_MJ_WRITE;
    size_t room = in ? request->in_length : request->out_length;
    size_t count = request->information < room ? request->information : room;

    if (!nt_request_wait(request, 0))
        return STATUS_PENDING;
    /* What the driver fails with an error is not copied; a warning's data is. */
    if ((ULONG)request->status >> 30 == 3)
        count = 0;
    if (request->copies && count)
        memcpy(request->out, request->system, count);
    if (data)
        *data = in ? NULL : request->out;
    if (length)
        *length = count;
    return request->status;
}

void nt_request_end(struct nt_request *request)
{
    struct nt_request **at = &requests;

    if (!nt_request_wait(request, 0))
        return;
    pthread_mutex_lock(&lock);
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    pthread_mutex_unlock(&lock);
    buffers_free(request);
}

/* ---- As drivers call them ---- */

/* Information of these is a number of bytes. */
static bool transfers(const struct nt_request *request)
{
    unsigned major = first(request)->MajorFunction;

    return major == IRP_MJ_READ || major == IRP_MJ_WRITE || major == IRP_MJ_DEVICE_CONTROL;
}

static void check_completed(const struct nt_request *request, const IRP *irp, const void *caller)
{
    bool write = first(request)->MajorFunction == IRP_MJ_WRITE;
    size_t room = write ? request->in_length : request->out_length;

    if (irp->IoStatus.Status == STATUS_PENDING)
        rule_violation("IrpProcessingComplete", caller,
                       "completes the IRP of %s with STATUS_PENDING", major_name(request));
    if (irp->CancelRoutine)
        rule_violation("IrpProcessingComplete", caller,
                       "completes the IRP of %s with its cancel routine still set "
                       "(IoSetCancelRoutine)",
                       major_name(request));
    if (transfers(request) && (ULONG)irp->IoStatus.Status >> 30 != 3 &&
        irp->IoStatus.Information > room)
        rule_violation(
            "IrpInformation", caller,
            "completes the IRP of %s with an IoStatus.Information of %zu; its buffer has "
            "%zu bytes",
            major_name(request), (size_t)irp->IoStatus.Information, room);
}

VOID FASTCALL IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    struct nt_request *request;
    bool completed;

    (void)PriorityBoost;
    HOST_CALL(DISPATCH_LEVEL);
    pthread_mutex_lock(&lock);
    request = request_of(Irp);
    completed = request && request->completed;
    pthread_mutex_unlock(&lock);
    if (!request && driver_irp_complete(Irp, RULE_CALLER))
        return;
    if (!request || completed) {
        rule_violation("DoubleCompletion", RULE_CALLER, "completes %p, which %s", (void *)Irp,
                       completed ? "is complete already"
                                 : "is not an IRP, or was completed before");
        return;
    }
    check_completed(request, Irp, RULE_CALLER);
    if (!driver_irp_unwind(Irp))
        return; /* a driver above has it again */
    complete(request, Irp->IoStatus.Status, Irp->IoStatus.Information);
}
HOST_EXPORT("ntoskrnl.exe", IofCompleteRequest);

VOID NTAPI IoAcquireCancelSpinLock(PKIRQL Irql)
{
    HOST_CALL(DISPATCH_LEVEL);
    *Irql = (KIRQL)nt_lock_acquire(&cancel_lock, NT_LOCK_RAISED, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoAcquireCancelSpinLock);

VOID NTAPI IoReleaseCancelSpinLock(KIRQL Irql)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_release(&cancel_lock, NT_LOCK_RAISED, Irql, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoReleaseCancelSpinLock);

BOOLEAN NTAPI IoCancelIrp(PIRP Irp)
{
    KIRQL irql;
    PDRIVER_CANCEL routine;

    HOST_CALL(DISPATCH_LEVEL);
    irql = (KIRQL)nt_lock_acquire(&cancel_lock, NT_LOCK_RAISED, RULE_CALLER);
    Irp->Cancel = TRUE;
    routine = __atomic_exchange_n(&Irp->CancelRoutine, NULL, __ATOMIC_SEQ_CST);
    if (!routine) {
        nt_lock_release(&cancel_lock, NT_LOCK_RAISED, irql, RULE_CALLER);
        return FALSE;
    }
    Irp->CancelIrql = irql;
    routine(Irp->Tail.Overlay.CurrentStackLocation->DeviceObject, Irp);
    return TRUE;
}
HOST_EXPORT("ntoskrnl.exe", IoCancelIrp);

/* ---- Memory of programs ---- */

/* Is it inside of a buffer that a program gave? */
static bool of_program(const volatile void *address, size_t length)
{
    uintptr_t from = (uintptr_t)address;
    bool inside = false;

    pthread_mutex_lock(&lock);
    for (struct nt_request *request = requests; request && !inside; request = request->next) {
        uintptr_t in = (uintptr_t)request->in, out = (uintptr_t)request->out;

        inside = (in && from >= in && from + length <= in + request->in_length) ||
                 (out && from >= out && from + length <= out + request->out_length);
    }
    pthread_mutex_unlock(&lock);
    return inside;
}

/* Windows raises an exception for the driver's __try; ndishost cannot, and says so. */
static void probe(const char *function, const volatile void *address, size_t length,
                  ULONG alignment, const void *caller)
{
    if (!length || !rules_enabled)
        return;
    if (!alignment || (uintptr_t)address & (alignment - 1))
        rule_violation("ProbeBuffer", caller,
                       "%s of %p, which is not aligned to %u; Windows raises "
                       "STATUS_DATATYPE_MISALIGNMENT, ndishost returns",
                       function, (const void *)address, (unsigned)alignment);
    else if (!of_program(address, length))
        rule_violation("ProbeBuffer", caller,
                       "%s of %zu bytes at %p, which are in no buffer of a program; Windows raises "
                       "STATUS_ACCESS_VIOLATION, ndishost returns",
                       function, length, (const void *)address);
}

VOID NTAPI ProbeForRead(const volatile void *Address, SIZE_T Length, ULONG Alignment)
{
    HOST_CALL(APC_LEVEL);
    probe(__func__, Address, Length, Alignment, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ProbeForRead);

VOID NTAPI ProbeForWrite(volatile void *Address, SIZE_T Length, ULONG Alignment)
{
    HOST_CALL(APC_LEVEL);
    probe(__func__, Address, Length, Alignment, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ProbeForWrite);
