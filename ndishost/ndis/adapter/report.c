/* SPDX-License-Identifier: MIT */
/* The summary for people and the JSON for programs. */
#include "ndis/adapter/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "aerovnet_oid.h"
#include "ndis/adapter/oid.h"
#include "ndis/adapter/adapter.h"
#include "nt/api/kernel.h"

struct collected {
    bool statistics_valid, counters_valid;
    bool link_valid, link_up; /* before MiniportHaltEx, which may take the link down */
    uint64_t link_speed;
    bool agreed_valid; /* by the device, or at least the features by the driver */
    struct bus_negotiated agreed;
    NDIS_STATISTICS_INFO statistics;
    AEROVNET_COUNTERS counters;
};

int report_create(struct ndis_adapter *adapter)
{
    adapter->collected = calloc(1, sizeof(*adapter->collected));
    return adapter->collected ? 0 : -1;
}

void report_free(struct ndis_adapter *adapter)
{
    free(adapter->collected);
    adapter->collected = NULL;
}

/* aerovnet's own OID; any other driver does not list it. */
static bool collect_counters(struct ndis_adapter *adapter, AEROVNET_COUNTERS *counters)
{
    uint32_t done, needed;

    if (!oid_supported(adapter, OID_AEROVNET_COUNTERS))
        return false;
    return adapter_oid(adapter, ADAPTER_OID_QUERY, OID_AEROVNET_COUNTERS, counters,
                       sizeof(*counters), &done, &needed) == NDIS_STATUS_SUCCESS &&
           done >= sizeof(*counters) && counters->Version == AEROVNET_COUNTERS_VERSION;
}

/* What the device tells is more than what the driver tells: any driver's is told. */
static bool collect_agreed(struct ndis_adapter *adapter)
{
    struct collected *collected = adapter->collected;
    struct bus_negotiated agreed;

    if (!adapter->bus->ops->negotiated || !adapter->bus->ops->negotiated(adapter->bus, &agreed))
        return false;
    collected->agreed = agreed;
    collected->agreed_valid = true;
    return true;
}

/* While the driver uses the registers: not from them. */
static void collect_features(struct ndis_adapter *adapter)
{
    struct collected *collected = adapter->collected;

    if (adapter->bus->ops->negotiated_any_time && collect_agreed(adapter))
        return;
    if (collected->agreed.queues || !collected->counters_valid)
        return;
    collected->agreed.offered = collected->counters.FeaturesOffered;
    collected->agreed.accepted = collected->counters.FeaturesNegotiated;
    collected->agreed_valid = true;
}

void adapter_collect_last(struct ndis_adapter *adapter)
{
    adapter_collect(adapter);
    if (!adapter_power_state(adapter) && !adapter->gone && !adapter->bus_failed)
        collect_agreed(adapter);
}

void adapter_collect(struct ndis_adapter *adapter)
{
    struct collected *collected = adapter->collected;
    uint32_t done, needed;

    if (adapter_power_state(adapter))
        return; /* what it said before it went to sleep is the last word */
    collected->statistics_valid =
        adapter_oid(adapter, ADAPTER_OID_QUERY, OID_GEN_STATISTICS, &collected->statistics,
                    sizeof(collected->statistics), &done, &needed) == NDIS_STATUS_SUCCESS;
    collected->counters_valid = collect_counters(adapter, &collected->counters);
    collect_features(adapter);
    collected->link_valid = true;
    collected->link_up = atomic_load(&adapter->link_up);
    collected->link_speed = SHARED_GET(adapter->xmit_link_speed);
}

static bool link_up(struct ndis_adapter *adapter)
{
    return adapter->collected->link_valid && adapter_state(adapter) == ADAPTER_HALTED
               ? adapter->collected->link_up
               : atomic_load(&adapter->link_up);
}

static uint64_t link_speed(struct ndis_adapter *adapter)
{
    return adapter->collected->link_valid && adapter_state(adapter) == ADAPTER_HALTED
               ? adapter->collected->link_speed
               : SHARED_GET(adapter->xmit_link_speed);
}

/* ---- For people ---- */

