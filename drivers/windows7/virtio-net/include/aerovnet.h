/* SPDX-License-Identifier: MIT */
/*
 * aerovnet.h: the adapter's context and the calls between the driver's files.
 *   aerovnet.c  entry points and life cycle        device.c     bringing the device up and down
 *   transmit.c  how a frame is sent                receive.c    how a frame is received
 *   interrupt.c ISR, DPC, link                     oid.c        requests
 *   configuration.c  keywords of the registry
 *
 * Locks: Transmit.Queue.Lock and Receive.Queue.Lock, never both at once, and none is held across a
 * call to NDIS that may call back. Everything without a lock in its comment is written at
 * PASSIVE_LEVEL in Initialize and read only after that.
 */
#ifndef AEROVNET_H
#define AEROVNET_H

#include <ntddk.h>
#include <ndis.h>

#include "virtqueue.h"
#include "virtio_pci_modern.h"
#include "aerovnet_oid.h"
#include "aerovnet_events.h"

#define AEROVNET_POOL_TAG 0x746E5641 /* "AVnt" as the pool shows it */

/* Ethernet, in bytes without the frame check sequence. */
#define AEROVNET_ADDRESS_LENGTH  6
#define AEROVNET_ETHERNET_HEADER 14
#define AEROVNET_MTU             1500
#define AEROVNET_FRAME_MAX       (AEROVNET_ETHERNET_HEADER + AEROVNET_MTU)
#define AEROVNET_FRAME_MIN       60

/* An 802.1Q tag stands between the addresses and the EtherType: 0x8100, then 3 bits of priority,
 * the canonical format bit and 12 bits of VLAN. NDIS has it beside the frame
 * (Ieee8021QNetBufferListInfo), so only the wire sees the longer frame. */
#define AEROVNET_ADDRESSES_LENGTH   (2 * AEROVNET_ADDRESS_LENGTH)
#define AEROVNET_TAG_LENGTH         4
#define AEROVNET_TAG_PRIORITY_SHIFT 13
#define AEROVNET_TAG_FORMAT_SHIFT   12
#define AEROVNET_TAG_VLAN_MASK      0x0FFF
#define AEROVNET_WIRE_MAX           (AEROVNET_FRAME_MAX + AEROVNET_TAG_LENGTH)

/* Bits of the keyword *PriorityVLANTag. */
#define AEROVNET_TAG_PRIORITY 1
#define AEROVNET_TAG_VLAN     2
#define AEROVNET_TAG_BOTH     3

#define AEROVNET_VLAN_MAX     4094 /* 4095 is reserved (IEEE 802.1Q) */

/* struct virtio_net_hdr with VERSION_1: num_buffers is always there (virtio 1.2, 5.1.6.1). */
#define AEROVNET_HEADER_LENGTH 12
#define AEROVNET_HEADER_GSO    1 /* where gso_type lies */

/* Bits of gso_type (virtio 1.4, 5.1.6). */
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 0x20
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 0x40

/* Feature bits and configuration of the network device (virtio 1.2, 5.1.3, 5.1.4). */
#define VIRTIO_NET_F_MAC         ((virtio_u64)1 << 5)
#define VIRTIO_NET_F_STATUS      ((virtio_u64)1 << 16)
#define VIRTIO_NET_S_LINK_UP     1
#define VIRTIO_NET_CONFIG_MAC    0
#define VIRTIO_NET_CONFIG_STATUS 6
#define VIRTIO_NET_CONFIG_LENGTH 8

#define AEROVNET_FEATURES \
    (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_INDIRECT_DESC | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS)

#define AEROVNET_RECEIVE_QUEUE  0
#define AEROVNET_TRANSMIT_QUEUE 1

/* A ring larger than this buys nothing at the speeds that a Windows 7 guest reaches, and each
 * descriptor costs some 4 KiB of buffers on both queues together. */
#define AEROVNET_RING_MAX 1024

/* Virtio says nothing of speed without VIRTIO_NET_F_SPEED_DUPLEX; 1 Gbit/s is what people
 * expect. */
#define AEROVNET_LINK_SPEED    1000000000ULL

#define AEROVNET_MULTICAST_MAX 32

/* Frames that one DPC receives at the most when NDIS sets no limit: 256 full frames are well below
 * 100 microseconds of work beyond the indication itself. */
