/* SPDX-License-Identifier: MIT */
/*
 * state.h: the state of the device, in one word. Events change it, by a compare-and-swap from the
 * states in which the event is allowed; an event that is not allowed changes nothing. What follows
 * from a state is worked out anew from the word, under the lock of what depends on it. Of the queues
 * these are the gates (fault.h). So it does not matter in which order two events are acted upon.
 * docs/how-it-works.md has the table; the unit tests hold this file to it.
 *
 *   if (AerovnetStateChange(&State, AerovnetEventSleepAsked)) ...    this caller changed it
 *   Epoch = AerovnetStateEpoch(&State);                              before looking at the device
 *   if (AerovnetStateReport(&State, AerovnetEventFault, Epoch)) ...  refused in a later incarnation
 *
 * No NDIS in here: it is tested as plain C.
 */
#ifndef AEROVNET_STATE_H
#define AEROVNET_STATE_H

#include <ntddk.h>
#include "aerovnet_annotations.h"
#include "virtio_types.h"

typedef enum _AEROVNET_STATE {
    AerovnetStateClosed,    /* no registers are mapped */
    AerovnetStateStopped,   /* registers, and nothing in the rings; or about to be so */
    AerovnetStateRunning,   /* the rings are in use */
    AerovnetStateFailed,    /* it broke the protocol, or asks for a reset: NDIS is to reset it */
    AerovnetStateResetting, /* NDIS resets it */
    AerovnetStateLost,      /* registers read all ones: a reset may find it again */
    AerovnetStateDead,      /* a reset or wake failed: it is tried again */
    AerovnetStateAsleep,    /* D1 to D3: no register is touched (network/oid-pnp-set-power) */
    AerovnetStateWaking,    /* on the way to D0 */
    AerovnetStateRemoved,   /* surprise removal: final */
    AerovnetStates
} AEROVNET_STATE;

typedef enum _AEROVNET_EVENT {
    AerovnetEventOpen,
    AerovnetEventStart,
    AerovnetEventFault,
    AerovnetEventAllOnes,
    AerovnetEventResetAsked,
    AerovnetEventRestarted,
    AerovnetEventRestartFailed,
    AerovnetEventSleepAsked,
    AerovnetEventSlept,
    AerovnetEventWakeAsked,
    AerovnetEventWoken,
    AerovnetEventWakeFailed,
    AerovnetEventSurpriseRemoved,
    AerovnetEventShutdown,
    AerovnetEventCrash,
    AerovnetEventHalt,
    AerovnetEventClose,
    AerovnetEvents
} AEROVNET_EVENT;

/* State in bits 7:0, fence in bit 8, epoch in bits 31:16. Written by state.c only. Zero: Closed. */
typedef struct _AEROVNET_STATE_WORD {
    LONG volatile Word;
} AEROVNET_STATE_WORD, *PAEROVNET_STATE_WORD;

#define AEROVNET_WORD_STATE 0x000000FF

/* Returns the state now. Any IRQL, as all of these. */
_IRQL_requires_max_(HIGH_LEVEL)
VIRTIO_INLINE AEROVNET_STATE AerovnetStateOf(_In_ const AEROVNET_STATE_WORD *State)
{
    return (AEROVNET_STATE)(State->Word & AEROVNET_WORD_STATE);
}

/* Returns which incarnation of the device this is: each entry into Running makes a new one. */
_IRQL_requires_max_(HIGH_LEVEL)
ULONG AerovnetStateEpoch(_In_ const AEROVNET_STATE_WORD *State);

/* Changes the state as the table has it for `Event`. Returns FALSE when the event is not allowed
 * now. */
_IRQL_requires_max_(HIGH_LEVEL)
BOOLEAN AerovnetStateChange(_Inout_ PAEROVNET_STATE_WORD State, _In_ AEROVNET_EVENT Event);

/* The same for what was seen in incarnation `Epoch`: not allowed in any other one. */
_IRQL_requires_max_(HIGH_LEVEL)
BOOLEAN AerovnetStateReport(_Inout_ PAEROVNET_STATE_WORD State, _In_ AEROVNET_EVENT Event,
                            _In_ ULONG Epoch);

/* Notes whether the device is fenced: its bus mastering and its interrupt are off. No event changes
 * it. */
_IRQL_requires_max_(HIGH_LEVEL)
VOID AerovnetStateFence(_Inout_ PAEROVNET_STATE_WORD State, _In_ BOOLEAN Fenced);
_IRQL_requires_max_(HIGH_LEVEL)
BOOLEAN AerovnetStateIsFenced(_In_ const AEROVNET_STATE_WORD *State);

#endif
