/* SPDX-License-Identifier: MIT */
/*
 * adapter.h: the host's NDIS as its command line, its scenario control and its tests drive it: a
 * loaded miniport driver, adapters on buses, and what Windows would do with them.
 *   driver = ndis_driver_load(path, ...);                    DriverEntry has run
 *   adapter = ndis_adapter_add(driver, &options, ...);       resources given; not started
 *   adapter_start(adapter)                                   MiniportInitializeEx, then Restart
 *   ... adapter_pause, adapter_restart, adapter_oid, link, traffic through its network end ...
 *   adapter_stop(adapter); ndis_adapter_remove(adapter); ndis_driver_unload(driver);
 * All PASSIVE_LEVEL, one caller at a time an adapter.
 */
#ifndef NDISHOST_ADAPTER_H
#define NDISHOST_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "loader/loader.h"
#include "ndis/protocol/hold.h"
#include "ndis/api/liberty.h"
#include "net/net.h"

struct ndis_driver;
struct ndis_adapter;
struct inf;

struct adapter_options {
    const char *bus;       /* --bus */
    const char *net;       /* --net */
    const char *pcap;      /* --pcap, or NULL */
    const char *pcap_wire; /* --pcap-wire, or NULL */
    unsigned queue_size;   /* --queue-size, or 0 */
    const char *
        *keywords; /* "NAME=VALUE" of the registry's configuration, NULL-terminated, or NULL */
    uint64_t seed;
    unsigned liberties; /* --shape: LIBERTY_... (ndis/api/liberty.h) */
    unsigned pieces;    /* --shape NUMBER: without LIBERTY_FRAME, so many MDLs a frame; 0: one */
    struct hold hold;   /* of received lists */
    unsigned map_registers; /* --map-registers, or 0: as many as are wanted */
    unsigned
        messages; /* --messages: the most interrupt messages that Windows assigns; 0: the line */
};

/* `inf` (inf/inf.h), or NULL, has to stay until the driver is unloaded. */
struct ndis_driver *ndis_driver_load(const char *path, const struct inf *inf, char *error,
                                     size_t error_size);
/* Where the driver's image is in memory. */
const void *ndis_driver_base(const struct ndis_driver *driver);
/* What was changed in its code. */
struct image_patched ndis_driver_patched(const struct ndis_driver *driver);
/* Calls DriverUnload. What leaked the caller finds in rules.h's leak accounting. Several drivers may be loaded at once;
 * what no adapter has obtained is looked at when the last of them is unloaded. */
void ndis_driver_unload(struct ndis_driver *driver);

struct ndis_adapter *ndis_adapter_add(struct ndis_driver *driver,
                                      const struct adapter_options *options, char *error,
                                      size_t error_size);
/* Initialize and Restart. Nonzero: the NDIS_STATUS, the driver's event-log entries in error. */
int32_t adapter_start(struct ndis_adapter *adapter, char *error, size_t error_size);
int32_t adapter_pause(struct ndis_adapter *adapter);
int32_t adapter_restart(struct ndis_adapter *adapter);
/* Stops the network end, pauses, halts. */
void adapter_stop(struct ndis_adapter *adapter);
void ndis_adapter_remove(struct ndis_adapter *adapter);
/* After adapter_stop: completes --pcap and --pcap-wire. -1: one of them is incomplete, which was reported. */
int adapter_end_captures(struct ndis_adapter *adapter);

enum adapter_oid_kind { ADAPTER_OID_QUERY, ADAPTER_OID_SET, ADAPTER_OID_STATISTICS };
/* One OID request, waited for. *done: BytesWritten or BytesRead; *needed: BytesNeeded. */
/* Sends OID_GEN_RECEIVE_SCALE_PARAMETERS: "off", "on", "table" or "key". false: there is no such change. */
bool adapter_receive_scale(struct ndis_adapter *adapter, const char *change, int32_t *status);
int32_t adapter_oid(struct ndis_adapter *adapter, enum adapter_oid_kind kind, uint32_t oid,
                    void *buffer, uint32_t length, uint32_t *done, uint32_t *needed);
/* A value of the adapter's registry key as text; false if there is none. Set: text is "NAME=VALUE" as in
 * keywords; 0, or -1 with a line in error. The driver reads them in MiniportInitializeEx. */
bool adapter_registry(struct ndis_adapter *adapter, const char *name, char *text, size_t size);
int adapter_registry_set(struct ndis_adapter *adapter, const char *text, char *error,
                         size_t error_size);
int adapter_set_link(struct ndis_adapter *adapter, bool up); /* the cable, through the bus */
/* The driver's handlers that disable and enable its interrupts; -1: it has none. */
int adapter_switch_interrupts(struct ndis_adapter *adapter, bool enable);
bool adapter_link_up(const struct ndis_adapter *adapter); /* as the miniport last indicated */
struct net *adapter_net(struct ndis_adapter *adapter);
struct bus *adapter_bus(struct ndis_adapter *adapter);
/* Pulls the device out: registers read all ones, then what Windows does about it: the PnP event,
 * and halt. adapter_stop has nothing left to do after that. present: the device goes on answering, as
 * one does that Windows gave up (IoInvalidateDeviceState). */