#define AEROVNET_RECEIVE_BUDGET 256

/* NDIS asks every so many seconds whether the device hangs; so many times in a row without a
 * frame coming back mean that it does. Together 12 seconds: a frame is never pending for longer
 * than 22. */
#define AEROVNET_HANG_SECONDS 4
#define AEROVNET_STALLS_MAX   3

/* NET_BUFFERs that are mapped between two acquisitions of the transmit lock. */
#define AEROVNET_TRANSMIT_BATCH 32

/* Data pieces of a frame that are given to the device as they are; more are copied into one. The
 * stack above sends one to four. */
#define AEROVNET_PIECES_MAX 16

/* Memory that the device sees, and that NDIS allocated. */
typedef struct _AEROVNET_SHARED {
    PUCHAR Va;
    NDIS_PHYSICAL_ADDRESS Pa;
    ULONG Length;
} AEROVNET_SHARED, *PAEROVNET_SHARED;

/* A chain of NET_BUFFER_LISTs: append and hand over are O(1). */
typedef struct _AEROVNET_CHAIN {
    PNET_BUFFER_LIST Head;
    PNET_BUFFER_LIST *Tail;
    ULONG Count;
} AEROVNET_CHAIN, *PAEROVNET_CHAIN;

/* A virtqueue and what it stands on. Lock guards Ring, Live and Notifications, and whatever the
 * structure that holds the queue says. */
typedef struct _AEROVNET_QUEUE {
    NDIS_SPIN_LOCK Lock;
    struct virtqueue Ring;
    BOOLEAN Live; /* the device may use the ring, and so may we */
    ULONG64 Notifications;
    LONG volatile Notifying; /* who is between AerovnetPublish and AerovnetNotify; interlocked */
    struct virtio_pci_notify Notify;
    AEROVNET_SHARED Memory;
    PVOID State;
    ULONG StateLength;
    USHORT Index;
    USHORT Size;
} AEROVNET_QUEUE, *PAEROVNET_QUEUE;

typedef enum _AEROVNET_KIND {
    AerovnetDirected,
    AerovnetMulticast,
    AerovnetBroadcast,
    AerovnetKinds
} AEROVNET_KIND;

typedef struct _AEROVNET_TRAFFIC {
    ULONG64 Frames[AerovnetKinds];
    ULONG64 Bytes[AerovnetKinds];
    ULONG64 Errors;
    ULONG64 Discards;
} AEROVNET_TRAFFIC;

struct _AEROVNET_ADAPTER;

/* Where a transmit slot is with its mapping; changed by interlocked operations only, because
 * NDIS may call MiniportProcessSGList inside NdisMAllocateNetBufferSGList or later, on another
 * processor. */
#define AEROVNET_SLOT_MAPPING  0 /* NDIS has been asked, and the asker is still there */
#define AEROVNET_SLOT_READY    1 /* pieces are known */
#define AEROVNET_SLOT_DETACHED 2 /* the asker has gone on: whoever makes it ready must pump */

/*
 * One frame on its way: a NET_BUFFER, its scatter/gather list and its place in shared memory. A
 * slot is on the free list, in the order of sending (Transmit.Mapped), or the ring's (as a cookie).
 * Shared memory of a slot: indirect table, network header (all zeros, for ever), bounce buffer. The
 * bounce buffer of a tagged frame holds at least the addresses and the tag.
 */
typedef struct _AEROVNET_SLOT {
    struct _AEROVNET_SLOT *Next;
    struct _AEROVNET_ADAPTER *Adapter;
    PNET_BUFFER NetBuffer;
    PNET_BUFFER_LIST NetBufferList;
    PSCATTER_GATHER_LIST SgList; /* NULL: not mapped */
    PVOID SgBuffer;
    LONG volatile State;
    NDIS_STATUS Status; /* not SUCCESS: cannot be sent */
    AEROVNET_KIND Kind;
    ULONG FrameLength; /* of the NET_BUFFER, before padding */
    USHORT PieceCount; /* with the header */
    USHORT Tag;        /* to be inserted; 0: none */
    BOOLEAN Copied;    /* sent from Bounce */
    BOOLEAN MapFailed; /* NDIS had no resources for the mapping */
    struct virtq_sg Pieces[1 + AEROVNET_PIECES_MAX];
    struct virtq_indirect Indirect;
    PUCHAR Bounce;
    virtio_u64 HeaderAddress;
} AEROVNET_SLOT, *PAEROVNET_SLOT;

