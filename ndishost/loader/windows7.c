/* SPDX-License-Identifier: MIT */
/* Lookups in tables of text; see windows7.h. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "loader/windows7.h"

/* A file of the source tree, followed by a NUL. The Makefile knows that this object depends on it. */
#define TABLE(symbol, file)                        \
    __asm__(".pushsection .rodata\n" #symbol ":\n" \
            ".incbin \"" file "\"\n"               \
            ".byte 0\n"                            \
            ".popsection\n");                      \
    extern const char symbol[] __attribute__((visibility("hidden")))

TABLE(windows7_ndis, "include/ndis-mingw/exports/ndis.exports");
TABLE(windows7_ntoskrnl, "include/ndis-mingw/exports/ntoskrnl.exports");
TABLE(windows7_hal, "include/ndis-mingw/exports/hal.exports");
TABLE(windows7_documented, "ndishost/loader/documented");

#if defined(__x86_64__)
#define COLUMN 2
#else
#define COLUMN 1
#endif

static const struct {
    const char *dll, *exports;
} modules[] = {
    {"NDIS.SYS", windows7_ndis},
    {"ntoskrnl.exe", windows7_ntoskrnl},
    {"HAL.dll", windows7_hal},
};

/* Other modules of Windows 7 that a network driver imports from */
static const char *const others[] = {
    "cng.sys",      "fwpkclnt.sys", "ksecdd.sys", "msrpc.sys",  "netio.sys",
    "storport.sys", "tdi.sys",      "usbd.sys",   "wdfldr.sys", "wmilib.sys",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The words behind `name` in its line, or NULL. A comment is no such line, nor is the line that names the module. */
static const char *row(const char *table, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = table; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (*line == '#' || !strncmp(line, "dll ", 4))
            continue;
        if (!strncmp(line, name, length) && line[length] == ' ')
            return line + length + 1;
    }
    return NULL;
}

/* Copies up to a blank or, with `rest`, to the end of the line; returns what follows. */
static const char *word(const char *from, bool rest, char *to, size_t size)
{
    size_t length = strcspn(from, rest ? "\n" : " \n");

    snprintf(to, size, "%.*s", (int)length, from);
    return from + length + (from[length] == ' ');
}

static void document(const char *name, struct windows7_export *export)
{
    const char *words = row(windows7_documented, name);
    char header[32], lower[64];
    size_t i;

    export->page[0] = export->irql[0] = 0;
    if (!words || strlen(name) >= sizeof lower)
        return;
    words = word(words, false, header, sizeof header);
    word(words, true, export->irql, sizeof export->irql);
    for (i = 0; i <= strlen(name); i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    snprintf(export->page, sizeof export->page,
             "https://learn.microsoft.com/windows-hardware/drivers/ddi/%s/nf-%s-%s", header, header,
             lower);
}

enum windows7_answer windows7_export(const char *dll, const char *name,
                                     struct windows7_export *export)
{
    for (size_t i = 0; i < COUNT(modules); i++) {
        const char *words;
        char x86[8], x64[8];

        if (strcasecmp(dll, modules[i].dll))
            continue;
        words = row(modules[i].exports, name);
        if (!words)
            return WINDOWS7_NOT_EXPORTED;
        word(word(words, false, x86, sizeof x86), false, x64, sizeof x64);
        if (!strcmp(COLUMN == 1 ? x86 : x64, "no"))
            return WINDOWS7_NOT_EXPORTED;
        if (export)
            document(name, export);
        return WINDOWS7_EXPORTED;
    }
    for (size_t i = 0; i < COUNT(others); i++)
        if (!strcasecmp(dll, others[i]))
            return WINDOWS7_NO_TABLE;
    return WINDOWS7_NO_SUCH_MODULE;
}
