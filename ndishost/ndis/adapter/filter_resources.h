/* SPDX-License-Identifier: MIT */
/*
 * filter_resources.h: a miniport changes which interrupts its device is going to have.
 *   status = filter_resources(adapter);      between MiniportAddDevice and MiniportInitializeEx
 */
#ifndef NDISHOST_FILTER_RESOURCES_H
#define NDISHOST_FILTER_RESOURCES_H

#include "ndis/api/miniport.h"

/* Calls MiniportFilterResourceRequirements, which the driver has, with IRP_MN_FILTER_RESOURCE_REQUIREMENTS, and assigns
 * what is then in the list: more messages or fewer, for other processors, or the line. PASSIVE_LEVEL. */
NDIS_STATUS filter_resources(struct ndis_adapter *adapter);

#endif
