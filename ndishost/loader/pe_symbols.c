/* SPDX-License-Identifier: MIT */
/* Names of a driver's functions and data, for reports; see pe.h. */
#include <stdlib.h>
#include <string.h>
#include "loader/pe.h"

#define COFF_SYMBOL_SIZE    18u
#define COFF_CLASS_EXTERNAL 2
#define COFF_CLASS_STATIC   3
#define NAME_MAX_LENGTH     200u

static uint32_t get32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* _DriverEntry@8 and @KfRaiseIrql@4 on x86 stand for DriverEntry and KfRaiseIrql. */
static void undecorate(const struct pe *pe, const char **name, size_t *length)
{
    size_t digits = 0;

    if (pe->plus)
        return;
    if (*length > 1 && (**name == '_' || **name == '@')) {
        ++*name;
        --*length;
    }
    while (digits < *length && (*name)[*length - 1 - digits] >= '0' &&
           (*name)[*length - 1 - digits] <= '9')
        digits++;
    if (digits && digits + 1 < *length && (*name)[*length - 1 - digits] == '@')
        *length -= digits + 1;
}

/* Room for one more; false: out of memory, the symbol is left out. */
static bool make_room(struct pe_symbols *s, size_t name_length)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        struct pe_symbol *p = realloc(s->symbol, room * sizeof *p);

        if (!p)
            return false;
        s->symbol = p;
        s->room = room;
    }
    if (s->names_room - s->names_size <= name_length) {
        size_t room = 2 * s->names_room + name_length + 4096;
        char *p = realloc(s->names, room);

        if (!p)
            return false;
        s->names = p;
        s->names_room = room;
    }
    return true;
}

static void add(const struct pe *pe, struct pe_symbols *s, uint32_t rva, const char *name,
                size_t length)
{
    undecorate(pe, &name, &length);
    /* .text, .rdata$zzz, $unwind$...: the compiler's own. */
    if (length == 0 || length > NAME_MAX_LENGTH || name[0] == '.' || name[0] == '$')
        return;
    for (size_t i = 0; i < length; i++)
        if (name[i] < '!' || name[i] > '~')
            return;
    if (s->count >= PE_SYMBOLS_MAX || !make_room(s, length))
        return;
    s->symbol[s->count].rva = rva;
    s->symbol[s->count++].name = (uint32_t)s->names_size;
    memcpy(s->names + s->names_size, name, length);
    s->names[s->names_size + length] = 0;
    s->names_size += length + 1;
}

static int compare(const void *a, const void *b)
{
    const struct pe_symbol *x = a, *y = b;

    if (x->rva != y->rva)
        return x->rva < y->rva ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static void sort(struct pe_symbols *s)
{
    if (s->count)
        qsort(s->symbol, s->count, sizeof *s->symbol, compare);
}

/* The name of a COFF symbol: 8 bytes in place, or an offset into the string table, which follows the symbols. */
static const char *coff_name(const struct pe *pe, const uint8_t *p, size_t strings, size_t *length)
{
    const char *name = (const char *)p;
    size_t max = 8;

    if (get32(p) == 0) {
        uint64_t at = strings + (uint64_t)get32(p + 4);

        if (at >= pe->size)
            return NULL;
        name = (const char *)pe->data + at;
        max = pe->size - (size_t)at;
        if (max > NAME_MAX_LENGTH + 1)
            max = NAME_MAX_LENGTH + 1;
    }
    *length = strnlen(name, max);
    return name;
}

void pe_symbols_read(const struct pe *pe, struct pe_symbols *symbols)
{
    uint64_t strings = pe->symbols_offset + (uint64_t)pe->symbols * COFF_SYMBOL_SIZE;

    if (pe->symbols_offset == 0 || strings > pe->size)
        return;
    for (uint32_t i = 0; i < pe->symbols; i++) {
        const uint8_t *p = pe->data + pe->symbols_offset + (size_t)i * COFF_SYMBOL_SIZE;
        unsigned section = p[12] | p[13] << 8;
        uint32_t value = get32(p + 8);
        size_t length;
        const char *name = coff_name(pe, p, (size_t)strings, &length);

        if (name && (p[16] == COFF_CLASS_EXTERNAL || p[16] == COFF_CLASS_STATIC) && section >= 1 &&
            section <= pe->sections && value < pe->section[section - 1].virtual_size)
            add(pe, symbols, pe->section[section - 1].rva + value, name, length);
        i += p[17]; /* auxiliary records */
    }
    sort(symbols);
}

/* ---- Maps ---- */

struct word {
    const char *at;
    size_t length;
};

/* The next blank-separated word before `end`; length 0: none. */
static struct word next_word(const char **at, const char *end)
{
    struct word w;

    while (*at < end && (**at == ' ' || **at == '\t' || **at == '\r'))
        ++*at;
    w.at = *at;
    while (*at < end && **at != ' ' && **at != '\t' && **at != '\r')
        ++*at;
    w.length = (size_t)(*at - w.at);
    return w;
}

static bool parse_hex(struct word w, uint64_t *value)
{
    if (w.length > 2 && w.at[0] == '0' && (w.at[1] == 'x' || w.at[1] == 'X')) {
        w.at += 2;
        w.length -= 2;
    }
    if (w.length == 0 || w.length > 16)
        return false;
    *value = 0;
    for (size_t i = 0; i < w.length; i++) {
        char c = w.at[i] | 0x20;

        if (c >= '0' && c <= '9')
            *value = *value << 4 | (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *value = *value << 4 | (unsigned)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* " 0001:00000010       _DriverEntry@8             00011010 f   driver.obj" (Microsoft) or
 * "                0x0000000140001010                DriverEntry" (GNU ld). */
static void read_map_line(const struct pe *pe, const char *line, const char *end,
                          struct pe_symbols *symbols)
{
    struct word first = next_word(&line, end), second = next_word(&line, end),
                third = next_word(&line, end);
    struct word name = second, address = first;
    uint64_t value;

    if (first.length > 5 && first.at[4] == ':')
        address = third;
    else if (third.length || first.length < 3 || first.at[1] != 'x')
        return;
    if (name.length == 0 || !parse_hex(address, &value) || value < pe->image_base ||
        value - pe->image_base >= pe->image_size)
        return;
    add(pe, symbols, (uint32_t)(value - pe->image_base), name.at, name.length);
}

void pe_symbols_read_map(const struct pe *pe, const char *text, size_t size,
                         struct pe_symbols *symbols)
{
    const char *end = text + size;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;

        read_map_line(pe, text, stop, symbols);
        text = newline ? newline + 1 : end;
    }
    sort(symbols);
}

/* ---- Finding ---- */

const char *pe_symbols_find(const struct pe_symbols *symbols, uint32_t rva, uint32_t *symbol_rva)
{
    size_t low = 0, high = symbols->count;

    /* The first symbol behind rva. */
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (symbols->symbol[middle].rva <= rva)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    /* Of several names for one address the first one in the file. */
    *symbol_rva = symbols->symbol[low - 1].rva;
    while (low > 1 && symbols->symbol[low - 2].rva == *symbol_rva)
        low--;
    return symbols->names + symbols->symbol[low - 1].name;
}

void pe_symbols_free(struct pe_symbols *symbols)
{
    free(symbols->symbol);
    free(symbols->names);
    memset(symbols, 0, sizeof *symbols);
}
