/* SPDX-License-Identifier: MIT */
/* The protocol's own thread runs before its creator knows the protocol. */
#include "native.h"

#include <unistd.h>
#include "ndis/api/miniport.h"
#include "ndis/protocol/protocol.h"
#include "nt/machine/clock.h"

int main(void)
{
    static struct ndis_adapter
        adapter; /* adapter.protocol stays NULL, as while protocol_create runs */
    const struct hold hold = {.by = HOLD_BY_SHAPE};
    struct protocol *protocol;
    char error[256];
    uint64_t seed;

    nt_clock_speed(1000); /* the thread looks at the sends once a millisecond */
    native_start(&seed);
    atomic_store(&adapter.state, ADAPTER_RUNNING);
    protocol = protocol_create(&adapter, seed, LIBERTY_ALL, &hold, error, sizeof(error));
    EXPECT(protocol);
    usleep(500000); /* a loaded machine starts it late */
    if (protocol)
        protocol_destroy(protocol);
    native_end("protocol-thread-starts-first");
    return native_stop();
}
