/* SPDX-License-Identifier: MIT */
/*
 * Trapped addresses; see mmio.h.
 *
 * All of them lie in one arena of address space that is never accessible. A page's number in the
 * arena leads to its mapping by one array, so that a lookup is two loads and takes no lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include "nt/machine/mmio.h"
#include "nt/machine/emulate.h"

#define PAGE_SIZE 4096u
#if UINTPTR_MAX > UINT32_MAX
#define ARENA_PAGES 262144u /* 1 GiB */
#else
#define ARENA_PAGES 16384u /* 64 MiB */
#endif
#define MAPPINGS_MAX 256u

/* Written before the arena's pages name it, and not again until they do no longer. */
struct mapping {
    const struct trapped_device *answers; /* NULL: free */
    void *device;
    uint64_t offset; /* in the BAR, of va */
    uintptr_t va;
    size_t length;
    unsigned bar;
    uint32_t first_page, pages;
};

static struct {
    pthread_mutex_t lock; /* mmio_map and mmio_unmap */
    uint32_t cursor;      /* next fit, so that an address is not soon used again */
    struct mapping mapping[MAPPINGS_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic uintptr_t arena;
static _Atomic uint16_t page_mapping[ARENA_PAGES]; /* 0: none, else index into mapping + 1 */

static bool in_arena(uintptr_t address, uint32_t *page)
{
    uintptr_t start = atomic_load_explicit(&arena, memory_order_acquire);

    *page = (uint32_t)((address - start) / PAGE_SIZE);
    return start != 0 && (address - start) / PAGE_SIZE < ARENA_PAGES;
}

static const struct mapping *lookup(uintptr_t address)
{
    uint32_t page;
    uint16_t index;

    if (!in_arena(address, &page))
        return NULL;
    index = atomic_load_explicit(&page_mapping[page], memory_order_acquire);
    return index ? &table.mapping[index - 1] : NULL;
}

/* Does all of [address, address + size) lie in the mapping? */
static bool covers(const struct mapping *m, uintptr_t address, unsigned size)
{
    return address >= m->va && address - m->va < m->length && size <= m->length - (address - m->va);
}

/* ---- Mapping and unmapping ---- */

static bool arena_reserve(void)
{
    void *p;

    if (atomic_load(&arena))
        return true;
    p = mmap(NULL, (size_t)ARENA_PAGES * PAGE_SIZE, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return false;
    atomic_store(&arena, (uintptr_t)p);
    return true;
}

/* `pages` free pages in a row, with a free one at either side: an access that runs over the end hits
 * no other device. Returns false if no such pages are free. */
static bool find_pages(uint32_t pages, uint32_t *first)
{
    uint32_t run = 0, page = table.cursor;

    for (uint32_t looked = 0; looked < 2 * ARENA_PAGES; looked++) {
        if (page == ARENA_PAGES) {
            page = 0;
            run = 0;
        }
        run = atomic_load(&page_mapping[page]) ? 0 : run + 1;
        page++;
        if (run == pages + 2) {
            *first = page - 1 - pages;
            table.cursor = page - 1;
            return true;
        }
    }
    return false;
}

static struct mapping *free_mapping(void)
{
    for (unsigned i = 0; i < MAPPINGS_MAX; i++)
        if (!table.mapping[i].answers)
            return &table.mapping[i];
    return NULL;
}

/* table.lock held. */
static void *map_trapped(const struct trapped_device *answers, void *device, unsigned bar,
                         uint64_t pa, uint64_t offset, size_t length)
{
    uintptr_t in_page = (uintptr_t)(pa % PAGE_SIZE);
    size_t pages = (in_page + length + PAGE_SIZE - 1) / PAGE_SIZE;
    struct mapping *m;
    uint32_t first;

    if (pages > ARENA_PAGES - 2 || !arena_reserve() || !(m = free_mapping()) ||
        !find_pages((uint32_t)pages, &first))
        return NULL;
    m->answers = answers;
    m->device = device;
    m->bar = bar;
    m->offset = offset;
    m->va = atomic_load(&arena) + (uintptr_t)first * PAGE_SIZE + in_page;
    m->length = length;
    m->first_page = first;
    m->pages = (uint32_t)pages;
    for (uint32_t i = 0; i < m->pages; i++)
        atomic_store_explicit(&page_mapping[first + i], (uint16_t)(m - table.mapping + 1),
                              memory_order_release);
    return (void *)m->va;
}

void *mmio_map(const struct trapped_device *answers, void *device, unsigned bar, uint64_t pa,
               uint64_t offset, size_t length)
{
    void *va;

    pthread_mutex_lock(&table.lock);
    va = map_trapped(answers, device, bar, pa, offset, length);
    pthread_mutex_unlock(&table.lock);
    return va;
}

void mmio_unmap(void *va)
{
    struct mapping *m;

    pthread_mutex_lock(&table.lock);
    m = (struct mapping *)lookup((uintptr_t)va);
    if (m) {
        for (uint32_t i = 0; i < m->pages; i++)
            atomic_store_explicit(&page_mapping[m->first_page + i], 0, memory_order_release);
        m->answers = NULL;
    }
    pthread_mutex_unlock(&table.lock);
}

/* ---- Access ---- */

#if UINTPTR_MAX > UINT32_MAX
#define INSTRUCTION REG_RIP
#else
#define INSTRUCTION REG_EIP
#endif

/* The instruction that is being stepped over; NULL: a call of READ_REGISTER_XXX and the like. */
static __thread const void *accessor;

static enum emulate_result trapped_read(void *context, uintptr_t address, unsigned size,
                                        uint64_t *value)
{
    const struct mapping *m = lookup(address);
    uint32_t page;

    (void)context;
    if (!m)
        return in_arena(address, &page) ? EMULATE_REFUSED : EMULATE_ORDINARY;
    if (!covers(m, address, size))
        return EMULATE_REFUSED;
    *value = m->answers->read(m->device, m->bar, m->offset + (address - m->va), size, accessor);
    return EMULATE_DONE;
}

static enum emulate_result trapped_write(void *context, uintptr_t address, unsigned size,
                                         uint64_t value)
{
    const struct mapping *m = lookup(address);
    uint32_t page;

    (void)context;
    if (!m)
        return in_arena(address, &page) ? EMULATE_REFUSED : EMULATE_ORDINARY;
    if (!covers(m, address, size))
        return EMULATE_REFUSED;
    m->answers->write(m->device, m->bar, m->offset + (address - m->va), size, value, accessor);
    return EMULATE_DONE;
}

bool mmio_fault(void *address, ucontext_t *context, const char **why)
{
    static const struct emulate_memory memory = {trapped_read, trapped_write};
    int saved_errno = errno;
    const char *reason;
    uint32_t page;

    if (why)
        *why = NULL;
    if (!in_arena((uintptr_t)address, &page))
        return false;
    accessor = (const void *)context->uc_mcontext.gregs[INSTRUCTION];
    if (lookup((uintptr_t)address))
        reason = emulate_access(context, &memory, NULL);
    else
        reason = "device memory that is not mapped, or no longer";
    accessor = NULL;
    errno = saved_errno;
    if (why)
        *why = reason;
    return !reason;
}

bool mmio_read(const volatile void *va, unsigned size, uint64_t *value)
{
    return trapped_read(NULL, (uintptr_t)va, size, value) == EMULATE_DONE;
}

bool mmio_write(volatile void *va, unsigned size, uint64_t value)
{
    return trapped_write(NULL, (uintptr_t)va, size, value) == EMULATE_DONE;
}
