/* SPDX-License-Identifier: MIT */
/* Special pool, ordered failures, lookaside lists, interlocked lists, MDLs. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/irql.h"
#include "nt/api/io.h"
#include "nt/machine/phys.h"
#include "nt/api/pool.h"
#include "nt/machine/random.h"
#include "support.h"

#define TAG 0x74536554u /* "TeSt" */

static void test_fresh_memory_is_poison(void **state)
{
    uint8_t *p = ExAllocatePoolWithTag(NonPagedPool, 1000, TAG);
    uint64_t pa;

    (void)state;
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    assert_true(phys_address(p, &pa));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(p[i], NT_POOL_FILL);
    assert_int_equal(nt_pool_size(p), 1000);
    assert_int_equal(track_count("pool"), 1);
    memset(p, 0, 1000);
    ExFreePoolWithTag(p, TAG);
    assert_int_equal(nt_pool_size(p), 0);
    assert_int_equal(track_count("pool"), 0);
    assert_nothing_broken();
}

static void write_at(void *p)
{
    *(volatile uint8_t *)p = 1;
}

static void test_overrun_and_use_after_free_fault(void **state)
{
    uint8_t *p = ExAllocatePoolWithTag(NonPagedPool, 160, TAG);

    (void)state;
    assert_int_equal(run_in_child(write_at, p + 159), 0);
    assert_int_equal(run_in_child(write_at, p + 160), SIGSEGV);
    ExFreePoolWithTag(p, TAG);
    assert_int_equal(run_in_child(write_at, p), SIGSEGV);
    assert_nothing_broken();
}

static void test_rule_pool_overrun(void **state)
{
    unsigned before = rules_count("PoolOverrun");
    uint8_t *p = ExAllocatePoolWithTag(NonPagedPool, 10, TAG);

    (void)state;
    p[10] = 0x77; /* before the guard page, after the block */
    capture_start();
    ExFreePoolWithTag(p, TAG);
    assert_contains(capture_end(), "0x77 at offset 10");
    assert_broken("PoolOverrun", before, 1);
}

static void test_rule_pool_underrun(void **state)
{
    unsigned before = rules_count("PoolUnderrun");
    uint8_t *p = ExAllocatePoolWithTag(NonPagedPool, 100, TAG);

    (void)state;
    p[-3] = 0x66;
    capture_start();
    ExFreePoolWithTag(p, TAG);
    assert_contains(capture_end(), "0x66 at offset -3");
    assert_broken("PoolUnderrun", before, 1);
}

static void test_rule_pool_tag(void **state)
{
    unsigned before = rules_count("PoolTag");
    uint8_t *p = ExAllocatePoolWithTag(NonPagedPool, 100, TAG);

    (void)state;
    capture_start();
    ExFreePoolWithTag(p, 0x21444142);
    assert_contains(capture_end(), "tag 'BAD!'; it was allocated with tag 'TeSt'");
    assert_broken("PoolTag", before, 1);
    capture_start();
    p = ExAllocatePoolWithTag(NonPagedPool, 100, 0);
    capture_end();
    assert_broken("PoolTag", before + 1, 1);
    ExFreePool(p);
    assert_nothing_broken();
}

static void test_rule_pool_free(void **state)
{
    unsigned before = rules_count("PoolFree");
    uint8_t *p = ExAllocatePoolWithTag(NonPagedPool, 100, TAG);
    const char *text;

    (void)state;
    ExFreePoolWithTag(p, TAG);
    capture_start();
    ExFreePoolWithTag(p, TAG);
    text = capture_end();
    assert_contains(text, "was already freed");
    assert_contains(text, "history pool");
    assert_broken("PoolFree", before, 1);
    capture_start();
    ExFreePool(&before);
    capture_end();
    assert_broken("PoolFree", before + 1, 1);
    p = nt_pool_alloc("memory", 100, TAG, NULL);
    capture_start();
    ExFreePoolWithTag(p, TAG);
    assert_contains(capture_end(), "as pool; it was allocated as memory");
    assert_broken("PoolFree", before + 2, 1);
    assert_int_equal(track_count(NULL), 0);
}

