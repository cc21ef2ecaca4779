/* SPDX-License-Identifier: MIT */
/* WriteErrorLog: an allocation that fails in MiniportInitializeEx is written to the event log.
 * Here it is not.
 * ndishost-options: --fail-allocation 1
 */
#include "miniport.h"

VOID Break(HOOKS *Hooks)
{
    UNREFERENCED_PARAMETER(Hooks);
}
