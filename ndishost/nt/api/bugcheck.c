/* SPDX-License-Identifier: MIT */
/* Routines that a driver wants called when Windows stops. Windows stops here by `shutdown crash` alone, and keeps no
 * dump: the records are kept, and who does not remove his is told. */
#include <pthread.h>
#include <stdbool.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_KIND   "bug check callback"
#define STATE_EMPTY  0 /* BufferEmpty: KeInitializeCallbackRecord */
#define STATE_IN_USE 1 /* BufferInserted */

/* KBUGCHECK_REASON_CALLBACK_RECORD */
struct reason_record {
    LIST_ENTRY Entry;
    PVOID CallbackRoutine;
    PUCHAR Component;
    ULONG_PTR Checksum;
    LONG Reason;
    UCHAR State;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* One state to the other; false if it was not the first. */
static BOOLEAN change(UCHAR *state, UCHAR from, UCHAR to)
{
    bool can;

    pthread_mutex_lock(&lock);
    can = *state == from;
    if (can)
        *state = to;
    pthread_mutex_unlock(&lock);
    return can;
}

BOOLEAN NTAPI KeRegisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord,
                                         PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine, PVOID Buffer,
                                         ULONG Length, PUCHAR Component)
{
    if (!change(&CallbackRecord->State, STATE_EMPTY, STATE_IN_USE))
        return FALSE;
    CallbackRecord->CallbackRoutine = CallbackRoutine;
    CallbackRecord->Buffer = Buffer;
    CallbackRecord->Length = Length;
    CallbackRecord->Component = Component;
    track_add(TRACK_KIND, CallbackRecord, 0, RULE_CALLER);
    return TRUE;
}
HOST_EXPORT("ntoskrnl.exe", KeRegisterBugCheckCallback);

BOOLEAN NTAPI KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord)
{
    if (!change(&CallbackRecord->State, STATE_IN_USE, STATE_EMPTY))
        return FALSE;
    track_remove(TRACK_KIND, CallbackRecord, RULE_CALLER);
    return TRUE;
}
HOST_EXPORT("ntoskrnl.exe", KeDeregisterBugCheckCallback);

static BOOLEAN NTAPI register_reason(struct reason_record *record, PVOID routine, LONG reason,
                                     PUCHAR component)
{
    if (!change(&record->State, STATE_EMPTY, STATE_IN_USE))
        return FALSE;
    record->CallbackRoutine = routine;
    record->Reason = reason;
    record->Component = component;
    track_add(TRACK_KIND, record, 0, RULE_CALLER);
    return TRUE;
}
HOST_EXPORT_AS("ntoskrnl.exe", "KeRegisterBugCheckReasonCallback", KeRegisterBugCheckReasonCallback,
               register_reason);

static BOOLEAN NTAPI deregister_reason(struct reason_record *record)
{
    if (!change(&record->State, STATE_IN_USE, STATE_EMPTY))
        return FALSE;
    track_remove(TRACK_KIND, record, RULE_CALLER);
    return TRUE;
}
HOST_EXPORT_AS("ntoskrnl.exe", "KeDeregisterBugCheckReasonCallback",
               KeDeregisterBugCheckReasonCallback, deregister_reason);
