/* SPDX-License-Identifier: MIT */
/*
 * dispatcher.h: the objects that threads wait for, as the parts of nt/ signal them.
 *   dispatcher_init(&timer->Header, DISPATCHER_TIMER_NOTIFICATION, 0);  dispatcher_signal(&..., 1);
 * The state is in the object itself, where a driver may look; who waits is kept here.
 */
#ifndef NDISHOST_DISPATCHER_H
#define NDISHOST_DISPATCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <ntddk.h>

/* DISPATCHER_HEADER.Type, as Windows numbers them. */
enum dispatcher_type {
    DISPATCHER_EVENT_NOTIFICATION = 0,
    DISPATCHER_EVENT_SYNCHRONIZATION = 1,
    DISPATCHER_MUTANT = 2,
    DISPATCHER_SEMAPHORE = 5,
    DISPATCHER_THREAD = 6,
    DISPATCHER_TIMER_NOTIFICATION = 8,
    DISPATCHER_TIMER_SYNCHRONIZATION = 9
};

void dispatcher_init(DISPATCHER_HEADER *header, enum dispatcher_type type, LONG state);
/* Sets SignalState and wakes whom that satisfies; returns what it was. */
LONG dispatcher_set(DISPATCHER_HEADER *header, LONG state);
/* Adds to SignalState, unless it would pass `limit` (then false, and nothing has changed). */
bool dispatcher_add(DISPATCHER_HEADER *header, LONG add, LONG limit, LONG *before);
LONG dispatcher_read(const DISPATCHER_HEADER *header);

/* A wait's deadline on the host's clock for a driver's timeout: relative when negative, system time
 * otherwise, NULL for ever. */
uint64_t dispatcher_deadline(const LARGE_INTEGER *timeout);

#endif
