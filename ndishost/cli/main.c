/* SPDX-License-Identifier: MIT */
/* ndishost: brings everything up in order, waits, and takes it down in reverse. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "bus/bus.h"
#include "bus/model/rule.h"
#include "check/check.h"
#include "check/clauses.h"
#include "exit_status.h"
#include "cli/command_line.h"
#include "cli/control.h"
#include "cli/data.h"
#include "cli/device_command.h"
#include "cli/help.h"
#include "cli/rule_command.h"
#include "inf/install.h"
#include "loader/loader.h"
#include "loader/patch.h"
#include "ndis/adapter/adapter.h"
#include "nt/machine/callback.h"
#include "nt/machine/clock.h"
#include "nt/machine/hang.h"
#include "nt/machine/irql.h"
#include "nt/api/log.h"
#include "nt/machine/phys.h"
#include "nt/api/pool.h"
#include "nt/api/kernel.h"
#include "nt/machine/trap.h"
#include "rules/rules.h"
#include "check/sha256.h"

#define MEMORY_PAGES 5120u /* MiB: sparse, so that it may be more than there is */
#define MEMORY_HUGE  64u
#define TICK         50 /* ms between looks at what may end the run */
#define ERROR_LENGTH 4096

/* ---- Signals ---- */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    static const char note[] =
        "\nndishost: a second signal ends ndishost without halting the driver\n";

    if (stopped)
        _exit(128 + number);
    stopped = 1;
    hang_stopping();
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
    char **arguments; /* of the program, without its name */
    struct inf *inf;  /* NULL: none */
    struct ndis_driver *driver;
    uintptr_t driver_base; /* of its image */
    struct image_patched patched;
    struct ndis_adapter *adapters[ADAPTERS_MAX];
    unsigned adapter_count;
    struct control *control;
    struct scenario scenario;
    FILE *json;
    int status;
    bool verdict_failed;
    char *leaks;              /* what the driver did not release, in lines; NULL: not looked yet */
    bool unwritten;           /* a capture, the report or a reply is incomplete */
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

/* The kind of memory that all buses need. An unknown bus is refused when it is opened. */
static int memory_kind(const struct command_line *line, enum phys_kind *kind, char *error,
                       size_t error_size)
{
    const char *first = NULL;
    unsigned i;

    *kind = PHYS_PAGES;
    for (i = 0; i < line->adapter_count; i++) {
        const struct bus_backend *backend = bus_backend_find(line->adapters[i].bus);

        if (first && backend && backend->memory != *kind) {
            snprintf(
                error, error_size,
                "--bus %s and --bus %s need different kinds of memory: use them in separate runs",
                first, line->adapters[i].bus);
            return -1;
        }
        if (backend) {
            first = line->adapters[i].bus;
            *kind = backend->memory;
        }
    }
    return 0;
}

