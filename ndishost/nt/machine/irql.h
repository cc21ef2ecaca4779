/* SPDX-License-Identifier: MIT */
/*
 * irql.h: what a host thread is while it stands for a Windows thread: name, IRQL, processor, the spin
 * locks it holds, the last function of the host that the driver called.
 *   nt_thread_enter("worker 0");  old = irql_raise(IRQL_DISPATCH, NULL);  ...;  irql_lower(old, NULL);
 * A thread that never called nt_thread_enter gets a record at first use, named after its thread id.
 *
 * A thread at DISPATCH_LEVEL or above owns a processor. There are never more such threads than processors,
 * except for ISRs, which interrupt. So data that a driver keeps per processor is safe at DISPATCH_LEVEL, as
 * on Windows. A raise to DISPATCH_LEVEL may wait for a processor: host code must not hold a mutex then that
 * a thread at DISPATCH_LEVEL may need.
 */
#ifndef NDISHOST_IRQL_H
#define NDISHOST_IRQL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IRQL_PASSIVE  0u
#define IRQL_APC      1u
#define IRQL_DISPATCH 2u
#define IRQL_DEVICE   9u /* interrupts of devices: every nt_interrupt runs at this one */
#if defined(__x86_64__)
#define IRQL_HIGH 15u
#else
#define IRQL_HIGH 31u
#endif

#define NT_HELD_MAX 16

/* How a spin lock was acquired: the matching function must release it. */
enum nt_lock_way {
    NT_LOCK_RAISED, /* raised to DISPATCH_LEVEL: KeAcquireSpinLockRaiseToDpc, KfAcquireSpinLock */
    NT_LOCK_AT_DPC, /* IRQL untouched: KeAcquireSpinLockAtDpcLevel */
    NT_LOCK_TRIED, /* the same by KeTryToAcquireSpinLockAtDpcLevel; released as either of the two above */
    NT_LOCK_QUEUED, /* in-stack queued, raised */
    NT_LOCK_QUEUED_AT_DPC,
    NT_LOCK_INTERRUPT /* inside nt_interrupt_synchronize or an ISR */
};

struct nt_held {
    const volatile void *lock;
    const void *caller;
    enum nt_lock_way way;
    uint8_t old_irql;
    bool again; /* reported: held already when it was taken */
};

struct nt_thread {
    unsigned index; /* small number, what a lock word holds of its owner */
    char name[32];
    unsigned irql;
    unsigned processor; /* from DISPATCH_LEVEL up nobody else's of that level; below it a hint */
    uint32_t affinity;  /* processors that it may own, one bit each; 0: all */
    bool owns_processor;
    bool in_dpc, in_isr;
    unsigned held_count;
    struct nt_held held[NT_HELD_MAX];
    const char *call;        /* last host function that the driver called */
    const void *caller;      /* and where from */
    const char *failed_call; /* an allocation that failed, and is not in the event log yet */
    const char *waits_for;   /* what KeWaitForXxx waits for, in words, or NULL */
    const char *callback;    /* of the driver, that this thread is in: nt/machine/callback.h */
    uint32_t callbacks;      /* how often it entered the driver from outside */
    bool untimed;            /* hang.h does not watch it */
    pthread_t thread;
    const void *asked_irql; /* where that has looked at the IRQL, until it raises it */
    bool flagged;           /* it has a flag that tells of DISPATCH_LEVEL */
    uint64_t dpc_start;     /* nt_clock_now() at the start of the DPC that runs, else 0 */
};

/* The calling thread's record; cheap, async-signal-safe, never NULL. */
extern __thread struct nt_thread *nt_self_record; /* NULL before the first use */
struct nt_thread *nt_self_new(void);
static inline struct nt_thread *nt_self(void)
{
    struct nt_thread *thread = nt_self_record;

    return thread ? thread : nt_self_new();
}
/* First thing in a thread that may run driver code: name, processor hint, trap_thread(). */
void nt_thread_enter(const char *name);
/* Starts a thread that enters as `name` and runs run(context). 0 or an errno. Join with
 * pthread_join; *thread is a pthread_t. */
int nt_thread_start(pthread_t *thread, const char *name, void (*run)(void *context), void *context);

unsigned irql_get(void);
/* Sets the number alone: no rule is checked. It still acquires or releases the processor when
 * DISPATCH_LEVEL is crossed. */
void irql_set_raw(unsigned irql);
/* The same, for a function of the host that runs at `irql` by itself: HOST_CALL has told a caller above it, whom
 * nobody blames for the host's own change. Returns what it was, for irql_set_raw. */
static inline unsigned irql_swap(unsigned irql)
{
    unsigned old = irql_get();

    irql_set_raw(irql);
    return old;
}
/* Raises to `irql` and returns what it was; lower gives it back. Rule "Irql_IrqlSetting_Function": raising below the
 * current level; rule "Irql_IrqlSetting_Function": lowering above it, or below DISPATCH_LEVEL with a spin lock held.
 * `caller` is the address in the driver to blame, or NULL for the host's own code. */
unsigned irql_raise(unsigned irql, const void *caller);
void irql_lower(unsigned irql, const void *caller);
/* A write to CR8, as a driver's inline KeRaiseIrql and KeLowerIrql come to on x64: nt/trap.c. */
void irql_write(unsigned irql, const void *caller);

/* Set by nt/machine/trap.c if it keeps a processor block for each thread: called on the thread itself when
 * its processor number changes. May be NULL. */
extern void (*nt_processor_changed)(unsigned processor);

/* After a callback of the driver has returned, `callback` being its name for the report: */
void nt_check_no_locks(const char *callback); /* rule "SpinLockBalanced" */
/* The same when `held` locks were there before. How many there were more; they are released. */
unsigned nt_check_no_locks_above(const char *callback, unsigned held);
void nt_check_irql(const char *callback, unsigned before); /* rule "IrqlReturn" */

/* What a report says about the calling thread: "thread \"DPC 1\" on processor 1 at DISPATCH_LEVEL".
 * Async-signal-safe. Returns buf. */
const char *nt_describe_thread(char *buf, size_t size);
const char *irql_name(unsigned irql); /* "DISPATCH_LEVEL", "DIRQL", ... */
/* The same of another thread, which goes on meanwhile: its level and its last call may be those of
 * a moment ago. Not from a signal handler. */
const char *nt_describe_other(const struct nt_thread *thread, char *buf, size_t size);

unsigned nt_processors(void);

/* ---- For the rest of nt/: threads by number, and processors as things that are owned ---- */

#define NT_THREADS_MAX 1024

/* NULL if there never was one. The record outlives its thread. */
struct nt_thread *nt_thread_by_index(unsigned index);

/* Before any thread of the host runs. */
void nt_processors_set(unsigned count);

/* From now on the calling thread owns only processors of `affinity` (0: any). */
void nt_thread_affinity(uint32_t affinity);

/* The calling thread is this processor's own. */
void nt_processor_home(unsigned processor);

/* DPCs wait there: nobody but nt_processor_claim_for_dpcs gets the processor until it is false. */
void nt_processor_wanted(unsigned processor, bool wanted);
/* The caller becomes the owner of just this processor; it sets its IRQL itself. */
void nt_processor_claim_for_dpcs(unsigned processor);
bool nt_processor_try_claim_for_dpcs(unsigned processor);
void nt_processor_release(void);

#endif
