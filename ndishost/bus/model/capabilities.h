/* SPDX-License-Identifier: MIT */
/*
 * capabilities.h: fills in the PCI configuration space: header, BARs, and the capability list with all
 * the oddities that were ordered.
 */
#ifndef NDISHOST_MODEL_CAPABILITIES_H
#define NDISHOST_MODEL_CAPABILITIES_H

#include "bus/model/layout.h"

/* Needs BARs and places in layout; writes config, writable, and where the capabilities are. false: the
 * configuration space has not room for all that was ordered. */
bool capabilities_build(struct layout *layout, const struct options *options);

#endif
