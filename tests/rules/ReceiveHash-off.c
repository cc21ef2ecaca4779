/* SPDX-License-Identifier: MIT */
/* ReceiveHash: a driver hashes nothing once RSS is off. Here it goes on.
 * ndishost-options: --net gen:ip=both,dir=rx,count=4000,window=16,hold=1
 * control: wait up; rss off; go; wait finished
 * says: although the protocol asked for no hash
 */
#include "hash.h"

static MINIPORT_OID_REQUEST GoOn;
static NDIS_STATUS NTAPI GoOn(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    ULONG Was = Types;
    NDIS_STATUS Status = HashOid(MiniportAdapterContext, OidRequest);

    if (Types == 0)
        Types = Was;
    return Status;
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = GoOn;
}

VOID Break(HOOKS *Hooks)
{
    HashHooks(Hooks);
    Hooks->Entry = Entry;
}
