/* SPDX-License-Identifier: MIT */
/*
 * registry.h: the registry that NDIS, the kernel's functions and an INF share: keys below
 * \Registry\Machine, each with subkeys and values.
 *   key = registry_key(NULL, "System\\CurrentControlSet\\Services\\nic", true);
 *   registry_set_string(key, "ImagePath", "...");  registry_get(key, "Start", &value)
 * Paths are UTF-8 with backslashes, from \Registry\Machine on or from the given key. Names are found
 * without regard to case. A key lives until the process ends: deletion only takes it out of the tree.
 * All functions may be called by any thread; a value that was got stays until registry_value_free.
 */
#ifndef NDISHOST_REGISTRY_H
#define NDISHOST_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <ntddk.h>

#define REGISTRY_MACHINE  "\\Registry\\Machine"
#define REGISTRY_CONTROL  "System\\CurrentControlSet\\Control"
#define REGISTRY_SERVICES "System\\CurrentControlSet\\Services"
#define REGISTRY_ENUM     "System\\CurrentControlSet\\Enum"
/* The class of network adapters: its GUID, and its key. */
#define REGISTRY_NET_GUID  "{4d36e972-e325-11ce-bfc1-08002be10318}"
#define REGISTRY_NET_CLASS REGISTRY_CONTROL "\\Class\\" REGISTRY_NET_GUID

struct registry_key;

struct registry_value {
    char *name;    /* UTF-8; empty: the key's default value */
    uint32_t type; /* REG_SZ, ... */
    uint8_t *data; /* UTF-16LE where it is text, with the terminator that was given */
    uint32_t bytes;
};

/* The key; NULL if there is none (registry_open), if it was deleted, or without memory.
 * `made`, if not NULL, says whether it is new. */
struct registry_key *registry_create(struct registry_key *from, const char *path, bool *made);
struct registry_key *registry_open(struct registry_key *from, const char *path);
/* Marks the key deleted and takes it out of the tree. false: it has subkeys, or is the root. */
bool registry_delete(struct registry_key *key);
bool registry_deleted(const struct registry_key *key);
/* The path from \Registry\Machine on; the caller frees it. NULL without memory. */
char *registry_path(const struct registry_key *key);
/* Returns a copy of the name of the subkey with that number, from 0; NULL after the last. The caller frees it. */
char *registry_subkey(struct registry_key *key, unsigned index);
void registry_count(struct registry_key *key, unsigned *subkeys, unsigned *values);

/* Sets a value, new or not. 0, or -1 without memory or when the key was deleted. */
int registry_set(struct registry_key *key, const char *name, uint32_t type, const void *data,
                 uint32_t bytes);
int registry_set_string(struct registry_key *key, const char *name, const char *text);
int registry_set_number(struct registry_key *key, const char *name, uint32_t number);
/* A copy; false if there is none. */
bool registry_get(struct registry_key *key, const char *name, struct registry_value *value);
/* The value with that number, 0 on. */
bool registry_get_index(struct registry_key *key, unsigned index, struct registry_value *value);
bool registry_remove(struct registry_key *key, const char *name);
void registry_value_free(struct registry_value *value);

/* Text of a REG_SZ, REG_EXPAND_SZ or REG_MULTI_SZ (its first string) as UTF-8. The caller frees it. */
char *registry_text(const struct registry_value *value);

/* All below a key: paths in brackets, values as `name = type:text`, in the order in which they were set. */
void registry_print(struct registry_key *key, FILE *out);

/* Between UTF-16 of `units` code units and UTF-8. The caller frees the result; NULL without memory. A
 * half of a surrogate pair that stands alone comes through both ways. */
char *registry_narrow(const WCHAR *text, size_t units);
WCHAR *registry_widen(const char *text, size_t *units);

#endif
