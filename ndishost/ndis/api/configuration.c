/* SPDX-License-Identifier: MIT */
/* The configuration of an adapter, in the registry: what an INF installs and --set gave, read and
 * written by the driver. */
#include "ndis/api/configuration.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "nt/api/pool.h"
#include "nt/api/registry.h"

#define CONFIGURATION_TAG 0x6743444E /* "NDCg" */

/* What an open handle gave out: freed when it is closed. */
struct given {
    struct given *next;
    NDIS_CONFIGURATION_PARAMETER parameter;
    uint8_t address[NDIS_MAX_PHYS_ADDRESS_LENGTH];
    uint8_t data[] __attribute__((aligned(8))); /* of the parameter */
};

struct configuration {
    struct handle handle;
    struct registry_key *key;
    struct given *given;
};

/* ---- The key ---- */

/* NAME=dword:N is a REG_DWORD. Everything else is a REG_SZ, as INFs write keywords. */
static int keyword_set(struct registry_key *key, const char *name, const char *value)
{
    if (strncasecmp(value, "dword:", 6))
        return registry_set_string(key, name, value);
    return registry_set_number(key, name, (uint32_t)strtoul(value + 6, NULL, 0));
}

int configuration_set(struct ndis_adapter *adapter, const char *text, char *error,
                      size_t error_size)
{
    const char *equals = strchr(text, '=');
    char name[64];

    if (!equals || equals == text || (size_t)(equals - text) >= sizeof(name)) {
        snprintf(error, error_size, "%s: expected NAME=VALUE", text);
        return -1;
    }
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = 0;
    if (keyword_set(adapter->key, name, equals + 1)) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    return 0;
}

int configuration_load(struct ndis_adapter *adapter, const char *const *keywords, char *error,
                       size_t error_size)
{
    char why[120];

    for (; keywords && *keywords; keywords++)
        if (configuration_set(adapter, *keywords, why, sizeof(why))) {
            snprintf(error, error_size, "--set %s", why);
            return -1;
        }
    return 0;
}

static uint32_t number_of(const struct registry_value *value)
{
    uint32_t number = 0;

    memcpy(&number, value->data, value->bytes < sizeof(number) ? value->bytes : sizeof(number));
    return number;
}

bool configuration_value(struct ndis_adapter *adapter, const char *name, char *text, size_t size)
{
    struct registry_value value;
    char *narrow;

    if (!registry_get(adapter->key, name, &value))
        return false;
    if (value.type == REG_DWORD) {
        snprintf(text, size, "%" PRIu32, number_of(&value));
    } else {
        narrow = registry_text(&value);
        snprintf(text, size, "%s", narrow ? narrow : "");
        free(narrow);
    }
    registry_value_free(&value);
    return true;
}

/* ---- Handles ---- */

static NDIS_STATUS open_key(struct registry_key *key, PNDIS_HANDLE handle, const void *caller)
{
    struct configuration *configuration;

    configuration =
        nt_pool_alloc("configuration handle", sizeof(*configuration), CONFIGURATION_TAG, caller);
    if (!configuration)
        return NDIS_STATUS_RESOURCES;
    memset(configuration, 0, sizeof(*configuration));
    configuration->handle.kind = HANDLE_CONFIGURATION;
    configuration->key = key;
    *handle = configuration;
    return NDIS_STATUS_SUCCESS;
}

/* A counted UTF-16 string as UTF-8; the caller frees it. NULL: there is none, or no memory. */
static char *narrow(const NDIS_STRING *from)
{
    if (!from->Buffer && from->Length)
        return NULL;
    return registry_narrow(from->Buffer, from->Length / sizeof(WCHAR));
}

