/* SPDX-License-Identifier: MIT */
/*
 * loop.h: a small miniport that needs no hardware: it receives each frame that it sends. It checks
 * the host that runs it, and reports what it finds wrong to the event log, with the source line.
 * The keyword Mode says what else it does. What breaks a rule is in tests/rules.
 */
#ifndef LOOP_H
#define LOOP_H

#include <ndis.h>

#define LOOP_TAG          0x706F6F4C /* "Loop" */
#define LOOP_RECEIVES     64         /* receive buffers */
#define LOOP_FEW          16         /* with fewer left, lists are indicated with RESOURCES */
#define LOOP_BUFFER_BYTES 2048
#define LOOP_MTU          1500

/* A reported mistake of the host's: its source line, a value that tells more. */
#define LOOP_ERROR NDIS_ERROR_CODE_DRIVER_FAILURE
#define CHECK(adapter, condition, value)                                    \
    do {                                                                    \
        if (!(condition))                                                   \
            LoopMistake((adapter), __FILE__, __LINE__, (ULONG_PTR)(value)); \
    } while (0)

enum loop_mode {
    LOOP_GOOD,  /* the exports are called and looked at */
    LOOP_QUICK, /* they are not */
    LOOP_LEAK,  /* nor then, and memory is left after MiniportHaltEx */
    LOOP_FAILS  /* MiniportInitializeEx fails at its end */
};

typedef struct _LOOP_ADAPTER LOOP_ADAPTER, *PLOOP_ADAPTER;

/* A receive buffer: list, buffer and MDL over a piece of the shared memory. */
typedef struct _LOOP_RECEIVE {
    PNET_BUFFER_LIST List;
    PMDL Mdl;
    PUCHAR Data;
} LOOP_RECEIVE, *PLOOP_RECEIVE;

struct _LOOP_ADAPTER {
    NDIS_HANDLE Handle;
    ULONG Mode;
    NDIS_HANDLE ListPool;
    NDIS_HANDLE Dma;
    ULONG SgSize;
    NDIS_HANDLE Interrupt;
    NDIS_HANDLE Timer;
    NDIS_HANDLE WorkItem;
    ULONG Mistakes;
    UCHAR Mac[6];

    PVOID Shared;
    NDIS_PHYSICAL_ADDRESS SharedPa;
    ULONG SharedLength;
    LOOP_RECEIVE Receives[LOOP_RECEIVES];

    /* under Lock */
    NDIS_SPIN_LOCK Lock;
    PNET_BUFFER_LIST FreeFirst; /* receive lists, by Next */
    ULONG FreeCount;
    PNET_BUFFER_LIST DoneFirst, DoneLast; /* sends whose lists are all mapped, by Next */
    LONG Outstanding;                     /* sends not completed, receives not returned */
    BOOLEAN Running, PausePending, DpcQueued, Asleep;

    ULONG64 Sent, Received;

    /* of the checks in checks.c */
    NDIS_EVENT Event;
    ULONG Fired;
    ULONG DpcsSeen;
    PVOID AsyncVa;
    NDIS_PHYSICAL_ADDRESS AsyncPa;
    PNDIS_OID_REQUEST PendingRequest;
    PVOID PendingId; /* its RequestId */
    LONG Cancelled;
};

VOID LoopMistake(PLOOP_ADAPTER Adapter, const char *File, ULONG Line, ULONG_PTR Value);

/* checks.c: calls the exports that have no part in the data path, and looks at what they do. */
VOID LoopCheckEarly(PLOOP_ADAPTER Adapter, PNDIS_MINIPORT_INIT_PARAMETERS Parameters);
VOID LoopCheckLate(PLOOP_ADAPTER Adapter);

/* oid.c */
MINIPORT_OID_REQUEST LoopOidRequest;
MINIPORT_CANCEL_OID_REQUEST LoopCancelOidRequest;
extern NDIS_OID LoopOids[];
extern const ULONG LoopOidsLength;
NDIS_IO_WORKITEM_FUNCTION LoopCompleteOid;

/* data.c */
MINIPORT_SEND_NET_BUFFER_LISTS LoopSend;
MINIPORT_RETURN_NET_BUFFER_LISTS LoopReturn;
MINIPORT_CANCEL_SEND LoopCancelSend;
MINIPORT_PROCESS_SG_LIST LoopProcessSgList;
MINIPORT_PAUSE LoopPause;
MINIPORT_RESTART LoopRestart;
MINIPORT_INTERRUPT_DPC LoopDpc;
NDIS_TIMER_FUNCTION LoopTimer;
BOOLEAN LoopAllocateReceives(PLOOP_ADAPTER Adapter);
VOID LoopFreeReceives(PLOOP_ADAPTER Adapter);

#endif
