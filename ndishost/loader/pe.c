/* SPDX-License-Identifier: MIT */
/* Reading a PE file that may be anything; see pe.h. Offsets are those of Microsoft's "PE Format". */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "loader/pe.h"

#define DOS_MAGIC              0x5A4Du     /* MZ */
#define PE_MAGIC               0x00004550u /* PE\0\0 */
#define OPTIONAL_PE32          0x10Bu
#define OPTIONAL_PE32_PLUS     0x20Bu
#define FILE_HEADER_SIZE       20u
#define SECTION_SIZE           40u
#define SUBSYSTEM_NATIVE       1u
#define FILE_RELOCS_STRIPPED   0x0001u
#define FILE_EXECUTABLE        0x0002u
#define RELOCATION_ABSOLUTE    0u
#define RELOCATION_HIGHLOW     3u
#define RELOCATION_DIR64       10u
#define IMPORT_DESCRIPTOR_SIZE 20u
#define NAME_MAX_LENGTH        512u
#define IMPORTS_MAX            8192u /* against tables that name each other for ever */

static void say(char *error, size_t error_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(char *error, size_t error_size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, error_size, format, args);
    va_end(args);
}
/* A macro, so that clang's analyzer sees that it is false. */
#define fail(...) (say(__VA_ARGS__), false)

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void put32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static void put_pointer(const struct pe *pe, uint8_t *p, uint64_t value)
{
    put32(p, (uint32_t)value);
    if (pe->plus)
        put32(p + 4, (uint32_t)(value >> 32));
}

static uint32_t pointer_size(const struct pe *pe)
{
    return pe->plus ? 8 : 4;
}

static uint32_t page_round(uint32_t bytes)
{
    return (bytes + PE_PAGE - 1) / PE_PAGE * PE_PAGE;
}

/* ---- Headers ---- */

struct header {
    const uint8_t *file;     /* IMAGE_FILE_HEADER */
    const uint8_t *optional; /* IMAGE_OPTIONAL_HEADER */
    uint32_t optional_size;
    uint32_t sections_offset;
};

static bool find_headers(const struct pe *pe, struct header *h, char *error, size_t error_size)
{
    uint32_t at;

    if (pe->size < 64 || get16(pe->data) != DOS_MAGIC)
        return fail(error, error_size, "not a PE file: it does not begin with \"MZ\"");
    at = get32(pe->data + 60);
    if (at > pe->size || pe->size - at < 4 + FILE_HEADER_SIZE || get32(pe->data + at) != PE_MAGIC)
        return fail(error, error_size, "not a PE file: no \"PE\" signature at offset 0x%x", at);
    h->file = pe->data + at + 4;
    h->optional = h->file + FILE_HEADER_SIZE;
    h->optional_size = get16(h->file + 16);
    at += 4 + FILE_HEADER_SIZE;
    if (pe->size - at < h->optional_size)
        return fail(error, error_size, "damaged PE file: it ends inside its optional header");
    h->sections_offset = at + h->optional_size;
    return true;
}

static bool parse_file_header(struct pe *pe, const struct header *h, char *error, size_t error_size)
{
    uint16_t characteristics = get16(h->file + 18);

    pe->machine = get16(h->file);
    if (pe->machine != PE_MACHINE_X86 && pe->machine != PE_MACHINE_X64)
        return fail(error, error_size,
                    "built for machine 0x%04x; expected x64 (0x8664) or x86 "
                    "(0x014c)",
                    pe->machine);
    if (!(characteristics & FILE_EXECUTABLE))
        return fail(error, error_size, "incomplete image: its linker reported errors");
    pe->relocs_stripped = characteristics & FILE_RELOCS_STRIPPED;
    pe->sections = get16(h->file + 2);
    if (pe->sections == 0 || pe->sections > PE_SECTIONS_MAX)
        return fail(error, error_size, "has %u sections; expected 1 to %u", pe->sections,
                    PE_SECTIONS_MAX);
    pe->symbols_offset = get32(h->file + 8);
    pe->symbols = get32(h->file + 12);
    return true;
}

static void parse_directories(struct pe *pe, const struct header *h)
{
    uint32_t at = pe->plus ? 112 : 96;
    uint32_t count = get32(h->optional + at - 4);

    for (uint32_t i = 0; i < count && i < PE_DIRECTORIES && at + 8 <= h->optional_size;
         i++, at += 8) {
        pe->directory[i].rva = get32(h->optional + at);
        pe->directory[i].size = get32(h->optional + at + 4);
    }
}

