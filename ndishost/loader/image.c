/* SPDX-License-Identifier: MIT */
/* Drivers as they stand in memory; see loader.h. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "loader/exports.h"
#include "loader/loader.h"
#include "loader/patch.h"
#include "loader/pdb.h"
#include "loader/symbolize.h"
#include "loader/pe.h"
#include "loader/stub.h"
#include "loader/windows7.h"

#define IMAGES_MAX    16
#define FILE_SIZE_MAX (64u << 20)

#if defined(__x86_64__)
#define HOST_MACHINE PE_MACHINE_X64
#define OTHER_HOST   "this is an x86 driver: use ndishost32"
#else
#define HOST_MACHINE PE_MACHINE_X86
#define OTHER_HOST   "this is an x64 driver: use ndishost"
#endif

struct image {
    char name[64];
    uint8_t *base;
    struct pe pe; /* pe.data is gone after loading */
    struct pe_symbols symbols;
    struct pe_messages messages;
    char *lines; /* the file, if it or a PDB can tell source lines; or NULL */
    struct patches patches;
    bool unloaded; /* inaccessible; kept so that whoever still jumps there can be named */
};

/* Lookups come from signal handlers: a slot is filled when the image is complete. An image that
 * leaves its slot is freed under the lock, and only when another image needs the slot. */
static struct image *_Atomic images[IMAGES_MAX];
static pthread_mutex_t images_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- Files ---- */

struct file {
    uint8_t *data;
    size_t size;
};

/* All of a file in memory of ours: a mapping would change, or vanish, under our feet. */
static bool file_read(const char *path, struct file *file, char *error, size_t error_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *why = NULL;
    struct stat st = {.st_size = 0};
    ssize_t n = 1;

    *file = (struct file){NULL, 0};
    if (fd < 0 || fstat(fd, &st) != 0)
        why = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        why = "not a file";
    else if (st.st_size > (off_t)FILE_SIZE_MAX)
        why = "larger than any driver (64 MiB)";
    else if (!(file->data = malloc((size_t)st.st_size + 1)))
        why = "out of memory";
    while (!why && n > 0 && file->size < (size_t)st.st_size) {
        n = read(fd, file->data + file->size, (size_t)st.st_size - file->size);
        if (n < 0)
            why = strerror(errno);
        else
            file->size += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    if (why) {
        snprintf(error, error_size, "%s: %s", path, why);
        free(file->data);
        file->data = NULL;
    }
    return !why;
}

/* Symbols of a file beside NAME.sys: the linker's NAME.map, or NAME.pdb. */
static void read_beside(struct image *image, const char *path)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);
    char *name = malloc(stem + 5);
    char ignored[8];
    struct file file;

    if (!name)
        return;
    memcpy(name, path, stem);
    memcpy(name + stem, ".map", 5);
    if (access(name, R_OK) == 0 && file_read(name, &file, ignored, sizeof ignored)) {
        pe_symbols_read_map(&image->pe, (const char *)file.data, file.size, &image->symbols);
        free(file.data);
    }
    memcpy(name + stem, ".pdb", 5);
    if (image->symbols.count == 0 && access(name, R_OK) == 0)
        pdb_symbols_read(&image->pe, name, &image->symbols);
    free(name);
}

/* ---- Loading ---- */

/* A function of this host, or a stub where Windows 7 has what this host has not. NULL: neither has it. */
static const void *resolve(void *context, const char *dll, const char *name)
{
    const void *address = host_export_find(dll, name);

    (void)context;
    if (address)
        return address;
    switch (windows7_export(dll, name, NULL)) {
    case WINDOWS7_EXPORTED:
    case WINDOWS7_NO_TABLE:
        return stub_add(dll, name);
    default:
        return NULL;
    }
}

/* The first driver lies at the same place in each run, so that what counts its instructions knows them. */
#if defined(__x86_64__)
#define USUAL_PLACE ((void *)0x7A0000000000)
#else
#define USUAL_PLACE NULL
#endif

/* Address space that is not where the driver was linked to: an address that no relocation covers
 * must not work by luck. */
