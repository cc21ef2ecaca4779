/* SPDX-License-Identifier: MIT */
/* IRQL, who owns which processor, and spin locks: each rule is seen to fire, and to be silent. */
#include <pthread.h>
#include <string.h>
#include <ntddk.h>
#include "nt/machine/clock.h"
#include "nt/machine/irql.h"
#include "nt/machine/lock.h"
#include "nt/machine/processor.h"
#include "nt/machine/trap.h"
#include "support.h"

/* ---- IRQL ---- */

static void test_raise_and_lower(void **state)
{
    (void)state;
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(KfRaiseIrql(DISPATCH_LEVEL), PASSIVE_LEVEL);
    assert_int_equal(KfRaiseIrql(IRQL_DEVICE), DISPATCH_LEVEL);
    KfLowerIrql(DISPATCH_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_true(nt_self()->owns_processor);
    KeLowerIrql(PASSIVE_LEVEL);
    assert_false(nt_self()->owns_processor);
    irql_write(DISPATCH_LEVEL, NULL);
    irql_write(PASSIVE_LEVEL, NULL);
    assert_nothing_broken();
}

static void test_rule_irql_raise(void **state)
{
    unsigned before = rules_count("Irql_IrqlSetting_Function");

    (void)state;
    KfRaiseIrql(DISPATCH_LEVEL);
    capture_start();
    KfRaiseIrql(APC_LEVEL);
    assert_contains(capture_end(), "from DISPATCH_LEVEL to APC_LEVEL");
    assert_broken("Irql_IrqlSetting_Function", before, 1);
    KfLowerIrql(PASSIVE_LEVEL);
    assert_nothing_broken();
}

static void test_rule_irql_lower(void **state)
{
    unsigned before = rules_count("Irql_IrqlSetting_Function");

    (void)state;
    capture_start();
    KfLowerIrql(DISPATCH_LEVEL);
    assert_contains(capture_end(), "from PASSIVE_LEVEL to DISPATCH_LEVEL");
    assert_broken("Irql_IrqlSetting_Function", before, 1);
    KfLowerIrql(PASSIVE_LEVEL);
    assert_nothing_broken();
}

static void test_rule_irql_return(void **state)
{
    unsigned before = rules_count("IrqlReturn");

    (void)state;
    nt_check_irql("MiniportPause", PASSIVE_LEVEL);
    assert_nothing_broken();
    KfRaiseIrql(DISPATCH_LEVEL);
    capture_start();
    nt_check_irql("MiniportPause", PASSIVE_LEVEL);
    assert_contains(capture_end(), "MiniportPause was called at PASSIVE_LEVEL and returned at "
                                   "DISPATCH_LEVEL");
    assert_broken("IrqlReturn", before, 1);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* No more threads at DISPATCH_LEVEL than processors, and no two on one. */
static unsigned at_dispatch[NT_PROCESSORS_MAX], worst;
static unsigned plain[NT_PROCESSORS_MAX]; /* not atomic: the processor guards it */

static void own_processors(void *barrier)
{
    pthread_barrier_wait(barrier);
    for (int i = 0; i < 20000; i++) {
        KIRQL old = KfRaiseIrql(DISPATCH_LEVEL);
        unsigned processor = nt_self()->processor;

        if (__atomic_add_fetch(&at_dispatch[processor], 1, __ATOMIC_RELAXED) != 1)
            __atomic_add_fetch(&worst, 1, __ATOMIC_RELAXED);
        plain[processor]++;
        __atomic_sub_fetch(&at_dispatch[processor], 1, __ATOMIC_RELAXED);
        KfLowerIrql(old);
    }
}

static void test_processor_has_one_owner(void **state)
{
    pthread_barrier_t barrier;
    pthread_t threads[4];

    (void)state;
    pthread_barrier_init(&barrier, NULL, 4);
    memset(plain, 0, sizeof plain);
    worst = 0;
    for (int i = 0; i < 4; i++)
        assert_int_equal(nt_thread_start(&threads[i], "owner", own_processors, &barrier), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(worst, 0);
    assert_int_equal(plain[0] + plain[1], 80000);
    assert_true(plain[0] && plain[1]);
    assert_nothing_broken();
}

static void test_affinity(void **state)
{
    (void)state;
    for (unsigned processor = 0; processor < 2; processor++) {
        KAFFINITY before = KeSetSystemAffinityThreadEx((KAFFINITY)1 << processor);

        assert_int_equal(before, 0);
        for (int i = 0; i < 100; i++) {
            KfRaiseIrql(DISPATCH_LEVEL);
            assert_int_equal(KeGetCurrentProcessorNumberEx(NULL), processor);
            KfLowerIrql(PASSIVE_LEVEL);
        }
        KeRevertToUserAffinityThreadEx(before);
    }
    assert_nothing_broken();
}

/* ---- Spin locks ---- */

#if defined(_X86_)
#define ACQUIRE(lock)       KfAcquireSpinLock(lock)
#define RELEASE(lock, irql) KfReleaseSpinLock(lock, irql)
#else
#define ACQUIRE(lock)       KeAcquireSpinLockRaiseToDpc(lock)
#define RELEASE(lock, irql) KeReleaseSpinLock(lock, irql)
#endif

static void test_locks_in_every_form(void **state)
{
    KSPIN_LOCK lock = 0, second = 0;
    KLOCK_QUEUE_HANDLE queued;
    KIRQL old, inner;

    (void)state;
    old = ACQUIRE(&lock);
    assert_int_equal(old, PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_false(KeTestSpinLock(&lock));
    assert_true(nt_lock_held(&lock));
    inner = ACQUIRE(&second);
    assert_int_equal(inner, DISPATCH_LEVEL);
    RELEASE(&second, inner);
    KeAcquireSpinLockAtDpcLevel(&second);
    KeReleaseSpinLockFromDpcLevel(&second);
    assert_true(KeTryToAcquireSpinLockAtDpcLevel(&second));
    assert_false(KeTryToAcquireSpinLockAtDpcLevel(&lock));
    KeReleaseSpinLockFromDpcLevel(&second);
    KeAcquireInStackQueuedSpinLockAtDpcLevel(&second, &queued);
    KeReleaseInStackQueuedSpinLockFromDpcLevel(&queued);
    RELEASE(&lock, old);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeAcquireInStackQueuedSpinLock(&lock, &queued);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeReleaseInStackQueuedSpinLock(&queued);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_true(KeTestSpinLock(&lock));
    assert_int_equal(lock, 0);
    assert_int_equal(nt_self()->held_count, 0);
    assert_nothing_broken();
}

/* Locks may be released in the order in which they were acquired, if the saved IRQLs change places. */
static void test_hand_over_hand(void **state)
{
    KSPIN_LOCK a = 0, b = 0;
    KIRQL first = ACQUIRE(&a), second = ACQUIRE(&b);

    (void)state;
    RELEASE(&a, second);
    RELEASE(&b, first);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_nothing_broken();
}

static void test_rule_spin_lock(void **state)
{
    unsigned before = rules_count("SpinLock");
    KSPIN_LOCK lock = 0;
    KIRQL old = ACQUIRE(&lock), again;

    (void)state;
    capture_start();
    again = ACQUIRE(&lock);
    assert_contains(capture_end(), "which this thread already holds");
    assert_broken("SpinLock", before, 1);
    RELEASE(&lock, again);
    assert_true(nt_lock_held(&lock));
    RELEASE(&lock, old);
    assert_int_equal(lock, 0);
    assert_nothing_broken();
}

static void test_rule_spin_lock_dpr(void **state)
{
    unsigned before = rules_count("SpinLockDpr");
    KSPIN_LOCK lock = 0;
    KIRQL old = ACQUIRE(&lock);

    (void)state;
    capture_start();
    KeAcquireSpinLockAtDpcLevel(&lock);
    assert_contains(capture_end(), "which this thread already holds");
    assert_broken("SpinLockDpr", before, 1);
    KeReleaseSpinLockFromDpcLevel(&lock);
    RELEASE(&lock, old);
    assert_nothing_broken();
}

static void test_rule_spin_lock_word(void **state)
{
    unsigned before = rules_count("SpinLockWord");
    KSPIN_LOCK lock = (KSPIN_LOCK)0xC5C5C5C5C5C5C5C5ull;
    KIRQL old;

    (void)state;
    capture_start();
    old = ACQUIRE(&lock);
    assert_contains(capture_end(), "not initialised");
    assert_broken("SpinLockWord", before, 1);
    RELEASE(&lock, old);
    assert_int_equal(lock, 0);
    assert_nothing_broken();
}

static void test_rule_spin_lock_release(void **state)
{
    unsigned before = rules_count("SpinLockRelease");
    KSPIN_LOCK lock = 0;

    (void)state;
    irql_set_raw(IRQL_DISPATCH);
    capture_start();
    RELEASE(&lock, PASSIVE_LEVEL);
    assert_contains(capture_end(), "which no thread holds");
    assert_broken("SpinLockRelease", before, 1);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void acquire_and_stay(void *lock)
{
    ACQUIRE(lock);
    nt_self()->held_count = 0; /* the test releases it after this thread has gone */
    irql_set_raw(IRQL_PASSIVE);
}

static void test_rule_spin_lock_release_by_another(void **state)
{
    unsigned before = rules_count("SpinLockRelease");
    KSPIN_LOCK lock = 0;
    pthread_t thread;

    (void)state;
    nt_thread_start(&thread, "owner", acquire_and_stay, &lock);
    pthread_join(thread, NULL);
    assert_int_not_equal(lock, 0);
    irql_set_raw(IRQL_DISPATCH);
    capture_start();
    RELEASE(&lock, PASSIVE_LEVEL);
    assert_contains(capture_end(), "which thread \"owner\" holds");
    assert_broken("SpinLockRelease", before, 1);
    assert_int_not_equal(lock, 0);
}

static void test_rule_spin_lock_dpr_release(void **state)
{
    unsigned before = rules_count("SpinLockDprRelease");
    KSPIN_LOCK lock = 0;
    KIRQL old;

    (void)state;
    old = ACQUIRE(&lock);
    capture_start();
    KeReleaseSpinLockFromDpcLevel(&lock);
    assert_contains(capture_end(), "it was acquired by raising the IRQL");
    assert_broken("SpinLockDprRelease", before, 1);
    KeAcquireSpinLockAtDpcLevel(&lock);
    capture_start();
    RELEASE(&lock, old);
    assert_contains(capture_end(), "it was acquired at DISPATCH_LEVEL");
    assert_broken("SpinLockDprRelease", before + 1, 1);
    assert_int_equal(lock, 0);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* KeTryToAcquireSpinLockAtDpcLevel leaves the choice: KeReleaseSpinLock, as its page says, or the other one. */
static void test_tried_lock_is_released_either_way(void **state)
{
    unsigned before = rules_violations(), irql = rules_count("SpinLockIrql");
    KSPIN_LOCK lock = 0, other = 0;

    (void)state;
    irql_set_raw(IRQL_DISPATCH);
    assert_true(KeTryToAcquireSpinLockAtDpcLevel(&lock));
    KeReleaseSpinLockFromDpcLevel(&lock);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_true(KeTryToAcquireSpinLockAtDpcLevel(&lock));
    KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
    assert_int_equal(lock, 0);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(rules_violations(), before);
    /* Not below DISPATCH_LEVEL while another one is held. */
    irql_set_raw(IRQL_DISPATCH);
    KeAcquireSpinLockAtDpcLevel(&other);
    assert_true(KeTryToAcquireSpinLockAtDpcLevel(&lock));
    capture_start();
    KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
    assert_contains(capture_end(), "while it holds another one");
    assert_broken("SpinLockIrql", irql, 1);
    irql_set_raw(IRQL_DISPATCH);
    KeReleaseSpinLockFromDpcLevel(&other);
    irql_set_raw(IRQL_PASSIVE);
}

static void test_rule_spin_lock_irql(void **state)
{
    unsigned before = rules_count("SpinLockIrql");
    KSPIN_LOCK lock = 0, other = 0;
    KIRQL old;

    (void)state;
    ACQUIRE(&lock);
    capture_start();
    RELEASE(&lock, APC_LEVEL);
    assert_contains(capture_end(), "to APC_LEVEL; it was acquired at PASSIVE_LEVEL");
    assert_broken("SpinLockIrql", before, 1);
    irql_set_raw(PASSIVE_LEVEL);
    old = ACQUIRE(&lock);
    KeAcquireSpinLockAtDpcLevel(&other);
    capture_start();
    RELEASE(&lock, old); /* down to PASSIVE_LEVEL while `other` is held */
    assert_contains(capture_end(), "while it holds another one");
    assert_broken("SpinLockIrql", before + 1, 1);
    irql_set_raw(DISPATCH_LEVEL);
    KeReleaseSpinLockFromDpcLevel(&other);
    irql_set_raw(PASSIVE_LEVEL);
    assert_nothing_broken();
}

static void test_rule_lowering_with_a_lock(void **state)
{
    unsigned before = rules_count("Irql_IrqlSetting_Function");
    KSPIN_LOCK lock = 0;
    KIRQL old = ACQUIRE(&lock);

    (void)state;
    capture_start();
    KfLowerIrql(PASSIVE_LEVEL);
    assert_contains(capture_end(), "while it holds spin lock");
    assert_broken("Irql_IrqlSetting_Function", before, 1);
    irql_set_raw(DISPATCH_LEVEL);
    RELEASE(&lock, old);
}

static void test_rule_spin_lock_balanced(void **state)
{
    unsigned before = rules_count("SpinLockBalanced");
    KSPIN_LOCK lock = 0;

    (void)state;
    nt_check_no_locks("MiniportSendNetBufferLists");
    assert_nothing_broken();
    ACQUIRE(&lock);
    capture_start();
    nt_check_no_locks("MiniportSendNetBufferLists");
    assert_contains(capture_end(), "MiniportSendNetBufferLists returned with spin lock");
    assert_broken("SpinLockBalanced", before, 1);
    irql_set_raw(PASSIVE_LEVEL);
}

static void test_rule_irql_of_locks(void **state)
{
    unsigned before = rules_count("Irql");
    KSPIN_LOCK lock = 0;

    (void)state;
    capture_start();
    KeAcquireSpinLockAtDpcLevel(&lock); /* at PASSIVE_LEVEL */
    KeReleaseSpinLockFromDpcLevel(&lock);
    capture_end();
    assert_broken("Irql", before, 2);
    irql_set_raw(IRQL_DEVICE);
    capture_start();
    ACQUIRE(&lock); /* above DISPATCH_LEVEL */
    capture_end();
    assert_broken("Irql", before + 2, 1);
    capture_start();
    RELEASE(&lock, IRQL_DEVICE);
    capture_end();
    assert_broken("Irql", before + 3, 1);
    irql_set_raw(PASSIVE_LEVEL);
}

/* ---- Contention ---- */

static KSPIN_LOCK shared_lock;
static unsigned long shared; /* not atomic: the lock guards it */

static void take_and_count(void *context)
{
    KLOCK_QUEUE_HANDLE queued;
    unsigned kind = (unsigned)(uintptr_t)context;

    for (int i = 0; i < 30000; i++) {
        if (kind == 0) {
            KIRQL old = ACQUIRE(&shared_lock);

            shared++;
            RELEASE(&shared_lock, old);
        } else if (kind == 1) {
            KeAcquireInStackQueuedSpinLock(&shared_lock, &queued);
            shared++;
            KeReleaseInStackQueuedSpinLock(&queued);
        } else {
            /* Without a processor of its own, so that a waiter really waits. */
            nt_lock_acquire(&shared_lock, NT_LOCK_INTERRUPT, NULL);
            shared++;
            nt_lock_release(&shared_lock, NT_LOCK_INTERRUPT, 0, NULL);
        }
    }
}

static void test_lock_excludes(void **state)
{
    pthread_t threads[6];

    (void)state;
    for (uintptr_t i = 0; i < 6; i++)
        nt_thread_start(&threads[i], "counter", take_and_count, (void *)(i % 3));
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared, 180000);
    assert_int_equal(shared_lock, 0);
    assert_nothing_broken();
}

static void test_off_still_locks(void **state)
{
    (void)state;
    rules_enabled = false;
    shared = 0;
    test_lock_excludes(state);
    rules_enabled = true;
}

static void hold_long(void *lock)
{
    KIRQL old = ACQUIRE(lock);

    nt_clock_sleep(6 * NT_SECOND);
    RELEASE(lock, old);
}

static void test_rule_spin_lock_timeout(void **state)
{
    unsigned before = rules_count("SpinLockTimeout");
    static KSPIN_LOCK lock;
    pthread_t thread;
    KIRQL old;

    (void)state;
    nt_thread_start(&thread, "slow", hold_long, &lock);
    while (KeTestSpinLock(&lock))
        nt_clock_sleep(NT_MILLISECOND);
    capture_start();
    old = ACQUIRE(&lock);
    RELEASE(&lock, old);
    assert_contains(capture_end(), "held by thread \"slow\" at DISPATCH_LEVEL");
    pthread_join(thread, NULL);
    assert_broken("SpinLockTimeout", before, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raise_and_lower),
        cmocka_unit_test(test_rule_irql_raise),
        cmocka_unit_test(test_rule_irql_lower),
        cmocka_unit_test(test_rule_irql_return),
        cmocka_unit_test(test_processor_has_one_owner),
        cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_locks_in_every_form),
        cmocka_unit_test(test_hand_over_hand),
        cmocka_unit_test(test_rule_spin_lock),
        cmocka_unit_test(test_rule_spin_lock_dpr),
        cmocka_unit_test(test_rule_spin_lock_word),
        cmocka_unit_test(test_rule_spin_lock_release),
        cmocka_unit_test(test_rule_spin_lock_release_by_another),
        cmocka_unit_test(test_rule_spin_lock_dpr_release),
        cmocka_unit_test(test_tried_lock_is_released_either_way),
        cmocka_unit_test(test_rule_spin_lock_irql),
        cmocka_unit_test(test_rule_lowering_with_a_lock),
        cmocka_unit_test(test_rule_spin_lock_balanced),
        cmocka_unit_test(test_rule_irql_of_locks),
        cmocka_unit_test(test_lock_excludes),
        cmocka_unit_test(test_off_still_locks),
        cmocka_unit_test(test_rule_spin_lock_timeout),
    };

    nt_thread_enter("tester");
    return cmocka_run_group_tests_name("irql", tests, NULL, NULL);
}
