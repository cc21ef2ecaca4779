/* SPDX-License-Identifier: MIT */
/*
 * receive.pml: receive buffers, which the stack returns when it likes, against pause, reset, sleep, removal and halt.
 *
 * The questions: does each buffer come back exactly once? Does a pause wait for the lists that the stack
 * holds, and for the call that hands them up, and does it end? Does the device write to no buffer that it
 * does not have? Is it never notified before it is started?
 *
 * A critical section of Receive.Queue.Lock, and an interlocked operation, is one atomic step. Between two
 * of them anything may happen. A poll takes one buffer. There are two, so that the ring is empty at times
 * and the list goes up with NDIS_RECEIVE_FLAGS_RESOURCES. Sends are in life.pml: they hold references too, and
 * a pause waits for the sum.
 *
 * Build with any of -DREMOVAL (the device is removed by surprise), -DFAULTS (it fails once, and NDIS resets
 * it), -DPOWER (it sleeps once), -DRESTART (the first pause is followed by a restart), and at most one
 * -DBAD_xxx, which the checker must refute.
 */

#define BUFFERS 2

/* Where a buffer is. */
#define SPARE     0 /* Receive.Spare */
#define RING      1
#define USED      2 /* the device has written it, and the driver has not seen it */
#define TAKEN     3 /* out of the ring; the DPC is about to indicate it */
#define UP        4 /* the stack has it */
#define LENT      5 /* the stack has it until the indication returns (FewLeft) */
#define RETURNING 6 /* in MiniportReturnNetBufferLists */

/* state.c */
#define RUNNING   0
#define FAILED    1
#define RESETTING 2
#define REMOVED   3
#define STOPPED   4
#define ASLEEP    5
#define WAKING    6

byte where[BUFFERS] = SPARE;
byte state = RESETTING; /* MiniportInitializeEx is about to start the device */
bit live;               /* Queue.Live */
bit open;               /* Receive.Open */
byte outstanding;
bit pause_pending;      /* PausePending */
bit busy;               /* DeviceBusy */
byte notifying;         /* notifications less notified */
bit freed;              /* Halt has ended */
bit device_on;          /* it was started, and not reset since */
bit running_dpc;
bit silent;             /* the network sends no more frames */

/* NDIS's side. */
bit paused = 1;         /* the pause has completed */
bit indicating;         /* a call of NdisMIndicateReceiveNetBufferLists, or of the driver's that made it */
bit resetting, halting;
bit powering;           /* NDIS sets a power state */

inline touch() { assert(!freed) }

