/* SPDX-License-Identifier: MIT */
/*
 * pe.h: a driver file in memory, as bytes that may be anything: what image.c (and a fuzzer) builds an
 * image from. Nothing here maps, runs or trusts.
 *   pe_parse(&pe, data, size, ...);  pe_layout(&pe, image);  pe_relocate(&pe, image, base, ...);
 *   pe_bind(&pe, image, resolve, ...);  pe_seed_cookie(&pe, image, base, cookie);  pe_symbols(...)
 */
#ifndef NDISHOST_PE_H
#define NDISHOST_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PE_PAGE                0x1000u
#define PE_IMAGE_MAX           (64u << 20)
#define PE_SECTIONS_MAX        96
#define PE_MACHINE_X86         0x014Cu
#define PE_MACHINE_X64         0x8664u
#define PE_SYMBOLS_MAX         200000u
#define PE_SECTION_CODE        0x00000020u
#define PE_SECTION_DISCARDABLE 0x02000000u
#define PE_SECTION_EXECUTE     0x20000000u
#define PE_SECTION_READ        0x40000000u
#define PE_SECTION_WRITE       0x80000000u

enum pe_directory {
    PE_DIRECTORY_IMPORT = 1,
    PE_DIRECTORY_RESOURCE = 2,
    PE_DIRECTORY_RELOCATION = 5,
    PE_DIRECTORY_DEBUG = 6,
    PE_DIRECTORY_LOAD_CONFIG = 10,
    PE_DIRECTORY_IAT = 12,
    PE_DIRECTORIES = 16
};

struct pe_section {
    char name[9];
    uint32_t rva;          /* page-aligned */
    uint32_t virtual_size; /* bytes in memory, not rounded; 0: an empty section */
    uint32_t raw_offset;
    uint32_t raw_size; /* bytes that come from the file, at most virtual_size */
    uint32_t flags;
};

/* Everything in it has been checked against the file's size and the image's size. */
struct pe {
    const uint8_t *data;
    size_t size;
    uint16_t machine;
    uint16_t subsystem;
    bool plus; /* PE32+ */
    bool relocs_stripped;
    uint64_t image_base;
    uint32_t image_size; /* whole pages */
    uint32_t headers_size;
    uint32_t entry;
    uint32_t checksum, checksum_offset;
    struct {
        uint32_t rva, size;
    } directory[PE_DIRECTORIES];
    unsigned sections;
    struct pe_section section[PE_SECTIONS_MAX];
    uint32_t symbols_offset, symbols; /* 0: none */
};

/* `data` stays the caller's and must outlive `pe`. false: one line in error. */
bool pe_parse(struct pe *pe, const void *data, size_t size, char *error, size_t error_size);

/* The checksum that the header should hold. */
uint32_t pe_checksum(const struct pe *pe);

/* Copies headers and sections to where they belong; `image` is pe->image_size zero bytes. */
void pe_layout(const struct pe *pe, uint8_t *image);

/* Applies the relocations for an image that will run at `base`. */
bool pe_relocate(const struct pe *pe, uint8_t *image, uint64_t base, char *error,
                 size_t error_size);

/* Binds all imports, or names all that `resolve` does not know; the image is then of no use. */
typedef const void *pe_resolve(void *context, const char *dll, const char *name);
bool pe_bind(const struct pe *pe, uint8_t *image, pe_resolve *resolve, void *context, char *error,
             size_t error_size);

/* Writes `cookie` where the load configuration says the security cookie is; false: it has none. */
bool pe_seed_cookie(const struct pe *pe, uint8_t *image, uint64_t base, uint64_t cookie);

/* The section that holds rva, or NULL. */
const struct pe_section *pe_section_at(const struct pe *pe, uint32_t rva);

/* Names by address, sorted; from the COFF symbol table or from a linker's map. */
struct pe_symbol {
    uint32_t rva;
    uint32_t name; /* offset in `names` */
};
struct pe_symbols {
    struct pe_symbol *symbol;
    size_t count, room;
    char *names;
    size_t names_size, names_room;
};
void pe_symbols_read(const struct pe *pe, struct pe_symbols *symbols);
/* A .map as GNU ld or Microsoft's linker writes it: `text` need not end in a NUL. */
void pe_symbols_read_map(const struct pe *pe, const char *text, size_t size,
                         struct pe_symbols *symbols);
/* The last symbol at or before rva, or NULL. */
const char *pe_symbols_find(const struct pe_symbols *symbols, uint32_t rva, uint32_t *symbol_rva);
void pe_symbols_free(struct pe_symbols *symbols);

/* The message table resource: texts of event log entries by their code, on one line each. */
struct pe_message {
    uint32_t id;
    uint32_t text; /* offset in `text` below */
};
struct pe_messages {
    struct pe_message *message;
    size_t count, room;
    char *text;
    size_t text_size, text_room;
};
/* `image` is laid out already. */
void pe_messages_read(const struct pe *pe, const uint8_t *image, struct pe_messages *messages);
const char *pe_messages_find(const struct pe_messages *messages, uint32_t id); /* or NULL */
void pe_messages_free(struct pe_messages *messages);

#endif
