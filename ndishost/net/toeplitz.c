/* SPDX-License-Identifier: MIT */
#include "net/toeplitz.h"

/* For each bit of the input that is 1, from the left: the 32 bits of the key that begin at the same place. */
uint32_t toeplitz(const uint8_t key[TOEPLITZ_KEY], const uint8_t *input, size_t length)
{
    uint32_t hash = 0;
    uint64_t window = 0;

    for (size_t i = 0; i < 8; i++)
        window = window << 8 | key[i];
    for (size_t i = 0; i < length; i++) {
        for (unsigned bit = 0; bit < 8; bit++)
            if (input[i] >> (7 - bit) & 1)
                hash ^= (uint32_t)(window >> (32 - bit));
        window = window << 8 | (i + 8 < TOEPLITZ_KEY ? key[i + 8] : 0);
    }
    return hash;
}
