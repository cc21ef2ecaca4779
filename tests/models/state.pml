/* SPDX-License-Identifier: MIT */
/*
 * state.pml: the state of the device (state.c) under all that changes it: bring-up, faults, resets that
 * fail, pause, sleep, wake, surprise removal, shutdown, crash, and halt; at any moment that NDIS allows.
 *
 * The questions: does anybody touch a register that is not mapped, or of a device that has no power? Does
 * a frame or buffer go back to its owner while the device can write to memory? Is the device started only
 * after a reset? Is a report of one incarnation believed in a later one? Is a removal or a fault ever lost?
 * And when nothing happens any more: is a device that works again used again?
 *
 * An interlocked operation, a critical section, and an access to a register is one atomic step each. A list
 * in flight is not modelled here (life.pml); `live` stands for the gates of both queues.
 *
 * Build with any of -DFAULTS, -DREMOVAL, -DPOWER, -DSHUTDOWN and -DCRASH, for what may happen, and at most one
 * -DBAD_xxx, which the checker must refute. The comments "code: ..." are as in suppression.pml. The rows of
 * the table, below, are those of state.c, and the runner compares them.
 */

#define Closed    0
#define Stopped   1
#define Running   2
#define Failed    3
#define Resetting 4
#define Lost      5
#define Dead      6
#define Asleep    7
#define Waking    8
#define Removed   9

#define IN(s) (1 << s)

/* Event: allowed in, leads to, makes a new epoch. */
#define Open_FROM (IN(Closed))
#define Open_TO Stopped
#define Open_NEW 0
#define Start_FROM (IN(Stopped))
#define Start_TO Running
#define Start_NEW 1
#define Fault_FROM (IN(Running))
#define Fault_TO Failed
#define Fault_NEW 0
#define AllOnes_FROM (IN(Running) | IN(Failed))
#define AllOnes_TO Lost
#define AllOnes_NEW 0
#define ResetAsked_FROM (IN(Running) | IN(Failed) | IN(Lost) | IN(Dead))
#define ResetAsked_TO Resetting
#define ResetAsked_NEW 0
#define Restarted_FROM (IN(Resetting))
#define Restarted_TO Running
#define Restarted_NEW 1
#define RestartFailed_FROM (IN(Resetting))
#define RestartFailed_TO Dead
#define RestartFailed_NEW 0
#define SleepAsked_FROM (IN(Running) | IN(Failed) | IN(Lost) | IN(Dead))
#define SleepAsked_TO Stopped
#define SleepAsked_NEW 0
#define Slept_FROM (IN(Stopped))
#define Slept_TO Asleep
#define Slept_NEW 0
#define WakeAsked_FROM (IN(Asleep))
#define WakeAsked_TO Waking
#define WakeAsked_NEW 0
#define Woken_FROM (IN(Waking))
#define Woken_TO Running
#define Woken_NEW 1
#define WakeFailed_FROM (IN(Waking))
#define WakeFailed_TO Dead
#define WakeFailed_NEW 0
#define SurpriseRemoved_FROM (IN(Stopped) | IN(Running) | IN(Failed) | IN(Resetting) | IN(Lost) | IN(Dead) | IN(Asleep) | IN(Waking))
#define SurpriseRemoved_TO Removed
#define SurpriseRemoved_NEW 0
#define Shutdown_FROM (IN(Running) | IN(Failed) | IN(Dead))
#define Shutdown_TO Stopped
#define Shutdown_NEW 0
#define Crash_FROM (IN(Stopped) | IN(Running) | IN(Failed) | IN(Resetting) | IN(Dead) | IN(Waking))
#define Crash_TO Stopped
#define Crash_NEW 0
#define Halt_FROM (IN(Running) | IN(Failed) | IN(Lost) | IN(Dead))
#define Halt_TO Stopped
#define Halt_NEW 0
#define Close_FROM (IN(Stopped) | IN(Asleep) | IN(Removed))
#define Close_TO Closed
#define Close_NEW 0

/* The state word. */
byte state = Closed;
byte epoch;
bit fenced;

/* Of the driver. */
bit live;           /* the gates: the rings may be used */
bit busy;           /* DeviceBusy */
bit removed_asleep; /* RemovedAsleep */
bit mapped;         /* the registers */
bit registered;     /* the interrupt */
byte isrs, dpcs;    /* that run */
byte requests;      /* DpcRequests */
bit dpc_queued;
bit freed;