/* The machine: memory, faults, processors. Before any driver code. */
static int machine_up(struct command_line *line, char *error, size_t error_size)
{
    enum phys_kind kind;
    unsigned memory;

    if (memory_kind(line, &kind, error, error_size))
        return -1;
    memory = line->memory ? line->memory : (kind == PHYS_HUGE ? MEMORY_HUGE : MEMORY_PAGES);
    if (phys_open(kind, (uint64_t)memory << 20, line->seed, error, error_size))
        return -1;
    nt_clock_speed(line->time_scale);
    trap_install();
    nt_thread_enter("main");
    patch_enabled = line->patch;
    model_pedantic = line->pedantic;
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

static void report_ended(int status, bool crash);

/* --retry is for drivers that were refused something: they have to come up when they are not. */
static int start(struct run *run, struct ndis_adapter *adapter, char *error, size_t error_size)
{
    if (!adapter_start(adapter, error, error_size))
        return EXIT_FINE;
    if (!run->line.retry)
        return EXIT_FAILED;
    complain(error, EXIT_FAILED);
    fprintf(stderr, "ndishost: --retry: Initialize is called again without injected failures\n");
    nt_fail_allocation(0);
    nt_fail_call(NULL, 0);
    *error = 0;
    return adapter_start(adapter, error, error_size) ? EXIT_FAILED : EXIT_FINE;
}

static int add_adapter(struct run *run, const struct adapter_line *line, char *error,
                       size_t error_size)
{
    struct adapter_options options = {
        .bus = line->bus,
        .net = line->net,
        .pcap = line->pcap,
        .pcap_wire = line->pcap_wire,
        .queue_size = run->line.queue_size,
        .keywords = (const char **)line->keywords,
        .seed = run->line.seed,
        .liberties = run->line.liberties,
        .pieces = run->line.pieces,
        .hold = run->line.hold,
        .map_registers = run->line.map_registers,
        .messages = run->line.messages,
    };
    struct ndis_adapter *adapter = ndis_adapter_add(run->driver, &options, error, error_size);

    if (!adapter)
        return -1;
    run->adapters[run->adapter_count++] = adapter;
    return 0;
}

static int bring_up(struct run *run, char *error, size_t error_size)
{
    int status = EXIT_FINE;
    unsigned i;

    if (json_open(run, error, error_size))
        return EXIT_USAGE;
    if (run->line.control && !(run->control = control_open(run->line.control, error, error_size)))
        return EXIT_USAGE;
    if (machine_up(&run->line, error, error_size))
        return EXIT_USAGE;
    if (hang_watch(run->line.hang, report_ended)) {
        snprintf(error, error_size, "a thread cannot be started");
        return EXIT_USAGE;
    }
    nt_fail_allocation(run->line.fail_allocation);
    if (run->line.fail && command_line_fail(run->line.fail, error, error_size))
        return EXIT_USAGE;
    if (run->line.inf && !(run->inf = inf_read(run->line.inf, error, error_size)))
        return EXIT_USAGE;
    run->driver = ndis_driver_load(run->line.driver, run->inf, error, error_size);
    if (!run->driver)
        return rules_violations() ? EXIT_BROKEN : EXIT_USAGE;
    run->driver_base = (uintptr_t)ndis_driver_base(run->driver);
    run->patched = ndis_driver_patched(run->driver);
    for (i = 0; i < run->line.adapter_count; i++)
        if (add_adapter(run, &run->line.adapters[i], error, error_size))
            return EXIT_USAGE;
    for (i = 0; i < run->adapter_count && !status; i++)
        status = start(run, run->adapters[i], error, error_size);
    return status;
}

/* ---- While it runs ---- */

/* What the last progress lines said. */
struct progress {
    double start, last;
    uint64_t sent[ADAPTERS_MAX], received[ADAPTERS_MAX];
};

static void progress_line(struct run *run, struct progress *progress, unsigned i, double passed)
{
    struct ndis_adapter *adapter = run->adapters[i];
    uint64_t sent, received;

    adapter_frames(adapter, &sent, &received);
    fprintf(stderr, "%.0f s: ", progress->last - progress->start);
    if (run->adapter_count > 1)
        fprintf(stderr, "adapter %u: ", i + 1);
    fprintf(stderr, "sent %" PRIu64 " (%.0f/s), received %" PRIu64 " (%.0f/s), link %s\n", sent,
            (double)(sent - progress->sent[i]) / passed, received,
            (double)(received - progress->received[i]) / passed,
            adapter_link_up(adapter) ? "up" : "down");
    progress->sent[i] = sent;
    progress->received[i] = received;
}

static void progress_lines(struct run *run, struct progress *progress)
{
    double time = now(), passed = time - progress->last;
    unsigned i;

    if (!run->line.progress || passed < 1)
        return;
    progress->last = time;
    for (i = 0; i < run->adapter_count; i++)
        progress_line(run, progress, i, passed);
}

static void sleep_tick(void)
{
    struct timespec tick = {0, TICK * 1000000L};

    nanosleep(&tick, NULL);
}

static bool finished(struct run *run)
{
    unsigned i;

    for (i = 0; i < run->adapter_count; i++)
        if (!adapter_finished(run->adapters[i]))
            return false;
    return true;
}

/* An adapter that its driver wants to be rid of goes; the others go on. */
static void halt_unwanted(struct run *run)
{
    unsigned i;

    for (i = 0; i < run->adapter_count && run->adapter_count > 1; i++)
        if (adapter_removal_requested(run->adapters[i]))
            adapter_stop(run->adapters[i]);
}

/* With --control the end is `quit`, a signal or the time: a scenario goes on when the traffic is
 * done, as long as commands may come. */
static void wait_end(struct run *run)
{
    struct progress progress = {.start = now(), .last = now()};
    struct scenario *scenario = &run->scenario;

    *scenario = (struct scenario){
        .adapters = run->adapters, .adapter_count = run->adapter_count, .stop = &stopped};
    if (run->line.seconds > 0)
        scenario->end_ms = scenario_now_ms() + (uint64_t)(run->line.seconds * 1000 + 0.999);
    while (!scenario_over(scenario)) {
        if (run->control && !control_ended(run->control)) {
            if (!control_serve(run->control, scenario, TICK))
                break;
        } else {
            if (finished(run))
                break;
            sleep_tick();
        }
        halt_unwanted(run);
        scenario_follow(scenario);
        progress_lines(run, &progress);
    }
}

/* ---- The end ---- */

/* A list of texts as one member. */
static void report_list(FILE *json, const char *name, const char *(*item)(unsigned number))
{
    const char *text;
    unsigned i;

    fprintf(json, "  \"%s\": [", name);
    for (i = 0; (text = item(i)); i++) {
        fprintf(json, "%s\n    ", i ? "," : "");
        json_string(json, text);
    }
    fprintf(json, "],\n");
}

/* Signals that were carried out, by what raised them, and what was changed so that it raises none. */
static void report_machine(const struct run *run, FILE *json)
{
    uint64_t registers = trap_count(TRAP_REGISTERS), privileged = trap_count(TRAP_PRIVILEGED),
             shared = trap_count(TRAP_SHARED_DATA);

    fprintf(json,
            ",\n  \"machine\": {\"trapped\": %" PRIu64 ", \"trapped_registers\": %" PRIu64
            ", \"trapped_privileged\": %" PRIu64 ", \"trapped_shared_data\": %" PRIu64
            ", \"replaced\": %u, \"left\": %u, \"shared_data\": %u},\n",
            registers + privileged + shared, registers, privileged, shared, run->patched.replaced,
            run->patched.left, run->patched.shared);
}

static void report_json(struct run *run, FILE *json, unsigned leaked)
{
    char hash[SHA256_HEX] = "";
    unsigned i;

    sha256_file(run->line.driver, hash);
    fprintf(json, "  \"arguments\": [");
    for (i = 0; run->arguments[i]; i++) {
        fprintf(json, "%s", i ? ", " : "");
        json_string(json, run->arguments[i]);
    }
    fprintf(json, "],\n  \"driver\": ");
    json_string(json, run->line.driver);
    fprintf(json, ",\n  \"driver_base\": \"0x%" PRIxPTR "\"", run->driver_base);
    fprintf(json, ",\n  \"driver_sha256\": \"%s\",\n  \"seed\": %" PRIu64 ",\n", hash,
            run->line.seed);
    fprintf(json, "  \"liberties\": ");
    liberty_report(run->line.liberties, json);
    fprintf(json, ",\n  \"callbacks\": ");
    callback_report(json);
    report_machine(run, json);
    if (*run->error) {
        fprintf(json, "  \"error\": ");
        json_string(json, run->error);
        fprintf(json, ",\n");
    }
    report_list(json, "broken", rules_block);
    fprintf(json, "  \"leaks\": ");
    json_string(json, run->leaks ? run->leaks : "");
    fprintf(json, ",\n");
    fprintf(json,
            "  \"failures\": %lu,\n  \"violations\": %u,\n  \"leaked\": %u,\n"
            "  \"exit_status\": %d\n}\n",
            nt_failures(), rules_violations(), leaked, run->status);
}

/* The adapter's part of the report; it has to be written before the adapter goes. */
static char *report_adapter(struct ndis_adapter *adapter)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    adapter_report(adapter, stream);
    fclose(stream);
    return text;
}

