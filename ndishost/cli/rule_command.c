/* SPDX-License-Identifier: MIT */
/* One rule in full; see rule_command.h. */
#include "cli/rule_command.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "cli/data.h"
#include "rules/rules.h"

#define LINE_MAX_LENGTH 1024

static bool of_virtio(const struct rule *rule)
{
    return rule->text[0] >= '0' && rule->text[0] <= '9';
}

static void print_text(const struct rule *rule, FILE *out)
{
    fprintf(out, "%s\n", rule->name);
    if (of_virtio(rule))
        fprintf(out, "  demands: what virtio 1.2 says in section %s\n  page:    %s\n", rule->text,
                RULE_STANDARD);
    else
        fprintf(out, "  demands: %s\n", rule->text);
    if (rule->page)
        fprintf(out, "  page:    %s%s\n", RULE_PAGES, rule->page);
    else if (!of_virtio(rule))
        fprintf(out, "  page:    PCI Local Bus Specification 3.0\n");
}

/* One function of a C file, from its name to its closing brace; all of the file if `function` is NULL. */
static bool print_source(const char *path, const char *function, FILE *out)
{
    FILE *file = fopen(path, "r");
    char line[LINE_MAX_LENGTH];
    bool inside = !function, printed = false;

    if (!file)
        return false;
    while (fgets(line, sizeof(line), file)) {
        const char *at = function ? strstr(line, function) : NULL;

        if (at && *line == 's' && at[strlen(function)] == '(')
            inside = true;
        if (!inside)
            continue;
        fputs(line, out);
        printed = true;
        if (function && !strcmp(line, "}\n"))
            break;
    }
    fclose(file);
    return printed;
}

static void print_example(const struct rule *rule, FILE *out)
{
    char file[128], path[PATH_MAX];

    if (rule->example)
        snprintf(file, sizeof(file), "%s", RULE_EXAMPLES);
    else
        snprintf(file, sizeof(file), "tests/rules/%s.c", rule->name);
    fprintf(out, "  broken:  by %s%s%s\n", rule->example ? rule->example : "",
            rule->example ? " in " : "", file);
    fprintf(out, "\n");
    if (!data_file(file, path, sizeof(path)) || !print_source(path, rule->example, out))
        fprintf(out, "(%s is not installed)\n", path);
}

/* The names that have what was asked for in them. */
static void similar(const char *name, char *buf, size_t size)
{
    const char *found;
    size_t used = 0, i;

    *buf = 0;
    for (i = 0; (found = rule_name(i)) && used + 80 < size; i++)
        if (*name && strcasestr(found, name))
            used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", found);
}

int rule_explain(const char *name, FILE *out, char *error, size_t error_size)
{
    int index = rule_find(name);
    char names[300];

    if (index < 0) {
        similar(name, names, sizeof(names));
        snprintf(error, error_size, "there is no rule \"%s\"; %s%s", name,
                 *names ? "these are similar: " : "`ndishost rules` lists all", names);
        return -1;
    }
    print_text(rule_at((size_t)index), out);
    print_example(rule_at((size_t)index), out);
    return 0;
}
