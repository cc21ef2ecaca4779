/* SPDX-License-Identifier: MIT */
/*
 * exports.h: how a function of the host becomes one that a driver can import.
 * Behind the function's definition stands one line:  HOST_EXPORT("NDIS.SYS", NdisMSleep);
 * The loader binds imports from the table that these lines make up; there is no other list.
 */
#ifndef NDISHOST_EXPORTS_H
#define NDISHOST_EXPORTS_H

#include <stddef.h>

struct host_export {
    const char *dll;  /* as Windows 7 has it: "NDIS.SYS", "ntoskrnl.exe", "HAL.dll" */
    const char *name; /* undecorated, as exported */
    const void *address;
};

/* A function under its own name, and a function or datum under the name that Windows gives it. */
#define HOST_EXPORT(dll, function) HOST_EXPORT_AS(dll, #function, function, function)
#define HOST_EXPORT_AS(dll, exported, tag, object)                                  \
    static const struct host_export host_export_##tag                               \
        __attribute__((used, aligned(sizeof(void *)), section("host_exports"))) = { \
            dll, exported, (const void *)&(object)}

/* The exported address, or NULL. The DLL's name is compared without regard to case. */
const void *host_export_find(const char *dll, const char *name);
/* All of them, in no order; returns how many. */
size_t host_exports(const struct host_export **first);

#endif
