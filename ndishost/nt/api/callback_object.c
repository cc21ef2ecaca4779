/* SPDX-License-Identifier: MIT */
/* Callback objects and what is registered with them; see callback_object.h. Documentation: kernel/callback-objects. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "loader/exports.h"
#include "nt/api/callback_object.h"
#include "nt/api/device.h"
#include "nt/api/pool.h"
#include "nt/machine/callback.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_OBJECT       "callback object"
#define TRACK_REGISTRATION "callback registration"
#define OBJECT_PERMANENT   0x10 /* OBJ_PERMANENT */

typedef VOID NTAPI callback_function(PVOID context, PVOID argument1, PVOID argument2);

struct registration {
    struct registration *next; /* in the order of registration */
    struct object *object;
    callback_function *function;
    PVOID context;
    unsigned running; /* calls of it */
    bool gone;        /* it is unregistered, and not called any more */
};

struct object {
    struct object *next;
    char name[NT_NAME_MAX];
    LONG_PTR references;
    bool of_windows, multiple;
    struct registration *registrations;
};

static struct object power_state = {NULL, "\\Callback\\PowerState", 1, true, true, NULL};
static struct object system_time = {&power_state, "\\Callback\\SetSystemTime", 1, true, true, NULL};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t returned = PTHREAD_COND_INITIALIZER;
static struct object *objects = &system_time;

/* ---- Lists; lock held ---- */

static struct object *object_named(const char *name)
{
    struct object *object = objects;

    while (object && strcasecmp(object->name, name))
        object = object->next;
    return object;
}

static struct object **object_at(const void *pointer)
{
    struct object **at = &objects;

    while (*at && *at != pointer)
        at = &(*at)->next;
    return at;
}

/* ---- Notification ---- */

/* A routine may register and unregister others, and itself after it has returned. */
static void notify(struct object *object, PVOID argument1, PVOID argument2)
{
    struct registration *registration;
    struct callback call;

    pthread_mutex_lock(&lock);
    for (registration = object->registrations; registration; registration = registration->next) {
        if (registration->gone)
            continue;
        registration->running++;
        pthread_mutex_unlock(&lock);
        call = callback_begin("CallbackFunction");
        registration->function(registration->context, argument1, argument2);
        callback_end(&call);
        pthread_mutex_lock(&lock);
        registration->running--;
        pthread_cond_broadcast(&returned);
    }
    pthread_mutex_unlock(&lock);
}

void nt_callback_notify(const char *name, ULONG_PTR argument1, ULONG_PTR argument2)
{
    struct object *object;

    pthread_mutex_lock(&lock);
    object = object_named(name);
    pthread_mutex_unlock(&lock);
    if (object)
        notify(object, (PVOID)argument1, (PVOID)argument2);
}

/* ---- References ---- */

bool nt_callback_reference(void *pointer, int by, LONG_PTR *left, const void *caller)
{
    struct object **at, *object;

    pthread_mutex_lock(&lock);
    at = object_at(pointer);
    object = *at;
    if (object) {
        *left = object->references += by;
        if (!*left)
            *at = object->next;
    }
    pthread_mutex_unlock(&lock);
    if (object && !*left) {
        track_remove(TRACK_OBJECT, object, caller);
        free(object);
    }
    return object;
}

/* ---- As drivers call them ---- */

static NTSTATUS open_or_create(const char *name, const OBJECT_ATTRIBUTES *attributes, bool create,
                               bool multiple, struct object **object)
{
    struct object *made = create ? calloc(1, sizeof *made) : NULL;

    pthread_mutex_lock(&lock);
    *object = object_named(name);
    if (*object) {
        (*object)->references++;
        pthread_mutex_unlock(&lock);
        free(made);
        return STATUS_SUCCESS;
    }
    if (made) {
        strcpy(made->name, name);
        made->references = attributes->Attributes & OBJECT_PERMANENT ? 2 : 1;
        made->multiple = multiple;
        made->next = objects;
        objects = *object = made;
    }
    pthread_mutex_unlock(&lock);
    if (!create)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    return made ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS NTAPI ExCreateCallback(PVOID *CallbackObject, POBJECT_ATTRIBUTES ObjectAttributes,
                                BOOLEAN Create, BOOLEAN AllowMultipleCallbacks)
{
    char name[NT_NAME_MAX];
    struct object *object;
    NTSTATUS status;

    HOST_CALL(APC_LEVEL);
    if (!ObjectAttributes || !ObjectAttributes->ObjectName)
        return STATUS_UNSUCCESSFUL;
    if (!nt_name_plain(ObjectAttributes->ObjectName, name))
        return STATUS_OBJECT_NAME_INVALID;
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    status = open_or_create(name, ObjectAttributes, Create, AllowMultipleCallbacks, &object);
    if (status != STATUS_SUCCESS)
        return status;
    if (!object->of_windows && object->references == 1)
        track_add(TRACK_OBJECT, object, 0, RULE_CALLER);
    *CallbackObject = object;
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", ExCreateCallback);

PVOID NTAPI ExRegisterCallback(PVOID CallbackObject, callback_function *CallbackFunction,
                               PVOID CallbackContext)
{
    struct registration *registration, **at;
    struct object *object = CallbackObject;
    bool may;

    HOST_CALL(APC_LEVEL);
    if (HOST_FAILS())
        return NULL;
    registration = calloc(1, sizeof *registration);
    if (!registration)
        return NULL;
    *registration =
        (struct registration){NULL, object, CallbackFunction, CallbackContext, 0, false};
    pthread_mutex_lock(&lock);
    may = *object_at(object) && (object->multiple || !object->registrations);
    if (may) {
        for (at = &object->registrations; *at; at = &(*at)->next)
            ;
        *at = registration;
        object->references++;
    }
    pthread_mutex_unlock(&lock);
    if (!may) {
        free(registration);
        return NULL;
    }
    track_add(TRACK_REGISTRATION, registration, 0, RULE_CALLER);
    return registration;
}
HOST_EXPORT("ntoskrnl.exe", ExRegisterCallback);

/* Out of the list of its object, which is returned; NULL: it is not registered. Lock held. */
static struct object *take_out(struct registration *registration)
{
    struct object *object;
    struct registration **at;

    for (object = objects; object; object = object->next)
        for (at = &object->registrations; *at; at = &(*at)->next)
            if (*at == registration && !registration->gone) {
                registration->gone = true;
                while (registration->running)
                    pthread_cond_wait(&returned, &lock);
                for (at = &object->registrations; *at != registration; at = &(*at)->next)
                    ;
                *at = registration->next;
                return object;
            }
    return NULL;
}

VOID NTAPI ExUnregisterCallback(PVOID CallbackRegistration)
{
    struct object *object;
    LONG_PTR left;

    HOST_CALL(APC_LEVEL);
    pthread_mutex_lock(&lock);
    object = take_out(CallbackRegistration);
    pthread_mutex_unlock(&lock);
    track_remove(TRACK_REGISTRATION, CallbackRegistration, RULE_CALLER);
    if (!object)
        return;
    free(CallbackRegistration);
    nt_callback_reference(object, -1, &left, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExUnregisterCallback);

VOID NTAPI ExNotifyCallback(PVOID CallbackObject, PVOID Argument1, PVOID Argument2)
{
    HOST_CALL(DISPATCH_LEVEL);
    notify(CallbackObject, Argument1, Argument2);
}
HOST_EXPORT("ntoskrnl.exe", ExNotifyCallback);
