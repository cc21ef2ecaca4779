/* SPDX-License-Identifier: MIT */
/* nt/machine/dma_map.h: what a device may touch, byte by byte; and nt/machine/lock_order.h: circles of locks. */
#include <string.h>
#include "nt/machine/dma_map.h"
#include "nt/machine/irql.h"
#include "nt/machine/lock.h"
#include "nt/machine/lock_order.h"
#include "support.h"

#define PA 0x40000000ull

static bool touches(uint64_t pa, size_t length, unsigned access)
{
    return dma_map_touches(pa, length, access, "touches");
}

static void expect_broken(const char *rule, uint64_t pa, size_t length, unsigned access,
                          const char *words)
{
    unsigned before = rules_count(rule);

    capture_start();
    assert_false(touches(pa, length, access));
    assert_contains(capture_end(), words);
    assert_broken(rule, before, 1);
}

static void test_nothing_is_checked_before_enable(void **state)
{
    (void)state;
    assert_true(touches(PA, 100000, DMA_MAP_WRITE));
    assert_nothing_broken();
    dma_map_enable();
}

static void test_only_what_is_mapped(void **state)
{
    static int object;
    struct dma_mapping *mapping = dma_map_new("SG list", &object, DMA_MAP_READ, 8);

    (void)state;
    dma_map_add(mapping, PA + 100, 5000); /* over a page's end */
    assert_true(touches(PA + 100, 5000, DMA_MAP_READ));
    assert_true(touches(PA + 4095, 2, DMA_MAP_READ));
    assert_nothing_broken();
    expect_broken("DmaUnmapped", PA + 99, 2, DMA_MAP_READ, "neither shared memory");
    expect_broken("DmaUnmapped", PA + 5099, 2, DMA_MAP_READ, "0x400013ec");
    expect_broken("DmaDirection", PA + 200, 1, DMA_MAP_WRITE, "to read only");
    dma_map_free(mapping);
    expect_broken("DmaUnmapped", PA + 200, 1, DMA_MAP_READ, "not mapped any more: it was (SG list");
}

static void test_neighbours_join(void **state)
{
    static int object;
    struct dma_mapping *first = dma_map_new("SG list", &object, DMA_MAP_READ, 2);
    struct dma_mapping *second = dma_map_new("SG list", &object, DMA_MAP_READ | DMA_MAP_WRITE, 2);

    (void)state;
    dma_map_add(second, PA + 300, 100);
    dma_map_add(first, PA + 200, 100);
    assert_true(touches(PA + 200, 200, DMA_MAP_READ));
    assert_nothing_broken();
    expect_broken("DmaDirection", PA + 299, 2, DMA_MAP_WRITE, "to read only");
    dma_map_free(first);
    assert_true(touches(PA + 300, 100, DMA_MAP_WRITE));
    expect_broken("DmaUnmapped", PA + 299, 2, DMA_MAP_READ, "any more");
    dma_map_free(second);
}

static void take_both(uintptr_t *first, uintptr_t *second)
{
    unsigned old = nt_lock_acquire(first, NT_LOCK_RAISED, NULL);

    nt_lock_acquire(second, NT_LOCK_AT_DPC, NULL);
    nt_lock_release(second, NT_LOCK_AT_DPC, 0, NULL);
    nt_lock_release(first, NT_LOCK_RAISED, old, NULL);
}

static void test_order_of_locks(void **state)
{
    unsigned before = rules_count("DeadlockOrder");
    uintptr_t lock[3] = {0};

    (void)state;
    take_both(&lock[0], &lock[1]);
    take_both(&lock[1], &lock[2]);
    take_both(&lock[0], &lock[2]);
    assert_nothing_broken();
    capture_start();
    take_both(&lock[2], &lock[0]); /* against the second, or through the first */
    assert_contains(capture_end(), "the opposite order, earlier:");
    assert_broken("DeadlockOrder", before, 1);
    take_both(&lock[2], &lock[0]); /* is known */
    assert_nothing_broken();
}

static void test_order_is_forgotten_with_the_memory(void **state)
{
    uintptr_t lock[2] = {0};

    (void)state;
    take_both(&lock[0], &lock[1]);
    lock_order_forget(lock, sizeof lock);
    take_both(&lock[1], &lock[0]);
    assert_nothing_broken();
    lock_order_forget(lock, sizeof lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_checked_before_enable),
        cmocka_unit_test(test_only_what_is_mapped),
        cmocka_unit_test(test_neighbours_join),
        cmocka_unit_test(test_order_of_locks),
        cmocka_unit_test(test_order_is_forgotten_with_the_memory),
    };

    return cmocka_run_group_tests_name("dma_map", tests, NULL, NULL);
}
