/* SPDX-License-Identifier: MIT */
/*
 * install.h: what an INF of a network adapter writes to the registry when Windows 7 installs it.
 *   if (inf_choose(inf, ids, &model, error, sizeof error) ||
 *       inf_install(inf, &model, adapter_key, hardware_key, error, sizeof error)) ...
 * The architecture is that of this program: NTamd64 in ndishost, NTx86 in ndishost32. Files are not
 * copied, and co-installers do not run.
 */
#ifndef NDISHOST_INF_INSTALL_H
#define NDISHOST_INF_INSTALL_H

#include <stdbool.h>
#include <stddef.h>
#include "inf/inf.h"
#include "nt/api/registry.h"

#define INF_NAME_MAX 256

/* One line of a models section that Windows 7 would take. */
struct inf_model {
    const struct inf_line *line;
    const char *description;       /* DriverDesc */
    const char *id;                /* MatchingDeviceId */
    bool matches;                  /* one of the ids is the device's */
    char section[INF_NAME_MAX];    /* without its decoration: InfSection */
    char decoration[INF_NAME_MAX]; /* ".NTamd64": InfSectionExt */
};

/* Checks [Version] and [Manufacturer] and takes the model with the most specific of the device's ids
 * (`ids`: most specific first, NULL-terminated; NULL: no device), or without a match the first one. 0,
 * or -1 with "PATH:LINE: what" in error. The texts stay the INF's. */
int inf_choose(const struct inf *inf, const char *const *ids, struct inf_model *model, char *error,
               size_t error_size);

/* The service that the model installs for the driver; "" if it installs none. 0 or -1 as above. */
int inf_service(const struct inf *inf, const struct inf_model *model, char name[INF_NAME_MAX],
                char *error, size_t error_size);

/* Writes the values of the model to the adapter's key, of its hardware section to the hardware key, of
 * its service to the service's key; then, as the class installer for networks does, the default of each
 * required Ndi\params keyword that has no value. 0 or -1 as above. */
int inf_install(const struct inf *inf, const struct inf_model *model, struct registry_key *adapter,
                struct registry_key *hardware, char *error, size_t error_size);

#endif