#define AEROVNET_SLOT_TABLE  ((1 + AEROVNET_PIECES_MAX) * (ULONG)sizeof(struct virtq_desc))
#define AEROVNET_SLOT_HEADER AEROVNET_SLOT_TABLE
#define AEROVNET_SLOT_BOUNCE (AEROVNET_SLOT_HEADER + AEROVNET_HEADER_LENGTH)
#define AEROVNET_SLOT_SHARED ((AEROVNET_SLOT_BOUNCE + AEROVNET_WIRE_MAX + 63) & ~63u)

/* All below Queue is guarded by Queue.Lock. */
typedef struct _AEROVNET_TRANSMIT {
    AEROVNET_QUEUE Queue;
    BOOLEAN Open;           /* Running: sends are taken */
    AEROVNET_CHAIN Waiting; /* lists with NET_BUFFERs that have no slot yet, in order */
    PAEROVNET_SLOT Free;
    PAEROVNET_SLOT Mapped; /* slots in the order of sending, not yet in the ring */
    PAEROVNET_SLOT *MappedTail;
    AEROVNET_TRAFFIC Traffic;
    ULONG64 FramesCopied;
    ULONG64 FramesIndirect;
    ULONG64 RingFull;
    ULONG64 MapFailures;
    ULONG Returned;        /* frames that came back from the device; wraps */
    ULONG ReturnedAtCheck; /* the same when NDIS last asked whether the device hangs */
    ULONG Stalls;          /* times in a row that nothing had come back in between */
    /* Constant after Initialize. */
    ULONG SlotsWanted; /* keyword *TransmitBuffers */
    ULONG SlotCount;
    PAEROVNET_SLOT Slots;
    PUCHAR SgBuffers;
    ULONG SgBufferLength;
    AEROVNET_SHARED *Shared; /* SharedCount blocks of SlotsPerBlock slots */
    ULONG SharedCount;
    USHORT PiecesMax;    /* that the ring can take in one frame, header included */
    BOOLEAN UseIndirect; /* as negotiated; changes only while the queue is not live */
} AEROVNET_TRANSMIT, *PAEROVNET_TRANSMIT;

/* A receive buffer is the device's (in the ring), NDIS's (indicated) or idle (the device is
 * down). */
typedef enum _AEROVNET_OWNER { AerovnetIdle, AerovnetDevice, AerovnetNdis } AEROVNET_OWNER;

typedef struct _AEROVNET_BUFFER {
    PNET_BUFFER_LIST NetBufferList;
    PMDL Mdl;
    PUCHAR Frame;         /* behind the network header, in shared memory */
    virtio_u64 Address;   /* of the network header */
    AEROVNET_OWNER Owner; /* guarded by Receive.Queue.Lock */
} AEROVNET_BUFFER, *PAEROVNET_BUFFER;

/* Two bytes in front of the header put the IP header, 26 bytes behind it, on a multiple of 4. */
#define AEROVNET_BUFFER_OFFSET 2
#define AEROVNET_BUFFER_STRIDE 2048
#define AEROVNET_BLOCK_BYTES   65536

/* All below Queue is guarded by Queue.Lock. */
typedef struct _AEROVNET_RECEIVE {
    AEROVNET_QUEUE Queue;
    BOOLEAN Open; /* Running: frames are indicated */
    ULONG PacketFilter;
    ULONG MulticastCount;
    UCHAR Multicast[AEROVNET_MULTICAST_MAX][AEROVNET_ADDRESS_LENGTH];
    AEROVNET_TRAFFIC Traffic;
    ULONG64 Filtered;
    ULONG64 WhilePaused;
    ULONG64 Indications;
    ULONG64 LowResources;
    /* Constant after Initialize. */
    ULONG BuffersWanted; /* keyword *ReceiveBuffers */
    ULONG BufferCount;
    PAEROVNET_BUFFER Buffers;
    NDIS_HANDLE Pool;
    AEROVNET_SHARED *Shared;
    ULONG SharedCount;
    ULONG LowWater; /* fewer buffers than this with the device: indicate with RESOURCES */
} AEROVNET_RECEIVE, *PAEROVNET_RECEIVE;

