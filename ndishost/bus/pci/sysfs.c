/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bus/pci/sysfs.h"

char *sysfs_path(char *path, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(path, SYSFS_PATH, format, arguments);
    va_end(arguments);
    return path;
}

int sysfs_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
    ssize_t got;

    if (fd < 0)
        return -1;
    got = read(fd, text, size - 1);
    saved = errno;
    close(fd);
    errno = saved;
    if (got < 0)
        return -1;
    if (got > 0 && text[got - 1] == '\n')
        got--;
    text[got] = 0;
    return 0;
}

int sysfs_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), saved;
    ssize_t put;

    if (fd < 0)
        return -1;
    put = write(fd, text, strlen(text));
    saved = errno;
    close(fd);
    errno = saved;
    return put == (ssize_t)strlen(text) ? 0 : -1;
}

bool sysfs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool sysfs_link(const char *path, char *name, size_t size)
{
    char target[SYSFS_PATH];
    ssize_t length = readlink(path, target, sizeof target - 1);
    const char *slash;

    if (length < 0)
        return false;
    target[length] = 0;
    slash = strrchr(target, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : target);
    return true;
}
