/* SPDX-License-Identifier: MIT */
/* What scenario control can do: pause, reset, link, OIDs, faults, frames; see commands.h. */
#include "cli/commands.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bus/bus.h"
#include "cli/command_line.h"
#include "cli/device_command.h"
#include "ndis/adapter/offload_settings.h"
#include "ndis/protocol/bad_send.h"
#include "nt/api/pool.h"
#include "nt/machine/late.h"

#define OID_LENGTH   2048
#define SEND_FRAME   2048
#define FAULT_LENGTH 256
#define WAIT_DEFAULT 30000 /* ms, of `wait` and `wire` */
#define WIRE_SLICE   20    /* ms in which `wire` looks at nothing else */
#define HELP_COLUMN  22

static void put(struct reply *reply, const char *head, const char *format, va_list arguments)
{
    int used = snprintf(reply->text, sizeof(reply->text), "%s", head);

    used += vsnprintf(reply->text + used, sizeof(reply->text) - (size_t)used, format, arguments);
    if ((size_t)used >= sizeof(reply->text))
        snprintf(reply->text, sizeof(reply->text),
                 "error the answer has %d characters; room is for %zu", used,
                 sizeof(reply->text) - 1);
}

void reply_ok(struct reply *reply, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(reply, *format ? "ok " : "ok", format, arguments);
    va_end(arguments);
}

void reply_fail(struct reply *reply, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(reply, "error ", format, arguments);
    va_end(arguments);
}

uint64_t scenario_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void scenario_follow(const struct scenario *scenario)
{
    static uint64_t next; /* one thread drives the adapters */
    uint64_t now = scenario_now_ms();
    unsigned i;

    if (now < next)
        return;
    next = now + 100;
    for (i = 0; i < scenario->adapter_count; i++)
        adapter_follow_groups(scenario->adapters[i]);
}

bool scenario_over(const struct scenario *scenario)
{
    return *scenario->stop || (scenario->end_ms && scenario_now_ms() >= scenario->end_ms);
}

static void sleep_ms(unsigned ms)
{
    struct timespec duration = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&duration, NULL);
}

char *command_word(char **at)
{
    char *start = *at + strspn(*at, " \t"), *end = start + strcspn(start, " \t");

    if (!*start)
        return NULL;
    *at = *end ? end + 1 : end;
    *end = 0;
    return start;
}

bool command_number(const char *text, unsigned long most, unsigned long *value)
{
    char *end;

    if (!text || !isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *value = strtoul(text, &end, 0);
    return !*end && !errno && *value <= most;
}

int command_bytes(const char *text, uint8_t *to, size_t room)
{
    size_t count = 0;

    while (text && *(text += strspn(text, " \t"))) {
        char digits[3] = {text[0], text[1], 0};

        if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]) ||
            count == room)
            return -1;
        to[count++] = (uint8_t)strtoul(digits, NULL, 16);
        text += 2;
    }
    return (int)count;
}

/* A status as reply: ok if it is success. */
static void status_reply(struct reply *reply, int32_t status)
{
    char name[64];

    if (status)
        reply_fail(reply, "%s", adapter_status_name(status, name, sizeof(name)));
    else
        reply_ok(reply, "%s", "");
}

/* ---- Commands ---- */

typedef void command_function(const struct scenario *scenario, struct ndis_adapter *adapter,
                              char *arguments, struct reply *reply);

static command_function command_help;

static void command_pause(const struct scenario *scenario, struct ndis_adapter *adapter,
                          char *arguments, struct reply *reply)
{
    (void)scenario;
    (void)arguments;
    status_reply(reply, adapter_pause(adapter));
}

static void command_restart(const struct scenario *scenario, struct ndis_adapter *adapter,
                            char *arguments, struct reply *reply)
{
    (void)scenario;
    (void)arguments;
    status_reply(reply, adapter_restart(adapter));
}

static void command_reset(const struct scenario *scenario, struct ndis_adapter *adapter,
                          char *arguments, struct reply *reply)
{
    (void)scenario;
    (void)arguments;
    status_reply(reply, adapter_reset(adapter));
}