static void test_rule_pool_irql(void **state)
{
    unsigned before = rules_count("Irql");
    void *p;

    (void)state;
    irql_set_raw(DISPATCH_LEVEL);
    p = ExAllocatePoolWithTag(NonPagedPool, 1, TAG);
    assert_nothing_broken();
    ExFreePool(p);
    capture_start();
    p = ExAllocatePoolWithTag(PagedPool, 1, TAG);
    capture_end();
    irql_set_raw(PASSIVE_LEVEL);
    assert_broken("Irql", before, 1);
    ExFreePool(p);
}

static void test_ordered_failures(void **state)
{
    void *p[10];

    (void)state;
    nt_fail_allocation(3);
    for (int i = 0; i < 5; i++) {
        p[i] = ExAllocatePoolWithTag(NonPagedPool, 1, TAG);
        assert_true((p[i] == NULL) == (i == 2));
    }
    assert_int_equal(nt_allocations(), 5);
    for (int i = 0; i < 5; i++)
        if (p[i])
            ExFreePool(p[i]);
    nt_fail_allocation(-2);
    for (int i = 0; i < 4; i++) {
        p[i] = ExAllocatePoolWithTag(NonPagedPool, 1, TAG);
        assert_true((p[i] == NULL) == (i >= 1));
    }
    p[1] = nt_pool_alloc(NULL, 1, TAG, NULL); /* the host's own never fails so */
    assert_non_null(p[1]);
    nt_pool_free(NULL, p[1], TAG, NULL);
    nt_fail_allocation(0);
    ExFreePool(p[0]);
    p[0] = IoAllocateWorkItem(NULL);
    assert_non_null(p[0]);
    IoFreeWorkItem(p[0]);
    assert_nothing_broken();
}

static void *churn(void *seed)
{
    struct random r;
    uint8_t *blocks[32] = {NULL};
    size_t sizes[32];

    random_seed(&r, (uintptr_t)seed);
    for (int i = 0; i < 1500; i++) {
        unsigned n = (unsigned)random_below(&r, 32);

        if (blocks[n]) {
            for (size_t b = 0; b < sizes[n]; b += 61)
                if (blocks[n][b] != (uint8_t)n)
                    return seed;
            ExFreePoolWithTag(blocks[n], TAG);
            blocks[n] = NULL;
        } else {
            sizes[n] = random_below(&r, 3000) + 1;
            blocks[n] = ExAllocatePoolWithTag(NonPagedPool, sizes[n], TAG);
            memset(blocks[n], (int)n, sizes[n]);
        }
    }
    for (int n = 0; n < 32; n++)
        if (blocks[n])
            ExFreePoolWithTag(blocks[n], TAG);
    return NULL;
}

static void test_threads_churn(void **state)
{
    pthread_t threads[3];
    void *failed;

    (void)state;
    for (uintptr_t i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)(test_seed() + 1 + i));
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

/* ---- Lists ---- */

/* By their exported names, as a driver gets them. */
#if defined(_X86_)
#define PUSH(head, entry) InterlockedPushEntrySList(head, entry)
#define POP(head)         InterlockedPopEntrySList(head)
#define FLUSH(head)       ExInterlockedFlushSList(head)
#define DEPTH(head)       ((head)->Depth)
#define INIT(head)        memset(head, 0, sizeof *(head))
#else
#define PUSH(head, entry) ExpInterlockedPushEntrySList(head, entry)
#define POP(head)         ExpInterlockedPopEntrySList(head)
#define FLUSH(head)       ExpInterlockedFlushSList(head)
#define DEPTH(head)       ExQueryDepthSList(head)
#define INIT(head)        InitializeSListHead(head)
#endif

struct node {
    SLIST_ENTRY entry;
    unsigned number;
} __attribute__((aligned(16)));

static SLIST_HEADER slist __attribute__((aligned(16)));
static struct node nodes[64];

