/* SPDX-License-Identifier: MIT */
/* Irql_OID_Function: an OID request is completed up to DISPATCH_LEVEL. Here it is with the
 * interrupt's lock held.
 */
#include "miniport.h"

static PNDIS_OID_REQUEST Pending;

static VOID DeviceIrql(VOID)
{
    NdisMOidRequestComplete(Adapter.Handle, Pending, NDIS_STATUS_SUCCESS);
}

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    ULONG Vendor = 0xFFFFFF;

    Answer(Request, &Vendor, sizeof(Vendor));
    Pending = Request;
    AtDeviceIrql();
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->DeviceIrql = DeviceIrql;
    Hooks->Oid = Oid;
}
