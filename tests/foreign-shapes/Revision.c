/* SPDX-License-Identifier: MIT */
/* A device of another revision: a driver takes 1AF4:1041 with any (virtio 1.2, 4.1.2.2).
 * bus: model:modern=1,revision=7
 */
#include "shape.h"

static NDIS_STATUS Initialize(VOID)
{
    UCHAR Header[9];

    CHECK(NdisMGetBusData(Adapter.Handle, PCI_WHICHSPACE_CONFIG, 0, Header, sizeof(Header)) ==
          sizeof(Header));
    CHECK(Header[0] == 0xF4 && Header[1] == 0x1A && Header[2] == 0x41 && Header[3] == 0x10);
    CHECK(Header[8] == 7);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
