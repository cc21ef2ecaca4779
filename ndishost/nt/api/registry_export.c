/* SPDX-License-Identifier: MIT */
/* The registry as the kernel's functions give it to drivers: ZwXxxKey and RtlXxxRegistry. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/pool.h"
#include "nt/api/registry_export.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define STRING_TAG          0x69745352 /* "RStr": RtlFreeUnicodeString may free it */
#define SERVICES_PATH       REGISTRY_SERVICES "\\"
#define CONTROL_PATH        REGISTRY_CONTROL "\\"
#define WINDOWS_NT_PATH     "Software\\Microsoft\\Windows NT\\CurrentVersion\\"
#define DEVICEMAP_PATH      "Hardware\\DeviceMap\\"

#define DISPOSITION_CREATED 1 /* REG_CREATED_NEW_KEY */
#define DISPOSITION_OPENED  2 /* REG_OPENED_EXISTING_KEY */

static const struct nt_handle_type key_type = {"registry key", NULL};

HANDLE nt_key_handle(struct registry_key *key, const void *caller)
{
    return nt_handle_open(&key_type, key, caller);
}

/* The key, or NULL after a violation. */
static struct registry_key *key_of(HANDLE handle, const char *function, const void *caller)
{
    struct registry_key *key = nt_handle_object(handle, &key_type, NULL);

    if (!key)
        rule_violation("KeyHandle", caller, "%s was given %p, which is not a handle of an open key",
                       function, handle);
    return key;
}

/* A key that is open and not deleted. */
static NTSTATUS present_key(HANDLE handle, const char *function, const void *caller,
                            struct registry_key **key)
{
    *key = key_of(handle, function, caller);
    if (!*key)
        return STATUS_INVALID_HANDLE;
    return registry_deleted(*key) ? STATUS_KEY_DELETED : STATUS_SUCCESS;
}

/* ---- Paths ---- */

/* Behind \Registry\Machine, with the control set that is the current one under that name; NULL: not there. */
static char *from_machine(char *path)
{
    static const char machine[] = REGISTRY_MACHINE, set[] = "System\\ControlSet001";
    size_t length = strlen(machine);
    char *rest, *result;

    if (strncasecmp(path, machine, length) || (path[length] && path[length] != '\\')) {
        free(path);
        return NULL;
    }
    rest = path + length + (path[length] == '\\');
    if (!strncasecmp(rest, set, strlen(set)) && (!rest[strlen(set)] || rest[strlen(set)] == '\\')) {
        const char *below = rest + strlen(set);

        result = malloc(strlen(below) + sizeof("System\\CurrentControlSet"));
        if (result)
            strcpy(stpcpy(result, "System\\CurrentControlSet"), below);
    } else {
        result = strdup(rest);
    }
    free(path);
    return result;
}

/* What the attributes name: the key to begin at, and a path from there, which the caller frees. */
static NTSTATUS where(const OBJECT_ATTRIBUTES *attributes, const char *function, const void *caller,
                      struct registry_key **from, char **path)
{
    const UNICODE_STRING *name = attributes->ObjectName;

