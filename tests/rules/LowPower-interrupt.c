/* SPDX-License-Identifier: MIT */
/* LowPower: a device that sleeps has no interrupt. Here its ISR takes another device's for its own. */
#include "miniport.h"

static BOOLEAN Isr(PBOOLEAN QueueDpc)
{
    *QueueDpc = FALSE;
    return TRUE;
}

/* ndishost-options: --shape random
 * control: power d1 */
VOID Break(HOOKS *Hooks)
{
    Hooks->Isr = Isr;
}
