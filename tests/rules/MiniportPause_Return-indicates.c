/* SPDX-License-Identifier: MIT */
/* MiniportPause_Return: a paused miniport indicates nothing. Here it does when it is asked an OID.
 * control: pause; oid query GEN_VENDOR_ID
 */
#include "miniport.h"

static BOOLEAN Paused;

static NDIS_STATUS Pause(VOID)
{
    Adapter.Running = FALSE;
    Paused = TRUE;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    UNREFERENCED_PARAMETER(Request);
    if (Paused)
        Indicate(0);
    return NDIS_STATUS_NOT_SUPPORTED;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Pause = Pause;
    Hooks->Oid = Oid;
}
