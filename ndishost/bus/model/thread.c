/* SPDX-License-Identifier: MIT */
/*
 * The device's thread: sleeps until it is told of something, then moves frames both ways until nothing
 * is left to move. It looks at a queue only when it was notified of it or has asked not to be: a
 * driver that forgets a notification hangs here as it would elsewhere, and is reported. In lockstep it
 * does nothing: who calls bus.h's step moves the frames, and who writes a register resets the device.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "bus/model/model.h"
#include "bus/thread.h"

#define LOOK_MS      500u /* how often a sleeping device looks for forgotten notifications */
#define NO_NOTIFY_MS 1u   /* and how often if a fault forbids the driver to notify at all */

static void deadline(struct timespec *at, uint64_t microseconds)
{
    clock_gettime(CLOCK_MONOTONIC, at);
    at->tv_sec += (time_t)(microseconds / 1000000);
    at->tv_nsec += (long)(microseconds % 1000000) * 1000;
    if (at->tv_nsec >= 1000000000) {
        at->tv_sec++;
        at->tv_nsec -= 1000000000;
    }
}

/* Of WORK_xxx, what only a step looks at when the device is in lockstep. */
#define STEP_WORK ((unsigned)(WORK_QUEUES | WORK_WIRE))

static __thread const struct model *stepping; /* the device that this thread steps */

bool thread_is_me(const struct model *model)
{
    return stepping == model || pthread_equal(pthread_self(), model->thread);
}

bool thread_steps(const struct model *model)
{
    return stepping == model;
}

static void lockstep_reset(struct model *model);

static unsigned take_work(struct model *model, unsigned which)
{
    return atomic_fetch_and(&model->work, ~which) & which;
}

/* Takes the work that the device's thread is to do. */
static unsigned take_own_work(struct model *model)
{
    return take_work(model, model->options.lockstep ? WORK_CLOSE : ~0u);
}

void thread_wake(struct model *model, unsigned work)
{
    atomic_fetch_or(&model->work, work);
    /* Whoever falls asleep now sees the work: it looks once more after it has said that it sleeps. */
    if (model->options.lockstep && !(work & WORK_CLOSE)) {
        if (work & ~STEP_WORK)
            lockstep_reset(model);
        return;
    }
    if (!atomic_load(&model->asleep))
        return;
    pthread_mutex_lock(&model->sleep_lock);
    pthread_cond_signal(&model->sleep_cond);
    pthread_mutex_unlock(&model->sleep_lock);
}

/* The work there is; waits for some at most so long, 0 if there was none. */
static unsigned wait_for_work(struct model *model, uint64_t microseconds)
{
    unsigned work = take_own_work(model);
    struct timespec at;

    if (work)
        return work;
    deadline(&at, microseconds);
    pthread_mutex_lock(&model->sleep_lock);
    atomic_store(&model->asleep, true);
    while (!(work = take_own_work(model)))
        if (pthread_cond_timedwait(&model->sleep_cond, &model->sleep_lock, &at) == ETIMEDOUT)
            break;
    atomic_store(&model->asleep, false);
    pthread_mutex_unlock(&model->sleep_lock);
    return work;
}

void thread_delay(struct model *model)
{
    struct timespec at;

    if (model->options.delay == 0)
        return;
    deadline(&at, model->options.delay);
    pthread_mutex_lock(&model->sleep_lock);
    atomic_store(&model->asleep, true);
    while (!(atomic_load(&model->work) & (WORK_RESET | WORK_CLOSE)))
        if (pthread_cond_timedwait(&model->sleep_cond, &model->sleep_lock, &at) == ETIMEDOUT)
            break;
    atomic_store(&model->asleep, false);
    pthread_mutex_unlock(&model->sleep_lock);
}

/* ---- Reset ---- */

static void slow_reset(struct model *model)
{
    struct timespec at;

    deadline(&at, 1000 * model->options.reset_ms);
    pthread_mutex_lock(&model->sleep_lock);
    while (!(atomic_load(&model->work) & WORK_CLOSE))
        if (pthread_cond_timedwait(&model->sleep_cond, &model->sleep_lock, &at) == ETIMEDOUT)
            break;
    pthread_mutex_unlock(&model->sleep_lock);
}

