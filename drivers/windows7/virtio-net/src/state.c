/* SPDX-License-Identifier: MIT */
#include "state.h"

#define AEROVNET_WORD_FENCED 0x00000100
#define AEROVNET_WORD_EPOCH  16 /* its lowest bit */

#define AEROVNET_IN(_State)  (1u << AerovnetState##_State)

/* One row for each event, in the order of AEROVNET_EVENT. */
static const struct {
    USHORT From; /* AEROVNET_IN() of the states in which it is allowed */
    UCHAR To;
    UCHAR NewEpoch;
} AerovnetEventTable[AerovnetEvents] = {
    /* Open */ {AEROVNET_IN(Closed), AerovnetStateStopped, 0},
    /* Start */ {AEROVNET_IN(Stopped), AerovnetStateRunning, 1},
    /* Fault */ {AEROVNET_IN(Running), AerovnetStateFailed, 0},
    /* AllOnes */ {AEROVNET_IN(Running) | AEROVNET_IN(Failed), AerovnetStateLost, 0},
    /* ResetAsked */
    {AEROVNET_IN(Running) | AEROVNET_IN(Failed) | AEROVNET_IN(Lost) | AEROVNET_IN(Dead),
     AerovnetStateResetting, 0},
    /* Restarted */ {AEROVNET_IN(Resetting), AerovnetStateRunning, 1},
    /* RestartFailed */ {AEROVNET_IN(Resetting), AerovnetStateDead, 0},
    /* SleepAsked */
    {AEROVNET_IN(Running) | AEROVNET_IN(Failed) | AEROVNET_IN(Lost) | AEROVNET_IN(Dead),
     AerovnetStateStopped, 0},
    /* Slept */ {AEROVNET_IN(Stopped), AerovnetStateAsleep, 0},
    /* WakeAsked */ {AEROVNET_IN(Asleep), AerovnetStateWaking, 0},
    /* Woken */ {AEROVNET_IN(Waking), AerovnetStateRunning, 1},
    /* WakeFailed */ {AEROVNET_IN(Waking), AerovnetStateDead, 0},
    /* SurpriseRemoved */
    {AEROVNET_IN(Stopped) | AEROVNET_IN(Running) | AEROVNET_IN(Failed) | AEROVNET_IN(Resetting) |
         AEROVNET_IN(Lost) | AEROVNET_IN(Dead) | AEROVNET_IN(Asleep) | AEROVNET_IN(Waking),
     AerovnetStateRemoved, 0},
    /* Shutdown */
    {AEROVNET_IN(Running) | AEROVNET_IN(Failed) | AEROVNET_IN(Dead), AerovnetStateStopped, 0},
    /* Crash: at any moment, so also in the middle of a reset */
    {AEROVNET_IN(Stopped) | AEROVNET_IN(Running) | AEROVNET_IN(Failed) | AEROVNET_IN(Resetting) |
         AEROVNET_IN(Dead) | AEROVNET_IN(Waking),
     AerovnetStateStopped, 0},
    /* Halt */
    {AEROVNET_IN(Running) | AEROVNET_IN(Failed) | AEROVNET_IN(Lost) | AEROVNET_IN(Dead),
     AerovnetStateStopped, 0},
    /* Close */
    {AEROVNET_IN(Stopped) | AEROVNET_IN(Asleep) | AEROVNET_IN(Removed), AerovnetStateClosed, 0}};

ULONG AerovnetStateEpoch(const AEROVNET_STATE_WORD *State)
{
    return (ULONG)State->Word >> AEROVNET_WORD_EPOCH;
}

BOOLEAN AerovnetStateIsFenced(const AEROVNET_STATE_WORD *State)
{
    return (State->Word & AEROVNET_WORD_FENCED) != 0;
}

/* Makes the word `New` if it is still `Old`. The one place where it is written. */
static BOOLEAN AerovnetStateSwap(PAEROVNET_STATE_WORD State, ULONG Old, ULONG New)
{
    return InterlockedCompareExchange(&State->Word, (LONG)New, (LONG)Old) == (LONG)Old;
}

/* `Epoch` is one that counts only when `Reported`. */
static BOOLEAN AerovnetStateApply(PAEROVNET_STATE_WORD State, AEROVNET_EVENT Event,
                                  BOOLEAN Reported, ULONG Epoch)
{
    ULONG Old, New;

    do {
        Old = (ULONG)State->Word;
        if (!(AerovnetEventTable[Event].From >> (Old & AEROVNET_WORD_STATE) & 1) ||
            (Reported && Old >> AEROVNET_WORD_EPOCH != Epoch))
            return FALSE;
        New = (Old & ~(ULONG)AEROVNET_WORD_STATE) | AerovnetEventTable[Event].To;
        New += (ULONG)AerovnetEventTable[Event].NewEpoch << AEROVNET_WORD_EPOCH;
    } while (!AerovnetStateSwap(State, Old, New));
    return TRUE;
}

BOOLEAN AerovnetStateChange(PAEROVNET_STATE_WORD State, AEROVNET_EVENT Event)
{
    return AerovnetStateApply(State, Event, FALSE, 0);
}

BOOLEAN AerovnetStateReport(PAEROVNET_STATE_WORD State, AEROVNET_EVENT Event, ULONG Epoch)
{
    return AerovnetStateApply(State, Event, TRUE, Epoch);
}

VOID AerovnetStateFence(PAEROVNET_STATE_WORD State, BOOLEAN Fenced)
{
    ULONG Old, New;

    do {
        Old = (ULONG)State->Word;
        New = Fenced ? Old | AEROVNET_WORD_FENCED : Old & ~(ULONG)AEROVNET_WORD_FENCED;
    } while (!AerovnetStateSwap(State, Old, New));
}
