/* SPDX-License-Identifier: MIT */
/* Check-for-hang and reset. Documentation:
 * network/miniport-adapter-check-for-hang-and-reset-operations. */
#include "ndis/adapter/life_cycle.h"

#include "ndis/adapter/oid.h"
#include "ndis/protocol/transfer.h"
#include "ndis/adapter/reset.h"
#include "ndis/watch/send_status.h"
#include "nt/machine/clock.h"

#define RESET_LATE (15 * NT_SECOND)

/* NDIS knows only multiples of two seconds. */
static uint64_t interval(const struct ndis_adapter *adapter)
{
    unsigned seconds = adapter->registration.CheckForHangTimeInSeconds & ~1u;

    return (seconds ? seconds : 2) * NT_SECOND;
}

/* false: it is time to end. */
static bool sleep_interval(struct ndis_adapter *adapter)
{
    uint64_t until = nt_clock_now() + interval(adapter);
    bool go_on;

    pthread_mutex_lock(&adapter->lock);
    while (adapter->hang_check_runs && nt_clock_now() < until)
        nt_clock_wait(&adapter->changed, &adapter->lock, until);
    go_on = adapter->hang_check_runs;
    pthread_mutex_unlock(&adapter->lock);
    return go_on;
}

/* MiniportCheckForHangEx, unless the adapter sleeps. */
static bool hangs(struct ndis_adapter *adapter)
{
    struct callback call;
    bool hangs;

    pthread_mutex_lock(&adapter->lock);
    adapter->hang_check_calls = !adapter_power_state(adapter);
    hangs = adapter->hang_check_calls;
    pthread_mutex_unlock(&adapter->lock);
    if (!hangs)
        return false;
    call = callback_begin("MiniportCheckForHangEx");
    hangs = adapter->driver->characteristics.CheckForHangHandlerEx(adapter->context) != FALSE;
    callback_end(&call);
    pthread_mutex_lock(&adapter->lock);
    adapter->hang_check_calls = false;
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
    return hangs;
}

static void hang_check_run(void *context)
{
    struct ndis_adapter *adapter = context;

    while (sleep_interval(adapter)) {
        if (adapter->bus->lockstep) /* what a clock starts would differ from run to run */
            continue;
        send_status_settle(adapter, false);
        if (hangs(adapter))
            adapter_reset(adapter);
    }
}

void hang_check_flush(struct ndis_adapter *adapter)
{
    pthread_mutex_lock(&adapter->lock);
    while (adapter->hang_check_calls)
        nt_clock_wait(&adapter->changed, &adapter->lock, NT_FOREVER);
    pthread_mutex_unlock(&adapter->lock);
}

static void hang_check_once(void *context)
{
    hangs(context);
}

void hang_check_early(struct ndis_adapter *adapter)
{
    pthread_t thread;

    if (!adapter->driver->characteristics.CheckForHangHandlerEx ||
        adapter_state(adapter) != ADAPTER_INITIALIZING ||
        nt_thread_start(&thread, "early check for hang", hang_check_once, adapter))
        return;
    pthread_join(thread, NULL);
}

int hang_check_start(struct ndis_adapter *adapter)
{
    if (!adapter->driver->characteristics.CheckForHangHandlerEx)
        return 0;
    adapter->hang_check_runs = true;
    if (nt_thread_start(&adapter->hang_check, "check for hang", hang_check_run, adapter)) {
        adapter->hang_check_runs = false;
        return -1;
    }
    return 0;
}

void hang_check_stop(struct ndis_adapter *adapter)
{
    bool ran;

    pthread_mutex_lock(&adapter->lock);
    ran = adapter->hang_check_runs;
    adapter->hang_check_runs = false;
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
    if (ran)
        pthread_join(adapter->hang_check, NULL);
}