static void test_slist(void **state)
{
    struct node *n;

    (void)state;
    INIT(&slist);
    assert_null(POP(&slist));
    assert_null(PUSH(&slist, &nodes[0].entry));
    assert_ptr_equal(PUSH(&slist, &nodes[1].entry), &nodes[0]);
    assert_int_equal(DEPTH(&slist), 2);
    assert_ptr_equal(POP(&slist), &nodes[1]);
    PUSH(&slist, &nodes[2].entry);
    n = (struct node *)FLUSH(&slist);
    assert_ptr_equal(n, &nodes[2]);
    assert_ptr_equal(n->entry.Next, &nodes[0]);
    assert_null(nodes[0].entry.Next);
    assert_int_equal(DEPTH(&slist), 0);
    assert_nothing_broken();
}

static void *pop_and_push(void *unused)
{
    for (int i = 0; i < 50000; i++) {
        struct node *n = (struct node *)POP(&slist);

        if (n) {
            n->number++;
            PUSH(&slist, &n->entry);
        }
    }
    return unused;
}

static void test_slist_threads(void **state)
{
    pthread_t threads[3];
    unsigned count = 0;

    (void)state;
    INIT(&slist);
    for (int i = 0; i < 64; i++) {
        nodes[i].number = 0;
        PUSH(&slist, &nodes[i].entry);
    }
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, pop_and_push, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(DEPTH(&slist), 64);
    for (int i = 0; i < 64; i++)
        count += nodes[i].number;
    assert_int_equal(count, 150000);
    assert_nothing_broken();
}

static void test_interlocked_lists(void **state)
{
    SINGLE_LIST_ENTRY single = {NULL}, a, b;
    LIST_ENTRY head, x, y;
    LARGE_INTEGER sum = {.QuadPart = 5}, add = {.QuadPart = 1ll << 40};
    KSPIN_LOCK lock = 0;
    ULONG number = 5;

    (void)state;
    InitializeListHead(&head);
    assert_null(ExInterlockedRemoveHeadList(&head, &lock));
    assert_null(ExInterlockedInsertHeadList(&head, &x, &lock));
    assert_ptr_equal(ExInterlockedInsertTailList(&head, &y, &lock), &x);
    assert_ptr_equal(ExInterlockedRemoveHeadList(&head, &lock), &x);
    assert_ptr_equal(ExInterlockedRemoveHeadList(&head, &lock), &y);
    assert_null(ExInterlockedPushEntryList(&single, &a, &lock));
    assert_ptr_equal(ExInterlockedPushEntryList(&single, &b, &lock), &a);
    assert_ptr_equal(ExInterlockedPopEntryList(&single, &lock), &b);
    assert_ptr_equal(ExInterlockedPopEntryList(&single, &lock), &a);
    assert_null(ExInterlockedPopEntryList(&single, &lock));
    assert_int_equal(ExInterlockedAddUlong(&number, 3, &lock), 5);
    assert_int_equal(number, 8);
    assert_true(ExInterlockedAddLargeInteger(&sum, add, &lock) == 5);
    assert_true(sum.QuadPart == (1ll << 40) + 5);
    assert_int_equal(lock, 0);
    assert_nothing_broken();
}

/* As ExAllocateFromNPagedLookasideList and ExFreeToNPagedLookasideList are in a driver. */
static void *lookaside_take(PNPAGED_LOOKASIDE_LIST list)
{
    void *entry;

    list->L.TotalAllocates++;
    entry = POP(&list->L.ListHead);
    if (!entry) {
        list->L.AllocateMisses++;
        entry = list->L.Allocate(list->L.Type, list->L.Size, list->L.Tag);
    }
    return entry;
}

static void lookaside_give(PNPAGED_LOOKASIDE_LIST list, void *entry)
{
    list->L.TotalFrees++;
    if (DEPTH(&list->L.ListHead) >= list->L.Depth) {
        list->L.FreeMisses++;
        list->L.Free(entry);
    } else {
        PUSH(&list->L.ListHead, entry);
    }
}

