/* SPDX-License-Identifier: MIT */
/*
 * device.h: device objects that drivers make for programs, by name.
 *   nt_device_create(&options, &object, RULE_CALLER);  ... requests (nt/api/irp.h) ...;  nt_device_delete(object, ...);
 * IoCreateDevice and IoCreateSymbolicLink are here; NdisRegisterDeviceEx comes to the same. PASSIVE_LEVEL.
 */
#ifndef NDISHOST_DEVICE_H
#define NDISHOST_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <ntddk.h>

#define NT_NAME_MAX 128 /* characters of a name, with the final 0 */

struct nt_device_options {
    PDRIVER_OBJECT driver;
    ULONG extension;            /* bytes, zeroed */
    const UNICODE_STRING *name; /* NULL: none */
    DEVICE_TYPE type;
    ULONG characteristics;
    bool exclusive;
    /* IRP_MJ_MAXIMUM_FUNCTION + 1 dispatch routines, which are copied; NULL: the driver object's. */
    PDRIVER_DISPATCH *majors;
};

/* STATUS_OBJECT_NAME_COLLISION if there is such a name. The caller says HOST_ALLOCATES. */
NTSTATUS nt_device_create(const struct nt_device_options *options, PDEVICE_OBJECT *object,
                          const void *caller);
/* Rule "DeviceObject" if it is none. What programs hold open keeps the memory until they close it. */
void nt_device_delete(PDEVICE_OBJECT object, const void *caller);
NTSTATUS nt_link_create(const UNICODE_STRING *link, const UNICODE_STRING *name, const void *caller);
NTSTATUS nt_link_delete(const UNICODE_STRING *link, const void *caller);
/* DriverEntry has returned: programs may open what it made. */
void nt_devices_ready(PDRIVER_OBJECT driver);

/* A name as text; false if it is empty, too long or not ASCII. */
bool nt_name_plain(const UNICODE_STRING *name, char text[NT_NAME_MAX]);

/* ---- For who opens them ---- */

/* The device of that name or link: `\Device\Tap0`, `\\.\Tap0` or `Tap0`. NULL if there is none. It stays until
 * nt_device_release. */
PDEVICE_OBJECT nt_device_find(const char *name);
void nt_device_release(PDEVICE_OBJECT object);
/* The device on top of its stack (IoAttachDeviceToDeviceStack), which gets its requests. */
PDEVICE_OBJECT nt_device_top(PDEVICE_OBJECT object);
PDRIVER_DISPATCH nt_device_dispatch(PDEVICE_OBJECT object, unsigned major);
/* How many handles are open. */
unsigned nt_device_opened(PDEVICE_OBJECT object);
/* Their names, and links after an arrow, with commas between. */
void nt_device_names(char *text, size_t size);

#endif