static void command_link(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    char *which = command_word(&arguments);

    (void)scenario;
    if (!which)
        reply_ok(reply, "%s", adapter_link_up(adapter) ? "up" : "down");
    else if (strcmp(which, "up") && strcmp(which, "down"))
        reply_fail(reply, "link takes up or down");
    else if (adapter_set_link(adapter, !strcmp(which, "up")))
        reply_fail(reply, "this bus cannot change its link");
    else
        reply_ok(reply, "%s", "");
}

static void command_interrupts(const struct scenario *scenario, struct ndis_adapter *adapter,
                               char *arguments, struct reply *reply)
{
    char *which = command_word(&arguments);

    (void)scenario;
    if (!which || (strcmp(which, "on") && strcmp(which, "off")))
        reply_fail(reply, "interrupts takes on or off");
    else if (adapter_switch_interrupts(adapter, !strcmp(which, "on")))
        reply_fail(reply, "the driver has registered no interrupt");
    else
        reply_ok(reply, "%s", "");
}

static void oid_reply(struct reply *reply, int32_t status, const uint8_t *buffer, uint32_t done,
                      uint32_t needed, bool show)
{
    char name[64];
    size_t used;
    uint32_t i;

    adapter_status_name(status, name, sizeof(name));
    (status ? reply_fail : reply_ok)(reply, "%s done=%" PRIu32 " needed=%" PRIu32, name, done,
                                     needed);
    used = strlen(reply->text);
    for (i = 0; show && i < done && i < OID_LENGTH && used + 4 < sizeof(reply->text); i++)
        used += (size_t)snprintf(reply->text + used, sizeof(reply->text) - used, "%s%02x",
                                 i ? "" : " ", buffer[i]);
}

/* oid query NAME [LENGTH] | oid stats NAME [LENGTH] | oid set NAME [HEX] */
static void command_oid(const struct scenario *scenario, struct ndis_adapter *adapter,
                        char *arguments, struct reply *reply)
{
    static const char *const kinds[] = {"query", "set", "stats"};
    char *kind = command_word(&arguments), *name = command_word(&arguments), *length_word;
    uint8_t buffer[OID_LENGTH];
    unsigned long length = 512;
    uint32_t oid, done, needed;
    int32_t status;
    unsigned k;
    int count;

    (void)scenario;
    for (k = 0; k < 3 && (!kind || strcmp(kind, kinds[k])); k++)
        ;
    if (k == 3 || !name || !adapter_oid_number(name, &oid)) {
        reply_fail(reply, "oid takes query, set or stats, and the name or number of an OID");
        return;
    }
    memset(buffer, 0, sizeof(buffer));
    if (k == ADAPTER_OID_SET) {
        count = command_bytes(arguments, buffer, sizeof(buffer));
        length = (unsigned long)count;
    } else {
        length_word = command_word(&arguments);
        count = !length_word || command_number(length_word, sizeof(buffer), &length) ? 0 : -1;
    }
    if (count < 0) {
        reply_fail(reply, "oid %s takes %s", kinds[k],
                   k == ADAPTER_OID_SET ? "bytes in hexadecimal" : "a length of at most 2048");
        return;
    }
    status = adapter_oid(adapter, (enum adapter_oid_kind)k, oid, buffer, (uint32_t)length, &done,
                         &needed);
    oid_reply(reply, status, buffer, done, needed, k != ADAPTER_OID_SET);
}

static void command_offload(const struct scenario *scenario, struct ndis_adapter *adapter,
                            char *arguments, struct reply *reply)
{
    char why[256];
    int32_t status;

    (void)scenario;
    if (adapter_offload(adapter, arguments, &status, why, sizeof(why)))
        oid_reply(reply, status, NULL, 0, 0, false);
    else
        reply_fail(reply, "%s", why);
}

static void command_rss(const struct scenario *scenario, struct ndis_adapter *adapter,
                        char *arguments, struct reply *reply)
{
    char *change = command_word(&arguments);
    int32_t status;

    (void)scenario;
    if (change && adapter_receive_scale(adapter, change, &status))
        oid_reply(reply, status, NULL, 0, 0, false);
    else
        reply_fail(reply, "rss takes off, on, table or key");
}

