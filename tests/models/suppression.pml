/* SPDX-License-Identifier: MIT */
/*
 * suppression.pml: notification and interrupt suppression between driver and device.
 *
 * A producer puts entries into a ring and tells the consumer, unless the consumer asked for silence.
 * The consumer asks for silence while it polls, ends the silence, and looks once more before it sleeps.
 * The question is whether an entry can be left in the ring while the consumer sleeps for ever.
 *
 * Processors: x86 lets a load pass an older store to another address. So each side has a store
 * buffer, which drains at any later moment; a full barrier waits until it is empty.
 *
 * Build with one of
 *   -DNOTIFY     the driver produces, the device consumes   (virtq_publish; virtio 1.2, 2.7.10)
 *   -DINTERRUPT  the device produces, the driver consumes   (virtq_enable_interrupts, the ISR and
 *                the DPC; virtio 1.2, 2.7.7)
 * and, for a variant that the checker must refute, one of the -DBAD_xxx below.
 * -DEVENT_IDX has the event words in place of the flags (virtio 1.2, 2.7.7 and 2.7.10).
 *
 * A comment "code: FILE: FUNCTION: TEXT" ties the line to the driver. The runner fails when TEXT
 * is no longer in FUNCTION, or stands there in another order.
 */

#define ENTRIES 6 /* in all: more than the indices count, so that they wrap */
#define WRAP    4 /* indices count modulo this; the code counts modulo 65536 */
#define RING    2 /* entries that are in the ring at once */

/* Memory that both sides see. */
#define IDX   0 /* avail->idx or used->idx: the producer's */
#define QUIET 1 /* used->flags or avail->flags: the consumer's */
#define EVENT 2 /* avail_event or used_event: the consumer's */
byte memory[3];

chan producer_stores = [2] of { byte, byte };
chan consumer_stores = [2] of { byte, byte };

byte consumed; /* entries that the consumer has taken */
bit told;      /* a notification, or the ISR status bit: one stands for many */
bit done;      /* the producer has no more entries */

inline full_barrier(stores) { empty(stores) }

active proctype producer_store_buffer()
{
    byte where, what;
end:
    do
    :: atomic { producer_stores ? where, what -> memory[where] = what }
    od
}

active proctype consumer_store_buffer()
{
    byte where, what;
end:
    do
    :: atomic { consumer_stores ? where, what -> memory[where] = what }
    od
}

active proctype producer()
{
    byte produced = 0; /* avail_idx */
    byte shown = 0;    /* published_idx */
    bit tell;

    do
    :: produced < ENTRIES ->
        /* Room in the ring; one entry, or as many as there is room for, before the next publish. */
        produced - consumed < RING;
        do
        :: produced < ENTRIES && produced - consumed < RING -> produced++
        :: produced != shown -> break
        od;

        /* code: virtqueue_inline: virtq_write_idx: vq->avail->idx = (virtio_u16)idx */
        producer_stores ! IDX, produced % WRAP;
#ifndef BAD_PRODUCER_BARRIER
        /* code: virtqueue_inline: virtq_write_idx: virtio_full_barrier() */
        full_barrier(producer_stores);
#endif
        /* code: virtqueue_inline: virtq_publish: vq->used->flags & VIRTQ_USED_F_NO_NOTIFY */
#ifdef EVENT_IDX
        /* code: virtqueue_inline: virtq_publish: virtq_event_passed(*vq->avail_event_word, (virtio_u16)vq->published_idx, (virtio_u16)idx) */
        /* code: virtqueue_inline: virtq_event_passed: (virtio_u16)(event - before) < (virtio_u16)(after - before) */
#ifdef BAD_EVENT_ARITHMETIC
        tell = (memory[EVENT] == (produced - 1) % WRAP);
#elif defined(BAD_EVENT_OFF_BY_ONE)
        tell = ((memory[EVENT] + ENTRIES * WRAP - shown) % WRAP) + 1 < produced - shown;
#else
        tell = ((memory[EVENT] + ENTRIES * WRAP - shown) % WRAP) < produced - shown;
#endif
#else
        tell = (memory[QUIET] == 0);
#endif
        shown = produced;
        if
        :: tell -> told = 1
        :: else -> skip
        fi
    :: else -> break
    od;
    done = 1
}

/* Takes what memory shows. Only the consumer's own count is trusted. */
inline take_all()
{
    do
    :: memory[IDX] != consumed % WRAP -> consumed++
    :: memory[IDX] == consumed % WRAP -> break
    od
}

