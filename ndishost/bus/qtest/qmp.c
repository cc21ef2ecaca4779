/* SPDX-License-Identifier: MIT */
/*
 * QEMU writes each reply and each event as one line. The member that tells them apart comes first or
 * second, so that the start of a line is enough and no JSON parser is needed.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "bus/qtest/qmp.h"

#define PATIENCE_MS 30000 /* for a reply: QEMU may be starting on a busy machine */
#define LINE_BYTES  8192  /* longer lines lose their ends, which nobody looks at */

struct qmp {
    int fd;
    pthread_mutex_t lock;
    char version[32];
    char line[LINE_BYTES];
    size_t length;
    char input[1024];
    size_t input_at, input_length;
};

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* false: the end, or nothing came before `until`. */
static bool more_input(struct qmp *qmp, long long until)
{
    struct pollfd wait = {.fd = qmp->fd, .events = POLLIN};
    ssize_t got = -1;

    while (got < 0) {
        long long left = until - now_ms();

        if (left <= 0 || poll(&wait, 1, (int)left) == 0)
            return false;
        got = recv(qmp->fd, qmp->input, sizeof qmp->input, MSG_DONTWAIT);
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return false;
    }
    qmp->input_at = 0;
    qmp->input_length = got;
    return got > 0;
}

/* One line to qmp->line, without its end. false: as above. */
static bool read_line(struct qmp *qmp, long long until)
{
    qmp->length = 0;
    for (;;) {
        while (qmp->input_at < qmp->input_length) {
            char c = qmp->input[qmp->input_at++];

            if (c == '\n') {
                qmp->line[qmp->length] = 0;
                return true;
            }
            if (c != '\r' && qmp->length < sizeof qmp->line - 1)
                qmp->line[qmp->length++] = c;
        }
        if (!more_input(qmp, until))
            return false;
    }
}

/* The text of the first string member `name`, as it stands there, escapes and all. */
static void copy_string(const char *line, const char *name, char *text, size_t size)
{
    const char *at = strstr(line, name);
    size_t n = 0;

    at = at ? strchr(at + strlen(name), '"') : NULL;
    while (at && *++at && *at != '"' && n + 1 < size) {
        if (*at == '\\' && at[1])
            at++;
        text[n++] = *at;
    }
    text[n] = 0;
}

static int execute(struct qmp *qmp, const char *command, char *error, size_t error_size)
{
    long long until = now_ms() + PATIENCE_MS;

    if (send(qmp->fd, command, strlen(command), MSG_NOSIGNAL) < 0 ||
        send(qmp->fd, "\n", 1, MSG_NOSIGNAL) < 0) {
        snprintf(error, error_size, "QEMU has ended");
        return -1;
    }
    while (read_line(qmp, until)) {
        if (strncmp(qmp->line, "{\"return\"", 9) == 0)
            return 0;
        if (strncmp(qmp->line, "{\"error\"", 8) == 0) {
            copy_string(qmp->line, "\"desc\":", error, error_size);
            return -1;
        }
    }
    snprintf(error, error_size, "QEMU's monitor does not answer");
    return -1;
}

int qmp_execute(struct qmp *qmp, const char *command, char *error, size_t error_size)
{
    int result;

    pthread_mutex_lock(&qmp->lock);
    result = execute(qmp, command, error, error_size);
    pthread_mutex_unlock(&qmp->lock);
    return result;
}

bool qmp_wait_event(struct qmp *qmp, const char *event, int milliseconds)
{
    long long until = now_ms() + milliseconds;
    char name[64];
    bool found = false;

    snprintf(name, sizeof name, "\"event\": \"%s\"", event);
    pthread_mutex_lock(&qmp->lock);
    while (!found && read_line(qmp, until))
        found = strstr(qmp->line, name) != NULL;
    pthread_mutex_unlock(&qmp->lock);
    return found;
}

static unsigned number_behind(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    return at ? (unsigned)strtoul(at + strlen(name), NULL, 10) : 0;
}

static bool greet(struct qmp *qmp)
{
    char error[128];

    if (!read_line(qmp, now_ms() + PATIENCE_MS) || strncmp(qmp->line, "{\"QMP\"", 6) != 0)
        return false;
    snprintf(qmp->version, sizeof qmp->version, "%u.%u.%u", number_behind(qmp->line, "\"major\": "),
             number_behind(qmp->line, "\"minor\": "), number_behind(qmp->line, "\"micro\": "));
    return execute(qmp, "{\"execute\": \"qmp_capabilities\"}", error, sizeof error) == 0;
}

struct qmp *qmp_open(int fd)
{
    struct qmp *qmp = calloc(1, sizeof *qmp);

    if (!qmp) {
        close(fd);
        return NULL;
    }
    qmp->fd = fd;
    pthread_mutex_init(&qmp->lock, NULL);
    if (greet(qmp))
        return qmp;
    qmp_close(qmp);
    return NULL;
}

const char *qmp_version(const struct qmp *qmp)
{
    return qmp->version;
}

void qmp_close(struct qmp *qmp)
{
    close(qmp->fd);
    pthread_mutex_destroy(&qmp->lock);
    free(qmp);
}