/* The members of a single adapter are the report's own; those of several are in a list. */
static void write_adapters(FILE *json, char *const *parts, unsigned count)
{
    unsigned i;

    if (count == 1 && parts[0])
        fprintf(json, "%s,\n", parts[0]);
    if (count < 2)
        return;
    fprintf(json, "  \"adapters\": [\n");
    for (i = 0; i < count; i++)
        fprintf(json, "{\n%s\n}%s\n", parts[i] ? parts[i] : "", i + 1 < count ? "," : "],");
}

static void write_json(struct run *run, char *const *parts, unsigned leaked)
{
    FILE *json = run->json;
    bool failed;

    if (!json)
        return;
    fprintf(json, "{\n");
    write_adapters(json, parts, run->adapter_count);
    report_json(run, json, leaked);
    failed = fflush(json) || ferror(json);
    if (json != stdout && fclose(json))
        failed = true;
    if (!failed)
        return;
    fprintf(stderr, "ndishost: --json %s: cannot write the complete report: %s\n", run->line.json,
            strerror(errno));
    clearerr(stdout); /* if it is that: it is said once */
    if (run->status == EXIT_FINE)
        run->status = EXIT_FAILED;
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
    size_t size;
    FILE *text = open_memstream(&run->leaks, &size);
    unsigned leaked = track_report_leaks(text ? text : people(run));

    if (text && !fclose(text))
        fputs(run->leaks, people(run));
    if (!leaked && !run->line.quiet && run->line.rules)
        fprintf(people(run), "leaked: nothing\n");
    return leaked;
}