static void reset(struct model *model)
{
    if (fault_hit(&model->faults, FAULT_RESET_SLOW))
        slow_reset(model);
    if (fault_hit(&model->faults, FAULT_RESET_NEVER)) {
        pthread_mutex_lock(&model->lock);
        model->common.reset_held = true;
        pthread_mutex_unlock(&model->lock);
        return;
    }
    /* Before device_status reads 0, or a notification of the next life might get lost. */
    atomic_fetch_and(&model->work, ~(unsigned)WORK_QUEUES);
    for (unsigned i = 0; i < model->queues; i++)
        model->look[i] = LOOK_NOT;
    model->pairs_used = 1;
    rx_filter_reset(&model->filter, model->options.mac);
    steer_reset(&model->steer);
    atomic_store(&model->dead, false);
    /* And no interrupt is left by then: 2.4.1. */
    interrupt_clear(model);
    pthread_mutex_lock(&model->lock);
    common_cfg_reset(model);
    pthread_mutex_unlock(&model->lock);
}

bool thread_resets(struct model *model)
{
    bool resets;

    pthread_mutex_lock(&model->lock);
    resets = model->common.reset_pending && !fault_armed(&model->faults, FAULT_RESET_NEVER);
    pthread_mutex_unlock(&model->lock);
    return resets;
}

/* ---- What a driver broke ---- */

static void tell_fatal(struct model *model)
{
    const char *rule = atomic_exchange(&model->fatal_rule, NULL);
    bool confused = atomic_exchange(&model->confused, false);
    char why[160];

    if (!rule && !confused)
        return;
    pthread_mutex_lock(&model->lock);
    model_set_needs_reset(model);
    pthread_mutex_unlock(&model->lock);
    interrupt_config(model);
    if (!rule || model->failed_told || !model->bus.events->failed)
        return;
    model->failed_told = true;
    snprintf(why, sizeof why, "the driver broke rule %s (reported above), so the device stopped",
             rule);
    model->bus.events->failed(model->bus.context, why);
}

/* After a time asleep: is there a queue with new buffers of which the driver ought to have notified?
 * Twice in a row with nothing in between means that it will not come any more. */
static void look_for_forgotten(struct model *model)
{
    unsigned work = 0;

    pthread_mutex_lock(&model->lock);
    for (unsigned i = 0; i < model->queues && !thread_stale(model); i++) {
        struct ring *ring = &model->ring[i];

        if (model_is_wide(model) && !ring->live) /* pairs that the driver has not set up */
            continue;
        if (!ring_mapped(model, ring))
            break;
        if (!ring_pending(ring) || !ring_notifications_wanted(model, ring)) {
            model->queue_stale[i] = 0;
            continue;
        }
        if (++model->queue_stale[i] < 2)
            continue;
        model->queue_stale[i] = 0;
        ring_violation(model, ring, RULE_NOTIFY_MISSING,
                       "queue %u has had new buffers for half a second without a notification, "
                       "which the device did not suppress",
                       i);
        work |= WORK_QUEUE << i;
    }
    pthread_mutex_unlock(&model->lock);
    atomic_fetch_or(&model->work, work);
}

/* ---- For both directions ---- */

void thread_frame_fault(struct model *model)
{
    if (fault_hit(&model->faults, FAULT_GONE_FRAME))
        model_remove(model);
    if (!fault_hit(&model->faults, FAULT_NEEDS_RESET))
        return;
    pthread_mutex_lock(&model->lock);
    model_set_needs_reset(model);
    pthread_mutex_unlock(&model->lock);
    interrupt_config(model);
}

