/* SPDX-License-Identifier: MIT */
/* Routines that a driver wants called when Windows stops, which it does here by `shutdown crash` alone; see bugcheck.h.
 * What they give for the dump goes nowhere. Who does not remove his record is told. */
#include "nt/api/bugcheck.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/callback.h"
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

#define RECORDS_MAX 256
#define DUMP_BYTES  4096
/* KBUGCHECK_CALLBACK_REASON, those of Windows 7 */
#define SECONDARY_DUMP_DATA 2
#define DUMP_IO             3
#define ADD_PAGES           4
#define ADD_PAGES_MORE      0x80000000u /* KB_ADD_PAGES_FLAG_ADDITIONAL_RANGES_EXIST */
#define ADD_PAGES_CALLS     1000
/* KBUGCHECK_DUMP_IO_TYPE */
#define DUMP_IO_HEADER         1
#define DUMP_IO_BODY           2
#define DUMP_IO_SECONDARY_DATA 3
#define DUMP_IO_COMPLETE       4

struct secondary_dump_data {
    PVOID InBuffer;
    ULONG InBufferLength;
    ULONG MaximumAllowed;
    GUID Guid;
    PVOID OutBuffer;
    ULONG OutBufferLength;
};

struct dump_io {
    ULONGLONG Offset;
    PVOID Buffer;
    ULONG BufferLength;
    LONG Type;
};

struct add_pages {
    PVOID Context;
    ULONG Flags;
    ULONG BugCheckCode;
    ULONG_PTR Address;
    ULONG_PTR Count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* In the order of registration. */
static struct registered {
    void *record;
    bool reason;
} registered[RECORDS_MAX];
static unsigned count;

/* Lock held. */
static void remove_record(const void *record)
{
    unsigned i;

    for (i = 0; i < count && registered[i].record != record; i++)
        ;
    if (i == count)
        return;
    memmove(&registered[i], &registered[i + 1], (count - i - 1) * sizeof *registered);
    count--;
}

/* One state to the other; false if it was not the first. */
static BOOLEAN change(void *record, bool reason, UCHAR *state, UCHAR from, UCHAR to)
{
    bool can;

    pthread_mutex_lock(&lock);
    can = *state == from && (to == STATE_EMPTY || count < RECORDS_MAX);
    if (can)
        *state = to;
    if (can && to == STATE_IN_USE)
        registered[count++] = (struct registered){record, reason};
    if (can && to == STATE_EMPTY)
        remove_record(record);
    pthread_mutex_unlock(&lock);
    return can;
}

BOOLEAN NTAPI KeRegisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord,
                                         PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine, PVOID Buffer,
                                         ULONG Length, PUCHAR Component)
{
    if (!change(CallbackRecord, false, &CallbackRecord->State, STATE_EMPTY, STATE_IN_USE))
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
    if (!change(CallbackRecord, false, &CallbackRecord->State, STATE_IN_USE, STATE_EMPTY))
        return FALSE;
    track_remove(TRACK_KIND, CallbackRecord, RULE_CALLER);
    return TRUE;
}
HOST_EXPORT("ntoskrnl.exe", KeDeregisterBugCheckCallback);

static BOOLEAN NTAPI register_reason(struct reason_record *record, PVOID routine, LONG reason,
                                     PUCHAR component)
{
    if (!change(record, true, &record->State, STATE_EMPTY, STATE_IN_USE))
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
    if (!change(record, true, &record->State, STATE_IN_USE, STATE_EMPTY))
        return FALSE;
    track_remove(TRACK_KIND, record, RULE_CALLER);
    return TRUE;
}
HOST_EXPORT_AS("ntoskrnl.exe", "KeDeregisterBugCheckReasonCallback",
               KeDeregisterBugCheckReasonCallback, deregister_reason);

/* ---- Windows stops ---- */

typedef VOID NTAPI reason_routine(LONG reason, struct reason_record *record, PVOID data,
                                  ULONG length);

static void call_reason(struct reason_record *record, void *data, size_t length)
{
    reason_routine *routine = (reason_routine *)(ULONG_PTR)record->CallbackRoutine;
    struct callback call = callback_begin("BugCheckCallback");

    routine(record->Reason, record, data, (ULONG)length);
    callback_end(&call);
}

static void dump(struct reason_record *record)
{
    static uint8_t bytes[DUMP_BYTES];
    struct dump_io io = {~0ull, bytes, sizeof bytes, DUMP_IO_HEADER};

    for (; io.Type < DUMP_IO_COMPLETE; io.Type++)
        call_reason(record, &io, sizeof io);
    io.Buffer = NULL;
    io.BufferLength = 0;
    call_reason(record, &io, sizeof io);
}

static void call_for_dump(struct reason_record *record)
{
    static uint8_t bytes[DUMP_BYTES];
    struct secondary_dump_data secondary = {
        .InBuffer = bytes, .InBufferLength = sizeof bytes, .MaximumAllowed = sizeof bytes};
    struct add_pages pages = {.BugCheckCode = NT_BUG_CHECK_MANUAL};

    switch (record->Reason) {
    case SECONDARY_DUMP_DATA:
        call_reason(record, &secondary, sizeof secondary);
        break;
    case DUMP_IO:
        dump(record);
        break;
    case ADD_PAGES:
        for (unsigned calls = 0; calls < ADD_PAGES_CALLS; calls++) {
            pages.Flags = 0;
            call_reason(record, &pages, sizeof pages);
            if (!(pages.Flags & ADD_PAGES_MORE))
                break;
        }
        break;
    default:
        break;
    }
}

static void call_plain(KBUGCHECK_CALLBACK_RECORD *record)
{
    struct callback call = callback_begin("BugCheckCallback");

    record->CallbackRoutine(record->Buffer, record->Length);
    callback_end(&call);
}

void nt_bug_check(bool dumped)
{
    static bool done[2];

    if (done[dumped])
        return;
    done[dumped] = true;
    for (unsigned i = 0; i < count; i++) {
        if (!dumped && registered[i].reason)
            call_for_dump(registered[i].record);
        if (dumped && !registered[i].reason)
            call_plain(registered[i].record);
    }
}