/* A memory BAR and where Windows put it. Length 0: none, or not assigned. */
typedef struct _AEROVNET_BAR {
    NDIS_PHYSICAL_ADDRESS Address;
    ULONG Length;
} AEROVNET_BAR;

typedef struct _AEROVNET_ADAPTER {
    /* Constant after Initialize. */
    NDIS_HANDLE MiniportHandle;
    NDIS_HANDLE InterruptHandle;
    NDIS_HANDLE DmaHandle;
    NDIS_HANDLE ResetWorkItem;
    AEROVNET_BAR Bar[VIRTIO_PCI_MAX_BARS];
    struct virtio_pci_device Device; /* but its features: each reset negotiates them anew */
    ULONG64 MemoryBytes;
    UCHAR PermanentAddress[AEROVNET_ADDRESS_LENGTH];
    UCHAR CurrentAddress[AEROVNET_ADDRESS_LENGTH];
    ULONG TagMode; /* keyword *PriorityVLANTag: AEROVNET_TAG_XXX */

    AEROVNET_TRANSMIT Transmit;
    AEROVNET_RECEIVE Receive;

    /* Interlocked. */
    LONG volatile Outstanding; /* 1 while Running, 1 for each list in flight, ours or NDIS's */
    LONG volatile DpcRequests; /* nonzero: a DPC polls; the others only leave word */
    LONG volatile ConfigChanged;
    LONG volatile ResetNeeded;
    LONG volatile Resetting; /* from the stop to the start of a reset */
    LONG volatile Gone;      /* registers read all ones: the hardware is not there */
    LONG volatile Asleep;    /* D1 to D3: no register is touched (network/oid-pnp-set-power) */
    LONG volatile PausePending;
    LONG volatile DeviceBusy;  /* somebody stops or starts the device */
    LONG volatile Initialized; /* Initialize has succeeded */
    LONG volatile LinkUp;      /* as NDIS was told last */
    LONG volatile LinkChanges;

    /* Written by the ISR only, so one at a time. */
    ULONG64 Interrupts;
    ULONG64 SharedInterrupts;

    /* Written by the DPC that polls only, or at PASSIVE_LEVEL while no DPC can. */
    ULONG64 Dpcs;
    ULONG64 DpcsRequeued;

    BOOLEAN Reachable; /* the device may use memory and interrupt; DeviceBusy's holder's */

    ULONG64 DeviceErrors; /* written by whoever turned ResetNeeded from 0 to 1 */
    ULONG64 Resets;       /* written by the reset work item */
    ULONG Lookahead;      /* written by OID requests, which NDIS serialises */
    ULONG VlanId; /* likewise, at first the keyword's; 0: none. Only with AEROVNET_TAG_VLAN */
} AEROVNET_ADAPTER, *PAEROVNET_ADAPTER;

/* aerovnet.c */

/* What an allocation was for: the second number of AEROVNET_EVENT_OUT_OF_MEMORY. */
#define AEROVNET_MEMORY_ADAPTER   1
#define AEROVNET_MEMORY_WORK_ITEM 2
#define AEROVNET_MEMORY_RING      3
#define AEROVNET_MEMORY_RECEIVE   4
#define AEROVNET_MEMORY_TRANSMIT  5
#define AEROVNET_MEMORY_LISTS     6

/* What NDIS refused: the second number of AEROVNET_EVENT_REGISTRATION_FAILED. */
#define AEROVNET_REGISTRATION_DMA        1
#define AEROVNET_REGISTRATION_INTERRUPT  2
#define AEROVNET_REGISTRATION_ATTRIBUTES 3
#define AEROVNET_REGISTRATION_GENERAL    4

/* Drops `Count` references of Adapter->Outstanding; whoever drops the last one of a pausing adapter
 * completes the pause. IRQL <= DISPATCH_LEVEL, no lock held. */
VOID AerovnetRelease(PAEROVNET_ADAPTER Adapter, LONG Count);

/* NULL when there is none; tells the event log (`Which` says what it was for). The memory is zeroed
 * and counted. PASSIVE_LEVEL, in Initialize. */
