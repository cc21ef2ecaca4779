/* SPDX-License-Identifier: MIT */
/* Windows' printf; see format.h. */
#include <stdbool.h>
#include <string.h>
#include <ntddk.h>
#include "nt/api/format.h"

/* Where the text goes: narrow or wide characters, of which only the first `room` are kept. */
struct sink {
    void *text;
    bool wide;
    size_t room, count;
};

/* Where the format comes from, likewise. */
struct source {
    const void *text;
    bool wide;
};

struct spec {
    bool left, plus, space, hash, zero;
    int width, precision; /* precision < 0: none */
    unsigned bytes;       /* of an integer */
    char size;            /* 'h', 'l', 'w' before a character or a string; 0: none */
    char conversion;
};

static void put(struct sink *sink, unsigned c)
{
    if (sink->count < sink->room) {
        if (sink->wide)
            ((uint16_t *)sink->text)[sink->count] = (uint16_t)c;
        else
            ((char *)sink->text)[sink->count] = (char)(c <= 0xFF ? c : '?');
    }
    sink->count++;
}

static void pad(struct sink *sink, int count, char with)
{
    while (count-- > 0)
        put(sink, (unsigned char)with);
}

static unsigned peek(const struct source *source)
{
    return source->wide ? *(const uint16_t *)source->text : *(const unsigned char *)source->text;
}

static unsigned next(struct source *source)
{
    unsigned c = peek(source);

    source->text = (const char *)source->text + (source->wide ? sizeof(uint16_t) : 1);
    return c;
}

/* ---- Arguments ---- */