static void test_lookaside(void **state)
{
    static NPAGED_LOOKASIDE_LIST list;
    unsigned before = rules_count("LookasideDelete");
    void *entries[8];

    (void)state;
    for (int on = 0; on < 2; on++) {
        rules_enabled = on;
        ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 200, TAG, 0);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 8; i++) {
                entries[i] = lookaside_take(&list);
                memset(entries[i], i, 200);
            }
            for (int i = 0; i < 8; i++)
                lookaside_give(&list, entries[i]);
        }
        /* With rules on every entry is a fresh one. */
        assert_int_equal(list.L.AllocateMisses, on ? 24 : 8);
        ExDeleteNPagedLookasideList(&list);
        for (int i = 0; i < 8; i++)
            assert_int_equal(nt_pool_size(entries[i]), 0);
    }
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
    capture_start();
    ExDeleteNPagedLookasideList(&list);
    capture_end();
    assert_broken("LookasideDelete", before, 1);
}

/* ---- MDLs and physical addresses ---- */

static void test_mdl(void **state)
{
    uint8_t *p = ExAllocatePoolWithTag(NonPagedPool, 10000, TAG);
    PMDL mdl = IoAllocateMdl(p + 100, 9000, FALSE, FALSE, NULL), part;
    uint64_t pa;

    (void)state;
    assert_non_null(mdl);
    assert_ptr_equal(MmGetMdlVirtualAddress(mdl), p + 100);
    assert_int_equal(MmGetMdlByteCount(mdl), 9000);
    MmBuildMdlForNonPagedPool(mdl);
    assert_ptr_equal(mdl->MappedSystemVa, p + 100);
    for (ULONG i = 0; i < ADDRESS_AND_SIZE_TO_SPAN_PAGES(p + 100, 9000); i++) {
        assert_true(phys_address((uint8_t *)mdl->StartVa + i * PAGE_SIZE, &pa));
        assert_int_equal(MmGetMdlPfnArray(mdl)[i], pa / PAGE_SIZE);
    }
    part = IoAllocateMdl(p + 5000, 2000, FALSE, FALSE, NULL);
    IoBuildPartialMdl(mdl, part, p + 5000, 2000);
    assert_ptr_equal(MmGetSystemAddressForMdlSafe(part, NormalPagePriority), p + 5000);
    assert_true(phys_address(p + 5000, &pa));
    assert_int_equal(MmGetMdlPfnArray(part)[0], pa / PAGE_SIZE);
    assert_true(MmGetPhysicalAddress(p + 5000) == (LONGLONG)pa);
    IoFreeMdl(part);
    IoFreeMdl(mdl);
    ExFreePool(p);
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

static void test_rules_of_mdls(void **state)
{
    unsigned memory = rules_count("MdlMemory"), locked = rules_count("MdlLocked"),
             freed = rules_count("MdlFree"), partial = rules_count("MdlPartial");
    uint8_t on_stack[100], *p = ExAllocatePoolWithTag(NonPagedPool, 10000, TAG);
    PMDL mdl = IoAllocateMdl(on_stack, sizeof on_stack, FALSE, FALSE, NULL), part;

    (void)state;
    capture_start();
    MmBuildMdlForNonPagedPool(mdl);
    assert_contains(capture_end(), "a device cannot access that memory");
    assert_broken("MdlMemory", memory, 1);
    IoFreeMdl(mdl);
    mdl = IoAllocateMdl(p, 10000, FALSE, FALSE, NULL);
    capture_start();
    MmUnlockPages(mdl);
    capture_end();
    assert_broken("MdlLocked", locked, 1);
    part = IoAllocateMdl(p, 100, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(mdl);
    capture_start();
    IoBuildPartialMdl(mdl, part, p, 9000); /* three pages into room for one or two */
    capture_end();
    assert_broken("MdlPartial", partial, 1);
    MmProbeAndLockPages(part, KernelMode, IoWriteAccess);
    capture_start();
    IoFreeMdl(part);
    capture_end();
    assert_broken("MdlFree", freed, 1);
    IoFreeMdl(mdl);
    ExFreePool(p);
    assert_int_equal(track_count(NULL), 0);
}

static void test_contiguous_memory(void **state)
{
    PHYSICAL_ADDRESS low = {.QuadPart = 0xFFFFFFFF};
    uint8_t *p = MmAllocateContiguousMemory(20000, low);
    LONGLONG pa = MmGetPhysicalAddress(p);

    (void)state;
    assert_true(pa > 0 && pa < (LONGLONG)PHYS_HOLE_START);
    for (int i = 0; i < 20000; i += 1000)
        assert_true(MmGetPhysicalAddress(p + i) == pa + i);
    assert_int_equal(track_count("contiguous memory"), 1);
    MmFreeContiguousMemory(p);
    assert_int_equal(track_count(NULL), 0);
    assert_true(MmGetPhysicalAddress(p) == 0);
    assert_nothing_broken();
}

static void test_pages_for_mdl(void **state)
{
    PHYSICAL_ADDRESS zero = {.QuadPart = 0}, all = {.QuadPart = -1};
    PMDL mdl = MmAllocatePagesForMdl(zero, all, zero, 3 * PAGE_SIZE);
    uint8_t *va;

    (void)state;
    assert_int_equal(MmGetMdlByteCount(mdl), 3 * PAGE_SIZE);
    va = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    memset(va, 1, 3 * PAGE_SIZE);
    MmUnmapLockedPages(va, mdl);
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

static uint8_t bar[256];
static unsigned unmapped;

static void *map(uint64_t pa, size_t length)
{
    return pa == 0xFEB00000u && length == sizeof bar ? bar : NULL;
}

static void unmap(void *va)
{
    assert_ptr_equal(va, bar);
    unmapped++;
}

static void test_io_space(void **state)
{
    static const struct nt_io_hooks hooks = {map, unmap};
    PHYSICAL_ADDRESS here = {.QuadPart = 0xFEB00000u}, there = {.QuadPart = 0xF0000000u};
    unsigned before = rules_count("UnmapIoSpace");

    (void)state;
    assert_null(MmMapIoSpace(here, sizeof bar, MmNonCached));
    nt_io_hooks(&hooks);
    assert_null(MmMapIoSpace(there, sizeof bar, MmNonCached));
    assert_ptr_equal(MmMapIoSpace(here, sizeof bar, MmNonCached), bar);
    assert_int_equal(track_count(NULL), 1);
    MmUnmapIoSpace(bar, sizeof bar);
    assert_int_equal(unmapped, 1);
    capture_start();
    MmUnmapIoSpace(bar, sizeof bar);
    capture_end();
    assert_broken("UnmapIoSpace", before, 1);
    assert_int_equal(unmapped, 1);
}

static void test_address_valid(void **state)
{
    uint8_t *p = ExAllocatePoolWithTag(NonPagedPool, 100, TAG);

    (void)state;
    assert_true(MmIsAddressValid(p));
    assert_false(MmIsAddressValid(p + 4096));
    assert_false(MmIsAddressValid((PVOID)8));
    ExFreePool(p);
    assert_false(MmIsAddressValid(p));
    assert_nothing_broken();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_memory_is_poison),
        cmocka_unit_test(test_overrun_and_use_after_free_fault),
        cmocka_unit_test(test_rule_pool_overrun),
        cmocka_unit_test(test_rule_pool_underrun),
        cmocka_unit_test(test_rule_pool_tag),
        cmocka_unit_test(test_rule_pool_free),
        cmocka_unit_test(test_rule_pool_irql),
        cmocka_unit_test(test_ordered_failures),
        cmocka_unit_test(test_threads_churn),
        cmocka_unit_test(test_slist),
        cmocka_unit_test(test_slist_threads),
        cmocka_unit_test(test_interlocked_lists),
        cmocka_unit_test(test_lookaside),
        cmocka_unit_test(test_mdl),
        cmocka_unit_test(test_rules_of_mdls),
        cmocka_unit_test(test_contiguous_memory),
        cmocka_unit_test(test_pages_for_mdl),
        cmocka_unit_test(test_io_space),
        cmocka_unit_test(test_address_valid),
    };

    nt_thread_enter("tester");
    return cmocka_run_group_tests_name("pool", tests, setup_phys, teardown_phys);
}