PVOID AerovnetAllocate(PAEROVNET_ADAPTER Adapter, ULONG Length, ULONG Which);
VOID AerovnetFree(PVOID Memory);
BOOLEAN AerovnetAllocateShared(PAEROVNET_ADAPTER Adapter, PAEROVNET_SHARED Shared, ULONG Length,
                               ULONG Which);
VOID AerovnetFreeShared(PAEROVNET_ADAPTER Adapter, PAEROVNET_SHARED Shared);

/* Writes an entry of the event log with two numbers. IRQL <= DISPATCH_LEVEL. */
VOID AerovnetLog(PAEROVNET_ADAPTER Adapter, ULONG Event, ULONG First, ULONG Second);

VOID AerovnetChainInit(PAEROVNET_CHAIN Chain);
VOID AerovnetChainAppend(PAEROVNET_CHAIN Chain, PNET_BUFFER_LIST NetBufferList);
/* Takes the first list off; it must not be empty. */
PNET_BUFFER_LIST AerovnetChainPop(PAEROVNET_CHAIN Chain);
/* Moves all of `From` to the end of `Chain`; `From` is empty after it. */
VOID AerovnetChainMove(PAEROVNET_CHAIN Chain, PAEROVNET_CHAIN From);

/* Which kind of destination a frame has, by its first six bytes. */
AEROVNET_KIND AerovnetAddressKind(const UCHAR *Address);
/* May an adapter have it: not a group's, not all zeros. */
BOOLEAN AerovnetAddressIsStation(const UCHAR *Address);
BOOLEAN AerovnetAddressEqual(const UCHAR *A, const UCHAR *B);

/* device.c: all at PASSIVE_LEVEL, and Initialize's one caller at a time. A failure is in the
 * event log. */

/* BARs and interrupt out of what Windows assigned. */
NDIS_STATUS AerovnetFindResources(PAEROVNET_ADAPTER Adapter, PNDIS_RESOURCE_LIST Resources);
/* Finds and maps the virtio structures; AerovnetDeviceClose undoes it. */
NDIS_STATUS AerovnetDeviceOpen(PAEROVNET_ADAPTER Adapter);
VOID AerovnetDeviceClose(PAEROVNET_ADAPTER Adapter);
/* Reset and features. */
NDIS_STATUS AerovnetDeviceNegotiate(PAEROVNET_ADAPTER Adapter);
/* Leaves the device's own address, or a made one, in PermanentAddress. In Initialize, and not
 * again: a reset does not change it, whatever the device says then. After Negotiate. */
NDIS_STATUS AerovnetDeviceAddress(PAEROVNET_ADAPTER Adapter);
/* Chooses the queue's size and allocates its ring; undone by AerovnetQueueFree. */
NDIS_STATUS AerovnetQueueAllocate(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue, USHORT Index);
VOID AerovnetQueueFree(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue);
/* Gives the device its (empty) rings, posts the receive buffers, DRIVER_OK. After Negotiate. */
NDIS_STATUS AerovnetDeviceStart(PAEROVNET_ADAPTER Adapter);
/* Resets the device and takes every frame and buffer back from it; frames complete with `Status`.
 * Harmless on a device that is not started. */
VOID AerovnetDeviceStop(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status);
/* The same, and brings the device back with empty rings; frames complete with RESET_IN_PROGRESS. */
NDIS_STATUS AerovnetDeviceRestart(PAEROVNET_ADAPTER Adapter);
/* OID_PNP_SET_POWER: the device stops for D1 to D3, its frames complete with LOW_POWER_STATE,
 * and on return neither the ISR nor the DPC touches it; it comes back with empty rings for D0.
 * The second call for the same state does nothing. A device that does not come back has NDIS
 * reset the adapter. */
VOID AerovnetDeviceSleep(PAEROVNET_ADAPTER Adapter);
VOID AerovnetDeviceWake(PAEROVNET_ADAPTER Adapter);
/* For a pause: stops a device that is gone or needs the reset, and leaves one that works as it
 * is. */
VOID AerovnetDeviceStopFailed(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status);
/* For MiniportCheckForHangEx: TRUE if the device needs the reset; looks at all that says so, and
 * has the DPC run, for interrupts that got lost. */
