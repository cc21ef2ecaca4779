/* SPDX-License-Identifier: MIT */
/* The control queue's commands (virtio 1.2, 5.1.6.5). One that breaks a rule is answered with VIRTIO_NET_ERR and
 * changes nothing. */
#include <inttypes.h>
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/model.h"

/* A command as the driver gave it. */
struct given {
    struct ring *ring;
    const struct chain *chain;
    const struct command *command;
    uint64_t length; /* of its data */
};

struct command {
    uint8_t class, command;
    const char *name;
    uint64_t features; /* that it needs, all of them */
    uint32_t length;   /* of its data; 0: it varies */
    /* false: it breaks a rule, which is reported. Lock held. */
    bool (*carry_out)(struct model *model, const struct given *given);
};

#define command_violation(model, given, rule, format, ...)                             \
    ring_violation(model, (given)->ring, rule, "queue %u, chain %u: %s: " format,      \
                   (given)->ring->index, (given)->chain->head, (given)->command->name, \
                   __VA_ARGS__)

/* What the command's data has at `offset`. */
static void read_data(const struct given *given, uint64_t offset, void *to, size_t length)
{
    memset(to, 0, length);
    chain_gather(given->chain, NET_CTRL_HEADER + (size_t)offset, to, length);
}

/* ---- Filters ---- */

static bool set_mode(struct model *model, const struct given *given)
{
    uint8_t on;

    read_data(given, 0, &on, 1);
    if (on > 1) {
        command_violation(model, given, RULE_CTRL_VALUE, "the value is %u; 0 and 1 are allowed",
                          on);
        return false;
    }
    model->filter.mode[given->command->command] = on;
    return true;
}

static bool set_vlan(struct model *model, const struct given *given)
{
    uint16_t vlan;

    read_data(given, 0, &vlan, sizeof vlan);
    if (vlan >= NET_VLANS) {
        command_violation(model, given, RULE_CTRL_VALUE, "the VLAN is %u; 4095 is the largest",
                          vlan);
        return false;
    }
    rx_filter_vlan(&model->filter, vlan, given->command->command == NET_CTRL_VLAN_ADD);
    return true;
}

static bool set_address(struct model *model, const struct given *given)
{
    static const uint8_t zero[6];
    uint8_t mac[6];

    read_data(given, 0, mac, sizeof mac);
    if (mac[0] & 1 || memcmp(mac, zero, 6) == 0) {
        command_violation(model, given, RULE_CTRL_VALUE,
                          "%02x:%02x:%02x:%02x:%02x:%02x is not the address of one station", mac[0],
                          mac[1], mac[2], mac[3], mac[4], mac[5]);
        return false;
    }
    memcpy(model->filter.mac, mac, 6);
    if (model->negotiated & FEATURE_MAC) {
        memcpy(model->mac, mac, 6);
        device_cfg_changed(model);
    }
    return true;
}

/* One table from *offset on, which ends after it. `group`: 1 in multicast addresses. */
static bool read_table(struct model *model, const struct given *given, uint64_t *offset,
                       unsigned group, struct rx_filter_table *table)
{
    uint32_t entries = 0;

    if (given->length >= *offset + 4)
        read_data(given, *offset, &entries, 4);
    if (given->length < *offset + 4 + (uint64_t)6 * entries) {
        command_violation(model, given, RULE_CTRL_LENGTH,
                          "the %s table has %u entries, and the command %" PRIu64 " bytes of data",
                          group ? "multicast" : "unicast", entries, given->length);
        return false;
    }
    *offset += 4;
    for (uint32_t i = 0; i < entries; i++, *offset += 6) {
        uint8_t mac[6];

        read_data(given, *offset, mac, 6);
        if ((mac[0] & 1) != group) {
            command_violation(model, given, RULE_CTRL_VALUE, "entry %u of the %s table is not one",
                              i, group ? "multicast" : "unicast");
            return false;
        }
        if (i < FILTER_MACS)
            memcpy(table->mac[i], mac, 6);
    }
    table->count = entries <= FILTER_MACS ? entries : FILTER_MACS + 1;
    return true;
}

static bool set_table(struct model *model, const struct given *given)
{
    struct rx_filter_table unicast, multicast;
    uint64_t offset = 0;

    if (!read_table(model, given, &offset, 0, &unicast) ||
        !read_table(model, given, &offset, 1, &multicast))
        return false;
    if (offset != given->length) {
        command_violation(model, given, RULE_CTRL_LENGTH,
                          "%" PRIu64 " bytes of data, and the tables have %" PRIu64, given->length,
                          offset);
        return false;
    }
    model->filter.unicast = unicast;
    model->filter.multicast = multicast;
    return true;
}

/* ---- Queue pairs ---- */

static bool set_pairs(struct model *model, const struct given *given)
{
    uint16_t pairs;

    read_data(given, 0, &pairs, sizeof pairs);
    if (pairs == 0 || pairs > model->options.pairs) {
        command_violation(model, given, RULE_MQ_PAIRS, "%u pairs; 1 to %u are allowed", pairs,
                          model->options.pairs);
        return false;
    }
    for (unsigned i = 0; i < 2u * pairs; i++)
        if (!model->ring[i].live) {
            command_violation(model, given, RULE_MQ_PAIRS,
                              "%u pairs, but queue %u was not enabled before DRIVER_OK", pairs, i);
            return false;
        }
    /* What waits in the others was sent before, and is still sent. */
    for (unsigned pair = pairs; pair < model->pairs_used; pair++) {
        struct ring *ring = &model->ring[2 * pair + QUEUE_TX];

        ring_fetch(model, ring);
        ring->allowed = ring->queue_count;
    }
    model->pairs_used = pairs;
    return true;
}

