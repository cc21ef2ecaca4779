/* SPDX-License-Identifier: MIT */
/* The machine's physical memory; see phys.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/memfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "nt/machine/hugepages.h"
#include "nt/machine/phys.h"
#include "nt/machine/random.h"

#define HUGE_SMALL      4 /* pages */
#define FIRST_USABLE    (1ull << 20)
#define NO_PAGE         UINT32_MAX
#define QUARANTINE_SIZE 1024 /* pages: how long freed memory still shows FREED_BYTE to a device */
#define FREED_BYTE      0xDD

/* Address space that drivers see (window) and that devices see (flat). A 32-bit process cannot map
 * all of the file, so there RAM is handed out only from the first FLAT_PART of each part. */
#if UINTPTR_MAX > UINT32_MAX
#define WINDOW_SIZE (16ull << 30)
#define FLAT_PART   UINT64_MAX
#else
#define WINDOW_SIZE (1ull << 30)
#define FLAT_PART   (384ull << 20)
#endif

/* RAM below the hole and above it; what devices see of each is one mapping. */
struct part {
    uint64_t offset; /* in the file */
    uint64_t pa;
    uint64_t length; /* of what is mapped and handed out */
    uint8_t *flat;
    uint64_t *used; /* one bit a page */
};

/* A huge page, PHYS_HUGE only; sorted by physical address, mapped in that order. */
struct huge {
    uint64_t pa;
    uint64_t offset;
};

/* What stands on the first page of an allocation. */
struct block {
    uint32_t pages;
    uint16_t skip; /* bytes before what phys_alloc returned */
    bool one_map;
};