inline pause_complete()
{
    assert(!paused && !indicating);
    assert(where[0] < TAKEN && where[1] < TAKEN);
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

/* AerovnetReceiveFill, and AerovnetPublish: all that is spare, if any. The lock is held. */
inline fill()
{
    /* code: receive: AerovnetReceiveFill: virtq_add_next(&Receive->Queue.Ring, &Piece, 0, 1, NULL, Buffer) */
    notify = where[0] == SPARE || where[1] == SPARE;
    if :: where[0] == SPARE -> where[0] = RING :: else -> skip fi;
    if :: where[1] == SPARE -> where[1] = RING :: else -> skip fi;
    /* code: queue: AerovnetPublish: if (!virtq_publish(&Queue->Ring)) */
    if
    :: notify -> notifying++
    :: notify -> notify = 0 /* the device wants none */
    :: else -> skip
    fi
}

/* AerovnetNotify, without the lock. */
inline notify_device()
{
    if
    :: notify ->
        /* code: queue: AerovnetNotify: virtio_pci_notify(&Adapter->Device, &Queue->Notify) */
        atomic { touch(); assert(device_on); notify = 0 }
        /* code: queue: AerovnetNotify: virtq_notified(&Queue->Ring) */
        atomic { touch(); notifying-- }
    :: else -> skip
    fi
}

/* AerovnetTakeBack of one list, whose buffer is `b`. */
inline take_back(from)
{
    atomic {
        touch();
        assert(where[b] == from);
        /* code: receive: AerovnetTakeBack: Receive->Spare = Spare */
        where[b] = SPARE;
        /* code: receive: AerovnetTakeBack: if (Receive->Queue.Live) */
#ifdef BAD_FILLS_WHEN_STOPPED
        if
        :: fill()
        fi
#else
        if
        :: live -> fill()
        :: else -> notify = 0
        fi
#endif
    }
    /* code: receive: AerovnetTakeBack: AerovnetNotify(Adapter, &Receive->Queue) */
    notify_device()
}

active proctype device()
{
end:
    do
    :: atomic { device_on && !silent && where[0] == RING -> where[0] = USED }
    :: atomic { device_on && !silent && where[1] == RING -> where[1] = USED }
    od
}

/* The stack returns each list some time, on any thread: MiniportReturnNetBufferLists. */
active [BUFFERS] proctype stack()
{
    byte b = _pid - 1;
    bit last, notify;

end:
    do
    :: atomic { where[b] == UP -> where[b] = RETURNING }
        /* code: receive: AerovnetReturnNetBufferLists: Count = AerovnetTakeBack(Adapter, NetBufferLists) */
        take_back(RETURNING);
        /* code: receive: AerovnetReturnNetBufferLists: AerovnetRelease(Adapter, Count) */
#ifdef BAD_RELEASED_TWICE
        release();
#endif
        release();
        notify = 0
    od
}

/* AerovnetReceivePoll. The interrupt is deregistered before `freed`, and waits for a DPC that runs. */
active proctype dpc()
{
    byte b;
    bit last, notify, few, taken;

end:
    do
    :: atomic {
        /* code: receive: AerovnetReceivePoll: if (Receive->Queue.Live) */
        live && (where[0] == USED || where[1] == USED) ->
        touch();
        running_dpc = 1;
        /* code: receive: AerovnetReceivePoll: virtq_get(&Receive->Queue.Ring, &Cookie, &Used) */
        b = (where[0] == USED -> 0 : 1);
        where[b] = TAKEN;
        /* code: receive: AerovnetAccept: if (!Receive->Open) */
        if
        :: open -> taken = 1
        :: taken = 0; where[b] = SPARE /* not asked for, or paused */
        fi;
        /* code: receive: AerovnetReceivePoll: AerovnetReceiveFill(Adapter) */
        fill();
        /* code: receive: AerovnetReceivePoll: FewLeft = virtq_outstanding(&Receive->Queue.Ring) < Receive->LowWater */
        few = !(where[0] == RING || where[0] == USED || where[1] == RING || where[1] == USED);
        if
        :: taken ->
            /* code: receive: AerovnetReceivePoll: InterlockedExchangeAdd(&Adapter->Outstanding, (LONG)Count + 1) */
#ifdef BAD_COUNTED_LATE
            skip
#else
#ifdef BAD_NO_CALL_REFERENCE
            outstanding = outstanding + 1
#else
            outstanding = outstanding + 2
#endif
#endif
        :: else -> skip
        fi }
        /* code: receive: AerovnetReceivePoll: AerovnetNotify(Adapter, &Receive->Queue) */
        notify_device();
        if
        :: taken ->
            /* code: receive: AerovnetReceivePoll: AerovnetIndicate(Adapter, Lists, Count, FewLeft) */
            /* code: receive: AerovnetIndicate: Flags |= NDIS_RECEIVE_FLAGS_RESOURCES */
            /* code: receive: AerovnetIndicate: NdisMIndicateReceiveNetBufferLists(Adapter->MiniportHandle */
            atomic {
                touch();
                assert(!paused);
                indicating = 1;
#ifdef BAD_NOT_LENT
                where[b] = UP
#else
                where[b] = (few -> LENT : UP)
#endif
            }
#ifdef BAD_COUNTED_LATE
            outstanding = outstanding + 2;
#endif
            if
            :: few ->
                /* code: receive: AerovnetIndicate: AerovnetRelease(Adapter, AerovnetTakeBack(Adapter, Lists)) */
#ifndef BAD_NOT_TAKEN_BACK
                take_back(LENT);
                release()
#else
                skip
#endif
            :: else -> skip
            fi;
            indicating = 0;
            /* code: receive: AerovnetIndicate: AerovnetRelease(Adapter, 1) */
#ifndef BAD_NO_CALL_REFERENCE
            release()
#endif
        :: else -> skip
        fi;
        /* code: interrupt: AerovnetInterruptDpc: InterlockedCompareExchange(&Adapter->DpcRequests, 0, Requests) */
        atomic { touch(); b = 0; few = 0; taken = 0; notify = 0; running_dpc = 0 }
    od
}

/* What AerovnetGates does for the receive queue. */
inline gate()
{
    /* code: queue: AerovnetQueueGate: Queue->Live = AerovnetStateOf(State) == AerovnetStateRunning */
#ifndef BAD_NO_GATE
    atomic { touch(); live = (state == RUNNING) }
#else
    skip
#endif
}

/* AerovnetStopLocked: gates, reset, and all buffers back. The state is no longer RUNNING. */
inline stop_locked()
{
    /* code: device: AerovnetQuiesce: AerovnetGates(Adapter) */
    /* code: device: AerovnetStopLocked: AerovnetQuiesce(Adapter) */
    gate();
#ifndef BAD_NOTIFYING_NOT_AWAITED
    /* code: device: AerovnetQuiesce: virtq_is_notifying(&Adapter->Receive.Queue.Ring) */
    notifying == 0;
#endif
#ifndef BAD_NO_RESET
    /* code: device: AerovnetStopLocked: Reset = AerovnetDeviceReset(Adapter, Seconds) */
    atomic { touch(); device_on = 0 }
#endif
    /* code: device: AerovnetStopLocked: AerovnetReceiveStop(Adapter) */
    atomic {
        touch();
        assert(!device_on);
        /* code: receive: AerovnetReceiveStop: virtq_detach(&Receive->Queue.Ring) */
#ifdef BAD_USED_FORGOTTEN
        if :: where[0] == RING -> where[0] = SPARE :: else -> skip fi;
        if :: where[1] == RING -> where[1] = SPARE :: else -> skip fi
#else
        if :: where[0] == RING || where[0] == USED -> where[0] = SPARE :: else -> skip fi;
        if :: where[1] == RING || where[1] == USED -> where[1] = SPARE :: else -> skip fi
#endif
        /* code: receive: AerovnetReceiveStop: virtq_reset(&Receive->Queue.Ring) */
        /* An empty ring forgets what is in it. */
        assert(where[0] != USED && where[1] != USED)
    }
}

/* AerovnetStart. */
inline start(from)
{
    /* code: device: AerovnetStart: if (AerovnetStateOf(&Adapter->State) == AerovnetStateRemoved) */
    if
    :: state == REMOVED -> skip
    :: else ->
        atomic {
            touch();
            /* code: device: AerovnetStart: AerovnetReceiveFill(Adapter) */
            /* code: device: AerovnetStart: Notify = AerovnetPublish(Receive) */
            fill();
#ifdef BAD_LIVE_TOO_EARLY
            live = 1
        }
        atomic {
#endif
            /* code: device: AerovnetStart: Status = virtio_pci_driver_ok(&Adapter->Device) */
            device_on = 1;
            /* code: device: AerovnetStart: !AerovnetStateChange(&Adapter->State, Event) */
            if :: state == from -> state = RUNNING :: else -> skip fi;
            /* code: device: AerovnetStart: Receive->Live = Status == VIRTIO_PCI_OK */
            live = (state == RUNNING)
        }
        /* code: device: AerovnetStart: AerovnetNotify(Adapter, Receive) */
        notify_device();
        /* code: device: AerovnetStart: AerovnetGates(Adapter) */
        gate()
    fi
}

inline acquire()
{
    /* code: device: AerovnetDeviceTryAcquire: InterlockedCompareExchange(&Adapter->DeviceBusy, 1, 0) == 0 */
#ifdef BAD_NOT_EXCLUSIVE
    skip
#else
    atomic { !busy -> busy = 1 }
#endif
}

#ifdef FAULTS
/* The device breaks the protocol, and somebody finds out (AerovnetReport). */
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
    bit last, notify;

end:
    do
    :: atomic { !halting && state == FAILED -> resetting = 1 }
        acquire();
        if
        /* code: device: AerovnetDeviceRestart: AerovnetStateChange(&Adapter->State, AerovnetEventResetAsked) */
        :: atomic { state == FAILED -> state = RESETTING }
            stop_locked();
            start(RESETTING)
        :: else -> skip
        fi;
        busy = 0;
        resetting = 0
    od
}
#endif

