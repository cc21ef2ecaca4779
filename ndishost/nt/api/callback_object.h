/* SPDX-License-Identifier: MIT */
/*
 * callback_object.h: callback objects: drivers and Windows tell each other of events by name.
 *   nt_callback_notify("\\Callback\\PowerState", argument1, argument2);
 */
#ifndef NDISHOST_CALLBACK_OBJECT_H
#define NDISHOST_CALLBACK_OBJECT_H

#include <stdbool.h>
#include <ntddk.h>

/* Arguments of \Callback\PowerState: the system leaves S0 (0) or is back in it (1). */
#define NT_PO_CB_SYSTEM_STATE_LOCK 3

/* Calls what is registered with this object of Windows, in the order of registration. IRQL <= DISPATCH_LEVEL. */
void nt_callback_notify(const char *name, ULONG_PTR argument1, ULONG_PTR argument2);

/* Adds to the references of a callback object; it is deleted when none is left. false: the object is none. IRQL <=
 * DISPATCH_LEVEL. */
bool nt_callback_reference(void *object, int by, LONG_PTR *left, const void *caller);

#endif
