/* SPDX-License-Identifier: MIT */
/*
 * Windows' kernel declarations for a Linux program that stands in for Windows.
 *
 * Types with Windows' sizes and alignments on x64 and x86; the structures that drivers and the
 * kernel share; the prototypes of what ntoskrnl.exe and HAL.dll export. The prototypes have the drivers'
 * own calling conventions, so that a definition that does not fit does not compile.
 *
 * Include it before <ndis.h>. Documentation: Microsoft's ddi/wdm and ddi/ntddk; tests/abi holds
 * the layouts to Windows 7's.
 */

#ifndef NDISHOST_NTDDK_H
#define NDISHOST_NTDDK_H

#include "ntddk/compiler.h"
#include "ntddk/types.h"
#include "ntddk/status.h"
#include "ntddk/list.h"
#include "ntddk/dispatcher.h"
#include "ntddk/mdl.h"
#include "ntddk/resource.h"
#include "ntddk/device.h"
#include "ntddk/pci.h"
#include "ntddk/dma.h"
#include "ntddk/ke.h"
#include "ntddk/ex.h"
#include "ntddk/mm.h"
#include "ntddk/io.h"
#include "ntddk/rtl.h"
#include "ntddk/zw.h"
#include "ntddk/hal.h"

#endif