BOOLEAN AerovnetDeviceHangs(PAEROVNET_ADAPTER Adapter);
/* Looks at device_status: all ones, or DEVICE_NEEDS_RESET, is acted upon. <= DISPATCH_LEVEL */
VOID AerovnetDeviceCheck(PAEROVNET_ADAPTER Adapter);
/* The machine goes down, the device must not write to memory any more. Others may be inside the
 * driver yet. PASSIVE_LEVEL */
VOID AerovnetDeviceShutdown(PAEROVNET_ADAPTER Adapter);
/* The same for a system error: no other processor runs. Any IRQL */
VOID AerovnetDeviceCrash(PAEROVNET_ADAPTER Adapter);
/* The link as the device's configuration has it; up without VIRTIO_NET_F_STATUS. <=
 * DISPATCH_LEVEL */
BOOLEAN AerovnetReadLink(PAEROVNET_ADAPTER Adapter);
/* The device broke the protocol or asks for it: stops the datapath and has NDIS reset the adapter.
 * The first call since the last reset writes the event log. <= DISPATCH_LEVEL, no lock held. */
VOID AerovnetDeviceFailed(PAEROVNET_ADAPTER Adapter, ULONG Event, ULONG First, ULONG Second);
/* Shows the device what was added to a live queue's ring. TRUE: it wants to be notified, and the
 * caller must call AerovnetNotify, best without the lock; until then the device is not reset.
 * Lock held. */
BOOLEAN AerovnetPublish(PAEROVNET_QUEUE Queue);
VOID AerovnetNotify(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue);

/* configuration.c: what the registry says; leaves CurrentAddress and the numbers of the keywords.
 * PASSIVE_LEVEL, in Initialize, after AerovnetDeviceAddress. */
VOID AerovnetReadConfiguration(PAEROVNET_ADAPTER Adapter);

/* transmit.c */
NDIS_STATUS AerovnetTransmitAllocate(PAEROVNET_ADAPTER Adapter);
VOID AerovnetTransmitFree(PAEROVNET_ADAPTER Adapter);
MINIPORT_SEND_NET_BUFFER_LISTS AerovnetSendNetBufferLists;
MINIPORT_CANCEL_SEND AerovnetCancelSend;
MINIPORT_PROCESS_SG_LIST AerovnetProcessSGList;
/* What the device has sent is completed, what waits is sent. DISPATCH_LEVEL, one caller at a
 * time. */
VOID AerovnetTransmitPoll(PAEROVNET_ADAPTER Adapter);
/* Completes with `Status` every list that has not reached the ring. <= DISPATCH_LEVEL */
VOID AerovnetTransmitFlush(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status);
/* After a device reset: takes the frames back that were in the ring, and completes them and the
 * waiting ones with `Status`. PASSIVE_LEVEL */
VOID AerovnetTransmitStop(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status);
/* TRUE: frames are with the device, and none has come back between the last few calls, of which
 * NDIS makes one every AEROVNET_HANG_SECONDS. <= DISPATCH_LEVEL */
BOOLEAN AerovnetTransmitHangs(PAEROVNET_ADAPTER Adapter);
VOID AerovnetTransmitOpen(PAEROVNET_ADAPTER Adapter, BOOLEAN Open);

/* receive.c */
NDIS_STATUS AerovnetReceiveAllocate(PAEROVNET_ADAPTER Adapter);
VOID AerovnetReceiveFree(PAEROVNET_ADAPTER Adapter);
MINIPORT_RETURN_NET_BUFFER_LISTS AerovnetReturnNetBufferLists;
/* Indicates at most `Budget` lists; returns how many buffers it took from the device, of which some
 * may not have been worth an indication. DISPATCH_LEVEL, one caller at a time. */
ULONG AerovnetReceivePoll(PAEROVNET_ADAPTER Adapter, ULONG Budget);
/* Puts all idle buffers into the ring, unseen by the device until they are published. */
VOID AerovnetReceiveFill(PAEROVNET_ADAPTER Adapter);
/* After a device reset: the buffers that were in the ring are idle. */
VOID AerovnetReceiveStop(PAEROVNET_ADAPTER Adapter);
VOID AerovnetReceiveOpen(PAEROVNET_ADAPTER Adapter, BOOLEAN Open);

