/* SPDX-License-Identifier: MIT */
/* nt/machine/phys.h: translation, scattering, guards, what a device sees. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "nt/machine/phys.h"
#include "nt/machine/random.h"
#include "support.h"

#define PAGE PHYS_PAGE

static void test_translates_every_byte(void **state)
{
    uint64_t pa, first;
    uint8_t *p = phys_alloc(5 * PAGE, PHYS_SCATTERED, &first);

    (void)state;
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % PAGE, 0);
    assert_true(phys_address(p, &pa));
    assert_true(pa == first);
    for (size_t i = 0; i < 5 * PAGE; i += 101) {
        uint8_t *device;

        assert_true(phys_address(p + i, &pa));
        assert_int_equal(pa % PAGE, i % PAGE);
        device = phys_device_pointer(pa, 1);
        assert_non_null(device);
        assert_int_equal(*device, 0);
        p[i] = (uint8_t)(i * 7);
        assert_int_equal(*device, (uint8_t)(i * 7));
        *device = 0x5A;
        assert_int_equal(p[i], 0x5A);
    }
    phys_free(p);
    assert_false(phys_address(p, &pa));
    assert_false(phys_address(&pa, &pa));
}

static void test_scattered_is_scattered(void **state)
{
    unsigned above = 0;
    uint64_t pa, previous = 0;
    uint8_t *p = phys_alloc(400 * PAGE, PHYS_SCATTERED, NULL);

    (void)state;
    assert_non_null(p);
    for (int i = 0; i < 400; i++) {
        assert_true(phys_address(p + i * PAGE, &pa));
        assert_true(pa >= 1 << 20);
        assert_true(pa < PHYS_HOLE_START || pa >= PHYS_HOLE_END);
        above += pa >= PHYS_HOLE_END;
        assert_true(pa != previous + PAGE && pa + PAGE != previous);
        previous = pa;
    }
    /* Pages come from both sides of the hole, each a good part of them. */
    assert_in_range(above, 100, 300);
    phys_free(p);
}

/* In a small memory chance alone would put neighbours side by side. */
static void test_scattered_in_a_small_memory(void **state)
{
    uint64_t pa, previous = 0;
    char error[200];

    (void)state;
    phys_close();
    assert_int_equal(phys_open(PHYS_PAGES, 2 << 20, test_seed(), error, sizeof error), 0);
    for (int round = 0; round < 20; round++) {
        uint8_t *p = phys_alloc(20 * PAGE, PHYS_SCATTERED, NULL);

        for (int i = 0; i < 20; i++) {
            assert_true(phys_address(p + i * PAGE, &pa));
            assert_true(pa != previous + PAGE && pa + PAGE != previous);
            previous = pa;
        }
        previous = 0;
        phys_free(p);
    }
}

static void test_contiguous_is_contiguous(void **state)
{
    uint64_t pa, first;
    uint8_t *p = phys_alloc(3 << 20, PHYS_CONTIGUOUS, &first);

    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < 3 << 20; i += PAGE) {
        assert_true(phys_address(p + i, &pa));
        assert_true(pa == first + i);
    }
    assert_non_null(phys_device_pointer(first, 3 << 20));
    phys_free(p);
}

static void test_below_4g(void **state)
{
    uint64_t pa;

    (void)state;
    for (int i = 0; i < 50; i++) {
        unsigned flags = i % 2 ? PHYS_SCATTERED : PHYS_CONTIGUOUS;
        uint8_t *p = phys_alloc(4 * PAGE, flags | PHYS_BELOW_4G, NULL);

        assert_non_null(p);
        for (int page = 0; page < 4; page++) {
            assert_true(phys_address(p + page * PAGE, &pa));
            assert_true(pa < PHYS_HOLE_START);
        }
        phys_free(p);
    }
}

