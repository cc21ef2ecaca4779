/* SPDX-License-Identifier: MIT */
/* configuration.h: the keywords of the adapter's registry key, as aerovnet.inf declares them. */
#ifndef AEROVNET_CONFIGURATION_H
#define AEROVNET_CONFIGURATION_H

#include "aerovnet.h"

/* Leaves the numbers of the keywords. In Initialize, before AerovnetDeviceNegotiate. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetReadConfiguration(_In_ PAEROVNET_ADAPTER Adapter);

/* Leaves CurrentAddress. A PermanentAddress that cannot be a station's is replaced by a made address:
 * locally administered, random, and kept in the adapter's registry key, so that each start finds it
 * again. In Initialize, after AerovnetDeviceAddress. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetChooseAddress(_In_ PAEROVNET_ADAPTER Adapter);

#endif
