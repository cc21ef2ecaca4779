/* SPDX-License-Identifier: MIT */
/* Task offloads that are turned on and off: OID_TCP_OFFLOAD_PARAMETERS, OID_OFFLOAD_ENCAPSULATION. */
#include "ndis/adapter/offload_settings.h"

#include <stdio.h>
#include <string.h>
#include "ndis/adapter/oid.h"
#include "ndis/api/offload.h"

/* A word before the `=`: the members that it sets. */
#define MEMBER(name) offsetof(NDIS_OFFLOAD_PARAMETERS, name)
static const struct member {
    const char *word, *group;
    size_t offset;
    bool large; /* of large sends, which are on or off */
} members[] = {
    {"ip4", "checksums", MEMBER(IPv4Checksum), false},
    {"tcp4", "checksums", MEMBER(TCPIPv4Checksum), false},
    {"udp4", "checksums", MEMBER(UDPIPv4Checksum), false},
    {"tcp6", "checksums", MEMBER(TCPIPv6Checksum), false},
    {"udp6", "checksums", MEMBER(UDPIPv6Checksum), false},
    {"lso1", "lso", MEMBER(LsoV1), true},
    {"lso2-4", "lso", MEMBER(LsoV2IPv4), true},
    {"lso2-6", "lso", MEMBER(LsoV2IPv6), true},
};

enum value { NONE, OFF, TX, RX, ON };

static enum value value_of(const char *text)
{
    static const char *const values[] = {[OFF] = "off", [TX] = "tx", [RX] = "rx", [ON] = "on"};

    for (unsigned i = OFF; i <= ON; i++)
        if (!strcmp(text, values[i]))
            return (enum value)i;
    return NONE;
}

static UCHAR parameter(const struct member *member, enum value value)
{
    if (member->large)
        return value == OFF || value == RX ? NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED
                                           : NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED;
    return value == OFF  ? NDIS_OFFLOAD_PARAMETERS_TX_RX_DISABLED
           : value == TX ? NDIS_OFFLOAD_PARAMETERS_TX_ENABLED_RX_DISABLED
           : value == RX ? NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED
                         : NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED;
}

/* false: no member has that word. */
static bool set_members(NDIS_OFFLOAD_PARAMETERS *parameters, const char *word, enum value value)
{
    bool found = false;

    for (size_t i = 0; i < ARRAYSIZE(members); i++) {
        if (strcmp(word, members[i].word) && strcmp(word, members[i].group))
            continue;
        ((UCHAR *)parameters)[members[i].offset] = parameter(&members[i], value);
        found = true;
    }
    return found;
}

static int32_t send(struct ndis_adapter *adapter, NDIS_OID oid, void *data, ULONG size)
{
    uint32_t done, needed;

    return adapter_oid(adapter, ADAPTER_OID_SET, oid, data, size, &done, &needed);
}

bool adapter_offload(struct ndis_adapter *adapter, char *words, int32_t *status, char *why,
                     size_t size)
{
    NDIS_OFFLOAD_ENCAPSULATION encapsulation;
    NDIS_OFFLOAD_PARAMETERS parameters;
    char *rest = NULL, *word;
    unsigned count = 0, encapsulate = NONE;

    memset(&parameters, 0, sizeof(parameters));
    parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    parameters.Header.Revision = NDIS_OFFLOAD_PARAMETERS_REVISION_2;
    parameters.Header.Size = NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_2;
    for (word = strtok_r(words, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        char *sign = strchr(word, '=');
        enum value value = sign ? value_of(sign + 1) : NONE;

        if (sign)
            *sign = 0;
        if (value && !strcmp(word, "encapsulation")) {
            encapsulate = value;
        } else if (value && set_members(&parameters, word, value)) {
            count++;
        } else {
            snprintf(why, size, "\"%.32s\" is not understood: " OFFLOAD_SETTINGS_HELP, word);
            return false;
        }
    }
    if (!count && !encapsulate) {
        snprintf(why, size, "nothing to set: " OFFLOAD_SETTINGS_HELP);
        return false;
    }
    *status = NDIS_STATUS_SUCCESS;
    if (count)
        *status = send(adapter, OID_TCP_OFFLOAD_PARAMETERS, &parameters,
                       NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_2);
    if (encapsulate && *status == NDIS_STATUS_SUCCESS) {
        offload_form_encapsulation(&encapsulation, encapsulate != OFF);
        *status = send(adapter, OID_OFFLOAD_ENCAPSULATION, &encapsulation, sizeof(encapsulation));
    }
    return true;
}
