/* SPDX-License-Identifier: MIT */
/* What llvm-pdbutil says of a PDB, as lines of a linker's map; see pdb.h. */
#include "loader/pdb.h"

#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_LENGTH 4096
#define NAME_MAX_LENGTH 200

extern char **environ;

/* Starts the tool; its output, or NULL. */
static FILE *start(const char *path, pid_t *child)
{
    char *const command[] = {(char *)"llvm-pdbutil", (char *)"dump", (char *)"--symbols",
                             (char *)path, NULL};
    posix_spawn_file_actions_t actions;
    FILE *output = NULL;
    int ends[2], failed;

    if (pipe(ends))
        return NULL;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    failed = posix_spawnp(child, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (!failed)
        output = fdopen(ends[0], "r");
    if (!output)
        close(ends[0]);
    if (!failed && !output)
        waitpid(*child, NULL, 0);
    return output;
}

/* "  72 | S_GPROC32 [size = 52] `DriverEntry`": the name, or false. S_LPROC32 is a static function's. */
static bool read_name(const char *line, char *name)
{
    const char *at = strstr(line, "| S_GPROC32 ");

    if (!at)
        at = strstr(line, "| S_LPROC32 ");
    at = at ? strchr(at, '`') : NULL;
    if (!at)
        return false;
    snprintf(name, NAME_MAX_LENGTH, "%.*s", (int)strcspn(at + 1, "`\n"), at + 1);
    return true;
}

/* "  parent = 0, end = 312, addr = 0001:0256, code size = 255", in decimal. */
static bool read_address(const struct pe *pe, const char *line, uint64_t *address)
{
    const char *at = strstr(line, "addr = ");
    unsigned section, offset;

    if (!at || sscanf(at, "addr = %u:%u", &section, &offset) != 2 || section < 1 ||
        section > pe->sections)
        return false;
    *address = pe->image_base + pe->section[section - 1].rva + offset;
    return true;
}

void pdb_symbols_read(const struct pe *pe, const char *path, struct pe_symbols *symbols)
{
    char line[LINE_MAX_LENGTH], name[NAME_MAX_LENGTH] = "", *text = NULL;
    uint64_t address;
    size_t size = 0;
    pid_t child;
    FILE *output = start(path, &child), *map = output ? open_memstream(&text, &size) : NULL;

    while (map && fgets(line, sizeof(line), output)) {
        if (read_name(line, name) || !*name || !read_address(pe, line, &address))
            continue;
        fprintf(map, " 0001:00000000 %s %016" PRIx64 " f\n", name, address);
        *name = 0;
    }
    if (output) {
        fclose(output);
        waitpid(child, NULL, 0);
    }
    if (map && !fclose(map))
        pe_symbols_read_map(pe, text, size, symbols);
    free(text);
}
