/* SPDX-License-Identifier: MIT */
/*
 * Device power states. Documentation: network/oid-pnp-set-power, oid-pnp-query-power,
 * device-power-states-for-network-adapters, transitioning-to-a-sleeping-state.
 *
 * NDIS 6.20 pauses an adapter before it puts it to sleep and restarts it after it has woken it,
 * always: NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND came with 6.30. Only D0 -> Dx and Dx -> D0
 * exist. The bus driver takes the device's power after the miniport has completed
 * OID_PNP_SET_POWER, and gives it back before the miniport is asked for D0; what the device knew is
 * lost in between.
 */
#include "ndis/adapter/life_cycle.h"

#include "ndis/api/interrupt.h"
#include "ndis/api/messages.h"
#include "ndis/adapter/oid.h"
#include "ndis/adapter/reset.h"
#include "ndis/watch/send_status.h"
#include "nt/api/callback_object.h"
#include "nt/machine/clock.h"

#define RESET_WAIT (20 * NT_SECOND)

static const void *oid_handler(const struct ndis_adapter *adapter)
{
    return (const void *)adapter->driver->characteristics.OidRequestHandler;
}

static bool reset_runs(struct ndis_adapter *adapter)
{
    bool runs;

    pthread_mutex_lock(&adapter->lock);
    runs = adapter->reset_pending;
    pthread_mutex_unlock(&adapter->lock);
    return runs;
}

static void wait_reset(struct ndis_adapter *adapter)
{
    uint64_t deadline = nt_clock_now() + RESET_WAIT;

    while (reset_runs(adapter) && nt_clock_now() < deadline)
        nt_clock_sleep(NT_MILLISECOND);
}

/* One of the two power OIDs, which a miniport must not fail. While it is being reset it may refuse
 * OID_PNP_SET_POWER with NDIS_STATUS_NOT_ACCEPTED: then it is asked again after that. */
static NDIS_STATUS request(struct ndis_adapter *adapter, NDIS_OID oid, unsigned state)
{
    enum adapter_oid_kind kind = oid == OID_PNP_SET_POWER ? ADAPTER_OID_SET : ADAPTER_OID_QUERY;
    NDIS_DEVICE_POWER_STATE to = (NDIS_DEVICE_POWER_STATE)(NdisDeviceStateD0 + state);
    ULONG done, needed;
    NDIS_STATUS status;
    bool resetting;
    char name[64];

    do {
        resetting = reset_runs(adapter);
        status = oid_request(adapter, kind, oid, &to, sizeof(to), &done, &needed);
        if (status == NDIS_STATUS_NOT_ACCEPTED && resetting)
            wait_reset(adapter);
    } while (status == NDIS_STATUS_NOT_ACCEPTED && resetting);
    if (status != NDIS_STATUS_SUCCESS && !adapter->gone)
        rule_violation("SetPower", oid_handler(adapter), "%s to D%u is completed with %s",
                       oid == OID_PNP_SET_POWER ? "OID_PNP_SET_POWER" : "OID_PNP_QUERY_POWER",
                       state, status_name(status, name, sizeof(name)));
    return status;
}

static bool chance(struct ndis_adapter *adapter)
{
    return (adapter->liberties & LIBERTY_POWER) && random_chance(&adapter->power_random, 1, 2);
}

/* The line is shared: while the device sleeps, the interrupt of another device calls the
 * miniport's ISR. The ISR must not touch the device, and must return that the interrupt is not its own. */
static void shared_interrupt(struct ndis_adapter *adapter)
{
    if (interrupt_shared(adapter))
        rule_violation(
            "LowPower", NULL,
            "MiniportInterrupt claims the interrupt of another device while its own is in "
            "D%u",
            adapter_power_state(adapter));
}

static void device_power(struct ndis_adapter *adapter, unsigned state)
{
    struct bus *bus = adapter->bus;

    if (bus->ops->set_power && !adapter->gone)
        bus->ops->set_power(bus, state);
    if (!state && !adapter->halted_for_power)
        messages_start(adapter); /* the PCI driver restores the table */
    atomic_store(&bus->asleep, state != 0);
}

/* No reset begins after this; one that runs may be waited for, or met: both happen. */
static void power_enter(struct ndis_adapter *adapter, unsigned state)
{
    pthread_mutex_lock(&adapter->lock);
    atomic_store(&adapter->power, state);
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
    send_status_settle(adapter, true); /* a device that wakes needs the reset no more */
    hang_check_flush(adapter);
    if (chance(adapter))
        wait_reset(adapter);
}

