/* SPDX-License-Identifier: MIT */
/* The machine goes down. Documentation: nc-ndis-miniport_shutdown. */
#include "ndis/adapter/life_cycle.h"
#include "ndis/adapter/reset.h"
#include "ndis/protocol/transfer.h"
#include "nt/api/bugcheck.h"
#include "nt/machine/clock.h"

/* No other processor runs after a system error. Ours cannot be held where they are: they get to the end
 * of what they do in the driver, and begin nothing more. */
static void stop_others(struct ndis_adapter *adapter)
{
    atomic_store(&adapter->crashed, true);
    while (atomic_load(&adapter->senders) || atomic_load(&adapter->returners))
        nt_clock_sleep(NT_MILLISECOND / 10);
    KeFlushQueuedDpcs();
}

int32_t adapter_shutdown(struct ndis_adapter *adapter, bool crash)
{
    enum adapter_state state = adapter_state(adapter);
    unsigned irql = irql_get();
    struct callback call;

    if (state == ADAPTER_HALTED || state == ADAPTER_INITIALIZING || state == ADAPTER_HALTING)
        return NDIS_STATUS_INVALID_STATE;
    transfer_tell_net(adapter, true);
    hang_check_stop(adapter);
    adapter->in_shutdown = true;
    if (crash) {
        stop_others(adapter);
        irql_raise(IRQL_HIGH, NULL);
        nt_bug_check(false);
    }
    call = callback_begin("MiniportShutdownEx");
    adapter->driver->characteristics.ShutdownHandlerEx(
        adapter->context, crash ? NdisShutdownBugCheck : NdisShutdownPowerOff);
    callback_end(&call);
    if (crash) {
        nt_bug_check(true);
        irql_lower(irql, NULL);
    }
    adapter->in_shutdown = false;
    adapter->shut_down = true;
    adapter_enter(adapter, ADAPTER_HALTED);
    return NDIS_STATUS_SUCCESS;
}

bool adapter_is_shut_down(const struct ndis_adapter *adapter)
{
    return adapter->shut_down;
}
