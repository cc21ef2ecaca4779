/* SPDX-License-Identifier: MIT */
#include "net/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net/flow.h"

#define SWEEP_MAX 1514 /* a sweep has no jumbo frames */

/* One `NAME=VALUE` in the text, not terminated. */
struct given {
    const char *name, *value; /* value NULL: there was no '=' */
    int name_length, value_length;
};

static int refuse_unknown(const char *owner, struct given given, const struct option *table,
                          size_t rows, char *error, size_t size)
{
    char names[256] = "";

    for (size_t i = 0; i < rows; i++) {
        strncat(names, i ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, table[i].name, sizeof names - strlen(names) - 1);
    }
    snprintf(error, size, "%s: there is no option \"%.*s\"; use one of %s", owner,
             given.name_length, given.name, names);
    return -1;
}

/* A whole number and nothing else from text up to end; the number must reach end. */
static bool number(const char *text, const char *end, uint64_t *value)
{
    char copy[32];
    char *rest;
    size_t length = (size_t)(end - text);

    if (!length || length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    if (copy[0] < '0' || copy[0] > '9')
        return false;
    errno = 0;
    *value = strtoull(copy, &rest, !strncmp(copy, "0x", 2) ? 16 : 10);
    return !errno && !*rest;
}

/* Is the text `name`? */
static bool is_word(struct given given, const char *name)
{
    return strlen(name) == (size_t)given.value_length &&
           !memcmp(name, given.value, (size_t)given.value_length);
}

static bool read_number(const struct option *row, struct given given)
{
    uint64_t value;

    if (!number(given.value, given.value + given.value_length, &value) || value < row->minimum ||
        value > row->maximum)
        return false;
    *row->number = value;
    return true;
}

static bool read_range(const struct option *row, struct given given)
{
    const char *end = given.value + given.value_length;
    const char *dash = memchr(given.value, '-', (size_t)given.value_length);
    uint64_t low, high;

    if (!number(given.value, dash ? dash : end, &low))
        return false;
    high = low;
    if (dash && !number(dash + 1, end, &high))
        return false;
    if (low < row->minimum || high > row->maximum || low > high)
        return false;
    row->number[0] = low;
    row->number[1] = high;
    return true;
}

static bool read_choice(const struct option *row, struct given given)
{
    for (unsigned i = 0; row->choices[i]; i++) {
        if (is_word(given, row->choices[i])) {
            *row->number = i;
            return true;
        }
    }
    return false;
}

static bool read_sizes(const struct option *row, struct given given)
{
    if (!is_word(given, "sweep"))
        return read_range(row, given);
    row->number[0] = row->minimum;
    row->number[1] = row->maximum < SWEEP_MAX ? row->maximum : SWEEP_MAX;
    return true;
}

static bool read_set(const struct option *row, struct given given)
{
    const char *end = given.value + given.value_length;
    uint64_t set = 0;

    for (;;) {
        const char *plus = memchr(given.value, '+', (size_t)(end - given.value));
        unsigned i = 0;

        given.value_length = (int)((plus ? plus : end) - given.value);
        while (row->choices[i] && !is_word(given, row->choices[i]))
            i++;
        if (!row->choices[i])
            return false;
        set |= UINT64_C(1) << i;
        if (!plus)
            break;
        given.value = plus + 1;
    }
    *row->number = set;
    return true;
}

static bool read_tag(const struct option *row, struct given given)
{
    const char *end = given.value + given.value_length;
    const char *colon = memchr(given.value, ':', (size_t)given.value_length);
    uint64_t vlan, priority = 0;

    row->number[0] = is_word(given, "random") ? FLOW_TAGS_RANDOM : FLOW_TAGS_NONE;
    if (row->number[0] == FLOW_TAGS_RANDOM || is_word(given, "none"))
        return true;
    if (!number(given.value, colon ? colon : end, &vlan) || vlan > TAG_VLAN ||
        (colon && (!number(colon + 1, end, &priority) || priority > 7)))
        return false;
    row->number[0] = FLOW_TAGS_ONE;
    row->number[1] = priority << 13 | vlan;
    return true;
}

static void expected(const struct option *row, char *text, size_t size)
{
    switch (row->kind) {
    case OPTION_NUMBER:
        if (row->maximum == UINT64_MAX)
            snprintf(text, size, "a number from %" PRIu64 " up", row->minimum);
        else
            snprintf(text, size, "a number from %" PRIu64 " to %" PRIu64, row->minimum,
                     row->maximum);
        break;
    case OPTION_RANGE:
        snprintf(text, size, "a number from %" PRIu64 " to %" PRIu64 ", or two as MIN-MAX",
                 row->minimum, row->maximum);
        break;
    case OPTION_CHOICE:
        *text = 0;
        for (unsigned i = 0; row->choices[i]; i++) {
            strncat(text, i ? " or " : "", size - strlen(text) - 1);
            strncat(text, row->choices[i], size - strlen(text) - 1);
        }
        break;
    case OPTION_SIZES:
        snprintf(text, size, "a number from %" PRIu64 " to %" PRIu64 ", two as MIN-MAX, or sweep",
                 row->minimum, row->maximum);
        break;
    case OPTION_SET:
        *text = 0;
        for (unsigned i = 0; row->choices[i]; i++) {
            strncat(text, i ? ", " : "some of ", size - strlen(text) - 1);
            strncat(text, row->choices[i], size - strlen(text) - 1);
        }
        strncat(text, ", joined by +", size - strlen(text) - 1);
        break;
    case OPTION_TAG:
        snprintf(text, size,
                 "none, random, or a VLAN of at most 4095 and a priority of at most 7 "
                 "as VLAN:PRIORITY");
        break;
    }
}

static int read_option(const char *owner, struct given given, const struct option *row, char *error,
                       size_t size)
{
    static bool (*const read[])(const struct option *, struct given) = {
        [OPTION_NUMBER] = read_number, [OPTION_RANGE] = read_range, [OPTION_CHOICE] = read_choice,
        [OPTION_TAG] = read_tag,       [OPTION_SIZES] = read_sizes, [OPTION_SET] = read_set};
    char text[128];

    if (given.value && read[row->kind](row, given))
        return 0;
    expected(row, text, sizeof text);
    if (given.value)
        snprintf(error, size, "%s: %s=%.*s: expected %s", owner, row->name, given.value_length,
                 given.value, text);
    else
        snprintf(error, size, "%s: option \"%s\" has no value: expected %s=, then %s", owner,
                 row->name, row->name, text);
    return -1;
}

int options_parse(const char *owner, const char *arguments, const struct option *table, size_t rows,
                  char *error, size_t error_size)
{
    uint32_t seen = 0;

    if (!arguments || !*arguments)
        return 0;
    for (const char *at = arguments, *end;; at = end + 1) {
        struct given given = {.name = at};
        size_t row = 0;

        end = strchrnul(at, ',');
        given.name_length = (int)(end - at);
        given.value = memchr(at, '=', (size_t)(end - at));
        if (given.value) {
            given.name_length = (int)(given.value - at);
            given.value++;
            given.value_length = (int)(end - given.value);
        }
        while (row < rows && (strlen(table[row].name) != (size_t)given.name_length ||
                              memcmp(table[row].name, at, (size_t)given.name_length)))
            row++;
        if (row == rows)
            return refuse_unknown(owner, given, table, rows, error, error_size);
        if (seen >> row & 1) {
            snprintf(error, error_size, "%s: option \"%s\" is given twice", owner, table[row].name);
            return -1;
        }
        seen |= UINT32_C(1) << row;
        if (read_option(owner, given, &table[row], error, error_size))
            return -1;
        if (!*end)
            return 0;
    }
}
