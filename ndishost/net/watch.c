/* SPDX-License-Identifier: MIT */
#include "net/watch.h"

#include <time.h>

#define INTERVAL_NS 10000000L

static void pause_or_stop(struct watch *watch)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += INTERVAL_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&watch->wake, &watch->lock, &until);
}

static void *watch_thread(void *argument)
{
    struct watch *watch = argument;
    bool more = true;

    pthread_mutex_lock(&watch->lock);
    while (more && !watch->stopping) {
        pthread_mutex_unlock(&watch->lock);
        more = watch->look(watch->context);
        pthread_mutex_lock(&watch->lock);
        if (more && !watch->stopping)
            pause_or_stop(watch);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

int watch_start(struct watch *watch, bool (*look)(void *context), void *context)
{
    pthread_condattr_t attributes;
    int error;

    *watch = (struct watch){.look = look, .context = context};
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    error = pthread_create(&watch->thread, NULL, watch_thread, watch);
    watch->running = !error;
    return error;
}

void watch_stop(struct watch *watch)
{
    if (!watch->running)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    watch->running = false;
}