static void command_state(const struct scenario *scenario, struct ndis_adapter *adapter,
                          char *arguments, struct reply *reply)
{
    static const char *const power[] = {"", ", D1", ", D2", ", D3"};

    (void)scenario;
    (void)arguments;
    reply_ok(reply, "%s, link %s%s", adapter_state_text(adapter),
             adapter_link_up(adapter) ? "up" : "down", power[adapter_power_state(adapter)]);
}

/* The report's members in one line. */
static void command_stats(const struct scenario *scenario, struct ndis_adapter *adapter,
                          char *arguments, struct reply *reply)
{
    char *json = NULL, *at;
    size_t size;
    FILE *stream = open_memstream(&json, &size);

    (void)scenario;
    (void)arguments;
    if (!stream) {
        reply_fail(reply, "out of memory");
        return;
    }
    if (strcmp(adapter_state_text(adapter), "Halted"))
        adapter_collect(adapter);
    adapter_report(adapter, stream);
    fclose(stream);
    for (at = json; *at; at++)
        if (*at == '\n')
            *at = ' ';
    reply_ok(reply, "{%s }", json);
    free(json);
}

static void command_fault(const struct scenario *scenario, struct ndis_adapter *adapter,
                          char *arguments, struct reply *reply)
{
    struct bus *bus = adapter_bus(adapter);
    char line[FAULT_LENGTH], error[256] = "";

    (void)scenario;
    if (snprintf(line, sizeof(line), "fault %s", arguments) >= (int)sizeof(line))
        reply_fail(reply, "fault takes NAME, NAME@N or none");
    else if (!bus->ops->command)
        reply_fail(reply, "this bus has no faults");
    else if (bus->ops->command(bus, line, error, sizeof(error)))
        reply_fail(reply, "%s", error);
    else
        reply_ok(reply, "%s", error);
}

static void command_step(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    long steps = adapter_step(adapter);

    (void)scenario;
    (void)arguments;
    if (steps < 0)
        reply_fail(reply,
                   "the device moves frames by itself; --bus model:lockstep waits for steps");
    else
        reply_ok(reply, "%ld", steps);
}

static void command_remove(const struct scenario *scenario, struct ndis_adapter *adapter,
                           char *arguments, struct reply *reply)
{
    const char *how = command_word(&arguments);
    char error[128] = "";

    (void)scenario;
    if (how && strcmp(how, "present"))
        reply_fail(reply, "remove takes no arguments, or present");
    else if (adapter_surprise_remove(adapter, how != NULL, error, sizeof(error)))
        reply_fail(reply, "%s", error);
    else
        reply_ok(reply, "%s", "");
}

static void command_shutdown(const struct scenario *scenario, struct ndis_adapter *adapter,
                             char *arguments, struct reply *reply)
{
    char *how = command_word(&arguments);

    (void)scenario;
    if (how && strcmp(how, "crash"))
        reply_fail(reply, "shutdown takes no arguments, or crash");
    else
        status_reply(reply, adapter_shutdown(adapter, how != NULL));
}

/* power dX | power d3 halt */
static void command_power(const struct scenario *scenario, struct ndis_adapter *adapter,
                          char *arguments, struct reply *reply)
{
    char *state = command_word(&arguments), *how = command_word(&arguments);

    (void)scenario;
    if (!state || strlen(state) != 2 || tolower((unsigned char)state[0]) != 'd' || state[1] < '0' ||
        state[1] > '3' || (how && (strcmp(how, "halt") || state[1] != '3')))
        reply_fail(reply, "power takes d0, d1, d2, d3, or `d3 halt`");
    else if (how)
        status_reply(reply, adapter_power_halt(adapter));
    else
        status_reply(reply, adapter_power(adapter, (unsigned)(state[1] - '0')));
}

/* cancel N: replies how many frames were completed as aborted, and how many lists of that id are not complete. */
static void command_cancel(const struct scenario *scenario, struct ndis_adapter *adapter,
                           char *arguments, struct reply *reply)
{
    unsigned long id;
    unsigned outstanding;
    uint64_t aborted;
    int32_t status;

    (void)scenario;
    if (!command_number(command_word(&arguments), adapter_cancel_ids(), &id) || !id) {
        reply_fail(reply, "cancel takes the number of a cancel id, 1 to %u", adapter_cancel_ids());
        return;
    }
    status = adapter_cancel_sends(adapter, (unsigned)id, &aborted, &outstanding);
    if (status)
        status_reply(reply, status);
    else
        reply_ok(reply, "aborted=%" PRIu64 " outstanding=%u", aborted, outstanding);
}

