/* SPDX-License-Identifier: MIT */
/* Addresses that fault; see stub.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include "loader/stub.h"

#define STUBS_MAX 4096
#define STUB_SIZE 256 /* a variable's members lie behind its address */

static struct stub stub_table[STUBS_MAX];
static atomic_size_t stub_count;
static uint8_t *_Atomic stub_memory;
static pthread_mutex_t stub_lock = PTHREAD_MUTEX_INITIALIZER;

static const void *add(const char *dll, const char *name)
{
    size_t count = atomic_load(&stub_count), i;
    uint8_t *memory = atomic_load(&stub_memory);
    struct stub *stub = &stub_table[count];

    for (i = 0; i < count; i++)
        if (!strcmp(stub_table[i].name, name) && !strcasecmp(stub_table[i].dll, dll))
            return memory + i * STUB_SIZE;
    if (count == STUBS_MAX)
        return NULL;
    if (!memory) {
        memory = mmap(NULL, (size_t)STUBS_MAX * STUB_SIZE, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            return NULL;
        atomic_store(&stub_memory, memory);
    }
    stub->dll = strdup(dll);
    stub->name = strdup(name);
    if (!stub->dll || !stub->name)
        return NULL;
    atomic_store(&stub_count, count + 1);
    return memory + count * STUB_SIZE;
}

const void *stub_add(const char *dll, const char *name)
{
    const void *address;

    pthread_mutex_lock(&stub_lock);
    address = add(dll, name);
    pthread_mutex_unlock(&stub_lock);
    return address;
}

bool stub_at(const void *address, struct stub *stub)
{
    uintptr_t memory = (uintptr_t)atomic_load(&stub_memory);
    size_t index = ((uintptr_t)address - memory) / STUB_SIZE;

    if (!memory || (uintptr_t)address < memory || index >= atomic_load(&stub_count))
        return false;
    *stub = stub_table[index];
    return true;
}

size_t stubs(const struct stub **first)
{
    *first = stub_table;
    return atomic_load(&stub_count);
}
