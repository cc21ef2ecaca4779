/* SPDX-License-Identifier: MIT */
/*
 * bad_send.h: sends that no well-behaved protocol makes, and awkward ones that are legal: one chain
 * of NET_BUFFER_LISTs past the network end, in whatever state the adapter is, and what became of
 * it.
 *   bad_send(adapter, "short", text, sizeof text)
 *   -> 0, "short: NDIS_STATUS_INVALID_LENGTH (0xC0010014); on the wire none"
 *   bad_send_kinds(text, sizeof text)  -> "good, zero-nbs, ..."
 */
#ifndef NDISHOST_BAD_SEND_H
#define NDISHOST_BAD_SEND_H

#include <stddef.h>

struct ndis_adapter;

/* Beside the kinds there is "cut:LENGTH:FIRST": a good frame of LENGTH bytes in two MDLs, the first
 * of FIRST bytes.
 * One line in text: the kind; the status of each list, by name, equal ones together with their
 * number; and how many of the frames came out of the device. -1, and the line says why: there is
 * no such kind; the adapter is halted; a list was not complete within 30 s, or was changed; a frame
 * is wrong on the wire, or not there although it was completed as sent. PASSIVE_LEVEL; one at a time per
 * adapter. */
int bad_send(struct ndis_adapter *adapter, const char *kind, char *text, size_t size);

/* The kinds, with commas between. */
void bad_send_kinds(char *text, size_t size);

#endif