#ifdef POWER
/* NDIS lets the adapter sleep and wake. It need not pause it before that, and halts none that it wakes. */
active proctype power()
{
    bit last, notify;

end:
    atomic { !halting && !resetting && state != REMOVED && state != STOPPED && device_on -> powering = 1 }
    acquire();
    if
    /* code: device: AerovnetDeviceSleep: AerovnetStateChange(&Adapter->State, AerovnetEventSleepAsked) */
    :: atomic { state == RUNNING || state == FAILED -> state = ASLEEP }
        /* code: device: AerovnetDeviceSleep: AerovnetStopLocked(Adapter, NDIS_STATUS_LOW_POWER_STATE */
        stop_locked()
    :: else -> skip
    fi;
    busy = 0;
    acquire();
    if
    /* code: device: AerovnetDeviceWake: AerovnetStateChange(&Adapter->State, AerovnetEventWakeAsked) */
    :: atomic { state == ASLEEP -> state = WAKING }
        /* code: device: AerovnetDeviceWake: AerovnetComeBack(Adapter, AerovnetEventWoken */
        start(WAKING)
    :: else -> skip
    fi;
    busy = 0;
    powering = 0
}
#endif

#ifdef REMOVAL
/* AerovnetDeviceRemoved. NDIS halts the adapter after it. */
bit removal_over;
active proctype removal()
{
    bit last;

    /* code: device: AerovnetDeviceRemoved: AerovnetStateChange(&Adapter->State, AerovnetEventSurpriseRemoved) */
    atomic { !halting && !powering -> state = REMOVED }
    /* code: device: AerovnetDeviceRemoved: AerovnetGates(Adapter) */
    gate();
    /* code: device: AerovnetDeviceRemoved: AerovnetDeviceAcquire(Adapter) */
    acquire();
    stop_locked();
    busy = 0;
    removal_over = 1
}
#endif

