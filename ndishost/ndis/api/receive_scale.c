/* SPDX-License-Identifier: MIT */
#include "ndis/api/receive_scale.h"

#include <string.h>
#include "ndis/api/net_buffer_data.h"
#include "net/checksum.h"
#include "net/toeplitz.h"
#include "nt/machine/irql.h"
#include "nt/machine/random.h"

#define HASH_TOEPLITZ 1u /* NdisHashFunctionToeplitz */
#define TABLE_ENTRIES 128u
#define UNDER_WAY     2048u /* frames that may be hashed as was set before */

#define TYPES_V4      (NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4)
#define TYPES_V6      (NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6)
#define TYPES_TCP     (NDIS_HASH_TCP_IPV4 | NDIS_HASH_TCP_IPV6 | NDIS_HASH_TCP_IPV6_EX)
#define TYPES_EX      (NDIS_HASH_IPV6_EX | NDIS_HASH_TCP_IPV6_EX)

void receive_scale_set(struct ndis_adapter *adapter,
                       const NDIS_RECEIVE_SCALE_CAPABILITIES *capabilities, const void *caller)
{
    struct receive_scale *scale = &adapter->scale;

    memset(scale, 0, sizeof(*scale));
    if (!capabilities)
        return;
    if (!header_check(&capabilities->Header, NDIS_OBJECT_TYPE_RSS_CAPABILITIES,
                      NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_1,
                      NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1,
                      "NdisMSetMiniportAttributes", caller))
        return;
    if (!(capabilities->CapabilitiesFlags & HASH_TOEPLITZ))
        rule_violation("NdisMSetMiniportAttributes", caller,
                       "RecvScaleCapabilities lacks NdisHashFunctionToeplitz, which RSS demands");
    memcpy(&scale->capabilities, capabilities, sizeof(scale->capabilities));
    random_seed(&scale->random, adapter->seed ^ 0x525353); /* "RSS" */
}

/* ---- What the protocol sets ---- */

static ULONG types_of(const struct receive_scale *scale)
{
    ULONG flags = scale->capabilities.CapabilitiesFlags, types = 0;

    if (flags & NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4)
        types |= TYPES_V4;
    if (flags & NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6)
        types |= TYPES_V6;
    if (flags & NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6_EX)
        types |= TYPES_EX;
    return types;
}

/* Which processor has which part of the hashes: one after another, from another one on each time. */
static void form_table(struct receive_scale *scale, bool ndis620, uint8_t *table)
{
    unsigned count = nt_processors(), first = (unsigned)random_below(&scale->random, count);

    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        PROCESSOR_NUMBER number = {.Group = 0, .Number = (UCHAR)((first + i) % count)};

        if (ndis620)
            memcpy(table + i * sizeof(number), &number, sizeof(number));
        else
            table[i] = number.Number;
    }
}

ULONG receive_scale_form(struct ndis_adapter *adapter, enum receive_scale_change change,
                         uint8_t room[RECEIVE_SCALE_ROOM])
{
    bool ndis620 = adapter->driver->characteristics.MinorNdisVersion >= 20;
    ULONG size = ndis620 ? NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2
                         : NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1;
    struct receive_scale *scale = &adapter->scale;
    NDIS_RECEIVE_SCALE_PARAMETERS p;
    GROUP_AFFINITY mask;

    if (!scale->capabilities.Header.Size)
        return 0;
    memset(room, 0, RECEIVE_SCALE_ROOM);
    memset(&p, 0, sizeof(p));
    p.Header.Type = NDIS_OBJECT_TYPE_RSS_PARAMETERS;
    p.Header.Revision = ndis620 ? NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_2
                                : NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_1;
    p.Header.Size = (USHORT)size;
    p.HashInformation = types_of(scale) | HASH_TOEPLITZ;
    p.IndirectionTableSize =
        (USHORT)(TABLE_ENTRIES * (ndis620 ? sizeof(PROCESSOR_NUMBER) : sizeof(CCHAR)));
    p.IndirectionTableOffset = (sizeof(p) + 7) & ~7u;
    p.HashSecretKeySize = TOEPLITZ_KEY;
    p.HashSecretKeyOffset = p.IndirectionTableOffset + p.IndirectionTableSize;
    if (ndis620) {
        memset(&mask, 0, sizeof(mask));
        mask.Mask = ((KAFFINITY)1 << (nt_processors() - 1) << 1) - 1;
        p.ProcessorMasksOffset = (p.HashSecretKeyOffset + p.HashSecretKeySize + 7) & ~7u;
        p.NumberOfProcessorMasks = 1;
        p.ProcessorMasksEntrySize = sizeof(mask);
        memcpy(room + p.ProcessorMasksOffset, &mask, sizeof(mask));
    }
    switch (change) {
    case RECEIVE_SCALE_OFF:
        p.Flags = NDIS_RSS_PARAM_FLAG_DISABLE_RSS;
        break;
    case RECEIVE_SCALE_TABLE:
        p.Flags = NDIS_RSS_PARAM_FLAG_BASE_CPU_UNCHANGED | NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED |
                  NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED;
        break;
    case RECEIVE_SCALE_KEY:
        p.Flags = NDIS_RSS_PARAM_FLAG_BASE_CPU_UNCHANGED | NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED |
                  NDIS_RSS_PARAM_FLAG_ITABLE_UNCHANGED;
        break;
    case RECEIVE_SCALE_ON:
        break;
    }
    form_table(scale, ndis620, room + p.IndirectionTableOffset);
    if (change == RECEIVE_SCALE_TABLE)
        memcpy(room + p.HashSecretKeyOffset, scale->now.key, TOEPLITZ_KEY);
    else
        for (unsigned i = 0; i < TOEPLITZ_KEY; i++)
            room[p.HashSecretKeyOffset + i] = (uint8_t)random_next(&scale->random);
    memcpy(room, &p, size);
    return ndis620 ? p.ProcessorMasksOffset + (ULONG)sizeof(mask)
                   : p.HashSecretKeyOffset + TOEPLITZ_KEY;
}

