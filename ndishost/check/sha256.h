/* SPDX-License-Identifier: MIT */
/*
 * sha256.h: SHA-256 (FIPS 180-4) of a file, for reports: they say which driver file they speak of.
 *   char hex[SHA256_HEX];  sha256_file("aerovnet.sys", hex);
 */
#ifndef NDISHOST_SHA256_H
#define NDISHOST_SHA256_H

#define SHA256_HEX 65

/* 64 lower-case digits and a 0; -1 if the file cannot be read. */
int sha256_file(const char *path, char hex[SHA256_HEX]);

#endif
