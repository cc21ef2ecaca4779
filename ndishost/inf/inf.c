/* SPDX-License-Identifier: MIT */
/* The text of an INF file as sections, lines and fields; see inf.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "inf/inf.h"
#include "nt/api/registry.h"

#define FILE_MAX (16u << 20)

struct section {
    struct section *next;
    char *name;
    unsigned number;
    struct inf_line *lines, **end;
};

struct inf {
    char *path;
    struct section *sections;
};

int inf_wrong(const struct inf *inf, unsigned line, char *error, size_t error_size,
              const char *format, ...)
{
    int length = snprintf(error, error_size, "%s:%u: ", inf->path, line);
    va_list arguments;

    va_start(arguments, format);
    if (length >= 0 && (size_t)length < error_size)
        vsnprintf(error + length, error_size - (size_t)length, format, arguments);
    va_end(arguments);
    return -1;
}

/* ---- The file as UTF-8 ---- */

/* Code page 1252, where it differs from Latin-1; 0: no character. */
static const uint16_t cp1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static char *from_1252(const uint8_t *data, size_t bytes)
{
    WCHAR *wide = malloc((bytes + 1) * sizeof(WCHAR));
    char *text;
    size_t i;

    if (!wide)
        return NULL;
    for (i = 0; i < bytes; i++)
        wide[i] = data[i] >= 0x80 && data[i] < 0xA0 && cp1252[data[i] - 0x80]
                      ? cp1252[data[i] - 0x80]
                      : data[i];
    text = registry_narrow(wide, bytes);
    free(wide);
    return text;
}

static unsigned lines_before(const char *text, size_t length)
{
    unsigned lines = 1;

    while (length--)
        lines += text[length] == '\n';
    return lines;
}

static bool is_utf16(const uint8_t *data, size_t bytes)
{
    return bytes >= 2 && ((data[0] == 0xFF && data[1] == 0xFE) || (data[0] && !data[1]));
}

static int check_utf16(const struct inf *inf, const uint8_t *data, size_t bytes, char *error,
                       size_t error_size)
{
    unsigned lines = 1;
    size_t i;

    for (i = 0; i + 1 < bytes; i += 2) {
        lines += data[i] == '\n' && !data[i + 1];
        if (!data[i] && !data[i + 1])
            return inf_wrong(inf, lines, error, error_size, "a NUL character: this is not text");
    }
    return bytes % 2 ? inf_wrong(inf, lines, error, error_size,
                                 "the file ends in the middle of a UTF-16 character")
                     : 0;
}

static int check_bytes(const struct inf *inf, const uint8_t *data, size_t bytes, char *error,
                       size_t error_size)
{
    const uint8_t *nul = bytes ? memchr(data, 0, bytes) : NULL;

    if (bytes >= 2 && data[0] == 0xFE && data[1] == 0xFF)
        return inf_wrong(inf, 1, error, error_size,
                         "the text is UTF-16 with the high byte first, which Windows does not "
                         "read");
    return nul ? inf_wrong(inf, lines_before((const char *)data, (size_t)(nul - data)), error,
                           error_size, "a NUL character: this is not text")
               : 0;
}

static char *decode(const struct inf *inf, const uint8_t *data, size_t bytes, char *error,
                    size_t error_size)
{
    bool wide = is_utf16(data, bytes);
    size_t mark = wide && data[0] == 0xFF ? 2 : 0;
    char *text;

    if (wide ? check_utf16(inf, data, bytes, error, error_size)
             : check_bytes(inf, data, bytes, error, error_size))
        return NULL;
    if (wide)
        text = registry_narrow((const WCHAR *)(const void *)(data + mark), (bytes - mark) / 2);
    else if (bytes >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3))
        text = strndup((const char *)data + 3, bytes - 3);
    else
        text = from_1252(data, bytes);
    if (!text)
        snprintf(error, error_size, "out of memory");
    return text;
}

static char *load(struct inf *inf, char *error, size_t error_size)
{
    FILE *file = fopen(inf->path, "rb");
    uint8_t *data;
    char *text = NULL;
    size_t bytes;

    if (!file) {
        snprintf(error, error_size, "%s: %s", inf->path, strerror(errno));
        return NULL;
    }
    data = malloc(FILE_MAX);
    bytes = data ? fread(data, 1, FILE_MAX, file) : 0;
    if (!data)
        snprintf(error, error_size, "out of memory");
    else if (ferror(file))
        snprintf(error, error_size, "%s: %s", inf->path, strerror(errno));
    else if (bytes == FILE_MAX)
        snprintf(error, error_size, "%s: longer than 16 MiB: this is not an INF", inf->path);
    else
        text = decode(inf, data, bytes, error, error_size);
    free(data);
    fclose(file);
    return text;
}

/* ---- Sections and lines ---- */

static struct section *section_find(const struct inf *inf, const char *name)
{
    struct section *section;

    for (section = inf->sections; section; section = section->next)
        if (!strcasecmp(section->name, name))
            return section;
    return NULL;
}

