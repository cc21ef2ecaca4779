/* SPDX-License-Identifier: MIT */
/*
 * fuzz_inf.c: the host's INF reader on any file. It refuses the file with a line that names it, or gives
 * sections whose every field is a string.
 *
 * fuzz-sources: ndishost/inf/inf.c ndishost/nt/api/registry.c
 * fuzz-runs: 2000
 * fuzz-flags: -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Indishost -Indishost/nt/include -Iinclude/ndis-mingw
 */
#include "fuzz.h"
#include "inf/inf.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    char path[64], error[512] = "";
    struct inf *inf;

    if (file < 0)
        file = memfd_create("inf", 0);
    FUZZ_ASSERT(file >= 0 && ftruncate(file, 0) == 0);
    FUZZ_ASSERT(pwrite(file, data, size, 0) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    inf = inf_read(path, error, sizeof(error));
    FUZZ_ASSERT(inf != NULL || error[0] != 0);
    if (inf != NULL) {
        inf_has(inf, "Version");
        inf_free(inf);
    }
    return 0;
}