static uint8_t *reserve(const struct pe *pe)
{
    uint8_t *first = NULL, *base = NULL;

    for (int tries = 0; tries < 4; tries++) {
        base = mmap(USUAL_PLACE, pe->image_size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED) {
            base = NULL;
            break;
        }
        if ((uint64_t)(uintptr_t)base != pe->image_base)
            break;
        first = base; /* stays, so that the next one is elsewhere */
        base = NULL;
    }
    if (first)
        munmap(first, pe->image_size);
    return base;
}

static uint64_t random_cookie(void)
{
    uint64_t cookie;

    do {
        if (getrandom(&cookie, sizeof cookie, 0) != sizeof cookie)
            cookie = (uint64_t)(uintptr_t)&cookie * 0x9E3779B97F4A7C15ull;
    } while ((uint32_t)cookie == 0);
    return cookie;
}

/* Never writable and executable at once: a section that asks for both (INIT of older linkers) gets
 * execute, as nothing but the loader writes to it. */
static bool protect(const struct image *image)
{
    const struct pe *pe = &image->pe;

    if (mprotect(image->base, pe->image_size, PROT_NONE) != 0 ||
        (pe->headers_size && mprotect(image->base, pe->headers_size, PROT_READ) != 0))
        return false;
    for (unsigned i = 0; i < pe->sections; i++) {
        const struct pe_section *s = &pe->section[i];
        int protection = PROT_NONE;

        if (s->virtual_size == 0)
            continue;
        if (s->flags & (PE_SECTION_READ | PE_SECTION_EXECUTE))
            protection |= PROT_READ;
        if (s->flags & PE_SECTION_EXECUTE)
            protection |= PROT_EXEC;
        else if (s->flags & PE_SECTION_WRITE)
            protection |= PROT_READ | PROT_WRITE;
        if (mprotect(image->base + s->rva, s->virtual_size, protection) != 0)
            return false;
    }
    return true;
}

/* A slot for one more, if need be that of an unloaded image. */
static bool publish(struct image *image)
{
    int slot = -1;

    pthread_mutex_lock(&images_lock);
    for (int i = 0; i < IMAGES_MAX && slot < 0; i++)
        if (!images[i])
            slot = i;
    for (int i = 0; i < IMAGES_MAX && slot < 0; i++)
        if (images[i]->unloaded) {
            struct image *old = atomic_exchange(&images[i], NULL);

            patch_free(&old->patches);
            munmap(old->base, old->pe.image_size);
            pe_symbols_free(&old->symbols);
            pe_messages_free(&old->messages);
            free(old->lines);
            free(old);
            slot = i;
        }
    if (slot >= 0)
        atomic_store(&images[slot], image);
    pthread_mutex_unlock(&images_lock);
    return slot >= 0;
}

/* DWARF in the file itself, or the mark of a PDB. */
static bool has_lines(const struct pe *pe)
{
    for (unsigned i = 0; i < pe->sections; i++)
        if (pe->section[i].name[0] == '/') /* only a debugger's sections have names that long */
            return true;
    return pe->directory[PE_DIRECTORY_DEBUG].size != 0;
}

/* Reports may ask for source lines and for names of C++. */
static void prepare_reports(struct image *image, const char *path)
{
    bool encoded = false;

    for (size_t i = 0; i < image->symbols.count && !encoded; i++)
        encoded = symbolize_is_encoded(image->symbols.names + image->symbols.symbol[i].name);
    if (has_lines(&image->pe))
        image->lines = realpath(path, NULL);
    if (image->lines || encoded)
        symbolize_prepare();
}

static bool machine_fits(const struct pe *pe, char *error, size_t error_size)
{
    if (pe->machine != HOST_MACHINE)
        snprintf(error, error_size, "%s", OTHER_HOST);
    return pe->machine == HOST_MACHINE;
}