/* Asks to be told no more while it polls: a hint, which may be seen late. */
inline ask_for_silence()
{
#ifdef EVENT_IDX
#ifdef INTERRUPT
    /* code: virtqueue_inline: virtq_disable_interrupts: virtq_set_used_event(vq, vq->last_used_idx - 1) */
    consumer_stores ! EVENT, (consumed + WRAP - 1) % WRAP
#else
    skip
#endif
#else
    /* code: virtqueue_inline: virtq_disable_interrupts: vq->avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT */
    consumer_stores ! QUIET, 1
#endif
}

inline end_the_silence()
{
#ifndef EVENT_IDX
    /* code: virtqueue_inline: virtq_enable_interrupts: vq->avail->flags = 0 */
    consumer_stores ! QUIET, 0;
#else
    /* code: virtqueue: virtq_enable_event: virtq_set_used_event(vq, vq->last_used_idx + count - 1) */
#ifdef BAD_EVENT_TOO_FAR
    consumer_stores ! EVENT, (consumed + 1) % WRAP;
#else
    consumer_stores ! EVENT, consumed % WRAP;
#endif
#endif
#ifndef BAD_CONSUMER_BARRIER
    /* code: virtqueue: virtq_enable_event: virtio_full_barrier() */
    full_barrier(consumer_stores)
#else
    skip
#endif
}

#ifdef NOTIFY
/* The device. It polls until the ring is empty, and looks once more after it ended the silence. */
active proctype device()
{
end_sleep:
    do
    :: told ->
        told = 0;
        do
        :: ask_for_silence();
           take_all();
           end_the_silence();
#ifdef BAD_NO_SECOND_LOOK
           break
#else
           if
           :: memory[IDX] == consumed % WRAP -> break
           :: else -> skip
           fi
#endif
        od
    od
}
#endif

#ifdef INTERRUPT
/*
 * The driver: an ISR, and DPCs that may run on two processors. The ISR status is read and cleared at
 * once; Windows queues the DPC object to a processor unless it is queued there already.
 */
bit queued[2];       /* the DPC waits to run on that processor */
byte dpc_requests;   /* Adapter->DpcRequests */
bit polling;         /* for the assertion: one DPC polls at a time */

active proctype isr()
{
end:
    do
    :: atomic { told -> told = 0;
        if
        :: queued[0] = 1
        :: queued[1] = 1
        fi }
    od
}

active [2] proctype dpc()
{
    byte requests;
    bit quiet;
    byte processor = _pid % 2;

end_sleep:
    do
    :: atomic { queued[processor] -> queued[processor] = 0; dpc_requests++; requests = dpc_requests }
        /* code: interrupt: AerovnetInterruptDpc: InterlockedIncrement(&Adapter->DpcRequests) != 1 */
        if
        :: requests != 1 -> skip /* the DPC that polls looks again */
        :: else ->
            do
            ::
                /* code: interrupt: AerovnetInterruptDpc: Requests = Adapter->DpcRequests */
                requests = dpc_requests;
                assert(!polling);
                polling = 1;
                do
                ::
                    ask_for_silence();
                    take_all();
                    end_the_silence();
#ifdef BAD_NO_SECOND_LOOK
                    quiet = 1;
#else
                    /* code: virtqueue_inline: virtq_is_waiting: vq->used->idx != (virtio_u16)vq->last_used_idx */
                    quiet = (memory[IDX] == consumed % WRAP);
#endif
                    if
                    :: quiet -> break
                    :: !quiet -> skip
                    :: !quiet ->
                        /* The budget is spent; the DPC to come stands for all who asked.
                         * code: interrupt: AerovnetInterruptDpc: InterlockedExchange(&Adapter->DpcRequests, 0) */
                        /* code: interrupt: AerovnetInterruptDpc: AerovnetRequeueDpc(Adapter) */
                        goto requeue
                    fi
                od;
                polling = 0;
                atomic {
                    /* code: interrupt: AerovnetInterruptDpc: InterlockedCompareExchange(&Adapter->DpcRequests, 0, Requests) */
#ifdef BAD_FORGETS_REQUESTS
                    dpc_requests = 0; break
#else
                    if
                    :: dpc_requests == requests -> dpc_requests = 0; break
                    :: else -> skip
                    fi
#endif
                }
            od
        fi;
        goto end_sleep;
requeue:
        polling = 0;
        dpc_requests = 0;
#ifndef BAD_NO_REQUEUE
        queued[processor] = 1
#endif
    od
}
#endif

/* When nothing can move any more, all entries have been taken. */
active proctype nothing_is_left()
{
    timeout;
    assert(done);
    assert(consumed == ENTRIES)
}
