/* SPDX-License-Identifier: MIT */
/*
 * Sends that take too long. Documentation: devtest/ndis-ndistimeddatasend, ndis-ndistimeddatahang.
 */
#include "ndis/watch/send_watch.h"

#include "nt/machine/clock.h"

#define SEND_LATE (30 * NT_SECOND)
#define SEND_HANG (22 * NT_SECOND)

static unsigned seconds(uint64_t duration)
{
    return (unsigned)(duration / NT_SECOND);
}

/* No list was completed for too long: reported once each time that completions stop. */
static void check_hang(struct ndis_adapter *adapter, NET_BUFFER_LIST *oldest, uint64_t since,
                       uint64_t now)
{
    uint64_t last = SHARED_GET(adapter->send_completed_at);
    uint64_t quiet = last > since ? last : since;

    if (time_left(quiet, SEND_HANG) || adapter->send_hang_told == quiet)
        return;
    adapter->send_hang_told = quiet;
    rule_violation_object("NdisTimedDataHang", oldest,
                          (const void *)adapter->driver->characteristics.SendNetBufferListsHandler,
                          "%s has pending sends and has completed none for %u s; NET_BUFFER_LIST "
                          "%p was sent %u s ago",
                          adapter->name, seconds(now - quiet), (void *)oldest,
                          seconds(now - since));
}

void send_watch(struct ndis_adapter *adapter, NET_BUFFER_LIST *oldest, uint64_t since)
{
    uint64_t now = nt_clock_now();

    if (!oldest || now < since || adapter_state(adapter) == ADAPTER_HALTED)
        return;
    check_hang(adapter, oldest, since, now);
    if (time_left(since, SEND_LATE) || adapter->send_late_told == since)
        return;
    adapter->send_late_told = since;
    rule_violation_object("NdisTimedDataSend", oldest,
                          (const void *)adapter->driver->characteristics.SendNetBufferListsHandler,
                          "NET_BUFFER_LIST %p, sent to %s (%s) %u s ago, is still not completed; "
                          "the miniport has completed %llu lists in total",
                          (void *)oldest, adapter->name, adapter_state_name(adapter_state(adapter)),
                          seconds(now - since),
                          (unsigned long long)SHARED_GET(adapter->counters.send_completed));
}
