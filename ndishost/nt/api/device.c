/* SPDX-License-Identifier: MIT */
/* Device objects and the names that lead to them; see device.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "loader/exports.h"
#include "nt/api/device.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define DEVICE_TAG     0x69766544u /* "Devi" */
#define IO_TYPE_DEVICE 3
#define TRACK_DEVICE   "device object"
#define TRACK_LINK     "symbolic link"
#define MAJORS         (IRP_MJ_MAXIMUM_FUNCTION + 1)

struct device {
    struct device *next;
    char name[NT_NAME_MAX]; /* "": none */
    PDRIVER_DISPATCH majors[MAJORS];
    bool own_majors, deleted;
    unsigned opened;
    PDEVICE_OBJECT below;  /* that it is attached to, or NULL */
    DEVICE_OBJECT *object; /* after this; the extension of the driver follows */
};

struct link {
    struct link *next;
    char from[NT_NAME_MAX], to[NT_NAME_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct device *devices;
static struct link *links;

/* ---- Names ---- */

/* false: empty, too long, or not of ASCII as all names of devices are. */
bool nt_name_plain(const UNICODE_STRING *name, char text[NT_NAME_MAX])
{
    unsigned length = name->Length / sizeof(WCHAR);

    if (!length || length >= NT_NAME_MAX)
        return false;
    for (unsigned i = 0; i < length; i++) {
        if (!name->Buffer[i] || name->Buffer[i] > 0x7E)
            return false;
        text[i] = (char)name->Buffer[i];
    }
    text[length] = 0;
    return true;
}

/* The name of a link below the directories that programs see, or NULL. */
static const char *for_programs(const char *name)
{
    static const char *const directories[] = {"\\DosDevices\\Global\\", "\\DosDevices\\", "\\??\\",
                                              "\\\\.\\", "\\GLOBAL??\\"};

    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        if (!strncasecmp(name, directories[i], strlen(directories[i])))
            return name + strlen(directories[i]);
    return NULL;
}

/* The functions below: lock held. */

static struct device *device_named(const char *name)
{
    struct device *device;

    for (device = devices; device; device = device->next)
        if (!device->deleted && *device->name && !strcasecmp(device->name, name))
            break;
    return device;
}

static struct link **link_named(const char *name)
{
    struct link **link;

    for (link = &links; *link; link = &(*link)->next)
        if (!strcasecmp((*link)->from, name))
            break;
    return link;
}

static struct device **device_of(PDEVICE_OBJECT object)
{
    struct device **device;

    for (device = &devices; *device; device = &(*device)->next)
        if ((*device)->object == object)
            break;
    return device;
}

/* ---- Making and deleting ---- */

static void fill(struct device *device, const struct nt_device_options *options)
{
    DEVICE_OBJECT *object = (DEVICE_OBJECT *)(device + 1);

    memset(object, 0, sizeof *object + options->extension);
    object->Type = IO_TYPE_DEVICE;
    object->Size = (USHORT)(sizeof *object + options->extension);
    object->DriverObject = options->driver;
    object->DeviceExtension = options->extension ? object + 1 : NULL;
    object->DeviceType = options->type;
    object->Characteristics = options->characteristics;
    object->Flags = DO_DEVICE_INITIALIZING | (options->exclusive ? DO_EXCLUSIVE : 0);
    object->StackSize = 1;
    device->object = object;
    device->own_majors = options->majors != NULL;
    if (options->majors)
        memcpy(device->majors, options->majors, sizeof device->majors);
}

NTSTATUS nt_device_create(const struct nt_device_options *options, PDEVICE_OBJECT *object,
                          const void *caller)
{
    char name[NT_NAME_MAX] = "";
    struct device *device;

    *object = NULL;
    if (options->name && !nt_name_plain(options->name, name))
        return STATUS_OBJECT_NAME_INVALID;
    device = nt_pool_alloc_shared(TRACK_DEVICE,
                                  sizeof *device + sizeof(DEVICE_OBJECT) + options->extension,
                                  DEVICE_TAG, caller);
    if (!device)
        return STATUS_INSUFFICIENT_RESOURCES;
    memset(device, 0, sizeof *device);
    strcpy(device->name, name);
    fill(device, options);
    pthread_mutex_lock(&lock);
    if (*name && device_named(name)) {
        pthread_mutex_unlock(&lock);
        nt_pool_free(TRACK_DEVICE, device, DEVICE_TAG, caller);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    device->next = devices;
    devices = device;
    device->object->NextDevice = options->driver->DeviceObject;
    options->driver->DeviceObject = device->object;
    pthread_mutex_unlock(&lock);
    *object = device->object;
    return STATUS_SUCCESS;
}

/* Out of the lists; lock held. */
static void unlink_device(struct device *device)
{
    PDEVICE_OBJECT *object = &device->object->DriverObject->DeviceObject;

    while (*object && *object != device->object)
        object = &(*object)->NextDevice;
    if (*object)
        *object = device->object->NextDevice;
    *device_of(device->object) = device->next;
}

void nt_device_delete(PDEVICE_OBJECT object, const void *caller)
{
    PDEVICE_OBJECT below = NULL;
    struct device *device;
    bool free_it = false;

    pthread_mutex_lock(&lock);
    device = *device_of(object);
    if (device && device->deleted)
        device = NULL;
    if (device && device->below) {
        below = device->below;
        below->AttachedDevice = NULL;
        device->below = NULL;
    }
    if (device && !(free_it = !device->opened))
        device->deleted = true;
    if (free_it)
        unlink_device(device);
    pthread_mutex_unlock(&lock);
    if (below)
        rule_violation("DeviceObject", caller,
                       "deletes %p, which is still attached to %p: call IoDetachDevice first",
                       (void *)object, (void *)below);
    if (!device)
        rule_violation("DeviceObject", caller,
                       "deletes %p, which is not a device object or was already deleted",
                       (void *)object);
    else if (free_it)
        nt_pool_free(TRACK_DEVICE, device, DEVICE_TAG, caller);
}

NTSTATUS nt_link_create(const UNICODE_STRING *name, const UNICODE_STRING *target,
                        const void *caller)
{
    struct link *link = calloc(1, sizeof *link);
    const void *owner;

    if (!link)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (!nt_name_plain(name, link->from) || !nt_name_plain(target, link->to)) {
        free(link);
        return STATUS_OBJECT_NAME_INVALID;
    }
    pthread_mutex_lock(&lock);
    if (*link_named(link->from)) {
        pthread_mutex_unlock(&lock);
        free(link);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    link->next = links;
    links = link;
    pthread_mutex_unlock(&lock);
    owner = track_owner(NULL);
    track_add(TRACK_LINK, link, 0, caller);
    track_owner(owner);
    return STATUS_SUCCESS;
}

NTSTATUS nt_link_delete(const UNICODE_STRING *name, const void *caller)
{
    char text[NT_NAME_MAX];
    struct link **at, *link;

    if (!nt_name_plain(name, text))
        return STATUS_OBJECT_NAME_INVALID;
    pthread_mutex_lock(&lock);
    at = link_named(text);
    link = *at;
    if (link)
        *at = link->next;
    pthread_mutex_unlock(&lock);
    if (!link)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    track_remove(TRACK_LINK, link, caller);
    free(link);
    return STATUS_SUCCESS;
}

void nt_devices_ready(PDRIVER_OBJECT driver)
{
    for (PDEVICE_OBJECT object = driver->DeviceObject; object; object = object->NextDevice)
        object->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
}

/* ---- For who opens them ---- */

/* Lock held. */
static struct device *found(const char *name)
{
    struct device *device = device_named(name);
    const char *word = for_programs(name);

    if (!word)
        word = name;
    for (struct link *link = links; link && !device; link = link->next) {
        const char *from = for_programs(link->from);

        if (!strcasecmp(from ? from : link->from, word))
            device = device_named(link->to);
    }
    return device;
}

PDEVICE_OBJECT nt_device_find(const char *name)
{
    struct device *device;

    pthread_mutex_lock(&lock);
    device = found(name);
    if (device)
        device->opened++;
    pthread_mutex_unlock(&lock);
    return device ? device->object : NULL;
}

void nt_device_release(PDEVICE_OBJECT object)
{
    struct device *device;
    bool free_it = false;

    pthread_mutex_lock(&lock);
    device = *device_of(object);
    if (device) {
        free_it = !--device->opened && device->deleted;
        if (free_it)
            unlink_device(device);
    }
    pthread_mutex_unlock(&lock);
    if (free_it)
        nt_pool_free(TRACK_DEVICE, device, DEVICE_TAG, NULL);
}

/* Lock held. */
static PDEVICE_OBJECT top_of(PDEVICE_OBJECT object)
{
    while (object->AttachedDevice)
        object = object->AttachedDevice;
    return object;
}

PDEVICE_OBJECT nt_device_top(PDEVICE_OBJECT object)
{
    pthread_mutex_lock(&lock);
    object = top_of(object);
    pthread_mutex_unlock(&lock);
    return object;
}

PDRIVER_DISPATCH nt_device_dispatch(PDEVICE_OBJECT object, unsigned major)
{
    PDRIVER_DISPATCH dispatch;
    struct device *device;

    pthread_mutex_lock(&lock);
    device = *device_of(object);
    dispatch = !device              ? NULL
               : device->own_majors ? device->majors[major]
                                    : object->DriverObject->MajorFunction[major];
    pthread_mutex_unlock(&lock);
    return dispatch;
}

unsigned nt_device_opened(PDEVICE_OBJECT object)
{
    struct device *device;
    unsigned opened;

    pthread_mutex_lock(&lock);
    device = *device_of(object);
    opened = device ? device->opened : 0;
    pthread_mutex_unlock(&lock);
    return opened;
}

void nt_device_names(char *text, size_t size)
{
    size_t used = 0;

    *text = 0;
    pthread_mutex_lock(&lock);
    for (struct device *device = devices; device && used < size; device = device->next) {
        if (device->deleted)
            continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                 *device->name ? device->name : "(no name)");
        for (struct link *link = links; link && used < size; link = link->next)
            if (*device->name && !strcasecmp(link->to, device->name))
                used += (size_t)snprintf(text + used, size - used, " <- %s", link->from);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- As drivers call them ---- */

NTSTATUS NTAPI IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
                              PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
                              ULONG DeviceCharacteristics, BOOLEAN Exclusive,
                              PDEVICE_OBJECT *DeviceObject)
{
    struct nt_device_options options = {.driver = DriverObject,
                                        .extension = DeviceExtensionSize,
                                        .name = DeviceName,
                                        .type = DeviceType,
                                        .characteristics = DeviceCharacteristics,
                                        .exclusive = Exclusive != 0};

    HOST_CALL(APC_LEVEL);
    HOST_ALLOCATES();
    return nt_device_create(&options, DeviceObject, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoCreateDevice);

VOID NTAPI IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
    HOST_CALL(APC_LEVEL);
    nt_device_delete(DeviceObject, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoDeleteDevice);

/* NULL: the source is not a device, or is part of a stack already; or the target is being deleted. A device that
 * Windows has made, such as that of an adapter, may be the target. */
static PDEVICE_OBJECT attach(PDEVICE_OBJECT source, PDEVICE_OBJECT target)
{
    struct device *device, *under;
    PDEVICE_OBJECT top = NULL;

    pthread_mutex_lock(&lock);
    device = *device_of(source);
    under = *device_of(target);
    if (device && !device->deleted && !device->below && !(under && under->deleted) &&
        top_of(target) != source) {
        top = top_of(target);
        source->AlignmentRequirement = top->AlignmentRequirement;
        source->StackSize = (CCHAR)((top->StackSize ? top->StackSize : 1) + 1);
        device->below = top;
        top->AttachedDevice = source;
    }
    pthread_mutex_unlock(&lock);
    return top;
}

PDEVICE_OBJECT NTAPI IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice,
                                                 PDEVICE_OBJECT TargetDevice)
{
    HOST_CALL(DISPATCH_LEVEL);
    return attach(SourceDevice, TargetDevice);
}
HOST_EXPORT("ntoskrnl.exe", IoAttachDeviceToDeviceStack);

NTSTATUS NTAPI IoAttachDeviceToDeviceStackSafe(PDEVICE_OBJECT SourceDevice,
                                               PDEVICE_OBJECT TargetDevice,
                                               PDEVICE_OBJECT *AttachedToDeviceObject)
{
    PDEVICE_OBJECT top;

    HOST_CALL(DISPATCH_LEVEL);
    top = attach(SourceDevice, TargetDevice);
    *AttachedToDeviceObject = top;
    return top ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}
HOST_EXPORT("ntoskrnl.exe", IoAttachDeviceToDeviceStackSafe);

VOID NTAPI IoDetachDevice(PDEVICE_OBJECT TargetDevice)
{
    struct device *device = NULL;

    HOST_CALL(PASSIVE_LEVEL);
    pthread_mutex_lock(&lock);
    if (TargetDevice->AttachedDevice)
        device = *device_of(TargetDevice->AttachedDevice);
    TargetDevice->AttachedDevice = NULL;
    if (device)
        device->below = NULL;
    pthread_mutex_unlock(&lock);
    if (!device)
        rule_violation("DeviceObject", RULE_CALLER,
                       "IoDetachDevice of %p, which no device is attached to",
                       (void *)TargetDevice);
}
HOST_EXPORT("ntoskrnl.exe", IoDetachDevice);

NTSTATUS NTAPI IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    HOST_CALL(PASSIVE_LEVEL);
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    return nt_link_create(SymbolicLinkName, DeviceName, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoCreateSymbolicLink);

NTSTATUS NTAPI IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    HOST_CALL(PASSIVE_LEVEL);
    return nt_link_delete(SymbolicLinkName, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoDeleteSymbolicLink);
