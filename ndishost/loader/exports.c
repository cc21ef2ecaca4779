/* SPDX-License-Identifier: MIT */
/* The table that HOST_EXPORT lines make up; see exports.h. */
#include <string.h>
#include <strings.h>
#include "loader/exports.h"

/* The linker's names for the section's ends; weak, for a program that exports nothing. */
extern const struct host_export __start_host_exports[] __attribute__((weak));
extern const struct host_export __stop_host_exports[] __attribute__((weak));

const void *host_export_find(const char *dll, const char *name)
{
    const struct host_export *e = __start_host_exports;

    for (; e && e < __stop_host_exports; e++)
        if (!strcmp(e->name, name) && !strcasecmp(e->dll, dll))
            return e->address;
    return NULL;
}

size_t host_exports(const struct host_export **first)
{
    *first = __start_host_exports;
    return *first ? (size_t)(__stop_host_exports - __start_host_exports) : 0;
}
