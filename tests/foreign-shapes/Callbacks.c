/* SPDX-License-Identifier: MIT */
/* Callback objects: one of the driver's own, and \Callback\PowerState.
 * control: power d3; power d0; send
 */
#include "shape.h"

static PVOID Own, Single, Power, Handles[3];
static LONG Calls, Order, Sleeps, Wakes;

static VOID NTAPI First(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    CHECK(Context == &Calls && Argument1 == &Own && Argument2 == NULL);
    CHECK(Order++ % 2 == 0);
    Calls++;
}

static VOID NTAPI Second(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    CHECK(Context == NULL);
    CHECK(Order++ % 2 == 1); /* in the order of registration */
}

/* PO_CB_SYSTEM_STATE_LOCK: 0, the system leaves S0; 1, it is back. */
static VOID NTAPI PowerChanged(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    CHECK(Context == &Power && KeGetCurrentIrql() <= DISPATCH_LEVEL);
    if ((ULONG_PTR)Argument1 != 3)
        return;
    if ((ULONG_PTR)Argument2 == 0)
        Sleeps++;
    else
        Wakes++;
}

static NTSTATUS Open(PVOID *Object, PCWSTR Name, BOOLEAN Create, BOOLEAN Multiple)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;

    RtlInitUnicodeString(&Text, Name);
    InitializeObjectAttributes(&Attributes, &Text, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return ExCreateCallback((PCALLBACK_OBJECT *)Object, &Attributes, Create, Multiple);
}

static PVOID Register(PVOID Object, PCALLBACK_FUNCTION Function, PVOID Context)
{
    return ExRegisterCallback((PCALLBACK_OBJECT)Object, Function, Context);
}

static VOID CheckOwn(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    PVOID Same;
    KIRQL Irql;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    CHECK(ExCreateCallback((PCALLBACK_OBJECT *)&Same, &Attributes, TRUE, TRUE) ==
          STATUS_UNSUCCESSFUL); /* without a name */
    CHECK(Open(&Own, L"\\Callback\\ShapeOwn", FALSE, TRUE) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(Open(&Own, L"\\Callback\\ShapeOwn", TRUE, TRUE) == STATUS_SUCCESS);
    CHECK(Open(&Same, L"\\callback\\shapeown", TRUE, FALSE) == STATUS_SUCCESS && Same == Own);
    ObDereferenceObject(Same);
    Handles[0] = Register(Own, First, &Calls);
    Handles[1] = Register(Own, Second, NULL);
    CHECK(Handles[0] != NULL && Handles[1] != NULL);
    ExNotifyCallback((PCALLBACK_OBJECT)Own, &Own, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    ExNotifyCallback((PCALLBACK_OBJECT)Own, &Own, NULL);
    KeLowerIrql(Irql);
    CHECK(Calls == 2 && Order == 4);
    ExUnregisterCallback(Handles[0]);
    ExUnregisterCallback(Handles[1]);
    ExNotifyCallback((PCALLBACK_OBJECT)Own, &Own, NULL);
    CHECK(Calls == 2 && Order == 4);
    ObDereferenceObject(Own);
    CHECK(Open(&Own, L"\\Callback\\ShapeOwn", FALSE, TRUE) == STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID CheckSingle(VOID)
{
    CHECK(Open(&Single, L"\\Callback\\ShapeSingle", TRUE, FALSE) == STATUS_SUCCESS);
    Handles[0] = Register(Single, First, &Calls);
    CHECK(Handles[0] != NULL && Register(Single, Second, NULL) == NULL);
    ExUnregisterCallback(Handles[0]);
    ObDereferenceObject(Single);
}

static NDIS_STATUS Initialize(VOID)
{
    CheckOwn();
    CheckSingle();
    CHECK(Open(&Power, L"\\Callback\\PowerState", FALSE, TRUE) == STATUS_SUCCESS);
    Handles[2] = Register(Power, PowerChanged, &Power);
    CHECK(Handles[2] != NULL);
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    CHECK(Sleeps == 1 && Wakes == 1);
    ExUnregisterCallback(Handles[2]);
    ObDereferenceObject(Power);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Halt = Halt;
}
