/* SPDX-License-Identifier: MIT */
/* Receive-side scaling: the protocol sets types of hash, a key and an indirection table, changes them, and turns RSS off
 * and on. The hashes that the miniport computes are those that ndishost computes.
 * options: --net gen:ip=both,dir=rx,count=4000,rate=8000
 * control: wait received 400; rss table; rss key; wait received 1500; rss off; wait received 2200; rss on
 * control: wait finished; oid query OID_GEN_RECEIVE_SCALE_CAPABILITIES
 * reply: 2 ok NDIS_STATUS_SUCCESS (0x00000000)
 * reply: 3 ok NDIS_STATUS_SUCCESS (0x00000000)
 * reply: 5 ok NDIS_STATUS_SUCCESS (0x00000000)
 * reply: 7 ok NDIS_STATUS_SUCCESS (0x00000000)
 * reply: 9 ok NDIS_STATUS_SUCCESS (0x00000000) done=16 needed=0 88011000010300040100000001000000
 * says: gen rx: 4000 frames sent, 4000 arrived, all intact and in order
 */
#include "hash.h"
#include "shape.h"

static VOID Halt(VOID)
{
    CHECK(Requests == 5 && Types != 0);
    CHECK(Hashed[0] > 300 && Hashed[1] > 300 && Hashed[2] > 300 && Hashed[3] > 300);
    ReceiveStop();
}

VOID Break(HOOKS *Hooks)
{
    HashHooks(Hooks);
    Hooks->Halt = Halt;
}
