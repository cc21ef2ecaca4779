/* SPDX-License-Identifier: MIT */
/* DoubleCompleteWorkItem: a work item completes an OID request once. Here twice. */
#include "miniport.h"

static PNDIS_OID_REQUEST Pending;

static VOID Work(VOID)
{
    NdisMOidRequestComplete(Adapter.Handle, Pending, NDIS_STATUS_NOT_SUPPORTED);
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
