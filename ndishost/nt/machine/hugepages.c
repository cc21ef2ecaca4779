/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "nt/machine/hugepages.h"

#define HUGE_PAGE 0x200000u
#define DIRECTORY "/sys/kernel/mm/hugepages/hugepages-2048kB/"

static long added; /* pages that are there because of us */

/* A number of pages; -1: there is no such file. */
static long get(const char *name)
{
    char path[128];
    FILE *file;
    long value = -1;

    snprintf(path, sizeof path, DIRECTORY "%s", name);
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
    char text[32];
    int fd = open(DIRECTORY "nr_hugepages", O_WRONLY | O_CLOEXEC), failed = 0;
    int length = snprintf(text, sizeof text, "%ld", pages);

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
    long needed = (long)((bytes + HUGE_PAGE - 1) / HUGE_PAGE);
    long total = get("nr_hugepages"), there = free_pages(), missing = needed - there;
    int failed;

    if (total < 0) {
        snprintf(error, error_size, "this kernel has no huge pages of 2 MiB (" DIRECTORY ")");
        return -1;
    }
    if (missing <= 0)
        return 0;
    failed = set_total(total + missing);
    if (failed) {
        snprintf(error, error_size,
                 "%ld huge pages (2 MiB) are needed, %ld are free, and no more can be reserved: %s "
                 "(as root: echo %ld > /proc/sys/vm/nr_hugepages)",
                 needed, there, strerror(failed), total + missing);
        return -1;
    }
    added += get("nr_hugepages") - total;
    there = free_pages();
    if (there >= needed)
        return 0;
    hugepages_give_back();
    snprintf(
        error, error_size,
        "%ld huge pages (2 MiB) are needed, the kernel found room for %ld: free memory, or boot "
        "with hugepages=%ld",
        needed, there, needed);
    return -1;
}

void hugepages_give_back(void)
{
    long total = get("nr_hugepages");

    if (added > 0 && total >= 0)
        set_total(total > added ? total - added : 0);
    added = 0;
}
