/* SPDX-License-Identifier: MIT */
/* Bug check callbacks, which run when Windows stops: first those for the dump, then the others, at HIGH_LEVEL.
 * control: send; shutdown crash
 * calls: BugCheckCallback 8
 */
#include "shape.h"

static KBUGCHECK_CALLBACK_RECORD Plain, Removed;
static KBUGCHECK_REASON_CALLBACK_RECORD Secondary, Dump, Pages;
static LONG Order, DumpCalls, PageCalls;
static ULONG Bytes[4];

static VOID NTAPI Stopped(PVOID Buffer, ULONG Length)
{
    CHECK(KeGetCurrentIrql() == HIGH_LEVEL);
    CHECK(Buffer == Bytes && Length == sizeof(Bytes));
    CHECK(Order++ == 3); /* the dump is written by now */
}

static VOID NTAPI Never(PVOID Buffer, ULONG Length)
{
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(Length);
    CHECK(FALSE);
}

static VOID NTAPI GiveData(KBUGCHECK_CALLBACK_REASON Reason,
                           struct _KBUGCHECK_REASON_CALLBACK_RECORD *Record,
                           PVOID ReasonSpecificData, ULONG ReasonSpecificDataLength)
{
    PKBUGCHECK_SECONDARY_DUMP_DATA Data = ReasonSpecificData;

    CHECK(KeGetCurrentIrql() == HIGH_LEVEL && Record == &Secondary);
    CHECK(Reason == KbCallbackSecondaryDumpData && ReasonSpecificDataLength == sizeof(*Data));
    CHECK(Data->InBuffer != NULL && Data->InBufferLength <= Data->MaximumAllowed);
    Data->OutBuffer = Data->InBuffer;
    Data->OutBufferLength = 4;
    CHECK(Order++ == 0);
}

static VOID NTAPI TakeDump(KBUGCHECK_CALLBACK_REASON Reason,
                           struct _KBUGCHECK_REASON_CALLBACK_RECORD *Record,
                           PVOID ReasonSpecificData, ULONG ReasonSpecificDataLength)
{
    PKBUGCHECK_DUMP_IO Io = ReasonSpecificData;

    CHECK(Reason == KbCallbackDumpIo && Record == &Dump);
    CHECK(ReasonSpecificDataLength == sizeof(*Io));
    CHECK((ULONG)Io->Type == (ULONG)++DumpCalls);
    if (Io->Type == KbDumpIoComplete)
        CHECK(Order++ == 1);
    else
        CHECK(Io->Buffer != NULL && Io->BufferLength != 0);
}

/* Two ranges. */
static VOID NTAPI AddPages(KBUGCHECK_CALLBACK_REASON Reason,
                           struct _KBUGCHECK_REASON_CALLBACK_RECORD *Record,
                           PVOID ReasonSpecificData, ULONG ReasonSpecificDataLength)
{
    PKBUGCHECK_ADD_PAGES Add = ReasonSpecificData;

    CHECK(Reason == KbCallbackAddPages && Record == &Pages);
    CHECK(ReasonSpecificDataLength == sizeof(*Add) && Add->Flags == 0);
    CHECK(Add->BugCheckCode != 0 && Add->Context == (PageCalls == 0 ? NULL : Bytes));
    Add->Context = Bytes;
    Add->Flags = KB_ADD_PAGES_FLAG_VIRTUAL_ADDRESS;
    if (PageCalls++ == 0)
        Add->Flags |= KB_ADD_PAGES_FLAG_ADDITIONAL_RANGES_EXIST;
    if (PageCalls == 2)
        CHECK(Order++ == 2);
}

static VOID Register(PVOID Record, PVOID Routine, ULONG Reason)
{
    PKBUGCHECK_REASON_CALLBACK_RECORD One = Record;

    KeInitializeCallbackRecord(One);
    CHECK(KeRegisterBugCheckReasonCallback(
        One, (PKBUGCHECK_REASON_CALLBACK_ROUTINE)(ULONG_PTR)Routine,
        (KBUGCHECK_CALLBACK_REASON)Reason, (PUCHAR)(ULONG_PTR) "Crash"));
}

static NDIS_STATUS Initialize(VOID)
{
    KeInitializeCallbackRecord(&Plain);
    KeInitializeCallbackRecord(&Removed);
    CHECK(KeRegisterBugCheckCallback(&Plain, (PVOID)(ULONG_PTR)Stopped, Bytes, sizeof(Bytes),
                                     (PUCHAR)(ULONG_PTR) "Crash"));
    CHECK(KeRegisterBugCheckCallback(&Removed, (PVOID)(ULONG_PTR)Never, NULL, 0,
                                     (PUCHAR)(ULONG_PTR) "Crash"));
    Register(&Secondary, (PVOID)(ULONG_PTR)GiveData, KbCallbackSecondaryDumpData);
    Register(&Dump, (PVOID)(ULONG_PTR)TakeDump, KbCallbackDumpIo);
    Register(&Pages, (PVOID)(ULONG_PTR)AddPages, KbCallbackAddPages);
    CHECK(KeDeregisterBugCheckCallback(&Removed));
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
