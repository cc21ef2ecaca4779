/* SPDX-License-Identifier: MIT */
/*
 * model.h: the model device as its own files see it. One thread moves frames (thread.c, transmit.c,
 * receive.c); registers are served on whatever thread touches them (registers.c, common_cfg.c,
 * device_cfg.c, config_space.c). An event of the bus is delivered with no lock held, always.
 */
#ifndef NDISHOST_MODEL_H
#define NDISHOST_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "bus/bus.h"
#include "bus/model/fault.h"
#include "bus/model/rx_filter.h"
#include "bus/model/layout.h"
#include "bus/model/options.h"
#include "bus/model/ring.h"
#include "bus/model/rule.h"
#include "bus/model/steer.h"
#include "bus/model/wire.h"
#include "nt/machine/random.h"

/* Queues 2 * p and 2 * p + 1 are pair p's; the control queue comes after the last pair that is negotiated. */
#define QUEUE_RX   0
#define QUEUE_TX   1
#define QUEUES_MAX (2 * PAIRS_MAX + 1)

#define BATCH      64u /* buffers handled between two looks at everything else */

/* What the device's thread has to look at. */
enum work {
    WORK_QUEUE = 1, /* shifted by the queue's index: it was notified */
    WORK_QUEUES = (1 << QUEUES_MAX) - 1,
    WORK_WIRE = 1 << 20, /* a frame has arrived */
    WORK_RESET = 1 << 21,
    WORK_CLOSE = 1 << 22,
    WORK_LIVE = 1 << 23 /* DRIVER_OK, or a fault was armed: look at everything */
};

/* How the device's thread stands to a queue. */
enum look {
    LOOK_NOT,     /* waits for a notification */
    LOOK_ON,      /* has asked for none, and looks by itself */
    LOOK_NOTIFIED /* was notified, and has not looked since */
};

enum counter {
    COUNT_READS,
    COUNT_WRITES,
    COUNT_CONFIG_READS,
    COUNT_ISR_READS,
    COUNT_NOTIFICATIONS, /* queue 0, 1 */
    COUNT_NOTIFICATIONS_TX,
    COUNT_NOTIFICATIONS_LOW,  /* below DISPATCH_LEVEL */
    COUNT_NOTIFICATIONS_VAIN, /* that nothing new was behind */
    COUNT_INTERRUPTS,         /* the line went up */
    COUNT_MESSAGES,
    COUNT_CONFIG_CHANGES,
    COUNT_RESETS,
    COUNT_DRIVER_OK,       /* DRIVER_OK was set */
    COUNT_FAILED,          /* FAILED was set */
    COUNT_RX_AT_DRIVER_OK, /* receive buffers that were there when DRIVER_OK was set */
    COUNT_TX_FRAMES,
    COUNT_TX_BYTES,
    COUNT_TX_REFUSED, /* that broke a rule, and did not get onto the wire */
    COUNT_TX_NO_LINK,
    COUNT_RX_FRAMES,
    COUNT_RX_BYTES,
    COUNT_RX_TOO_LONG, /* for the buffer that the driver gave */
    COUNT_RX_STARVED,  /* times that frames waited and no buffer was there */
    COUNT_RX_FILTERED, /* that the driver's filters keep out */
    COUNT_CTRL,        /* commands of the control queue */
    COUNT_CTRL_ERR,    /* that failed */
    COUNT_RX_UNTOLD,   /* received, and perhaps never told: a used idx went back over them */
    COUNT_RX_MISLED,   /* received after a lie that the driver cannot see, until the next reset */
    COUNTERS
};

/* Structure members that registers show; lock. */
struct common_cfg {
    uint32_t device_feature_select, driver_feature_select;
    uint16_t config_msix_vector, queue_select;
    uint8_t status; /* without what faults add */
    uint8_t generation;
    bool reset_pending;      /* 0 was written, the device's thread is at it */
    bool reset_held;         /* ... and reset_never keeps it from its end */
    bool reset_ignored;      /* 0 was written, and a fault kept it from being a reset */
    bool reset_seen;         /* 0 was written, ever */
    bool features_ok_reread; /* the driver looked whether FEATURES_OK stayed */
    bool config_dirty;       /* changed since it was last read: 4.1.4.3.1 */
    bool mac_read_unproven;  /* the MAC was read, its generation not since */
};

