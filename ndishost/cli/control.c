/* SPDX-License-Identifier: MIT */
/* Scenario control, which tests are written in: pause, reset, link, OIDs, faults, frames. */
#include "cli/control.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "bus/bus.h"
#include "cli/command_line.h"
#include "ndis/protocol/bad_send.h"
#include "nt/api/pool.h"

#define LINE_LENGTH  8192
#define OID_LENGTH   2048
#define REPLY_LENGTH 65536 /* a report of an adapter with a long history */
#define FRAME_LENGTH 2048
#define WAIT_DEFAULT 30000 /* ms, of `wait` */
#define HELP_COLUMN  22

struct control {
    int listener; /* -1: standard input */
    int in, out;  /* -1: no client, or the end of it */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char line[LINE_LENGTH];
    size_t length;
    bool too_long; /* the rest of a line that did not fit is thrown away */
    const volatile sig_atomic_t *stop;
    struct ndis_adapter *const *adapters;
    unsigned adapter_count;
};

/* A reply under construction, one line. */
struct reply {
    char text[REPLY_LENGTH];
    bool quit;
};

static void ok(struct reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct reply *reply, const char *head, const char *format, va_list arguments)
{
    int used = snprintf(reply->text, sizeof(reply->text), "%s", head);

    used += vsnprintf(reply->text + used, sizeof(reply->text) - (size_t)used, format, arguments);
    if ((size_t)used >= sizeof(reply->text))
        snprintf(reply->text, sizeof(reply->text),
                 "error the answer has %d characters; room is for %zu", used,
                 sizeof(reply->text) - 1);
}

static void ok(struct reply *reply, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(reply, *format ? "ok " : "ok", format, arguments);
    va_end(arguments);
}

static void fail(struct reply *reply, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(reply, "error ", format, arguments);
    va_end(arguments);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void sleep_ms(unsigned ms)
{
    struct timespec duration = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&duration, NULL);
}

/* The next word of a line, or NULL; *at moves behind it. */
static char *word(char **at)
{
    char *start = *at + strspn(*at, " \t"), *end = start + strcspn(start, " \t");

    if (!*start)
        return NULL;
    *at = *end ? end + 1 : end;
    *end = 0;
    return start;
}

static bool number(const char *text, unsigned long most, unsigned long *value)
{
    char *end;

    if (!text || !isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *value = strtoul(text, &end, 0);
    return !*end && !errno && *value <= most;
}

/* Hexadecimal digits, blanks between them allowed; how many bytes, or -1. */
static int bytes(const char *text, uint8_t *to, size_t room)
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
        fail(reply, "%s", adapter_status_name(status, name, sizeof(name)));
    else
        ok(reply, "%s", "");
}

/* ---- Commands ---- */

typedef void command_function(struct control *control, struct ndis_adapter *adapter,
                              char *arguments, struct reply *reply);

static command_function command_help;

static void command_pause(struct control *control, struct ndis_adapter *adapter, char *arguments,
                          struct reply *reply)
{
    (void)control;
    (void)arguments;
    status_reply(reply, adapter_pause(adapter));
}

static void command_restart(struct control *control, struct ndis_adapter *adapter, char *arguments,
                            struct reply *reply)
{
    (void)control;
    (void)arguments;
    status_reply(reply, adapter_restart(adapter));
}

static void command_reset(struct control *control, struct ndis_adapter *adapter, char *arguments,
                          struct reply *reply)
{
    (void)control;
    (void)arguments;
    status_reply(reply, adapter_reset(adapter));
}

static void command_link(struct control *control, struct ndis_adapter *adapter, char *arguments,
                         struct reply *reply)
{
    char *which = word(&arguments);

    (void)control;
    if (!which)
        ok(reply, "%s", adapter_link_up(adapter) ? "up" : "down");
    else if (strcmp(which, "up") && strcmp(which, "down"))
        fail(reply, "link wants up or down");
    else if (adapter_set_link(adapter, !strcmp(which, "up")))
        fail(reply, "this bus cannot change its link");
    else
        ok(reply, "%s", "");
}

static void oid_reply(struct reply *reply, int32_t status, const uint8_t *buffer, uint32_t done,
                      uint32_t needed, bool show)
{
    char name[64];
    size_t used;
    uint32_t i;

    adapter_status_name(status, name, sizeof(name));
    (status ? fail : ok)(reply, "%s done=%" PRIu32 " needed=%" PRIu32, name, done, needed);
    used = strlen(reply->text);
    for (i = 0; show && i < done && i < OID_LENGTH && used + 4 < sizeof(reply->text); i++)
        used += (size_t)snprintf(reply->text + used, sizeof(reply->text) - used, "%s%02x",
                                 i ? "" : " ", buffer[i]);
}

