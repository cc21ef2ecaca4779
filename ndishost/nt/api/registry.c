/* SPDX-License-Identifier: MIT */
/* Keys and values of the registry; see registry.h. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "nt/api/registry.h"

struct registry_key {
    struct registry_key *parent, *first, *next;
    struct value *values;
    char *name;
    bool deleted;
};

struct value {
    struct value *next;
    struct registry_value is;
};

static struct registry_key machine = {.name = (char *)"Machine"};
static struct registry_key *deleted_keys; /* a driver may still hold handles to them */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- Text ---- */

static size_t put_utf8(uint32_t c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3F));
        to[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3F));
    to[2] = (char)(0x80 | (c >> 6 & 0x3F));
    to[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static WCHAR unit_at(const WCHAR *text, size_t index)
{
    WCHAR unit;

    memcpy(&unit, (const char *)text + index * sizeof(WCHAR),
           sizeof(unit)); /* unaligned data too */
    return unit;
}

char *registry_narrow(const WCHAR *text, size_t units)
{
    char *result = malloc(units * 3 + 1);
    size_t length = 0, i;

    if (!result)
        return NULL;
    for (i = 0; i < units; i++) {
        uint32_t c = unit_at(text, i);
        uint32_t low = i + 1 < units ? unit_at(text, i + 1) : 0;

        if (c >= 0xD800 && c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            i++;
        }
        length += put_utf8(c, result + length);
    }
    result[length] = 0;
    return result;
}

/* The next character; a byte that begins none stands for itself. */
static uint32_t get_utf8(const unsigned char **at)
{
    const unsigned char *p = *at;
    unsigned more = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : p[0] < 0xF5 ? 3 : 0, i;
    uint32_t c = p[0];

    if (more)
        c = p[0] & (0x3Fu >> more);
    for (i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *at = p + 1;
            return p[0];
        }
        c = c << 6 | (p[i] & 0x3F);
    }
    *at = p + 1 + more;
    return c;
}

WCHAR *registry_widen(const char *text, size_t *units)
{
    const unsigned char *at = (const unsigned char *)text;
    WCHAR *result = malloc((strlen(text) + 1) * sizeof(WCHAR));
    size_t length = 0;

    if (!result)
        return NULL;
    while (*at) {
        uint32_t c = get_utf8(&at);

        if (c >= 0x10000) {
            c -= 0x10000;
            result[length++] = (WCHAR)(0xD800 + (c >> 10 & 0x3FF));
            c = 0xDC00 + (c & 0x3FF);
        }
        result[length++] = (WCHAR)c;
    }
    result[length] = 0;
    if (units)
        *units = length;
    return result;
}

char *registry_text(const struct registry_value *value)
{
    const WCHAR *text = (const WCHAR *)(const void *)value->data;
    size_t units = 0;

    while (units < value->bytes / sizeof(WCHAR) && unit_at(text, units))
        units++;
    return registry_narrow(text, units);
}

/* ---- Keys; the lock is held ---- */

static struct registry_key *child(struct registry_key *key, const char *name, size_t length)
{
    struct registry_key *at;

    for (at = key->first; at; at = at->next)
        if (strlen(at->name) == length && !strncasecmp(at->name, name, length))
            return at;
    return NULL;
}

static struct registry_key *child_make(struct registry_key *key, const char *name, size_t length)
{
    struct registry_key *made = calloc(1, sizeof(*made)), **at;

    if (!made || !(made->name = strndup(name, length))) {
        free(made);
        return NULL;
    }
    made->parent = key;
    for (at = &key->first; *at; at = &(*at)->next)
        ;
    *at = made;
    return made;
}

static struct registry_key *walk(struct registry_key *key, const char *path, bool create,
                                 bool *made)
{
    if (!key)
        key = &machine;
    if (made)
        *made = false;
    while (key && !key->deleted) {
        struct registry_key *next;
        size_t length;

        path += strspn(path, "\\");
        length = strcspn(path, "\\");
        if (!length)
            return key;
        next = child(key, path, length);
        if (!next && create) {
            next = child_make(key, path, length);
            if (made)
                *made = next != NULL;
        }
        key = next;
        path += length;
    }
    return NULL;
}

