/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pe.c: the host's reader of driver files on a file that is all the input's. Whatever it is, the
 * reader stays in the file, writes only into the image, and ends; what it takes for a driver has
 * sections in order inside the image, and an entry point in code.
 *
 * fuzz-sources: ndishost/loader/pe.c ndishost/loader/pe_symbols.c ndishost/loader/pe_messages.c
 * fuzz-flags: -Indishost
 */
#include "fuzz.h"
#include "loader/pe.h"

#define BASE 0x7F1234560000ull

/* Knows every function whose name has an even length. */
static const void *resolve(void *context, const char *dll, const char *name)
{
    size_t length = strlen(name);

    FUZZ_ASSERT(*dll != 0 && length != 0);
    ++*(unsigned *)context;
    return length % 2 ? NULL : context;
}

static void check_one_line(const char *error, size_t size)
{
    size_t length = strnlen(error, size);

    FUZZ_ASSERT(length > 0 && length < size);
    for (size_t i = 0; i < length; i++)
        FUZZ_ASSERT(error[i] >= ' ' && error[i] <= '~');
}

static void check_layout(const struct pe *pe)
{
    uint32_t end = pe->headers_size;

    FUZZ_ASSERT(pe->image_size <= PE_IMAGE_MAX && pe->image_size % PE_PAGE == 0);
    for (unsigned i = 0; i < pe->sections; i++) {
        const struct pe_section *s = &pe->section[i];

        FUZZ_ASSERT(s->rva % PE_PAGE == 0 && s->rva >= end);
        FUZZ_ASSERT(s->rva <= pe->image_size && s->virtual_size <= pe->image_size - s->rva);
        FUZZ_ASSERT(s->raw_size <= s->virtual_size);
        end = s->rva + s->virtual_size;
    }
    FUZZ_ASSERT(pe_section_at(pe, pe->entry) &&
                (pe_section_at(pe, pe->entry)->flags & PE_SECTION_EXECUTE));
}

static void check_symbols(const struct pe *pe, const struct pe_symbols *symbols)
{
    const char *name;
    uint32_t rva;

    for (size_t i = 0; i < symbols->count; i++) {
        FUZZ_ASSERT(symbols->symbol[i].rva < pe->image_size);
        FUZZ_ASSERT(i == 0 || symbols->symbol[i - 1].rva <= symbols->symbol[i].rva);
        name = pe_symbols_find(symbols, symbols->symbol[i].rva, &rva);
        FUZZ_ASSERT(name && *name && rva == symbols->symbol[i].rva);
    }
}

static void build(const struct pe *pe)
{
    uint8_t *image = calloc(1, pe->image_size);
    struct pe_messages messages = {0};
    unsigned imports = 0;
    char error[200];

    FUZZ_ASSERT(image);
    pe_layout(pe, image);
    if (!pe_relocate(pe, image, BASE, error, sizeof error))
        check_one_line(error, sizeof error);
    pe_messages_read(pe, image, &messages);
    for (size_t i = 0; i < messages.count; i++)
        FUZZ_ASSERT(pe_messages_find(&messages, messages.message[i].id));
    if (!pe_bind(pe, image, resolve, &imports, error, sizeof error))
        check_one_line(error, sizeof error);
    pe_seed_cookie(pe, image, BASE, ~0ull);
    pe_messages_free(&messages);
    free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pe_symbols symbols = {0};
    char error[200];
    struct pe pe;

    if (!pe_parse(&pe, data, size, error, sizeof error)) {
        check_one_line(error, sizeof error);
        return 0;
    }
    check_layout(&pe);
    pe_checksum(&pe);
    build(&pe);
    pe_symbols_read(&pe, &symbols);
    check_symbols(&pe, &symbols);
    /* The same bytes as a map: another hostile file. */
    pe_symbols_read_map(&pe, (const char *)data, size, &symbols);
    check_symbols(&pe, &symbols);
    pe_symbols_free(&symbols);
    return 0;
}
