/* SPDX-License-Identifier: MIT */
/* ReceiveHash: a hash is of the type that the frame and the protocol demand. Here UDP is said to be TCP.
 * ndishost-options: --net gen:ip=both,dir=rx,count=400,window=16,hold=1
 * control: wait up; go; wait finished
 * says: but the frame has no such header
 */
#include "hash.h"

static VOID Wrong(PNET_BUFFER_LIST List)
{
    if (NET_BUFFER_LIST_GET_HASH_TYPE(List) == NDIS_HASH_IPV4)
        NET_BUFFER_LIST_SET_HASH_TYPE(List, NDIS_HASH_TCP_IPV4);
}

VOID Break(HOOKS *Hooks)
{
    HashHooks(Hooks);
    Spoil = Wrong;
}