static uint64_t take(const char **args, unsigned bytes)
{
    uint64_t value = 0;

    memcpy(&value, *args, bytes);
    *args += (bytes + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    return value;
}

static void *take_pointer(const char **args)
{
    return (void *)(uintptr_t)take(args, sizeof(void *));
}

/* ---- Conversions ---- */

static void put_number(struct sink *sink, const struct spec *s, uint64_t value, bool negative,
                       unsigned base, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    const char *prefix = "";
    char text[66];
    int count = 0, zeros, length;

    if (s->hash && value && base != 10)
        prefix = base == 8 ? "0" : upper ? "0X" : "0x";
    if (negative || s->plus || s->space)
        prefix = negative ? "-" : s->plus ? "+" : " ";
    for (; value || (count == 0 && s->precision != 0); value /= base)
        text[count++] = digits[value % base];
    zeros = s->precision > count ? s->precision - count : 0;
    length = (int)strlen(prefix) + zeros + count;
    if (s->zero && !s->left && s->precision < 0 && s->width > length) {
        zeros += s->width - length;
        length = s->width;
    }
    if (!s->left)
        pad(sink, s->width - length, ' ');
    while (*prefix)
        put(sink, (unsigned char)*prefix++);
    pad(sink, zeros, '0');
    while (count)
        put(sink, (unsigned char)text[--count]);
    if (s->left)
        pad(sink, s->width - length, ' ');
}

/* length < 0: until the NUL. */
static void put_text(struct sink *sink, const struct spec *s, const void *text, bool wide,
                     int length)
{
    const uint16_t *w = text;
    const unsigned char *n = text;
    int count = 0;

    if (!text) {
        n = (const unsigned char *)"(null)";
        wide = false;
        length = -1;
    }
    while ((length < 0 || count < length) && (s->precision < 0 || count < s->precision) &&
           (length >= 0 || (wide ? w[count] : n[count])))
        count++;
    if (!s->left)
        pad(sink, s->width - count, s->zero ? '0' : ' ');
    for (int i = 0; i < count; i++)
        put(sink, wide ? w[i] : n[i]);
    if (s->left)
        pad(sink, s->width - count, ' ');
}

/* %s and %c are of the format's own width, %S and %C of the other; h, l and w say it. */
static bool is_wide(const struct spec *s, bool wide_format)
{
    bool other = s->conversion == 'S' || s->conversion == 'C';

    if (s->size == 'h')
        return false;
    if (s->size == 'l' || s->size == 'w')
        return true;
    return wide_format != other;
}

static void put_counted(struct sink *sink, const struct spec *s, const void *string)
{
    const UNICODE_STRING *u = string; /* ANSI_STRING has the same form */
    bool wide = s->size == 'w' || s->size == 'l';

    if (!u || !u->Buffer)
        put_text(sink, s, NULL, false, -1);
    else
        put_text(sink, s, u->Buffer, wide, wide ? u->Length / 2 : u->Length);
}

static void put_signed(struct sink *sink, const struct spec *s, uint64_t raw)
{
    unsigned shift = 64 - 8 * s->bytes;
    int64_t value = (int64_t)(raw << shift) >> shift;

    put_number(sink, s, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, 10, false);
}

static void put_unsigned(struct sink *sink, struct spec *s, uint64_t raw)
{
    uint64_t value = s->bytes == 8 ? raw : raw & ((1ull << 8 * s->bytes) - 1);

    s->plus = s->space = false;
    put_number(sink, s, value, false,
               s->conversion == 'o'   ? 8
               : s->conversion == 'u' ? 10
                                      : 16,
               s->conversion == 'X');
}

static void put_character(struct sink *sink, const struct spec *s, unsigned c)
{
    if (!s->left)
        pad(sink, s->width - 1, ' ');
    put(sink, c & 0xFFFF);
    if (s->left)
        pad(sink, s->width - 1, ' ');
}

static void convert(struct sink *sink, struct spec *s, bool wide_format, const char **args)
{
    const void *text;

    switch (s->conversion) {
    case 'd':
    case 'i':
        put_signed(sink, s, take(args, s->bytes == 8 ? 8 : 4));
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        put_unsigned(sink, s, take(args, s->bytes == 8 ? 8 : 4));
        break;
    case 'p':
        s->precision = 2 * sizeof(void *);
        s->hash = s->plus = s->space = false;
        put_number(sink, s, (uintptr_t)take_pointer(args), false, 16, true);
        break;
    case 'c':
    case 'C':
        put_character(sink, s, (unsigned)take(args, 4) & (is_wide(s, wide_format) ? 0xFFFF : 0xFF));
        break;
    case 's':
    case 'S':
        text = take_pointer(args);
        put_text(sink, s, text, is_wide(s, wide_format), -1);
        break;
    case 'Z':
        text = take_pointer(args);
        put_counted(sink, s, text);
        break;
    default: /* %% and what nobody knows stand for themselves */
        put(sink, (unsigned char)s->conversion);
        break;
    }
}

/* ---- The format ---- */

static void parse_flags(struct source *source, struct spec *s)
{
    for (;; next(source))
        switch (peek(source)) {
        case '-':
            s->left = true;
            break;
        case '+':
            s->plus = true;
            break;
        case ' ':
            s->space = true;
            break;
        case '#':
            s->hash = true;
            break;
        case '0':
            s->zero = true;
            break;
        default:
            return;
        }
}

static int parse_count(struct source *source, const char **args)
{
    int count = 0;

    if (peek(source) == '*') {
        next(source);
        return (int)(int32_t)take(args, 4);
    }
    while (peek(source) >= '0' && peek(source) <= '9' && count < 100000)
        count = 10 * count + (int)(next(source) - '0');
    return count;
}

static bool accept(struct source *source, const char *text)
{
    struct source s = *source;

    for (; *text; text++)
        if (next(&s) != (unsigned char)*text)
            return false;
    *source = s;
    return true;
}

static void parse_size(struct source *source, struct spec *s)
{
    s->bytes = 4;
    if (accept(source, "I64") || accept(source, "ll") || accept(source, "j"))
        s->bytes = 8;
    else if (accept(source, "I32"))
        s->bytes = 4;
    else if (accept(source, "I") || accept(source, "z") || accept(source, "t"))
        s->bytes = sizeof(void *);
    else if (accept(source, "hh"))
        s->bytes = 1;
    else if (peek(source) == 'h' || peek(source) == 'l' || peek(source) == 'w')
        s->size = (char)next(source);
    if (s->size == 'h')
        s->bytes = 2;
}

static void format(struct sink *sink, struct source *source, nt_va_list list)
{
    const char *args = (const char *)list;
    unsigned c;

    while ((c = next(source)) != 0) {
        struct spec s = {.precision = -1};

        if (c != '%') {
            put(sink, c);
            continue;
        }
        parse_flags(source, &s);
        s.width = parse_count(source, &args);
        if (s.width < 0) {
            s.left = true;
            s.width = -s.width;
        }
        if (accept(source, "."))
            s.precision = parse_count(source, &args);
        parse_size(source, &s);
        if (peek(source) == 0)
            break;
        s.conversion = (char)next(source);
        convert(sink, &s, source->wide, &args);
    }
}

size_t nt_format(char *buf, size_t room, const char *text, nt_va_list args)
{
    struct sink sink = {.text = buf, .room = room};
    struct source source = {.text = text};

    format(&sink, &source, args);
    if (sink.count < room)
        buf[sink.count] = 0;
    return sink.count;
}

size_t nt_format_wide(uint16_t *buf, size_t room, const uint16_t *text, nt_va_list args)
{
    struct sink sink = {.text = buf, .wide = true, .room = room};
    struct source source = {.text = text, .wide = true};

    format(&sink, &source, args);
    if (sink.count < room)
        buf[sink.count] = 0;
    return sink.count;
}