/* interrupt.c */
NDIS_STATUS AerovnetInterruptRegister(PAEROVNET_ADAPTER Adapter);
VOID AerovnetInterruptDeregister(PAEROVNET_ADAPTER Adapter);
/* Runs the DPC, which looks at the rings, the device status and the link: for interrupts that got
 * lost, and after a device was brought back. <= DISPATCH_LEVEL */
VOID AerovnetInterruptCheck(PAEROVNET_ADAPTER Adapter);
/* Sets Asleep, and returns when no ISR and no DPC runs that had not seen it. PASSIVE_LEVEL, and the
 * queues are not live. */
VOID AerovnetInterruptSleep(PAEROVNET_ADAPTER Adapter);

/* oid.c */
MINIPORT_OID_REQUEST AerovnetOidRequest;
MINIPORT_CANCEL_OID_REQUEST AerovnetCancelOidRequest;
extern const NDIS_OID AerovnetSupportedOids[];
extern const ULONG AerovnetSupportedOidsLength;
/* NDIS_MAC_OPTION_XXX, which depend on *PriorityVLANTag. */
ULONG AerovnetMacOptions(const AEROVNET_ADAPTER *Adapter);
#define AEROVNET_PACKET_FILTERS                                                                \
    (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_ALL_MULTICAST | \
     NDIS_PACKET_TYPE_BROADCAST | NDIS_PACKET_TYPE_PROMISCUOUS)
/* NDIS 6 drivers support all of OID_GEN_STATISTICS (NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
 * SupportedStatistics); NDIS_STATISTICS_INFO says the same with other names. */
#define AEROVNET_STATISTICS                                                                     \
    (NDIS_STATISTICS_XMIT_OK_SUPPORTED | NDIS_STATISTICS_RCV_OK_SUPPORTED |                     \
     NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED | NDIS_STATISTICS_DIRECTED_FRAMES_RCV_SUPPORTED | \
     NDIS_STATISTICS_MULTICAST_FRAMES_RCV_SUPPORTED |                                           \
     NDIS_STATISTICS_BROADCAST_FRAMES_RCV_SUPPORTED | NDIS_STATISTICS_BYTES_RCV_SUPPORTED |     \
     NDIS_STATISTICS_RCV_DISCARDS_SUPPORTED | NDIS_STATISTICS_RCV_ERROR_SUPPORTED |             \
     NDIS_STATISTICS_DIRECTED_FRAMES_XMIT_SUPPORTED |                                           \
     NDIS_STATISTICS_MULTICAST_FRAMES_XMIT_SUPPORTED |                                          \
     NDIS_STATISTICS_BROADCAST_FRAMES_XMIT_SUPPORTED | NDIS_STATISTICS_BYTES_XMIT_SUPPORTED |   \
     NDIS_STATISTICS_XMIT_ERROR_SUPPORTED | NDIS_STATISTICS_XMIT_DISCARDS_SUPPORTED |           \
     NDIS_STATISTICS_DIRECTED_BYTES_RCV_SUPPORTED |                                             \
     NDIS_STATISTICS_MULTICAST_BYTES_RCV_SUPPORTED |                                            \
     NDIS_STATISTICS_BROADCAST_BYTES_RCV_SUPPORTED |                                            \
     NDIS_STATISTICS_DIRECTED_BYTES_XMIT_SUPPORTED |                                            \
     NDIS_STATISTICS_MULTICAST_BYTES_XMIT_SUPPORTED |                                           \
     NDIS_STATISTICS_BROADCAST_BYTES_XMIT_SUPPORTED)
#define AEROVNET_STATISTICS_VALID                                                                 \
    (NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_RCV |                                            \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_RCV |                                           \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_RCV | NDIS_STATISTICS_FLAGS_VALID_BYTES_RCV |   \
     NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS | NDIS_STATISTICS_FLAGS_VALID_RCV_ERROR |           \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT |                                           \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_XMIT |                                          \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_XMIT | NDIS_STATISTICS_FLAGS_VALID_BYTES_XMIT | \
     NDIS_STATISTICS_FLAGS_VALID_XMIT_ERROR | NDIS_STATISTICS_FLAGS_VALID_XMIT_DISCARDS |         \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_RCV |                                             \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_RCV |                                            \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_RCV |                                            \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_XMIT |                                            \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_XMIT |                                           \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_XMIT)

#define AEROVNET_VENDOR_DESCRIPTION "aerovnet virtio-net adapter"

#endif
