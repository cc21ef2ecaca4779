/* SPDX-License-Identifier: MIT */
/*
 * handle.h: handles that drivers get from the kernel, whatever they stand for.
 *   static const struct nt_handle_type key_type = {"registry key", NULL};
 *   handle = nt_handle_open(&key_type, key, RULE_CALLER);  ...  object = nt_handle_object(handle, &key_type, NULL);
 * ZwClose, which is here, closes them all. Any thread, PASSIVE_LEVEL.
 */
#ifndef NDISHOST_HANDLE_H
#define NDISHOST_HANDLE_H

#include <ntddk.h>

struct nt_handle_type {
    const char *name;
    void (*close)(void *object); /* when its handle is closed; NULL: nothing is to be done */
};

/* A handle that stands for the object until it is closed; NULL when there are too many. */
HANDLE nt_handle_open(const struct nt_handle_type *type, void *object, const void *caller);
/* What the handle stands for, NULL if it is not open or of another type (NULL: of any). `reference`, if not
 * NULL, is called for the object before the handle can be closed by others. */
void *nt_handle_object(HANDLE handle, const struct nt_handle_type *type,
                       void (*reference)(void *object));

/* What PsGetCurrentThread returns: the driver's own thread object, or the host's record of the thread. */
PKTHREAD nt_current_thread(void);

#endif
