/* SPDX-License-Identifier: MIT */
/* ChecksumOffload: a checksum that is indicated as right is in the frame. Here the device left it to the driver.
 * bus: model:partial=1
 * ndishost-options: --net gen:ip=1,dir=rx,count=100,window=16
 * control: wait finished
 * says: checksum: succeeded, but it is wrong
 */
#include "partial.h"

VOID Break(HOOKS *Hooks)
{
    Lazy = TRUE;
    PartialHooks(Hooks);
}
