/* SPDX-License-Identifier: MIT */
/* rules/rules.h: reports, counts, leak accounting and histories. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "nt/machine/irql.h"
#include "irql_table.h"
#include "support.h"

static void test_block_says_it_all(void **state)
{
    const char *text;

    (void)state;
    nt_thread_enter("tester");
    capture_start();
    rule_violation("PoolFree", NULL, "does %s number %d", "thing", 7);
    text = capture_end();
    assert_contains(text, "rule PoolFree broken");
    assert_contains(text, "what    does thing number 7");
    assert_contains(text, "thread \"tester\"");
    assert_contains(text, "PASSIVE_LEVEL");
    assert_int_equal(rules_count("PoolFree"), 1);
    rules_settled();
}

static void test_history_is_part_of_it(void **state)
{
    static int object;
    const char *text;

    (void)state;
    track_add("widget", &object, 64, NULL);
    track_note("widget", &object, "shaken", NULL);
    track_remove("widget", &object, NULL);
    capture_start();
    rule_violation_object("PoolFree", &object, NULL, "frees %p twice", (void *)&object);
    text = capture_end();
    assert_contains(text, "history widget");
    assert_contains(text, "of 64 bytes: obtained");
    assert_contains(text, "shaken");
    assert_contains(text, "given back");
    rules_settled();
}

static void test_history_keeps_first_and_last(void **state)
{
    static const char *const names[] = {"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"};
    char text[2048];
    static int object;

    (void)state;
    track_add("widget", &object, 1, NULL);
    for (int i = 0; i < 9; i++)
        track_note("widget", &object, names[i], NULL);
    assert_true(track_history(&object, text, sizeof text) > 0);
    assert_contains(text, "obtained");
    assert_contains(text, "n8");
    assert_contains(text, "n4");
    assert_null(strstr(text, "n3"));
    /* Cut, never overrun. */
    for (size_t size = 1; size < 200; size++) {
        memset(text, 'x', sizeof text);
        assert_true(track_history(&object, text, size) < size);
        assert_int_equal(text[size], 'x');
    }
    assert_true(track_remove("widget", &object, NULL));
    track_forget();
}

static void test_many_of_one_rule_are_counted(void **state)
{
    unsigned before = rules_violations();
    const char *text, *p;
    int blocks = 0;

    (void)state;
    capture_start();
    for (int i = 0; i < 50; i++)
        rule_violation("PoolTag", NULL, "again");
    text = capture_end();
    for (p = text; (p = strstr(p, "rule PoolTag broken")); p++)
        blocks++;
    assert_int_equal(blocks, 10);
    assert_int_equal(rules_count("PoolTag"), 50);
    assert_int_equal(rules_violations() - before, 50);
    capture_start();
    rules_summary(stderr);
    assert_contains(capture_end(), "PoolTag 50");
    rules_settled();
}

static void test_irql_rule(void **state)
{
    unsigned before = rules_count("Irql");
    const char *text;

    (void)state;
    host_call_check("Fine", NULL, IRQL_PASSIVE, IRQL_DISPATCH);
    assert_nothing_broken();
    irql_raise(IRQL_DISPATCH, NULL);
    capture_start();
    host_call_check("TooHigh", NULL, IRQL_PASSIVE, IRQL_PASSIVE);
    text = capture_end();
    assert_contains(text, "TooHigh called at DISPATCH_LEVEL");
    assert_contains(text, "PASSIVE_LEVEL only");
    host_call_check("Fine", NULL, IRQL_DISPATCH, RULE_ANY_IRQL);
    irql_lower(IRQL_PASSIVE, NULL);
    assert_broken("Irql", before, 1);
    capture_start();
    host_call_check("TooLow", NULL, IRQL_DISPATCH, RULE_ANY_IRQL);
    assert_contains(capture_end(), "DISPATCH_LEVEL and above");
    assert_broken("Irql", before + 1, 1);
    assert_string_equal(nt_self()->call, "TooLow");
}

static void test_leaks(void **state)
{
    const char *text;
    static char objects[10];
    unsigned count;

    (void)state;
    track_forget();
    for (int i = 0; i < 10; i++)
        track_add(i < 7 ? "memory" : "timer", &objects[i], i < 7 ? 100 : 0, NULL);
    assert_int_equal(track_count(NULL), 10);
    assert_int_equal(track_count("memory"), 7);
    assert_true(track_exists("timer", &objects[9]));
    assert_false(track_exists("memory", &objects[9]));
    assert_false(track_remove("memory", &objects[9], NULL));
    assert_true(track_remove("memory", &objects[0], NULL));
    assert_false(track_remove("memory", &objects[0], NULL));
    capture_start();
    count = track_report_leaks(stderr);
    text = capture_end();
    assert_int_equal(count, 9);
    assert_contains(text, "leaked: 6 memory (600 bytes), first ");
    assert_contains(text, "leaked: 3 timer, first ");
    for (int i = 1; i < 10; i++)
        assert_true(track_remove(i < 7 ? "memory" : "timer", &objects[i], NULL));
    capture_start();
    count = track_report_leaks(stderr);
    assert_string_equal(capture_end(), "");
    assert_int_equal(count, 0);
}

static void test_off_checks_nothing(void **state)
{
    static char object;

    (void)state;
    rules_enabled = false;
    track_add("memory", &object, 1, NULL);
    assert_true(track_exists("memory", &object));
    assert_true(track_remove("memory", &object, NULL));
    assert_true(track_remove("memory", &object, NULL));
    rules_enabled = true;
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

enum { OBJECTS = 5000 };

static void *add_and_remove(void *base)
{
    char *objects = base;

    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < OBJECTS; i++)
            track_add("memory", &objects[i], 1, NULL);
        for (int i = 0; i < OBJECTS; i++) {
            track_note("memory", &objects[i], "noted", NULL);
            if (!track_remove("memory", &objects[i], NULL))
                return base;
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    char *objects = malloc(3 * OBJECTS);
    pthread_t threads[3];
    void *failed;

    (void)state;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, add_and_remove, objects + i * OBJECTS);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(track_count(NULL), 0);
    track_forget();
    free(objects);
}

static void test_irql_table(void **state)
{
    (void)state;
    assert_int_equal(irql_table_faults(stderr), 0);
}

/* What the program is started for again: uses 512 KiB of the main thread's stack. */
static int use_stack(void)
{
    volatile char room[512 * 1024];

    for (size_t i = sizeof(room); i >= 4096; i -= 4096)
        room[i - 1] = 0;
    return room[4095];
}

/* Wherever the kernel puts the stack: on x86 a page that the host takes may lie below it. */
static void test_stack_has_room(void **state)
{
    int status;

    (void)state;
    for (int i = 0; i < 60; i++) {
        pid_t child = fork();

        if (child == 0) {
            execl("/proc/self/exe", "test_rules", "use-stack", (char *)NULL);
            _exit(2);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "use-stack"))
        return use_stack();

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_says_it_all),
        cmocka_unit_test(test_history_is_part_of_it),
        cmocka_unit_test(test_history_keeps_first_and_last),
        cmocka_unit_test(test_many_of_one_rule_are_counted),
        cmocka_unit_test(test_irql_rule),
        cmocka_unit_test(test_irql_table),
        cmocka_unit_test(test_leaks),
        cmocka_unit_test(test_off_checks_nothing),
        cmocka_unit_test(test_stack_has_room),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