static void summary_mac(const struct ndis_adapter *adapter, FILE *out)
{
    const uint8_t *mac = adapter->general.CurrentMacAddress;

    fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void summary_counters(const AEROVNET_COUNTERS *counters, FILE *out)
{
    fprintf(out,
            "driver:    %" PRIu64 " interrupts, %" PRIu64 " DPCs, %" PRIu64
            " transmit notifications, %" PRIu64 " frames copied, %" PRIu64 " indirect\n",
            (uint64_t)counters->Interrupts, (uint64_t)counters->Dpcs,
            (uint64_t)counters->TxNotifications, (uint64_t)counters->TxCopied,
            (uint64_t)counters->TxIndirect);
}

/* Percent of the indicated lists, which are more than none. */
static double resources_share(struct adapter_counters *c)
{
    return 100.0 * (double)SHARED_GET(c->indicated_resources) /
           (double)SHARED_GET(c->indicated_lists);
}

/* A driver that negotiates nothing drives no virtio device. */
static void summary_features(const struct collected *collected, FILE *out)
{
    fprintf(out, "features:  offered 0x%" PRIx64, collected->agreed.offered);
    if (collected->agreed.accepted)
        fprintf(out, ", negotiated 0x%" PRIx64, collected->agreed.accepted);
    fprintf(out, "\n");
}

/* A driver need not have an interrupt, nor a DMA channel. */
static void summary_ndis(struct adapter_counters *c, FILE *out)
{
    fprintf(out, "\nNDIS:      ");
    if (SHARED_GET(c->isr_calls))
        fprintf(out, "%" PRIu64 " interrupts claimed of %" PRIu64 ", ", SHARED_GET(c->isr_claimed),
                SHARED_GET(c->isr_calls));
    if (SHARED_GET(c->dpcs))
        fprintf(out, "%" PRIu64 " DPCs, ", SHARED_GET(c->dpcs));
    if (SHARED_GET(c->sg_lists))
        fprintf(out, "%" PRIu64 " scatter/gather lists, ", SHARED_GET(c->sg_lists));
    fprintf(out, "%" PRIu64 " OID requests\n", SHARED_GET(c->oid_requests));
}

void adapter_summary(struct ndis_adapter *adapter, FILE *out)
{
    struct adapter_counters *c = &adapter->counters;
    const struct collected *collected = adapter->collected;
    char device[160] = "";

    adapter->bus->ops->describe(adapter->bus, device, sizeof(device));
    fprintf(out, "device:    %s\n", device);
    if (adapter->general_set) {
        fprintf(out, "adapter:   ");
        summary_mac(adapter, out);
        fprintf(out, ", link %s\n", link_up(adapter) ? "up" : "down");
    }
    if (collected->agreed_valid)
        summary_features(collected, out);
    if (collected->counters_valid)
        summary_counters(&collected->counters, out);
    fprintf(out,
            "sent:      %" PRIu64 " frames in %" PRIu64 " lists, %" PRIu64 " bytes; %" PRIu64
            " frames not sent\n"
            "received:  %" PRIu64 " frames in %" PRIu64 " lists and %" PRIu64
            " indications, %" PRIu64 " bytes",
            SHARED_GET(c->sent_frames), SHARED_GET(c->sent_lists), SHARED_GET(c->sent_bytes),
            SHARED_GET(c->send_failed), SHARED_GET(c->indicated_frames),
            SHARED_GET(c->indicated_lists), SHARED_GET(c->indications),
            SHARED_GET(c->indicated_bytes));
    if (SHARED_GET(c->indicated_lists))
        fprintf(out, "; %.1f %% of the lists with RESOURCES", resources_share(c));
    summary_ndis(c, out);
}

/* ---- For programs ---- */

void json_string(FILE *json, const char *text)
{
    fputc('"', json);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            fprintf(json, "\\%c", c);
        else if (c < 0x20)
            fprintf(json, "\\u%04x", c);
        else
            fputc(c, json);
    }
    fputc('"', json);
}

struct member {
    const char *name;
    uint64_t value;
};