static void test_seed_replays(void **state)
{
    uint64_t first[20], again[20];
    char error[200];

    (void)state;
    for (int round = 0; round < 2; round++) {
        phys_close();
        assert_int_equal(phys_open(PHYS_PAGES, 5ull << 30, 77, error, sizeof error), 0);
        for (int i = 0; i < 20; i++)
            assert_non_null(phys_alloc(PAGE, 0, round ? &again[i] : &first[i]));
    }
    assert_memory_equal(first, again, sizeof first);
}

static void test_end_lies_at_the_guard(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < 9000; bytes += 97) {
        uint64_t pa, pa2;
        uint8_t *p = phys_alloc(bytes, PHYS_GUARD | PHYS_SCATTERED, &pa);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_true(PAGE - ((uintptr_t)p + bytes - 1) % PAGE <= 16);
        assert_true(phys_address(p, &pa2));
        assert_true(pa == pa2);
        memset(p, 1, bytes);
        phys_free(p);
    }
}

static void touch(void *p)
{
    *(volatile uint8_t *)p = 1;
}

static void test_guards_fault(void **state)
{
    uint8_t *p = phys_alloc(100, PHYS_GUARD | PHYS_SCATTERED, NULL);
    uint8_t *page = p - (uintptr_t)p % PAGE;

    (void)state;
    assert_int_equal(run_in_child(touch, p), 0);
    assert_int_equal(run_in_child(touch, p + 99), 0);
    assert_int_equal(run_in_child(touch, page + PAGE), SIGSEGV);
    assert_int_equal(run_in_child(touch, page - 1), SIGSEGV);
    phys_free(p);
    assert_int_equal(run_in_child(touch, p), SIGSEGV);
}

static void free_it(void *p)
{
    signal(SIGABRT, SIG_DFL);
    close(STDERR_FILENO);
    phys_free(p);
}

static void test_freeing_twice_aborts(void **state)
{
    uint8_t *p = phys_alloc(100, PHYS_GUARD, NULL);

    (void)state;
    assert_int_equal(run_in_child(free_it, p + 16), SIGABRT);
    phys_free(p);
    assert_int_equal(run_in_child(free_it, p), SIGABRT);
}

static void test_freed_memory_is_poison_to_a_device(void **state)
{
    uint64_t pa;
    uint8_t *p = phys_alloc(PAGE, 0, &pa), *device = phys_device_pointer(pa, PAGE);

    (void)state;
    memset(p, 0x11, PAGE);
    phys_free(p);
    assert_int_equal(device[0], 0xDD);
    assert_int_equal(device[PAGE - 1], 0xDD);
    /* After many more the page has been released, and is zeroed the next time. */
    for (int i = 0; i < 1100; i++)
        phys_free(phys_alloc(PAGE, 0, NULL));
    assert_int_equal(device[0], 0);
}

static void test_device_pointer_refuses(void **state)
{
    (void)state;
    assert_null(phys_device_pointer(PHYS_HOLE_START, 1));
    assert_null(phys_device_pointer(PHYS_HOLE_END - 1, 1));
    assert_null(phys_device_pointer(PHYS_HOLE_START - 1, 2));
    assert_null(phys_device_pointer(UINT64_MAX, 1));
    assert_null(phys_device_pointer(UINT64_MAX - 10, 100));
    assert_null(phys_device_pointer(PHYS_HOLE_END + (5ull << 30), 1));
#if UINTPTR_MAX > UINT32_MAX
    assert_non_null(phys_device_pointer(PHYS_HOLE_START - 1, 1));
#endif
    assert_non_null(phys_device_pointer(PHYS_HOLE_END, 1));
}

static void test_refuses_what_there_is_not(void **state)
{
    (void)state;
    assert_null(phys_alloc(6ull << 30 > SIZE_MAX ? SIZE_MAX : (size_t)(6ull << 30), 0, NULL));
    assert_null(phys_alloc(SIZE_MAX, PHYS_GUARD, NULL));
    assert_non_null(phys_alloc(0, 0, NULL));
}

