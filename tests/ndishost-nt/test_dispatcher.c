/* SPDX-License-Identifier: MIT */
/* Events, semaphores, mutexes, system threads: what satisfies a wait, and whose. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <ntddk.h>
#include "nt/machine/clock.h"
#include "nt/machine/irql.h"
#include "support.h"

static LARGE_INTEGER in(LONGLONG milliseconds)
{
    LARGE_INTEGER due;

    due.QuadPart = -milliseconds * (LONGLONG)NT_MILLISECOND;
    return due;
}

static NTSTATUS wait_for(PVOID object, LONGLONG milliseconds)
{
    LARGE_INTEGER timeout = in(milliseconds);

    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &timeout);
}

static void test_events(void **state)
{
    KEVENT notification, synchronization;

    (void)state;
    KeInitializeEvent(&notification, NotificationEvent, FALSE);
    KeInitializeEvent(&synchronization, SynchronizationEvent, TRUE);
    assert_int_equal(wait_for(&notification, 0), STATUS_TIMEOUT);
    assert_int_equal(wait_for(&notification, 5), STATUS_TIMEOUT);
    assert_int_equal(KeSetEvent(&notification, 0, FALSE), 0);
    assert_int_equal(KeSetEvent(&notification, 0, FALSE), 1);
    assert_int_equal(wait_for(&notification, 0), STATUS_SUCCESS);
    assert_int_equal(wait_for(&notification, 0), STATUS_SUCCESS);
    assert_int_equal(KeReadStateEvent(&notification), 1);
    assert_int_equal(KeResetEvent(&notification), 1);
    assert_int_equal(wait_for(&notification, 0), STATUS_TIMEOUT);
    assert_int_equal(wait_for(&synchronization, 0), STATUS_SUCCESS);
    assert_int_equal(wait_for(&synchronization, 0), STATUS_TIMEOUT);
    KeSetEvent(&synchronization, 0, FALSE);
    KeClearEvent(&synchronization);
    assert_int_equal(wait_for(&synchronization, 0), STATUS_TIMEOUT);
    assert_nothing_broken();
}

static void test_timeout_is_kept(void **state)
{
    uint64_t start = nt_clock_now();
    LARGE_INTEGER absolute;
    KEVENT event;

    (void)state;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    assert_int_equal(wait_for(&event, 40), STATUS_TIMEOUT);
    assert_in_range(nt_clock_now() - start, 40 * NT_MILLISECOND, 4 * NT_SECOND);
    start = nt_clock_now();
    absolute.QuadPart = (LONGLONG)(nt_clock_system() + 40 * NT_MILLISECOND);
    assert_int_equal(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &absolute),
                     STATUS_TIMEOUT);
    assert_in_range(nt_clock_now() - start, 39 * NT_MILLISECOND, 4 * NT_SECOND);
    absolute.QuadPart = 1; /* long ago */
    assert_int_equal(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &absolute),
                     STATUS_TIMEOUT);
    assert_nothing_broken();
}

static void test_rule_wait_at_dispatch(void **state)
{
    unsigned before = rules_count("Irql");
    KEVENT event;

    (void)state;
    KeInitializeEvent(&event, NotificationEvent, TRUE);
    irql_raise(DISPATCH_LEVEL, NULL);
    assert_int_equal(wait_for(&event, 0), STATUS_SUCCESS); /* only asks: allowed */
    assert_nothing_broken();
    capture_start();
    wait_for(&event, 10);
    assert_contains(capture_end(), "KeWaitForSingleObject called at DISPATCH_LEVEL");
    irql_lower(PASSIVE_LEVEL, NULL);
    assert_broken("Irql", before, 1);
}

