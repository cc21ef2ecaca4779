/* SPDX-License-Identifier: MIT */
#include "check/sha256.h"
#include <nettle/sha2.h>
#include <stdio.h>

int sha256_file(const char *path, char hex[SHA256_HEX])
{
    uint8_t buffer[65536], digest[SHA256_DIGEST_SIZE];
    FILE *file = fopen(path, "rb");
    struct sha256_ctx context;
    size_t n;
    int status;

    if (!file)
        return -1;
    sha256_init(&context);
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
        sha256_update(&context, n, buffer);
    status = ferror(file) ? -1 : 0;
    fclose(file);
    sha256_digest(&context, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        sprintf(hex + 2 * i, "%02x", digest[i]);
    return status;
}
