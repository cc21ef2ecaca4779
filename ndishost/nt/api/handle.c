/* SPDX-License-Identifier: MIT */
/* The table of handles; see handle.h. */
#include <pthread.h>
#include "loader/exports.h"
#include "nt/api/handle.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define HANDLES_MAX  4096
#define HANDLE_FIRST 0x80000004u /* kernel handles are "negative", and multiples of four */
#define TRACK_HANDLE "handle"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    const struct nt_handle_type *type; /* NULL: the handle is not open */
    void *object;
} handles[HANDLES_MAX];

HANDLE nt_handle_open(const struct nt_handle_type *type, void *object, const void *caller)
{
    HANDLE handle = NULL;

    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < HANDLES_MAX && !handle; i++)
        if (!handles[i].type) {
            handles[i].type = type;
            handles[i].object = object;
            handle = (HANDLE)(ULONG_PTR)(HANDLE_FIRST + 4 * i);
        }
    pthread_mutex_unlock(&lock);
    if (handle)
        track_add(TRACK_HANDLE, handle, 0, caller);
    return handle;
}

/* HANDLES_MAX: not open. Lock held. */
static unsigned index_of(HANDLE handle)
{
    ULONG_PTR index = ((ULONG_PTR)handle - HANDLE_FIRST) / 4;

    if ((ULONG_PTR)handle < HANDLE_FIRST || (ULONG_PTR)handle % 4 || index >= HANDLES_MAX ||
        !handles[index].type)
        return HANDLES_MAX;
    return (unsigned)index;
}

void *nt_handle_object(HANDLE handle, const struct nt_handle_type *type,
                       void (*reference)(void *object))
{
    void *object = NULL;
    unsigned i;

    pthread_mutex_lock(&lock);
    i = index_of(handle);
    if (i < HANDLES_MAX && (!type || handles[i].type == type)) {
        object = handles[i].object;
        if (reference)
            reference(object);
    }
    pthread_mutex_unlock(&lock);
    return object;
}

NTSTATUS NTAPI ZwClose(HANDLE Handle)
{
    const struct nt_handle_type *type = NULL;
    void *object = NULL;
    unsigned i;

    HOST_CALL(PASSIVE_LEVEL);
    pthread_mutex_lock(&lock);
    i = index_of(Handle);
    if (i < HANDLES_MAX) {
        type = handles[i].type;
        object = handles[i].object;
        handles[i].type = NULL;
    }
    pthread_mutex_unlock(&lock);
    if (!type) {
        rule_violation("CloseHandle", RULE_CALLER, "closes handle %p, which is not open", Handle);
        return STATUS_INVALID_HANDLE;
    }
    track_remove(TRACK_HANDLE, Handle, RULE_CALLER);
    if (type->close)
        type->close(object);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", ZwClose);
