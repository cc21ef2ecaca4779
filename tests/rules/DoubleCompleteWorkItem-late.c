/* SPDX-License-Identifier: MIT */
/* DoubleCompleteWorkItem: a work item completes an OID request once. Here it completes it again after
 * other requests have come. */
#include "miniport.h"

static PNDIS_OID_REQUEST Pending;

static VOID Work(VOID)
{
    PNDIS_OID_REQUEST Request = Pending;

    NdisMOidRequestComplete(Adapter.Handle, Request, NDIS_STATUS_NOT_SUPPORTED);
    NdisMSleep(50000);
    NdisMOidRequestComplete(Adapter.Handle, Request, NDIS_STATUS_NOT_SUPPORTED);
}

/* The first request alone is completed late. */
static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    if (Pending != NULL)
        return NDIS_STATUS_NOT_SUPPORTED;
    Pending = Request;
    QueueWork();
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Work = Work;
    Hooks->Oid = Oid;
}
