/* SPDX-License-Identifier: MIT */
/*
 * In place of image.c: the driver is compiled for Linux and linked into this program, so that
 * sanitizers and fuzzers see its every access. It is the same source and meets the same host.
 *
 * The file that the command line names is read for its event log messages only, and gives the driver
 * its name. tools/native-driver puts the driver's code into the section driver_text and makes
 * driver_symbols[]. DriverEntry is linked once, so one driver at a time can be loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "loader/loader.h"
#include "loader/pe.h"

/* The driver's code, by the linker. */
extern const uint8_t __start_driver_text[], __stop_driver_text[];

/* Its functions in the order of their offsets; the last has no name. */
struct native_symbol {
    uint32_t offset;
    const char *name;
};
extern const struct native_symbol driver_symbols[];

extern int32_t __attribute__((ms_abi)) DriverEntry(void *object, void *path);

struct image {
    char name[64];
    struct pe_messages messages;
};

static struct image *_Atomic loaded;

static size_t text_size(void)
{
    return (size_t)(__stop_driver_text - __start_driver_text);
}

/* The messages of the driver as it ships. A driver without any has none. */
static bool read_messages(struct image *image, const char *path, char *error, size_t error_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *data = NULL, *memory = NULL;
    struct pe pe = {0};
    struct stat st;
    bool good = false;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        snprintf(error, error_size, "%s: %s", path, fd < 0 ? strerror(errno) : "not a file");
    } else if (!(data = malloc((size_t)st.st_size + 1)) ||
               read(fd, data, (size_t)st.st_size) != st.st_size) {
        snprintf(error, error_size, "%s: cannot be read", path);
    } else if (pe_parse(&pe, data, (size_t)st.st_size, error, error_size)) {
        memory = calloc(1, pe.image_size);
        good = memory != NULL;
        if (good) {
            pe_layout(&pe, memory);
            pe_messages_read(&pe, memory, &image->messages);
        }
    }
    if (fd >= 0)
        close(fd);
    free(memory);
    free(data);
    return good;
}

struct image *image_load(const char *path, char *error, size_t error_size)
{
    const char *slash = strrchr(path, '/');
    struct image *image, *none = NULL;

    /* Rules judge only calls from the driver's code. */
    if (!image_contains((const void *)(uintptr_t)DriverEntry)) {
        snprintf(error, error_size, "%s: the section driver_text of this build lacks DriverEntry",
                 path);
        return NULL;
    }
    image = calloc(1, sizeof *image);
    if (!image) {
        snprintf(error, error_size, "%s: out of memory", path);
        return NULL;
    }
    snprintf(image->name, sizeof image->name, "%s", slash ? slash + 1 : path);
    if (!read_messages(image, path, error, error_size)) {
        free(image);
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&loaded, &none, image)) {
        snprintf(error, error_size, "%s: this build has one driver linked in, and it is loaded",
                 path);
        pe_messages_free(&image->messages);
        free(image);
        return NULL;
    }
    return image;
}

bool image_list_imports(const char *path, FILE *out, bool *loads, char *error, size_t error_size)
{
    (void)out;
    (void)loads;
    snprintf(error, error_size, "%s: this build has its driver linked in; use out/ndishost", path);
    return false;
}

void image_unload(struct image *image)
{
    if (!image)
        return;
    atomic_store(&loaded, NULL);
    pe_messages_free(&image->messages);
    free(image);
}

void image_discard_init(struct image *image)
{
    (void)image; /* the linker keeps no INIT section apart */
}

void *image_base(const struct image *image)
{
    (void)image;
    return (void *)(uintptr_t)__start_driver_text;
}

void *image_entry(const struct image *image)
{
    (void)image;
    return (void *)DriverEntry;
}

const char *image_name(const struct image *image)
{
    return image->name;
}

/* A compiler for Linux writes no move of CR8. */
struct image_patched image_patched(const struct image *image)
{
    (void)image;
    return (struct image_patched){0, 0, 0};
}

uint64_t image_size(const struct image *image)
{
    (void)image;
    return text_size();
}

bool image_contains(const void *address)
{
    return (uintptr_t)address - (uintptr_t)__start_driver_text < text_size();
}

const char *image_symbol(const void *address, char *buf, size_t size)
{
    const struct image *image = atomic_load(&loaded);
    uint32_t offset = (uint32_t)((uintptr_t)address - (uintptr_t)__start_driver_text);
    const struct native_symbol *symbol = NULL;

    if (!image_contains(address)) {
        snprintf(buf, size, "?");
        return buf;
    }
    for (size_t i = 0; driver_symbols[i].name && driver_symbols[i].offset <= offset; i++)
        symbol = &driver_symbols[i];
    snprintf(buf, size, "%s!%s+0x%x", image ? image->name : "(unloaded)",
             symbol ? symbol->name : "?", symbol ? offset - symbol->offset : offset);
    return buf;
}

bool image_message(const char *name, uint32_t code, const char *insert, char *buf, size_t size)
{
    const struct image *image = atomic_load(&loaded);
    const char *message =
        image && !strcmp(image->name, name) ? pe_messages_find(&image->messages, code) : NULL;
    size_t used = 0;

    if (!message)
        return false;
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
    if (size)
        buf[used] = 0;
    return true;
}
