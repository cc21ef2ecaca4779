/* SPDX-License-Identifier: MIT */
/* MiniportPause_Return: a paused miniport holds no send. Here the pause ends before the send.
 * ndishost-options: --net gen:dir=tx,count=1
 * control: sleep 20
 */
#include "miniport.h"

static PNET_BUFFER_LIST Held;

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    UNREFERENCED_PARAMETER(CompleteFlags);
    Held = List;
}

static NDIS_STATUS Pause(VOID)
{
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    Complete(Held, NDIS_STATUS_PAUSED, 0);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
    Hooks->Pause = Pause;
    Hooks->Halt = Halt;
}
