/* SPDX-License-Identifier: MIT */
/*
 * sysfs.h: the small files of /sys and /proc: a word read, a word written, a link's name.
 *   sysfs_read("/sys/bus/pci/devices/0000:00:03.0/vendor", text, sizeof text);
 */
#ifndef NDISHOST_PCI_SYSFS_H
#define NDISHOST_PCI_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

#define SYSFS_PATH 256

/* Puts a path together; `path` has SYSFS_PATH bytes. Returns path. */
char *sysfs_path(char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The file's text without its last line feed. 0, or -1 with errno. */
int sysfs_read(const char *path, char *text, size_t size);
/* One write of the whole text. 0, or -1 with errno. */
int sysfs_write(const char *path, const char *text);
bool sysfs_exists(const char *path);
/* The last part of what a symbolic link points to; false if there is none. */
bool sysfs_link(const char *path, char *name, size_t size);

#endif
