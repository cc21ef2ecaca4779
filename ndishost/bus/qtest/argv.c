/* SPDX-License-Identifier: MIT */
/* The words of a command line, and QEMU's own. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bus/qtest/argv.h"

#define NETDEV "net0"
#define DEVICE "ndishost0"

/* A list of words that grows. `failed`: memory ran out; everything after does nothing. */
struct list {
    char **words;
    size_t count, room;
    bool failed;
};

/* Takes `word` over; NULL ends in failed. */
static void list_take(struct list *list, char *word)
{
    char **more;

    if (list->count + 2 > list->room) {
        list->room = list->room * 2 + 16;
        more = realloc(list->words, list->room * sizeof *more);
        if (!more)
            list->failed = true;
        else
            list->words = more;
    }
    if (!word || list->failed) {
        list->failed = true;
        free(word);
        return;
    }
    list->words[list->count++] = word;
    list->words[list->count] = NULL;
}

static void list_add(struct list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void list_add(struct list *list, const char *format, ...)
{
    va_list arguments;
    char *word = NULL;

    va_start(arguments, format);
    if (vasprintf(&word, format, arguments) < 0)
        word = NULL;
    va_end(arguments);
    list_take(list, word);
}

static void list_free(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->words[i]);
    free(list->words);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Copies one word of *text to `out` and moves *text past it. Returns the quote that is still open, or 0.
 * A backslash at the very end counts as one. */
static char split_word(const char **text, char *out)
{
    const char *in = *text;
    char quote = 0;

    for (; *in && (quote || !is_blank(*in)); in++) {
        if (*in == quote) {
            quote = 0;
        } else if (!quote && (*in == '\'' || *in == '"')) {
            quote = *in;
        } else if (*in == '\\' && quote != '\'' && (!quote || !in[1] || strchr("\"\\$`", in[1]))) {
            if (!in[1])
                return '\\';
            *out++ = *++in;
        } else {
            *out++ = *in;
        }
    }
    *out = 0;
    *text = in;
    return quote;
}

char **argv_split(const char *text, char *error, size_t error_size)
{
    struct list list = {0};
    char open;

    list_add(&list, "-"); /* makes room, so that no words at all is a list too */
    while (!list.failed) {
        char *word;

        while (is_blank(*text))
            text++;
        if (!*text)
            break;
        word = malloc(strlen(text) + 1);
        open = word ? split_word(&text, word) : 0;
        list_take(&list, word);
        if (open) {
            snprintf(error, error_size,
                     open == '\\'
                         ? "the arguments end with a backslash: add the character that it quotes"
                         : "the arguments have an unmatched %c: add the closing one",
                     open);
            list_free(&list);
            return NULL;
        }
    }
    if (list.failed) {
        snprintf(error, error_size, "out of memory");
        list_free(&list);
        return NULL;
    }
    free(list.words[0]);
    memmove(list.words, list.words + 1, list.count * sizeof *list.words);
    return list.words;
}

void argv_free(char **words)
{
    for (char **word = words; word && *word; word++)
        free(*word);
    free(words);
}

bool argv_option(const char *option, const char *key, char *value, size_t size)
{
    size_t length = strlen(key), n = 0;

    for (;;) {
        while (*option && (*option != ',' || option[1] == ','))
            option += *option == ',' ? 2 : 1;
        if (!*option++)
            return false;
        if (strncmp(option, key, length) == 0 && option[length] == '=')
            break;
    }
    for (option += length + 1; *option && (*option != ',' || option[1] == ','); option++) {
        if (*option == ',')
            option++;
        if (n + 1 < size)
            value[n++] = *option;
    }
    value[n] = 0;
    return true;
}

static bool is_option(const char *word, const char *name)
{
    return *word == '-' && strcmp(word + (word[1] == '-' ? 2 : 1), name) == 0;
}

/* A virtio device of another type than a network card has no option netdev. */
static bool takes_netdev(const char *device)
{
    return strncmp(device, "virtio-", 7) != 0 || strncmp(device, "virtio-net", 10) == 0;
}

/* Returns the word after the -device to use: the first virtio-net device, else the last -device. */
static char **find_device(char **words)
{
    char **found = NULL;

    for (; *words; words++) {
        if (!is_option(*words, "device") || !words[1])
            continue;
        found = ++words;
        if (strncmp(*words, "virtio-net", 10) == 0)
            break;
    }
    return found;
}

/* Appends text to the word at `word`. */
static bool extend(char **word, const char *text)
{
    char *longer = realloc(*word, strlen(*word) + strlen(text) + 1);

    if (longer)
        *word = strcat(longer, text);
    return longer != NULL;
}

static char **add_default_device(char **words)
{
    struct list list = {.words = words};

    while (words[list.count])
        list.count++;
    list.room = list.count + 1;
    list_add(&list, "-device");
    list_add(&list, "virtio-net-pci");
    if (!list.failed)
        return list.words;
    list_free(&list);
    return NULL;
}

char **qemu_words(const char *arguments, struct qemu_command *command, bool *own_wire, char *error,
                  size_t error_size)
{
    char **words = argv_split(arguments, error, error_size);
    char **device, netdev[64] = NETDEV;

    if (!words)
        return NULL;
    if (words[0] && words[0][0] != '-') {
        snprintf(error, error_size,
                 "\"%s\" is not a QEMU option: write 'qtest:-device virtio-net-pci,...'", words[0]);
        argv_free(words);
        return NULL;
    }
    device = find_device(words);
    if (!device) {
        words = add_default_device(words);
        device = words ? find_device(words) : NULL;
    }
    if (device && **device == '{') {
        snprintf(error, error_size,
                 "ndishost does not accept a -device in JSON: write 'DRIVER,OPTION=VALUE,...'");
        argv_free(words);
        return NULL;
    }
    snprintf(command->device, sizeof command->device, "%s", DEVICE);
    if (!device ||
        (takes_netdev(*device) && !argv_option(*device, "netdev", netdev, sizeof netdev) &&
         !extend(device, ",netdev=" NETDEV)) ||
        (!argv_option(*device, "id", command->device, sizeof command->device) &&
         !extend(device, ",id=" DEVICE))) {
        snprintf(error, error_size, "out of memory");
        argv_free(words);
        return NULL;
    }
    snprintf(command->driver, sizeof command->driver, "%.*s", (int)strcspn(*device, ","), *device);
    *own_wire = takes_netdev(command->driver) && strcmp(netdev, NETDEV) == 0;
    return words;
}

/*
 * The accelerator is TCG, not "qtest", which Debian does not ship: the qtest socket works with any,
 * and a ROM of one HLT keeps the processor out of the way. So the machine runs in real time, and
 * devices with timers work. RAM is split at 3 GiB as phys.h has it; without the option `pc` splits
 * at 3 GiB only if there is more than 3.5. The interval timer would do nothing but report its
 * interrupts.
 */
int qemu_command_make(struct qemu_command *command, const char *program, char **words,
                      const struct qemu_fds *fds)
{
    static const char *const fixed[] = {
        "-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"};
    struct list list = {0};

    list_add(&list, "%s", program);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        list_add(&list, "%s", fixed[i]);
    list_add(&list, "-machine");
    list_add(&list, "pc,accel=tcg,memory-backend=mem,max-ram-below-4g=3G,pit=off");
    list_add(&list, "-m");
    list_add(&list, "%lluB", (unsigned long long)fds->memory_bytes);
    list_add(&list, "-object");
    list_add(&list, "memory-backend-file,id=mem,share=on,mem-path=/proc/self/fd/%d,size=%llu",
             fds->memory, (unsigned long long)fds->memory_bytes);
    list_add(&list, "-bios");
    list_add(&list, "/proc/self/fd/%d", fds->rom);
    /* QEMU looks for the chardev of -qtest by this very id. */
    list_add(&list, "-chardev");
    list_add(&list, "socket,id=qtest,fd=%d", fds->qtest);
    list_add(&list, "-qtest");
    list_add(&list, "chardev:qtest");
    list_add(&list, "-qtest-log");
    list_add(&list, "none");
    list_add(&list, "-chardev");
    list_add(&list, "socket,id=qmp,fd=%d", fds->qmp);
    list_add(&list, "-mon");
    list_add(&list, "chardev=qmp,mode=control");
    if (fds->wire >= 0) {
        list_add(&list, "-netdev");
        list_add(&list, "socket,id=" NETDEV ",fd=%d", fds->wire);
    }
    for (size_t i = 0; words[i]; i++)
        list_take(&list, words[i]);
    free(words);
    command->argv = list.words;
    if (!list.failed)
        return 0;
    list_free(&list);
    command->argv = NULL;
    return -1;
}

void qemu_command_free(struct qemu_command *command)
{
    argv_free(command->argv);
    command->argv = NULL;
}
