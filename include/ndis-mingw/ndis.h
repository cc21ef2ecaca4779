/* SPDX-License-Identifier: MIT */
/*
 * NDIS 6.20 for miniport drivers and for programs that stand in for NDIS.
 *
 * mingw-w64 has no declarations of NDIS 6; these are written from Microsoft's documentation and
 * held to what Windows 7 comes to by tests/abi. They are never on the include path of a WDK.
 *
 * Define NDIS620_MINIPORT=1 and NDIS_MINIPORT_DRIVER=1, put this directory before the compiler's
 * own ddk directory, include <ndis.h>. A Linux program puts its own ntddk.h before it. Only NT's
 * type names occur here, so that both get Windows' layouts.
 */

#ifndef NDIS_MINGW_NDIS_H
#define NDIS_MINGW_NDIS_H

#include <ntddk.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "ndis/sal.h"
#include "ndis/base.h"
#include "ndis/status.h"
#include "ndis/medium.h"
#include "ndis/oid.h"
#include "ndis/nbl.h"
#include "ndis/offload.h"
#include "ndis/power.h"
#include "ndis/receive.h"
#include "ndis/port.h"
#include "ndis/interface.h"
#include "ndis/interrupt.h"
#include "ndis/dma.h"
#include "ndis/miniport.h"
#include "ndis/config.h"
#include "ndis/sync.h"
#include "ndis/memory.h"

#ifdef __cplusplus
}
#endif

#endif
