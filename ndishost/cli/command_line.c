/* SPDX-License-Identifier: MIT */
/* The command line of ndishost: options and their checks. */
#include "cli/command_line.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bus/bus.h"
#include "cli/help.h"
#include "loader/exports.h"
#include "ndis/api/liberty.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"

#define HANG_DEFAULT 300 /* seconds: more than a slow emulator takes for any call */

enum option_id {
    OPTION_BUS = 256,
    OPTION_NET,
    OPTION_SEED,
    OPTION_PROCESSORS,
    OPTION_SECONDS,
    OPTION_PCAP,
    OPTION_JSON,
    OPTION_SET,
    OPTION_INF,
    OPTION_CONTROL,
    OPTION_RULES,
    OPTION_SHAPE,
    OPTION_SHAPE_SEARCH,
    OPTION_PATCH,
    OPTION_PEDANTIC,
    OPTION_FAIL_ALLOCATION,
    OPTION_TIME_SCALE,
    OPTION_MAP_REGISTERS,
    OPTION_MESSAGES,
    OPTION_HOLD,
    OPTION_FAIL,
    OPTION_HANG,
    OPTION_RETRY,
    OPTION_PCAP_WIRE,
    OPTION_DEBUG_OUTPUT,
    OPTION_QUIET,
    OPTION_PROGRESS,
    OPTION_MEMORY,
    OPTION_QUEUE_SIZE,
    OPTION_LINK_SECONDS,
    OPTION_CLAUSES,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option options[] = {
    {"bus", required_argument, NULL, OPTION_BUS},
    {"net", required_argument, NULL, OPTION_NET},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"processors", required_argument, NULL, OPTION_PROCESSORS},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"pcap", required_argument, NULL, OPTION_PCAP},
    {"json", required_argument, NULL, OPTION_JSON},
    {"set", required_argument, NULL, OPTION_SET},
    {"inf", required_argument, NULL, OPTION_INF},
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"rules", required_argument, NULL, OPTION_RULES},
    {"shape", required_argument, NULL, OPTION_SHAPE},
    {"shape-search", no_argument, NULL, OPTION_SHAPE_SEARCH},
    {"patch", required_argument, NULL, OPTION_PATCH},
    {"pedantic", no_argument, NULL, OPTION_PEDANTIC},
    {"fail-allocation", required_argument, NULL, OPTION_FAIL_ALLOCATION},
    {"time-scale", required_argument, NULL, OPTION_TIME_SCALE},
    {"map-registers", required_argument, NULL, OPTION_MAP_REGISTERS},
    {"messages", required_argument, NULL, OPTION_MESSAGES},
    {"hold", required_argument, NULL, OPTION_HOLD},
    {"fail", required_argument, NULL, OPTION_FAIL},
    {"hang", required_argument, NULL, OPTION_HANG},
    {"retry", no_argument, NULL, OPTION_RETRY},
    {"pcap-wire", required_argument, NULL, OPTION_PCAP_WIRE},
    {"debug-output", no_argument, NULL, OPTION_DEBUG_OUTPUT},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"progress", no_argument, NULL, OPTION_PROGRESS},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"queue-size", required_argument, NULL, OPTION_QUEUE_SIZE},
    {"link-seconds", required_argument, NULL, OPTION_LINK_SECONDS},
    {"clauses", no_argument, NULL, OPTION_CLAUSES},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

/* ---- Values ---- */

static int bad(char *error, size_t error_size, const char *option, const char *value,
               const char *expected)
{
    snprintf(error, error_size, "--%s %s: expected %s", option, value, expected);
    return -1;
}

static int parse_u64(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return *text && *text != '-' && !*end && !errno ? 0 : -1;
}

static int parse_range(const char *text, long low, long high, long *value)
{
    char *end;

    errno = 0;
    *value = strtol(text, &end, 0);
    return *text && !*end && !errno && *value >= low && *value <= high ? 0 : -1;
}

/* Microseconds, or frames: 800f. */
static int parse_hold(const char *text, struct hold *hold)
{
    char digits[16];
    size_t length = strlen(text);
    bool frames = length && text[length - 1] == 'f';
    long number;

    if (length >= sizeof digits)
        return -1;
    memcpy(digits, text, length + 1);
    digits[length - frames] = '\0';
    if (parse_range(digits, 0, 1000000, &number))
        return -1;
    *hold = (struct hold){.by = frames ? HOLD_FRAMES : HOLD_TIME, .longest = (uint64_t)number};
    return 0;
}

static int parse_seconds(const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return *text && !*end && *value > 0 && *value < 1e7 ? 0 : -1;
}

