/* SPDX-License-Identifier: MIT */
/*
 * life.pml: pause, reset, surprise removal and halt against sends, the DPC and a device that fails.
 *
 * The questions: does each list that NDIS sent come back exactly once? Does each pause complete, once?
 * Does nobody touch the adapter after Halt has freed it, nor the device a frame that was given back?
 *
 * A critical section of Transmit.Queue.Lock, and an interlocked operation, is one atomic step. Between
 * two of them anything may happen. A list has one NET_BUFFER. Receiving is in receive.pml.
 *
 * Build with any of -DREMOVAL (the device is removed by surprise), -DFAULTS (it fails, and NDIS resets
 * it), -DRESTART (the first pause is followed by a restart), and at most one -DBAD_xxx, which the checker must refute.
 */

#define LISTS 2

/* Where a list is. */
#define ABOVE   0 /* NDIS has it, and has not sent it */
#define CALL    1 /* in MiniportSendNetBufferLists */
#define WAITING 2 /* Transmit.Waiting */
#define MAPPING 3 /* in a slot that NDIS maps */
#define READY   4 /* in a slot, mapped */
#define RING    5
#define USED    6 /* the device has used it, and the driver has not seen it */
#define TAKEN   7 /* out of the ring; its owner is about to complete it */
#define DONE    8

/* state.c */
#define RUNNING   0
#define FAILED    1
#define RESETTING 2
#define REMOVED   3
#define STOPPED   4

byte where[LISTS];
byte completed[LISTS];

byte state = RUNNING;
bit live = 1;           /* Queue.Live */
bit open = 1;           /* Transmit.Open */
byte outstanding = 1;   /* one for the adapter that runs */
bit pause_pending;      /* PausePending */
bit busy;               /* DeviceBusy */
bit freed;              /* Halt has ended */
bit device_on = 1;      /* it may read frames: it was started, and not reset since */

/* NDIS's side. */
bit paused;             /* the pause has completed */
bit resetting, halting;

#define NONE_ELSEWHERE(l) (where[l] == ABOVE || where[l] == DONE)

inline touch() { assert(!freed) }

inline complete(l)
{
    touch();
    completed[l]++;
    assert(completed[l] == 1);
    where[l] = DONE
}

inline pause_complete()
{
    assert(!paused);
    paused = 1
}

/* AerovnetRelease of one reference. */
inline release()
{
    /* code: pause: AerovnetRelease: InterlockedExchangeAdd(&Adapter->Outstanding, -Count) == Count */
    atomic { touch(); assert(outstanding > 0); outstanding--; last = (outstanding == 0) }
    if
    :: last ->
        /* code: pause: AerovnetRelease: InterlockedExchange(&Adapter->PausePending, 0) */
        atomic { touch(); last = pause_pending; pause_pending = 0 }
        if
        /* code: pause: AerovnetRelease: NdisMPauseComplete(Adapter->MiniportHandle) */
        :: last -> atomic { pause_complete() }
        :: else -> skip
        fi
    :: else -> skip
    fi
}

/* A call of MiniportSendNetBufferLists with one list. NDIS makes none once the adapter is paused. */
active [LISTS] proctype sender()
{
    byte l = _pid;
    bit refused, last;

    if
    :: atomic { !paused -> where[l] = CALL }
    :: atomic { halting -> goto end } /* it has nothing to send */
    fi;

    atomic {
        touch();
        if
        /* code: transmit: AerovnetTakeLists: if (!Transmit->Queue.Live) */
        /* code: transmit: AerovnetTakeLists: else if (!Transmit->Open) */
        :: !live || !open -> refused = 1
        :: else ->
            /* code: transmit: AerovnetTakeLists: InterlockedExchangeAdd(&Adapter->Outstanding, (LONG)Lists->Count + 1) */
#ifdef BAD_NO_CALL_REFERENCE
            outstanding = outstanding + 1;
#else
            outstanding = outstanding + 2;
#endif
            where[l] = WAITING
        fi
    }
    if
    :: refused ->
        atomic { complete(l) } /* nothing of the adapter is touched after this */
    :: else ->
        /* AerovnetPump: binds, maps without the lock, and submits; the lists of others too. */
        /* code: transmit: AerovnetBindSlots: if (!Transmit->Queue.Live || Transmit->Mapping) */
        atomic { touch(); if :: live && where[l] == WAITING -> where[l] = MAPPING :: else -> skip fi }
        if
        :: where[l] == MAPPING ->
            atomic {
                touch();
                /* code: transmit: AerovnetPrepare: InterlockedExchange(&Slot->State, AEROVNET_SLOT_READY) */
                where[l] = READY
            }
        :: else -> skip
        fi;
        atomic {
            touch();
            if
            /* code: transmit: AerovnetSubmit: if (!Transmit->Queue.Live) */
            /* code: transmit: AerovnetSubmit: Slot->State == AEROVNET_SLOT_READY */
            :: live && where[l] == READY -> where[l] = RING
            :: else -> skip
            fi
        }
#ifndef BAD_NO_CALL_REFERENCE
        /* code: transmit: AerovnetSendNetBufferLists: AerovnetRelease(Adapter, 1) */
        release()
#endif
    fi;
end:
    skip
}

