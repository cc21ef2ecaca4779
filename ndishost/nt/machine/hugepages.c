/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "nt/machine/hugepages.h"

#define DIRECTORY "/sys/kernel/mm/hugepages/hugepages-%zukB/%s"

static long added; /* pages that are there because of us */

static void path_of(char path[128], size_t size, const char *name)
{
    snprintf(path, 128, DIRECTORY, size >> 10, name);
}

size_t hugepages_size(void)
{
    static const size_t sizes[] = {2u << 20, 4u << 20};
    char path[128];

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        path_of(path, sizes[i], "nr_hugepages");
        if (access(path, F_OK) == 0)
            return sizes[i];
    }
    return 0;
}

/* A number of pages; -1: there is no such file. */
static long get(const char *name)
{
    char path[128];
    FILE *file;
    long value = -1;

    path_of(path, hugepages_size(), name);
    file = fopen(path, "r");
    if (!file)
        return -1;
    if (fscanf(file, "%ld", &value) != 1)
        value = -1;
    fclose(file);
    return value;
}

/* 0, or the error number. The kernel may come to fewer than it was asked for, and calls that
 * success. */
static int set_total(long pages)
{
    char text[32], path[128];
    int length = snprintf(text, sizeof text, "%ld", pages), fd, failed = 0;

    path_of(path, hugepages_size(), "nr_hugepages");
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (write(fd, text, (size_t)length) != length)
        failed = errno;
    close(fd);
    return failed;
}

static long free_pages(void)
{
    return get("free_hugepages") - get("resv_hugepages");
}

int hugepages_reserve(uint64_t bytes, char *error, size_t error_size)
{
    size_t size = hugepages_size();
    long needed, total, there, missing;
    int failed;

    if (!size) {
        snprintf(error, error_size,
                 "this Linux kernel has no huge pages of 2 or 4 MiB (/sys/kernel/mm/hugepages)");
        return -1;
    }
    needed = (long)((bytes + size - 1) / size);
    total = get("nr_hugepages");
    there = free_pages();
    missing = needed - there;
    if (missing <= 0)
        return 0;
    failed = set_total(total + missing);
    if (failed) {
        snprintf(
            error, error_size,
            "%ld huge pages (%zu MiB) are needed, %ld are free, and no more can be reserved: %s "
            "(as root: echo %ld > /proc/sys/vm/nr_hugepages)",
            needed, size >> 20, there, strerror(failed), total + missing);
        return -1;
    }
    added += get("nr_hugepages") - total;
    there = free_pages();
    if (there >= needed)
        return 0;
    hugepages_give_back();
    snprintf(error, error_size,
             "ndishost needs %ld huge pages (%zu MiB), but Linux has room for %ld: free memory, or "
             "boot with hugepages=%ld",
             needed, size >> 20, there, needed);
    return -1;
}

void hugepages_give_back(void)
{
    long total = get("nr_hugepages");

    if (added > 0 && total >= 0)
        set_total(total > added ? total - added : 0);
    added = 0;
}
