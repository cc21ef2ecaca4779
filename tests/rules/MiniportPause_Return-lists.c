/* SPDX-License-Identifier: MIT */
/* MiniportPause_Return: a paused miniport has all its lists home. Here the pause does not wait
 * for one.
 * ndishost-options: --shape random
 * control: pause; restart; pause; restart; pause; restart; pause; restart; pause; restart
 * control: ; pause; restart; pause; restart; pause; restart; pause; restart; pause; restart
 */
#include "miniport.h"

static NDIS_STATUS Pause(VOID)
{
    Adapter.Running = FALSE;
    if (Adapter.Indicated == 0)
        Indicate(0);
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    while (Adapter.Indicated != 0)
        WaitMilliseconds(1);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
    Hooks->Pause = Pause;
}