active proctype device()
{
end:
    do
    :: atomic { device_on && where[0] == RING -> where[0] = USED }
    :: atomic { device_on && where[1] == RING -> where[1] = USED }
    od
}

/* AerovnetTransmitPoll, one list at a time. */
active proctype dpc()
{
    byte l;
    bit last;

end:
    do
    :: atomic {
        /* code: transmit: AerovnetTransmitPoll: if (Transmit->Queue.Live) */
        live && (where[0] == USED || where[1] == USED) ->
        touch();
        l = (where[0] == USED -> 0 : 1);
        where[l] = TAKEN }
        /* code: transmit: AerovnetFinishSlots: AerovnetComplete(Adapter, &Done, TRUE) */
        atomic { complete(l) }
        /* code: transmit: AerovnetComplete: AerovnetRelease(Adapter, Count) */
        release()
    od
}

/* What AerovnetGates does for the transmit queue. */
inline gate()
{
    /* code: queue: AerovnetQueueGate: Queue->Live = AerovnetStateOf(State) == AerovnetStateRunning */
#ifndef BAD_NO_GATE
    atomic { touch(); live = (state == RUNNING) }
#else
    skip
#endif
}

/* AerovnetGiveUp with All: those that wait. */
inline give_up()
{
    l = 0;
    do
    :: l < LISTS ->
        atomic { touch(); mine = (where[l] == WAITING); if :: mine -> where[l] = TAKEN :: else -> skip fi }
        if
        :: mine -> atomic { complete(l) } release()
        :: else -> skip
        fi;
        l++
    :: else -> break
    od
}

/* AerovnetStopLocked: gates, reset, and all frames back. The state is no longer RUNNING. */
inline stop_locked()
{
    /* code: device: AerovnetQuiesce: AerovnetGates(Adapter) */
    /* code: device: AerovnetStopLocked: AerovnetQuiesce(Adapter) */
    gate();
#ifndef BAD_NO_RESET
    /* code: device: AerovnetStopLocked: Reset = AerovnetDeviceReset(Adapter, Seconds) */
    atomic { touch(); device_on = 0 }
#endif
    /* code: device: AerovnetStopLocked: AerovnetTransmitStop(Adapter, Status) */
    /* code: transmit: AerovnetTransmitStop: AerovnetGiveUp(Adapter, TRUE, NULL, Status) */
    give_up();
    do
    ::
        mapped = 0;
        l = 0;
        do
        :: l < LISTS ->
            /* code: transmit: AerovnetTakeBackSlots: virtq_detach(&Transmit->Queue.Ring) */
            /* code: transmit: AerovnetTakeBackSlots: if (Slot->State != AEROVNET_SLOT_READY) */
            atomic {
                touch();
#ifdef BAD_USED_FORGOTTEN
                mine = (where[l] == RING || where[l] == READY);
#else
                mine = (where[l] == RING || where[l] == USED || where[l] == READY);
#endif
                mapped = mapped || where[l] == MAPPING;
                if
                :: mine -> assert(!device_on); where[l] = TAKEN
                :: else -> skip
                fi
            }
            if
            :: mine -> atomic { complete(l) } release()
            :: else -> skip
            fi;
            l++
        :: else -> break
        od;
#ifdef BAD_MAPPING_NOT_AWAITED
        break
#else
        /* code: transmit: AerovnetTransmitStop: if (All) */
        if
        :: !mapped -> break
        :: else -> skip
        fi
#endif
    od
}

inline acquire()
{
#ifndef BAD_NOT_EXCLUSIVE
    /* code: device: AerovnetDeviceTryAcquire: InterlockedCompareExchange(&Adapter->DeviceBusy, 1, 0) == 0 */
    atomic { !busy -> busy = 1 }
#else
    skip
#endif
}

#ifdef FAULTS
/* The device breaks the protocol or stalls, and somebody finds out (AerovnetReport). */
active proctype fault()
{
end:
    if
    /* code: fault: AerovnetReport: if (!AerovnetStateReport(&Adapter->State, StateEvent, Epoch)) */
    :: atomic { !freed && !halting && state == RUNNING -> state = FAILED }
        /* code: fault: AerovnetReport: AerovnetGates(Adapter) */
        if :: atomic { !freed -> live = (state == RUNNING) } :: freed -> skip fi
    fi
}

