/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bus/pci/bind.h"
#include "bus/pci/sysfs.h"

#define DRIVER "uio_pci_generic"
/* In driver_override: the name of no driver, so that no other driver binds meanwhile. */
#define NO_DRIVER "ndishost-poll"

const char *bind_sysfs = "/sys";

bool bind_name(const char *text, char name[static 16])
{
    unsigned domain = 0, bus, slot, function;
    int end = -1;

    if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) != 4) {
        domain = 0;
        if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) != 3)
            return false;
    }
    if (end < 0 || text[end] || slot > 31 || function > 7)
        return false;
    snprintf(name, 16, "%04x:%02x:%02x.%x", domain, bus & 0xff, slot, function);
    return true;
}

/* --- what may stand in the way --- */

static int refuse(char *error, size_t error_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(char *error, size_t error_size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return -1;
}

/* The name of a network interface of the function that is up; its user would lose it. */
static bool interface_up(const struct binding *binding, char *name, size_t size)
{
    bool up = false;

    for (size_t i = 0; i < 2 && !up; i++) {
        char pattern[SYSFS_PATH], path[SYSFS_PATH], flags[32];
        glob_t found;

        sysfs_path(pattern, i ? "%s/virtio*/net/*" : "%s/net/*", binding->device);
        if (glob(pattern, 0, NULL, &found))
            continue;
        for (size_t j = 0; j < found.gl_pathc && !up; j++)
            if (sysfs_read(sysfs_path(path, "%s/flags", found.gl_pathv[j]), flags, sizeof flags) ==
                    0 &&
                strtoul(flags, NULL, 0) & 1) {
                snprintf(name, size, "%s", strrchr(found.gl_pathv[j], '/') + 1);
                up = true;
            }
        globfree(&found);
    }
    return up;
}

static int check_iommu(const struct binding *binding, char *error, size_t error_size)
{
    char path[SYSFS_PATH], group[32], type[32];

    if (!sysfs_link(sysfs_path(path, "%s/iommu_group", binding->device), group, sizeof group) ||
        (sysfs_read(sysfs_path(path, "%s/iommu_group/type", binding->device), type, sizeof type) ==
             0 &&
         strcmp(type, "identity") == 0))
        return 0;
    return refuse(error, error_size,
                  "%s is behind an IOMMU (group %s), which ndishost cannot program: boot with "
                  "iommu=pt, or intel_iommu=off",
                  binding->name, group);
}

static int check_function(const struct binding *binding, char *error, size_t error_size)
{
    char path[SYSFS_PATH], interface[32];
    uint8_t pin = 0;
    FILE *config;

    if (!sysfs_exists(binding->device))
        return refuse(error, error_size,
                      "there is no PCI function %s; %s/bus/pci/devices lists those there are",
                      binding->name, bind_sysfs);
    if (strcmp(binding->before, "vfio-pci") == 0)
        return refuse(error, error_size,
                      "%s is vfio-pci's, which may have lent it to somebody: unbind it first",
                      binding->name);
    if (interface_up(binding, interface, sizeof interface))
        return refuse(error, error_size,
                      "%s is the network interface %s, which is up: take it down first "
                      "(ip link set %s down)",
                      binding->name, interface, interface);
    if (binding->mode == BIND_NONE)
        return check_iommu(binding, error, error_size);
    config = fopen(sysfs_path(path, "%s/config", binding->device), "rb");
    if (config) {
        if (fseek(config, 0x3d, SEEK_SET) == 0 && fread(&pin, 1, 1, config) != 1)
            pin = 0;
        fclose(config);
    }
    if (!pin)
        return refuse(error, error_size,
                      "%s has no INTx pin, and " DRIVER " knows no other interrupts: choose "
                      "another device, or write pci:%s,poll",
                      binding->name, binding->name);
    return check_iommu(binding, error, error_size);
}

static int check_driver(char *error, size_t error_size)
{
    char path[SYSFS_PATH];

    if (sysfs_exists(sysfs_path(path, "%s/bus/pci/drivers/" DRIVER, bind_sysfs)))
        return 0;
    return refuse(error, error_size,
                  "the kernel module " DRIVER " is not loaded: modprobe " DRIVER);
}

/* --- binding --- */

static void find_uio(struct binding *binding)
{
    char path[SYSFS_PATH];
    DIR *directory = opendir(sysfs_path(path, "%s/uio", binding->device));
    struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (strncmp(entry->d_name, "uio", 3) == 0)
            snprintf(binding->uio, sizeof binding->uio, "%.15s", entry->d_name);
    if (directory)
        closedir(directory);
}

static int rebind(const struct binding *binding, const char *driver, const char *what)
{
    char path[SYSFS_PATH];

    return sysfs_write(sysfs_path(path, "%s/bus/pci/drivers/%s/%s", bind_sysfs, driver, what),
                       binding->name);
}

static int set_override(const struct binding *binding, const char *driver)
{
    char path[SYSFS_PATH];

    return sysfs_write(sysfs_path(path, "%s/driver_override", binding->device),
                       *driver ? driver : "\n");
}

static void read_state(struct binding *binding)
{
    char path[SYSFS_PATH];

    if (!sysfs_link(sysfs_path(path, "%s/driver", binding->device), binding->before,
                    sizeof binding->before))
        *binding->before = 0;
    if (sysfs_read(sysfs_path(path, "%s/driver_override", binding->device), binding->override,
                   sizeof binding->override) < 0 ||
        strcmp(binding->override, "(null)") == 0)
        *binding->override = 0;
}

static int move(struct binding *binding, char *error, size_t error_size)
{
    bool uio = binding->mode == BIND_UIO;
    int saved;

    binding->changed = true;
    if (set_override(binding, uio ? DRIVER : NO_DRIVER) == 0 &&
        (!*binding->before || rebind(binding, binding->before, "unbind") == 0) &&
        (!uio || rebind(binding, DRIVER, "bind") == 0))
        return 0;
    saved = errno;
    bind_give_back(binding);
    return refuse(error, error_size, "%s cannot be %s: %s%s", binding->name,
                  uio ? "given to " DRIVER : "taken from its driver", strerror(saved),
                  saved == EACCES || saved == EPERM ? " (root can do it)"
                  : saved == ENODEV                 ? " (it has no interrupt, or no driver model)"
                                                    : "");
}

int bind_take(struct binding *binding, const char *name, enum bind_mode mode, char *error,
              size_t error_size)
{
    memset(binding, 0, sizeof *binding);
    snprintf(binding->name, sizeof binding->name, "%s", name);
    snprintf(binding->device, sizeof binding->device, "%s/bus/pci/devices/%s", bind_sysfs, name);
    binding->mode = mode;
    read_state(binding);
    if (check_function(binding, error, error_size) < 0 ||
        (mode == BIND_UIO && check_driver(error, error_size) < 0))
        return -1;
    if ((mode == BIND_NONE || strcmp(binding->before, DRIVER) != 0) &&
        move(binding, error, error_size) < 0)
        return -1;
    if (mode == BIND_UIO)
        find_uio(binding);
    binding->taken = mode == BIND_NONE || *binding->uio;
    if (binding->taken)
        return 0;
    bind_give_back(binding);
    return refuse(error, error_size, DRIVER " holds %s, but shows no uio device for it: see dmesg",
                  binding->name);
}

void bind_give_back(struct binding *binding)
{
    char path[SYSFS_PATH], now[64];

    if (!binding->changed)
        return;
    binding->changed = binding->taken = false;
    if (sysfs_link(sysfs_path(path, "%s/driver", binding->device), now, sizeof now))
        rebind(binding, now, "unbind");
    set_override(binding, binding->override);
    if (*binding->before)
        rebind(binding, binding->before, "bind");
}
