/* SPDX-License-Identifier: MIT */
/* ndishost: brings everything up in order, waits, and takes it down in reverse. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "bus/bus.h"
#include "command_line.h"
#include "control.h"
#include "ndis/adapter.h"
#include "nt/irql.h"
#include "nt/log.h"
#include "nt/phys.h"
#include "nt/pool.h"
#include "nt/processor.h"
#include "nt/trap.h"
#include "rules/rules.h"
#include "sha256.h"

#define MEMORY_PAGES 5120u /* MiB: sparse, so that it may be more than there is */
#define MEMORY_HUGE  64u
#define TICK         50 /* ms between looks at what may end the run */
#define ERROR_LENGTH 4096

/* ---- Signals ---- */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    static const char note[] = "\nndishost: once more ends it without halting the driver\n";

    if (stopped)
        _exit(128 + number);
    stopped = 1;
    if (number == SIGINT && write(STDERR_FILENO, note, sizeof(note) - 1) < 0)
        return;
}

static void signals_install(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* ---- What is up ---- */

struct run {
    struct command_line line;
    struct ndis_driver *driver;
    struct ndis_adapter *adapter;
    struct control *control;
    FILE *json;
    int status;
    bool verdict_failed;
    char error[ERROR_LENGTH]; /* why it did not come up */
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The first line alone where the rest, the event log's entries, has been shown as they came. */
static int complain(const char *error, int status)
{
    size_t length = nt_log_quiet ? strlen(error) : strcspn(error, "\n");

    while (length && error[length - 1] == '\n')
        length--;
    fprintf(stderr, "ndishost: %.*s\n", (int)length, error);
    return status;
}

/* The machine: memory, faults, processors. Before any driver code. */
static int machine_up(struct command_line *line, char *error, size_t error_size)
{
    const struct bus_backend *backend = bus_backend_find(line->bus);
    enum phys_kind kind = backend ? backend->memory : PHYS_PAGES;
    unsigned memory =
        line->memory ? line->memory : (kind == PHYS_HUGE ? MEMORY_HUGE : MEMORY_PAGES);

    if (phys_open(kind, (uint64_t)memory << 20, line->seed, error, error_size))
        return -1;
    trap_install();
    nt_thread_enter("main");
    rules_enabled = line->rules;
    nt_debug_output = line->debug_output;
    nt_log_quiet = line->quiet;
    return nt_start(line->processors, line->seed, error, error_size);
}

static void seed_choose(struct command_line *line)
{
    if (line->seed_given)
        return;
    if (getrandom(&line->seed, sizeof(line->seed), 0) != (ssize_t)sizeof(line->seed))
        line->seed = (uint64_t)time(NULL);
    line->seed &= 0xFFFFFFFF; /* short enough to type again */
    if (!line->quiet)
        fprintf(stderr, "ndishost: seed %" PRIu64 "\n", line->seed);
}

static int json_open(struct run *run, char *error, size_t error_size)
{
    if (!run->line.json)
        return 0;
    run->json = strcmp(run->line.json, "-") ? fopen(run->line.json, "w") : stdout;
    if (!run->json)
        snprintf(error, error_size, "--json %s: %s", run->line.json, strerror(errno));
    return run->json ? 0 : -1;
}

/* --retry is for drivers that were refused something: they have to come up when they are not. */
static int start(struct run *run, char *error, size_t error_size)
{
    if (!adapter_start(run->adapter, error, error_size))
        return EXIT_FINE;
    if (!run->line.retry)
        return EXIT_FAILED;
    complain(error, EXIT_FAILED);
    fprintf(stderr, "ndishost: once more, with nothing that is made to fail\n");
    nt_fail_allocation(0);
    nt_fail_call(NULL, 0);
    *error = 0;
    return adapter_start(run->adapter, error, error_size) ? EXIT_FAILED : EXIT_FINE;
}

static int bring_up(struct run *run, char *error, size_t error_size)
{
    struct adapter_options options;

    memset(&options, 0, sizeof(options));
    options.bus = run->line.bus;
    options.net = run->line.net;
    options.pcap = run->line.pcap;
    options.pcap_wire = run->line.pcap_wire;
    options.keywords = run->line.keywords;
    options.seed = run->line.seed;
    options.plain = run->line.plain;
    if (json_open(run, error, error_size))
        return EXIT_USAGE;
    if (run->line.control && !(run->control = control_open(run->line.control, error, error_size)))
        return EXIT_USAGE;
    if (machine_up(&run->line, error, error_size))
        return EXIT_USAGE;
    nt_fail_allocation(run->line.fail_allocation);
    if (run->line.fail && command_line_fail(run->line.fail, error, error_size))
        return EXIT_USAGE;
    run->driver = ndis_driver_load(run->line.driver, error, error_size);
    if (!run->driver)
        return rules_violations() ? EXIT_BROKEN : EXIT_USAGE;
    run->adapter = ndis_adapter_add(run->driver, &options, error, error_size);
    if (!run->adapter)
        return EXIT_USAGE;
    return start(run, error, error_size);
}

/* ---- While it runs ---- */

/* What the last progress line said. */
struct progress {
    double start, last;
    uint64_t sent, received;
};

static void progress_line(struct run *run, struct progress *progress)
{
    double time = now(), passed = time - progress->last;
    uint64_t sent, received;

    if (!run->line.progress || passed < 1)
        return;
    adapter_frames(run->adapter, &sent, &received);
    fprintf(stderr, "%.0f s: sent %" PRIu64 " (%.0f/s), received %" PRIu64 " (%.0f/s), link %s\n",
            time - progress->start, sent, (double)(sent - progress->sent) / passed, received,
            (double)(received - progress->received) / passed,
            adapter_link_up(run->adapter) ? "up" : "down");
    progress->last = time;
    progress->sent = sent;
    progress->received = received;
}

static void sleep_tick(void)
{
    struct timespec tick = {0, TICK * 1000000L};

    nanosleep(&tick, NULL);
}

/* With --control the end is `quit`, a signal or the time: a scenario goes on when the traffic is
 * done, as long as commands may come. */
static void wait_end(struct run *run)
{
    struct progress progress = {now(), now(), 0, 0};
    double end = run->line.seconds > 0 ? progress.start + run->line.seconds : 0;

    while (!stopped && (!end || now() < end)) {
        if (run->control && !control_ended(run->control)) {
            if (!control_serve(run->control, run->adapter, TICK, &stopped))
                break;
        } else {
            if (adapter_finished(run->adapter))
                break;
            sleep_tick();
        }
        progress_line(run, &progress);
    }
}

/* ---- The end ---- */

static void report_json(struct run *run, FILE *json, unsigned leaked)
{
    char hash[SHA256_HEX] = "";

    sha256_file(run->line.driver, hash);
    fprintf(json, "  \"driver\": ");
    json_string(json, run->line.driver);
    fprintf(json, ",\n  \"driver_sha256\": \"%s\",\n  \"seed\": %" PRIu64 ",\n", hash,
            run->line.seed);
    if (*run->error) {
        fprintf(json, "  \"error\": ");
        json_string(json, run->error);
        fprintf(json, ",\n");
    }
    fprintf(json, "  \"violations\": %u,\n  \"leaked\": %u,\n  \"exit_status\": %d\n}\n",
            rules_violations(), leaked, run->status);
}

/* The adapter's part of the report; it has to be written before the adapter goes. */
static char *report_adapter(struct run *run)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    adapter_report(run->adapter, stream);
    fclose(stream);
    return text;
}

static void write_json(struct run *run, const char *adapter_part, unsigned leaked)
{
    FILE *json = run->json;

    if (!json)
        return;
    fprintf(json, "{\n");
    if (adapter_part)
        fprintf(json, "%s,\n", adapter_part);
    report_json(run, json, leaked);
    fflush(json);
    if (ferror(json))
        fprintf(stderr, "ndishost: the report could not be written\n");
    if (json != stdout)
        fclose(json);
}

/* People read standard output, unless programs do. */
static FILE *people(const struct run *run)
{
    bool taken = (run->line.json && !strcmp(run->line.json, "-")) ||
                 (run->line.control && !strcmp(run->line.control, "-"));

    return taken ? stderr : stdout;
}

static unsigned leaks(struct run *run)
{
    unsigned leaked = track_report_leaks(people(run));

    if (!leaked && !run->line.quiet && run->line.rules)
        fprintf(people(run), "leaked: nothing\n");
    return leaked;
}

/* What stands against the driver outweighs what stands against the traffic. */
static int final_status(const struct run *run, int status, unsigned leaked)
{
    if (rules_violations() || leaked)
        return EXIT_BROKEN;
    return status ? status : run->verdict_failed ? EXIT_FAILED : EXIT_FINE;
}

static int take_down(struct run *run, int status)
{
    FILE *out = run->line.quiet ? fopen("/dev/null", "w") : people(run);
    char *adapter_part = NULL;
    unsigned leaked = 0;

    if (run->adapter) {
        struct net *net = adapter_net(run->adapter);

        adapter_stop(run->adapter);
        if (status == EXIT_FINE) {
            run->verdict_failed =
                net->ops->verdict(net, out) != 0 || adapter_bus_failed(run->adapter);
            adapter_summary(run->adapter, out);
        }
        adapter_part = report_adapter(run);
        ndis_adapter_remove(run->adapter);
    }
    if (run->driver)
        ndis_driver_unload(run->driver);
    nt_stop();
    if (run->driver) {
        leaked = leaks(run);
        if (rules_violations())
            rules_summary(people(run));
    }
    run->status = final_status(run, status, leaked);
    write_json(run, adapter_part, leaked);
    free(adapter_part);
    control_close(run->control);
    return run->status;
}

static int run_command(struct run *run)
{
    int status;

    signals_install();
    seed_choose(&run->line);
    status = bring_up(run, run->error, sizeof(run->error));
    if (status)
        complain(run->error, status);
    else
        wait_end(run);
    return take_down(run, status);
}

int main(int argc, char **argv)
{
    static struct run run;
    char error[256];

    if (command_line_parse(&run.line, argc, argv, error, sizeof(error)))
        return complain(error, EXIT_USAGE);
    switch (run.line.command) {
    case COMMAND_HELP:
        command_line_help(stdout);
        return EXIT_FINE;
    case COMMAND_VERSION:
        printf("ndishost %s (%zu-bit)\n", NDISHOST_VERSION, sizeof(void *) * 8);
        return EXIT_FINE;
    case COMMAND_RULES:
        rules_list(stdout);
        return EXIT_FINE;
    case COMMAND_RUN:
        break;
    }
    return run_command(&run);
}
