/* SPDX-License-Identifier: MIT */
/* A list that is sent has the SourceHandle of its sender, the protocol's binding, and is completed with it. Lists that the
 * miniport indicates have the miniport's handle.
 * control: send; send; pause; restart; send
 */
#include "shape.h"

static NDIS_HANDLE Sender;
static ULONG Sent;

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    CHECK(List->SourceHandle != NULL && List->SourceHandle != Adapter.Handle);
    CHECK(Sent == 0 || List->SourceHandle == Sender);
    Sender = List->SourceHandle;
    Sent++;
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
    Indicate(0);
    CHECK(Adapter.Receive->SourceHandle == Adapter.Handle);
}

static VOID Halt(VOID)
{
    CHECK(Sent == 3);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
    Hooks->Halt = Halt;
}
