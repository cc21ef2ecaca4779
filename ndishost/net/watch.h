/* SPDX-License-Identifier: MIT */
/*
 * watch.h: a thread that looks at a network end many times a second, until the end has nothing more
 * to do or watch_stop: there it is seen that all frames are home, or that nothing moves.
 *   watch_start(&watch, look, net);  ...  watch_stop(&watch);
 */
#ifndef NDISHOST_NET_WATCH_H
#define NDISHOST_NET_WATCH_H

#include <pthread.h>
#include <stdbool.h>

struct watch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping, running; /* guarded by lock; only start and stop touch running */
    bool (*look)(void *context);
    void *context;
};

/* `look` is called until it returns false. 0, or the errno of pthread_create. */
int watch_start(struct watch *watch, bool (*look)(void *context), void *context);
/* Waits for the thread; does nothing if none was started. Not from within look. */
void watch_stop(struct watch *watch);

#endif