struct registry_key *registry_create(struct registry_key *from, const char *path, bool *made)
{
    struct registry_key *key;

    pthread_mutex_lock(&lock);
    key = walk(from, path, true, made);
    pthread_mutex_unlock(&lock);
    return key;
}

struct registry_key *registry_open(struct registry_key *from, const char *path)
{
    struct registry_key *key;

    pthread_mutex_lock(&lock);
    key = walk(from, path, false, NULL);
    pthread_mutex_unlock(&lock);
    return key;
}

bool registry_delete(struct registry_key *key)
{
    struct registry_key **at;
    bool can;

    pthread_mutex_lock(&lock);
    can = key->parent && !key->first && !key->deleted;
    if (can) {
        for (at = &key->parent->first; *at != key; at = &(*at)->next)
            ;
        *at = key->next;
        key->next = deleted_keys;
        deleted_keys = key;
        key->deleted = true;
    }
    pthread_mutex_unlock(&lock);
    return can;
}

bool registry_deleted(const struct registry_key *key)
{
    bool deleted;

    pthread_mutex_lock(&lock);
    deleted = key->deleted;
    pthread_mutex_unlock(&lock);
    return deleted;
}

char *registry_path(const struct registry_key *key)
{
    const struct registry_key *at;
    size_t length = 1;
    char *path, *to;

    for (at = key; at->parent; at = at->parent)
        length += strlen(at->name) + 1;
    path = malloc(length + sizeof(REGISTRY_MACHINE));
    if (!path)
        return NULL;
    to = path + strlen(REGISTRY_MACHINE) + length - 1;
    *to = 0;
    for (at = key; at->parent; at = at->parent) {
        to -= strlen(at->name);
        memcpy(to, at->name, strlen(at->name));
        *--to = '\\';
    }
    memcpy(path, REGISTRY_MACHINE, strlen(REGISTRY_MACHINE));
    return path;
}

char *registry_subkey(struct registry_key *key, unsigned index)
{
    struct registry_key *at;
    char *name;

    pthread_mutex_lock(&lock);
    for (at = key->first; at && index; at = at->next)
        index--;
    name = at ? strdup(at->name) : NULL;
    pthread_mutex_unlock(&lock);
    return name;
}

void registry_count(struct registry_key *key, unsigned *subkeys, unsigned *values)
{
    struct registry_key *at;
    struct value *value;

    *subkeys = *values = 0;
    pthread_mutex_lock(&lock);
    for (at = key->first; at; at = at->next)
        ++*subkeys;
    for (value = key->values; value; value = value->next)
        ++*values;
    pthread_mutex_unlock(&lock);
}

/* ---- Values ---- */

/* Where the value is, or where one of that name would be put. Lock held. */
static struct value **value_at(struct registry_key *key, const char *name)
{
    struct value **at;

    for (at = &key->values; *at; at = &(*at)->next)
        if (!strcasecmp((*at)->is.name, name))
            break;
    return at;
}

static bool copy_value(struct registry_value *to, const char *name, uint32_t type, const void *data,
                       uint32_t bytes)
{
    to->name = strdup(name);
    to->type = type;
    to->bytes = bytes;
    to->data = malloc(bytes + 1u);
    if (!to->name || !to->data) {
        registry_value_free(to);
        return false;
    }
    if (bytes)
        memcpy(to->data, data, bytes);
    return true;
}

int registry_set(struct registry_key *key, const char *name, uint32_t type, const void *data,
                 uint32_t bytes)
{
    struct registry_value copy;
    struct value **at;
    int failed = -1;

    if (!copy_value(&copy, name, type, data, bytes))
        return -1;
    pthread_mutex_lock(&lock);
    at = value_at(key, name);
    if (!key->deleted && (*at || (*at = calloc(1, sizeof(**at))))) {
        struct registry_value before = (*at)->is;

        (*at)->is = copy;
        copy = before;
        failed = 0;
    }
    pthread_mutex_unlock(&lock);
    registry_value_free(&copy);
    return failed;
}

