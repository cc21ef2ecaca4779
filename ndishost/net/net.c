/* SPDX-License-Identifier: MIT */
/* The list of network ends, and how `--net NAME[:ARGUMENTS]` finds one. */
#include "net/net.h"

#include <string.h>

static const struct net_backend *const backends[] = {&net_tap, &net_gen, &net_echo, &net_ping,
                                                     &net_none};

#define BACKENDS (sizeof backends / sizeof backends[0])

struct net *net_open(const char *spec, struct net_ports *ports, char *error, size_t error_size)
{
    size_t length = strcspn(spec, ":");
    const char *arguments = spec[length] ? spec + length + 1 : "";
    char names[64] = "";

    for (size_t i = 0; i < BACKENDS; i++) {
        if (strlen(backends[i]->name) == length && !memcmp(backends[i]->name, spec, length))
            return backends[i]->open(arguments, ports, error, error_size);
        strncat(names, i ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, backends[i]->name, sizeof names - strlen(names) - 1);
    }
    snprintf(error, error_size, "--net: there is no network end \"%.*s\"; use one of %s",
             (int)length, spec, names);
    return NULL;
}

void net_help(FILE *out)
{
    for (size_t i = 0; i < BACKENDS; i++)
        fputs(backends[i]->help, out);
}