/* NDIS: initialize, restart, pause, maybe restart and pause again, halt. */
active proctype ndis()
{
    bit last, notify;
#ifdef RESTART
    bit again = 1;
#endif

    acquire();
    start(RESETTING);
    busy = 0;
    do
    ::
        atomic {
            /* code: adapter: AerovnetRestart: InterlockedIncrement(&Adapter->Outstanding) */
            outstanding++;
            paused = 0;
            /* code: adapter: AerovnetRestart: AerovnetReceiveOpen(Adapter, TRUE) */
            open = 1
        }
#ifndef BAD_PAUSE_LEAVES_OPEN
        /* code: adapter: AerovnetPause: AerovnetReceiveOpen(Adapter, FALSE) */
        /* code: receive: AerovnetReceiveOpen: Adapter->Receive.Open = Open */
        atomic { touch(); open = 0 }
#endif
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
#ifdef BAD_PAUSE_AT_ONCE
        last = 1;
#endif
        if
        :: last -> atomic { last = pause_pending; pause_pending = 0 }
            if :: last -> atomic { pause_complete() } :: else -> skip fi
        :: else -> skip
        fi;
        paused; /* the driver returned PENDING, or SUCCESS */
#ifdef RESTART
        if
        :: again -> again = 0
        :: else -> break
        fi
#else
        break
#endif
    od;
#ifdef REMOVAL
    removal_over;
#endif
    atomic { !resetting && !powering -> halting = 1 }
    acquire();
    /* code: device: AerovnetDeviceStop: AerovnetStateChange(&Adapter->State, AerovnetEventHalt) */
    atomic { if :: state == RUNNING || state == FAILED -> state = STOPPED :: else -> skip fi }
    stop_locked();
    busy = 0;
    /* code: adapter: AerovnetHaltEx: AerovnetInterruptDeregister(Adapter) */
#ifndef BAD_DPC_NOT_AWAITED
    !running_dpc;
#endif
    /* code: adapter: AerovnetHaltEx: AerovnetReceiveFree(Adapter) */
    assert(where[0] == SPARE && where[1] == SPARE);
    /* code: adapter: AerovnetHaltEx: AerovnetDestroy(Adapter) */
    freed = 1
}

/* Frames stop some time. Only then can nothing move any more. */
active proctype network()
{
    silent = 1
}

/* When nothing can move any more, the adapter is gone, and nobody holds a reference. */
active proctype all_is_back()
{
    timeout;
    assert(freed);
    assert(outstanding == 0 && notifying == 0);
    assert(where[0] == SPARE && where[1] == SPARE)
}
