/* SPDX-License-Identifier: MIT */
/*
 * aerovnet_version.h: the one place that says which version this is. The version resource, the
 * miniport's characteristics, the INF's DriverVer and the packages take it from here.
 */
#ifndef AEROVNET_VERSION_H
#define AEROVNET_VERSION_H

#define AEROVNET_VERSION_MAJOR 0
#define AEROVNET_VERSION_MINOR 1
#define AEROVNET_VERSION_PATCH 0
#define AEROVNET_VERSION_BUILD 0

#define AEROVNET_VERSION_TEXT  "0.1.0.0"

#endif
