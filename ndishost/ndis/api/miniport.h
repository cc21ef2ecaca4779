/* SPDX-License-Identifier: MIT */
/*
 * miniport.h: what the files of the host's NDIS know in common: the record of a miniport driver, of
 * an adapter, of the objects that a driver holds handles to, and who may touch a NET_BUFFER_LIST.
 *   struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
 *   adapter_enter(adapter, ADAPTER_PAUSING);  ... call the miniport ...
 *   adapter_enter(adapter, ADAPTER_PAUSED);
 */
#ifndef NDISHOST_MINIPORT_H
#define NDISHOST_MINIPORT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NDIS620_MINIPORT 1
#include <ndis.h>

#include "bus/bus.h"
#include "loader/exports.h"
#include "loader/loader.h"
#include "ndis/api/liberty.h"
#include "net/net.h"
#include "nt/machine/callback.h"
#include "nt/machine/host_call.h"
#include "nt/machine/irql.h"
#include "nt/machine/random.h"
#include "rules/rules.h"

#define CONNECTED_MAX 8 /* interrupts of one line that IoConnectInterrupt has connected */

#ifndef ARRAYSIZE
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

/* The first member of every object that a driver has a handle to: a wrong handle is then named, not
 * followed. The values read as text in a debugger. */
enum handle_kind {
    HANDLE_FREED = 0x44454546,
    HANDLE_DRIVER = 0x56524456,
    HANDLE_ADAPTER = 0x54504441,
    HANDLE_INTERRUPT = 0x52544E49,
    HANDLE_DMA = 0x414D4453,
    HANDLE_NBL_POOL = 0x504C424E,
    HANDLE_NB_POOL = 0x5050424E,
    HANDLE_TIMER = 0x524D4954,
    HANDLE_WORK_ITEM = 0x4B524F57,
    HANDLE_CONFIGURATION = 0x47464E43,
    HANDLE_RW_LOCK = 0x4B4C5752,
    HANDLE_DEVICE = 0x45564544,
    HANDLE_GENERIC = 0x4E454747
};
struct handle {
    uint32_t kind;
};

/* The object if `object` is one of this kind, else NULL after a violation of rule "NdisHandle". */
void *handle_check(NDIS_HANDLE object, enum handle_kind kind, const char *function,
                   const void *caller);

enum adapter_state {
    ADAPTER_HALTED,
    ADAPTER_INITIALIZING,
    ADAPTER_PAUSED,
    ADAPTER_RESTARTING,
    ADAPTER_RUNNING,
    ADAPTER_PAUSING,
    ADAPTER_HALTING
};
const char *adapter_state_name(enum adapter_state state);

struct ndis_driver {
    struct handle handle;
    struct image *image;
    DRIVER_OBJECT object;
    DRIVER_EXTENSION extension;
    UNICODE_STRING registry_path;
    WCHAR *registry_path_text;
    struct registry_key *key, *parameters; /* of its service, and what is below that */
    const struct inf *inf;                 /* --inf, or NULL */
    bool registered;
    NDIS_HANDLE context; /* MiniportDriverContext */
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS characteristics;
    NDIS_MINIPORT_PNP_CHARACTERISTICS pnp;
    struct ndis_adapter *adapters;
    struct ndis_driver *next; /* of those that are loaded */
};

/* The drivers that are loaded, linked by `next`; NULL: none is. */
struct ndis_driver *ndis_drivers(void);

#define CANCEL_IDS    16   /* that the protocol marks its sends with in turn, numbered from 1 */
#define FILTER_GROUPS 1024 /* multicast addresses that the host keeps, at most */

struct dma_channel;
struct nt_interrupt;
struct messages;
struct interrupt_registration;
struct protocol;
struct oid_state;
struct inf;
struct registry_key;
struct wire_watch;

