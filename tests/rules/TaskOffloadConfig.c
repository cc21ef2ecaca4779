/* SPDX-License-Identifier: MIT */
/* TaskOffloadConfig: after OID_OFFLOAD_ENCAPSULATION the driver indicates its configuration. Here it does not.
 * says: OID_OFFLOAD_ENCAPSULATION succeeded, and the driver did not indicate
 */
#include "offload.h"

VOID Break(HOOKS *Hooks)
{
    Quiet = TRUE;
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = SetOffloads;
}