/* What stands against the driver outweighs what stands against the traffic. */
static int final_status(const struct run *run, int status, unsigned leaked)
{
    if (rules_violations() || leaked)
        return EXIT_BROKEN;
    return status ? status : run->verdict_failed || run->unwritten ? EXIT_FAILED : EXIT_FINE;
}

/* An error is printed under --quiet too: the verdict of a network end that failed is one. */
static bool end_failed(const struct run *run, struct net *net, FILE *out)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream;
    bool failed;

    if (!run->line.quiet)
        return net->ops->verdict(net, out) != 0;
    stream = open_memstream(&text, &length);
    if (!stream)
        return net->ops->verdict(net, stderr) != 0;
    failed = net->ops->verdict(net, stream) != 0;
    fclose(stream);
    if (failed && text)
        fputs(text, stderr);
    free(text);
    return failed;
}

/* Halts every adapter before the first one goes: the reports are of a driver that does nothing. */
static void take_adapters_down(struct run *run, bool came_up, FILE *out, char **parts)
{
    unsigned i;

    for (i = 0; i < run->adapter_count; i++)
        adapter_stop(run->adapters[i]);
    for (i = 0; i < run->adapter_count; i++) {
        struct ndis_adapter *adapter = run->adapters[i];
        struct net *net = adapter_net(adapter);

        if (came_up && run->adapter_count > 1)
            fprintf(out, "adapter %u\n", i + 1);
        if (came_up) {
            run->verdict_failed |= end_failed(run, net, out) || adapter_bus_failed(adapter);
            adapter_summary(adapter, out);
        }
        run->unwritten |= adapter_end_captures(adapter) != 0;
        parts[i] = report_adapter(adapter);
    }
}