/* What a request that was accepted has set. */
static struct receive_hash read_parameters(const struct receive_hash *was, const void *buffer,
                                           ULONG length)
{
    NDIS_RECEIVE_SCALE_PARAMETERS p;
    struct receive_hash hash = *was;

    memset(&p, 0, sizeof(p));
    memcpy(&p, buffer, length < sizeof(p) ? length : sizeof(p));
    if (p.Flags & NDIS_RSS_PARAM_FLAG_DISABLE_RSS ||
        !(p.HashInformation & NDIS_HASH_FUNCTION_MASK)) {
        hash.types = 0;
        return hash;
    }
    if (!(p.Flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED))
        hash.types = p.HashInformation & NDIS_HASH_TYPE_MASK;
    if (!(p.Flags & NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED) &&
        p.HashSecretKeySize == TOEPLITZ_KEY && p.HashSecretKeyOffset <= length - TOEPLITZ_KEY)
        memcpy(hash.key, (const uint8_t *)buffer + p.HashSecretKeyOffset, TOEPLITZ_KEY);
    return hash;
}

static bool is_request(const struct receive_scale *scale, ULONG length)
{
    return scale->capabilities.Header.Size &&
           length >= NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_1 + TOEPLITZ_KEY;
}

/* The miniport may hash by the new parameters before it completes the request. */
void receive_scale_oid_begin(struct ndis_adapter *adapter, const void *buffer, ULONG length)
{
    struct receive_scale *scale = &adapter->scale;

    if (!is_request(scale, length))
        return;
    pthread_mutex_lock(&adapter->lock);
    scale->before = scale->now;
    scale->now = read_parameters(&scale->now, buffer, length);
    scale->under_way = UNDER_WAY;
    pthread_mutex_unlock(&adapter->lock);
}

void receive_scale_oid_end(struct ndis_adapter *adapter, NDIS_STATUS status, const void *buffer,
                           ULONG length, const void *handler)
{
    struct receive_scale *scale = &adapter->scale;

    if (!is_request(scale, length))
        return;
    if (status == NDIS_STATUS_NOT_SUPPORTED || status == NDIS_STATUS_INVALID_OID)
        rule_violation("ReceiveScale", handler,
                       "OID_GEN_RECEIVE_SCALE_PARAMETERS failed with 0x%08X, although "
                       "RecvScaleCapabilities says that the driver has RSS",
                       (unsigned)status);
    pthread_mutex_lock(&adapter->lock);
    scale->under_way = UNDER_WAY;
    if (status != NDIS_STATUS_SUCCESS) {
        struct receive_hash refused = scale->now;

        scale->now = scale->before;
        scale->before = refused;
    } else if (length <= sizeof(scale->set)) {
        memcpy(scale->set, buffer, length);
        scale->set_length = length;
    }
    pthread_mutex_unlock(&adapter->lock);
}