/* A 64-bit number that threads share, aligned for atomic access on x86 too. */
typedef uint64_t shared_u64 __attribute__((aligned(8)));
#define SHARED_ADD(shared, by)    __atomic_fetch_add(&(shared), (uint64_t)(by), __ATOMIC_RELAXED)
#define SHARED_GET(shared)        __atomic_load_n(&(shared), __ATOMIC_RELAXED)
#define SHARED_SET(shared, value) __atomic_store_n(&(shared), (uint64_t)(value), __ATOMIC_RELAXED)

/* What the host counted at the edge between NDIS and the miniport. */
struct adapter_counters {
    shared_u64 sent_lists, sent_frames, sent_bytes, send_completed, send_failed, send_aborted;
    shared_u64 indications, indicated_lists, indicated_frames, indicated_bytes, returned_lists;
    shared_u64 stale_infos; /* lists indicated with what was in them when they were returned */
    /* Calls and lists with NDIS_RECEIVE_FLAGS_RESOURCES: Windows copies each of these lists. */
    shared_u64 resources_indications, indicated_resources;
    shared_u64 dpc_most_lists; /* that one DPC has indicated */
    shared_u64 isr_calls, isr_claimed, dpcs, sg_lists, oid_requests, statuses;
    /* Lists that came from a DPC; lists that found too few map registers, and waited or were refused. */
    shared_u64 sg_lists_late, sg_lists_short;
};
#define COUNT(adapter, name, by) SHARED_ADD((adapter)->counters.name, by)

/* What of task offload the miniport has said. */
struct offload {
    /* Under the adapter's lock. */
    NDIS_OFFLOAD config, hardware; /* current, and possible */
    NDIS_OFFLOAD_ENCAPSULATION encapsulation;
    const char *due; /* the OID that succeeded, and no CURRENT_CONFIG has come since it began */
    bool indicated;  /* one has come since it began */
    unsigned set_on, set_off; /* by OID_TCP_OFFLOAD_PARAMETERS; bits as in `on` */

    atomic_uint on;           /* a bit for each enum offload_kind in config */
    atomic_uint encapsulated; /* OFFLOAD_IPV4, OFFLOAD_IPV6: accepted for Ethernet */
};
#define OFFLOAD_IPV4 1u
#define OFFLOAD_IPV6 2u

/* How received frames are hashed. */
struct receive_hash {
    ULONG types; /* NDIS_HASH_IPV4 and so on; 0: not at all */
    uint8_t key[40];
};

/* Receive-side scaling; ndis/api/receive_scale.h. */
struct receive_scale {
    NDIS_RECEIVE_SCALE_CAPABILITIES capabilities; /* Header.Size 0: the miniport has none */
    struct random random;                         /* of the thread that sends OIDs */
    /* Under the adapter's lock. */
    struct receive_hash now, before;
    unsigned under_way; /* frames that may still be hashed as before */
    ULONG set_length;
    uint8_t set[1024]; /* the parameters that the miniport accepted last */
};

struct ndis_adapter {
    struct handle handle;
    struct ndis_driver *driver;
    struct ndis_adapter *next;
    unsigned index;
    char name[32]; /* "adapter 1": index + 1, as scenario control counts them */
    uint64_t seed;
    unsigned liberties;     /* --shape: LIBERTY_... */
    unsigned pieces;        /* --shape NUMBER: MDLs of a plain frame; 0: one */
    unsigned map_registers; /* --map-registers; 0: no limit */
    unsigned message_limit; /* --messages */

    struct bus *bus;
    struct bus_events bus_events;
    bool bus_failed;
    struct net *net;
    struct net_ports ports;
    struct pcap *pcap, *pcap_wire;
    /* The key that NdisOpenConfigurationEx opens, and the device's own; install.c. */
    struct registry_key *key, *hardware_key;
    struct registry_key *device_key; /* below Enum: what the hardware key is below */

