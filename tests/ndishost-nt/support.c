/* SPDX-License-Identifier: MIT */
/* See support.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "nt/machine/clock.h"
#include "nt/machine/phys.h"
#include "nt/api/kernel.h"
#include "nt/machine/trap.h"
#include "support.h"

uint64_t test_seed(void)
{
    const char *seed = getenv("SEED");

    return seed ? strtoull(seed, NULL, 0) : 1;
}

static unsigned settled;

void rules_settled(void)
{
    settled = rules_violations();
}

void assert_broken(const char *rule, unsigned before, unsigned times)
{
    if (rules_count(rule) - before != times)
        fail_msg("rule %s was reported %u times, not %u", rule, rules_count(rule) - before, times);
    if (rules_violations() - settled != times)
        fail_msg("%u violations beside %s", rules_violations() - settled - times, rule);
    rules_settled();
}

void assert_nothing_broken(void)
{
    if (rules_violations() != settled) {
        rules_summary(stderr);
        fail_msg("%u violations of what nobody did", rules_violations() - settled);
    }
}

static FILE *captured;
static int real_stderr = -1;
static char text[65536];

/* A test that failed between the two said so into the file. */
static void capture_left_over(void)
{
    if (real_stderr >= 0)
        fputs(capture_end(), stderr);
}

void capture_start(void)
{
    static bool registered;

    if (!registered)
        registered = atexit(capture_left_over) == 0;
    capture_left_over();
    fflush(stderr);
    captured = tmpfile();
    assert_non_null(captured);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
}

const char *capture_end(void)
{
    size_t n;

    fflush(stderr);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    real_stderr = -1;
    rewind(captured);
    n = fread(text, 1, sizeof text - 1, captured);
    text[n] = 0;
    fclose(captured);
    return text;
}

void assert_contains(const char *whole, const char *part)
{
    if (!strstr(whole, part))
        fail_msg("expected \"%s\" in \"%s\"", part, whole);
}

int run_in_child(void (*run)(void *context), void *context)
{
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        /* Neither a sanitizer nor the host's own handler is to make a story of it. */
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        run(context);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

int setup_phys(void **state)
{
    char error[256];

    (void)state;
    if (phys_open(PHYS_PAGES, 5ull << 30, test_seed(), error, sizeof error) == 0)
        return 0;
    fprintf(stderr, "%s\n", error);
    return -1;
}

int teardown_phys(void **state)
{
    (void)state;
    phys_close();
    return 0;
}

int setup_nt(void **state)
{
    char error[256];

    trap_install();
    if (setup_phys(state) != 0)
        return -1;
    if (nt_start(2, test_seed(), error, sizeof error) == 0)
        return 0;
    fprintf(stderr, "%s\n", error);
    return -1;
}

int teardown_nt(void **state)
{
    nt_stop();
    return teardown_phys(state);
}

bool wait_until(bool (*condition)(void *context), void *context)
{
    for (int i = 0; i < 10000; i++) {
        if (condition(context))
            return true;
        nt_clock_sleep(NT_MILLISECOND);
    }
    return false;
}
