/* SPDX-License-Identifier: MIT */
/* MiniportPause_Return: a paused miniport indicates nothing. Here a timer does.
 * control: pause; sleep 30
 */
#include "miniport.h"

static VOID Timer(VOID)
{
    Indicate(NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

static NDIS_STATUS Pause(VOID)
{
    SetTimer(1);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Timer = Timer;
    Hooks->Pause = Pause;
}
