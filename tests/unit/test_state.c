/* SPDX-License-Identifier: MIT */
/*
 * test_state.c: the driver's device state against the table in docs/how-it-works.md, every event in
 * every state; late reports; and events that race.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "state.h"

#define PAGE "docs/how-it-works.md"

static const char *const states[] = {"Closed", "Stopped", "Running", "Failed", "Resetting",
                                     "Lost",   "Dead",    "Asleep",  "Waking", "Removed"};
static const char *const events[] = {
    "Open",       "Start", "Fault",     "AllOnes", "ResetAsked", "Restarted",       "RestartFailed",
    "SleepAsked", "Slept", "WakeAsked", "Woken",   "WakeFailed", "SurpriseRemoved", "Shutdown",
    "Crash",      "Halt",  "Close"};

_Static_assert(sizeof states / sizeof states[0] == AerovnetStates, "a state without a name");
_Static_assert(sizeof events / sizeof events[0] == AerovnetEvents, "an event without a name");

static int index_of(const char *const *names, int count, const char *word)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], word))
            return i;
    return -1;
}

/* What the page says: to[event][state], -1 where the event is not allowed. Returns the rows read. */
static int read_page(int to[AerovnetEvents][AerovnetStates])
{
    char line[512], *cell[3], *save, *word;
    FILE *page = fopen(PAGE, "r");
    int rows = 0;

    assert_non_null(page);
    memset(to, -1, sizeof(int[AerovnetEvents][AerovnetStates]));
    while (fgets(line, sizeof line, page)) {
        int event, target;

        if (strncmp(line, "| `", 3))
            continue;
        cell[0] = strtok_r(line, "|", &save);
        cell[1] = strtok_r(NULL, "|", &save);
        cell[2] = strtok_r(NULL, "|", &save);
        word = cell[0] ? strtok(cell[0], " `") : NULL;
        event = word ? index_of(events, AerovnetEvents, word) : -1;
        if (event < 0 || !cell[2])
            continue; /* another table of the page */
        rows++;
        word = strtok(cell[2], " ");
        target = index_of(states, AerovnetStates, word);
        assert_in_range(target, 0, AerovnetStates - 1);
        for (word = strtok(cell[1], ", "); word; word = strtok(NULL, ", ")) {
            int from = index_of(states, AerovnetStates, word);

            if (from < 0)
                fail_msg("%s: '%s' is not a state", PAGE, word);
            to[event][from] = target;
        }
    }
    fclose(page);
    return rows;
}

/* Brings a new word to `state`, by events only. */
static void bring_to(PAEROVNET_STATE_WORD word, AEROVNET_STATE state)
{
    static const int ways[AerovnetStates][4] = {
        [AerovnetStateClosed] = {-1},
        [AerovnetStateStopped] = {AerovnetEventOpen, -1},
        [AerovnetStateRunning] = {AerovnetEventOpen, AerovnetEventStart, -1},
        [AerovnetStateFailed] = {AerovnetEventOpen, AerovnetEventStart, AerovnetEventFault, -1},
        [AerovnetStateResetting] = {AerovnetEventOpen, AerovnetEventStart, AerovnetEventResetAsked,
                                    -1},
        [AerovnetStateLost] = {AerovnetEventOpen, AerovnetEventStart, AerovnetEventAllOnes, -1},
        [AerovnetStateDead] = {AerovnetEventOpen, AerovnetEventStart, AerovnetEventResetAsked,
                               AerovnetEventRestartFailed},
        [AerovnetStateAsleep] = {AerovnetEventOpen, AerovnetEventSlept, -1},
        [AerovnetStateWaking] = {AerovnetEventOpen, AerovnetEventSlept, AerovnetEventWakeAsked, -1},
        [AerovnetStateRemoved] = {AerovnetEventOpen, AerovnetEventSurpriseRemoved, -1}};

    memset(word, 0, sizeof *word);
    for (int i = 0; i < 4 && ways[state][i] >= 0; i++)
        assert_true(AerovnetStateChange(word, (AEROVNET_EVENT)ways[state][i]));
    assert_int_equal(AerovnetStateOf(word), state);
}

static void every_event_in_every_state(void **unused)
{
    int to[AerovnetEvents][AerovnetStates];
    AEROVNET_STATE_WORD word;

    (void)unused;
    assert_int_equal(read_page(to), AerovnetEvents);
    for (int event = 0; event < AerovnetEvents; event++)
        for (int state = 0; state < AerovnetStates; state++) {
            ULONG epoch;
            int changed, wanted = to[event][state];

            bring_to(&word, (AEROVNET_STATE)state);
            epoch = AerovnetStateEpoch(&word);
            changed = AerovnetStateChange(&word, (AEROVNET_EVENT)event);
            if (changed != (wanted >= 0) ||
                (int)AerovnetStateOf(&word) != (wanted >= 0 ? wanted : state))
                fail_msg("%s in %s: %s now, the page says %s", events[event], states[state],
                         states[AerovnetStateOf(&word)],
                         wanted >= 0 ? states[wanted] : "not allowed");
            assert_int_equal(AerovnetStateEpoch(&word),
                             epoch + (wanted == AerovnetStateRunning ? 1 : 0));
        }
}