    /* Written by the one thread that drives the life cycle, and by the NdisMXxxComplete calls;
     * under `lock`, with `changed` signalled. `state` may be read without. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    atomic_int state; /* enum adapter_state */
    bool pause_pending, restart_pending;
    bool resetting, reset_pending; /* MiniportResetEx and all of it; it has not completed yet */
    NDIS_STATUS restart_status, reset_status;
    bool addressing_reset;
    unsigned resets;
    bool hang_check_runs, hang_check_calls; /* the thread; MiniportCheckForHangEx itself */
    atomic_uint power; /* device power state, D0 to D3, that was last asked for; adapter_power */
    bool paused_for_power; /* it ran when it was put to sleep */
    bool halted_for_power; /* it sleeps and was halted for it: adapter_power_halt */
    struct random power_random;
    /* When the last reset ended, and by when sends that failed for a reset want to see one (0: none
     * did), under lock; when it last woke and last began to run; and when sends with a cancel id
     * were last cancelled. */
    uint64_t reset_until, reset_due;
    shared_u64 send_completed_at;            /* when the miniport last completed sends; rules */
    uint64_t send_hang_told, send_late_told; /* send_watch.c: since when, of the last reports */
    shared_u64 awake_since, running_since, cancelled_at[CANCEL_IDS + 1];
    atomic_uint cancels; /* calls of MiniportCancelSend and MiniportCancelOidRequest */
    pthread_t hang_check;
    atomic_bool net_started;
    bool stopping; /* under lock: adapter_stop has begun */
    bool starter_runs;
    pthread_t starter;           /* starts the network end when the link comes up late */
    bool remove_requested;       /* NdisMRemoveMiniport */
    bool in_shutdown, shut_down; /* MiniportShutdownEx runs; has run */
    bool gone;                   /* the device was pulled out */
    atomic_bool closed;          /* no frame gets through, even if it runs */
    atomic_bool crashed;         /* no processor runs but that of MiniportShutdownEx */
    atomic_uint senders;         /* inside MiniportSendNetBufferLists */
    atomic_uint returners;       /* inside MiniportReturnNetBufferLists */
    uint64_t objects_before;     /* track_mark() before MiniportInitializeEx */
    atomic_bool finished;        /* the network end has nothing more to do */

    /* Set by the miniport in MiniportInitializeEx; read only after that. */
    bool added;                     /* MiniportAddDevice succeeded */
    NDIS_HANDLE add_device_context; /* of MiniportAddDevice */
    NDIS_HANDLE context;            /* MiniportAdapterContext */
    bool registration_set, general_set, offload_set;
    struct offload offload; /* ndis/api/offload.h */
    struct receive_scale scale;
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES registration;
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES general;
    NDIS_PM_CAPABILITIES pm;
    bool pm_set;
    NDIS_OID *oids; /* a copy of SupportedOidList */
    unsigned oid_count;

    atomic_uint miniport_ports; /* bit N: port N is allocated; NdisMAllocatePort */
    DEVICE_OBJECT physical_device, functional_device;
    bool private_resources;           /* the lists have descriptors of the bus driver's own */
    CM_RESOURCE_LIST *full_resources; /* translated */
    CM_RESOURCE_LIST *raw_resources;
    NDIS_RESOURCE_LIST *resources;       /* the partial list inside full_resources */
    struct shared_memory *shared_memory; /* under lock */
    struct mapping *mappings;            /* NdisMMapIoSpace; resources.c, under lock */

    struct messages *messages; /* NULL: the device has its line */
    /* The five below; held when the bus tells of the line or of a message. */
    pthread_mutex_t interrupt_lock;
    struct interrupt_registration *interrupt;
    struct nt_interrupt *line, *message[BUS_MESSAGES]; /* who listens, or NULL */
    bool line_asserted;
    /* Also held then. Who listens to the line if `line` is NULL: NDIS's, and those of IoConnectInterrupt. */
    struct nt_interrupt *ndis_line, *connected[CONNECTED_MAX];
    struct dma_channel *dma;
    struct protocol *protocol;
    /* Of scenario control: the run is to end, and nothing waits for the driver any longer. May be NULL. */
    bool (*over)(void *context);
    void *over_context;
    struct wire_watch *watch; /* frames of scenario control on the wire: no network end's */