static bool parse_optional_header(struct pe *pe, const struct header *h, char *error,
                                  size_t error_size)
{
    uint16_t magic = h->optional_size >= 2 ? get16(h->optional) : 0;
    uint32_t alignment;

    pe->plus = magic == OPTIONAL_PE32_PLUS;
    if ((magic != OPTIONAL_PE32 && magic != OPTIONAL_PE32_PLUS) ||
        pe->plus != (pe->machine == PE_MACHINE_X64) || h->optional_size < (pe->plus ? 112 : 96))
        return fail(error, error_size,
                    "damaged PE file: optional header (magic 0x%x, %u bytes) does not fit machine "
                    "0x%04x",
                    magic, h->optional_size, pe->machine);
    pe->entry = get32(h->optional + 16);
    pe->image_base = pe->plus ? get64(h->optional + 24) : get32(h->optional + 28);
    alignment = get32(h->optional + 32);
    pe->image_size = get32(h->optional + 56);
    pe->headers_size = get32(h->optional + 60);
    pe->checksum = get32(h->optional + 64);
    pe->checksum_offset = (uint32_t)(h->optional - pe->data) + 64;
    pe->subsystem = get16(h->optional + 68);
    if (pe->subsystem != SUBSYSTEM_NATIVE)
        return fail(error, error_size,
                    "not a driver: its subsystem is %u; expected 1 (native), as link -subsystem "
                    "native makes it",
                    pe->subsystem);
    if (alignment < PE_PAGE || alignment & (alignment - 1))
        return fail(error, error_size,
                    "sections are aligned to 0x%x bytes; expected 0x1000, so that each has "
                    "protection of its own",
                    alignment);
    if (pe->image_size == 0 || pe->image_size > PE_IMAGE_MAX)
        return fail(error, error_size, "damaged PE file: image of 0x%x bytes", pe->image_size);
    pe->image_size = page_round(pe->image_size);
    if (pe->headers_size > pe->size || pe->headers_size > pe->image_size)
        return fail(error, error_size, "damaged PE file: headers of 0x%x bytes in a file of 0x%zx",
                    pe->headers_size, pe->size);
    parse_directories(pe, h);
    return true;
}

/* ---- Sections ---- */

static bool parse_section(struct pe *pe, const uint8_t *p, struct pe_section *s, uint32_t *end,
                          char *error, size_t error_size)
{
    memcpy(s->name, p, 8);
    for (char *c = s->name; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?'; /* it ends up on a terminal */
    s->virtual_size = get32(p + 8);
    s->rva = get32(p + 12);
    s->raw_size = get32(p + 16);
    s->raw_offset = get32(p + 20);
    s->flags = get32(p + 36);
    if (s->virtual_size == 0)
        s->virtual_size = s->raw_size;
    if (s->raw_size > s->virtual_size)
        s->raw_size = s->virtual_size; /* the rest is padding of the file */
    if (s->rva % PE_PAGE || s->rva < *end || s->rva > pe->image_size ||
        s->virtual_size > pe->image_size - s->rva)
        return fail(error, error_size,
                    "damaged PE file: section %s at 0x%x of 0x%x bytes overlaps its neighbour or "
                    "leaves the image of 0x%x",
                    s->name, s->rva, s->virtual_size, pe->image_size);
    if (s->raw_size && (s->raw_offset > pe->size || s->raw_size > pe->size - s->raw_offset))
        return fail(error, error_size,
                    "damaged PE file: section %s needs bytes 0x%x to 0x%x of a file of 0x%zx "
                    "(cut short?)",
                    s->name, s->raw_offset, s->raw_offset + s->raw_size, pe->size);
    *end = s->rva + page_round(s->virtual_size);
    return true;
}

static bool parse_sections(struct pe *pe, const struct header *h, char *error, size_t error_size)
{
    uint32_t end = page_round(pe->headers_size);

    if (h->sections_offset > pe->headers_size ||
        (pe->headers_size - h->sections_offset) / SECTION_SIZE < pe->sections)
        return fail(error, error_size, "damaged PE file: it ends inside its section table");
    for (unsigned i = 0; i < pe->sections; i++) {
        const uint8_t *p = pe->data + h->sections_offset + i * SECTION_SIZE;
        struct pe_section *s = &pe->section[i];

        if (!parse_section(pe, p, s, &end, error, error_size))
            return false;
    }
    return true;
}

const struct pe_section *pe_section_at(const struct pe *pe, uint32_t rva)
{
    for (unsigned i = 0; i < pe->sections; i++)
        if (rva >= pe->section[i].rva && rva - pe->section[i].rva < pe->section[i].virtual_size)
            return &pe->section[i];
    return NULL;
}

static bool check_entry(const struct pe *pe, char *error, size_t error_size)
{
    const struct pe_section *s = pe_section_at(pe, pe->entry);

    if (pe->entry == 0 || !s || !(s->flags & PE_SECTION_EXECUTE))
        return fail(error, error_size, "has no entry point in code (DriverEntry at 0x%x)",
                    pe->entry);
    return true;
}

bool pe_parse(struct pe *pe, const void *data, size_t size, char *error, size_t error_size)
{
    struct header h = {0};

    memset(pe, 0, sizeof *pe);
    pe->data = data;
    pe->size = size;
    return find_headers(pe, &h, error, error_size) &&
           parse_file_header(pe, &h, error, error_size) &&
           parse_optional_header(pe, &h, error, error_size) &&
           parse_sections(pe, &h, error, error_size) && check_entry(pe, error, error_size);
}

/* The 16-bit ones' complement sum of the file with the field itself as 0, plus the length. */
uint32_t pe_checksum(const struct pe *pe)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < pe->size; i += 2) {
        uint32_t word = pe->data[i] | (i + 1 < pe->size ? (uint32_t)pe->data[i + 1] << 8 : 0u);

        if (i >= pe->checksum_offset && i < pe->checksum_offset + 4)
            word = 0;
        sum += word;
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return (sum & 0xFFFF) + (uint32_t)pe->size;
}