static struct {
    pthread_mutex_t lock; /* all but frame, window, window_pages */
    bool open;
    enum phys_kind kind;
    int fd;
    uint64_t bytes;
    struct random random;
    struct part part[2];
    uint8_t *window;
    size_t window_pages;
    _Atomic uint32_t *frame; /* a page of the window -> page frame number, 0: none */
    struct block *block;
    uint64_t
        *window_used; /* one bit per page; a block's bits include the guard page after the block */
    size_t cursor;    /* next fit: a freed address stays unmapped as long as possible */
    size_t maps,
        maps_max; /* the kernel's mappings that blocks may need at most; its bound on them */
    uint32_t quarantine[QUARANTINE_SIZE]; /* page frame numbers, freed and not yet punched out */
    size_t quarantine_head, quarantine_count;
    struct huge *huge;
    size_t huge_count, huge_size;
} phys = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static bool bit_get(const uint64_t *bits, size_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static void bit_put(uint64_t *bits, size_t i, bool value)
{
    if (value)
        bits[i / 64] |= 1ull << (i % 64);
    else
        bits[i / 64] &= ~(1ull << (i % 64));
}

static uint64_t *bits_new(size_t count)
{
    return calloc(count / 64 + 1, sizeof(uint64_t));
}

/* The first of `count` clear bits in a row at or after `from` and before `end`; `end` if none. */
static size_t bits_find(const uint64_t *bits, size_t from, size_t end, size_t count)
{
    size_t i = from, run = 0;

    while (i < end) {
        if (run == 0 && i % 64 == 0 && bits[i / 64] == UINT64_MAX) {
            i += 64;
            continue;
        }
        run = bit_get(bits, i) ? 0 : run + 1;
        i++;
        if (run == count)
            return i - count;
    }
    return end;
}

/* ---- Opening ---- */

static void *reserve(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static bool part_open(struct part *part, uint64_t offset, uint64_t pa, uint64_t length)
{
    part->offset = offset;
    part->pa = pa;
    part->length = length < FLAT_PART ? length : FLAT_PART;
    if (part->length == 0)
        return true;
    part->used = bits_new(part->length / PHYS_PAGE);
    part->flat = mmap(NULL, part->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                      phys.fd, (off_t)offset);
    if (part->flat == MAP_FAILED)
        part->flat = NULL;
    return part->used && part->flat;
}

static const char *open_pages(void)
{
    uint64_t low = phys.bytes < PHYS_HOLE_START ? phys.bytes : PHYS_HOLE_START;

    phys.fd = memfd_create("ndishost-ram", MFD_CLOEXEC);
    if (phys.fd < 0)
        return "memfd_create";
    if (ftruncate(phys.fd, (off_t)phys.bytes) != 0)
        return "ftruncate";
    if (!part_open(&phys.part[0], 0, 0, low) ||
        !part_open(&phys.part[1], low, PHYS_HOLE_END, phys.bytes - low))
        return "mapping the memory file";
    for (size_t i = 0; i < FIRST_USABLE / PHYS_PAGE; i++)
        bit_put(phys.part[0].used, i, true);
    phys.window_pages = WINDOW_SIZE / PHYS_PAGE;
    phys.window = reserve(WINDOW_SIZE);
    return phys.window ? NULL : "reserving address space";
}

static int huge_compare(const void *a, const void *b)
{
    const struct huge *x = a, *y = b;

    return x->pa < y->pa ? -1 : x->pa > y->pa;
}

/* The physical address of a page that is present, 0 if the kernel does not tell. */
static uint64_t pagemap_read(int fd, const void *va)
{
    uint64_t entry = 0;
    off_t at = (off_t)((uintptr_t)va / PHYS_PAGE * sizeof entry);

    if (pread(fd, &entry, sizeof entry, at) != sizeof entry || !(entry >> 63))
        return 0;
    return (entry & ((1ull << 55) - 1)) * PHYS_PAGE;
}

static const char *huge_locate(uint8_t *base)
{
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    const char *failed = NULL;

    if (fd < 0)
        return "opening /proc/self/pagemap";
    for (size_t i = 0; i < phys.huge_count && !failed; i++) {
        uint8_t *page = base + i * phys.huge_size;

        *(volatile uint8_t *)page = 0;
        phys.huge[i].offset = i * phys.huge_size;
        phys.huge[i].pa = pagemap_read(fd, page);
        errno = EPERM;
        if (phys.huge[i].pa == 0 || phys.huge[i].pa / PHYS_PAGE >= NO_PAGE)
            failed = "reading physical addresses from /proc/self/pagemap (needs root)";
    }
    close(fd);
    return failed;
}

/* Huge pages cannot be mapped a small page at a time, so drivers and devices share one mapping, in
 * the order of physical addresses: then what can be contiguous is. */
static const char *open_huge(void)
{
    const char *failed;

    phys.huge_size = hugepages_size();
    phys.bytes = (phys.bytes + phys.huge_size - 1) / phys.huge_size * phys.huge_size;
    phys.huge_count = (size_t)(phys.bytes / phys.huge_size);
    phys.huge = calloc(phys.huge_count, sizeof *phys.huge);
    phys.fd = memfd_create("ndishost-dma", MFD_CLOEXEC | MFD_HUGETLB |
                                               (unsigned)__builtin_ctzll(phys.huge_size)
                                                   << MFD_HUGE_SHIFT);
    if (phys.fd < 0 || !phys.huge)
        return "memfd_create with huge pages";
    if (ftruncate(phys.fd, (off_t)phys.bytes) != 0)
        return "ftruncate";
    phys.window_pages = (size_t)(phys.bytes / PHYS_PAGE);
    phys.window = mmap(NULL, phys.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, phys.fd, 0);
    if (phys.window == MAP_FAILED) {
        phys.window = NULL;
        return "mapping huge pages (are there enough? see /proc/sys/vm/nr_hugepages)";
    }
    failed = huge_locate(phys.window);
    if (failed)
        return failed;
    qsort(phys.huge, phys.huge_count, sizeof *phys.huge, huge_compare);
    for (size_t i = 0; i < phys.huge_count; i++)
        if (mmap(phys.window + i * phys.huge_size, phys.huge_size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED | MAP_POPULATE, phys.fd,
                 (off_t)phys.huge[i].offset) == MAP_FAILED)
            return "mapping a huge page";
    return NULL;
}

/* What the kernel allows a process, less what everything else in it may want. */
static size_t read_maps_max(void)
{
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    unsigned long max = 65530;

    if (file) {
        if (fscanf(file, "%lu", &max) != 1)
            max = 65530;
        fclose(file);
    }
    return max > 8192 ? max - 4096 : max / 2;
}

static const char *open_tables(void)
{
    phys.maps = 0;
    phys.maps_max = read_maps_max();
    /* calloc of this size is mmap: only what is used becomes memory. */
    phys.frame = calloc(phys.window_pages, sizeof *phys.frame);
    phys.block = calloc(phys.window_pages, sizeof *phys.block);
    phys.window_used = bits_new(phys.window_pages);
    if (!phys.frame || !phys.block || !phys.window_used)
        return "allocating page tables";
    bit_put(phys.window_used, 0, true); /* the guard before the first block */
    phys.cursor = 1;
    return NULL;
}

int phys_open(enum phys_kind kind, uint64_t bytes, uint64_t seed, char *error, size_t error_size)
{
    const char *failed;

    if (phys.open || bytes < 2 * FIRST_USABLE || bytes % PHYS_PAGE != 0) {
        snprintf(error, error_size, "physical memory: %s",
                 phys.open ? "already open"
                           : "the size must be a multiple of the page size, and at least 2 MiB");
        return -1;
    }
    if (kind == PHYS_HUGE && hugepages_reserve(bytes, error, error_size) < 0)
        return -1;
    phys.kind = kind;
    phys.bytes = bytes;
    random_seed(&phys.random, seed);
    errno = 0;
    failed = kind == PHYS_HUGE ? open_huge() : open_pages();
    if (!failed)
        failed = open_tables();
    phys.open = true;
    if (failed) {
        snprintf(error, error_size, "physical memory of %" PRIu64 " MiB: %s: %s", bytes >> 20,
                 failed, errno ? strerror(errno) : "out of memory");
        phys_close();
        return -1;
    }
    return 0;
}

void phys_close(void)
{
    pthread_mutex_lock(&phys.lock);
    if (phys.window)
        munmap(phys.window, phys.window_pages * PHYS_PAGE);
    for (int i = 0; i < 2; i++) {
        if (phys.part[i].flat)
            munmap(phys.part[i].flat, phys.part[i].length);
        free(phys.part[i].used);
        memset(&phys.part[i], 0, sizeof phys.part[i]);
    }
    free((void *)phys.frame);
    free(phys.block);
    free(phys.window_used);
    free(phys.huge);
    if (phys.fd >= 0)
        close(phys.fd);
    phys.window = NULL;
    phys.window_pages = 0;
    phys.frame = NULL;
    phys.block = NULL;
    phys.window_used = NULL;
    phys.huge = NULL;
    phys.huge_count = phys.quarantine_head = phys.quarantine_count = 0;
    phys.fd = -1;
    phys.bytes = 0;
    phys.open = false;
    if (phys.kind == PHYS_HUGE)
        hugepages_give_back();
    pthread_mutex_unlock(&phys.lock);
}

int phys_fd(void)
{
    return phys.fd;
}

uint64_t phys_bytes(void)
{
    return phys.bytes;
}

/* ---- Frames of physical memory (PHYS_PAGES) ---- */

static struct part *part_of_frame(uint32_t frame)
{
    uint64_t pa = (uint64_t)frame * PHYS_PAGE;

    for (int i = 0; i < 2; i++)
        if (pa >= phys.part[i].pa && pa - phys.part[i].pa < phys.part[i].length)
            return &phys.part[i];
    return NULL;
}

static void frame_free(uint32_t frame)
{
    struct part *part = part_of_frame(frame);
    uint64_t at = (uint64_t)frame * PHYS_PAGE - part->pa;

    /* Without the hole the file would grow to all pages that were ever handed out. */
    if (fallocate(phys.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(part->offset + at),
                  PHYS_PAGE) != 0)
        memset(part->flat + at, 0, PHYS_PAGE);
    bit_put(part->used, at / PHYS_PAGE, false);
}

static void quarantine_pop(void)
{
    uint32_t frame = phys.quarantine[phys.quarantine_head];

    phys.quarantine_head = (phys.quarantine_head + 1) % QUARANTINE_SIZE;
    phys.quarantine_count--;
    frame_free(frame);
}

static void quarantine_push(uint32_t frame)
{
    struct part *part = part_of_frame(frame);

    memset(part->flat + ((uint64_t)frame * PHYS_PAGE - part->pa), FREED_BYTE, PHYS_PAGE);
    if (phys.quarantine_count == QUARANTINE_SIZE)
        quarantine_pop();
    phys.quarantine[(phys.quarantine_head + phys.quarantine_count) % QUARANTINE_SIZE] = frame;
    phys.quarantine_count++;
}

/* `count` frames in a row inside one part, from a place drawn by chance; NO_PAGE if there is no such part. */
static uint32_t part_take(struct part *part, size_t count)
{
    size_t pages = part->length / PHYS_PAGE, at, start;

    if (count > pages)
        return NO_PAGE;
    start = random_below(&phys.random, pages - count + 1);
    at = bits_find(part->used, start, pages, count);
    if (at == pages) {
        size_t end = start + count - 1 < pages ? start + count - 1 : pages;

        at = bits_find(part->used, 0, end, count);
        if (at == end)
            return NO_PAGE;
    }
    for (size_t i = 0; i < count; i++)
        bit_put(part->used, at + i, true);
    return (uint32_t)(part->pa / PHYS_PAGE + at);
}

static uint32_t frames_take_now(size_t count, unsigned flags)
{
    unsigned first = 0;
    uint32_t frame;

    if (!(flags & PHYS_BELOW_4G) && phys.part[1].length)
        first = random_chance(&phys.random, 1, 2);
    frame = part_take(&phys.part[first], count);
    if (frame == NO_PAGE && !(flags & PHYS_BELOW_4G))
        frame = part_take(&phys.part[!first], count);
    return frame;
}

static void quarantine_drain(void)
{
    while (phys.quarantine_count)
        quarantine_pop();
}

/* What lies in quarantine is memory too, when there is no other. */
static uint32_t frames_take(size_t count, unsigned flags)
{
    uint32_t frame = frames_take_now(count, flags);

    if (frame == NO_PAGE && phys.quarantine_count) {
        quarantine_drain();
        frame = frames_take_now(count, flags);
    }
    return frame;
}

static bool adjoin(uint32_t frame, uint32_t other)
{
    return frame == other + 1 || frame + 1 == other;
}

/* One frame that neither of its neighbours in virtual memory adjoins, if there is one to be had. When
 * the last free ones lie side by side, those in quarantine have to help. */
static uint32_t frame_take_apart(uint32_t previous, unsigned flags)
{
    uint32_t frame = frames_take(1, flags);

    for (int tries = 0; tries < 32 && frame != NO_PAGE && adjoin(frame, previous); tries++) {
        uint32_t other;

        if (tries == 16)
            quarantine_drain();
        other = frames_take(1, flags);
        frame_free(frame);
        frame = other;
    }
    return frame;
}

/* ---- Blocks ---- */

/* Each page that is physically apart is a mapping of its own, and so is a guard page. */
static size_t maps_needed(size_t pages, bool one_map)
{
    return 1 + (one_map ? 1 : pages);
}

static size_t window_take(size_t pages)
{
    size_t need = pages + 1, end = phys.window_pages;
    size_t at = bits_find(phys.window_used, phys.cursor, end, need);

    if (at == end) {
        at = bits_find(phys.window_used, 1, end, need);
        if (at == end)
            return 0;
    }
    for (size_t i = 0; i < need; i++)
        bit_put(phys.window_used, at + i, true);
    phys.cursor = at + need < end ? at + need : 1;
    return at;
}

static void window_give(size_t at, size_t pages)
{
    for (size_t i = 0; i < pages + 1; i++)
        bit_put(phys.window_used, at + i, false);
}

static bool map_frames(size_t at, uint32_t frame, size_t count)
{
    struct part *part = part_of_frame(frame);
    off_t offset = (off_t)(part->offset + ((uint64_t)frame * PHYS_PAGE - part->pa));

    if (mmap(phys.window + at * PHYS_PAGE, count * PHYS_PAGE, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_FIXED, phys.fd, offset) == MAP_FAILED)
        return false;
    for (size_t i = 0; i < count; i++)
        atomic_store_explicit(&phys.frame[at + i], frame + (uint32_t)i, memory_order_release);
    return true;
}

static void unmap_frames(size_t at, size_t count)
{
    if (count == 0)
        return;
    /* Were the range not taken out of use, somebody could still write to a page that now belongs to
     * another: nothing sensible can follow. */
    if (mmap(phys.window + at * PHYS_PAGE, count * PHYS_PAGE, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
        perror("ndishost: phys_free: cannot unmap");
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t frame = atomic_exchange_explicit(&phys.frame[at + i], 0, memory_order_acq_rel);

        quarantine_push(frame);
    }
}

static bool fill_pages(size_t at, size_t pages, unsigned flags)
{
    uint32_t previous = NO_PAGE - 1;
    size_t step = flags & PHYS_CONTIGUOUS ? pages : 1;

    for (size_t i = 0; i < pages; i += step) {
        uint32_t frame = step == 1 ? frame_take_apart(previous, flags) : frames_take(pages, flags);

        if (frame == NO_PAGE || !map_frames(at + i, frame, step)) {
            if (frame != NO_PAGE)
                for (size_t j = 0; j < step; j++)
                    frame_free(frame + (uint32_t)j);
            unmap_frames(at, i);
            return false;
        }
        previous = frame;
    }
    return true;
}

static uint32_t huge_frame(size_t page)
{
    uint64_t offset = (uint64_t)page * PHYS_PAGE;

    return (uint32_t)((phys.huge[offset / phys.huge_size].pa + offset % phys.huge_size) /
                      PHYS_PAGE);
}

static bool huge_fits(size_t at, size_t pages, unsigned flags)
{
    uint64_t first = huge_frame(at);

    if ((flags & PHYS_BELOW_4G) &&
        ((uint64_t)huge_frame(at + pages - 1) + 1) * PHYS_PAGE > PHYS_HOLE_END)
        return false;
    for (size_t i = 0; (flags & PHYS_CONTIGUOUS) && i < pages; i++)
        if (huge_frame(at + i) != first + i)
            return false;
    return true;
}

/* PHYS_HUGE: address and frame are chosen together. Small blocks begin in the first half while there is
 * room: thousands of them, all over memory, would leave no run for a large one. */
static size_t huge_take(size_t pages, unsigned flags)
{
    size_t end = phys.window_pages, need = pages + 1;
    size_t at = random_below(&phys.random, pages > HUGE_SMALL ? end : end / 2);

    for (int wrapped = 0; wrapped < 2; wrapped++, at = 1) {
        while ((at = bits_find(phys.window_used, at, end, need)) != end) {
            if (huge_fits(at, pages, flags)) {
                for (size_t i = 0; i < need; i++)
                    bit_put(phys.window_used, at + i, true);
                for (size_t i = 0; i < pages; i++)
                    atomic_store_explicit(&phys.frame[at + i], huge_frame(at + i),
                                          memory_order_release);
                return at;
            }
            at++;
        }
    }
    return 0;
}

static size_t block_take(size_t pages, unsigned flags)
{
    bool one_map;
    size_t at;

    if (phys.kind == PHYS_HUGE)
        return huge_take(pages, flags);
    if (phys.maps + maps_needed(pages, false) > phys.maps_max)
        flags |= PHYS_CONTIGUOUS; /* better unscattered than out of memory */
    one_map = flags & PHYS_CONTIGUOUS;
    if (phys.maps + maps_needed(pages, one_map) > phys.maps_max)
        return 0;
    at = window_take(pages);
    if (at == 0)
        return 0;
    if (!fill_pages(at, pages, flags)) {
        window_give(at, pages);
        return 0;
    }
    phys.block[at].one_map = one_map;
    phys.maps += maps_needed(pages, one_map);
    return at;
}

void *phys_alloc(size_t bytes, unsigned flags, uint64_t *pa)
{
    size_t pages, at, skip = 0;
    uint8_t *page;

    if (bytes == 0)
        bytes = 1;
    if (!phys.open || bytes > phys.bytes || bytes / PHYS_PAGE >= phys.window_pages)
        return NULL;
    pages = (bytes + PHYS_PAGE - 1) / PHYS_PAGE;
    if (flags & PHYS_GUARD)
        skip = pages * PHYS_PAGE - (bytes + 15) / 16 * 16;
    pthread_mutex_lock(&phys.lock);
    at = block_take(pages, flags);
    if (at) {
        phys.block[at].pages = (uint32_t)pages;
        phys.block[at].skip = (uint16_t)skip;
    }
    pthread_mutex_unlock(&phys.lock);
    if (!at)
        return NULL;
    page = phys.window + at * PHYS_PAGE;
    memset(page, 0, pages * PHYS_PAGE);
    if (pa)
        *pa = (uint64_t)atomic_load_explicit(&phys.frame[at], memory_order_relaxed) * PHYS_PAGE +
              skip;
    return page + skip;
}

static void huge_give(size_t at, size_t pages)
{
    memset(phys.window + at * PHYS_PAGE, FREED_BYTE, pages * PHYS_PAGE);
    for (size_t i = 0; i < pages; i++)
        atomic_store_explicit(&phys.frame[at + i], 0, memory_order_release);
}

void phys_free(void *va)
{
    size_t offset = (size_t)((uint8_t *)va - phys.window), at = offset / PHYS_PAGE, pages;

    pthread_mutex_lock(&phys.lock);
    if ((uint8_t *)va < phys.window || at >= phys.window_pages || phys.block[at].pages == 0 ||
        phys.block[at].skip != offset % PHYS_PAGE) {
        fprintf(stderr, "ndishost: internal error: phys_free(%p) without an allocation\n", va);
        abort();
    }
    pages = phys.block[at].pages;
    phys.block[at].pages = 0;
    if (phys.kind == PHYS_HUGE)
        huge_give(at, pages);
    else
        unmap_frames(at, pages);
    phys.maps -= phys.kind == PHYS_HUGE ? 0 : maps_needed(pages, phys.block[at].one_map);
    window_give(at, pages);
    pthread_mutex_unlock(&phys.lock);
}

/* ---- Translation ---- */

bool phys_address(const void *va, uint64_t *pa)
{
    uintptr_t offset = (uintptr_t)va - (uintptr_t)phys.window;
    uint32_t frame;

    if (offset / PHYS_PAGE >= phys.window_pages)
        return false;
    frame = atomic_load_explicit(&phys.frame[offset / PHYS_PAGE], memory_order_acquire);
    if (frame == 0)
        return false;
    *pa = (uint64_t)frame * PHYS_PAGE + offset % PHYS_PAGE;
    return true;
}

static void *huge_pointer(uint64_t pa, size_t len)
{
    size_t low = 0, high = phys.huge_count;
    uint64_t end;

    while (low + 1 < high) {
        size_t middle = (low + high) / 2;

        if (phys.huge[middle].pa <= pa)
            low = middle;
        else
            high = middle;
    }
    if (high == 0 || pa < phys.huge[low].pa)
        return NULL;
    end = phys.huge[low].pa + phys.huge_size;
    for (size_t i = low + 1; i < phys.huge_count && phys.huge[i].pa == end; i++)
        end += phys.huge_size;
    if (pa >= end || len > end - pa)
        return NULL;
    return phys.window + low * phys.huge_size + (pa - phys.huge[low].pa);
}

void *phys_device_pointer(uint64_t pa, size_t len)
{
    if (phys.kind == PHYS_HUGE)
        return huge_pointer(pa, len);
    for (int i = 0; i < 2; i++) {
        const struct part *part = &phys.part[i];

        if (pa >= part->pa && pa - part->pa < part->length && len <= part->length - (pa - part->pa))
            return part->flat + (pa - part->pa);
    }
    return NULL;
}