/* Accepts one of two words. *second is true for the second word. */
static int parse_choice(const char *text, const char *first, const char *other, bool *second)
{
    *second = !strcmp(text, other);
    return *second || !strcmp(text, first) ? 0 : -1;
}

/* Returns the adapter of the last --bus, or the first adapter if there was no --bus yet. */
static struct adapter_line *current(struct command_line *line)
{
    return &line->adapters[line->adapter_count ? line->adapter_count - 1 : 0];
}

static int set_keyword(struct command_line *line, const char *keyword)
{
    struct adapter_line *adapter = current(line);
    unsigned i = 0;

    while (adapter->keywords[i])
        i++;
    if (i == KEYWORDS_MAX || !strchr(keyword, '=') || *keyword == '=')
        return -1;
    adapter->keywords[i] = keyword;
    if (!line->adapter_count)
        line->keywords_for_all = i + 1;
    return 0;
}

static int set_bus(struct command_line *line, const char *bus, char *error, size_t error_size)
{
    unsigned i;

    if (line->adapter_count == ADAPTERS_MAX) {
        snprintf(error, error_size,
                 "--bus %s: there are already %u adapters, the most that a run can have", bus,
                 ADAPTERS_MAX);
        return -1;
    }
    line->adapter_count++;
    current(line)->bus = bus;
    for (i = 0; i < line->keywords_for_all; i++)
        current(line)->keywords[i] = line->adapters[0].keywords[i];
    return 0;
}

static int set_number(struct command_line *line, int option, const char *value, char *error,
                      size_t error_size)
{
    long number;

    switch (option) {
    case OPTION_SEED:
        line->seed_given = true;
        return parse_u64(value, &line->seed)
                   ? bad(error, error_size, "seed", value, "a number of 64 bits")
                   : 0;
    case OPTION_PROCESSORS:
        if (parse_range(value, 1, 16, &number))
            return bad(error, error_size, "processors", value, "a number from 1 to 16");
        line->processors = (unsigned)number;
        return 0;
    case OPTION_MEMORY:
        if (parse_range(value, 4, 1 << 20, &number))
            return bad(error, error_size, "memory", value, "a number of MiB from 4 to 1048576");
        line->memory = (unsigned)number;
        return 0;
    case OPTION_QUEUE_SIZE:
        if (parse_range(value, 1, 32768, &number) || number & (number - 1))
            return bad(error, error_size, "queue-size", value, "a power of two from 1 to 32768");
        line->queue_size = (unsigned)number;
        return 0;
    case OPTION_LINK_SECONDS:
        if (parse_range(value, 1, 3600, &number))
            return bad(error, error_size, "link-seconds", value, "seconds from 1 to 3600");
        line->link_seconds = (unsigned)number;
        return 0;
    case OPTION_MAP_REGISTERS:
        if (parse_range(value, 1, 1 << 20, &number))
            return bad(error, error_size, "map-registers", value, "a number from 1 to 1048576");
        line->map_registers = (unsigned)number;
        return 0;
    case OPTION_MESSAGES:
        if (parse_range(value, 0, BUS_MESSAGES, &number))
            return bad(error, error_size, "messages", value, "a number from 0 to 64");
        line->messages = (unsigned)number;
        return 0;
    case OPTION_HANG:
        if (parse_range(value, 0, 86400, &number))
            return bad(error, error_size, "hang", value, "a number of seconds from 0 to 86400");
        line->hang = (unsigned)number;
        return 0;
    case OPTION_FAIL_ALLOCATION:
        if (parse_range(value, -1000000000, 1000000000, &number))
            return bad(error, error_size, "fail-allocation", value, "a number");
        line->fail_allocation = number;
        return 0;
    case OPTION_HOLD:
        if (parse_hold(value, &line->hold))
            return bad(error, error_size, "hold", value,
                       "microseconds, or frames as in 800f, up to 1000000");
        return 0;
    case OPTION_TIME_SCALE:
        if (parse_range(value, 1, 1000, &number))
            return bad(error, error_size, "time-scale", value, "a number from 1 to 1000");
        line->time_scale = (unsigned)number;
        return 0;
    }
    return parse_seconds(value, &line->seconds)
               ? bad(error, error_size, "seconds", value, "a time above 0")
               : 0;
}