static bool build(struct image *image, const char *path, char *error, size_t error_size)
{
    struct pe *pe = &image->pe;

    if (!machine_fits(pe, error, error_size))
        return false;
    if (pe->checksum && pe->checksum != pe_checksum(pe)) {
        snprintf(error, error_size,
                 "damaged PE file: its checksum is 0x%x, its header says 0x%x; Windows would not "
                 "load it either",
                 pe_checksum(pe), pe->checksum);
        return false;
    }
    image->base = reserve(pe);
    if (!image->base) {
        snprintf(error, error_size, "no address space for an image of %u bytes", pe->image_size);
        return false;
    }
    pe_layout(pe, image->base);
    if (!pe_relocate(pe, image->base, (uintptr_t)image->base, error, error_size) ||
        !pe_bind(pe, image->base, resolve, NULL, error, error_size))
        return false;
    pe_seed_cookie(pe, image->base, (uintptr_t)image->base, random_cookie());
    pe_messages_read(pe, image->base, &image->messages);
    pe_symbols_read(pe, &image->symbols);
    if (image->symbols.count == 0)
        read_beside(image, path);
    prepare_reports(image, path);
    image->patches = patch_image(pe, image->base);
    if (!protect(image)) {
        snprintf(error, error_size, "protecting its sections: %s", strerror(errno));
        return false;
    }
    return true;
}

static void discard(struct image *image)
{
    patch_free(&image->patches);
    if (image->base)
        munmap(image->base, image->pe.image_size);
    pe_symbols_free(&image->symbols);
    pe_messages_free(&image->messages);
    free(image->lines);
    free(image);
}

struct image *image_load(const char *path, char *error, size_t error_size)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct image *image;
    struct file file;
    char why[1024];
    bool good;

    if (!file_read(path, &file, error, error_size))
        return NULL;
    image = calloc(1, sizeof *image);
    if (!image) {
        snprintf(error, error_size, "%s: out of memory", path);
        free(file.data);
        return NULL;
    }
    snprintf(image->name, sizeof image->name, "%s", name);
    good = pe_parse(&image->pe, file.data, file.size, why, sizeof why) &&
           build(image, path, why, sizeof why);
    free(file.data);
    image->pe.data = NULL;
    if (good && !publish(image)) {
        snprintf(why, sizeof why, "%d drivers are loaded already", IMAGES_MAX);
        good = false;
    }
    if (!good) {
        snprintf(error, error_size, "%s: %s", path, why);
        discard(image);
        return NULL;
    }
    return image;
}

