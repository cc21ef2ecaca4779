/* SPDX-License-Identifier: MIT */
/* Reads a PE file's RT_MESSAGETABLE resource. Every offset is checked against the file's length. */
#include "ndis/messages.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX            (64u << 20)
#define RT_MESSAGETABLE     11u
#define DIRECTORY_RESOURCES 2u
#define SUBDIRECTORY        0x80000000u
#define ENTRY_UNICODE       1u

struct messages {
    uint8_t *file;
    size_t length;
    size_t table, table_length; /* the resource's data in the file */
};

/* ---- Little-endian fields, 0 outside the file ---- */

static uint32_t get(const struct messages *m, size_t offset, unsigned size)
{
    uint32_t value = 0;

    if (offset <= m->length && m->length - offset >= size)
        memcpy(&value, m->file + offset, size);
    return value;
}

static uint32_t get16(const struct messages *m, size_t offset)
{
    return get(m, offset, 2);
}

static uint32_t get32(const struct messages *m, size_t offset)
{
    return get(m, offset, 4);
}

/* ---- The way to the table ---- */

/* Offset in the file of a relative virtual address; 0 if no section holds it. */
static size_t rva_offset(const struct messages *m, size_t pe, uint32_t rva)
{
    size_t section = pe + 24 + get16(m, pe + 20);
    unsigned count = get16(m, pe + 6), i;

    for (i = 0; i < count; i++, section += 40) {
        uint32_t address = get32(m, section + 12), size = get32(m, section + 16);

        if (rva >= address && rva - address < size)
            return (size_t)get32(m, section + 20) + (rva - address);
    }
    return 0;
}

/* In the resource directory at `directory`: the offset that entry `id` leads to (any: the first). */
static bool directory_find(const struct messages *m, size_t directory, uint32_t id, bool any,
                           uint32_t *leads_to)
{
    unsigned named = get16(m, directory + 12), count = named + get16(m, directory + 14), i;

    for (i = any ? 0 : named; i < count; i++) {
        size_t entry = directory + 16 + (size_t)i * 8;

        if (any || get32(m, entry) == id) {
            *leads_to = get32(m, entry + 4);
            return true;
        }
    }
    return false;
}

/* Type, name, language, then the data entry. */
static bool table_find(struct messages *m)
{
    size_t pe = get32(m, 0x3C);
    bool plus = get16(m, pe + 24) == 0x20B;
    size_t directories = pe + 24 + (plus ? 112 : 96);
    size_t root = rva_offset(m, pe, get32(m, directories + 8 * DIRECTORY_RESOURCES));
    uint32_t at;

    if (get16(m, 0) != 0x5A4D || get32(m, pe) != 0x4550 || !root)
        return false;
    if (!directory_find(m, root, RT_MESSAGETABLE, false, &at) || !(at & SUBDIRECTORY) ||
        !directory_find(m, root + (at & ~SUBDIRECTORY), 0, true, &at) || !(at & SUBDIRECTORY) ||
        !directory_find(m, root + (at & ~SUBDIRECTORY), 0, true, &at) || (at & SUBDIRECTORY))
        return false;
    m->table = rva_offset(m, pe, get32(m, root + at));
    m->table_length = get32(m, root + at + 4);
    return m->table && m->table <= m->length && m->table_length <= m->length - m->table;
}

static bool file_read(struct messages *m, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    bool good = false;

    if (!file)
        return false;
    if (!fstat(fileno(file), &status) && status.st_size > 0 && status.st_size <= (off_t)FILE_MAX) {
        m->length = (size_t)status.st_size;
        m->file = malloc(m->length);
        good = m->file && fread(m->file, 1, m->length, file) == m->length;
    }
    fclose(file);
    return good;
}

struct messages *messages_load(const char *path)
{
    struct messages *m = calloc(1, sizeof(*m));

    if (m && file_read(m, path) && table_find(m))
        return m;
    messages_free(m);
    return NULL;
}

void messages_free(struct messages *m)
{
    if (m)
        free(m->file);
    free(m);
}

/* ---- Messages ---- */

/* The entry for `code`, as offset in the file and length; false if there is none. */
static bool entry_find(const struct messages *m, uint32_t code, size_t *entry, size_t *length)
{
    uint32_t blocks = get32(m, m->table), i;
    size_t end = m->table + m->table_length;

    for (i = 0; i < blocks && m->table + 4 + (size_t)i * 12 + 12 <= end; i++) {
        size_t block = m->table + 4 + (size_t)i * 12;
        uint32_t id = get32(m, block), high = get32(m, block + 4);
        size_t at = m->table + get32(m, block + 8);

        if (code < id || code > high)
            continue;
        for (; at + 4 <= end; id++) {
            *entry = at;
            *length = get16(m, at);
            if (*length < 4 || *length > end - at)
                return false;
            if (id == code)
                return true;
            at += *length;
        }
    }
    return false;
}

/* One character more; line ends and runs of blanks become one blank. */
static size_t add(char *buf, size_t size, size_t used, unsigned c)
{
    if (c == '\r' || c == '\n')
        c = ' ';
    if (c == ' ' && (!used || buf[used - 1] == ' '))
        return used;
    if (used + 1 < size)
        buf[used++] = c < 0x80 ? (char)c : '?';
    return used;
}

const char *messages_text(const struct messages *m, uint32_t code, const char *adapter, char *buf,
                          size_t size)
{
    size_t entry, length, used = 0, step, i;

    if (!m || !entry_find(m, code, &entry, &length))
        return NULL;
    step = get16(m, entry + 2) & ENTRY_UNICODE ? 2 : 1;
    for (i = 4; i + step <= length; i += step) {
        unsigned c = get(m, entry + i, (unsigned)step);

        if (!c)
            break;
        if (c == '%' && i + 2 * step <= length && get(m, entry + i + step, (unsigned)step) == '2') {
            const char *from;

            for (from = adapter; *from; from++)
                used = add(buf, size, used, (unsigned char)*from);
            i += step;
            continue;
        }
        used = add(buf, size, used, c);
    }
    while (used && buf[used - 1] == ' ')
        used--;
    buf[used] = 0;
    return buf;
}
