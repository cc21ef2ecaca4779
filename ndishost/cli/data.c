/* SPDX-License-Identifier: MIT */
/* Where the program's files are; see data.h. */
#include "cli/data.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 256

/* The program's own path; "" if it is not known. */
static void own_path(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);

    path[length > 0 ? length : 0] = 0;
}

/* The folder of a path, without its last `levels` parts. */
static void above(char *path, unsigned levels)
{
    while (levels--) {
        char *slash = strrchr(path, '/');

        if (slash)
            *slash = 0;
    }
}

bool data_file(const char *file, char *path, size_t size)
{
    /* out/ndishost in the source tree, PREFIX/bin/ndishost where it is installed */
    static const char *const folders[] = {"", "/share/ndishost"};
    const char *named = getenv("NDISHOST_DATA");
    char base[PATH_MAX];
    size_t i;

    if (named && *named) {
        snprintf(path, size, "%s/%s", named, file);
        return access(path, R_OK) == 0;
    }
    own_path(base, sizeof(base));
    above(base, 2);
    for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, size, "%.3000s%s/%s", base, folders[i], file);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

int data_script(const char *file, char *const *arguments, char *error, size_t error_size)
{
    char script[PATH_MAX], self[PATH_MAX];
    char *command[ARGUMENTS_MAX + 4] = {(char *)"python3", (char *)"-B", script};
    unsigned i;

    for (i = 0; arguments[i] && i < ARGUMENTS_MAX; i++)
        command[i + 3] = arguments[i];
    own_path(self, sizeof(self));
    if (!data_file(file, script, sizeof(script)))
        snprintf(error, error_size,
                 "%s is missing; set NDISHOST_DATA to the folder that `make install` made", script);
    else if (arguments[i])
        snprintf(error, error_size, "there are more than %d arguments", ARGUMENTS_MAX);
    else if (setenv("NDISHOST", self, 1) || execvp(command[0], command))
        snprintf(error, error_size, "cannot start python3, which runs %s: %s", script,
                 strerror(errno));
    return -1;
}