static void json_object(FILE *json, const char *name, const struct member *members, size_t count)
{
    size_t i;

    fprintf(json, "  \"%s\": {", name);
    for (i = 0; i < count; i++)
        fprintf(json, "%s\"%s\": %" PRIu64, i ? ", " : "", members[i].name, members[i].value);
    fprintf(json, "}");
}

static void json_ndis(struct ndis_adapter *adapter, FILE *json)
{
    struct adapter_counters *c = &adapter->counters;
    struct nt_counts nt;

    nt_counts(&nt);
    const struct member members[] = {
        {"sent_lists", SHARED_GET(c->sent_lists)},
        {"sent_frames", SHARED_GET(c->sent_frames)},
        {"sent_bytes", SHARED_GET(c->sent_bytes)},
        {"send_completed_lists", SHARED_GET(c->send_completed)},
        {"send_failed_frames", SHARED_GET(c->send_failed)},
        {"send_aborted_frames", SHARED_GET(c->send_aborted)},
        {"indications", SHARED_GET(c->indications)},
        {"indicated_lists", SHARED_GET(c->indicated_lists)},
        {"indicated_frames", SHARED_GET(c->indicated_frames)},
        {"indicated_bytes", SHARED_GET(c->indicated_bytes)},
        {"resources_indications", SHARED_GET(c->resources_indications)},
        {"indicated_resources", SHARED_GET(c->indicated_resources)},
        {"returned_lists", SHARED_GET(c->returned_lists)},
        {"stale_infos", SHARED_GET(c->stale_infos)},
        {"isr_calls", SHARED_GET(c->isr_calls)},
        {"isr_claimed", SHARED_GET(c->isr_claimed)},
        {"dpcs", SHARED_GET(c->dpcs)},
        {"dpc_most_lists", SHARED_GET(c->dpc_most_lists)},
        {"sg_lists", SHARED_GET(c->sg_lists)},
        {"sg_lists_late", SHARED_GET(c->sg_lists_late)},
        {"sg_lists_short", SHARED_GET(c->sg_lists_short)},
        {"oid_requests", SHARED_GET(c->oid_requests)},
        {"status_indications", SHARED_GET(c->statuses)},
        {"resets", adapter->resets},
        {"longest_isr_us", nt.longest_isr / 10},
        {"longest_dpc_us", nt.longest_dpc / 10},
    };

    json_object(json, "ndis", members, ARRAYSIZE(members));
}

/* A member that the miniport does not say is valid is left out: it is not known. */
static void json_statistics(const NDIS_STATISTICS_INFO *s, FILE *json)
{
    const struct {
        struct member member;
        ULONG flag;
    } all[] = {
#define STATISTIC(name, field, flag) {{name, s->field}, NDIS_STATISTICS_FLAGS_VALID_##flag}
        STATISTIC("in_octets", ifHCInOctets, BYTES_RCV),
        STATISTIC("in_unicast", ifHCInUcastPkts, DIRECTED_FRAMES_RCV),
        STATISTIC("in_multicast", ifHCInMulticastPkts, MULTICAST_FRAMES_RCV),
        STATISTIC("in_broadcast", ifHCInBroadcastPkts, BROADCAST_FRAMES_RCV),
        STATISTIC("in_discards", ifInDiscards, RCV_DISCARDS),
        STATISTIC("in_errors", ifInErrors, RCV_ERROR),
        STATISTIC("out_octets", ifHCOutOctets, BYTES_XMIT),
        STATISTIC("out_unicast", ifHCOutUcastPkts, DIRECTED_FRAMES_XMIT),
        STATISTIC("out_multicast", ifHCOutMulticastPkts, MULTICAST_FRAMES_XMIT),
        STATISTIC("out_broadcast", ifHCOutBroadcastPkts, BROADCAST_FRAMES_XMIT),
        STATISTIC("out_discards", ifOutDiscards, XMIT_DISCARDS),
        STATISTIC("out_errors", ifOutErrors, XMIT_ERROR),
#undef STATISTIC
    };
    struct member known[ARRAYSIZE(all)];
    size_t count = 0, i;

    for (i = 0; i < ARRAYSIZE(all); i++)
        if (s->SupportedStatistics & all[i].flag)
            known[count++] = all[i].member;
    fprintf(json, ",\n");
    json_object(json, "statistics", known, count);
}

