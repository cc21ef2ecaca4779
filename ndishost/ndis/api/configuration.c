/* SPDX-License-Identifier: MIT */
/* The registry's configuration of an adapter: the keywords that --set gave, read and written. */
#include "ndis/api/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "nt/api/pool.h"

#define CONFIGURATION_TAG 0x6743444E /* "NDCg" */
#define TEXT_MAX          256

/* REG_SZ, as an INF writes keywords, or REG_DWORD where the value was given as dword:N. */
struct keyword {
    struct keyword *next;
    char *name, *value;
    bool number;
};

/* What an open handle gave out: freed when it is closed. */
struct given {
    struct given *next;
    NDIS_CONFIGURATION_PARAMETER parameter;
    uint8_t address[NDIS_MAX_PHYS_ADDRESS_LENGTH];
    WCHAR text[TEXT_MAX];
};

struct configuration {
    struct handle handle;
    struct ndis_adapter *adapter; /* NULL: the driver's own key, which is empty */
    struct given *given;
};

/* ---- The key ---- */

static struct keyword *keyword_find(struct ndis_adapter *adapter, const char *name)
{
    struct keyword *keyword;

    for (keyword = adapter ? adapter->keywords : NULL; keyword; keyword = keyword->next)
        if (!strcasecmp(keyword->name, name))
            return keyword;
    return NULL;
}

static int keyword_set(struct ndis_adapter *adapter, const char *name, const char *value,
                       bool number)
{
    struct keyword *keyword = keyword_find(adapter, name);
    char *copy = strdup(value);

    if (!copy)
        return -1;
    if (!keyword) {
        keyword = calloc(1, sizeof(*keyword));
        if (!keyword || !(keyword->name = strdup(name))) {
            free(keyword);
            free(copy);
            return -1;
        }
        keyword->next = adapter->keywords;
        adapter->keywords = keyword;
    }
    free(keyword->value);
    keyword->value = copy;
    keyword->number = number;
    return 0;
}

int configuration_load(struct ndis_adapter *adapter, const char *const *keywords, char *error,
                       size_t error_size)
{
    for (; keywords && *keywords; keywords++) {
        const char *equals = strchr(*keywords, '=');
        bool number = equals && !strncasecmp(equals + 1, "dword:", 6);
        char name[64];

        if (!equals || equals == *keywords || (size_t)(equals - *keywords) >= sizeof(name)) {
            snprintf(error, error_size, "--set %s: expected NAME=VALUE", *keywords);
            return -1;
        }
        memcpy(name, *keywords, (size_t)(equals - *keywords));
        name[equals - *keywords] = 0;
        if (keyword_set(adapter, name, equals + 1 + (number ? 6 : 0), number)) {
            snprintf(error, error_size, "out of memory");
            return -1;
        }
    }
    return 0;
}

void configuration_free(struct ndis_adapter *adapter)
{
    while (adapter->keywords) {
        struct keyword *keyword = adapter->keywords;

        adapter->keywords = keyword->next;
        free(keyword->name);
        free(keyword->value);
        free(keyword);
    }
}

const char *configuration_value(struct ndis_adapter *adapter, const char *name)
{
    const struct keyword *keyword = keyword_find(adapter, name);

    return keyword ? keyword->value : NULL;
}

/* ---- Handles ---- */

