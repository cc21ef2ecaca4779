/* SPDX-License-Identifier: MIT */
/*
 * toeplitz.h: the hash of receive-side scaling (network/rss-hashing-functions).
 *   hash = toeplitz(key, input, length);
 */
#ifndef NDISHOST_NET_TOEPLITZ_H
#define NDISHOST_NET_TOEPLITZ_H

#include <stddef.h>
#include <stdint.h>

#define TOEPLITZ_KEY   40 /* bytes */
#define TOEPLITZ_INPUT 36 /* the most: two addresses of IPv6, and two ports */

uint32_t toeplitz(const uint8_t key[TOEPLITZ_KEY], const uint8_t *input, size_t length);

#endif
