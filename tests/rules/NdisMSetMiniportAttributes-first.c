/* SPDX-License-Identifier: MIT */
/* NdisMSetMiniportAttributes: the registration attributes come before the general ones. Here
 * after them.
 */
#include "miniport.h"

static VOID Early(VOID)
{
    SetGeneral();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
