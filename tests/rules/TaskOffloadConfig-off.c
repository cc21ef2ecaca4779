/* SPDX-License-Identifier: MIT */
/* TaskOffloadConfig: what the protocol turns off is off in the configuration. Here the driver indicates that it is on.
 * control: offload tcp4=off
 * says: turned off what the configuration still has: TCP/IPv4 checksum on sends, TCP/IPv4 checksum on receives
 */
#include "offload.h"

VOID Break(HOOKS *Hooks)
{
    Stubborn = TRUE;
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = SetOffloads;
}