static NDIS_STATUS fall_asleep(struct ndis_adapter *adapter, unsigned state)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    adapter_collect(adapter); /* later it cannot be asked */
    if (chance(adapter))
        request(adapter, OID_PNP_QUERY_POWER, state);
    adapter->paused_for_power = adapter_state(adapter) == ADAPTER_RUNNING;
    if (adapter->paused_for_power)
        status = life_cycle_pause(adapter, NDIS_PAUSE_LOW_POWER);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    power_enter(adapter, state);
    status = request(adapter, OID_PNP_SET_POWER, state);
    if (status != NDIS_STATUS_SUCCESS) { /* it stays awake */
        power_enter(adapter, 0);
        if (adapter->paused_for_power)
            adapter_restart(adapter);
        return status;
    }
    device_power(adapter, state);
    if ((adapter->liberties & LIBERTY_POWER) && !adapter->gone)
        shared_interrupt(adapter);
    return NDIS_STATUS_SUCCESS;
}

/* A miniport that fails the request for D0 has a device that cannot be used any more: NDIS removes
 * it (required-and-optional-oids-for-power-management). */
static NDIS_STATUS wake_up(struct ndis_adapter *adapter)
{
    NDIS_STATUS status;

    device_power(adapter, 0);
    status = request(adapter, OID_PNP_SET_POWER, 0);
    adapter->awake_since = nt_clock_now();
    power_enter(adapter, 0);
    if (status != NDIS_STATUS_SUCCESS) {
        life_cycle_request_removal(adapter);
        return status;
    }
    life_cycle_pnp_event(adapter, NdisDevicePnPEventPowerProfileChanged);
    return adapter->paused_for_power ? adapter_restart(adapter) : NDIS_STATUS_SUCCESS;
}

static uint64_t faults_struck(struct ndis_adapter *adapter)
{
    return adapter->bus->ops->faults ? adapter->bus->ops->faults(adapter->bus) : 0;
}

/* "NDIS calls MiniportInitializeEx if NDIS halted the miniport driver", and restores its settings
 * (power-management-for-old-miniport-drivers). */
static NDIS_STATUS initialize_again(struct ndis_adapter *adapter)
{
    uint64_t faults = faults_struck(adapter);
    const char *what;
    NDIS_STATUS status;

    device_power(adapter, 0);
    power_enter(adapter, 0);
    adapter->halted_for_power = false;
    status = life_cycle_come_up(adapter, &what);
    life_cycle_tell_link(adapter);
    if (status != NDIS_STATUS_SUCCESS && faults_struck(adapter) == faults &&
        !send_status_device_gone(adapter))
        rule_violation("SetPower",
                       (const void *)adapter->driver->characteristics.InitializeHandlerEx,
                       "%s cannot be initialised again after sleep: %s fails", adapter->name, what);
    return status;
}

int32_t adapter_power_halt(struct ndis_adapter *adapter)
{
    enum adapter_state now = adapter_state(adapter);
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    if ((now != ADAPTER_RUNNING && now != ADAPTER_PAUSED) || adapter->gone ||
        adapter_power_state(adapter))
        return NDIS_STATUS_INVALID_STATE;
    adapter_collect(adapter);
    if (now == ADAPTER_RUNNING)
        status = life_cycle_pause(adapter, NDIS_PAUSE_LOW_POWER);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    life_cycle_halt(adapter, NdisHaltDevicePoweredDown);
    adapter->halted_for_power = true;
    power_enter(adapter, 3);
    device_power(adapter, 3);
    return NDIS_STATUS_SUCCESS;
}

/* The system was asked whether it may sleep, and then stays awake: D0 takes the query back. */
static NDIS_STATUS stay_awake(struct ndis_adapter *adapter)
{
    NDIS_STATUS status = request(adapter, OID_PNP_QUERY_POWER, 3);

    return status == NDIS_STATUS_SUCCESS ? request(adapter, OID_PNP_SET_POWER, 0) : status;
}

/* A device leaves D0 because the system leaves S0. */
static void system_state(bool working)
{
    nt_callback_notify("\\Callback\\PowerState", NT_PO_CB_SYSTEM_STATE_LOCK, working);
}

int32_t adapter_power(struct ndis_adapter *adapter, unsigned state)
{
    enum adapter_state now = adapter_state(adapter);
    unsigned power = adapter_power_state(adapter);
    NDIS_STATUS status;

    if (state > 3)
        return NDIS_STATUS_INVALID_PARAMETER;
    if (!state && adapter->halted_for_power && !adapter->gone)
        return initialize_again(adapter);
    if ((now != ADAPTER_RUNNING && now != ADAPTER_PAUSED) || adapter->gone || (state && power))
        return NDIS_STATUS_INVALID_STATE;
    if (state) {
        system_state(false);
        return fall_asleep(adapter, state);
    }
    if (!power)
        return stay_awake(adapter);
    status = wake_up(adapter);
    system_state(true);
    return status;
}

unsigned adapter_power_state(const struct ndis_adapter *adapter)
{
    return atomic_load(&adapter->power);
}