static void test_wait_for_multiple(void **state)
{
    LARGE_INTEGER none = {.QuadPart = 0}, short_time = in(5);
    PVOID objects[4];
    KEVENT events[4];
    char blocks[4 * 64];

    (void)state;
    for (int i = 0; i < 4; i++) {
        KeInitializeEvent(&events[i], SynchronizationEvent, FALSE);
        objects[i] = &events[i];
    }
    KeSetEvent(&events[2], 0, FALSE);
    assert_int_equal(
        KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, &none, NULL),
        STATUS_WAIT_0 + 2);
    assert_int_equal(
        KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, &none, NULL),
        STATUS_TIMEOUT);
    /* All or nothing: what is there is not consumed before the rest comes. */
    for (int i = 0; i < 3; i++)
        KeSetEvent(&events[i], 0, FALSE);
    assert_int_equal(KeWaitForMultipleObjects(4, objects, WaitAll, Executive, KernelMode, FALSE,
                                              &short_time, blocks),
                     STATUS_TIMEOUT);
    for (int i = 0; i < 3; i++)
        assert_int_equal(KeReadStateEvent(&events[i]), 1);
    KeSetEvent(&events[3], 0, FALSE);
    assert_int_equal(
        KeWaitForMultipleObjects(4, objects, WaitAll, Executive, KernelMode, FALSE, &none, blocks),
        STATUS_SUCCESS);
    for (int i = 0; i < 4; i++)
        assert_int_equal(KeReadStateEvent(&events[i]), 0);
    assert_nothing_broken();
    {
        unsigned before = rules_count("WaitBlocks");

        capture_start();
        assert_int_equal(KeWaitForMultipleObjects(4, objects, WaitAny, Executive, KernelMode, FALSE,
                                                  &none, NULL),
                         STATUS_INVALID_PARAMETER);
        capture_end();
        assert_broken("WaitBlocks", before, 1);
    }
}

static void test_semaphore(void **state)
{
    unsigned before = rules_count("SemaphoreLimit");
    KSEMAPHORE semaphore;

    (void)state;
    KeInitializeSemaphore(&semaphore, 1, 3);
    assert_int_equal(wait_for(&semaphore, 0), STATUS_SUCCESS);
    assert_int_equal(wait_for(&semaphore, 0), STATUS_TIMEOUT);
    assert_int_equal(KeReleaseSemaphore(&semaphore, 0, 2, FALSE), 0);
    assert_int_equal(KeReadStateSemaphore(&semaphore), 2);
    capture_start();
    KeReleaseSemaphore(&semaphore, 0, 2, FALSE);
    assert_contains(capture_end(), "over its limit of 3");
    assert_broken("SemaphoreLimit", before, 1);
    assert_int_equal(KeReadStateSemaphore(&semaphore), 2);
}

static void test_mutex(void **state)
{
    unsigned before = rules_count("MutexOwner");
    KMUTEX mutex;

    (void)state;
    KeInitializeMutex(&mutex, 0);
    assert_int_equal(wait_for(&mutex, 0), STATUS_SUCCESS);
    assert_int_equal(wait_for(&mutex, 0), STATUS_SUCCESS); /* its owner may again */
    KeReleaseMutex(&mutex, FALSE);
    KeReleaseMutex(&mutex, FALSE);
    assert_int_equal(KeReadStateMutex(&mutex), 1);
    capture_start();
    KeReleaseMutex(&mutex, FALSE);
    capture_end();
    assert_broken("MutexOwner", before, 1);
}

static void test_fast_and_guarded_mutexes(void **state)
{
    unsigned before = rules_count("FastMutex");
    KGUARDED_MUTEX guarded;
    FAST_MUTEX fast;

    (void)state;
    ExInitializeFastMutex(&fast);
    ExAcquireFastMutex(&fast);
    assert_int_equal(irql_get(), APC_LEVEL);
    assert_false(ExTryToAcquireFastMutex(&fast));
    ExReleaseFastMutex(&fast);
    assert_int_equal(irql_get(), PASSIVE_LEVEL);
    assert_true(ExTryToAcquireFastMutex(&fast));
    ExReleaseFastMutex(&fast);
    KeInitializeGuardedMutex(&guarded);
    KeAcquireGuardedMutex(&guarded);
    assert_false(KeTryToAcquireGuardedMutex(&guarded));
    KeReleaseGuardedMutex(&guarded);
    assert_nothing_broken();
    capture_start();
    KeReleaseGuardedMutex(&guarded);
    assert_contains(capture_end(), "does not own");
    assert_broken("FastMutex", before, 1);
}

/* ---- Threads ---- */

struct ping {
    KEVENT to, from;
    KSEMAPHORE go;
    KMUTEX mutex;
    FAST_MUTEX fast;
    unsigned long guarded, fast_guarded; /* by mutex and fast */
    atomic_uint rounds;
};