static int set_word(struct command_line *line, int option, const char *value, char *error,
                    size_t error_size)
{
    bool off;

    switch (option) {
    case OPTION_SET:
        return set_keyword(line, value)
                   ? bad(error, error_size, "set", value, "NAME=VALUE, at most 64 of them")
                   : 0;
    case OPTION_RULES:
        if (parse_choice(value, "on", "off", &off))
            return bad(error, error_size, "rules", value, "on or off");
        line->rules = !off;
        return 0;
    case OPTION_PATCH:
        if (parse_choice(value, "on", "off", &off))
            return bad(error, error_size, "patch", value, "on or off");
        line->patch = !off;
        return 0;
    case OPTION_SHAPE:
        line->shape = value;
        return liberty_parse(value, &line->liberties, &line->pieces)
                   ? bad(error, error_size, "shape", value,
                         "random, middle, plain, or 1 to 8 MDLs, and `,LIBERTY` or `,-LIBERTY`; "
                         "--help lists the liberties")
                   : 0;
    }
    return -1;
}

static int set_option(struct command_line *line, int option, const char *value, char *error,
                      size_t error_size)
{
    switch (option) {
    case OPTION_BUS:
        return set_bus(line, value, error, error_size);
    case OPTION_NET:
        current(line)->net = value;
        return 0;
    case OPTION_PCAP:
        current(line)->pcap = value;
        return 0;
    case OPTION_PCAP_WIRE:
        current(line)->pcap_wire = value;
        return 0;
    case OPTION_FAIL:
        line->fail = value;
        return 0;
    case OPTION_INF:
        line->inf = value;
        return 0;
    case OPTION_SHAPE_SEARCH:
        line->shape_search = true;
        return 0;
    case OPTION_RETRY:
        line->retry = true;
        return 0;
    case OPTION_JSON:
        line->json = value;
        return 0;
    case OPTION_CONTROL:
        line->control = value;
        return 0;
    case OPTION_DEBUG_OUTPUT:
        line->debug_output = true;
        return 0;
    case OPTION_PEDANTIC:
        line->pedantic = true;
        return 0;
    case OPTION_QUIET:
        line->quiet = true;
        return 0;
    case OPTION_PROGRESS:
        line->progress = true;
        return 0;
    case OPTION_CLAUSES:
        line->clauses = true;
        return 0;
    case OPTION_SET:
    case OPTION_PATCH:
    case OPTION_RULES:
    case OPTION_SHAPE:
        return set_word(line, option, value, error, error_size);
    }
    return set_number(line, option, value, error, error_size);
}

/* Tells of a name that nothing fails by, and of all others. Always -1. */
static int no_failure(const char *name, char *error, size_t error_size)
{
    int used = snprintf(error, error_size,
                        "fail %s: no function of that name can be made to fail; these can: "
                        "allocation (any that allocates), ",
                        name);

    if (used > 0 && (size_t)used < error_size)
        host_fail_names(error + used, error_size - (size_t)used);
    return -1;
}

int command_line_fail(const char *text, char *error, size_t error_size)
{
    const char *colon = strchr(text, ':');
    char name[64];
    long number = 1;

    if (!strcmp(text, "none")) {
        nt_fail_call(NULL, 0);
        nt_fail_allocation(0);
        return 0;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(colon ? colon - text : (long)strlen(text)), text);
    if (strcmp(name, "allocation") && !host_fail_name(name))
        return no_failure(name, error, error_size);
    if (colon && (parse_range(colon + 1, -1000000000, 1000000000, &number) || !number))
        return bad(error, error_size, "fail", text, "FUNCTION:N with a number that is not 0");
    if (!strcmp(name, "allocation"))
        nt_fail_allocation(number);
    else
        nt_fail_call(host_fail_name(name), number);
    return 0;
}

/* ---- The whole line ---- */

/* check-device chooses network ends itself, and looks at one device. */
static int check_one_bus(const struct command_line *line, char *error, size_t error_size)
{
    const struct bus_backend *backend;

    if (line->adapter_count != 1 || line->adapters[0].net) {
        snprintf(error, error_size, "check-device needs one --bus, and takes no --net");
        return -1;
    }
    backend = bus_backend_find(line->adapters[0].bus);
    if (backend && backend->no_device) {
        snprintf(error, error_size, "check-device: --bus %s has no device to check",
                 line->adapters[0].bus);
        return -1;
    }
    return 0;
}

static int check_adapters(const struct command_line *line, char *error, size_t error_size)
{
    unsigned i;

    if (line->queue_size && line->adapter_count > 1) {
        snprintf(error, error_size, "--queue-size needs exactly one --bus");
        return -1;
    }
    for (i = 0; i < line->adapter_count; i++)
        if (!line->adapters[i].net) {
            snprintf(error, error_size,
                     line->adapter_count > 1 ? "run needs --net after --bus %s"
                                             : "run needs --net; see `ndishost run --help`",
                     line->adapters[i].bus);
            return -1;
        }
    return 0;
}