    *from = NULL;
    *path = registry_narrow(name ? name->Buffer : NULL, name ? name->Length / sizeof(WCHAR) : 0);
    if (!*path)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (attributes->RootDirectory) {
        *from = key_of(attributes->RootDirectory, function, caller);
        if (*from && **path != '\\')
            return STATUS_SUCCESS;
        free(*path);
        return *from ? STATUS_OBJECT_PATH_SYNTAX_BAD : STATUS_INVALID_HANDLE;
    }
    if (**path != '\\') {
        free(*path);
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    *path = from_machine(*path);
    return *path ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

static NTSTATUS give_handle(struct registry_key *key, PHANDLE handle, const void *caller)
{
    *handle = nt_key_handle(key, caller);
    return *handle ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS open_key(PHANDLE handle, const OBJECT_ATTRIBUTES *attributes, const char *function,
                         const void *caller)
{
    struct registry_key *from, *key;
    NTSTATUS status;
    char *path;

    *handle = NULL;
    if (nt_call_fails(function))
        return STATUS_INSUFFICIENT_RESOURCES;
    status = where(attributes, function, caller, &from, &path);
    if (!NT_SUCCESS(status))
        return status;
    key = registry_open(from, path);
    free(path);
    if (!key)
        return from && registry_deleted(from) ? STATUS_KEY_DELETED : STATUS_OBJECT_NAME_NOT_FOUND;
    return give_handle(key, handle, caller);
}

NTSTATUS NTAPI ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess,
                         POBJECT_ATTRIBUTES ObjectAttributes)
{
    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    (void)DesiredAccess;
    return open_key(KeyHandle, ObjectAttributes, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ZwOpenKey);

NTSTATUS NTAPI ZwOpenKeyEx(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess,
                           POBJECT_ATTRIBUTES ObjectAttributes, ULONG OpenOptions)
{
    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    (void)DesiredAccess;
    (void)OpenOptions;
    return open_key(KeyHandle, ObjectAttributes, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ZwOpenKeyEx);

NTSTATUS NTAPI ZwCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess,
                           POBJECT_ATTRIBUTES ObjectAttributes, ULONG TitleIndex,
                           PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition)
{
    struct registry_key *from, *key;
    NTSTATUS status;
    bool made;
    char *path;

    HOST_CALL(PASSIVE_LEVEL);
    (void)DesiredAccess;
    (void)TitleIndex;
    (void)Class;
    (void)CreateOptions;
    *KeyHandle = NULL;
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    status = where(ObjectAttributes, __func__, RULE_CALLER, &from, &path);
    if (!NT_SUCCESS(status))
        return status;
    key = registry_create(from, path, &made);
    free(path);
    if (!key)
        return from && registry_deleted(from) ? STATUS_KEY_DELETED : STATUS_INSUFFICIENT_RESOURCES;
    if (Disposition)
        *Disposition = made ? DISPOSITION_CREATED : DISPOSITION_OPENED;
    return give_handle(key, KeyHandle, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ZwCreateKey);

NTSTATUS NTAPI ZwDeleteKey(HANDLE KeyHandle)
{
    struct registry_key *key = key_of(KeyHandle, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (!key)
        return STATUS_INVALID_HANDLE;
    return registry_delete(key) ? STATUS_SUCCESS : STATUS_CANNOT_DELETE;
}
HOST_EXPORT("ntoskrnl.exe", ZwDeleteKey);

NTSTATUS NTAPI ZwFlushKey(HANDLE KeyHandle)
{
    HOST_CALL(PASSIVE_LEVEL);
    return key_of(KeyHandle, __func__, RULE_CALLER) ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}
HOST_EXPORT("ntoskrnl.exe", ZwFlushKey);

/* ---- Values ---- */

/* What a query puts into the caller's buffer: as much as fits, and how much it would have been. */
struct answer {
    uint8_t *buffer;
    ULONG length, used, fixed; /* fixed: that much has to fit, or nothing is written */
};

static void put(struct answer *answer, const void *data, ULONG bytes)
{
    if (answer->used < answer->length && bytes) {
        ULONG room = answer->length - answer->used;

        memcpy(answer->buffer + answer->used, data, bytes < room ? bytes : room);
    }
    answer->used += bytes;
}

static void put_number(struct answer *answer, ULONG number)
{
    put(answer, &number, sizeof(number));
}

static NTSTATUS answered(const struct answer *answer, PULONG result)
{
    *result = answer->used;
    if (answer->length < answer->fixed)
        return STATUS_BUFFER_TOO_SMALL;
    return answer->used <= answer->length ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

static NTSTATUS answer_value(const struct registry_value *value, KEY_VALUE_INFORMATION_CLASS class,
                             struct answer *answer, PULONG result)
{
    static const ULONG fixed[] = {12, 20, 12, 20, 8};
    static const uint8_t zeros[8];
    size_t units;
    WCHAR *name;
    ULONG name_bytes, gap;

    if ((unsigned)class >= sizeof(fixed) / sizeof(fixed[0]))
        return STATUS_INVALID_PARAMETER;
    name = registry_widen(value->name, &units);
    if (!name)
        return STATUS_INSUFFICIENT_RESOURCES;
    name_bytes = (ULONG)(units * sizeof(WCHAR));
    answer->fixed = fixed[class];
    if (answer->length < answer->fixed)
        answer->length = 0; /* the rest is only counted */
    if (class != KeyValuePartialInformationAlign64)
        put_number(answer, 0); /* TitleIndex */
    put_number(answer, value->type);
    if (class == KeyValueBasicInformation) {
        put_number(answer, name_bytes);
        put(answer, name, name_bytes);
    } else if (class == KeyValueFullInformation || class == KeyValueFullInformationAlign64) {
        gap = (8 - (20 + name_bytes) % 8) % 8;
        put_number(answer, 20 + name_bytes + gap);
        put_number(answer, value->bytes);
        put_number(answer, name_bytes);
        put(answer, name, name_bytes);
        put(answer, zeros, gap);
        put(answer, value->data, value->bytes);
    } else {
        put_number(answer, value->bytes);
        put(answer, value->data, value->bytes);
    }
    free(name);
    return answered(answer, result);
}

NTSTATUS NTAPI ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                               KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                               PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    struct answer answer = {KeyValueInformation, Length, 0, 0};
    struct registry_value value;
    struct registry_key *key;
    NTSTATUS status;
    char *name;
    bool found;

    HOST_CALL(PASSIVE_LEVEL);
    status = present_key(KeyHandle, __func__, RULE_CALLER, &key);
    if (!NT_SUCCESS(status))
        return status;
    name = registry_narrow(ValueName->Buffer, ValueName->Length / sizeof(WCHAR));
    if (!name)
        return STATUS_INSUFFICIENT_RESOURCES;
    found = registry_get(key, name, &value);
    free(name);
    if (!found)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    status = answer_value(&value, KeyValueInformationClass, &answer, ResultLength);
    registry_value_free(&value);
    return status;
}
HOST_EXPORT("ntoskrnl.exe", ZwQueryValueKey);

NTSTATUS NTAPI ZwEnumerateValueKey(HANDLE KeyHandle, ULONG Index,
                                   KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                                   PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    struct answer answer = {KeyValueInformation, Length, 0, 0};
    struct registry_value value;
    struct registry_key *key;
    NTSTATUS status;

    HOST_CALL(PASSIVE_LEVEL);
    status = present_key(KeyHandle, __func__, RULE_CALLER, &key);
    if (!NT_SUCCESS(status))
        return status;
    if (!registry_get_index(key, Index, &value))
        return STATUS_NO_MORE_ENTRIES;
    status = answer_value(&value, KeyValueInformationClass, &answer, ResultLength);
    registry_value_free(&value);
    return status;
}
HOST_EXPORT("ntoskrnl.exe", ZwEnumerateValueKey);

NTSTATUS NTAPI ZwSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex,
                             ULONG Type, PVOID Data, ULONG DataSize)
{
    struct registry_key *key = key_of(KeyHandle, __func__, RULE_CALLER);
    int failed;
    char *name;

    HOST_CALL(PASSIVE_LEVEL);
    (void)TitleIndex;
    if (!key)
        return STATUS_INVALID_HANDLE;
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    name = registry_narrow(ValueName->Buffer, ValueName->Length / sizeof(WCHAR));
    failed = !name || registry_set(key, name, Type, Data, DataSize);
    free(name);
    if (failed)
        return registry_deleted(key) ? STATUS_KEY_DELETED : STATUS_INSUFFICIENT_RESOURCES;
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", ZwSetValueKey);

NTSTATUS NTAPI ZwDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName)
{
    struct registry_key *key = key_of(KeyHandle, __func__, RULE_CALLER);
    bool removed;
    char *name;

    HOST_CALL(PASSIVE_LEVEL);
    if (!key)
        return STATUS_INVALID_HANDLE;
    name = registry_narrow(ValueName->Buffer, ValueName->Length / sizeof(WCHAR));
    if (!name)
        return STATUS_INSUFFICIENT_RESOURCES;
    removed = registry_remove(key, name);
    free(name);
    return removed ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}
HOST_EXPORT("ntoskrnl.exe", ZwDeleteValueKey);

/* ---- Keys by number ---- */

enum { KEY_BASIC, KEY_NODE, KEY_FULL }; /* KEY_INFORMATION_CLASS */

/* The longest name or value, in bytes, of a key's subkeys and values, for KeyFullInformation. */
static void longest(struct registry_key *key, ULONG most[3])
{
    struct registry_value value;
    char *name;
    unsigned i;

    most[0] = most[1] = most[2] = 0;
    for (i = 0; (name = registry_subkey(key, i)); i++) {
        ULONG bytes = (ULONG)(strlen(name) * sizeof(WCHAR));

        most[0] = bytes > most[0] ? bytes : most[0];
        free(name);
    }
    for (i = 0; registry_get_index(key, i, &value); i++) {
        ULONG bytes = (ULONG)(strlen(value.name) * sizeof(WCHAR));

        most[1] = bytes > most[1] ? bytes : most[1];
        most[2] = value.bytes > most[2] ? value.bytes : most[2];
        registry_value_free(&value);
    }
}

static NTSTATUS answer_key(struct registry_key *key, LONG class, struct answer *answer,
                           PULONG result)
{
    static const ULONG fixed[] = {16, 24, 44};
    static const uint8_t time[8];
    unsigned subkeys, values;
    ULONG most[3], name_bytes;
    size_t units;
    char *path;
    WCHAR *name;

    if (class < KEY_BASIC || class > KEY_FULL)
        return STATUS_INVALID_PARAMETER;
    path = registry_path(key);
    name = path ? registry_widen(strrchr(path, '\\') + 1, &units) : NULL;
    free(path);
    if (!name)
        return STATUS_INSUFFICIENT_RESOURCES;
    name_bytes = (ULONG)(units * sizeof(WCHAR));
    answer->fixed = fixed[class];
    if (answer->length < answer->fixed)
        answer->length = 0;
    put(answer, time, sizeof(time)); /* LastWriteTime */
    put_number(answer, 0);           /* TitleIndex */
    if (class != KEY_BASIC) {
        put_number(answer, 0xFFFFFFFF); /* ClassOffset: there is none */
        put_number(answer, 0);          /* ClassLength */
    }
    if (class != KEY_FULL) {
        put_number(answer, name_bytes);
        put(answer, name, name_bytes);
    } else {
        registry_count(key, &subkeys, &values);
        longest(key, most);
        put_number(answer, subkeys);
        put_number(answer, most[0]);
        put_number(answer, 0); /* MaxClassLen */
        put_number(answer, values);
        put_number(answer, most[1]);
        put_number(answer, most[2]);
    }
    free(name);
    return answered(answer, result);
}

NTSTATUS NTAPI ZwQueryKey(HANDLE KeyHandle, LONG KeyInformationClass, PVOID KeyInformation,
                          ULONG Length, PULONG ResultLength)
{
    struct answer answer = {KeyInformation, Length, 0, 0};
    struct registry_key *key;
    NTSTATUS status;

    HOST_CALL(PASSIVE_LEVEL);
    status = present_key(KeyHandle, __func__, RULE_CALLER, &key);
    return NT_SUCCESS(status) ? answer_key(key, KeyInformationClass, &answer, ResultLength)
                              : status;
}
HOST_EXPORT("ntoskrnl.exe", ZwQueryKey);

NTSTATUS NTAPI ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, LONG KeyInformationClass,
                              PVOID KeyInformation, ULONG Length, PULONG ResultLength)
{
    struct answer answer = {KeyInformation, Length, 0, 0};
    struct registry_key *key, *below;
    NTSTATUS status;
    char *name;

    HOST_CALL(PASSIVE_LEVEL);
    status = present_key(KeyHandle, __func__, RULE_CALLER, &key);
    if (!NT_SUCCESS(status))
        return status;
    name = registry_subkey(key, Index);
    below = name ? registry_open(key, name) : NULL;
    free(name);
    return below ? answer_key(below, KeyInformationClass, &answer, ResultLength)
                 : STATUS_NO_MORE_ENTRIES;
}
HOST_EXPORT("ntoskrnl.exe", ZwEnumerateKey);

/* ---- RtlXxxRegistry ---- */

#define RELATIVE_HANDLE   0x40000000u /* RTL_REGISTRY_HANDLE: Path is one */
#define RELATIVE_OPTIONAL 0x80000000u

/* The key that RelativeTo and Path name. */
static struct registry_key *relative_key(ULONG relative, PCWSTR path, bool create,
                                         const char *function, const void *caller)
{
    static const char *const roots[] = {NULL, SERVICES_PATH, CONTROL_PATH, WINDOWS_NT_PATH,
                                        DEVICEMAP_PATH};
    struct registry_key *key;
    char *narrow, *whole;
    size_t units = 0;

    if (relative & RELATIVE_HANDLE)
        return key_of((HANDLE)(ULONG_PTR)path, function, caller);
    relative &= ~RELATIVE_OPTIONAL;
    if (relative >= sizeof(roots) / sizeof(roots[0]))
        return NULL;
    while (path && path[units])
        units++;
    narrow = registry_narrow(path, units);
    if (!narrow)
        return NULL;
    if (roots[relative]) {
        whole = malloc(strlen(roots[relative]) + strlen(narrow) + 1);
        if (whole)
            strcpy(stpcpy(whole, roots[relative]), narrow);
        free(narrow);
    } else {
        whole = from_machine(narrow);
    }
    key = !whole ? NULL : create ? registry_create(NULL, whole, NULL) : registry_open(NULL, whole);
    free(whole);
    return key;
}

/* A name that is NULL stands for the default value. */
static char *narrow_name(PCWSTR name)
{
    size_t units = 0;

    while (name && name[units])
        units++;
    return registry_narrow(name, units);
}

NTSTATUS NTAPI RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HOST_CALL(PASSIVE_LEVEL);
    return relative_key(RelativeTo, Path, false, __func__, RULE_CALLER)
               ? STATUS_SUCCESS
               : STATUS_OBJECT_NAME_NOT_FOUND;
}
HOST_EXPORT("ntoskrnl.exe", RtlCheckRegistryKey);

NTSTATUS NTAPI RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HOST_CALL(PASSIVE_LEVEL);
    return relative_key(RelativeTo, Path, true, __func__, RULE_CALLER) ? STATUS_SUCCESS
                                                                       : STATUS_OBJECT_NAME_INVALID;
}
HOST_EXPORT("ntoskrnl.exe", RtlCreateRegistryKey);

NTSTATUS NTAPI RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName,
                                     ULONG ValueType, PVOID ValueData, ULONG ValueLength)
{
    struct registry_key *key = relative_key(RelativeTo, Path, true, __func__, RULE_CALLER);
    char *name;
    int failed;

    HOST_CALL(PASSIVE_LEVEL);
    if (!key)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    name = narrow_name(ValueName);
    failed = !name || registry_set(key, name, ValueType, ValueData, ValueLength);
    free(name);
    return failed ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlWriteRegistryValue);