int registry_set_string(struct registry_key *key, const char *name, const char *text)
{
    size_t units;
    WCHAR *wide = registry_widen(text, &units);
    int failed = -1;

    if (wide)
        failed = registry_set(key, name, REG_SZ, wide, (uint32_t)((units + 1) * sizeof(WCHAR)));
    free(wide);
    return failed;
}

int registry_set_number(struct registry_key *key, const char *name, uint32_t number)
{
    return registry_set(key, name, REG_DWORD, &number, sizeof(number));
}

static bool copy_out(const struct value *value, struct registry_value *to)
{
    return value && copy_value(to, value->is.name, value->is.type, value->is.data, value->is.bytes);
}

bool registry_get(struct registry_key *key, const char *name, struct registry_value *value)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = copy_out(*value_at(key, name), value);
    pthread_mutex_unlock(&lock);
    return found;
}

bool registry_get_index(struct registry_key *key, unsigned index, struct registry_value *value)
{
    struct value *at;
    bool found;

    pthread_mutex_lock(&lock);
    for (at = key->values; at && index; at = at->next)
        index--;
    found = copy_out(at, value);
    pthread_mutex_unlock(&lock);
    return found;
}

bool registry_remove(struct registry_key *key, const char *name)
{
    struct value **at, *value;

    pthread_mutex_lock(&lock);
    at = value_at(key, name);
    value = *at;
    if (value)
        *at = value->next;
    pthread_mutex_unlock(&lock);
    if (value)
        registry_value_free(&value->is);
    free(value);
    return value != NULL;
}

void registry_value_free(struct registry_value *value)
{
    free(value->name);
    free(value->data);
    value->name = NULL;
    value->data = NULL;
}

/* ---- Printing ---- */

static void print_strings(const struct registry_value *value, FILE *out)
{
    const WCHAR *text = (const WCHAR *)(const void *)value->data;
    size_t units = value->bytes / sizeof(WCHAR), at = 0, end;

    while (at < units && unit_at(text, at)) {
        char *one;

        for (end = at; end < units && unit_at(text, end);)
            end++;
        one = registry_narrow(text + at, end - at);
        fprintf(out, "%s%s", at ? "|" : "", one ? one : "");
        free(one);
        at = end + 1;
    }
}

static void print_value(const struct registry_value *value, FILE *out)
{
    static const char *const types[] = {"none",  "sz",        "expand_sz", "binary",
                                        "dword", "dword_big", "link",      "multi_sz"};
    char *text = NULL;
    uint32_t number, i;

    fprintf(out, "%s = ", *value->name ? value->name : "@");
    if (value->type < sizeof(types) / sizeof(types[0]))
        fprintf(out, "%s:", types[value->type]);
    else
        fprintf(out, "type %" PRIu32 ":", value->type);
    if (value->type == REG_SZ || value->type == REG_EXPAND_SZ)
        fputs((text = registry_text(value)) ? text : "", out);
    else if (value->type == REG_MULTI_SZ)
        print_strings(value, out);
    else if (value->type == REG_DWORD && value->bytes == sizeof(number))
        memcpy(&number, value->data, sizeof(number)), fprintf(out, "%" PRIu32, number);
    else
        for (i = 0; i < value->bytes; i++)
            fprintf(out, "%02x", value->data[i]);
    fputc('\n', out);
    free(text);
}

void registry_print(struct registry_key *key, FILE *out)
{
    struct registry_value value;
    struct registry_key *below;
    char *name, *path;
    unsigned i;

    for (i = 0; registry_get_index(key, i, &value); i++) {
        path = i ? NULL : registry_path(key);
        if (path)
            fprintf(out, "[%s]\n", path);
        free(path);
        print_value(&value, out);
        registry_value_free(&value);
    }
    for (i = 0; (name = registry_subkey(key, i)); i++) {
        below = registry_open(key, name);
        free(name);
        if (below)
            registry_print(below, out);
    }
}
