/* SPDX-License-Identifier: MIT */
/* ReceiveScale: a driver that says it has RSS accepts its parameters. Here it does not know the OID.
 * says: OID_GEN_RECEIVE_SCALE_PARAMETERS failed with 0xC00000BB
 */
#include "hash.h"

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = MiniportOid;
}

VOID Break(HOOKS *Hooks)
{
    HashHooks(Hooks);
    Hooks->Entry = Entry;
}