static void command_sleep(const struct scenario *scenario, struct ndis_adapter *adapter,
                          char *arguments, struct reply *reply)
{
    unsigned long ms;
    uint64_t until;

    (void)adapter;
    if (!command_number(command_word(&arguments), 86400000, &ms)) {
        reply_fail(reply, "sleep takes a time in milliseconds");
        return;
    }
    until = scenario_now_ms() + ms;
    while (scenario_now_ms() < until && !scenario_over(scenario)) {
        scenario_follow(scenario);
        sleep_ms(until - scenario_now_ms() < 10 ? 1 : 10);
    }
    reply_ok(reply, "%s", "");
}

/* What `wait` can wait for. */
static bool reached(struct ndis_adapter *adapter, const char *what, unsigned long count)
{
    uint64_t sent, received;

    if (!strcmp(what, "finished"))
        return adapter_finished(adapter);
    if (!strcmp(what, "up") || !strcmp(what, "down"))
        return adapter_link_up(adapter) == !strcmp(what, "up");
    adapter_frames(adapter, &sent, &received);
    return (!strcmp(what, "sent") ? sent : received) >= count;
}

/* wait finished | up | down | sent COUNT | received COUNT, each with a timeout in ms at the end */
static void command_wait(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    char *what = command_word(&arguments);
    unsigned long count = 0, timeout = WAIT_DEFAULT;
    bool counts = what && (!strcmp(what, "sent") || !strcmp(what, "received"));
    char *last;
    uint64_t until;

    if (!what ||
        (!counts && strcmp(what, "finished") && strcmp(what, "up") && strcmp(what, "down")) ||
        (counts && !command_number(command_word(&arguments), 0xFFFFFFFFul, &count)) ||
        ((last = command_word(&arguments)) && !command_number(last, 86400000, &timeout))) {
        reply_fail(
            reply,
            "wait takes finished, up, down, sent COUNT or received COUNT, and a timeout in ms");
        return;
    }
    until = scenario_now_ms() + timeout;
    while (!reached(adapter, what, count) && scenario_now_ms() < until &&
           !scenario_over(scenario)) {
        scenario_follow(scenario);
        sleep_ms(1);
    }
    if (reached(adapter, what, count))
        reply_ok(reply, "%s", "");
    else
        reply_fail(reply, "not within %lu ms", timeout);
}

static void command_send(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    uint8_t frame[SEND_FRAME];
    int length = command_bytes(arguments, frame, sizeof(frame));
    char name[64];
    int32_t status;

    (void)scenario;
    if (length < 0) {
        reply_fail(reply, "send takes a frame in hexadecimal, of at most %d bytes", SEND_FRAME);
        return;
    }
    if (adapter_send_frame(adapter, frame, (uint32_t)length, &status))
        reply_fail(reply, "the miniport refused the frame, or did not complete it within 30 s");
    else if (status)
        reply_fail(reply, "%s", adapter_status_name(status, name, sizeof(name)));
    else
        reply_ok(reply, "%s", "");
}

/* go: a network end that holds begins. */
static void command_go(const struct scenario *scenario, struct ndis_adapter *adapter,
                       char *arguments, struct reply *reply)
{
    char error[128];

    (void)scenario;
    (void)arguments;
    if (adapter_go(adapter, error, sizeof(error)))
        reply_fail(reply, "%s", error);
    else
        reply_ok(reply, "%s", "");
}

/* bad KIND: a malformed or awkward list. */
static void command_bad(const struct scenario *scenario, struct ndis_adapter *adapter,
                        char *arguments, struct reply *reply)
{
    char *kind = command_word(&arguments), text[1024];

    (void)scenario;
    if (bad_send(adapter, kind ? kind : "", text, sizeof(text)))
        reply_fail(reply, "%s", text);
    else
        reply_ok(reply, "%s", text);
}

