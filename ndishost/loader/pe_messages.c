/* SPDX-License-Identifier: MIT */
/* The texts of a driver's event log entries: its message table resource; see pe.h. */
#include <stdlib.h>
#include <string.h>
#include "loader/pe.h"

#define RT_MESSAGETABLE 11u
#define SUBDIRECTORY    0x80000000u
#define ENTRY_UNICODE   1u
#define TEXT_MAX        1024u /* characters of one message */
#define MESSAGES_MAX    4096u

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* A stretch of the image, for reads that stay in it. */
struct region {
    const uint8_t *data;
    uint32_t size;
};

static bool inside(const struct region *r, uint64_t at, uint64_t length)
{
    return at <= r->size && length <= r->size - at;
}

/* In the directory at `at`: what the entry with that id (id 0: the first one) leads to. */
static bool directory_entry(const struct region *r, uint32_t at, uint32_t id, uint32_t *value)
{
    uint32_t count;

    if (!inside(r, at, 16))
        return false;
    count = (uint32_t)get16(r->data + at + 12) + get16(r->data + at + 14);
    for (uint32_t i = 0; i < count && inside(r, (uint64_t)at + 16 + 8ull * i, 8); i++) {
        const uint8_t *entry = r->data + at + 16 + 8 * i;

        if (id == 0 || get32(entry) == id) {
            *value = get32(entry + 4);
            return true;
        }
    }
    return false;
}

/* Type, then name, then language; the first of each but the type. */
static bool find_table(const struct pe *pe, const uint8_t *image, struct region *table)
{
    uint32_t rva = pe->directory[PE_DIRECTORY_RESOURCE].rva;
    struct region r = {image + rva, pe->directory[PE_DIRECTORY_RESOURCE].size};
    struct region all = {image, pe->image_size};
    uint32_t at;

    if (rva == 0 || !inside(&all, rva, r.size))
        return false;
    if (!directory_entry(&r, 0, RT_MESSAGETABLE, &at) || !(at & SUBDIRECTORY) ||
        !directory_entry(&r, at & ~SUBDIRECTORY, 0, &at) || !(at & SUBDIRECTORY) ||
        !directory_entry(&r, at & ~SUBDIRECTORY, 0, &at) || (at & SUBDIRECTORY) ||
        !inside(&r, at, 16))
        return false;
    rva = get32(r.data + at);
    table->size = get32(r.data + at + 4);
    if (!inside(&all, rva, table->size))
        return false;
    table->data = image + rva;
    return true;
}

/* Appends one character as UTF-8 would, cut down to what a log line can show. */
static void add_character(struct pe_messages *m, uint32_t c)
{
    if (c == '\r' || c == '\n' || c == '\t')
        c = ' ';
    if (c == 0 || (c == ' ' && m->text_size && m->text[m->text_size - 1] == ' '))
        return;
    m->text[m->text_size++] = (char)(c >= ' ' && c <= '~' ? c : '?');
}

static bool add_message(struct pe_messages *m, uint32_t id, const uint8_t *text, uint32_t bytes,
                        bool wide)
{
    uint32_t step = wide ? 2 : 1, count = bytes / step;

    if (m->count == MESSAGES_MAX)
        return false;
    if (count > TEXT_MAX)
        count = TEXT_MAX;
    if (m->count == m->room) {
        size_t room = m->room ? 2 * m->room : 64;
        struct pe_message *p = realloc(m->message, room * sizeof *p);

        if (!p)
            return false;
        m->message = p;
        m->room = room;
    }
    if (m->text_room - m->text_size < count + 1) {
        size_t room = 2 * m->text_room + count + 1;
        char *p = realloc(m->text, room);

        if (!p)
            return false;
        m->text = p;
        m->text_room = room;
    }
    m->message[m->count].id = id;
    m->message[m->count++].text = (uint32_t)m->text_size;
    for (uint32_t i = 0; i < count; i++)
        add_character(m, wide ? get16(text + 2 * i) : text[i]);
    while (m->text_size > m->message[m->count - 1].text && m->text[m->text_size - 1] == ' ')
        m->text_size--;
    m->text[m->text_size++] = 0;
    return true;
}

/* Entries of ids low to high follow each other from `at` on. */
static void read_block(const struct region *table, uint32_t low, uint32_t high, uint32_t at,
                       struct pe_messages *messages)
{
    for (uint64_t id = low; id <= high && inside(table, at, 4); id++) {
        uint16_t length = get16(table->data + at), flags = get16(table->data + at + 2);

        if (length < 4 || !inside(table, at, length) ||
            !add_message(messages, (uint32_t)id, table->data + at + 4, length - 4u,
                         flags & ENTRY_UNICODE))
            return;
        at += length;
    }
}

void pe_messages_read(const struct pe *pe, const uint8_t *image, struct pe_messages *messages)
{
    struct region table;
    uint32_t blocks;

    if (!find_table(pe, image, &table) || !inside(&table, 0, 4))
        return;
    blocks = get32(table.data);
    for (uint32_t i = 0; i < blocks && inside(&table, 4 + 12ull * i, 12); i++) {
        const uint8_t *block = table.data + 4 + 12 * i;

        read_block(&table, get32(block), get32(block + 4), get32(block + 8), messages);
    }
}

const char *pe_messages_find(const struct pe_messages *messages, uint32_t id)
{
    for (size_t i = 0; i < messages->count; i++)
        if (messages->message[i].id == id)
            return messages->text + messages->message[i].text;
    return NULL;
}

void pe_messages_free(struct pe_messages *messages)
{
    free(messages->message);
    free(messages->text);
    memset(messages, 0, sizeof *messages);
}
