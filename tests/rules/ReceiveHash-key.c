/* SPDX-License-Identifier: MIT */
/* ReceiveHash: the key is the one that was set last. Here the driver keeps the first one.
 * ndishost-options: --net gen:ip=both,dir=rx,count=4000,window=16,hold=1
 * control: wait up; rss key; go; wait finished
 * says: and the value is wrong
 */
#include "hash.h"

static MINIPORT_OID_REQUEST Keep;
static NDIS_STATUS NTAPI Keep(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    UCHAR Was[KEY_BYTES];
    NDIS_STATUS Status;

    NdisMoveMemory(Was, Key, KEY_BYTES);
    Status = HashOid(MiniportAdapterContext, OidRequest);
    if (Requests > 1)
        NdisMoveMemory(Key, Was, KEY_BYTES);
    return Status;
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = Keep;
}

VOID Break(HOOKS *Hooks)
{
    HashHooks(Hooks);
    Hooks->Entry = Entry;
}
