/* SPDX-License-Identifier: MIT */
/*
 * aerovnet_version.h: the one place that says which version this is. The version resource, the
 * miniport's characteristics, the INF's DriverVer and the packages take it from here.
 *
 * The first number is never 0: ChkINF refuses such a DriverVer (E22.1.1017). The fourth number, which
 * grows with each commit, is packaging/build-number's; only the version resource contains it.
 */
#ifndef AEROVNET_VERSION_H
#define AEROVNET_VERSION_H

#define AEROVNET_VERSION_MAJOR 1
#define AEROVNET_VERSION_MINOR 0
#define AEROVNET_VERSION_PATCH 0

#endif