/* oid query NAME [LENGTH] | oid stats NAME [LENGTH] | oid set NAME [HEX] */
static void command_oid(struct control *control, struct ndis_adapter *adapter, char *arguments,
                        struct reply *reply)
{
    static const char *const kinds[] = {"query", "set", "stats"};
    char *kind = word(&arguments), *name = word(&arguments), *length_word;
    uint8_t buffer[OID_LENGTH];
    unsigned long length = 512;
    uint32_t oid, done, needed;
    int32_t status;
    unsigned k;
    int count;

    (void)control;
    for (k = 0; k < 3 && (!kind || strcmp(kind, kinds[k])); k++)
        ;
    if (k == 3 || !name || !adapter_oid_number(name, &oid)) {
        fail(reply, "oid wants query, set or stats, and the name or number of an OID");
        return;
    }
    memset(buffer, 0, sizeof(buffer));
    if (k == ADAPTER_OID_SET) {
        count = bytes(arguments, buffer, sizeof(buffer));
        length = (unsigned long)count;
    } else {
        length_word = word(&arguments);
        count = !length_word || number(length_word, sizeof(buffer), &length) ? 0 : -1;
    }
    if (count < 0) {
        fail(reply, "oid %s wants %s", kinds[k],
             k == ADAPTER_OID_SET ? "bytes in hexadecimal" : "a length of at most 2048");
        return;
    }
    status = adapter_oid(adapter, (enum adapter_oid_kind)k, oid, buffer, (uint32_t)length, &done,
                         &needed);
    oid_reply(reply, status, buffer, done, needed, k != ADAPTER_OID_SET);
}

static void command_state(struct control *control, struct ndis_adapter *adapter, char *arguments,
                          struct reply *reply)
{
    static const char *const power[] = {"", ", D1", ", D2", ", D3"};

    (void)control;
    (void)arguments;
    ok(reply, "%s, link %s%s", adapter_state_text(adapter),
       adapter_link_up(adapter) ? "up" : "down", power[adapter_power_state(adapter)]);
}

/* The report's members in one line. */
static void command_stats(struct control *control, struct ndis_adapter *adapter, char *arguments,
                          struct reply *reply)
{
    char *json = NULL, *at;
    size_t size;
    FILE *stream = open_memstream(&json, &size);

    (void)control;
    (void)arguments;
    if (!stream) {
        fail(reply, "out of memory");
        return;
    }
    if (strcmp(adapter_state_text(adapter), "Halted"))
        adapter_collect(adapter);
    adapter_report(adapter, stream);
    fclose(stream);
    for (at = json; *at; at++)
        if (*at == '\n')
            *at = ' ';
    ok(reply, "{%s }", json);
    free(json);
}

static void command_fault(struct control *control, struct ndis_adapter *adapter, char *arguments,
                          struct reply *reply)
{
    struct bus *bus = adapter_bus(adapter);
    char line[LINE_LENGTH + 8], error[256] = "";

    (void)control;
    snprintf(line, sizeof(line), "fault %s", arguments);
    if (!bus->ops->command)
        fail(reply, "this bus has no faults");
    else if (bus->ops->command(bus, line, error, sizeof(error)))
        fail(reply, "%s", error);
    else
        ok(reply, "%s", error);
}

static void command_remove(struct control *control, struct ndis_adapter *adapter, char *arguments,
                           struct reply *reply)
{
    char error[128] = "";

    (void)control;
    (void)arguments;
    if (adapter_surprise_remove(adapter, error, sizeof(error)))
        fail(reply, "%s", error);
    else
        ok(reply, "%s", "");
}

static void command_shutdown(struct control *control, struct ndis_adapter *adapter, char *arguments,
                             struct reply *reply)
{
    char *how = word(&arguments);

    (void)control;
    if (how && strcmp(how, "crash"))
        fail(reply, "shutdown wants nothing, or crash");
    else
        status_reply(reply, adapter_shutdown(adapter, how != NULL));
}

/* power dX | power d3 halt */
static void command_power(struct control *control, struct ndis_adapter *adapter, char *arguments,
                          struct reply *reply)
{
    char *state = word(&arguments), *how = word(&arguments);

    (void)control;
    if (!state || strlen(state) != 2 || tolower((unsigned char)state[0]) != 'd' || state[1] < '0' ||
        state[1] > '3' || (how && (strcmp(how, "halt") || state[1] != '3')))
        fail(reply, "power wants d0, d1, d2, d3, or `d3 halt`");
    else if (how)
        status_reply(reply, adapter_power_halt(adapter));
    else
        status_reply(reply, adapter_power(adapter, (unsigned)(state[1] - '0')));
}