/* wire HEX: a frame that comes to the device. */
static void command_wire(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    static uint8_t frame[COMMAND_FRAME]; /* one command at a time is carried out */
    int length = command_bytes(arguments, frame, sizeof(frame));
    uint64_t until = scenario_now_ms() + WAIT_DEFAULT;
    int failed;

    if (length < 14) {
        reply_fail(reply, "wire takes a frame in hexadecimal, of 14 to %d bytes", COMMAND_FRAME);
        return;
    }
    do
        failed = adapter_wire_send(adapter, frame, (size_t)length, WIRE_SLICE);
    while (failed > 0 && scenario_now_ms() < until && !scenario_over(scenario));
    if (failed > 0)
        reply_fail(reply, "the wire is full: the device takes no frame from it");
    else if (failed)
        reply_fail(
            reply,
            "the wire refused the frame: the link is down, or the far end is not ndishost's");
    else
        reply_ok(reply, "%s", "");
}

/* fail FUNCTION[:N] | fail none; how often the last one failed */
static void command_fail(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    char *name = command_word(&arguments), error[COMMAND_LINE_ERROR];
    unsigned long failed = nt_calls_failed();

    (void)scenario;
    (void)adapter;
    if (!name)
        reply_fail(
            reply,
            "fail takes none, allocation or the name of a function that can fail; add :N for the "
            "N-th call (-N: that call and all later ones)");
    else if (command_line_fail(name, error, sizeof(error)))
        reply_fail(reply, "%s", error);
    else
        reply_ok(reply, "%lu failed", failed);
}

/* late KIND:MS | late none; how many calls the last order made late */
static void command_late(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    char *order = command_word(&arguments), error[160];
    unsigned long calls = nt_late_calls();

    (void)scenario;
    (void)adapter;
    if (nt_late_order(order ? order : "", error, sizeof(error)))
        reply_fail(reply, "%s", error);
    else
        reply_ok(reply, "%lu were late", calls);
}

/* registry NAME | registry NAME=VALUE */
static void command_registry(const struct scenario *scenario, struct ndis_adapter *adapter,
                             char *arguments, struct reply *reply)
{
    char *text = command_word(&arguments), error[160];
    char value[512];

    (void)scenario;
    if (!text)
        reply_fail(reply, "registry needs the name of a value, or NAME=VALUE as for --set");
    else if (!strchr(text, '=') && !adapter_registry(adapter, text, value, sizeof(value)))
        reply_fail(reply, "%s is not in the registry", text);
    else if (!strchr(text, '='))
        reply_ok(reply, "%s", value);
    else if (adapter_registry_set(adapter, text, error, sizeof(error)))
        reply_fail(reply, "%s", error);
    else
        reply_ok(reply, "%s", "");
}

static void command_quit(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    (void)scenario;
    (void)adapter;
    (void)arguments;
    reply->quit = true;
    reply_ok(reply, "%s", "");
}

