/* SPDX-License-Identifier: MIT */
/* struct virtio_net_config, as the driver reads it (virtio 1.2, 5.1.4). */
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/model.h"

static const struct {
    const char *name;
    uint32_t offset;
    unsigned width, count; /* bytes of one, how many */
    uint64_t exists_with;  /* one of these features; 0: always */
} fields[] = {
    {"mac", NET_CONFIG_MAC, 1, 6, 0},
    {"status", NET_CONFIG_STATUS, 2, 1, FEATURE_STATUS},
    {"max_virtqueue_pairs", NET_CONFIG_MAX_PAIRS, 2, 1, FEATURE_MQ | FEATURE_RSS},
    {"mtu", NET_CONFIG_MTU, 2, 1, FEATURE_MTU},
    {"speed", NET_CONFIG_SPEED, 4, 1, FEATURE_SPEED_DUPLEX},
    {"duplex", NET_CONFIG_DUPLEX, 1, 1, FEATURE_SPEED_DUPLEX},
    {"rss_max_key_size", NET_CONFIG_RSS_KEY, 1, 1, FEATURE_RSS | FEATURE_HASH_REPORT},
    {"rss_max_indirection_table_length", NET_CONFIG_RSS_LEN, 2, 1, FEATURE_RSS},
    {"supported_hash_types", NET_CONFIG_HASHES, 4, 1, FEATURE_RSS | FEATURE_HASH_REPORT},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static const uint8_t no_mac[6] = {0x52, 0x54, 0x00, 0xBA, 0xDA, 0xDD};

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void fill(struct model *model, uint8_t config[NET_CONFIG_SIZE])
{
    uint64_t offered = model->offered;

    memset(config, 0, NET_CONFIG_SIZE);
    /* Without MAC the bytes are there and mean nothing; who takes them for an address is seen. */
    memcpy(config + NET_CONFIG_MAC, offered & FEATURE_MAC ? model->mac : no_mac, 6);
    if (fault_hit(&model->faults, FAULT_MAC_GROUP))
        config[NET_CONFIG_MAC] |= 1;
    if (fault_hit(&model->faults, FAULT_MAC_ZERO))
        memset(config + NET_CONFIG_MAC, 0, 6);
    if (offered & FEATURE_STATUS)
        put16(config + NET_CONFIG_STATUS, model->link_up ? NET_S_LINK_UP : 0);
    if (fault_hit(&model->faults, FAULT_STATUS_GARBAGE))
        put16(config + NET_CONFIG_STATUS, 0xFFFE | (model->link_up ? NET_S_LINK_UP : 0));
    if (offered & (FEATURE_MQ | FEATURE_RSS))
        put16(config + NET_CONFIG_MAX_PAIRS, model->options.pairs);
    if (offered & FEATURE_MTU)
        put16(config + NET_CONFIG_MTU, model->mtu);
    if (offered & FEATURE_SPEED_DUPLEX) {
        put16(config + NET_CONFIG_SPEED, model->options.speed & 0xFFFF);
        put16(config + NET_CONFIG_SPEED + 2, model->options.speed >> 16);
        config[NET_CONFIG_DUPLEX] = 1; /* full */
    }
}

static void check_read(struct model *model, uint32_t offset, unsigned size)
{
    for (size_t i = 0; i < FIELDS; i++) {
        uint32_t end = fields[i].offset + fields[i].width * fields[i].count;

        if (offset < fields[i].offset || offset >= end)
            continue;
        if (size != fields[i].width || (offset - fields[i].offset) % fields[i].width)
            model_violation(model, RULE_WIDTH, "%s is read with %u bytes at offset %u",
                            fields[i].name, size, offset);
        if (fields[i].exists_with && !(model->offered & fields[i].exists_with))
            model_violation(model, RULE_CONFIG_FEATURE,
                            "%s is read, but the feature that it comes with is not offered",
                            fields[i].name);
        return;
    }
    model_violation(model, RULE_NO_REGISTER,
                    "offset %u of the device configuration is read; it is %u bytes long", offset,
                    NET_CONFIG_SIZE);
}

uint32_t device_cfg_read(struct model *model, uint32_t offset, unsigned size)
{
    uint8_t config[NET_CONFIG_SIZE];
    bool torn = fault_armed(&model->faults, FAULT_CONFIG_TORN);
    uint32_t value = 0;

    check_read(model, offset, size);
    /* The generation changes when the change is seen, so that it cannot wrap unseen: 4.1.4.3.1. */
    if (model->common.config_dirty || torn)
        model->common.generation++;
    model->common.config_dirty = false;
    if (offset < NET_CONFIG_MAC + 6)
        model->common.mac_read_unproven = true;
    fill(model, config);
    for (unsigned i = 0; i < size && offset + i < NET_CONFIG_SIZE; i++)
        value |= (uint32_t)(uint8_t)(config[offset + i] ^ (torn ? 0xFF : 0)) << 8 * i;
    return value;
}

void device_cfg_changed(struct model *model)
{
    model->common.config_dirty = true;
    count(model, COUNT_CONFIG_CHANGES, 1);
}