/* cancel N: how many frames came back aborted, and how many lists of that id are still out. */
static void command_cancel(struct control *control, struct ndis_adapter *adapter, char *arguments,
                           struct reply *reply)
{
    unsigned long id;
    unsigned outstanding;
    uint64_t aborted;
    int32_t status;

    (void)control;
    if (!number(word(&arguments), adapter_cancel_ids(), &id) || !id) {
        fail(reply, "cancel wants the number of a cancel id, 1 to %u", adapter_cancel_ids());
        return;
    }
    status = adapter_cancel_sends(adapter, (unsigned)id, &aborted, &outstanding);
    if (status)
        status_reply(reply, status);
    else
        ok(reply, "aborted=%" PRIu64 " outstanding=%u", aborted, outstanding);
}

static void command_sleep(struct control *control, struct ndis_adapter *adapter, char *arguments,
                          struct reply *reply)
{
    unsigned long ms;
    uint64_t until;

    (void)adapter;
    if (!number(word(&arguments), 86400000, &ms)) {
        fail(reply, "sleep wants milliseconds");
        return;
    }
    until = now_ms() + ms;
    while (now_ms() < until && !*control->stop)
        sleep_ms(until - now_ms() < 10 ? 1 : 10);
    ok(reply, "%s", "");
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
static void command_wait(struct control *control, struct ndis_adapter *adapter, char *arguments,
                         struct reply *reply)
{
    char *what = word(&arguments);
    unsigned long count = 0, timeout = WAIT_DEFAULT;
    bool counts = what && (!strcmp(what, "sent") || !strcmp(what, "received"));
    char *last;
    uint64_t until;

    if (!what ||
        (!counts && strcmp(what, "finished") && strcmp(what, "up") && strcmp(what, "down")) ||
        (counts && !number(word(&arguments), 0xFFFFFFFFul, &count)) ||
        ((last = word(&arguments)) && !number(last, 86400000, &timeout))) {
        fail(reply, "wait wants finished, up, down, sent COUNT or received COUNT, and a timeout "
                    "in ms");
        return;
    }
    until = now_ms() + timeout;
    while (!reached(adapter, what, count) && now_ms() < until && !*control->stop)
        sleep_ms(1);
    if (reached(adapter, what, count))
        ok(reply, "%s", "");
    else
        fail(reply, "not within %lu ms", timeout);
}

static void command_send(struct control *control, struct ndis_adapter *adapter, char *arguments,
                         struct reply *reply)
{
    uint8_t frame[FRAME_LENGTH];
    int length = bytes(arguments, frame, sizeof(frame));
    char name[64];
    int32_t status;

    (void)control;
    if (length < 0) {
        fail(reply, "send wants a frame in hexadecimal, of at most %d bytes", FRAME_LENGTH);
        return;
    }
    if (adapter_send_frame(adapter, frame, (uint32_t)length, &status))
        fail(reply, "the frame was not taken, or did not come back within 30 s");
    else if (status)
        fail(reply, "%s", adapter_status_name(status, name, sizeof(name)));
    else
        ok(reply, "%s", "");
}

/* go: a network end that holds begins. */
static void command_go(struct control *control, struct ndis_adapter *adapter, char *arguments,
                       struct reply *reply)
{
    struct net *net = adapter_net(adapter);
    char error[128];

    (void)control;
    (void)arguments;
    if (!net->ops->go)
        fail(reply, "this network end does not hold");
    else if (net->ops->go(net, error, sizeof(error)))
        fail(reply, "%s", error);
    else
        ok(reply, "%s", "");
}

/* bad KIND: a malformed or awkward list. */
static void command_bad(struct control *control, struct ndis_adapter *adapter, char *arguments,
                        struct reply *reply)
{
    char *kind = word(&arguments), text[1024];

    (void)control;
    if (bad_send(adapter, kind ? kind : "", text, sizeof(text)))
        fail(reply, "%s", text);
    else
        ok(reply, "%s", text);
}

/* wire HEX: a frame that comes to the device. */
static void command_wire(struct control *control, struct ndis_adapter *adapter, char *arguments,
                         struct reply *reply)
{
    uint8_t frame[FRAME_LENGTH];
    int length = bytes(arguments, frame, sizeof(frame));

