/* SPDX-License-Identifier: MIT */
/*
 * thread.h: a thread of a bus: named, and deaf to signals, which are the main program's to take.
 *   failed = bus_thread_start(&thread, "qtest", run, argument);  ...  pthread_join(thread, NULL);
 */
#ifndef NDISHOST_BUS_THREAD_H
#define NDISHOST_BUS_THREAD_H

#include <pthread.h>

/* 0, or the error number. `name`: at most 15 characters, seen in ps and debuggers. */
int bus_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument);

#endif
