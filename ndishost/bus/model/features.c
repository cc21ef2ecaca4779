/* SPDX-License-Identifier: MIT */
/* Feature bits by name; see features.h. */
#include <stdio.h>
#include <string.h>
#include "bus/model/features.h"

#define GUEST_TSO FEATURE(7) | FEATURE(8)
#define HOST_TSO  FEATURE(11) | FEATURE(12)
#define CTRL_VQ   FEATURE_CTRL_VQ

static const struct {
    const char *name;
    unsigned bit;
    uint64_t needs_one_of; /* 5.1.3.1, 5.1.4.2; 0: nothing. Two rows: it needs one of each */
} features[] = {
    {"csum", 0, 0},
    {"guest_csum", 1, 0},
    {"ctrl_guest_offloads", 2, CTRL_VQ},
    {"mtu", 3, 0},
    {"mac", 5, 0},
    {"gso", 6, 0},
    {"guest_tso4", 7, FEATURE_GUEST_CSUM},
    {"guest_tso6", 8, FEATURE_GUEST_CSUM},
    {"guest_ecn", 9, GUEST_TSO},
    {"guest_ufo", 10, FEATURE_GUEST_CSUM},
    {"host_tso4", 11, FEATURE_CSUM},
    {"host_tso6", 12, FEATURE_CSUM},
    {"host_ecn", 13, HOST_TSO},
    {"host_ufo", 14, FEATURE_CSUM},
    {"mrg_rxbuf", 15, 0},
    {"status", 16, 0},
    {"ctrl_vq", 17, 0},
    {"ctrl_rx", 18, CTRL_VQ},
    {"ctrl_vlan", 19, CTRL_VQ},
    {"ctrl_rx_extra", 20, CTRL_VQ},
    {"guest_announce", 21, CTRL_VQ},
    {"mq", 22, CTRL_VQ},
    {"ctrl_mac_addr", 23, CTRL_VQ},
    {"notify_on_empty", 24, 0},
    {"any_layout", 27, 0},
    {"indirect_desc", 28, 0},
    {"indirect", 28, 0},
    {"event_idx", 29, 0},
    {"version_1", 32, 0},
    {"access_platform", 33, 0},
    {"ring_packed", 34, 0},
    {"packed", 34, 0},
    {"in_order", 35, 0},
    {"order_platform", 36, 0},
    {"sr_iov", 37, 0},
    {"notification_data", 38, 0},
    {"notif_config_data", 39, 0},
    {"ring_reset", 40, 0},
    {"admin_vq", 41, 0},
    {"suspend", 43, 0},
    {"device_stats", 50, 0},
    {"hash_tunnel", 51, CTRL_VQ},
    {"hash_tunnel", 51, FEATURE_RSS | FEATURE_HASH_REPORT},
    {"vq_notf_coal", 52, CTRL_VQ},
    {"notf_coal", 53, CTRL_VQ},
    {"guest_uso4", 54, FEATURE_GUEST_CSUM},
    {"guest_uso6", 55, FEATURE_GUEST_CSUM},
    {"host_uso", 56, FEATURE_CSUM},
    {"hash_report", 57, CTRL_VQ},
    {"guest_hdrlen", 59, 0},
    {"rss", 60, CTRL_VQ},
    {"rsc_ext", 61, HOST_TSO},
    {"standby", 62, 0},
    {"speed_duplex", 63, 0},
};
#define FEATURES (sizeof features / sizeof features[0])

/* By its name or number; -1: there is none. */
static int feature_find(const char *name, size_t length)
{
    if (length == 1 && name[0] >= '0' && name[0] <= '9')
        return name[0] - '0';
    if (length == 2 && name[0] >= '1' && name[0] <= '6' && name[1] >= '0' && name[1] <= '9')
        return 10 * (name[0] - '0') + name[1] - '0' < 64 ? 10 * (name[0] - '0') + name[1] - '0'
                                                         : -1;
    for (size_t i = 0; i < FEATURES; i++)
        if (strlen(features[i].name) == length && strncmp(features[i].name, name, length) == 0)
            return (int)features[i].bit;
    return -1;
}

const char *features_parse(const char *text, size_t length, uint64_t *set)
{
    const char *end = text + length;

    if (length >= 4 && strncmp(text, "none", 4) == 0) {
        *set = 0;
        text += 4;
    }
    while (text < end) {
        const char *name = text + 1, *stop = name;
        int bit;

        while (stop < end && *stop != '+' && *stop != '-')
            stop++;
        bit = feature_find(name, (size_t)(stop - name));
        if ((*text != '+' && *text != '-') || bit < 0)
            return text;
        if (*text == '+')
            *set |= FEATURE(bit);
        else
            *set &= ~FEATURE(bit);
        text = stop;
    }
    return NULL;
}

const char *feature_name(unsigned bit, char *buf, size_t size)
{
    for (size_t i = 0; i < FEATURES; i++)
        if (features[i].bit == bit)
            return features[i].name;
    snprintf(buf, size, "bit %u", bit);
    return buf;
}

int features_lack(uint64_t set)
{
    for (size_t i = 0; i < FEATURES; i++)
        if ((set & FEATURE(features[i].bit)) && features[i].needs_one_of &&
            !(set & features[i].needs_one_of))
            return (int)features[i].bit;
    return -1;
}

char *features_text(uint64_t set, char *buf, size_t size)
{
    size_t used = 0;

    buf[0] = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        char name[16];
        int n;

        if (!(set & FEATURE(bit)))
            continue;
        n = snprintf(buf + used, size - used, "%s%s", used ? "," : "",
                     feature_name(bit, name, sizeof name));
        if (n < 0 || (size_t)n >= size - used)
            break;
        used += (size_t)n;
    }
    return buf;
}