static void json_counters(const AEROVNET_COUNTERS *c, FILE *json)
{
    const struct member members[] = {
        {"interrupts", c->Interrupts},
        {"shared_interrupts", c->SharedInterrupts},
        {"dpcs", c->Dpcs},
        {"dpcs_requeued", c->DpcsRequeued},
        {"tx_notifications", c->TxNotifications},
        {"rx_notifications", c->RxNotifications},
        {"tx_frames", c->TxFrames},
        {"tx_copied", c->TxCopied},
        {"tx_indirect", c->TxIndirect},
        {"tx_ring_full", c->TxRingFull},
        {"tx_map_failures", c->TxMapFailures},
        {"rx_frames", c->RxFrames},
        {"rx_filtered", c->RxFiltered},
        {"rx_while_paused", c->RxWhilePaused},
        {"rx_malformed", c->RxMalformed},
        {"rx_indications", c->RxIndications},
        {"rx_low_resources", c->RxLowResources},
        {"link_changes", c->LinkChanges},
        {"device_errors", c->DeviceErrors},
        {"resets", c->Resets},
        {"memory_bytes", c->MemoryBytes},
        {"rx_queue_size", c->RxQueueSize},
        {"tx_queue_size", c->TxQueueSize},
        {"rx_buffers", c->RxBuffers},
        {"tx_buffers", c->TxBuffers},
    };

    fprintf(json, ",\n");
    json_object(json, "driver_counters", members, ARRAYSIZE(members));
}

static void json_features(const struct collected *collected, FILE *json)
{
    const struct bus_negotiated *agreed = &collected->agreed;

    fprintf(json, ",\n  \"features_offered\": \"0x%016" PRIx64 "\"", agreed->offered);
    if (agreed->accepted)
        fprintf(json, ",\n  \"features_negotiated\": \"0x%016" PRIx64 "\"", agreed->accepted);
    if (agreed->queues) {
        fprintf(json, ",\n  \"queue_sizes\": [");
        for (unsigned i = 0; i < agreed->queues; i++)
            fprintf(json, "%s%u", i ? ", " : "", agreed->queue_size[i]);
        fprintf(json, "]");
    }
}

/* An object of whatever members the bus or the network end writes. */
static void json_nested(FILE *json, const char *name, void (*write)(void *of, FILE *json), void *of)
{
    fprintf(json, ",\n  \"%s\": {", name);
    write(of, json);
    fprintf(json, "}");
}

static void write_net(void *of, FILE *json)
{
    ((struct net *)of)->ops->report(of, json);
}

static void write_bus(void *of, FILE *json)
{
    ((struct bus *)of)->ops->report(of, json);
}

/* Without a link, and of a driver that does not tell, it is not known. */
static void json_link_speed(struct ndis_adapter *adapter, FILE *json)
{
    uint64_t speed = link_speed(adapter);

    if (speed && speed != NDIS_LINK_SPEED_UNKNOWN)
        fprintf(json, ",\n  \"link_speed\": %" PRIu64, speed);
}

void adapter_report(struct ndis_adapter *adapter, FILE *json)
{
    const struct collected *collected = adapter->collected;
    char device[160] = "";

    adapter->bus->ops->describe(adapter->bus, device, sizeof(device));
    fprintf(json, "  \"device\": ");
    json_string(json, device);
    if (adapter->general_set) {
        fprintf(json, ",\n  \"mac\": \"");
        summary_mac(adapter, json);
        fprintf(json, "\",\n  \"link\": \"%s\"", link_up(adapter) ? "up" : "down");
        json_link_speed(adapter, json);
    }
    if (collected->agreed_valid)
        json_features(collected, json);
    if (collected->counters_valid)
        json_counters(&collected->counters, json);
    if (collected->statistics_valid)
        json_statistics(&collected->statistics, json);
    fprintf(json, ",\n");
    json_ndis(adapter, json);
    if (adapter->net->ops->report)
        json_nested(json, "net", write_net, adapter->net);
    if (adapter->bus->ops->report)
        json_nested(json, "bus", write_bus, adapter->bus);
}