void image_unload(struct image *image)
{
    if (!image)
        return;
    pthread_mutex_lock(&images_lock);
    image->unloaded = true;
    /* The memory goes back, the addresses stay taken: a stray callback faults and is named. */
    if (mmap(image->base, image->pe.image_size, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
        perror("ndishost: unloading a driver");
    pthread_mutex_unlock(&images_lock);
}

void image_discard_init(struct image *image)
{
    for (unsigned i = 0; i < image->pe.sections; i++) {
        const struct pe_section *s = &image->pe.section[i];

        if (!(s->flags & PE_SECTION_DISCARDABLE) || s->virtual_size == 0)
            continue;
        if (mmap(image->base + s->rva, s->virtual_size, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
            perror("ndishost: discarding a driver's INIT section");
    }
}

/* ---- Imports, without loading ---- */

struct listing {
    FILE *out;
    unsigned present, stubbed, unknown;
    bool refused;
};

/* Says yes to every import, so that all are listed. */
static const void *list_import(void *context, const char *dll, const char *name)
{
    struct listing *list = context;
    struct windows7_export export;
    const char *kind = "unknown", *note = "";

    if (host_export_find(dll, name)) {
        kind = "present";
        list->present++;
    } else {
        switch (windows7_export(dll, name, &export)) {
        case WINDOWS7_EXPORTED:
            kind = "stubbed";
            note = *export.page ? export.page
                                : "Windows 7 exports it, but Microsoft does not document it";
            break;
        case WINDOWS7_NO_TABLE:
            note = "ndishost has no table of this module; the first use ends the run";
            break;
        case WINDOWS7_NOT_EXPORTED:
            note = "Windows 7 does not export it, and would not load the driver";
            list->refused = true;
            break;
        case WINDOWS7_NO_SUCH_MODULE:
            note = "Windows 7 has no such module, and would not load the driver";
            list->refused = true;
            break;
        }
        *(*kind == 's' ? &list->stubbed : &list->unknown) += 1;
    }
    fprintf(list->out, "%s\t%s\t%s%s%s\n", kind, dll, name, *note ? "\t" : "", note);
    return list;
}

bool image_list_imports(const char *path, FILE *out, bool *loads, char *error, size_t error_size)
{
    struct listing list = {.out = out};
    struct file file;
    struct pe pe;
    uint8_t *image = NULL;
    char why[512] = "out of memory";
    bool good;

    if (!file_read(path, &file, error, error_size))
        return false;
    good = pe_parse(&pe, file.data, file.size, why, sizeof why) &&
           machine_fits(&pe, why, sizeof why) && (image = calloc(1, pe.image_size)) != NULL;
    if (good) {
        pe_layout(&pe, image);
        good = pe_bind(&pe, image, list_import, &list, why, sizeof why);
    }
    free(image);
    free(file.data);
    if (!good) {
        snprintf(error, error_size, "%s: %s", path, why);
        return false;
    }
    fprintf(out, "%u imports: %u present, %u stubbed, %u unknown\n",
            list.present + list.stubbed + list.unknown, list.present, list.stubbed, list.unknown);
    *loads = !list.refused;
    return true;
}

/* ---- Asking ---- */

void *image_base(const struct image *image)
{
    return image->base;
}

void *image_entry(const struct image *image)
{
    return image->base + image->pe.entry;
}

const char *image_name(const struct image *image)
{
    return image->name;
}

struct image_patched image_patched(const struct image *image)
{
    return (struct image_patched){image->patches.replaced, image->patches.left,
                                  image->patches.shared};
}

uint64_t image_size(const struct image *image)
{
    return image->pe.image_size;
}

static const struct image *image_at(const void *address, uint32_t *rva)
{
    for (int i = 0; i < IMAGES_MAX; i++) {
        const struct image *image = atomic_load(&images[i]);

        if (image && (uintptr_t)address - (uintptr_t)image->base < image->pe.image_size) {
            *rva = (uint32_t)((uintptr_t)address - (uintptr_t)image->base);
            return image;
        }
    }
    return NULL;
}

bool image_contains(const void *address)
{
    uint32_t rva;

    return image_at(address, &rva) != NULL;
}

/* An address that a call returns to belongs to the call's line, which is the one before it. */
static void add_line(const struct image *image, uint32_t rva, uint32_t start, char *buf,
                     size_t size)
{
    size_t used = strlen(buf);
    char line[120];

    if (image->lines &&
        symbolize_line(image->lines, image->pe.image_base + rva - (rva > start), line, sizeof line))
        snprintf(buf + used, size - used, " (%s)", line);
}

const char *image_symbol(const void *address, char *buf, size_t size)
{
    uint32_t rva, start = 0;
    const struct image *image = image_at(address, &rva);
    const char *name, *gone;
    char decoded[120];

    if (!image) {
        snprintf(buf, size, "?");
        return buf;
    }
    gone = image->unloaded ? " (unloaded)" : "";
    name = pe_symbols_find(&image->symbols, rva, &start);
    if (name && symbolize_name(name, decoded, sizeof decoded))
        name = decoded;
    if (name)
        snprintf(buf, size, "%s%s!%s+0x%x", image->name, gone, name, rva - start);
    else
        snprintf(buf, size, "%s%s+0x%x", image->name, gone, rva);
    add_line(image, rva, start, buf, size);
    return buf;
}

/* Every insertion mark, %1 to %9, becomes the one text that is at hand. */
static void expand(const char *message, const char *insert, char *buf, size_t size)
{
    size_t used = 0;

    for (const char *p = message; *p && used + 1 < size; p++) {
        if (*p == '%' && p[1] >= '1' && p[1] <= '9') {
            int n = snprintf(buf + used, size - used, "%s", insert);

            used += n > 0 ? (size_t)n : 0;
            if (used >= size)
                used = size - 1;
            p++;
        } else {
            buf[used++] = *p;
        }
    }
    buf[used] = 0;
}

bool image_message(const char *name, uint32_t code, const char *insert, char *buf, size_t size)
{
    const char *message = NULL;

    pthread_mutex_lock(&images_lock);
    for (int i = 0; i < IMAGES_MAX && !message; i++)
        if (images[i] && !strcmp(images[i]->name, name))
            message = pe_messages_find(&images[i]->messages, code);
    if (message)
        expand(message, insert, buf, size);
    pthread_mutex_unlock(&images_lock);
    return message != NULL;
}
