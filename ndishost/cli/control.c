/* SPDX-License-Identifier: MIT */
/* Where the lines of scenario control come from, and where replies go; the commands are in commands.c. */
#include "cli/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_LENGTH (2 * COMMAND_FRAME + 1024)
#define CLIENT_WAIT 10000 /* ms that a client may take to read a reply */
#define LAST_WAIT   500   /* the same, when the run is to end */
#define SLICE       50    /* ms between looks at whether it is */

struct control {
    int listener; /* -1: standard input */
    int in, out;  /* -1: no client, or the end of it */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char line[LINE_LENGTH];
    size_t length;
    bool lost;     /* standard output took not all of a reply */
    bool too_long; /* the rest of a line that did not fit is discarded */
    struct reply reply;
};

/* ---- Replies ---- */

static void client_gone(struct control *control)
{
    if (control->listener >= 0 && control->in >= 0)
        close(control->in);
    control->in = control->out = -1;
    control->length = 0;
    control->too_long = false;
}

/* What fits now. A write of up to PIPE_BUF bytes to a pipe that polls writable does not block. */
static ssize_t write_some(const struct control *control, const char *text, size_t length)
{
    struct pollfd ready = {control->out, POLLOUT, 0};

    if (poll(&ready, 1, SLICE) <= 0)
        return 0;
    if (control->listener >= 0)
        return send(control->out, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return write(control->out, text, length < PIPE_BUF ? length : PIPE_BUF);
}

/* Of a socket's client that is gone the end of its connection tells. */
static void reply_lost(struct control *control)
{
    if (control->listener >= 0)
        return;
    if (!control->lost)
        fprintf(stderr, "ndishost: --control -: cannot write a reply to standard output: %s\n",
                strerror(errno));
    control->lost = true;
}

/* A client that does not read is given up, so that it holds up nobody. */
static void answer(struct control *control, const struct scenario *scenario)
{
    uint64_t start = scenario_now_ms();
    size_t length = strlen(control->reply.text), done = 0;

    control->reply.text[length++] = '\n'; /* in the place of the final 0 */
    while (done < length) {
        ssize_t n = write_some(control, control->reply.text + done, length - done);
        unsigned limit = scenario_over(scenario) ? LAST_WAIT : CLIENT_WAIT;

        if (n > 0) {
            done += (size_t)n;
            start = scenario_now_ms();
        } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
            reply_lost(control);
            return;
        } else if (scenario_now_ms() - start > limit) {
            fprintf(stderr, "ndishost: --control: the client does not read its replies; it is "
                            "disconnected\n");
            client_gone(control);
            return;
        }
    }
}

/* ---- Lines ---- */

/* One line, which ends in 0. false: quit. */
static bool serve_line(struct control *control, const struct scenario *scenario, char *line)
{
    size_t length = strlen(line);

    if (length && line[length - 1] == '\r')
        line[length - 1] = 0;
    control->reply.quit = false;
    if (control->too_long)
        reply_fail(&control->reply, "a line of more than %d bytes", LINE_LENGTH - 1);
    else if (!line[strspn(line, " \t")] || line[strspn(line, " \t")] == '#')
        return true;
    else
        command_carry_out(scenario, line, &control->reply);
    control->too_long = false;
    answer(control, scenario);
    return !control->reply.quit;
}

/* Carries out the complete lines in the buffer. false: quit. */
static bool serve_lines(struct control *control, const struct scenario *scenario)
{
    char *end;

    while ((end = memchr(control->line, '\n', control->length)) && !scenario_over(scenario)) {
        size_t used = (size_t)(end - control->line) + 1;

        *end = 0;
        if (!serve_line(control, scenario, control->line))
            return false;
        if (control->in < 0)
            return true;
        memmove(control->line, control->line + used, control->length - used);
        control->length -= used;
    }
    if (control->length == sizeof(control->line) && !end) {
        control->length = 0;
        control->too_long = true;
    }
    return true;
}

/* The input has ended, maybe in the middle of a line. false: quit. */
static bool serve_last(struct control *control, const struct scenario *scenario)
{
    bool go_on = true;

    if (control->length || control->too_long) {
        control->line[control->length] = 0; /* a full buffer is too_long, and empty */
        go_on = serve_line(control, scenario, control->line);
    }
    client_gone(control);
    return go_on;
}

/* A connection, or bytes of one. */
static bool serve_ready(struct control *control, const struct scenario *scenario)
{
    ssize_t n;

    if (control->in < 0) {
        control->in = control->out = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
        return true;
    }
    n = read(control->in, control->line + control->length, sizeof(control->line) - control->length);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        return serve_last(control, scenario);
    control->length += (size_t)n;
    return serve_lines(control, scenario);
}

static bool over(void *scenario)
{
    return scenario_over(scenario);
}

bool control_serve(struct control *control, struct scenario *scenario, int milliseconds)
{
    struct pollfd ready = {control->in >= 0 ? control->in : control->listener, POLLIN, 0};
    unsigned i;

    for (i = 0; i < scenario->adapter_count; i++)
        adapter_wait_until(scenario->adapters[i], over, scenario);
    /* poll ignores an fd of -1: after the end of standard input this is a plain wait */
    if (poll(&ready, 1, milliseconds) <= 0)
        return true;
    return serve_ready(control, scenario);
}

bool control_ended(const struct control *control)
{
    return control->listener < 0 && control->in < 0;
}

bool control_lost(const struct control *control)
{
    return control->lost;
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