/* Of the device. */
bit powered = 1; /* D0 */
bit on;          /* it may write to memory: DRIVER_OK was set, and no reset has worked since */
bit gone;        /* its registers read all ones; then it writes no memory */
bit broken;      /* it has broken the protocol, or needs a reset */
bit line;        /* it interrupts */

/* Of NDIS. */
bit up;          /* Initialize has succeeded */
bit stopping;    /* no callback begins any more but Halt */
bit resetting;   /* NDIS has called MiniportResetEx, and it is not complete */
bit checking;    /* in MiniportCheckForHangEx */
bit removing;    /* in MiniportDevicePnPEventNotify */
bit removal;     /* the device was removed by surprise */
bit sleeping;    /* NDIS has set D3, and not D0 since */
bit powering;    /* in OID_PNP_SET_POWER, or the bus driver changes the power */
bit shut;        /* in MiniportShutdownEx, or after it */
bit idle;        /* it asks for nothing more */

/* How often something may happen. */
#ifdef FAULTS
byte faults_left = 1, timeouts_left = 1, checks_left = 0, interrupts_left = 0, powers_left = 2;
#else
byte faults_left = 0, timeouts_left = 0, checks_left = 1, interrupts_left = 1, powers_left = 3;
#endif
byte pauses_left = 1;
byte resets; /* that were made */