    (void)control;
    if (length < 14)
        fail(reply, "wire wants a frame in hexadecimal, of 14 to %d bytes", FRAME_LENGTH);
    else if (adapter_wire_send(adapter, frame, (size_t)length))
        fail(reply, "the frame was not taken");
    else
        ok(reply, "%s", "");
}

/* fail FUNCTION[:N] | fail none; how often the last one failed */
static void command_fail(struct control *control, struct ndis_adapter *adapter, char *arguments,
                         struct reply *reply)
{
    char *name = word(&arguments), error[160];
    unsigned long failed = nt_calls_failed();

    (void)control;
    (void)adapter;
    if (!name)
        fail(reply, "fail wants the name of an exported function, or allocation, with :N behind it "
                    "for the N-th call (-N: that and all after it), or none");
    else if (command_line_fail(name, error, sizeof(error)))
        fail(reply, "%s", error);
    else
        ok(reply, "%lu failed", failed);
}

static void command_quit(struct control *control, struct ndis_adapter *adapter, char *arguments,
                         struct reply *reply)
{
    (void)control;
    (void)adapter;
    (void)arguments;
    reply->quit = true;
    ok(reply, "%s", "");
}

static const struct command {
    const char *name;
    command_function *run;
    const char *help, *does;
} commands[] = {
    {"pause", command_pause, "pause", "MiniportPause"},
    {"restart", command_restart, "restart", "MiniportRestart"},
    {"reset", command_reset, "reset", "MiniportResetEx"},
    {"power", command_power, "power d3|d2|d1|d0; power d3 halt",
     "device power and what NDIS does around it; halt: without power management"},
    {"cancel", command_cancel, "cancel 1...16",
     "MiniportCancelSend for a cancel id; sends are marked with them in turn"},
    {"link", command_link, "link [up|down]", "the cable; alone, what the miniport says of it"},
    {"oid", command_oid, "oid query|stats NAME [LENGTH]; oid set NAME [HEX]", "an OID request"},
    {"state", command_state, "state", "the adapter's state, link and power"},
    {"stats", command_stats, "stats", "the report so far, in one line of JSON"},
    {"fault", command_fault, "fault NAME[@N]|none", "makes the device misbehave (--bus model)"},
    {"remove", command_remove, "remove", "pulls the device out"},
    {"shutdown", command_shutdown, "shutdown [crash]", "MiniportShutdownEx"},
    {"send", command_send, "send HEX", "one frame, whatever the adapter's state"},
    {"go", command_go, "go", "lets a network end begin that holds (gen:hold=1)"},
    {"bad", command_bad, "bad KIND",
     "sends a malformed or awkward list; `bad` alone names the kinds"},
    {"wire", command_wire, "wire HEX", "a frame that comes to the device"},
    {"fail", command_fail, "fail FUNCTION[:N]|allocation[:N]|none",
     "makes a call of the driver's fail"},
    {"sleep", command_sleep, "sleep MS", "waits"},
    {"wait", command_wait, "wait finished|up|down|sent COUNT|received COUNT [MS]",
     "waits until then; at most 30 s, or MS"},
    {"help", command_help, "help", "the commands"},
    {"quit", command_quit, "quit", "ends the run"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

void control_help(FILE *out)
{
    size_t i;

    for (i = 0; i < COMMANDS; i++) {
        bool fits = strlen(commands[i].help) <= HELP_COLUMN - 4;

        fprintf(out, "  %s%s%*s%s\n", commands[i].help, fits ? "" : "\n",
                HELP_COLUMN - (fits ? 2 + (int)strlen(commands[i].help) : 0), "", commands[i].does);
    }
}

static void command_help(struct control *control, struct ndis_adapter *adapter, char *arguments,
                         struct reply *reply)
{
    size_t used, i;

    (void)control;
    (void)adapter;
    (void)arguments;
    ok(reply, "%s", "");
    for (i = 0; i < COMMANDS; i++) {
        used = strlen(reply->text);
        snprintf(reply->text + used, sizeof(reply->text) - used, "%s %s", i ? ";" : "",
                 commands[i].help);
    }
}

/* Takes the `@N` off the line that begins with one. NULL: there is no such adapter. */
static struct ndis_adapter *addressee(const struct control *control, char **line)
{
    unsigned long which = 1;

    *line += strspn(*line, " \t");
    if (**line == '@') {
        char *name = word(line);

        if (!number(name + 1, control->adapter_count, &which) || !which)
            return NULL;
    }
    return control->adapters[which - 1];
}

static void carry_out(struct control *control, char *line, struct reply *reply)
{
    struct ndis_adapter *adapter = addressee(control, &line);
    char *name = word(&line);
    size_t i;

    reply->text[0] = 0;
    reply->quit = false;
    if (!adapter) {
        fail(reply, "there is no such adapter; they are numbered from @1 to @%u",
             control->adapter_count);
        return;
    }
    for (i = 0; i < COMMANDS; i++)
        if (name && !strcmp(name, commands[i].name)) {
            line += strspn(line, " \t");
            if (*line && !strcmp(commands[i].help, name))
                fail(reply, "%s wants nothing after it, and was given \"%s\"", name, line);
            else
                commands[i].run(control, adapter, line, reply);
            return;
        }
    fail(reply, "there is no command \"%s\"; help lists them", name ? name : "");
}

/* ---- Lines in, replies out ---- */

static void client_gone(struct control *control)
{
    if (control->listener >= 0 && control->in >= 0)
        close(control->in);
    control->in = control->out = -1;
    control->length = 0;
    control->too_long = false;
}

static void answer(struct control *control, const struct reply *reply)
{
    char text[sizeof(reply->text) + 1];
    size_t length = (size_t)snprintf(text, sizeof(text), "%s\n", reply->text), done = 0;

    while (done < length) {
        ssize_t n = write(control->out, text + done, length - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
}

/* Carries out the complete lines in the buffer. false: quit. */
static bool serve_lines(struct control *control)
{
    struct reply reply;
    char *end;

    while ((end = memchr(control->line, '\n', control->length))) {
        size_t used = (size_t)(end - control->line) + 1;
        bool whole = !control->too_long;

        *end = 0;
        if (used > 1 && end[-1] == '\r')
            end[-1] = 0;
        control->too_long = false;
        if (whole && control->line[strspn(control->line, " \t")] &&
            control->line[strspn(control->line, " \t")] != '#') {
            carry_out(control, control->line, &reply);
            answer(control, &reply);
            if (reply.quit)
                return false;
        }
        memmove(control->line, control->line + used, control->length - used);
        control->length -= used;
    }
    if (control->length == sizeof(control->line)) {
        struct reply error;

        fail(&error, "a line of more than %d bytes", LINE_LENGTH);
        answer(control, &error);
        control->length = 0;
        control->too_long = true;
    }
    return true;
}

/* A connection, or bytes of one. */
static bool serve_ready(struct control *control)
{
    ssize_t n;

    if (control->in < 0) {
        control->in = control->out = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
        return true;
    }
    n = read(control->in, control->line + control->length, sizeof(control->line) - control->length);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0) {
        client_gone(control);
        return true;
    }
    control->length += (size_t)n;
    return serve_lines(control);
}

bool control_serve(struct control *control, struct ndis_adapter *const *adapters, unsigned count,
                   int milliseconds, const volatile sig_atomic_t *stop)
{
    struct pollfd ready = {control->in >= 0 ? control->in : control->listener, POLLIN, 0};

    control->stop = stop;
    control->adapters = adapters;
    control->adapter_count = count;
    /* poll ignores an fd of -1: after the end of standard input this is a plain wait */
    if (poll(&ready, 1, milliseconds) <= 0)
        return true;
    return serve_ready(control);
}

bool control_ended(const struct control *control)
{
    return control->listener < 0 && control->in < 0;
}

/* ---- Opening ---- */

static int socket_open(struct control *control, char *error, size_t error_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;

    memcpy(address.sun_path, control->path, sizeof(address.sun_path));
    if (!lstat(control->path, &status) && S_ISSOCK(status.st_mode))
        unlink(control->path);
    control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control->listener < 0 ||
        bind(control->listener, (struct sockaddr *)&address, sizeof(address)) ||
        listen(control->listener, 4)) {
        snprintf(error, error_size, "--control %s: %s", control->path, strerror(errno));
        control->path[0] = 0; /* it is not ours to remove */
        return -1;
    }
    return 0;
}

struct control *control_open(const char *where, char *error, size_t error_size)
{
    struct control *control = calloc(1, sizeof(*control));

    if (!control) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    control->listener = control->in = control->out = -1;
    if (!strcmp(where, "-")) {
        control->in = STDIN_FILENO;
        control->out = STDOUT_FILENO;
        return control;
    }
    if (strlen(where) >= sizeof(control->path)) {
        snprintf(error, error_size, "--control %.200s: the path is longer than %zu bytes", where,
                 sizeof(control->path) - 1);
        free(control);
        return NULL;
    }
    strcpy(control->path, where);
    if (socket_open(control, error, error_size)) {
        control_close(control);
        return NULL;
    }
    return control;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    client_gone(control);
    if (control->listener >= 0)
        close(control->listener);
    if (control->path[0])
        unlink(control->path);
    free(control);
}
