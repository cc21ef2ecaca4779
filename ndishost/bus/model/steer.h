/* SPDX-License-Identifier: MIT */
/*
 * steer.h: automatic receive steering (virtio 1.2, 5.1.6.5.6): frames of a flow go to the pair of queues that the driver
 * sent the flow's last frame on. The device's thread alone uses it.
 *   steer_sent(&steer, frame, length, pair);  ...  pair = steer_choose(&steer, frame, length, pairs);
 */
#ifndef NDISHOST_MODEL_STEER_H
#define NDISHOST_MODEL_STEER_H

#include <stddef.h>
#include <stdint.h>

#define STEER_SLOTS 1024u

struct steer {
    struct {
        uint32_t hash;
        uint32_t pair; /* and 1; 0: the slot is empty */
    } slot[STEER_SLOTS];
};

void steer_reset(struct steer *steer);
void steer_sent(struct steer *steer, const uint8_t *frame, size_t length, unsigned pair);

/* The pair, below `pairs`. Frames of a flow that was not sent on any of them are spread by the flow's hash. */
unsigned steer_choose(const struct steer *steer, const uint8_t *frame, size_t length,
                      unsigned pairs);

#endif