/* Random life of many blocks at once, each with a mark of its own in every page. */
struct block {
    uint8_t *p;
    size_t bytes;
    uint8_t mark;
};

static void check_block(const struct block *b)
{
    for (size_t i = 0; i < b->bytes;
         i += i + 1 < b->bytes && i + PAGE / 2 >= b->bytes ? b->bytes - 1 - i : PAGE / 2) {
        uint64_t pa;

        assert_int_equal(b->p[i], b->mark);
        assert_true(phys_address(b->p + i, &pa));
        assert_int_equal(*(uint8_t *)phys_device_pointer(pa, 1), b->mark);
    }
}

static void *churn(void *seed)
{
    struct block blocks[64] = {{0}};
    struct random r;

    random_seed(&r, (uintptr_t)seed);
    for (int i = 0; i < 3000; i++) {
        struct block *b = &blocks[random_below(&r, 64)];

        if (b->p) {
            check_block(b);
            phys_free(b->p);
            b->p = NULL;
        } else {
            b->bytes = 1 + random_below(&r, 6 * PAGE);
            b->mark = (uint8_t)random_next(&r);
            b->p = phys_alloc(b->bytes, (unsigned)random_below(&r, 16), NULL);
            assert_non_null(b->p);
            memset(b->p, b->mark, b->bytes);
        }
    }
    for (int i = 0; i < 64; i++)
        if (blocks[i].p) {
            check_block(&blocks[i]);
            phys_free(blocks[i].p);
        }
    return NULL;
}

static void test_threads_churn(void **state)
{
    pthread_t threads[3];

    (void)state;
    for (uintptr_t i = 0; i < 3; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)(test_seed() * 3 + i)), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

static void test_unscattered_rather_than_nothing(void **state)
{
    enum { MANY = 40000 };
    void **blocks = calloc(MANY, sizeof *blocks);
    unsigned got = 0;

    (void)state;
    /* More mappings than the kernel allows a process: the allocator stops before the kernel does. */
    while (got < MANY && (blocks[got] = phys_alloc(PAGE, PHYS_GUARD | PHYS_SCATTERED, NULL)))
        got++;
    assert_in_range(got, 1000, MANY);
    while (got)
        phys_free(blocks[--got]);
    assert_non_null(phys_alloc(100 * PAGE, PHYS_SCATTERED, NULL));
    free(blocks);
}

static void test_open_refuses(void **state)
{
    char error[200];

    (void)state;
    assert_int_equal(phys_open(PHYS_PAGES, 1ull << 30, 1, error, sizeof error), -1);
    assert_contains(error, "already open");
    phys_close();
    assert_int_equal(phys_open(PHYS_PAGES, 12345, 1, error, sizeof error), -1);
    assert_contains(error, "multiple of the page size");
    assert_null(phys_alloc(1, 0, NULL));
    assert_int_equal(phys_open(PHYS_PAGES, 64ull << 20, 1, error, sizeof error), 0);
    assert_int_equal(phys_bytes(), 64ull << 20);
    assert_true(phys_fd() >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_translates_every_byte, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_scattered_is_scattered, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_scattered_in_a_small_memory, setup_phys,
                                        teardown_phys),
        cmocka_unit_test_setup_teardown(test_contiguous_is_contiguous, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_below_4g, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_seed_replays, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_end_lies_at_the_guard, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_guards_fault, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_freeing_twice_aborts, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_freed_memory_is_poison_to_a_device, setup_phys,
                                        teardown_phys),
        cmocka_unit_test_setup_teardown(test_device_pointer_refuses, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_refuses_what_there_is_not, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_threads_churn, setup_phys, teardown_phys),
        cmocka_unit_test_setup_teardown(test_unscattered_rather_than_nothing, setup_phys,
                                        teardown_phys),
        cmocka_unit_test_setup_teardown(test_open_refuses, setup_phys, teardown_phys),
    };

    return cmocka_run_group_tests_name("phys", tests, NULL, NULL);
}
