/* SPDX-License-Identifier: MIT */
/*
 * cable.h: a miniport without hardware. All adapters of the driver are on one cable: a frame that one sends is
 * received by each other adapter whose packet filter asks for it. A control device, \\.\Cable, is one more
 * station: a program that opens it reads what adapters send, and what it writes the adapters receive.
 *   driver.c   DriverEntry, Initialize, Pause, Restart, Halt
 *   frames.c   sends, receives, and how they wait for each other
 *   oid.c      OID requests
 *   device.c   the control device
 */
#ifndef CABLE_H
#define CABLE_H

#include <ntddk.h>
#include <ndis.h>

#define CABLE_TAG       0x4C424143 /* "CABL" as the pool shows it */
#define CABLE_MTU       1500
#define CABLE_FRAME_MIN 14
#define CABLE_FRAME_MAX (CABLE_MTU + CABLE_FRAME_MIN)
#define CABLE_SPEED     1000000000 /* bits a second */
#define CABLE_BUFFERS   256        /* receive buffers of an adapter */
#define CABLE_GROUPS    32         /* multicast addresses */
#define CABLE_FILTERS                                                                          \
    (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_ALL_MULTICAST | \
     NDIS_PACKET_TYPE_BROADCAST | NDIS_PACKET_TYPE_PROMISCUOUS)

typedef struct _CABLE_CHAIN {
    PNET_BUFFER_LIST First;
    PNET_BUFFER_LIST Last;
    ULONG Count;
} CABLE_CHAIN, *PCABLE_CHAIN;

/* Which counters a frame belongs to. */
typedef enum _CABLE_KIND { CableDirected, CableMulticast, CableBroadcast, CableKinds } CABLE_KIND;

typedef struct _CABLE_TRAFFIC {
    ULONG64 Frames[CableKinds];
    ULONG64 Bytes[CableKinds];
    ULONG64 Errors;
} CABLE_TRAFFIC;

typedef struct _CABLE_ADAPTER {
    /* Constant from Initialize to Halt. */
    NDIS_HANDLE Handle;
    NDIS_HANDLE Pool;
    PUCHAR Memory; /* CABLE_BUFFERS times CABLE_FRAME_MAX bytes */
    UCHAR Permanent[ETH_LENGTH_OF_ADDRESS];
    UCHAR Address[ETH_LENGTH_OF_ADDRESS];
    KDPC Dpc; /* CableDpc */

    /* All below: under Cable.Lock. */
    struct _CABLE_ADAPTER *Next; /* of Cable.Adapters */
    BOOLEAN Running;
    BOOLEAN PausePending;
    BOOLEAN Indicating; /* CableDpc indicates: nobody else may, or frames would pass one another */
    CABLE_CHAIN Free;   /* receive buffers */
    CABLE_CHAIN Received; /* to be indicated */
    ULONG Away;           /* receive buffers that are not in Free */
    CABLE_CHAIN Sends;    /* wait for room at the other adapters */
    PNET_BUFFER SendNext; /* of the first of Sends: the frame whose turn it is; NULL: its first */
    ULONG Sending;        /* lists that NDIS has not back */
    ULONG Filter;
    ULONG Lookahead;
    ULONG GroupCount;
    UCHAR Groups[CABLE_GROUPS][ETH_LENGTH_OF_ADDRESS];
    CABLE_TRAFFIC Sent;
    CABLE_TRAFFIC Taken; /* received */
    ULONG64 NoBuffer;
} CABLE_ADAPTER, *PCABLE_ADAPTER;

typedef struct _CABLE_GLOBALS {
    NDIS_HANDLE Driver;
    KEVENT Turn; /* Initialize and Halt of two adapters take turns */
    ULONG Count; /* of adapters; whose turn it is */
    LONG Made;   /* adapters so far: the last byte of an address */

    NDIS_SPIN_LOCK Lock;
    PCABLE_ADAPTER Adapters;
    UCHAR Frame[CABLE_FRAME_MAX]; /* the frame that is on the cable */
} CABLE_GLOBALS;

extern CABLE_GLOBALS Cable;

/* ---- frames.c ---- */

MINIPORT_SEND_NET_BUFFER_LISTS CableSend;
MINIPORT_CANCEL_SEND CableCancelSend;
MINIPORT_RETURN_NET_BUFFER_LISTS CableReturn;
KDEFERRED_ROUTINE CableDpc;

/* With Cable.Lock: puts the `Length` bytes of Cable.Frame where they are asked for: at the adapters, but `From`,
 * and, if `From` is an adapter, at the device. FALSE: an adapter has no buffer; nothing was done. */
BOOLEAN CablePut(PCABLE_ADAPTER From, ULONG Length);
/* Completes what waits in Sends. IRQL <= DISPATCH_LEVEL. */
VOID CableFailSends(PCABLE_ADAPTER Adapter, NDIS_STATUS Status);
/* With Cable.Lock: the buffers that nobody will indicate any more go back to Free. */
VOID CableDropReceived(PCABLE_ADAPTER Adapter);
/* With Cable.Lock: TRUE if a pause that was pending ends now: call NdisMPauseComplete without the lock. */
BOOLEAN CablePauseEnds(PCABLE_ADAPTER Adapter);
VOID CableAppend(PCABLE_CHAIN Chain, PNET_BUFFER_LIST NetBufferList);
PNET_BUFFER_LIST CableTakeFirst(PCABLE_CHAIN Chain);
CABLE_KIND CableKindOf(const UCHAR *Address);

/* ---- oid.c ---- */

MINIPORT_OID_REQUEST CableOidRequest;
MINIPORT_CANCEL_OID_REQUEST CableCancelOidRequest;
extern NDIS_OID CableOids[];
extern const ULONG CableOidsLength; /* bytes */

/* ---- device.c ---- */

/* PASSIVE_LEVEL. The device is there as long as an adapter is. */
NDIS_STATUS CableDeviceCreate(VOID);
VOID CableDeviceDelete(VOID);
/* With Cable.Lock: keeps the `Length` bytes of Cable.Frame for who reads the device, if it is open. */
VOID CableDeviceOffer(ULONG Length);

#endif