struct model {
    struct bus bus;
    struct options options;
    struct layout layout; /* config: lock; the rest never changes */
    uint64_t offered;
    struct faults faults;

    /* Guards registers and rings: everything down to `random`. Never held across an event. */
    pthread_mutex_t lock;
    struct common_cfg common;
    uint64_t driver_features;
    uint64_t negotiated; /* 0 until FEATURES_OK */
    uint8_t mac[6];      /* since the last reset */
    struct ring ring[QUEUES_MAX];
    unsigned queues; /* of ring; never changes */
    /* Written under the lock; elsewhere looked at without, as a hint. */
    atomic_bool live;   /* DRIVER_OK and no reset since */
    atomic_bool broken; /* by a FATAL violation or by NEEDS_RESET, until reset */
    atomic_bool link_up;
    atomic_uint notifiable; /* one bit a queue: enabled, and DRIVER_OK */
    uint8_t msix_table[MSIX_VECTORS_MAX * 16];
    struct random random;

    /* The interrupt line, without a lock: see interrupt.c. */
    _Atomic uint8_t isr;
    atomic_uint decoding;  /* PCI_COMMAND_IO, PCI_COMMAND_MEMORY */
    atomic_bool mastering; /* command register; written under the lock */
    atomic_bool intx_off;  /* command register, or MSI-X enabled */
    atomic_bool msix_on;   /* the two bits of message control, written under the lock */
    atomic_bool msix_masked;
    atomic_uint msix_pending; /* one bit a vector */
    atomic_int isr_zero;      /* reads that a fault still answers with 0 */
    atomic_int isr_stuck;     /* reads that a fault does not let clear it */
    atomic_bool gone;         /* all ones */
    atomic_bool dead;         /* by FAULT_DEAD: sends no interrupt */

    /* The device's thread: see thread.c. */
    pthread_t thread;
    atomic_uint work;
    atomic_bool asleep;
    pthread_mutex_t sleep_lock;
    pthread_cond_t sleep_cond;
    pthread_mutex_t turn; /* in lockstep: held by the thread that does the device's work */
    struct wire wire;
    uint16_t mtu;                     /* since the last reset */
    struct chain_piece last_received; /* the buffer that was used last; data NULL: none */
    uint8_t *frames;                  /* the thread's own: BATCH of frame_max */
    uint32_t frame_max;               /* longest frame the device sends on */
    uint8_t *packet;                  /* the same: a packet to segment, SEGMENT_PACKET bytes */
    uint32_t queue_stale[QUEUES_MAX]; /* looks at a queue with buffers that nobody notified of */
    enum look look[QUEUES_MAX];
    /* What DRIVER_OK brings about, before `live`. */
    atomic_uint pairs;   /* that are negotiated */
    atomic_uint control; /* index of the control queue, 0: there is none */
    /* The thread's own again: what the control queue's commands have set. */
    unsigned pairs_used; /* 1 after a reset */
    struct rx_filter filter;
    struct steer steer;

    _Atomic(const char *) fatal_rule; /* its name, until the owner of the bus is told */
    atomic_bool confused; /* by its own lie (see ring.h): NEEDS_RESET is due, and nobody's fault */
    bool failed_told;     /* the device's thread's own */
    unsigned instance;
    _Alignas(8) _Atomic uint64_t counter[COUNTERS];
    _Alignas(8) _Atomic uint64_t notified[QUEUES_MAX]; /* those after the first pair */
    _Atomic uint32_t violation[RULE_COUNT];
};

/* Are there more queues than one pair? What this is asked for first costs other devices nothing. */
static inline bool model_is_wide(const struct model *model)
{
    return __builtin_expect(model->queues > 2, 0);
}

static inline void count(struct model *model, enum counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&model->counter[counter], n, memory_order_relaxed);
}