static const struct command {
    const char *name;
    command_function *run;
    const char *help, *does;
    bool device; /* needs a device, and a machine that is not shut down */
} commands[] = {
    {"pause", command_pause, "pause", "call MiniportPause", false},
    {"restart", command_restart, "restart", "call MiniportRestart", false},
    {"reset", command_reset, "reset", "call MiniportResetEx", false},
    {"power", command_power, "power d3|d2|d1|d0; power d3 halt",
     "change the device power; halt: as for a miniport without power management", false},
    {"cancel", command_cancel, "cancel 1...16",
     "call MiniportCancelSend with a cancel id; the sends have these ids in turn", false},
    {"link", command_link, "link [up|down]",
     "plug or unplug the cable; without argument, print the link state", true},
    {"interrupts", command_interrupts, "interrupts on|off",
     "call the miniport's handlers that enable or disable its interrupts", false},
    {"oid", command_oid, "oid query|stats NAME [LENGTH]; oid set NAME [HEX]",
     "send an OID request to the miniport", false},
    {"rss", command_rss, "rss off|on|table|key",
     "set receive-side scaling (OID_GEN_RECEIVE_SCALE_PARAMETERS)", false},
    {"offload", command_offload, OFFLOAD_SETTINGS_HELP,
     "set task offloads (OID_TCP_OFFLOAD_PARAMETERS, OID_OFFLOAD_ENCAPSULATION)", false},
    {"state", command_state, "state", "print the state, link and power of the adapter", false},
    {"stats", command_stats, "stats", "print the report so far as one line of JSON", false},
    {"fault", command_fault, "fault NAME[@N]|none",
     "arm a fault of the device, or disarm all (--bus model)", true},
    {"step", command_step, "step", "let the device in lockstep do what it was notified of", true},
    {"remove", command_remove, "remove [present]",
     "remove the device by surprise; present: one that still answers", true},
    {"shutdown", command_shutdown, "shutdown [crash]",
     "call MiniportShutdownEx; crash: as after a bug check", false},
    {"send", command_send, "send HEX", "send one frame in any state of the adapter", true},
    {"go", command_go, "go", "start the traffic of a network end with hold=1 (gen)", true},
    {"bad", command_bad, "bad KIND",
     "send a malformed or unusual list; without KIND, list the kinds", true},
    {"wire", command_wire, "wire HEX", "let the device receive a frame", true},
    {"fail", command_fail, "fail FUNCTION[:N]|allocation[:N]|none", "let a call of the driver fail",
     false},
    {"late", command_late, "late timer|workitem|dpc|sg:MS, or none",
     "let calls of that kind come MS later than they could", false},
    {"registry", command_registry, "registry NAME[=VALUE]",
     "print or set a value of the adapter's key; the next Initialize reads it", false},
    {"device", device_command, DEVICE_COMMAND_HELP,
     "do what a program does with a device object of the driver", false},
    {"sleep", command_sleep, "sleep MS", "wait", false},
    {"wait", command_wait, "wait finished|up|down|sent COUNT|received COUNT [MS]",
     "wait for that event, at most 30 s or MS", false},
    {"help", command_help, "help", "list the commands", false},
    {"quit", command_quit, "quit", "end the run", false},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

void commands_help(FILE *out)
{
    size_t i;

    for (i = 0; i < COMMANDS; i++) {
        bool fits = strlen(commands[i].help) <= HELP_COLUMN - 4;

        fprintf(out, "  %s%s%*s%s\n", commands[i].help, fits ? "" : "\n",
                HELP_COLUMN - (fits ? 2 + (int)strlen(commands[i].help) : 0), "", commands[i].does);
    }
}

static void command_help(const struct scenario *scenario, struct ndis_adapter *adapter,
                         char *arguments, struct reply *reply)
{
    size_t used, i;

    (void)scenario;
    (void)adapter;
    (void)arguments;
    reply_ok(reply, "%s", "");
    for (i = 0; i < COMMANDS; i++) {
        used = strlen(reply->text);
        snprintf(reply->text + used, sizeof(reply->text) - used, "%s %s", i ? ";" : "",
                 commands[i].help);
    }
}

/* Removes `@N` from the start of the line. Returns that adapter, or NULL if there is none. */
static struct ndis_adapter *addressee(const struct scenario *scenario, char **line)
{
    unsigned long which = 1;

    *line += strspn(*line, " \t");
    if (**line == '@') {
        char *name = command_word(line);

        if (!command_number(name + 1, scenario->adapter_count, &which) || !which)
            return NULL;
    }
    return scenario->adapters[which - 1];
}

void command_carry_out(const struct scenario *scenario, char *line, struct reply *reply)
{
    struct ndis_adapter *adapter = addressee(scenario, &line);
    char *name = command_word(&line);
    const char *gone;
    char why[96];
    size_t i;

    reply->text[0] = 0;
    reply->quit = false;
    if (!adapter) {
        reply_fail(reply, "there is no such adapter; use @1 to @%u", scenario->adapter_count);
        return;
    }
    for (i = 0; i < COMMANDS; i++)
        if (name && !strcmp(name, commands[i].name)) {
            if (commands[i].device && (gone = adapter_gone(adapter, why, sizeof(why)))) {
                reply_fail(reply, "%s: %s", name, gone);
                return;
            }
            line += strspn(line, " \t");
            if (*line && !strcmp(commands[i].help, name))
                reply_fail(reply, "%s takes no arguments; remove \"%.64s\"", name, line);
            else
                commands[i].run(scenario, adapter, line, reply);
            return;
        }
    reply_fail(reply, "there is no command \"%.64s\"; `help` lists the commands", name ? name : "");
}
