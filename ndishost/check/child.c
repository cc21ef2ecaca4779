/* SPDX-License-Identifier: MIT */
/* A run of ndishost in a process of its own; see child.h. */
#include "check/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 40

double child_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* In the child, between fork and exec. Its report goes to a descriptor that has no name in any file system. */
static void become(struct child *child, int in, int out, const char *bus, const char *net,
                   const char *const *options, const char *driver)
{
    const char *words[WORDS_MAX] = {"ndishost", "run",    "--bus", bus,         "--net",
                                    net,        "--seed", "1",     "--control", "-"};
    char report[40];
    size_t count = 10;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(report, sizeof(report), "/proc/self/fd/%d", fileno(child->report_file));
    words[count++] = "--json";
    words[count++] = report;
    while (*options && count < WORDS_MAX - 2)
        words[count++] = *options++;
    words[count++] = driver;
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(fileno(child->log_file), STDERR_FILENO) >= 0)
        execv("/proc/self/exe", (char **)words);
    _exit(127);
}

static void close_pair(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

int child_start(struct child *child, const char *bus, const char *net, const char *const *options,
                const char *driver)
{
    int in[2], out[2];

    memset(child, 0, sizeof(*child));
    child->in = child->out = -1;
    child->log_file = tmpfile();
    child->report_file = tmpfile();
    if (!child->log_file || !child->report_file || pipe(in))
        return -1;
    if (pipe(out)) {
        close_pair(in);
        return -1;
    }
    fflush(NULL);
    child->pid = fork();
    if (!child->pid) {
        close(in[1]);
        close(out[0]);
        become(child, in[0], out[1], bus, net, options, driver);
    }
    close(in[0]);
    close(out[1]);
    child->in = in[1];
    child->out = out[0];
    return child->pid < 0 ? -1 : 0;
}

static void kill_it(struct child *child)
{
    child->hung = true;
    kill(child->pid, SIGKILL);
}

/* A line is in the buffer, or the child has ended or was killed. */
static bool wait_line(struct child *child, double until)
{
    struct pollfd ready = {child->out, POLLIN, 0};
    ssize_t got;

    while (!memchr(child->buffer, '\n', child->length)) {
        double left = until - child_now();

        if (left <= 0 || child->length == sizeof(child->buffer)) {
            kill_it(child);
            return false;
        }
        if (poll(&ready, 1, (int)(left * 1000) + 1) <= 0)
            continue;
        got =
            read(child->out, child->buffer + child->length, sizeof(child->buffer) - child->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        child->length += (size_t)got;
    }
    return true;
}

bool child_ask(struct child *child, const char *line, unsigned seconds, char *reply, size_t size)
{
    size_t length;

    *reply = 0;
    if (child->hung || dprintf(child->in, "%s\n", line) < 0 ||
        !wait_line(child, child_now() + seconds))
        return false;
    length = (size_t)((char *)memchr(child->buffer, '\n', child->length) - child->buffer);
    snprintf(reply, size, "%.*s", (int)length, child->buffer);
    child->length -= length + 1;
    memmove(child->buffer, child->buffer + length + 1, child->length);
    return !strcmp(reply, "ok") || !strncmp(reply, "ok ", 3);
}

/* The whole file as a string. */
static char *contents(FILE *file)
{
    long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : 0;
    char *text = calloc(1, (size_t)(size > 0 ? size : 0) + 1);

    if (text && size > 0) {
        rewind(file);
        if (fread(text, 1, (size_t)size, file) != (size_t)size)
            *text = 0;
    }
    return text;
}

void child_end(struct child *child, unsigned seconds)
{
    double until = child_now() + seconds;
    int how = 0;

    if (child->in >= 0) {
        dprintf(child->in, "quit\n");
        close(child->in);
    }
    while (waitpid(child->pid, &how, WNOHANG) == 0) {
        struct timespec tick = {0, 5000000};

        if (child_now() > until)
            kill_it(child);
        nanosleep(&tick, NULL);
    }
    if (child->out >= 0)
        close(child->out);
    child->in = child->out = -1;
    child->status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
    child->log = contents(child->log_file);
    child->report = contents(child->report_file);
}

void child_free(struct child *child)
{
    if (child->log_file)
        fclose(child->log_file);
    if (child->report_file)
        fclose(child->report_file);
    free(child->log);
    free(child->report);
}

uint64_t report_number(const char *report, const char *object, const char *name)
{
    char key[64];
    const char *at = report;

    if (object) {
        snprintf(key, sizeof(key), "\"%s\": {", object);
        at = strstr(report, key);
    }
    snprintf(key, sizeof(key), "\"%s\": ", name);
    at = at ? strstr(at, key) : NULL;
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}