/* ---- interrupt.c ---- */
/* A used buffer notification of that queue, and a configuration change notification. No lock held. */
void interrupt_queue(struct model *model, unsigned queue);
void interrupt_config(struct model *model);
uint8_t interrupt_read_isr(struct model *model);
void interrupt_clear(struct model *model);
/* Brings the line to where isr, intx_off and gone say it is, and flushes messages. No lock held. */
void interrupt_update(struct model *model);
/* Sends what is pending and not masked. No lock held. */
void messages_flush(struct model *model);
/* bus.h's. */
bool message_target(unsigned number, struct bus_message *message);
bool interrupt_asserted(const struct model *model);

/* ---- config_space.c ---- */
uint32_t config_space_read(struct model *model, unsigned offset, unsigned size);
void config_space_write(struct model *model, unsigned offset, unsigned size, uint32_t value);
/* What the command register and MSI-X bring about. Lock held, or nobody else there yet. */
void config_space_written(struct model *model);
/* The MSI-X table as after power-on: all entries masked, nothing pending. Lock held, or nobody else there yet. */
void msix_table_reset(struct model *model);
/* The function was without power: MSI-X is off, and its table lost. No lock held. */
void config_space_forget(struct model *model);

/* ---- registers.c: any offset, any size ---- */
uint64_t registers_read(struct model *model, unsigned bar, uint64_t offset, unsigned size);
void registers_write(struct model *model, unsigned bar, uint64_t offset, unsigned size,
                     uint64_t value);

/* ---- common_cfg.c, device_cfg.c: lock held; offset in the structure ---- */
uint32_t common_cfg_read(struct model *model, uint32_t offset, unsigned size);
/* Sets *work to what the thread has to be told. */
void common_cfg_write(struct model *model, uint32_t offset, unsigned size, uint32_t value,
                      unsigned *work);
void common_cfg_reset(struct model *model);
/* How many queues there are with what is negotiated; before that, at most. Lock held. */
unsigned common_cfg_queues(const struct model *model);
uint32_t device_cfg_read(struct model *model, uint32_t offset, unsigned size);
void device_cfg_changed(struct model *model);

/* ---- thread.c ---- */
bool thread_start(struct model *model);
void thread_stop(struct model *model);
/* Is a reset under way that will end? */
bool thread_resets(struct model *model);
void thread_wake(struct model *model, unsigned work);
/* The device's thread, or one that steps the device. */
bool thread_is_me(const struct model *model);
/* bus.h's step. */
bool thread_step(struct model *model);
/* The caller steps the device: the interrupt line, and messages, wait until it has done so. */
bool thread_steps(const struct model *model);
/* Must the thread drop what it is in the middle of? It cannot miss a reset with a new life after it:
 * resets are done by the thread itself. With bus mastering off it reaches no memory. Lock held. */
static inline bool thread_stale(const struct model *model)
{
    return !model->live || model->broken || !model->mastering;
}

/* ---- transmit.c, receive.c: the device's thread; true: there is more to do at once ---- */
bool transmit_batch(struct model *model); /* of the first pair */
bool transmit_further(struct model *model, unsigned pair);
/* Fetches what is new in a queue whose buffers the device reads. false: nothing waits there. Lock held. */
bool transmit_look(struct model *model, struct ring *ring);
bool receive_batch(struct model *model);
/* ---- control.c: the same ---- */
bool control_batch(struct model *model);
/* Waits as delay=N says, or until the device is reset or closed. */
void thread_delay(struct model *model);
/* An occasion of the faults that count frames and concern the whole device. No lock held. */
void thread_frame_fault(struct model *model);
/* Asks the driver for notifications of a queue that is empty. false: it was not, look again. Lock held. */
bool thread_await_notification(struct model *model, struct ring *ring);
/* Shuffles what is about to be used, if reorder=1. */
void thread_shuffle(struct model *model, struct used_buffer *used, unsigned count);

/* ---- model.c ---- */
/* Registers read all ones from now on, and no memory is touched any more. No lock held. */
void model_remove(struct model *model);
/* DEVICE_NEEDS_RESET; lock held. The caller raises ISR_CONFIG when it has let go of the lock. */
void model_set_needs_reset(struct model *model);

#endif
