/* SPDX-License-Identifier: MIT */
/*
 * deferral.pml: a driver that sends, and asks for one interrupt at the last frame that it has sent, with
 * EVENT_IDX (virtio 1.2, 2.7.7). A sender moves the event each time, and may take back what the device has
 * used. The DPC takes back the rest when the interrupt comes.
 *
 * The question is whether a frame can stay in the ring that the device has used, while nobody sends any
 * more and no interrupt comes.
 *
 * Sender and DPC run on two processors, and one lock keeps them apart. Its release is a store after all
 * others, so the stores of the one are in memory before the other begins: one store buffer stands for both.
 * The device has its own.
 *
 * The comments "code: ..." are as in suppression.pml.
 */

#define FRAMES 5 /* in all: more than the indices count, so that they wrap */
#define WRAP   4 /* indices count modulo this; the code counts modulo 65536 */
#define RING   3 /* frames that are in the ring at once */
#define COUNT  2 /* of virtq_interrupt_after, or less */

#define NOWHERE 255 /* an event before the first frame */

/* Memory that both sides see. */
#define AVAIL 0 /* avail->idx */
#define USED  1 /* used->idx */
#define EVENT 2 /* used_event */
byte memory[3];

chan driver_stores = [3] of { byte, byte };
chan device_stores = [2] of { byte, byte };

/* Of the driver, under the lock. They do not wrap. */
bit lock;
byte sent;  /* avail_idx and published_idx */
byte taken; /* last_used_idx */
byte event; /* used_event, of which the word has the lower bits */
bit quiet;

bit told; /* the interrupt; the DPC runs after it */
bit done; /* nobody sends any more */

inline acquire() { atomic { lock == 0 -> lock = 1 } }
inline release() { atomic { empty(driver_stores) -> lock = 0 } }

active proctype driver_store_buffer()
{
    byte where, what;
end:
    do
    :: atomic { driver_stores ? where, what -> memory[where] = what }
    od
}

active proctype device_store_buffer()
{
    byte where, what;
end:
    do
    :: atomic { device_stores ? where, what -> memory[where] = what }
    od
}

inline take_all()
{
    do
    :: memory[USED] != taken % WRAP -> taken++
    :: memory[USED] == taken % WRAP -> break
    od
}

/* `fresh` frames are added, and sent + fresh is to be published. The caller's count differs from call to
 * call. */
inline defer_interrupt()
{
    /* code: virtqueue_inline: virtq_defer_event: vq->avail_idx - vq->last_used_idx */
    count = sent + fresh - taken;
    if
    :: count > COUNT -> count = COUNT
    :: count > 1 -> count = 1
    :: else -> skip
    fi;
    if
    /* code: virtqueue_inline: virtq_defer_event: vq->quiet == 0 */
    :: quiet -> skip
#ifndef BAD_EVENT_GOES_BACK
    /* code: virtqueue_inline: virtq_defer_event: at - vq->used_event < 0x80000000u */
    :: event != NOWHERE && taken + count - 1 < event -> skip
#endif
    :: else ->
        /* code: virtqueue_inline: virtq_defer_event: virtq_set_used_event(vq, at) */
        event = taken + count - 1;
        driver_stores ! EVENT, event % WRAP
    fi
}

active proctype sender()
{
    byte fresh, count;

    do
    :: sent < FRAMES ->
        acquire();
        /* The send path may take back what the device has used. */
        if
        :: take_all()
        :: skip
        fi;
        fresh = 0;
        do
        :: sent + fresh < FRAMES && sent + fresh - taken < RING -> fresh++
        :: fresh != 0 || sent - taken == RING -> break
        od;
        if
        :: fresh != 0 ->
            defer_interrupt();
            /* code: virtqueue_inline: virtq_write_idx: vq->avail->idx = (virtio_u16)idx */
            driver_stores ! AVAIL, (sent + fresh) % WRAP;
            sent = sent + fresh
        :: else -> skip
        fi;
        release();
        /* The ring is full: whoever takes frames back comes first. */
        sent - taken < RING
    :: else -> break
    od;
    done = 1
}

active proctype device()
{
    byte used = 0, shown = 0;

end_sleep:
    do
    :: memory[AVAIL] != used % WRAP ->
        /* One frame, or more, before used idx is written. */
        shown = used;
        do
        :: memory[AVAIL] != used % WRAP -> used++
        :: used != shown -> break
        od;
        device_stores ! USED, used % WRAP;
        empty(device_stores);
        if
        :: ((memory[EVENT] + FRAMES * WRAP - shown) % WRAP) < used - shown -> told = 1
        :: else -> skip
        fi
    od
}

active proctype dpc()
{
    byte count, there;
    bit again;

end_sleep:
    do
    :: told ->
        told = 0;
        do
        ::
            acquire();
            /* code: virtqueue_inline: virtq_disable_interrupts: vq->quiet = 1 */
            quiet = 1;
            /* code: virtqueue_inline: virtq_disable_interrupts: virtq_set_used_event(vq, vq->last_used_idx - 1) */
            driver_stores ! EVENT, (taken + WRAP - 1) % WRAP;
            if
            :: taken == 0 -> event = NOWHERE
            :: else -> event = taken - 1
            fi;
            take_all();
            release();
            /* A sender may come in between. */
            acquire();
            /* code: virtqueue: virtq_enable_event: vq->published_idx - vq->last_used_idx */
            there = sent - taken;
            count = COUNT;
            if
            :: count > there -> count = (there != 0 -> there : 1)
            :: else -> skip
            fi;
            /* code: virtqueue: virtq_enable_event: vq->quiet = 0 */
            quiet = 0;
#ifdef BAD_EVENT_TOO_FAR
            event = taken + count;
#else
            event = taken + count - 1;
#endif
            /* code: virtqueue: virtq_enable_event: virtq_set_used_event(vq, vq->last_used_idx + count - 1) */
            driver_stores ! EVENT, event % WRAP;
#ifndef BAD_NO_BARRIER
            /* code: virtqueue: virtq_enable_event: virtio_full_barrier() */
            empty(driver_stores);
#endif
            /* code: virtqueue: virtq_enable_event: virtq_used_count(vq) < count */
            again = ((memory[USED] + FRAMES * WRAP - taken) % WRAP) >= count;
#ifdef BAD_NO_SECOND_LOOK
            again = 0;
#endif
            release();
            if
            :: again -> skip
            :: else -> break
            fi
        od
    od
}

/* When nothing can move any more, all frames have been taken back. */
active proctype nothing_is_left()
{
    timeout;
    assert(done);
    assert(taken == FRAMES)
}