bool thread_await_notification(struct model *model, struct ring *ring)
{
    if (model->options.lockstep == LOCKSTEP_BUSY) /* the next step looks */
        return !ring_pending(ring);
    ring_want_notifications(model, ring, true);
    if (ring_pending(ring))
        return false;
    /* A fault may keep the driver from ever notifying: then we go on looking, as such a device has to. */
    if (!fault_armed(&model->faults, FAULT_NO_NOTIFY))
        model->look[ring->index] = LOOK_NOT;
    return true;
}

void thread_shuffle(struct model *model, struct used_buffer *used, unsigned count)
{
    for (unsigned i = count; model->options.reorder && i > 1; i--) {
        unsigned j = (unsigned)random_below(&model->random, i);
        struct used_buffer swap = used[i - 1];

        used[i - 1] = used[j];
        used[j] = swap;
    }
}

/* ---- The thread ---- */

/* What other queues than the first pair have, but receive queues. */
static __attribute__((noinline)) bool move_further(struct model *model)
{
    bool more = false;

    for (unsigned pair = 1; pair < atomic_load(&model->pairs); pair++)
        more |= transmit_further(model, pair);
    more |= control_batch(model);
    return more;
}

/* true: there is more to do, without being told. */
static bool move_frames(struct model *model)
{
    bool more = transmit_batch(model);

    if (model_is_wide(model))
        more |= move_further(model);
    more |= receive_batch(model);
    if (model->live && fault_hit(&model->faults, FAULT_SPURIOUS))
        interrupt_queue(model, QUEUE_RX);
    if (model->live && fault_hit(&model->faults, FAULT_CONFIG_SPURIOUS))
        interrupt_config(model);
    tell_fatal(model);
    return more;
}

static inline void note_queue(struct model *model, unsigned work, unsigned index)
{
    if (!(work & WORK_QUEUE << index))
        return;
    model->queue_stale[index] = 0;
    model->look[index] = LOOK_NOTIFIED;
}

static inline void note_notified(struct model *model, unsigned work)
{
    note_queue(model, work, QUEUE_RX);
    note_queue(model, work, QUEUE_TX);
    for (unsigned i = 2; i < model->queues; i++)
        note_queue(model, work, i);
}

/* Runs on the thread that wrote the register, so that the driver reads device_status equally often in each run. */
static void lockstep_reset(struct model *model)
{
    pthread_mutex_lock(&model->turn);
    if (take_work(model, WORK_RESET | WORK_LIVE) & WORK_RESET)
        reset(model);
    tell_fatal(model);
    pthread_mutex_unlock(&model->turn);
}

bool thread_step(struct model *model)
{
    unsigned work = take_work(model, STEP_WORK);
    bool moved = false;

    pthread_mutex_lock(&model->turn);
    stepping = model;
    note_notified(model, work);
    while (move_frames(model))
        moved = true;
    if (!work && !moved)
        look_for_forgotten(model);
    stepping = NULL;
    pthread_mutex_unlock(&model->turn);
    interrupt_update(model);
    return work || moved;
}

static void *run(void *argument)
{
    struct model *model = argument;
    bool more = false;

    while (model->options.lockstep)
        if (wait_for_work(model, LOOK_MS * 1000) & WORK_CLOSE)
            return NULL;
    for (;;) {
        bool no_notify = fault_armed(&model->faults, FAULT_NO_NOTIFY);
        unsigned work = more ? atomic_exchange(&model->work, 0)
                             : wait_for_work(model, (no_notify ? NO_NOTIFY_MS : LOOK_MS) * 1000);

        if (work & WORK_CLOSE)
            return NULL;
        if (work & WORK_RESET)
            reset(model);
        if (work == 0 && !more && !no_notify) {
            look_for_forgotten(model);
            continue;
        }
        note_notified(model, work);
        more = move_frames(model);
    }
}

bool thread_start(struct model *model)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&model->turn, NULL);
    pthread_mutex_init(&model->sleep_lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&model->sleep_cond, &attributes);
    pthread_condattr_destroy(&attributes);
    return bus_thread_start(&model->thread, "model", run, model) == 0;
}

void thread_stop(struct model *model)
{
    thread_wake(model, WORK_CLOSE);
    pthread_join(model->thread, NULL);
}