/* Waits for NdisMResetComplete. */
static NDIS_STATUS wait_reset(struct ndis_adapter *adapter)
{
    uint64_t start = nt_clock_now(), left;
    NDIS_STATUS status;

    pthread_mutex_lock(&adapter->lock);
    while (adapter->reset_pending && (left = time_left(start, RESET_LATE)))
        nt_clock_wait(&adapter->changed, &adapter->lock, nt_clock_now() + left);
    status = adapter->reset_pending ? NDIS_STATUS_FAILURE : adapter->reset_status;
    if (adapter->reset_pending)
        rule_violation("MiniportResetEx", NULL, "%s: the reset has been pending for 15 s",
                       adapter->name);
    pthread_mutex_unlock(&adapter->lock);
    return status;
}

/* One reset at a time, and none of a device that has no power. */
static NDIS_STATUS reset_enter(struct ndis_adapter *adapter)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    uint64_t start = nt_clock_now(), left;

    transfer_tell_net(adapter, true);
    pthread_mutex_lock(&adapter->lock);
    while (adapter->resetting && (left = time_left(start, RESET_LATE)))
        nt_clock_wait(&adapter->changed, &adapter->lock, nt_clock_now() + left);
    if (adapter->resetting) {
        status = NDIS_STATUS_RESET_IN_PROGRESS;
    } else if (adapter_power_state(adapter)) {
        status = NDIS_STATUS_LOW_POWER_STATE;
    } else {
        adapter->resetting = adapter->reset_pending = true;
        adapter->addressing_reset = false;
        adapter->resets++;
    }
    pthread_mutex_unlock(&adapter->lock);
    if (status == NDIS_STATUS_SUCCESS) {
        transfer_tell_net(adapter, true); /* again, should another reset have ended meanwhile */
        send_status_settle(adapter, true);
    }
    return status;
}

static void reset_leave(struct ndis_adapter *adapter)
{
    pthread_mutex_lock(&adapter->lock);
    adapter->resetting = adapter->reset_pending = false;
    adapter->reset_until = nt_clock_now();
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
}

int32_t adapter_reset(struct ndis_adapter *adapter)
{
    BOOLEAN addressing = FALSE;
    struct callback call;
    NDIS_STATUS status;

    if (!adapter->driver->characteristics.ResetHandlerEx)
        return NDIS_STATUS_NOT_RESETTABLE;
    if (adapter_state(adapter) == ADAPTER_HALTED)
        return NDIS_STATUS_INVALID_STATE;
    status = reset_enter(adapter);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    call = callback_begin("MiniportResetEx");
    status = adapter->driver->characteristics.ResetHandlerEx(adapter->context, &addressing);
    callback_end(&call);
    if (status == NDIS_STATUS_PENDING) {
        status = wait_reset(adapter);
        addressing = adapter->addressing_reset;
    } else if (!adapter->reset_pending) {
        rule_violation("MiniportResetEx",
                       (const void *)adapter->driver->characteristics.ResetHandlerEx,
                       "returned 0x%08X after it had called NdisMResetComplete", (unsigned)status);
    }
    if (status != NDIS_STATUS_SUCCESS && !status_is_error(status))
        rule_violation(
            "MiniportResetEx", (const void *)adapter->driver->characteristics.ResetHandlerEx,
            "ended with 0x%08X, which is neither success nor a failure", (unsigned)status);
    reset_leave(adapter);
    if (status == NDIS_STATUS_SUCCESS && addressing)
        oid_bind_filters(adapter);
    if (status == NDIS_STATUS_SUCCESS)
        transfer_tell_net(adapter, false);
    return status;
}

VOID NTAPI NdisMResetComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status,
                              BOOLEAN AddressingReset)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    pthread_mutex_lock(&adapter->lock);
    if (!adapter->reset_pending)
        rule_violation("MiniportResetEx", RULE_CALLER, "NdisMResetComplete without a reset");
    adapter->reset_pending = false;
    adapter->reset_until = nt_clock_now();
    adapter->reset_status = Status;
    adapter->addressing_reset = AddressingReset != FALSE;
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
}
HOST_EXPORT("NDIS.SYS", NdisMResetComplete);