/* Of `run`, `check-device` and `imports`, whose argument is a driver. */
static int check_driver(struct command_line *line, const char *command, int count, char **arguments,
                        char *error, size_t error_size)
{
    if (count != 1) {
        snprintf(error, error_size, "%s takes one driver file, not %d", command, count);
        return -1;
    }
    line->driver = arguments[0];
    if (line->command == COMMAND_IMPORTS)
        return 0;
    if (!line->adapter_count) {
        snprintf(error, error_size, "%s needs --bus; see `ndishost %s --help`", command, command);
        return -1;
    }
    return line->command == COMMAND_CHECK ? check_one_bus(line, error, error_size)
                                          : check_adapters(line, error, error_size);
}

static int check_rules(struct command_line *line, int count, char **arguments, char *error,
                       size_t error_size)
{
    line->rule = count ? arguments[0] : NULL;
    if (count < 2)
        return 0;
    snprintf(error, error_size, "rules takes one rule; remove \"%s\"", arguments[1]);
    return -1;
}

static int check_inf(struct command_line *line, int count, char **arguments, char *error,
                     size_t error_size)
{
    line->inf = arguments[0];
    line->ids = (const char *const *)(arguments + 1);
    if (count)
        return 0;
    snprintf(error, error_size, "inf takes an INF file");
    return -1;
}

static int no_command(const char *name, char *error, size_t error_size)
{
    char names[200];

    help_names(names, sizeof(names));
    snprintf(error, error_size, "there is no command \"%s\"; the commands are %s", name, names);
    return -1;
}

static int check_command(struct command_line *line, int argc, char **argv, char *error,
                         size_t error_size)
{
    const char *command = argv[optind];
    char **arguments = argv + optind + 1;
    int count = argc - optind - 1;

    if (optind >= argc) {
        snprintf(error, error_size, "a command is missing; see `ndishost --help`");
        return -1;
    }
    if (!strcmp(command, "rules")) {
        line->command = COMMAND_RULES;
        return check_rules(line, count, arguments, error, error_size);
    }
    if (!strcmp(command, "inf")) {
        line->command = COMMAND_INF;
        return check_inf(line, count, arguments, error, error_size);
    }
    if (!strcmp(command, "check-device"))
        line->command = COMMAND_CHECK;
    else if (!strcmp(command, "imports"))
        line->command = COMMAND_IMPORTS;
    else if (strcmp(command, "run"))
        return no_command(command, error, error_size);
    if (line->command == COMMAND_CHECK && line->clauses)
        return 0;
    return check_driver(line, command, count, arguments, error, error_size);
}

/* Commands that are scripts: they read their arguments themselves. Only `--help` is answered here. */
static bool is_script(struct command_line *line, int argc, char **argv)
{
    int i;

    if (argc < 2)
        return false;
    if (!strcmp(argv[1], "test"))
        line->command = COMMAND_TEST;
    else if (!strcmp(argv[1], "report"))
        line->command = COMMAND_REPORT;
    else
        return false;
    line->arguments = argv + 2;
    for (i = 2; i < argc; i++)
        if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
            line->command = COMMAND_HELP;
            line->help = argv[1];
        }
    return true;
}

int command_line_parse(struct command_line *line, int argc, char **argv, char *error,
                       size_t error_size)
{
    int option;

    memset(line, 0, sizeof(*line));
    line->rules = true;
    line->liberties = LIBERTY_ALL;
    line->shape = "random";
    line->patch = true;
    line->time_scale = 1;
    line->hang = HANG_DEFAULT;
    line->messages = BUS_MESSAGES;
    line->progress = isatty(STDERR_FILENO);
    opterr = 0;
    optind = 1;
    if (is_script(line, argc, argv))
        return 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        switch (option) {
        case 'h':
        case OPTION_HELP:
            line->command = COMMAND_HELP;
            line->help = argv[1];
            return 0;
        case OPTION_VERSION:
            line->command = COMMAND_VERSION;
            return 0;
        case '?':
            snprintf(error, error_size, "there is no option %s", argv[optind - 1]);
            return -1;
        case ':':
            snprintf(error, error_size, "%s takes a value", argv[optind - 1]);
            return -1;
        }
        if (set_option(line, option, optarg, error, error_size))
            return -1;
    }
    if (line->quiet)
        line->progress = false;
    return check_command(line, argc, argv, error, error_size);
}