/* ---- Building the image ---- */

void pe_layout(const struct pe *pe, uint8_t *image)
{
    memcpy(image, pe->data, pe->headers_size);
    for (unsigned i = 0; i < pe->sections; i++) {
        const struct pe_section *s = &pe->section[i];

        if (s->raw_size)
            memcpy(image + s->rva, pe->data + s->raw_offset, s->raw_size);
    }
}

/* [rva, rva + length) lies in the image. */
static bool in_image(const struct pe *pe, uint64_t rva, uint64_t length)
{
    return rva <= pe->image_size && length <= pe->image_size - rva;
}

static bool relocate_one(const struct pe *pe, uint8_t *image, uint64_t rva, unsigned type,
                         uint64_t delta)
{
    if (type == RELOCATION_ABSOLUTE)
        return true; /* padding */
    if (type == RELOCATION_HIGHLOW && in_image(pe, rva, 4)) {
        put32(image + rva, get32(image + rva) + (uint32_t)delta);
        return true;
    }
    if (type == RELOCATION_DIR64 && pe->plus && in_image(pe, rva, 8)) {
        put_pointer(pe, image + rva, get64(image + rva) + delta);
        return true;
    }
    return false;
}

bool pe_relocate(const struct pe *pe, uint8_t *image, uint64_t base, char *error, size_t error_size)
{
    uint32_t at = pe->directory[PE_DIRECTORY_RELOCATION].rva;
    uint32_t left = pe->directory[PE_DIRECTORY_RELOCATION].size;
    uint64_t delta = base - pe->image_base;

    /* Code for x64 needs none, if no pointer is in its data: lld-link then writes no table. */
    if (pe->relocs_stripped || (left == 0 && !pe->plus))
        return fail(error, error_size,
                    "has no relocations, and a driver is never loaded where it "
                    "was linked to: link it with -dynamicbase");
    if (!in_image(pe, at, left))
        return fail(error, error_size, "damaged PE file: relocations outside the image");
    while (left >= 8) {
        uint32_t page = get32(image + at), size = get32(image + at + 4);

        if (size < 8 || size > left || size % 2)
            return fail(error, error_size, "damaged PE file: relocation block of %u bytes at 0x%x",
                        size, at);
        for (uint32_t i = 8; i < size; i += 2) {
            uint16_t entry = get16(image + at + i);

            if (!relocate_one(pe, image, (uint64_t)page + (entry & 0xFFF), entry >> 12, delta))
                return fail(error, error_size,
                            "damaged PE file: relocation of type %u at 0x%x (types 0, 3 and 10 "
                            "inside the image are known)",
                            entry >> 12, page + (entry & 0xFFFu));
        }
        at += size;
        left -= size;
    }
    return true;
}

/* ---- Imports ---- */

/* A NUL-terminated, printable string in the image, or NULL. */
static const char *string_at(const struct pe *pe, const uint8_t *image, uint64_t rva)
{
    for (uint32_t i = 0; i < NAME_MAX_LENGTH && in_image(pe, rva + i, 1); i++) {
        if (image[rva + i] == 0)
            return i ? (const char *)image + rva : NULL;
        if (image[rva + i] < '!' || image[rva + i] > '~')
            return NULL;
    }
    return NULL;
}

struct bind {
    const struct pe *pe;
    uint8_t *image;
    pe_resolve *resolve;
    void *context;
    char *error;
    size_t error_size;
    size_t used; /* of error, once imports are missing */
    unsigned missing, shown, all;
};