int32_t adapter_surprise_remove(struct ndis_adapter *adapter, bool present, char *error,
                                size_t error_size);
/* MiniportShutdownEx, at PASSIVE_LEVEL as when Windows is turned off, or at HIGH_LEVEL as when it
 * has crashed. The machine is off after it: nothing of the driver is called any more, nor freed. */
int32_t adapter_shutdown(struct ndis_adapter *adapter, bool crash);
bool adapter_is_shut_down(const struct ndis_adapter *adapter);
/* Device power, 0 (D0) to 3 (D3), with all that NDIS does around OID_PNP_SET_POWER: pause, and at
 * the end the device's power; or that back, D0, and restart. NDIS_STATUS_INVALID_STATE from one
 * sleeping state to another, which NDIS never asks for. D0 when it is awake: NDIS asks whether it
 * may sleep, and then does not put it to sleep. */
int32_t adapter_power(struct ndis_adapter *adapter, unsigned state);
/* D3 for a miniport that NDIS takes for one without power management, for example because the bus
 * driver says so: NDIS calls MiniportHaltEx first. adapter_power to D0 initializes the miniport again. */
int32_t adapter_power_halt(struct ndis_adapter *adapter);
unsigned adapter_power_state(const struct ndis_adapter *adapter);
/* MiniportCancelSend for the sends that are marked with the cancel id that has this number, 1 to
 * adapter_cancel_ids(): frames that were completed as aborted meanwhile, and lists of that id that are not
 * complete. */
unsigned adapter_cancel_ids(void);
int32_t adapter_cancel_sends(struct ndis_adapter *adapter, unsigned id, uint64_t *aborted,
                             unsigned *outstanding);
/* MiniportResetEx, as if MiniportCheckForHangEx had said so. */
int32_t adapter_reset(struct ndis_adapter *adapter);
/* Sends one frame past the network end, whatever the adapter's state (but Halted), and waits
 * until it is complete with *status. -1: it was not taken, or was not complete within 30 s. */
int adapter_send_frame(struct ndis_adapter *adapter, const void *frame, uint32_t length,
                       int32_t *status);
/* The far end puts one frame on the wire towards the device. -1: this bus has no far end of ours, or the
 * link is down; 1: the wire has been full for so many milliseconds. */
int adapter_wire_send(struct ndis_adapter *adapter, const void *frame, size_t length,
                      unsigned milliseconds);
/* A device in lockstep and the driver do what there is to do: how many steps of the device that took. -1: the
 * device moves frames by itself. */
long adapter_step(struct ndis_adapter *adapter);
/* Gives the miniport the multicast list that the network end wants, if that has changed; an adapter that does
 * not run gets it later. Every 100 ms or so. */
void adapter_follow_groups(struct ndis_adapter *adapter);
/* A network end that holds begins. 0, or -1 with a line in error. */
int adapter_go(struct ndis_adapter *adapter, char *error, size_t error_size);
/* adapter_send_frame and bad_send end early when over(context) says so, as if their time was up. */
void adapter_wait_until(struct ndis_adapter *adapter, bool (*over)(void *context), void *context);
/* NULL while there is a device in a machine that is on; else why not, "adapter 1 was removed", in buf. */
const char *adapter_gone(const struct ndis_adapter *adapter, char *buf, size_t size);
/* The network end has nothing more to do, the bus has failed, or the driver wants to be removed. */
bool adapter_finished(struct ndis_adapter *adapter);
/* The driver has called NdisMRemoveMiniport: adapter_stop is due. */
bool adapter_removal_requested(const struct ndis_adapter *adapter);
/* The bus said that it cannot go on (bus.h, failed). */
bool adapter_bus_failed(const struct ndis_adapter *adapter);
const char *adapter_state_text(struct ndis_adapter *adapter); /* "Running" */
/* An OID's number by name ("OID_GEN_STATISTICS", "GEN_STATISTICS") or in C's notation. */
bool adapter_oid_number(const char *name, uint32_t *oid);
/* "NDIS_STATUS_RESOURCES (0xC000009A)"; returns buf. */
const char *adapter_status_name(int32_t status, char *buf, size_t size);
/* Frames that crossed the edge between NDIS and the miniport so far. */
void adapter_frames(struct ndis_adapter *adapter, uint64_t *sent, uint64_t *received);

/* Asks the miniport for what reports show (statistics, its own counters), while it still answers:
 * adapter_stop does it before it halts. */
void adapter_collect(struct ndis_adapter *adapter);
/* The same, and what the device's registers say: before the adapter is halted, when the driver uses none. */
void adapter_collect_last(struct ndis_adapter *adapter);
/* The lines that ndishost prints at the end, and the same as the members of a JSON object. */
void adapter_summary(struct ndis_adapter *adapter, FILE *out);
void adapter_report(struct ndis_adapter *adapter, FILE *json);
/* A string as JSON writes it, in quotes. */
void json_string(FILE *json, const char *text);

#endif