ULONG receive_scale_parameters(struct ndis_adapter *adapter, uint8_t room[RECEIVE_SCALE_ROOM])
{
    ULONG length;

    pthread_mutex_lock(&adapter->lock);
    length = adapter->scale.set_length;
    memcpy(room, adapter->scale.set, length);
    pthread_mutex_unlock(&adapter->lock);
    return length;
}

/* ---- What the miniport says of frames ---- */

/* Fills in what is hashed by that type; returns its length, 0: the frame has no such fields. */
static size_t input_of(const uint8_t *frame, size_t length, ULONG type, uint8_t *input)
{
    bool v6 = type & (TYPES_V6 | TYPES_EX);
    size_t addresses = v6 ? 32 : 8, at = CHECKSUM_IP + (v6 ? 8 : 12);
    unsigned ether = length >= CHECKSUM_IP + 20 ? (unsigned)frame[12] << 8 | frame[13] : 0;
    struct checksum_at where;

    if (ether != (v6 ? 0x86DDu : 0x0800u) || length < at + addresses)
        return 0;
    memcpy(input, frame + at, addresses);
    if (!(type & TYPES_TCP))
        return addresses;
    if (!checksum_find(frame, length, &where) || where.protocol != CHECKSUM_TCP)
        return 0;
    memcpy(input + addresses, frame + where.transport, 4);
    return addresses + 4;
}

static bool is_tcp(const uint8_t *frame, size_t length)
{
    struct checksum_at at;

    return checksum_find(frame, length, &at) && at.protocol == CHECKSUM_TCP;
}

/* IPv6 with extension headers has other addresses and ports than are looked for here. */
static bool has_extensions(const uint8_t *frame, size_t length)
{
    struct checksum_at at;

    return length >= CHECKSUM_IP + 40 && frame[12] == 0x86 && frame[13] == 0xDD &&
           !checksum_find(frame, length, &at);
}

/* What is wrong with it by these settings; NULL: nothing. */
static const char *wrong(const struct receive_hash *set, ULONG info, ULONG value,
                         const uint8_t *frame, size_t length)
{
    ULONG type = info & NDIS_HASH_TYPE_MASK;
    uint8_t input[TOEPLITZ_INPUT];
    size_t n;

    if (!set->types)
        return "although the protocol asked for no hash";
    if ((info & NDIS_HASH_FUNCTION_MASK) != HASH_TOEPLITZ)
        return "and its function is not NdisHashFunctionToeplitz";
    if (!type || type & (type - 1))
        return "which is not one type of hash";
    /* "The NIC can store either the extension hash type or the regular hash type" */
    if (!(type & set->types) && !(type & TYPES_V6 && set->types & TYPES_EX))
        return "a type that the protocol did not ask for";
    if (has_extensions(frame, length))
        return NULL;
    n = input_of(frame, length, type, input);
    if (!n)
        return "but the frame has no such header";
    if (!(type & TYPES_TCP) && is_tcp(frame, length) &&
        set->types & (type == NDIS_HASH_IPV4 ? NDIS_HASH_TCP_IPV4
                                             : NDIS_HASH_TCP_IPV6 | NDIS_HASH_TCP_IPV6_EX))
        return "but the frame is of TCP, whose ports the hash has to include";
    if (toeplitz(set->key, input, n) != value)
        return "and the value is wrong";
    return NULL;
}

void receive_scale_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller)
{
    ULONG info = NET_BUFFER_LIST_GET_HASH_INFO__(nbl), value = NET_BUFFER_LIST_GET_HASH_VALUE(nbl);
    struct receive_hash now, before;
    bool under_way;

    pthread_mutex_lock(&adapter->lock);
    now = adapter->scale.now;
    before = adapter->scale.before;
    under_way = adapter->scale.under_way && adapter->scale.under_way--;
    pthread_mutex_unlock(&adapter->lock);
    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
        uint8_t whole[NET_JUMBO_MAX];
        size_t length = nb_copy_out(nb, whole, sizeof(whole));
        const char *what = wrong(&now, info, value, whole, length);

        if (what && !(under_way && !wrong(&before, info, value, whole, length)))
            rule_violation_object("ReceiveHash", nbl, caller,
                                  "NET_BUFFER_LIST %p indicated with hash information 0x%lX and "
                                  "value 0x%08lX, %s",
                                  (void *)nbl, (unsigned long)info, (unsigned long)value, what);
    }
}
