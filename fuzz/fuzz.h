/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h: what the fuzz targets share: reading decisions off the input, and invariants that end the
 * run when they do not hold.
 *
 * A target is one file fuzz/fuzz_NAME.c with LLVMFuzzerTestOneInput; fuzz/run finds it by its name.
 * A comment line in it, "fuzz-sources: A B", names what is compiled with it, "fuzz-flags: ..."
 * further compiler flags, "fuzz-runs: N" how many inputs the test tries. Seeds, if it has any, lie in fuzz/corpus/NAME.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ASSERT(condition)                                                             \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

struct fuzz_input {
    const uint8_t *data;
    size_t size;
};

/* The next `bytes` bytes (1 to 8) as a little-endian number; what is missing at the end reads
 * `rest`. */
static inline uint64_t fuzz_take(struct fuzz_input *input, unsigned bytes, uint8_t rest)
{
    uint64_t value = 0;
    unsigned i;

    for (i = 0; i < bytes; i++) {
        uint64_t byte = rest;

        if (input->size != 0) {
            byte = *input->data++;
            input->size--;
        }
        value |= byte << 8 * i;
    }
    return value;
}

#endif