static VOID NTAPI echo_thread(PVOID context)
{
    struct ping *p = context;

    for (int i = 0; i < 500; i++) {
        KeWaitForSingleObject(&p->to, Executive, KernelMode, FALSE, NULL);
        atomic_fetch_add(&p->rounds, 1);
        KeSetEvent(&p->from, 0, FALSE);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
    atomic_store(&p->rounds, 0); /* never comes here */
}

static HANDLE thread_new(PKSTART_ROUTINE routine, PVOID context)
{
    HANDLE handle;

    assert_int_equal(PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, routine, context),
                     STATUS_SUCCESS);
    return handle;
}

static void thread_join(HANDLE handle)
{
    PVOID object;

    assert_int_equal(ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(ZwClose(handle), STATUS_SUCCESS);
    assert_int_equal(wait_for(object, 20000), STATUS_SUCCESS);
    ObfDereferenceObject(object);
}

static void test_ping_pong(void **state)
{
    static struct ping p;
    HANDLE handle;

    (void)state;
    KeInitializeEvent(&p.to, SynchronizationEvent, FALSE);
    KeInitializeEvent(&p.from, SynchronizationEvent, FALSE);
    handle = thread_new(echo_thread, &p);
    for (unsigned i = 1; i <= 500; i++) {
        KeSetEvent(&p.to, 0, FALSE);
        assert_int_equal(wait_for(&p.from, 10000), STATUS_SUCCESS);
        assert_int_equal(p.rounds, i);
    }
    thread_join(handle);
    assert_int_equal(p.rounds, 500);
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

static VOID NTAPI contend_thread(PVOID context)
{
    struct ping *p = context;

    KeWaitForSingleObject(&p->go, Executive, KernelMode, FALSE, NULL);
    for (int i = 0; i < 2000; i++) {
        KeWaitForSingleObject(&p->mutex, Executive, KernelMode, FALSE, NULL);
        p->guarded++;
        KeReleaseMutex(&p->mutex, FALSE);
        ExAcquireFastMutex(&p->fast);
        p->fast_guarded++;
        ExReleaseFastMutex(&p->fast);
    }
}

static void test_mutexes_exclude(void **state)
{
    static struct ping p;
    HANDLE handles[4];

    (void)state;
    KeInitializeMutex(&p.mutex, 0);
    ExInitializeFastMutex(&p.fast);
    KeInitializeSemaphore(&p.go, 0, 4);
    for (int i = 0; i < 4; i++)
        handles[i] = thread_new(contend_thread, &p);
    KeReleaseSemaphore(&p.go, 0, 4, FALSE);
    for (int i = 0; i < 4; i++)
        thread_join(handles[i]);
    assert_true(p.guarded == 8000);
    assert_true(p.fast_guarded == 8000);
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

static void test_rule_close_handle(void **state)
{
    unsigned before = rules_count("CloseHandle");

    (void)state;
    capture_start();
    assert_int_equal(ZwClose((HANDLE)(ULONG_PTR)0x1234), STATUS_INVALID_HANDLE);
    capture_end();
    assert_broken("CloseHandle", before, 1);
}

static void test_critical_regions(void **state)
{
    unsigned before = rules_count("CriticalRegion");

    (void)state;
    assert_false(KeAreApcsDisabled());
    KeEnterCriticalRegion();
    assert_true(KeAreApcsDisabled());
    KeLeaveCriticalRegion();
    assert_nothing_broken();
    capture_start();
    KeLeaveCriticalRegion();
    capture_end();
    assert_broken("CriticalRegion", before, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_timeout_is_kept),
        cmocka_unit_test(test_rule_wait_at_dispatch),
        cmocka_unit_test(test_wait_for_multiple),
        cmocka_unit_test(test_semaphore),
        cmocka_unit_test(test_mutex),
        cmocka_unit_test(test_fast_and_guarded_mutexes),
        cmocka_unit_test(test_ping_pong),
        cmocka_unit_test(test_mutexes_exclude),
        cmocka_unit_test(test_rule_close_handle),
        cmocka_unit_test(test_critical_regions),
    };

    nt_thread_enter("tester");
    return cmocka_run_group_tests_name("dispatcher", tests, setup_nt, teardown_nt);
}