NDIS_STATUS NTAPI NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject,
                                          PNDIS_HANDLE ConfigurationHandle)
{
    struct handle *of = ConfigObject->NdisHandle;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *ConfigurationHandle = NULL;
    if (!header_check(&ConfigObject->Header, NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
                      NDIS_CONFIGURATION_OBJECT_REVISION_1,
                      NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1, __func__, RULE_CALLER))
        return NDIS_STATUS_INVALID_PARAMETER;
    if (!of || !handle_driver_or_adapter(of, __func__, RULE_CALLER))
        return NDIS_STATUS_INVALID_PARAMETER;
    /* A driver's own parameters stand below its service. */
    return open_key(of->kind == HANDLE_ADAPTER ? ((struct ndis_adapter *)(void *)of)->key
                                               : ((struct ndis_driver *)(void *)of)->parameters,
                    ConfigurationHandle, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisOpenConfigurationEx);

VOID NTAPI NdisCloseConfiguration(NDIS_HANDLE ConfigurationHandle)
{
    struct configuration *configuration =
        handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (!configuration)
        return;
    while (configuration->given) {
        struct given *given = configuration->given;

        configuration->given = given->next;
        nt_pool_free(NULL, given, CONFIGURATION_TAG, NULL);
    }
    configuration->handle.kind = HANDLE_FREED;
    nt_pool_free("configuration handle", configuration, CONFIGURATION_TAG, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisCloseConfiguration);

VOID NTAPI NdisOpenConfigurationKeyByName(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                                          PNDIS_STRING SubKeyName, PNDIS_HANDLE SubKeyHandle)
{
    struct configuration *configuration =
        handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    struct registry_key *key;
    char *name;

    HOST_CALL(APC_LEVEL);
    HOST_ALLOCATES();
    *SubKeyHandle = NULL;
    *Status = NDIS_STATUS_FAILURE;
    if (!configuration || !(name = narrow(SubKeyName)))
        return;
    key = registry_open(configuration->key, name);
    free(name);
    if (key)
        *Status = open_key(key, SubKeyHandle, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisOpenConfigurationKeyByName);

/* The buffer of the name is the driver's. */
static bool name_subkey(const char *name, PNDIS_STRING to)
{
    size_t units;
    WCHAR *wide = registry_widen(name, &units);
    bool fits = wide && units * sizeof(WCHAR) <= to->MaximumLength;

    if (fits) {
        memcpy(to->Buffer, wide, units * sizeof(WCHAR));
        to->Length = (USHORT)(units * sizeof(WCHAR));
    }
    free(wide);
    return fits;
}

VOID NTAPI NdisOpenConfigurationKeyByIndex(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                                           ULONG Index, PNDIS_STRING KeyName,
                                           PNDIS_HANDLE KeyHandle)
{
    struct configuration *configuration =
        handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    struct registry_key *key;
    char *name;

    HOST_CALL(APC_LEVEL);
    HOST_ALLOCATES();
    *KeyHandle = NULL;
    *Status = NDIS_STATUS_FAILURE;
    if (!configuration || !(name = registry_subkey(configuration->key, Index)))
        return;
    key = registry_open(configuration->key, name);
    if (key && name_subkey(name, KeyName))
        *Status = open_key(key, KeyHandle, RULE_CALLER);
    free(name);
}
HOST_EXPORT("NDIS.SYS", NdisOpenConfigurationKeyByIndex);

/* ---- Values ---- */

static struct given *give(struct configuration *configuration, size_t bytes)
{
    struct given *given = nt_pool_alloc(NULL, sizeof(*given) + bytes, CONFIGURATION_TAG, NULL);

    if (!given)
        return NULL;
    memset(given, 0, sizeof(*given) + bytes);
    given->next = configuration->given;
    configuration->given = given;
    return given;
}

/* As RtlUnicodeStringToInteger reads it: blanks, a sign, digits of the base, and then no more. */
static ULONG to_integer(const struct registry_value *value, int base)
{
    char *text = registry_text(value);
    ULONG number = text ? (ULONG)strtoul(text, NULL, base) : 0;

    free(text);
    return number;
}

/* Without the terminator, if there is one. */
static void give_string(struct given *given, const struct registry_value *value)
{
    USHORT bytes = (USHORT)(value->bytes & ~1u);

    memcpy(given->data, value->data, bytes);
    given->parameter.ParameterData.StringData.Buffer = (PWCH)(void *)given->data;
    given->parameter.ParameterData.StringData.MaximumLength = bytes;
    if (bytes >= sizeof(WCHAR) && !given->data[bytes - 1] && !given->data[bytes - 2])
        bytes -= sizeof(WCHAR);
    given->parameter.ParameterData.StringData.Length = bytes;
}

static void give_value(struct given *given, const struct registry_value *value,
                       NDIS_PARAMETER_TYPE type)
{
    bool wants_number = type == NdisParameterInteger || type == NdisParameterHexInteger;
    bool text = value->type == REG_SZ || value->type == REG_EXPAND_SZ;

    if (value->type == REG_DWORD || (text && wants_number)) {
        given->parameter.ParameterType = NdisParameterInteger;
        given->parameter.ParameterData.IntegerData =
            value->type == REG_DWORD ? number_of(value)
                                     : to_integer(value, type == NdisParameterInteger ? 10 : 16);
    } else if (text || value->type == REG_MULTI_SZ) {
        given->parameter.ParameterType = text ? NdisParameterString : NdisParameterMultiString;
        give_string(given, value);
    } else {
        given->parameter.ParameterType = NdisParameterBinary;
        memcpy(given->data, value->data, value->bytes);
        given->parameter.ParameterData.BinaryData.Buffer = given->data;
        given->parameter.ParameterData.BinaryData.Length = (USHORT)value->bytes;
    }
}

/* The two names that NDIS answers itself. */
static bool predefined(const char *name, ULONG *number)
{
    if (!strcasecmp(name, "NdisVersion"))
        *number = 0x00060014;
    else if (!strcasecmp(name, "ProcessorType"))
        *number = sizeof(void *) == 8 ? 4 : 0; /* NdisProcessorAmd64, X86 */
    else
        return false;
    return true;
}

static NDIS_STATUS read_value(struct configuration *configuration, const char *name,
                              NDIS_PARAMETER_TYPE type, PNDIS_CONFIGURATION_PARAMETER *parameter)
{
    struct registry_value value = {NULL, 0, NULL, 0};
    struct given *given;
    ULONG number;
    bool own = predefined(name, &number);

    if (!own && !registry_get(configuration->key, name, &value))
        return NDIS_STATUS_FAILURE;
    if (value.bytes > 0xFFFC) { /* a counted string or BINARY_DATA cannot tell of more */
        registry_value_free(&value);
        return NDIS_STATUS_FAILURE;
    }
    given = nt_allocation_fails() ? NULL : give(configuration, value.bytes);
    if (given && own) {
        given->parameter.ParameterType = NdisParameterInteger;
        given->parameter.ParameterData.IntegerData = number;
    } else if (given) {
        give_value(given, &value, type);
    }
    registry_value_free(&value);
    if (!given)
        return NDIS_STATUS_RESOURCES;
    *parameter = &given->parameter;
    return NDIS_STATUS_SUCCESS;
}

VOID NTAPI NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                                 NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                                 NDIS_PARAMETER_TYPE ParameterType)
{
    struct configuration *configuration =
        handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    char *name;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *ParameterValue = NULL;
    *Status = NDIS_STATUS_FAILURE;
    if (!configuration || !(name = narrow(Keyword)))
        return;
    *Status = read_value(configuration, name, ParameterType, ParameterValue);
    free(name);
}
HOST_EXPORT("NDIS.SYS", NdisReadConfiguration);

/* A counted string as the registry keeps it, with a terminator. */
static int write_string(struct registry_key *key, const char *name, uint32_t type,
                        const NDIS_STRING *from)
{
    uint8_t *copy = calloc(1, from->Length + sizeof(WCHAR));
    int failed;

    if (!copy)
        return -1;
    memcpy(copy, from->Buffer, from->Length);
    failed = registry_set(key, name, type, copy, (uint32_t)(from->Length + sizeof(WCHAR)));
    free(copy);
    return failed;
}

static int write_value(struct registry_key *key, const char *name,
                       const NDIS_CONFIGURATION_PARAMETER *value)
{
    const BINARY_DATA *binary = &value->ParameterData.BinaryData;

    switch (value->ParameterType) {
    case NdisParameterInteger:
    case NdisParameterHexInteger:
        return registry_set_number(key, name, value->ParameterData.IntegerData);
    case NdisParameterString:
        return write_string(key, name, REG_SZ, &value->ParameterData.StringData);
    case NdisParameterMultiString:
        return write_string(key, name, REG_MULTI_SZ, &value->ParameterData.StringData);
    default:
        return registry_set(key, name, REG_BINARY, binary->Buffer, binary->Length);
    }
}

VOID NTAPI NdisWriteConfiguration(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                                  PNDIS_STRING Keyword,
                                  PNDIS_CONFIGURATION_PARAMETER ParameterValue)
{
    struct configuration *configuration =
        handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    char *name;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *Status = NDIS_STATUS_FAILURE;
    if (!configuration)
        return;
    if (nt_allocation_fails()) {
        *Status = NDIS_STATUS_RESOURCES;
        return;
    }
    if ((unsigned)ParameterValue->ParameterType > NdisParameterBinary) {
        *Status = NDIS_STATUS_NOT_SUPPORTED;
        return;
    }
    if (!(name = narrow(Keyword)))
        return;
    *Status = write_value(configuration->key, name, ParameterValue) ? NDIS_STATUS_RESOURCES
                                                                    : NDIS_STATUS_SUCCESS;
    free(name);
}
HOST_EXPORT("NDIS.SYS", NdisWriteConfiguration);

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Pairs of digits, hyphens dropped, until something else comes; how many bytes. */
static unsigned to_address(const char *text, uint8_t *address)
{
    unsigned count = 0;

    while (*text && count < NDIS_MAX_PHYS_ADDRESS_LENGTH) {
        int high, low;

        if (*text == '-') {
            text++;
            continue;
        }
        high = hex_digit(text[0]);
        low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            break;
        address[count++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return count;
}

VOID NTAPI NdisReadNetworkAddress(PNDIS_STATUS Status, PVOID *NetworkAddress,
                                  PUINT NetworkAddressLength, NDIS_HANDLE ConfigurationHandle)
{
    struct configuration *configuration =
        handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    struct registry_value value;
    struct given *given;
    char *text;

    HOST_CALL(PASSIVE_LEVEL);
    *Status = NDIS_STATUS_FAILURE;
    *NetworkAddressLength = 0;
    if (!configuration || HOST_FAILS() ||
        !registry_get(configuration->key, "NetworkAddress", &value))
        return;
    text = value.type == REG_SZ ? registry_text(&value) : NULL;
    registry_value_free(&value);
    given = text ? give(configuration, 0) : NULL;
    if (given)
        *NetworkAddressLength = to_address(text, given->address);
    free(text);
    if (!*NetworkAddressLength)
        return;
    *NetworkAddress = given->address;
    *Status = NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisReadNetworkAddress);

/* ---- Files, such as firmware: this host has none to give ---- */

VOID NTAPI NdisOpenFile(PNDIS_STATUS Status, PNDIS_HANDLE FileHandle, PUINT FileLength,
                        PNDIS_STRING FileName, NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    HOST_CALL(PASSIVE_LEVEL);
    (void)FileName;
    (void)HighestAcceptableAddress;
    *FileHandle = NULL;
    *FileLength = 0;
    *Status = NDIS_STATUS_FILE_NOT_FOUND;
}
HOST_EXPORT("NDIS.SYS", NdisOpenFile);

static void no_file(const char *function, NDIS_HANDLE handle, const void *caller)
{
    rule_violation("NdisHandle", caller, "%s was given %p, which is not a file handle", function,
                   handle);
}

VOID NTAPI NdisMapFile(PNDIS_STATUS Status, PVOID *MappedBuffer, NDIS_HANDLE FileHandle)
{
    HOST_CALL(DISPATCH_LEVEL);
    no_file(__func__, FileHandle, RULE_CALLER);
    *MappedBuffer = NULL;
    *Status = NDIS_STATUS_FAILURE;
}
HOST_EXPORT("NDIS.SYS", NdisMapFile);

VOID NTAPI NdisUnmapFile(NDIS_HANDLE FileHandle)
{
    HOST_CALL(PASSIVE_LEVEL);
    no_file(__func__, FileHandle, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisUnmapFile);

VOID NTAPI NdisCloseFile(NDIS_HANDLE FileHandle)
{
    HOST_CALL(PASSIVE_LEVEL);
    no_file(__func__, FileHandle, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisCloseFile);
