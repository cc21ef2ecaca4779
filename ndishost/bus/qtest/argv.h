/* SPDX-License-Identifier: MIT */
/*
 * argv.h: QEMU's command line: the options that the back end needs, then the user's own words, split
 * as a shell splits them.
 *   words = argv_split("-device 'virtio-net-pci,mac=...'", ...);   argv_free(words);
 *   words = qemu_words("-device ...", &command, ...);
 *   qemu_command_make(&command, ..., words, &fds);  ... execvp ...;  qemu_command_free(&command);
 */
#ifndef NDISHOST_QTEST_ARGV_H
#define NDISHOST_QTEST_ARGV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words of `text`: blanks part them, '...' and "..." keep them whole, a backslash takes the next
 * character as it is (within "..." only before ", \, $ and `). Nothing is expanded. A list that
 * ends with NULL, or NULL with one line in error. */
char **argv_split(const char *text, char *error, size_t error_size);
void argv_free(char **words);

/* The value of `key` in QEMU's "driver,key=value,..." (",," is a comma in a value), copied to
 * `value`. false: no such key. */
bool argv_option(const char *option, const char *key, char *value, size_t size);

/* Descriptors that QEMU inherits; wire is -1 if it is not to have one. */
struct qemu_fds {
    int qtest, qmp, wire, memory, rom;
    uint64_t memory_bytes;
};

struct qemu_command {
    char **argv;
    char device[64]; /* the id of the device under test */
    char driver[64]; /* its driver: "virtio-net-pci" */
};

/* What the person's words say of the device: which -device it is, and whether its netdev is ours.
 * Needed before the descriptors are made. `words` may be changed: id and netdev are added to the
 * device. */
char **qemu_words(const char *arguments, struct qemu_command *command, bool *own_wire, char *error,
                  size_t error_size);

/* Makes the whole command: the back end's options, then `words`, which it takes over. -1: out of memory. */
int qemu_command_make(struct qemu_command *command, const char *program, char **words,
                      const struct qemu_fds *fds);
void qemu_command_free(struct qemu_command *command);

#endif
