/* SPDX-License-Identifier: MIT */
/* NdisTimedOidComplete: an OID request is completed within 12 seconds. Here after 20.
 * ndishost-options: --time-scale 40
 */
#include "miniport.h"

static PNDIS_OID_REQUEST Pending;

static VOID Work(VOID)
{
    WaitMilliseconds(20000);
    NdisMOidRequestComplete(Adapter.Handle, Pending, NDIS_STATUS_NOT_SUPPORTED);
}

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    Pending = Request;
    QueueWork();
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Work = Work;
    Hooks->Oid = Oid;
}
