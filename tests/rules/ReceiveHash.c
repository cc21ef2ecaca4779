/* SPDX-License-Identifier: MIT */
/* ReceiveHash: the value of a hash is true. Here the addresses' and ports' hash has a wrong bit.
 * ndishost-options: --net gen:ip=both,dir=rx,count=400,window=16,hold=1
 * control: wait up; go; wait finished
 * says: and the value is wrong
 */
#include "hash.h"

static VOID Wrong(PNET_BUFFER_LIST List)
{
    NET_BUFFER_LIST_SET_HASH_VALUE(List, NET_BUFFER_LIST_GET_HASH_VALUE(List) ^ 0x80);
}

VOID Break(HOOKS *Hooks)
{
    HashHooks(Hooks);
    Spoil = Wrong;
}