/* MiniportCheckForHangEx, and the reset that NDIS makes of it. NDIS halts no adapter while it resets it. */
active proctype resetter()
{
    byte l;
    bit mine, last, mapped;

end:
    do
    :: atomic { !halting && state == FAILED -> resetting = 1 }
        acquire();
        if
        /* code: device: AerovnetDeviceRestart: AerovnetStateChange(&Adapter->State, AerovnetEventResetAsked) */
        :: atomic { state == FAILED -> state = RESETTING }
            stop_locked();
            /* AerovnetStart: a device that was removed meanwhile stays so. */
            /* code: device: AerovnetStart: if (AerovnetStateOf(&Adapter->State) == AerovnetStateRemoved) */
            if
            :: state == REMOVED -> skip
            :: else ->
                device_on = 1;
                /* code: device: AerovnetStart: !AerovnetStateChange(&Adapter->State, Event) */
                atomic { if :: state == RESETTING -> state = RUNNING :: else -> skip fi }
                gate()
            fi
        :: else -> skip
        fi;
        busy = 0;
        resetting = 0
    od
}
#endif

#ifdef REMOVAL
/* AerovnetDeviceRemoved. NDIS halts the adapter after it. */
bit removal_over;
active proctype removal()
{
    byte l;
    bit mine, last, mapped;

    /* code: device: AerovnetDeviceRemoved: AerovnetStateChange(&Adapter->State, AerovnetEventSurpriseRemoved) */
    atomic { !halting -> state = REMOVED }
    gate();
    /* code: device: AerovnetDeviceRemoved: AerovnetDeviceAcquire(Adapter) */
    acquire();
    stop_locked();
    busy = 0;
    removal_over = 1
}
#endif

/* NDIS: pause, maybe restart and pause again, halt. */
active proctype ndis()
{
    byte l;
    bit mine, last, mapped;
#ifdef RESTART
    bit again = 1;
#endif

    do
    ::
        /* code: adapter: AerovnetPause: AerovnetTransmitOpen(Adapter, FALSE) */
        atomic { touch(); open = 0 }
        /* code: adapter: AerovnetPause: AerovnetTransmitFlush(Adapter, NDIS_STATUS_PAUSED) */
        give_up();
        /* code: adapter: AerovnetPause: AerovnetDeviceStopFailed(Adapter, NDIS_STATUS_PAUSED) */
        if
        :: atomic { !busy -> busy = 1 }
            if
            /* code: device: AerovnetDeviceStopFailed: if (AerovnetNeedsReset(Adapter)) */
            :: state == FAILED -> stop_locked()
            :: else -> skip
            fi;
            busy = 0
        :: busy -> skip
        fi;
#ifdef BAD_PENDING_TOO_LATE
        atomic { outstanding--; last = (outstanding == 0) }
        pause_pending = 1;
#else
        /* code: adapter: AerovnetPause: InterlockedExchange(&Adapter->PausePending, 1) */
        pause_pending = 1;
        /* code: adapter: AerovnetPause: InterlockedDecrement(&Adapter->Outstanding) == 0 */
        atomic { outstanding--; last = (outstanding == 0) }
#endif
        if
        :: last -> atomic { last = pause_pending; pause_pending = 0 }
            if :: last -> atomic { pause_complete() } :: else -> skip fi
        :: else -> skip
        fi;
        paused; /* the driver returned PENDING, or SUCCESS */
#ifdef RESTART
        if
        :: again -> again = 0;
            atomic {
                /* code: adapter: AerovnetRestart: InterlockedIncrement(&Adapter->Outstanding) */
                outstanding++;
                /* code: adapter: AerovnetRestart: AerovnetTransmitOpen(Adapter, TRUE) */
                open = 1;
                paused = 0 }
        :: else -> break
        fi
#else
        break
#endif
    od;
    /* What was sent has come back, or the protocol would not be closed. */
    NONE_ELSEWHERE(0) && NONE_ELSEWHERE(1);
#ifdef REMOVAL
    removal_over;
#endif
    atomic { !resetting -> halting = 1 }
    acquire();
    /* code: device: AerovnetDeviceStop: AerovnetStateChange(&Adapter->State, AerovnetEventHalt) */
    atomic { if :: state == RUNNING || state == FAILED -> state = STOPPED :: else -> skip fi }
    stop_locked();
    busy = 0;
    /* code: adapter: AerovnetHaltEx: AerovnetDestroy(Adapter) */
    freed = 1
}

/* When nothing can move any more, the adapter is gone and every list that was sent is back. */
active proctype all_is_back()
{
    timeout;
    assert(freed);
    assert(where[0] == ABOVE && completed[0] == 0 || where[0] == DONE && completed[0] == 1);
    assert(where[1] == ABOVE && completed[1] == 0 || where[1] == DONE && completed[1] == 1)
}
