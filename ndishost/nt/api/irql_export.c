/* SPDX-License-Identifier: MIT */
/* The IRQL as drivers get and set it. On x64 they do it by CR8 instead (nt/machine/trap.c), and nothing of this
 * is exported there; the host itself calls the same functions on both. */
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/callback.h"
#include "nt/machine/irql.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define SYNCH_LEVEL_X86 28

KIRQL NTAPI KeGetCurrentIrql(VOID)
{
    callback_irql_asked(RULE_CALLER);
    return (KIRQL)irql_get();
}

KIRQL FASTCALL KfRaiseIrql(KIRQL NewIrql)
{
    return (KIRQL)irql_raise(NewIrql, RULE_CALLER);
}

VOID FASTCALL KfLowerIrql(KIRQL NewIrql)
{
    irql_lower(NewIrql, RULE_CALLER);
}

VOID NTAPI KeLowerIrql(KIRQL NewIrql)
{
    irql_lower(NewIrql, RULE_CALLER);
}

#if defined(_X86_)
HOST_EXPORT("HAL.dll", KeGetCurrentIrql);
HOST_EXPORT("HAL.dll", KfRaiseIrql);
HOST_EXPORT("HAL.dll", KfLowerIrql);
HOST_EXPORT("HAL.dll", KeLowerIrql);

VOID NTAPI KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
    *OldIrql = (KIRQL)irql_raise(NewIrql, RULE_CALLER);
}
HOST_EXPORT("HAL.dll", KeRaiseIrql);

KIRQL NTAPI KeRaiseIrqlToDpcLevel(VOID)
{
    unsigned old = irql_get();

    HOST_CALL(DISPATCH_LEVEL);
    irql_set_raw(IRQL_DISPATCH);
    return (KIRQL)old;
}
HOST_EXPORT("HAL.dll", KeRaiseIrqlToDpcLevel);

KIRQL NTAPI KeRaiseIrqlToSynchLevel(VOID)
{
    return (KIRQL)irql_raise(SYNCH_LEVEL_X86, RULE_CALLER);
}
HOST_EXPORT("HAL.dll", KeRaiseIrqlToSynchLevel);
#endif
