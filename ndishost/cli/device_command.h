/* SPDX-License-Identifier: MIT */
/*
 * device_command.h: the command `device` of scenario control: what a program does with a device of the driver.
 *   device list                              ok NAME <- LINK, ...
 *   device open NAME                         ok FILE
 *   device read FILE LENGTH [MS]             ok HEX; what is pending after MS (30000) is cancelled
 *   device write FILE HEX                    ok COUNT
 *   device ioctl FILE CODE LENGTH [HEX]      ok HEX; LENGTH bytes may come out
 *   device begin read FILE LENGTH            ok REQUEST; the reply does not wait, as for ioctl
 *   device end REQUEST [MS]                  as the reply of read
 *   device close FILE
 */
#ifndef NDISHOST_DEVICE_COMMAND_H
#define NDISHOST_DEVICE_COMMAND_H

#include "cli/commands.h"

#define DEVICE_COMMAND_HELP                                                                     \
    "device list|open NAME|read FILE LENGTH|write FILE HEX|ioctl FILE CODE LENGTH [HEX]|close " \
    "FILE"

void device_command(const struct scenario *scenario, struct ndis_adapter *adapter, char *arguments,
                    struct reply *reply);
/* As when the program ends: closes what is open. Before the adapters halt. */
void device_command_end(void);

#endif