NTSTATUS NTAPI RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName)
{
    struct registry_key *key = relative_key(RelativeTo, Path, false, __func__, RULE_CALLER);
    bool removed;
    char *name;

    HOST_CALL(PASSIVE_LEVEL);
    if (!key)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    name = narrow_name(ValueName);
    removed = name && registry_remove(key, name);
    free(name);
    return removed ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}
HOST_EXPORT("ntoskrnl.exe", RtlDeleteRegistryValue);

/* ---- RtlQueryRegistryValues ---- */

#define QUERY_SUBKEY    0x001
#define QUERY_TOPKEY    0x002
#define QUERY_REQUIRED  0x004
#define QUERY_NOVALUE   0x008
#define QUERY_NOEXPAND  0x010
#define QUERY_DIRECT    0x020
#define QUERY_DELETE    0x040
#define QUERY_TYPECHECK 0x100
#define TYPECHECK_SHIFT 24

static bool is_text(ULONG type)
{
    return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ;
}

/* Text goes to a counted string, whose buffer is allocated from pool if it has none. */
static NTSTATUS direct_text(const struct registry_value *value, PUNICODE_STRING to,
                            const void *caller)
{
    ULONG bytes = value->bytes & ~1u;

    if (bytes > 0xFFFE)
        return STATUS_BUFFER_TOO_SMALL;
    if (!to->Buffer) {
        to->Buffer = nt_pool_alloc("string", bytes ? bytes : 2, STRING_TAG, caller);
        if (!to->Buffer)
            return STATUS_NO_MEMORY;
        to->MaximumLength = (USHORT)bytes;
    } else if (bytes > to->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memcpy(to->Buffer, value->data, bytes);
    if (bytes >= 2 && !to->Buffer[bytes / 2 - 1])
        bytes -= 2;
    to->Length = (USHORT)bytes;
    return STATUS_SUCCESS;
}

/* Up to four bytes go where EntryContext says. Longer data need a length there first: negative for the
 * data alone, positive for length, type and data. */
static NTSTATUS direct_bytes(const struct registry_value *value, PVOID context)
{
    LONG room;

    if (value->bytes <= sizeof(ULONG)) {
        memcpy(context, value->data, value->bytes);
        return STATUS_SUCCESS;
    }
    memcpy(&room, context, sizeof(room));
    if (room < 0) {
        if (value->bytes > 0u - (ULONG)room)
            return STATUS_BUFFER_TOO_SMALL;
        memcpy(context, value->data, value->bytes);
        return STATUS_SUCCESS;
    }
    if (value->bytes + 2 * sizeof(ULONG) > (ULONG)room)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(context, &value->bytes, sizeof(ULONG));
    memcpy((UCHAR *)context + sizeof(ULONG), &value->type, sizeof(ULONG));
    memcpy((UCHAR *)context + 2 * sizeof(ULONG), value->data, value->bytes);
    return STATUS_SUCCESS;
}

/* A driver's routine gets each string of a REG_MULTI_SZ as a REG_SZ, unless it wants all of it. */
static NTSTATUS call_routine(const RTL_QUERY_REGISTRY_TABLE *row,
                             const struct registry_value *value, PVOID context)
{
    WCHAR *name = registry_widen(value->name, NULL), *text = (WCHAR *)(void *)value->data;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG at = 0, end, units = value->bytes / sizeof(WCHAR);

    if (!name)
        return STATUS_NO_MEMORY;
    if (value->type == REG_MULTI_SZ && !(row->Flags & QUERY_NOEXPAND)) {
        for (; at < units && text[at] && NT_SUCCESS(status); at = end + 1) {
            for (end = at; end < units && text[end];)
                end++;
            status =
                row->QueryRoutine(name, REG_SZ, text + at, (end - at + 1) * (ULONG)sizeof(WCHAR),
                                  context, row->EntryContext);
        }
    } else {
        status = row->QueryRoutine(name, value->type, value->data, value->bytes, context,
                                   row->EntryContext);
    }
    free(name);
    return status;
}

static NTSTATUS query_one(const RTL_QUERY_REGISTRY_TABLE *row, const struct registry_value *value,
                          PVOID context, const void *caller)
{
    ULONG type = row->DefaultType >> TYPECHECK_SHIFT;

    if (!(row->Flags &
          QUERY_DIRECT)) /* without a routine it is the table's end, or a subkey's row */
        return row->QueryRoutine ? call_routine(row, value, context) : STATUS_SUCCESS;
    if ((row->Flags & QUERY_TYPECHECK) && type != value->type)
        return STATUS_OBJECT_TYPE_MISMATCH;
    return is_text(value->type) ? direct_text(value, row->EntryContext, caller)
                                : direct_bytes(value, row->EntryContext);
}

/* The default of a row, which has no value in the registry. Text without a length ends with a NUL. */
static NTSTATUS query_default(const RTL_QUERY_REGISTRY_TABLE *row, const char *name, PVOID context,
                              const void *caller)
{
    struct registry_value value = {(char *)(ULONG_PTR)name, row->DefaultType & 0xFFFFFF,
                                   row->DefaultData, row->DefaultLength};
    const WCHAR *text = row->DefaultData;

    if (row->Flags & QUERY_REQUIRED)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (value.type == REG_NONE)
        return STATUS_SUCCESS;
    if (is_text(value.type) && !value.bytes && text) {
        while (text[value.bytes / sizeof(WCHAR)])
            value.bytes += sizeof(WCHAR);
        value.bytes += sizeof(WCHAR);
    }
    return query_one(row, &value, context, caller);
}

static NTSTATUS query_all(const RTL_QUERY_REGISTRY_TABLE *row, struct registry_key *key,
                          PVOID context, const void *caller)
{
    struct registry_value value;
    NTSTATUS status = STATUS_SUCCESS;
    unsigned i;

    for (i = 0; NT_SUCCESS(status) && registry_get_index(key, i, &value); i++) {
        status = query_one(row, &value, context, caller);
        registry_value_free(&value);
    }
    return !i && (row->Flags & QUERY_REQUIRED) ? STATUS_OBJECT_NAME_NOT_FOUND : status;
}

static NTSTATUS query_named(const RTL_QUERY_REGISTRY_TABLE *row, struct registry_key *key,
                            PVOID context, const void *caller)
{
    char *name = narrow_name(row->Name);
    struct registry_value value;
    NTSTATUS status;

    if (!name)
        return STATUS_NO_MEMORY;
    if (key && registry_get(key, name, &value)) {
        status = query_one(row, &value, context, caller);
        registry_value_free(&value);
        if (NT_SUCCESS(status) && (row->Flags & QUERY_DELETE))
            registry_remove(key, name);
    } else {
        status = query_default(row, name, context, caller);
    }
    free(name);
    return status;
}

static NTSTATUS query_row(const RTL_QUERY_REGISTRY_TABLE *row, struct registry_key *top,
                          struct registry_key **key, PVOID context, const void *caller)
{
    char *path;

    if (row->Flags & (QUERY_TOPKEY | QUERY_SUBKEY))
        *key = top;
    if (row->Flags & QUERY_SUBKEY) {
        path = narrow_name(row->Name);
        *key = path && top ? registry_open(top, path) : NULL;
        free(path);
        if (!*key)
            return row->Flags & QUERY_REQUIRED ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
        return row->QueryRoutine ? query_all(row, *key, context, caller) : STATUS_SUCCESS;
    }
    if (row->Flags & QUERY_NOVALUE)
        return row->QueryRoutine
                   ? row->QueryRoutine(NULL, REG_NONE, NULL, 0, context, row->EntryContext)
                   : STATUS_SUCCESS;
    if (row->Name)
        return query_named(row, *key, context, caller);
    return *key ? query_all(row, *key, context, caller) : STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path,
                                      PRTL_QUERY_REGISTRY_TABLE QueryTable, PVOID Context,
                                      PVOID Environment)
{
    struct registry_key *top = relative_key(RelativeTo, Path, false, __func__, RULE_CALLER), *key;
    const RTL_QUERY_REGISTRY_TABLE *row;
    NTSTATUS status = STATUS_SUCCESS;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    (void)Environment;
    if (!top && !(RelativeTo & RELATIVE_OPTIONAL))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    key = top;
    for (row = QueryTable;
         NT_SUCCESS(status) &&
         (row->QueryRoutine || row->Flags & (QUERY_SUBKEY | QUERY_DIRECT | QUERY_TOPKEY));
         row++)
        status = query_row(row, top, &key, Context, RULE_CALLER);
    return status;
}
HOST_EXPORT("ntoskrnl.exe", RtlQueryRegistryValues);