/* What was seen in one incarnation must not fail the next one. */
static void late_report_is_refused(void **unused)
{
    AEROVNET_STATE_WORD word;
    ULONG epoch;

    (void)unused;
    bring_to(&word, AerovnetStateRunning);
    epoch = AerovnetStateEpoch(&word);
    assert_true(AerovnetStateChange(&word, AerovnetEventResetAsked));
    assert_false(AerovnetStateReport(&word, AerovnetEventFault, epoch));
    assert_true(AerovnetStateChange(&word, AerovnetEventRestarted));
    assert_false(AerovnetStateReport(&word, AerovnetEventFault, epoch));
    assert_false(AerovnetStateReport(&word, AerovnetEventAllOnes, epoch));
    assert_int_equal(AerovnetStateOf(&word), AerovnetStateRunning);
    epoch = AerovnetStateEpoch(&word);
    assert_true(AerovnetStateReport(&word, AerovnetEventFault, epoch));
    assert_false(AerovnetStateReport(&word, AerovnetEventFault, epoch));
    assert_true(AerovnetStateReport(&word, AerovnetEventAllOnes, epoch));
}

/* The epoch wraps within its 16 bits, and nothing else changes by that. */
static void epoch_wraps(void **unused)
{
    AEROVNET_STATE_WORD word;

    (void)unused;
    bring_to(&word, AerovnetStateRunning);
    AerovnetStateFence(&word, TRUE);
    for (int turn = 0; turn < 0x20000; turn++) {
        ULONG epoch = AerovnetStateEpoch(&word);

        assert_true(AerovnetStateChange(&word, AerovnetEventResetAsked));
        assert_true(AerovnetStateChange(&word, AerovnetEventRestarted));
        assert_int_equal(AerovnetStateEpoch(&word), (epoch + 1) & 0xFFFF);
    }
    assert_true(AerovnetStateIsFenced(&word));
    assert_int_equal(AerovnetStateOf(&word), AerovnetStateRunning);
}

static void fence_outlives_events(void **unused)
{
    AEROVNET_STATE_WORD word;

    (void)unused;
    for (int state = 0; state < AerovnetStates; state++)
        for (int event = 0; event < AerovnetEvents; event++) {
            bring_to(&word, (AEROVNET_STATE)state);
            assert_false(AerovnetStateIsFenced(&word));
            AerovnetStateFence(&word, TRUE);
            assert_int_equal(AerovnetStateOf(&word), state);
            AerovnetStateChange(&word, (AEROVNET_EVENT)event);
            assert_true(AerovnetStateIsFenced(&word));
            AerovnetStateFence(&word, FALSE);
            assert_false(AerovnetStateIsFenced(&word));
        }
}

/* One thread resets and brings back for ever; the other reports a fault, or removes the device. */
struct race {
    AEROVNET_STATE_WORD word;
    int accepted; /* reports */
    int resets;
};

static void *resets(void *context)
{
    struct race *race = context;

    while (AerovnetStateChange(&race->word, AerovnetEventResetAsked) &&
           AerovnetStateChange(&race->word, AerovnetEventRestarted))
        race->resets++;
    return NULL;
}

static void removal_is_final(void **unused)
{
    (void)unused;
    for (int turn = 0; turn < 200; turn++) {
        struct race race;
        pthread_t thread;

        memset(&race, 0, sizeof race);
        bring_to(&race.word, AerovnetStateRunning);
        assert_int_equal(pthread_create(&thread, NULL, resets, &race), 0);
        for (volatile int i = 0; i < turn * 50; i++)
            ;
        assert_true(AerovnetStateChange(&race.word, AerovnetEventSurpriseRemoved));
        pthread_join(thread, NULL);
        assert_int_equal(AerovnetStateOf(&race.word), AerovnetStateRemoved);
    }
}

static void *reports(void *context)
{
    struct race *race = context;

    for (int i = 0; i < 20000; i++)
        race->accepted +=
            AerovnetStateReport(&race->word, AerovnetEventFault, AerovnetStateEpoch(&race->word));
    return NULL;
}

/* Each accepted report is one way from Running to Failed; the reset that follows brings it back. */
static void reports_race_with_resets(void **unused)
{
    struct race race;
    pthread_t thread;
    int faults = 0;

    (void)unused;
    memset(&race, 0, sizeof race);
    bring_to(&race.word, AerovnetStateRunning);
    assert_int_equal(pthread_create(&thread, NULL, reports, &race), 0);
    for (int i = 0; i < 20000; i++) {
        faults += AerovnetStateOf(&race.word) == AerovnetStateFailed;
        assert_true(AerovnetStateChange(&race.word, AerovnetEventResetAsked));
        assert_true(AerovnetStateChange(&race.word, AerovnetEventRestarted));
    }
    pthread_join(thread, NULL);
    assert_true(race.accepted >= faults);
    assert_int_equal(AerovnetStateEpoch(&race.word), 20001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state),
        cmocka_unit_test(late_report_is_refused),
        cmocka_unit_test(epoch_wraps),
        cmocka_unit_test(fence_outlives_events),
        cmocka_unit_test(removal_is_final),
        cmocka_unit_test(reports_race_with_resets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