static void note_missing(struct bind *b, const char *dll, const char *name)
{
    const char *head = b->missing++ ? ", " : "imports what Windows 7 does not export: ";
    size_t need = strlen(head) + strlen(dll) + 1 + strlen(name);

    /* The rest is for ", and 9999 more". */
    if (b->used + need + 24 >= b->error_size || b->shown + 1 != b->missing)
        return;
    b->used +=
        (size_t)snprintf(b->error + b->used, b->error_size - b->used, "%s%s!%s", head, dll, name);
    b->shown++;
}

static bool bind_one(struct bind *b, const char *dll, uint64_t thunk, uint64_t slot)
{
    const char *name;
    const void *address;

    if (++b->all > IMPORTS_MAX)
        return fail(b->error, b->error_size, "damaged PE file: more than %u imports", IMPORTS_MAX);
    if (thunk >> (b->pe->plus ? 63 : 31))
        return fail(b->error, b->error_size,
                    "imports ordinal %u of %s; ndishost supports only imports by name",
                    (unsigned)(thunk & 0xFFFF), dll);
    name = string_at(b->pe, b->image, thunk + 2);
    if (!name)
        return fail(b->error, b->error_size, "damaged PE file: import of %s without a name", dll);
    address = b->resolve(b->context, dll, name);
    if (address)
        put_pointer(b->pe, b->image + slot, (uint64_t)(uintptr_t)address);
    else
        note_missing(b, dll, name);
    return true;
}

static bool bind_dll(struct bind *b, const uint8_t *descriptor)
{
    const struct pe *pe = b->pe;
    uint64_t lookup = get32(descriptor), slot = get32(descriptor + 16);
    const char *found = string_at(pe, b->image, get32(descriptor + 12));
    uint32_t step = pointer_size(pe);
    char dll[NAME_MAX_LENGTH];

    if (!found)
        return fail(b->error, b->error_size, "damaged PE file: import from a DLL without a name");
    strcpy(dll, found); /* like the descriptor, it may lie under the slots being bound */
    if (lookup == 0)
        lookup = slot;
    for (;; lookup += step, slot += step) {
        uint64_t thunk;

        if (!in_image(pe, lookup, step) || !in_image(pe, slot, step) || slot < pe->headers_size)
            return fail(b->error, b->error_size,
                        "damaged PE file: import table of %s leaves the image", dll);
        thunk = pe->plus ? get64(b->image + lookup) : get32(b->image + lookup);
        if (thunk == 0)
            return true;
        if (!bind_one(b, dll, thunk, slot))
            return false;
    }
}

bool pe_bind(const struct pe *pe, uint8_t *image, pe_resolve *resolve, void *context, char *error,
             size_t error_size)
{
    struct bind b = {pe, image, resolve, context, error, error_size, 0, 0, 0, 0};
    uint64_t at = pe->directory[PE_DIRECTORY_IMPORT].rva;

    if (at == 0)
        return true; /* a driver without imports can do nothing, and do it well */
    for (;; at += IMPORT_DESCRIPTOR_SIZE) {
        uint8_t descriptor[IMPORT_DESCRIPTOR_SIZE];

        if (!in_image(pe, at, IMPORT_DESCRIPTOR_SIZE))
            return fail(error, error_size, "damaged PE file: import directory leaves the image");
        /* A copy: in a damaged file the slots being bound may lie on top of it. */
        memcpy(descriptor, image + at, sizeof descriptor);
        if (get32(descriptor + 12) == 0 && get32(descriptor + 16) == 0)
            break;
        if (!bind_dll(&b, descriptor))
            return false;
    }
    if (b.missing > b.shown)
        snprintf(error + b.used, error_size - b.used, ", and %u more", b.missing - b.shown);
    return b.missing == 0;
}

/* ---- Security cookie ---- */

bool pe_seed_cookie(const struct pe *pe, uint8_t *image, uint64_t base, uint64_t cookie)
{
    uint32_t at = pe->directory[PE_DIRECTORY_LOAD_CONFIG].rva;
    uint32_t member = pe->plus ? 88 : 60, step = pointer_size(pe);
    const struct pe_section *section;
    uint64_t address, rva;

    if (at == 0 || !in_image(pe, at, member + step) || get32(image + at) < member + step)
        return false;
    address = pe->plus ? get64(image + at + member) : get32(image + at + member);
    rva = address - base;
    if (address < base || !in_image(pe, rva, step))
        return false;
    section = pe_section_at(pe, (uint32_t)rva);
    if (!section || !(section->flags & PE_SECTION_WRITE))
        return false;
    /* The two upper bytes are 0 on x64, so that no string function can copy a cookie whole. */
    put_pointer(pe, image + rva, pe->plus ? cookie & 0x0000FFFFFFFFFFFFull : cookie);
    return true;
}
