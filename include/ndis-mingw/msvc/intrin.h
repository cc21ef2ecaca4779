/* SPDX-License-Identifier: MIT */
/* intrin.h: empty on purpose. The compiler knows its intrinsics, and the vector types are not needed. */
