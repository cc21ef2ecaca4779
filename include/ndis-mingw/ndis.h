/* SPDX-License-Identifier: MIT */
/*
 * NDIS 6.20 for miniport drivers and for programs that stand in for NDIS.
 *
 * mingw-w64 has no declarations of NDIS 6; these are written from Microsoft's documentation and
 * held to what Windows 7 comes to by tests/abi. They are never on the include path of a WDK.
 *
 * A driver defines NDIS620_MINIPORT=1 and NDIS_MINIPORT_DRIVER=1, puts this directory before the
 * compiler's own ddk directory and includes <ndis.h>. What Microsoft's headers define as a macro is
 * a macro for it, in their form, so that GCC and clang reject what Microsoft's compiler rejects.
 *
 * A program that stands in for NDIS leaves NDIS_MINIPORT_DRIVER undefined and puts its own ntddk.h
 * first. It sees the functions that Windows exports instead of the macros of the same names. Only
 * NT's type names occur here, so both get Windows' layouts.
 */

#ifndef NDIS_MINGW_NDIS_H
#define NDIS_MINGW_NDIS_H

#include <ntddk.h>

#ifdef NDIS_MINIPORT_DRIVER
#include "ndis/macros.h"
#endif

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