/* `ok`: the event was allowed. */
#define CHANGE(E, ok) \
    atomic { \
        assert(!freed); \
        if \
        :: (E##_FROM >> state) & 1 -> state = E##_TO; epoch = epoch + E##_NEW; ok = 1 \
        :: else -> ok = 0 \
        fi \
    }

/* The same for what was seen in incarnation `seen`. */
/* code: state: AerovnetStateApply: Old >> AEROVNET_WORD_EPOCH != Epoch */
#ifdef BAD_STALE_REPORT
#define OF_NOW(seen) true
#else
#define OF_NOW(seen) (epoch == seen)
#endif
#define REPORT(E, seen, ok) \
    atomic { \
        assert(!freed); \
        if \
        :: ((E##_FROM >> state) & 1) && OF_NOW(seen) -> assert(epoch == seen); state = E##_TO; ok = 1 \
        :: else -> ok = 0 \
        fi \
    }

#define TOUCH assert(mapped && powered)

/* AerovnetGates. */
inline gates()
{
    /* code: queue: AerovnetQueueGate: Queue->Live = AerovnetStateOf(State) == AerovnetStateRunning */
    atomic { assert(!freed); live = (state == Running) }
}

inline acquire()
{
#ifdef BAD_NOT_EXCLUSIVE
    skip
#else
    /* code: device: AerovnetDeviceTryAcquire: InterlockedCompareExchange(&Adapter->DeviceBusy, 1, 0) == 0 */
    atomic { !busy -> busy = 1 }
#endif
}

/* AerovnetDeviceReset: works, or does not in time, or the device is gone. A device that takes too long is fenced. */
inline device_reset(worked)
{
    atomic {
        TOUCH;
        assert(!live); /* nobody uses a ring that the device forgets */
        if
        :: gone -> worked = 0
        :: !gone && timeouts_left > 0 -> timeouts_left--; worked = 0;
#ifndef BAD_NO_FENCE
            /* code: device: AerovnetDeviceReset: AerovnetReach(Adapter, FALSE) */
            fenced = 1
#else
            skip
#endif
        /* code: device: AerovnetDeviceReset: AerovnetReach(Adapter, TRUE) */
        :: !gone -> on = 0; broken = 0; line = 0; fenced = 0; worked = 1
        fi
    }
}

/* Frames and buffers go back to their owners. */
inline give_back()
{
    atomic { assert(!freed); assert(!live); assert(!on || fenced || gone || !powered) }
}

/* AerovnetStopLocked. */
inline stop_locked(with_reset, worked)
{
    /* code: device: AerovnetStopLocked: AerovnetQuiesce(Adapter) */
#ifndef BAD_NO_QUIESCE
    gates();
#endif
    worked = 1;
    if
    /* code: device: AerovnetStopLocked: if (Seconds != 0) */
    :: with_reset -> device_reset(worked)
    :: else -> skip
    fi;
    /* code: device: AerovnetStopLocked: AerovnetTransmitStop(Adapter, Status) */
    give_back()
}

/* AerovnetStart, from the rings on: the lock of the receive queue is held from here to `live`. */
#define START(E, worked, ok) \
    /* code: device: AerovnetStart: if (AerovnetStateOf(&Adapter->State) == AerovnetStateRemoved) */ \
    if \
    :: state == Removed -> worked = 0 \
    :: else -> \
        atomic { TOUCH; assert(!on); if :: gone -> worked = 0 :: else -> on = 1; worked = 1 fi } \
        if \
        /* code: device: AerovnetStart: !AerovnetStateChange(&Adapter->State, Event) */ \
        :: worked -> CHANGE(E, ok); worked = ok \
        :: else -> skip \
        fi \
    fi; \
    gates()

/* AerovnetDeviceCheck: what device_status says, believed of the incarnation that was looked at only. */
inline device_check(seen, ok)
{
    /* code: fault: AerovnetDeviceCheck: ULONG Epoch = AerovnetStateEpoch(&Adapter->State) */
    atomic { assert(!freed); seen = epoch }
    if
    /* code: fault: AerovnetDeviceCheck: if (State != AerovnetStateRunning && State != AerovnetStateFailed) */
    :: state == Running || state == Failed ->
        atomic { TOUCH; ok = 0;
            if
            :: gone -> goto_lost = 1; goto_failed = 0
            :: !gone && broken -> goto_lost = 0; goto_failed = 1
            :: else -> goto_lost = 0; goto_failed = 0
            fi
        }
        if
        :: goto_lost -> REPORT(AllOnes, seen, ok)
        :: goto_failed -> REPORT(Fault, seen, ok)
        :: else -> skip
        fi;
        if
        /* code: fault: AerovnetReport: AerovnetGates(Adapter) */
        :: ok -> gates()
        :: else -> skip
        fi
    :: else -> skip
    fi
}

/* AerovnetInterruptCheck. */
inline interrupt_check()
{
    if
    /* code: interrupt: AerovnetInterruptCheck: if (!AerovnetRegistersThere(Adapter) || */
#ifdef BAD_DPC_TOO_EARLY
    :: state != Asleep && state != Removed && state != Closed ->
#else
    /* code: interrupt: AerovnetInterruptCheck: AerovnetStateOf(&Adapter->State) == AerovnetStateStopped */
    :: state != Asleep && state != Removed && state != Closed && state != Stopped ->
#endif
        atomic { assert(registered); dpc_queued = 1 }
    :: else -> skip
    fi
}

#define NEEDS_RESET (state == Failed || state == Lost || state == Dead)

/* MiniportHaltEx, and what it is made of. */
inline deregister_interrupt()
{
    /* It returns when no ISR and no DPC runs any more. */
    atomic { isrs == 0 && dpcs == 0 && !dpc_queued -> registered = 0 }
}

inline close_device(worked, ok)
{
    if
    /* code: device: AerovnetDeviceClose: if (AerovnetStateOf(&Adapter->State) == AerovnetStateStopped) */
    :: state == Stopped -> device_reset(worked)
    :: else -> skip
    fi;
#ifdef BAD_CLOSE_LATE
    mapped = 0;
#endif
    /* code: device: AerovnetDeviceClose: AerovnetStateChange(&Adapter->State, AerovnetEventClose) */
    CHANGE(Close, ok);
    assert(ok);
    /* code: device: AerovnetDeviceClose: virtio_pci_close(&Adapter->Device) */
    mapped = 0;
    assert(!on || fenced || gone || !powered)
}

/* NDIS, on the threads that it has for each: Initialize, pause, power, halt. */
active proctype ndis()
{
    bit ok, worked;

    /* MiniportInitializeEx. */
    mapped = 1;
    /* code: device: AerovnetDeviceOpen: AerovnetStateChange(&Adapter->State, AerovnetEventOpen) */
    CHANGE(Open, ok);
    /* code: device: AerovnetDeviceOpen: AerovnetStateFence(&Adapter->State, TRUE) */
    fenced = 1;
    /* code: device: AerovnetNegotiate: Status = AerovnetDeviceReset(Adapter, Seconds) */
    device_reset(worked);
    if
    :: worked ->
        /* code: adapter: AerovnetBringUp: AerovnetInterruptRegister(Adapter) */
        registered = 1;
        /* code: adapter: AerovnetBringUp: AerovnetDeviceStart(Adapter) */
        START(Start, worked, ok);
        if
        :: worked -> skip
        :: else ->
            /* code: adapter: AerovnetBringUp: AerovnetDeviceStop(Adapter, NDIS_STATUS_FAILURE) */
            acquire();
            CHANGE(Halt, ok);
            stop_locked(state == Stopped, worked);
            busy = 0;
            worked = 0;
            /* code: adapter: AerovnetBringUp: AerovnetInterruptDeregister(Adapter) */
            deregister_interrupt()
        fi
    :: else -> skip
    fi;
    if
    :: worked -> up = 1
    :: else ->
        /* NDIS ends its other calls before it forgets the adapter. */
        atomic { !checking -> stopping = 1 }
        close_device(worked, ok);
        freed = 1;
        goto end
    fi;

    do
    /* MiniportPause: a device that is gone or does not work is stopped. It may be restarted at once. */
    :: pauses_left > 0 ->
        pauses_left--;
        if
        :: atomic { !busy -> busy = 1 }
            if
            /* code: device: AerovnetDeviceStopFailed: if (AerovnetNeedsReset(Adapter)) */
            :: NEEDS_RESET -> stop_locked(1, worked)
            :: else -> skip
            fi;
            busy = 0
        :: busy -> skip
        fi
#ifdef POWER
    /* OID_PNP_SET_POWER for D3. The bus driver takes the power away when it has returned. */
    :: atomic { powers_left > 0 && !sleeping && !removal && !shut -> powers_left--; powering = 1 }
        acquire();
        CHANGE(SleepAsked, ok);
        if
        :: ok ->
            stop_locked(1, worked);
            /* AerovnetInterruptSleep: no ISR runs while the state changes, and every DPC is waited for. */
#ifdef BAD_ISR_NOT_KEPT_OUT
            CHANGE(Slept, ok)
#else
            /* code: interrupt: AerovnetInterruptSleep: NdisMSynchronizeWithInterruptEx */
            atomic { isrs == 0 -> if :: state == Stopped -> state = Asleep :: else -> skip fi }
#endif
;
#ifdef BAD_DPC_NOT_AWAITED
            skip
#else
            /* code: interrupt: AerovnetInterruptSleep: while (Adapter->DpcRequests != 0) */
            requests == 0
#endif
        :: else -> skip
        fi;
        busy = 0;
        assert(state == Asleep || state == Removed || shut || removal);
        if
        :: atomic { state == Asleep -> powered = 0; sleeping = 1; on = 0; broken = 0; line = 0 }
        :: else -> skip
        fi;
        powering = 0
    /* OID_PNP_SET_POWER for D0. The bus driver gives power before. */
    :: atomic { powers_left > 0 && sleeping && !removal && !shut -> powers_left--; powering = 1; powered = 1 }
        acquire();
        CHANGE(WakeAsked, ok);
        if
        :: ok ->
            device_reset(worked);
            if
            :: worked -> START(Woken, worked, ok)
            :: else -> skip
            fi;
            if
            :: worked -> skip
            /* code: device: AerovnetBroughtBack: AerovnetStateChange(&Adapter->State, Failed) */
            :: else -> CHANGE(WakeFailed, ok)
            fi
        :: else -> skip
        fi;
        busy = 0;
        /* code: device: AerovnetDeviceWake: AerovnetInterruptCheck(Adapter) */
        interrupt_check();
        assert(state != Asleep && state != Waking || removal);
        sleeping = 0;
        powering = 0
#endif
    /* MiniportHaltEx: no other callback runs. */
    :: atomic { !resetting && !checking && !removing && !shut -> stopping = 1 } break
    :: atomic { idle = 1 } goto end
    od;

    acquire();
    /* code: device: AerovnetDeviceStop: AerovnetStateChange(&Adapter->State, AerovnetEventHalt) */
    CHANGE(Halt, ok);
    /* code: device: AerovnetDeviceStop: AerovnetStateOf(&Adapter->State) == AerovnetStateStopped */
    stop_locked(state == Stopped, worked);
    busy = 0;
    /* code: adapter: AerovnetHaltEx: AerovnetInterruptDeregister(Adapter) */
#ifndef BAD_CLOSE_BEFORE_INTERRUPT
    deregister_interrupt();
#endif
    /* code: adapter: AerovnetHaltEx: AerovnetDeviceClose(Adapter) */
    close_device(worked, ok);
#ifdef BAD_CLOSE_BEFORE_INTERRUPT
    deregister_interrupt();
#endif
    /* code: adapter: AerovnetHaltEx: AerovnetDestroy(Adapter) */
    freed = 1;
end:
    idle = 1
}

/* The line is shared, so the ISR may run at any time. */
active proctype isr()
{
    bit there;

end:
    do
    :: atomic { registered && (line || interrupts_left > 0) ->
            if :: line -> skip :: else -> interrupts_left-- fi;
            isrs++ }
        /* code: interrupt: AerovnetRegistersThere: return State != AerovnetStateAsleep && State != AerovnetStateRemoved && State != AerovnetStateClosed */
        /* code: interrupt: AerovnetIsrThere: AerovnetStateOf(&Adapter->State) == AerovnetStateRemoved && !Adapter->RemovedAsleep */
#ifdef BAD_REMOVED_AND_ASLEEP
        atomic { assert(!freed); there = (state != Asleep && state != Closed) }
#else
        atomic {
            assert(!freed);
            there = (state != Asleep && state != Closed && (state != Removed || !removed_asleep))
        }
#endif
        if
        :: there -> atomic { TOUCH; line = 0; dpc_queued = 1 }
        :: else -> atomic { if :: !powered || gone -> line = 0 :: else -> skip fi }
        fi;
        isrs--
    od
}

active proctype dpc()
{
    bit ok, found, asleep, goto_lost, goto_failed;
    byte seen;

end:
    do
    :: atomic { dpc_queued -> dpc_queued = 0; dpcs++ }
        /* code: interrupt: AerovnetInterruptDpc: InterlockedIncrement(&Adapter->DpcRequests) */
        requests++;
        /* code: interrupt: AerovnetInterruptDpc: AerovnetStateOf(&Adapter->State) == AerovnetStateAsleep */
        asleep = (state == Asleep);
        if
        :: !asleep ->
            /* A poll, with the lock of the queue: the epoch is that of a queue that is live. */
            /* code: receive: AerovnetReceivePoll: Epoch = AerovnetStateEpoch(&Adapter->State) */
            atomic { assert(!freed); found = live && broken; seen = epoch }
            if
            /* code: receive: AerovnetReceivePoll: AerovnetDeviceFailed(Adapter, Epoch, AEROVNET_EVENT_DEVICE_BROKE_QUEUE */
            :: found -> REPORT(Fault, seen, ok); if :: ok -> gates() :: else -> skip fi
            :: else -> skip
            fi;
            /* code: interrupt: AerovnetPoll: AerovnetDeviceCheck(Adapter) */
            device_check(seen, ok)
        :: else -> skip
        fi;
        atomic { requests--; dpcs-- }
    od
}

/* MiniportCheckForHangEx, which NDIS also calls while Initialize runs, and MiniportResetEx with its work item. */
active proctype resetter()
{
    bit ok, worked, hangs, goto_lost, goto_failed;
    byte seen;

end:
    do
    :: atomic { !stopping && !sleeping && !shut && (checks_left > 0 || ((state == Running || state == Failed) && (gone || broken)) ||
                (NEEDS_RESET && (!gone || state != Dead))) && mapped ->
            if :: checks_left > 0 -> checks_left-- :: else -> skip fi;
            checking = 1 }
        hangs = 0;
        if
        :: atomic { !busy -> busy = 1 }
            /* code: device: AerovnetDeviceHangs: AerovnetDeviceCheck(Adapter) */
            device_check(seen, ok);
            /* code: device: AerovnetDeviceHangs: AerovnetInterruptCheck(Adapter) */
            interrupt_check();
            /* code: device: AerovnetDeviceHangs: Hangs = AerovnetNeedsReset(Adapter) */
            hangs = NEEDS_RESET;
            busy = 0
        :: busy -> skip
        fi;
        atomic { checking = 0; if :: hangs && up && !stopping -> resetting = 1 :: else -> hangs = 0 fi }
        if
        :: hangs ->
            acquire();
            /* code: device: AerovnetDeviceRestart: AerovnetStateChange(&Adapter->State, AerovnetEventResetAsked) */
            CHANGE(ResetAsked, ok);
            if
            :: ok ->
                resets++;
                assert(resets <= 6); /* a device that works does not need more */
                /* code: device: AerovnetDeviceRestart: AerovnetStopLocked(Adapter, NDIS_STATUS_RESET_IN_PROGRESS, AEROVNET_RESET_SECONDS_LONG) */
                stop_locked(1, worked);
                /* code: device: AerovnetDeviceRestart: if (Reset == VIRTIO_PCI_OK) */
#ifdef BAD_START_ANYWAY
                START(Restarted, worked, ok);
#else
                if
                :: worked -> START(Restarted, worked, ok)
                :: else -> skip
                fi;
#endif
#ifdef BAD_NO_FAILURE
                skip
#else
                if
                :: worked -> skip
                :: else -> CHANGE(RestartFailed, ok)
                fi
#endif
            :: else -> skip
            fi;
            busy = 0;
            /* code: device: AerovnetDeviceRestart: AerovnetInterruptCheck(Adapter) */
            interrupt_check();
            resetting = 0
        :: else -> skip
        fi
    od
}

#ifdef FAULTS
/* The device breaks the protocol or asks for a reset; or its registers read all ones, for a while or for ever. */
active proctype faults()
{
end:
    do
    :: atomic { faults_left > 0 && on && !gone -> faults_left--; broken = 1; line = 1 }
    :: atomic { faults_left > 0 && powered && !gone -> faults_left--; gone = 1; line = 0 }
    :: atomic { gone -> gone = 0; on = 0; broken = 1 }
    od
}
#endif

#ifdef REMOVAL
/* AerovnetDeviceRemoved. The device may still be there. Windows removes no device whose power it is changing. */
active proctype remover()
{
    bit ok, worked, asleep;

    if
    :: atomic { up && !stopping && !shut && !powering -> removing = 1; removal = 1 }
        /* code: device: AerovnetDeviceRemoved: BOOLEAN Asleep = AerovnetStateOf(&Adapter->State) == AerovnetStateAsleep */
        asleep = (state == Asleep);
        if
        /* code: device: AerovnetDeviceRemoved: Adapter->RemovedAsleep = TRUE */
        :: asleep -> removed_asleep = 1
        :: else -> skip
        fi;
        /* code: device: AerovnetDeviceRemoved: AerovnetStateChange(&Adapter->State, AerovnetEventSurpriseRemoved) */
        CHANGE(SurpriseRemoved, ok);
        assert(ok);
        /* code: device: AerovnetDeviceRemoved: AerovnetGates(Adapter) */
        gates();
        /* code: device: AerovnetDeviceRemoved: AerovnetDeviceAcquire(Adapter) */
        acquire();
        /* code: device: AerovnetDeviceRemoved: AerovnetStopLocked(Adapter, NDIS_STATUS_FAILURE, Asleep ? 0 */
        stop_locked(!asleep, worked);
        busy = 0;
        removing = 0
    :: stopping -> skip
    fi
}
#endif

#ifdef SHUTDOWN
active proctype shutdown()
{
    bit ok;

    if
    :: atomic { up && !stopping && !removal -> shut = 1 }
        /* code: device: AerovnetDeviceShutdown: AerovnetDeviceAcquire(Adapter) */
#ifndef BAD_SHUTDOWN_AT_ONCE
        acquire();
#endif
        /* code: device: AerovnetDeviceShutdown: AerovnetStateChange(&Adapter->State, AerovnetEventShutdown) */
        CHANGE(Shutdown, ok);
        if
        :: ok ->
            /* code: device: AerovnetDeviceShutdown: AerovnetQuiesce(Adapter) */
            gates();
            /* code: device: AerovnetDeviceShutdown: virtio_pci_reset_now(&Adapter->Device) */
            atomic { TOUCH; assert(!live); if :: gone -> skip :: else -> on = 0; broken = 0; line = 0 fi }
        :: else -> skip
        fi;
#ifndef BAD_SHUTDOWN_AT_ONCE
        busy = 0
#endif
    :: stopping -> skip
    fi
}
#endif

#ifdef CRASH
/* A system error, at any moment: nobody else runs after it, so what it leaves is looked at and nothing changed. */
active proctype crash()
{
    atomic {
        if
        /* code: device: AerovnetDeviceCrash: AerovnetStateChange(&Adapter->State, AerovnetEventCrash) */
        /* code: device: AerovnetDeviceCrash: virtio_pci_reset_now(&Adapter->Device) */
        :: (Crash_FROM >> state) & 1 -> TOUCH
        :: else -> assert(!on || fenced || gone || !powered || state == Removed)
        fi
    }
}
#endif

/* When nothing can move any more. */
active proctype all_is_well()
{
    timeout;
    assert(idle && !busy && !resetting && !removing && !checking && isrs == 0 && dpcs == 0);
    if
    :: freed -> assert(state == Closed && !mapped && !registered && (!on || fenced || gone || !powered))
    :: !freed && removal -> assert(state == Removed && (!on || fenced || gone || !powered))
    :: !freed && !removal && shut -> assert(!live && (!on || fenced || gone || !powered))
    :: !freed && !removal && !shut && sleeping -> assert(state == Asleep && !live)
    :: else -> assert(gone || (state == Running && live && on && !broken))
    fi
}