/* ---- One command ---- */

static const struct command commands[] = {
    {NET_CTRL_RX, NET_CTRL_RX_PROMISC, "RX_PROMISC", FEATURE_CTRL_RX, 1, set_mode},
    {NET_CTRL_RX, NET_CTRL_RX_ALLMULTI, "RX_ALLMULTI", FEATURE_CTRL_RX, 1, set_mode},
    {NET_CTRL_RX, NET_CTRL_RX_ALLUNI, "RX_ALLUNI", FEATURE_CTRL_RX_EXTRA, 1, set_mode},
    {NET_CTRL_RX, NET_CTRL_RX_NOMULTI, "RX_NOMULTI", FEATURE_CTRL_RX_EXTRA, 1, set_mode},
    {NET_CTRL_RX, NET_CTRL_RX_NOUNI, "RX_NOUNI", FEATURE_CTRL_RX_EXTRA, 1, set_mode},
    {NET_CTRL_RX, NET_CTRL_RX_NOBCAST, "RX_NOBCAST", FEATURE_CTRL_RX_EXTRA, 1, set_mode},
    {NET_CTRL_MAC, NET_CTRL_MAC_TABLE_SET, "MAC_TABLE_SET", FEATURE_CTRL_RX, 0, set_table},
    /* 5.1.6.5.2.2: no command of this class without CTRL_RX. */
    {NET_CTRL_MAC, NET_CTRL_MAC_ADDR_SET, "MAC_ADDR_SET", FEATURE_CTRL_RX | FEATURE_CTRL_MAC_ADDR,
     6, set_address},
    {NET_CTRL_VLAN, NET_CTRL_VLAN_ADD, "VLAN_ADD", FEATURE_CTRL_VLAN, 2, set_vlan},
    {NET_CTRL_VLAN, NET_CTRL_VLAN_DEL, "VLAN_DEL", FEATURE_CTRL_VLAN, 2, set_vlan},
    {NET_CTRL_MQ, NET_CTRL_MQ_PAIRS_SET, "MQ_VQ_PAIRS_SET", FEATURE_MQ, 2, set_pairs},
};

static const struct command *find_command(struct model *model, const struct given *given)
{
    uint8_t head[NET_CTRL_HEADER] = {0};
    unsigned index = given->ring->index, chain = given->chain->head;

    if (chain_gather(given->chain, 0, head, sizeof head) < sizeof head) {
        ring_violation(model, given->ring, RULE_CTRL_LENGTH,
                       "queue %u, chain %u: a command of %" PRIu64 " bytes, without its head of 2",
                       index, chain, given->chain->readable);
        return NULL;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].class == head[0] && commands[i].command == head[1])
            return &commands[i];
    ring_violation(model, given->ring, RULE_CTRL_COMMAND,
                   "queue %u, chain %u: the device knows no command %u of class %u", index, chain,
                   head[1], head[0]);
    return NULL;
}

static bool carry_out(struct model *model, struct given *given)
{
    uint64_t lacking;
    char names[64];

    given->command = find_command(model, given);
    if (!given->command)
        return false;
    lacking = given->command->features & ~model->negotiated;
    if (lacking) {
        command_violation(model, given, RULE_CTRL_FEATURE, "%s is not negotiated",
                          features_text(lacking, names, sizeof names));
        return false;
    }
    given->length = given->chain->readable - NET_CTRL_HEADER;
    if (given->command->length && given->length != given->command->length) {
        command_violation(model, given, RULE_CTRL_LENGTH, "%" PRIu64 " bytes of data; it has %u",
                          given->length, given->command->length);
        return false;
    }
    return given->command->carry_out(model, given);
}

/* Returns how many bytes the device has written. Lock held. */
static uint32_t obey(struct model *model, struct ring *ring, const struct chain *chain)
{
    struct given given = {.ring = ring, .chain = chain};
    uint8_t ack = NET_ERR;

    count(model, COUNT_CTRL, 1);
    if (chain->writable != 1)
        ring_violation(model, ring, RULE_CTRL_ACK,
                       "queue %u, chain %u: %" PRIu64
                       " device-writable bytes; a command has one, for ack",
                       ring->index, chain->head, chain->writable);
    else if (carry_out(model, &given))
        ack = NET_OK;
    if (ack != NET_OK)
        count(model, COUNT_CTRL_ERR, 1);
    return (uint32_t)chain_scatter(chain, 0, &ack, 1);
}

bool control_batch(struct model *model)
{
    unsigned index = atomic_load(&model->control);
    struct ring *ring = &model->ring[index];
    bool interrupt = false, more = false;

    if (index == 0 || model->look[index] == LOOK_NOT)
        return false;
    pthread_mutex_lock(&model->lock);
    if (!thread_stale(model) && transmit_look(model, ring) && !atomic_load(&model->dead)) {
        struct chain *chain = ring_take(ring, 0);

        if (chain && chain_mapped(model, ring, chain)) {
            struct used_buffer used = {chain, obey(model, ring, chain)};

            ring_publish(model, ring, &used, 1);
            interrupt = ring_wants_interrupt(model, ring);
            more = true;
        }
    }
    pthread_mutex_unlock(&model->lock);
    if (interrupt && !fault_hit(&model->faults, FAULT_LOST))
        interrupt_queue(model, index);
    return more;
}