/* A driver releases nothing after a shutdown, and need not. */
static bool machine_off(const struct run *run)
{
    unsigned i;

    for (i = 0; i < run->adapter_count; i++)
        if (adapter_is_shut_down(run->adapters[i]))
            return true;
    return false;
}

static void remove_driver(struct run *run)
{
    unsigned i;

    for (i = run->adapter_count; i-- > 0;)
        ndis_adapter_remove(run->adapters[i]);
    if (run->driver)
        ndis_driver_unload(run->driver);
    nt_stop();
}

/* Who orders a failure that never comes would take the run for proof. */
static void say_unfailed(const struct run *run)
{
    if (nt_failures() || !run->driver)
        return;
    if (run->line.fail_allocation)
        fprintf(
            stderr,
            "ndishost: --fail-allocation %ld: nothing failed; the driver made fewer allocations\n",
            run->line.fail_allocation);
    if (run->line.fail)
        fprintf(stderr, "ndishost: --fail %s: nothing failed; the driver made fewer calls\n",
                run->line.fail);
}

/* A call of the driver does not return, or crashes: another thread than the driver's writes what there is of the
 * report. */
static struct run *hung_run;

static void report_ended(int status, bool crash)
{
    char *parts[ADAPTERS_MAX] = {NULL};
    unsigned i;

    if (crash && !hung_run->json)
        return;
    for (i = 0; i < hung_run->adapter_count; i++)
        parts[i] = report_adapter(hung_run->adapters[i]);
    rules_summary(people(hung_run));
    hung_run->status = status;
    write_json(hung_run, parts, 0);
}

static int take_down(struct run *run, int status)
{
    FILE *out = run->line.quiet ? fopen("/dev/null", "w") : people(run);
    char *parts[ADAPTERS_MAX] = {NULL};
    unsigned leaked = 0, i;
    bool off = machine_off(run);

    if (!off)
        device_command_end();
    take_adapters_down(run, status == EXIT_FINE && !off, out, parts);
    if (!off)
        remove_driver(run);
    if (run->driver && !off)
        leaked = leaks(run);
    if (run->driver && rules_violations())
        rules_summary(people(run));
    say_unfailed(run);
    run->unwritten |= run->control && control_lost(run->control);
    run->status = final_status(run, status, leaked);
    write_json(run, parts, leaked);
    for (i = 0; i < ADAPTERS_MAX; i++)
        free(parts[i]);
    free(run->leaks);
    if (run->inf && !off)
        inf_free(run->inf);
    control_close(run->control);
    return run->status;
}

static int run_command(struct run *run)
{
    int status;

    signals_install();
    seed_choose(&run->line);
    hung_run = run;
    status = bring_up(run, run->error, sizeof(run->error));
    if (status)
        complain(run->error, status);
    else
        wait_end(run);
    return take_down(run, status);
}

/* Status 1: Windows 7 would not load the driver. */
static int list_imports(const char *driver)
{
    char error[512];
    bool loads;

    if (!image_list_imports(driver, stdout, &loads, error, sizeof(error)))
        return complain(error, EXIT_USAGE);
    return loads ? EXIT_FINE : EXIT_FAILED;
}

/* What installing would write, without a driver. */
static int list_inf(const char *path, const char *const *ids)
{
    struct registry_key *adapter = registry_create(NULL, REGISTRY_NET_CLASS "\\0000", NULL);
    struct registry_key *device = registry_create(NULL, REGISTRY_ENUM "\\DEVICE", NULL);
    struct inf_model model;
    char error[512];
    struct inf *inf = inf_read(path, error, sizeof(error));
    int failed = 1;

    if (inf && adapter && device)
        failed = inf_choose(inf, ids, &model, error, sizeof(error)) ||
                 inf_install(inf, &model, adapter, device, error, sizeof(error));
    if (!failed)
        registry_print(registry_open(NULL, ""), stdout);
    if (inf)
        inf_free(inf);
    return failed ? complain(error, EXIT_USAGE) : EXIT_FINE;
}

