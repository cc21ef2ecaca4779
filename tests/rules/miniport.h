/* SPDX-License-Identifier: MIT */
/*
 * miniport.h: a small, correct miniport, and the places at which a faulty one differs from it.
 * It obtains one of everything in MiniportInitializeEx, frees it in MiniportHaltEx, completes
 * each send at once, and needs no hardware. RULE.c, linked with miniport.c, breaks the rule RULE:
 *   static VOID Halt(VOID)
 *   {
 *       Adapter.Dma = NULL;   (what is NULL is not freed)
 *   }
 *   VOID Break(HOOKS *Hooks)
 *   {
 *       Hooks->Halt = Halt;
 *   }
 * In the order in which a run passes them: Entry, Registered, Early, Registration, General,
 * Initialize, Oid, Restart, Send, Pause, Halt, Halted, Unload.
 * RULE-ANYTHING.c breaks the rule in another way. The comment at the head of a file says the rule
 * and what breaks it; after that there may be lines of
 *   bus: model:bar=0                another --bus than model
 *   ndishost-options: --set X=1     more options of ndishost
 *   control: pause; sleep 10        what scenario control does before `quit`, instead of one send
 *   says: WORDS                     words that the report has to have
 */
#ifndef RULES_MINIPORT_H
#define RULES_MINIPORT_H

#include <ndis.h>

#define TAG          0x656C7552 /* "Rule" */
#define MEMORY_BYTES 104
#define SHARED_BYTES 6000
#define FRAME_BYTES  2000 /* of Shared, from its begin: the receive buffer */

/* What the miniport has; the one adapter that it drives. */
typedef struct _ADAPTER {
    NDIS_HANDLE Handle;
    PNDIS_RESOURCE_LIST Resources;
    PUCHAR Memory; /* MEMORY_BYTES */
    NDIS_HANDLE ListPool;
    NDIS_HANDLE BufferPool;
    NDIS_HANDLE Timer;
    NDIS_HANDLE WorkItem;
    NDIS_HANDLE Dma;
    PUCHAR Shared; /* SHARED_BYTES */
    NDIS_PHYSICAL_ADDRESS SharedPa;
    PMDL Mdl;                 /* over the receive buffer */
    PNET_BUFFER_LIST Receive; /* one NET_BUFFER of 60 bytes in the receive buffer */
    NDIS_HANDLE Interrupt;
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Granted; /* with what NDIS says of the interrupt */
    NDIS_SPIN_LOCK Lock;

    LONG Indicated; /* lists that are out */
    BOOLEAN Running, PausePending;
    PSCATTER_GATHER_LIST Sg; /* that Map got last */
} ADAPTER;

extern ADAPTER Adapter;
extern NDIS_HANDLE Driver; /* of NdisMRegisterMiniportDriver */
extern PDRIVER_OBJECT DriverObject;

typedef struct _HOOKS {
    /* DriverEntry: before the registration, with what is going to be registered; after it. */
    VOID (*Entry)(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics);
    VOID (*Registered)(VOID);
    /* MiniportInitializeEx: at its begin; with the attributes that are going to be set; at its end,
     * when there is all of Adapter (what is not NDIS_STATUS_SUCCESS gives all back, and fails). */
    VOID (*Early)(VOID);
    VOID (*Registration)(PNDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Attributes);
    VOID (*General)(PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes);
    NDIS_STATUS (*Initialize)(VOID);
    /* A query for OID_GEN_VENDOR_ID, which comes once by itself, at PASSIVE_LEVEL. */
    NDIS_STATUS (*Oid)(PNDIS_OID_REQUEST Request);
    NDIS_STATUS (*Restart)(VOID);
    /* One list, unlinked, at PASSIVE_LEVEL with Flags 0 unless --shape is random. Has to complete
     * it. */
    VOID (*Send)(PNET_BUFFER_LIST List, ULONG CompleteFlags);
    NDIS_STATUS (*Pause)(VOID);
    /* MiniportHaltEx: before anything is freed; after it. */
    VOID (*Halt)(VOID);
    VOID (*Halted)(VOID);
    /* MiniportDriverUnload: before the driver is deregistered. */
    VOID (*Unload)(VOID);

    /* What is called when something was done for it: the timer was set, the work item queued
     * (Work), a DPC queued (QueueDpc), the ISR's lock taken (AtDeviceIrql), Map called. */
    VOID (*Timer)(VOID);
    VOID (*Work)(VOID);
    VOID (*Dpc)(PVOID Context, PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle);
    VOID (*DeviceIrql)(VOID);
    VOID (*SgList)(PNET_BUFFER NetBuffer, PSCATTER_GATHER_LIST Sg);
    BOOLEAN (*Isr)(PBOOLEAN QueueDpc);
    /* In MiniportInitializeEx: with the interrupt that is going to be registered, a line. */
    VOID (*Interrupt)(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics);
    /* There are MiniportResetEx and MiniportCheckForHangEx only if this is set in Break. */
    NDIS_STATUS (*Reset)(PBOOLEAN AddressingReset);
} HOOKS;

/* RULE.c has it; it sets what is different. Runs at the begin of DriverEntry. */
VOID Break(HOOKS *Hooks);

/* ---- What the hooks can use ---- */

/* Sets a list's status and completes it. */
VOID Complete(PNET_BUFFER_LIST List, NDIS_STATUS Status, ULONG CompleteFlags);
/* Indicates Adapter.Receive; it is counted until it is returned, unless Flags have RESOURCES. */
VOID Indicate(ULONG ReceiveFlags);
/* Maps a NET_BUFFER at DISPATCH_LEVEL: SgList is called. Unmap frees the list. */
NDIS_STATUS Map(PNET_BUFFER NetBuffer);
VOID Unmap(PNET_BUFFER NetBuffer, PSCATTER_GATHER_LIST Sg);
VOID SetTimer(LONG Milliseconds);
VOID QueueWork(VOID);
VOID QueueDpc(PVOID Context);
VOID AtDeviceIrql(VOID);
VOID WaitMilliseconds(ULONG Milliseconds);
/* The answer to an OID; a buffer that is too short is said to be that. */
NDIS_STATUS Answer(PNDIS_OID_REQUEST Request, const VOID *Data, ULONG Length);
/* NDIS_STATUS_LINK_STATE, up. */
VOID IndicateLink(NDIS_HANDLE Handle);
/* The first resource of the device of this type, CmResourceTypeXxx. */
PCM_PARTIAL_RESOURCE_DESCRIPTOR FindResource(UCHAR Type);
/* Of MiniportInitializeEx, for who has one of his own. */
NDIS_STATUS SetRegistration(VOID);
NDIS_STATUS SetGeneral(VOID);
NDIS_STATUS RegisterInterrupt(PNDIS_HANDLE Interrupt);
NDIS_STATUS RegisterDma(PNDIS_HANDLE Dma);
NDIS_STATUS OpenConfiguration(PNDIS_HANDLE Configuration);
NDIS_HANDLE AllocateTimer(VOID);

/* Handlers, for Entry to put others in front of them. */
MINIPORT_SEND_NET_BUFFER_LISTS MiniportSend;
MINIPORT_RETURN_NET_BUFFER_LISTS MiniportReturn;
MINIPORT_OID_REQUEST MiniportOid;
MINIPORT_HALT MiniportHalt;
MINIPORT_PAUSE MiniportPause;
MINIPORT_RESTART MiniportRestart;
MINIPORT_SHUTDOWN MiniportShutdown;
MINIPORT_UNLOAD MiniportUnload;

#endif