/* Sections of one name are one. */
static struct section *section_make(struct inf *inf, const char *name, size_t length,
                                    unsigned number)
{
    char *copy = strndup(name, length);
    struct section *section = copy ? section_find(inf, copy) : NULL;

    if (section || !copy || !(section = calloc(1, sizeof(*section)))) {
        free(copy);
        return section;
    }
    section->name = copy;
    section->number = number;
    section->end = &section->lines;
    section->next = inf->sections;
    inf->sections = section;
    return section;
}

static void line_free(struct inf_line *line)
{
    while (line) {
        struct inf_line *next = line->next;

        while (line->fields)
            free(line->field[--line->fields]);
        free(line->field);
        free(line->key);
        free(line);
        line = next;
    }
}

void inf_free(struct inf *inf)
{
    while (inf->sections) {
        struct section *section = inf->sections;

        inf->sections = section->next;
        line_free(section->lines);
        free(section->name);
        free(section);
    }
    free(inf->path);
    free(inf);
}

static int field_add(struct inf_line *line, char *text)
{
    char **more = text ? realloc(line->field, (line->fields + 1) * sizeof(*more)) : NULL;

    if (!more) {
        free(text);
        return -1;
    }
    line->field = more;
    line->field[line->fields++] = text;
    return 0;
}

/* ---- Reading ---- */

struct reader {
    struct inf *inf;
    const char *at;
    unsigned number; /* of the line that `at` is in */
    char *error;
    size_t error_size;
    char *field; /* the one that is read: `length` bytes of `size` */
    size_t length, size;
};

static int no_memory(struct reader *reader)
{
    snprintf(reader->error, reader->error_size, "out of memory");
    return -1;
}