NDIS_STATUS NTAPI NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject,
                                          PNDIS_HANDLE ConfigurationHandle)
{
    struct handle *of = ConfigObject->NdisHandle;
    struct configuration *configuration;

    HOST_CALL(PASSIVE_LEVEL);
    *ConfigurationHandle = NULL;
    if (!header_valid(&ConfigObject->Header, NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
                      NDIS_CONFIGURATION_OBJECT_REVISION_1,
                      NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1)) {
        rule_violation("NdisObjectHeader", RULE_CALLER,
                       "NdisOpenConfigurationEx: object of type 0x%02x revision %u size %u",
                       ConfigObject->Header.Type, ConfigObject->Header.Revision,
                       ConfigObject->Header.Size);
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    if (!of || !handle_driver_or_adapter(of, __func__, RULE_CALLER))
        return NDIS_STATUS_INVALID_PARAMETER;
    configuration = nt_pool_alloc("configuration handle", sizeof(*configuration), CONFIGURATION_TAG,
                                  RULE_CALLER);
    if (!configuration)
        return NDIS_STATUS_RESOURCES;
    memset(configuration, 0, sizeof(*configuration));
    configuration->handle.kind = HANDLE_CONFIGURATION;
    configuration->adapter =
        of->kind == HANDLE_ADAPTER ? (struct ndis_adapter *)ConfigObject->NdisHandle : NULL;
    *ConfigurationHandle = configuration;
    return NDIS_STATUS_SUCCESS;
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

/* Subkeys: an adapter of this host has none. */
VOID NTAPI NdisOpenConfigurationKeyByName(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                                          PNDIS_STRING SubKeyName, PNDIS_HANDLE SubKeyHandle)
{
    HOST_CALL(APC_LEVEL);
    (void)SubKeyName;
    *SubKeyHandle = NULL;
    handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    *Status = NDIS_STATUS_FAILURE;
}
HOST_EXPORT("NDIS.SYS", NdisOpenConfigurationKeyByName);

VOID NTAPI NdisOpenConfigurationKeyByIndex(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                                           ULONG Index, PNDIS_STRING KeyName,
                                           PNDIS_HANDLE KeyHandle)
{
    HOST_CALL(APC_LEVEL);
    (void)Index;
    (void)KeyName;
    *KeyHandle = NULL;
    handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    *Status = NDIS_STATUS_FAILURE;
}
HOST_EXPORT("NDIS.SYS", NdisOpenConfigurationKeyByIndex);

/* ---- Values ---- */

/* ASCII of a counted UTF-16 string; false if it does not fit or has other characters. */
static bool narrow(const NDIS_STRING *from, char *to, size_t size)
{
    size_t length = from->Length / sizeof(WCHAR), i;

    if (length + 1 > size)
        return false;
    for (i = 0; i < length; i++) {
        if (from->Buffer[i] >= 0x80)
            return false;
        to[i] = (char)from->Buffer[i];
    }
    to[i] = 0;
    return true;
}

static struct given *give(struct configuration *configuration)
{
    struct given *given = nt_pool_alloc(NULL, sizeof(*given), CONFIGURATION_TAG, NULL);

    if (!given)
        return NULL;
    memset(given, 0, sizeof(*given));
    given->next = configuration->given;
    configuration->given = given;
    return given;
}

/* As RtlUnicodeStringToInteger reads it: blanks, a sign, digits of the base, and then no more. */
static ULONG to_integer(const char *text, int base)
{
    return (ULONG)strtoul(text, NULL, base);
}

static void give_string(struct given *given, const char *text)
{
    size_t i;

    for (i = 0; text[i] && i + 1 < TEXT_MAX; i++)
        given->text[i] = (WCHAR)(unsigned char)text[i];
    given->parameter.ParameterType = NdisParameterString;
    given->parameter.ParameterData.StringData.Buffer = given->text;
    given->parameter.ParameterData.StringData.Length = (USHORT)(i * sizeof(WCHAR));
    given->parameter.ParameterData.StringData.MaximumLength = (USHORT)((i + 1) * sizeof(WCHAR));
}

static void give_value(struct given *given, const struct keyword *keyword, NDIS_PARAMETER_TYPE type)
{
    if (keyword->number) {
        given->parameter.ParameterType =
            type == NdisParameterHexInteger ? NdisParameterHexInteger : NdisParameterInteger;
        given->parameter.ParameterData.IntegerData = to_integer(keyword->value, 0);
    } else if (type == NdisParameterInteger || type == NdisParameterHexInteger) {
        given->parameter.ParameterType = type;
        given->parameter.ParameterData.IntegerData =
            to_integer(keyword->value, type == NdisParameterInteger ? 10 : 16);
    } else {
        give_string(given, keyword->value);
    }
}

/* The two names that NDIS answers itself. */
static bool predefined(const char *name, struct given *given)
{
    given->parameter.ParameterType = NdisParameterInteger;
    if (!strcasecmp(name, "NdisVersion")) {
        given->parameter.ParameterData.IntegerData = 0x00060014;
        return true;
    }
    if (!strcasecmp(name, "ProcessorType")) {
        given->parameter.ParameterData.IntegerData =
            sizeof(void *) == 8 ? 4 : 0; /* NdisProcessorAmd64, X86 */
        return true;
    }
    return false;
}

VOID NTAPI NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
                                 NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
                                 NDIS_PARAMETER_TYPE ParameterType)
{
    struct configuration *configuration =
        handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    struct keyword *keyword;
    struct given *given;
    char name[64];

    HOST_CALL(PASSIVE_LEVEL);
    *ParameterValue = NULL;
    *Status = NDIS_STATUS_FAILURE;
    if (!configuration || !narrow(Keyword, name, sizeof(name)))
        return;
    keyword = keyword_find(configuration->adapter, name);
    if (!keyword && strcasecmp(name, "NdisVersion") && strcasecmp(name, "ProcessorType"))
        return;
    if (nt_allocation_fails() || !(given = give(configuration))) {
        *Status = NDIS_STATUS_RESOURCES;
        return;
    }
    if (!predefined(name, given))
        give_value(given, keyword, ParameterType);
    *ParameterValue = &given->parameter;
    *Status = NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisReadConfiguration);

VOID NTAPI NdisWriteConfiguration(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                                  PNDIS_STRING Keyword,
                                  PNDIS_CONFIGURATION_PARAMETER ParameterValue)
{
    struct configuration *configuration =
        handle_check(ConfigurationHandle, HANDLE_CONFIGURATION, __func__, RULE_CALLER);
    char name[64], text[TEXT_MAX];
    bool number = true;

    HOST_CALL(PASSIVE_LEVEL);
    *Status = NDIS_STATUS_FAILURE;
    if (!configuration || !configuration->adapter || !narrow(Keyword, name, sizeof(name)))
        return;
    switch (ParameterValue->ParameterType) {
    case NdisParameterInteger:
    case NdisParameterHexInteger:
        snprintf(text, sizeof(text), "%u", ParameterValue->ParameterData.IntegerData);
        break;
    case NdisParameterString:
        number = false;
        if (!narrow(&ParameterValue->ParameterData.StringData, text, sizeof(text)))
            return;
        break;
    default:
        *Status = NDIS_STATUS_NOT_SUPPORTED;
        return;
    }
    *Status = keyword_set(configuration->adapter, name, text, number) ? NDIS_STATUS_RESOURCES
                                                                      : NDIS_STATUS_SUCCESS;
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
    struct keyword *keyword;
    struct given *given;

    HOST_CALL(PASSIVE_LEVEL);
    *Status = NDIS_STATUS_FAILURE;
    *NetworkAddressLength = 0;
    keyword = configuration ? keyword_find(configuration->adapter, "NetworkAddress") : NULL;
    if (!keyword || keyword->number)
        return;
    given = give(configuration);
    if (!given)
        return;
    *NetworkAddressLength = to_address(keyword->value, given->address);
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
    rule_violation("NdisHandle", caller, "%s was given %p, which is no file", function, handle);
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