    struct oid_state *oid;
    struct collected *collected; /* report.c: what the miniport answered last */

    atomic_bool link_up;       /* as the miniport said last */
    atomic_bool cable_out;     /* adapter_set_link */
    pthread_mutex_t link_lock; /* held while the network end is told what gets through */
    shared_u64 xmit_link_speed, rcv_link_speed; /* bits a second */
    atomic_int duplex;
    atomic_uint packet_filter; /* as it was last set; filter.c, as the list */
    struct {
        pthread_mutex_t lock;
        unsigned count;
        uint8_t address[FILTER_GROUPS][6];
        /* What the network end wanted last, of the thread that drives the adapter; -1: the miniport has
         * the list of a new binding. */
        atomic_int followed_count;
        uint8_t followed[FILTER_GROUPS][6];
    } groups;

    struct adapter_counters counters;
};

/* Does ndishost see the frames that leave the adapter? */
static inline bool adapter_shows_wire(const struct ndis_adapter *adapter)
{
    return adapter->bus->ops->wire_send || adapter->bus->cable;
}

/* Is the run to end? */
static inline bool adapter_over(const struct ndis_adapter *adapter)
{
    return adapter->over && adapter->over(adapter->over_context);
}

static inline bool driver_calls_add_device(const struct ndis_driver *driver)
{
    return driver->pnp.MiniportAddDeviceHandler && driver->pnp.MiniportRemoveDeviceHandler;
}

struct ndis_adapter *handle_adapter(NDIS_HANDLE handle, const char *function, const void *caller);

/* Does the adapter have that port? The default port it always has. */
static inline bool port_exists(struct ndis_adapter *adapter, NDIS_PORT_NUMBER number)
{
    return number == NDIS_DEFAULT_PORT_NUMBER ||
           (number < 32 && atomic_load(&adapter->miniport_ports) >> number & 1);
}

/* A driver handle or an adapter handle, whatever the pool functions and their like are given; NULL
 * is allowed where NDIS allows it. */
bool handle_driver_or_adapter(NDIS_HANDLE handle, const char *function, const void *caller);

static inline enum adapter_state adapter_state(struct ndis_adapter *adapter)
{
    return (enum adapter_state)atomic_load_explicit(&adapter->state, memory_order_acquire);
}
void adapter_enter(struct ndis_adapter *adapter, enum adapter_state state);

/* Checks that a call that NDIS allows only inside MiniportInitializeEx, after the registration
 * attributes, is made there; reports under `rule` if not. */
bool adapter_claims_hardware(struct ndis_adapter *adapter, const char *rule, const char *function,
                             const void *caller);

/* Before MiniportInitializeEx: what an earlier call of it has set counts no more. */
void attributes_forget(struct ndis_adapter *adapter);

/* How much the driver has left of a limit that began at `start` (nt_clock_now). What a device held of it
 * is not the driver's. */
uint64_t time_left(uint64_t start, uint64_t limit);

/* Object headers: does `header` have this type, at least this revision's size? */
bool header_valid(const NDIS_OBJECT_HEADER *header, unsigned type, unsigned revision,
                  unsigned size);

/* The same; reports under NdisObjectHeader if not, for a call that looks at no more. */
bool header_check(const NDIS_OBJECT_HEADER *header, unsigned type, unsigned revision, unsigned size,
                  const char *function, const void *caller);

/* An "IRQL is DISPATCH_LEVEL" flag that a driver gave: rule Flags_Irql. */
void check_dispatch_flag(bool flag, const char *function, const void *caller);

/* Failures of NTSTATUS, and NDIS's own warnings that stand for one (NDIS_STATUS_NOT_RESETTABLE). */
static inline bool status_is_error(NDIS_STATUS status)
{
    return (uint32_t)status >> 30 == 3 || (uint32_t)status >> 16 == 0x8001;
}

/* A status code by its name, "NDIS_STATUS_RESOURCES (0xC000009A)"; returns buf. */
const char *status_name(NDIS_STATUS status, char *buf, size_t size);

#endif