static int check_command(const struct command_line *line)
{
    const struct check_options options = {.bus = line->adapters[0].bus,
                                          .driver = line->driver,
                                          .link_seconds = line->link_seconds,
                                          .quiet = line->quiet};

    if (line->clauses) {
        clauses_list(stdout);
        return EXIT_FINE;
    }
    return check_device(&options);
}

static int rules_command(const char *rule)
{
    char error[512];

    if (rule)
        return rule_explain(rule, stdout, error, sizeof(error)) ? complain(error, EXIT_USAGE)
                                                                : EXIT_FINE;
    rules_list(stdout);
    return EXIT_FINE;
}

static int script(const char *file, char *const *arguments)
{
    char error[PATH_MAX + 256];

    data_script(file, arguments, error, sizeof(error));
    return complain(error, EXIT_USAGE);
}

/* The run, and if it fails the search for the liberties that it needs. The script runs this program again with the
 * arguments less this option. */
static int search_shape(struct run *run)
{
    const char *control = run->line.control ? run->line.control : "";
    size_t count = 0, kept = 4, i;
    char **arguments, seed[24];

    if (*control && strcmp(control, "-"))
        return complain("--shape-search repeats runs: it takes commands from standard input alone, "
                        "--control -",
                        EXIT_USAGE);
    while (run->arguments[count])
        count++;
    arguments = calloc(count + 5, sizeof(*arguments));
    if (!arguments)
        return complain("out of memory", EXIT_USAGE);
    seed_choose(&run->line);
    snprintf(seed, sizeof(seed), "%" PRIu64, run->line.seed);
    arguments[0] = seed;
    arguments[1] = (char *)(run->line.json ? run->line.json : "");
    arguments[2] = (char *)control;
    arguments[3] = (char *)run->line.shape;
    for (i = 0; i < count; i++)
        if (strncmp(run->arguments[i], "--shape-", 8) != 0)
            arguments[kept++] = run->arguments[i];
    return script("tools/shapesearch.py", arguments);
}

static int carry_out(struct run *run)
{
    switch (run->line.command) {
    case COMMAND_HELP:
        help_print(run->line.help, stdout);
        return EXIT_FINE;
    case COMMAND_VERSION:
        printf("ndishost %s (%zu-bit)\n", NDISHOST_VERSION, sizeof(void *) * 8);
        return EXIT_FINE;
    case COMMAND_RULES:
        return rules_command(run->line.rule);
    case COMMAND_IMPORTS:
        return list_imports(run->line.driver);
    case COMMAND_INF:
        return list_inf(run->line.inf, run->line.ids);
    case COMMAND_CHECK:
        return check_command(&run->line);
    case COMMAND_TEST:
        return script("tools/ndishost-test", run->line.arguments);
    case COMMAND_REPORT:
        return script("tools/ndishost-report", run->line.arguments);
    case COMMAND_RUN:
        break;
    }
    return run->line.shape_search ? search_shape(run) : run_command(run);
}

/* What was printed must be whole, for people and for programs. */
static int output_status(int status)
{
    errno = 0; /* of a write that failed earlier nobody knows why */
    if (!fflush(stdout) && !ferror(stdout))
        return status;
    fprintf(stderr, "ndishost: cannot write all of standard output: %s\n",
            errno ? strerror(errno) : "a write failed");
    return status == EXIT_FINE ? EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
    static struct run run;
    char error[512];

    /* getopt puts argv into another order. */
    run.arguments = calloc((size_t)argc + 1, sizeof(*argv));
    if (!run.arguments || argc < 1)
        return complain("out of memory", EXIT_USAGE);
    memcpy(run.arguments, argv + 1, (size_t)argc * sizeof(*argv));
    if (command_line_parse(&run.line, argc, argv, error, sizeof(error)))
        return complain(error, EXIT_USAGE);
    return output_status(carry_out(&run));
}