static int put(struct reader *reader, char c)
{
    if (reader->length + 1 >= reader->size) {
        char *more = realloc(reader->field, reader->size * 2 + 256);

        if (!more)
            return no_memory(reader);
        reader->field = more;
        reader->size = reader->size * 2 + 256;
    }
    reader->field[reader->length++] = c;
    return 0;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool at_end(char c)
{
    return !c || c == '\n' || c == '\x1A'; /* Ctrl-Z ends a file of DOS */
}

static void skip_comment(struct reader *reader)
{
    while (!at_end(*reader->at))
        reader->at++;
}

/* A backslash before the end of the line, blanks and a comment apart: the next line goes on with it. */
static bool continued(struct reader *reader)
{
    const char *p = reader->at + 1;

    while (blank(*p))
        p++;
    if (*p == ';')
        while (!at_end(*p))
            p++;
    if (*p != '\n')
        return false;
    reader->at = p + 1;
    reader->number++;
    return true;
}

/* Takes what stands in quotes, the first of which `at` is on; a quote in it is doubled. */
static int quoted(struct reader *reader)
{
    unsigned began = reader->number;

    for (reader->at++; !at_end(*reader->at); reader->at++) {
        if (*reader->at == '"' && *++reader->at != '"')
            return 0;
        if (*reader->at == '\\' && continued(reader))
            reader->at--;
        else if (put(reader, *reader->at))
            return -1;
    }
    return inf_wrong(reader->inf, began, reader->error, reader->error_size,
                     "text in quotes does not end on its line");
}

/* One field, without the blanks around it. NULL with an error. */
static char *read_field(struct reader *reader, bool may_be_key)
{
    size_t kept = 0; /* blanks before it stay */
    char *text;

    reader->length = 0;
    for (;;) {
        char c = *reader->at;

        if (at_end(c) || c == ',' || c == ';' || (c == '=' && may_be_key))
            break;
        if (c == '"') {
            if (quoted(reader))
                return NULL;
            kept = reader->length;
            continue;
        }
        if (c == '\\' && continued(reader))
            continue;
        reader->at++;
        if (blank(c) && !reader->length)
            continue;
        if (put(reader, c))
            return NULL;
        if (!blank(c))
            kept = reader->length;
    }
    text = strndup(reader->field ? reader->field : "", kept);
    if (!text)
        no_memory(reader);
    return text;
}

static int read_line(struct reader *reader, struct section *section)
{
    struct inf_line *line = calloc(1, sizeof(*line));

    if (!line)
        return no_memory(reader);
    line->number = reader->number;
    *section->end = line;
    section->end = &line->next;
    for (;;) {
        char *text = read_field(reader, !line->key && !line->fields);

        if (!text)
            return -1;
        if (*reader->at == '=' && !line->key && !line->fields) {
            line->key = text;
            reader->at++;
            continue;
        }
        if (field_add(line, text))
            return no_memory(reader);
        if (*reader->at != ',')
            break;
        reader->at++;
    }
    return 0;
}

static struct section *read_section(struct reader *reader)
{
    const char *name = ++reader->at, *end;
    struct section *section;
    size_t length = strcspn(name, "]\n");

    if (name[length] != ']') {
        inf_wrong(reader->inf, reader->number, reader->error, reader->error_size,
                  "the name of a section does not end with `]`");
        return NULL;
    }
    reader->at = name + length + 1;
    for (end = name + length; end > name && blank(end[-1]);)
        end--;
    while (name < end && blank(*name))
        name++;
    section = section_make(reader->inf, name, (size_t)(end - name), reader->number);
    if (!section)
        no_memory(reader);
    skip_comment(reader); /* Windows does not look at what is behind the name */
    return section;
}

static int read_all(struct reader *reader)
{
    struct section *section = NULL;

    for (;;) {
        char c = *reader->at;

        if (!c || c == '\x1A')
            return 0;
        if (c == '\n') {
            reader->number++;
            reader->at++;
        } else if (blank(c)) {
            reader->at++;
        } else if (c == ';') {
            skip_comment(reader);
        } else if (c == '[') {
            if (!(section = read_section(reader)))
                return -1;
        } else if (!section) {
            return inf_wrong(reader->inf, reader->number, reader->error, reader->error_size,
                             "text before the first section: this is not an INF");
        } else if (read_line(reader, section)) {
            return -1;
        }
    }
}

/* ---- %tokens% ---- */

/* The directories that files go to ("Using Dirids"). */
static const char *directory(const char *name)
{
    static const struct {
        const char *id, *path;
    } directories[] = {
        {"10", "C:\\Windows"},
        {"11", "C:\\Windows\\System32"},
        {"12", "C:\\Windows\\System32\\drivers"},
        {"13", "C:\\Windows\\System32\\DriverStore\\FileRepository"},
        {"17", "C:\\Windows\\inf"},
    };
    size_t i;

    for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        if (!strcmp(directories[i].id, name))
            return directories[i].path;
    return NULL;
}

/* The text of a token; NULL: there is none. English comes before the language that has no name. */
static const char *string(const struct inf *inf, const char *name)
{
    const struct inf_line *line = inf_find(inf, "Strings.0409", name);

    if (!line)
        line = inf_find(inf, "Strings", name);
    return line ? inf_field(line, 0) : directory(name);
}

static char *replace(const struct inf *inf, const char *text)
{
    char *result = NULL;
    size_t size;
    FILE *out = open_memstream(&result, &size);

    if (!out)
        return NULL;
    while (*text) {
        const char *end = *text == '%' ? strchr(text + 1, '%') : NULL;
        const char *string_text = NULL;

        if (end == text + 1) {
            fputc('%', out);
            text += 2;
            continue;
        }
        if (end) {
            char *name = strndup(text + 1, (size_t)(end - text - 1));

            string_text = name ? string(inf, name) : NULL;
            free(name);
        }
        if (string_text) {
            fputs(string_text, out);
            text = end + 1;
        } else {
            fputc(*text++, out);
        }
    }
    if (fclose(out)) {
        free(result);
        return NULL;
    }
    return result;
}

static int replace_in(const struct inf *inf, char **text)
{
    char *replaced;

    if (!*text || !strchr(*text, '%'))
        return 0;
    replaced = replace(inf, *text);
    if (!replaced)
        return -1;
    free(*text);
    *text = replaced;
    return 0;
}

static int replace_all(struct inf *inf)
{
    struct section *section;
    struct inf_line *line;
    unsigned i;

    for (section = inf->sections; section; section = section->next) {
        if (!strncasecmp(section->name, "Strings", 7))
            continue;
        for (line = section->lines; line; line = line->next) {
            if (replace_in(inf, &line->key))
                return -1;
            for (i = 0; i < line->fields; i++)
                if (replace_in(inf, &line->field[i]))
                    return -1;
        }
    }
    return 0;
}

/* ---- The whole file ---- */

struct inf *inf_read(const char *path, char *error, size_t error_size)
{
    struct inf *inf = calloc(1, sizeof(*inf));
    struct reader reader = {.inf = inf, .number = 1, .error = error, .error_size = error_size};
    char *text = NULL;
    int failed = -1;

    if (!inf || !(inf->path = strdup(path))) {
        free(inf);
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    reader.at = text = load(inf, error, error_size);
    if (text)
        failed = read_all(&reader);
    if (!failed && replace_all(inf))
        failed = no_memory(&reader);
    free(reader.field);
    free(text);
    if (!failed)
        return inf;
    inf_free(inf);
    return NULL;
}

bool inf_has(const struct inf *inf, const char *section)
{
    return section_find(inf, section) != NULL;
}

const struct inf_line *inf_lines(const struct inf *inf, const char *section)
{
    const struct section *found = section_find(inf, section);

    return found ? found->lines : NULL;
}

const struct inf_line *inf_find(const struct inf *inf, const char *section, const char *key)
{
    const struct inf_line *line;

    for (line = inf_lines(inf, section); line; line = line->next)
        if (line->key && !strcasecmp(line->key, key))
            return line;
    return NULL;
}

unsigned inf_section_line(const struct inf *inf, const char *section)
{
    const struct section *found = section_find(inf, section);

    return found ? found->number : 1;
}

const char *inf_field(const struct inf_line *line, unsigned index)
{
    return index < line->fields ? line->field[index] : "";
}
