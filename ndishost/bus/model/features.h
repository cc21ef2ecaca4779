/* SPDX-License-Identifier: MIT */
/*
 * features.h: feature bits by name (virtio 1.2, 5.1.3, 6), which of them the model can carry out, and
 * which need which.
 */
#ifndef NDISHOST_MODEL_FEATURES_H
#define NDISHOST_MODEL_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#define FEATURE(bit)              ((uint64_t)1 << (bit))
#define FEATURE_CSUM              FEATURE(0)
#define FEATURE_GUEST_CSUM        FEATURE(1)
#define FEATURE_MTU               FEATURE(3)
#define FEATURE_MAC               FEATURE(5)
#define FEATURE_HOST_TSO4         FEATURE(11)
#define FEATURE_HOST_TSO6         FEATURE(12)
#define FEATURE_HOST_ECN          FEATURE(13)
#define FEATURE_MRG_RXBUF         FEATURE(15)
#define FEATURE_STATUS            FEATURE(16)
#define FEATURE_CTRL_VQ           FEATURE(17)
#define FEATURE_CTRL_RX           FEATURE(18)
#define FEATURE_CTRL_VLAN         FEATURE(19)
#define FEATURE_CTRL_RX_EXTRA     FEATURE(20)
#define FEATURE_MQ                FEATURE(22)
#define FEATURE_CTRL_MAC_ADDR     FEATURE(23)
#define FEATURE_INDIRECT_DESC     FEATURE(28)
#define FEATURE_EVENT_IDX         FEATURE(29)
#define FEATURE_VERSION_1         FEATURE(32)
#define FEATURE_ACCESS_PLATFORM   FEATURE(33)
#define FEATURE_NOTIFICATION_DATA FEATURE(38)
#define FEATURE_HASH_REPORT       FEATURE(57)
#define FEATURE_RSS               FEATURE(60)
#define FEATURE_SPEED_DUPLEX      FEATURE(63)

/* What the model can carry out if a driver accepts it. */
#define FEATURES_CAN                                                                     \
    (FEATURE_CSUM | FEATURE_GUEST_CSUM | FEATURE_MTU | FEATURE_MAC | FEATURE_MRG_RXBUF | \
     FEATURE_STATUS | FEATURE_INDIRECT_DESC | FEATURE_EVENT_IDX | FEATURE_VERSION_1 |    \
     FEATURE_ACCESS_PLATFORM | FEATURE_NOTIFICATION_DATA | FEATURE_SPEED_DUPLEX |        \
     FEATURE_HOST_TSO4 | FEATURE_HOST_TSO6 | FEATURE_HOST_ECN | FEATURE_CTRL_VQ |        \
     FEATURE_CTRL_RX | FEATURE_CTRL_RX_EXTRA | FEATURE_CTRL_VLAN | FEATURE_MQ |          \
     FEATURE_CTRL_MAC_ADDR)

/* What it offers unless told otherwise: as a common device does, more than a modest driver wants. */
#define FEATURES_DEFAULT                                                                    \
    (FEATURE_CSUM | FEATURE_GUEST_CSUM | FEATURE_MAC | FEATURE_MRG_RXBUF | FEATURE_STATUS | \
     FEATURE_INDIRECT_DESC | FEATURE_EVENT_IDX | FEATURE_VERSION_1)

/* "-mac+mtu", "none+version_1+5": each name or number removes or adds a bit of *set. Returns NULL, or the
 * place in `text` that is not understood. */
const char *features_parse(const char *text, size_t length, uint64_t *set);

/* The lower-case name of a bit, "bit N" if it has none. Returns buf or a constant. */
const char *feature_name(unsigned bit, char *buf, size_t size);

/* A bit of `set` that needs others which `set` lacks (5.1.3.1); -1 if there is none. */
int features_lack(uint64_t set);

/* The names in `set`, joined by commas, cut to `size`. Returns buf. */
char *features_text(uint64_t set, char *buf, size_t size);

#endif
