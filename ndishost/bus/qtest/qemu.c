/* SPDX-License-Identifier: MIT */
/*
 * The process. One thread starts it, reads its stderr and waits for it: PR_SET_PDEATHSIG counts the
 * death of the thread that forked, so that thread must live as long as QEMU is to.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bus/qtest/argv.h"
#include "bus/qtest/qemu.h"
#include "bus/thread.h"
#include "nt/machine/phys.h"

#define END_PATIENCE_MS  2000  /* a socket closed: the process's end is near */
#define TERM_PATIENCE_MS 2000  /* between SIGTERM and SIGKILL */
#define ROM_BYTES        65536 /* the smallest that QEMU takes */
#define LINE_BYTES       1024

struct qemu {
    struct qemu_command command;
    struct qemu_fds fds; /* QEMU's ends */
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    pid_t pid;       /* 0: not yet, or reaped */
    int start_error; /* errno of fork or exec */
    bool started, ended, ours_to_end, pass_words;
    int status;            /* of waitpid */
    char said[LINE_BYTES]; /* the last line of stderr, the best one */

    char line[LINE_BYTES]; /* the thread's alone: a line not yet whole */
    size_t line_length;
};

/* --- the child --- */

static void child(const struct qemu *qemu, int stderr_fd, int report_fd, pid_t parent)
{
    const int keep[] = {qemu->fds.qtest, qemu->fds.qmp, qemu->fds.wire, qemu->fds.memory,
                        qemu->fds.rom};
    sigset_t none;
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    setsid(); /* Ctrl-C is for us: the driver is halted first */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(null, 0);
    dup2(stderr_fd, 1);
    dup2(stderr_fd, 2);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
        if (keep[i] >= 0)
            fcntl(keep[i], F_SETFD, 0);
    execvp(qemu->command.argv[0], qemu->command.argv);
    if (write(report_fd, &errno, sizeof errno) < 0)
        _exit(126);
    _exit(127);
}

/* --- the thread --- */

/* QEMU puts its program's name before an error; what it says without one comes before or after
 * that. */
static void keep_line(struct qemu *qemu)
{
    const char *text = qemu->line;
    const char *name = strrchr(qemu->command.argv[0], '/');
    size_t length;
    bool pass;

    name = name ? name + 1 : qemu->command.argv[0];
    length = strlen(name);
    if (strncmp(text, name, length) == 0 && strncmp(text + length, ": ", 2) == 0)
        text += length + 2;
    if (!*text)
        return;
    pthread_mutex_lock(&qemu->lock);
    memcpy(qemu->said, text, strlen(text) + 1);
    pass = qemu->pass_words && !qemu->ours_to_end;
    pthread_mutex_unlock(&qemu->lock);
    if (pass)
        fprintf(stderr, "qemu: %s\n", text);
}

/* false: nothing there, or the end. */
static bool read_words(struct qemu *qemu, int fd)
{
    char text[512];
    ssize_t got;

    do
        got = read(fd, text, sizeof text);
    while (got < 0 && errno == EINTR);
    for (ssize_t i = 0; i < got; i++) {
        if (text[i] == '\n' || qemu->line_length == sizeof qemu->line - 1) {
            qemu->line[qemu->line_length] = 0;
            keep_line(qemu);
            qemu->line_length = 0;
        }
        if (text[i] != '\n' && text[i] != '\r')
            qemu->line[qemu->line_length++] = text[i];
    }
    return got > 0;
}

/* Reads until the process has ended (a child of its own might hold stderr open for longer). */
static void watch(struct qemu *qemu, pid_t pid, int stderr_fd)
{
    int process = pidfd_open(pid, 0);
    struct pollfd wait[2] = {{.fd = stderr_fd, .events = POLLIN},
                             {.fd = process, .events = POLLIN}};

    fcntl(stderr_fd, F_SETFL, O_NONBLOCK);
    while (!(wait[1].revents & POLLIN)) {
        if (poll(wait, 2, -1) < 0)
            continue;
        if (wait[0].revents && !read_words(qemu, stderr_fd)) {
            if (process < 0)
                break;
            wait[0].fd = -1;
        }
    }
    while (read_words(qemu, stderr_fd))
        ;
    qemu->line[qemu->line_length] = 0;
    keep_line(qemu);
    if (process >= 0)
        close(process);
}

/* Reaped under the lock, so that nobody signals a process number that has become another's. */
static void reap(struct qemu *qemu, pid_t pid)
{
    siginfo_t info;

    while (waitid(P_PID, pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&qemu->lock);
    if (waitpid(pid, &qemu->status, 0) < 0)
        qemu->status = 0;
    qemu->pid = 0;
    qemu->ended = true;
    pthread_cond_broadcast(&qemu->changed);
    pthread_mutex_unlock(&qemu->lock);
}

static void report_start(struct qemu *qemu, pid_t pid, int error)
{
    pthread_mutex_lock(&qemu->lock);
    qemu->pid = pid;
    qemu->start_error = error;
    qemu->started = true;
    pthread_cond_broadcast(&qemu->changed);
    pthread_mutex_unlock(&qemu->lock);
}

static void *supervise(void *argument)
{
    struct qemu *qemu = argument;
    int words[2] = {-1, -1}, report[2] = {-1, -1}, error = 0;
    pid_t pid = -1, parent = getpid();

    if (pipe2(words, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        error = errno;
    if (pid == 0)
        child(qemu, words[1], report[1], parent);
    close(words[1]);
    close(report[1]);
    if (pid > 0 && read(report[0], &error, sizeof error) != sizeof error)
        error = 0;
    report_start(qemu, pid > 0 ? pid : 0, error);
    if (pid > 0) {
        watch(qemu, pid, words[0]);
        reap(qemu, pid);
    }
    close(words[0]);
    close(report[0]);
    return NULL;
}

/* --- start --- */

/* A ROM that does nothing: at the reset vector CLI, HLT, and back to HLT. */
static int make_rom(void)
{
    static const unsigned char reset[] = {0xfa, 0xf4, 0xeb, 0xfd};
    int fd = memfd_create("ndishost-rom", MFD_CLOEXEC);

    if (fd >= 0 && (ftruncate(fd, ROM_BYTES) < 0 ||
                    pwrite(fd, reset, sizeof reset, ROM_BYTES - 16) != (ssize_t)sizeof reset)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int pair(int *ours, int *theirs)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    *ours = ends[0];
    *theirs = ends[1];
    return 0;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void close_streams(const struct qemu_streams *streams)
{
    close_all((const int[]){streams->qtest, streams->qmp, streams->wire}, 3);
}

static void close_theirs(struct qemu *qemu)
{
    close_all((const int[]){qemu->fds.qtest, qemu->fds.qmp, qemu->fds.wire, qemu->fds.rom}, 4);
}

static int make_streams(struct qemu *qemu, struct qemu_streams *streams, bool own_wire)
{
    *streams = (struct qemu_streams){-1, -1, -1};
    qemu->fds = (struct qemu_fds){-1, -1, -1, phys_fd(), -1, phys_bytes()};
    if (pair(&streams->qtest, &qemu->fds.qtest) < 0 || pair(&streams->qmp, &qemu->fds.qmp) < 0 ||
        (own_wire && pair(&streams->wire, &qemu->fds.wire) < 0))
        return -1;
    qemu->fds.rom = make_rom();
    return qemu->fds.rom < 0 ? -1 : 0;
}

static int start_thread(struct qemu *qemu, char *error, size_t error_size)
{
    int failed = bus_thread_start(&qemu->thread, "qemu", supervise, qemu);

    if (failed) {
        snprintf(error, error_size, "cannot start a thread: %s", strerror(failed));
        return -1;
    }
    pthread_mutex_lock(&qemu->lock);
    while (!qemu->started)
        pthread_cond_wait(&qemu->changed, &qemu->lock);
    failed = qemu->start_error;
    pthread_mutex_unlock(&qemu->lock);
    if (!failed)
        return 0;
    pthread_join(qemu->thread, NULL);
    snprintf(error, error_size,
             failed == ENOENT ? "there is no QEMU (%s): install the package qemu-system-x86, or "
                                "set NDISHOST_QEMU to its path"
                              : "cannot start QEMU (%s): %s",
             qemu->command.argv[0], strerror(failed));
    return -1;
}

static struct qemu *qemu_new(void)
{
    struct qemu *qemu = calloc(1, sizeof *qemu);
    pthread_condattr_t attributes;

    if (!qemu)
        return NULL;
    pthread_mutex_init(&qemu->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&qemu->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return qemu;
}

static void qemu_free(struct qemu *qemu)
{
    qemu_command_free(&qemu->command);
    pthread_cond_destroy(&qemu->changed);
    pthread_mutex_destroy(&qemu->lock);
    free(qemu);
}

struct qemu *qemu_start(const char *arguments, struct qemu_streams *streams, char *error,
                        size_t error_size)
{
    const char *program = getenv("NDISHOST_QEMU");
    struct qemu *qemu = qemu_new();
    char **words;
    bool own_wire;

    if (!qemu) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    words = qemu_words(arguments, &qemu->command, &own_wire, error, error_size);
    if (!words) {
        qemu_free(qemu);
        return NULL;
    }
    if (make_streams(qemu, streams, own_wire) < 0) {
        snprintf(error, error_size, "cannot create the sockets for QEMU: %s", strerror(errno));
        argv_free(words);
    } else if (qemu_command_make(&qemu->command,
                                 program && *program ? program : "qemu-system-x86_64", words,
                                 &qemu->fds) < 0) {
        snprintf(error, error_size, "out of memory");
    } else if (start_thread(qemu, error, error_size) == 0) {
        close_theirs(qemu);
        return qemu;
    }
    close_theirs(qemu);
    close_streams(streams);
    qemu_free(qemu);
    return NULL;
}

const char *qemu_device(const struct qemu *qemu)
{
    return qemu->command.device;
}

const char *qemu_driver(const struct qemu *qemu)
{
    return qemu->command.driver;
}

void qemu_pass_words(struct qemu *qemu)
{
    pthread_mutex_lock(&qemu->lock);
    qemu->pass_words = true;
    pthread_mutex_unlock(&qemu->lock);
}

/* --- end --- */

/* With the lock held; false if the process still runs after `milliseconds`. */
static bool wait_ended(struct qemu *qemu, unsigned milliseconds)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += milliseconds / 1000;
    while (!qemu->ended)
        if (pthread_cond_timedwait(&qemu->changed, &qemu->lock, &end) == ETIMEDOUT)
            break;
    return qemu->ended;
}

void qemu_why(struct qemu *qemu, char *text, size_t size)
{
    const char *said;

    pthread_mutex_lock(&qemu->lock);
    wait_ended(qemu, END_PATIENCE_MS);
    said = *qemu->said ? qemu->said : "it printed no message";
    if (!qemu->ended)
        snprintf(text, size, "QEMU (process %d) does not answer; last words: %s", (int)qemu->pid,
                 said);
    else if (WIFSIGNALED(qemu->status))
        snprintf(text, size, "QEMU was ended by signal %d (%s); last words: %s",
                 WTERMSIG(qemu->status), strsignal(WTERMSIG(qemu->status)), said);
    else
        snprintf(text, size, "QEMU ended with status %d: %s", WEXITSTATUS(qemu->status), said);
    pthread_mutex_unlock(&qemu->lock);
}

void qemu_kill(struct qemu *qemu)
{
    pthread_mutex_lock(&qemu->lock);
    if (qemu->pid > 0)
        kill(qemu->pid, SIGKILL);
    pthread_mutex_unlock(&qemu->lock);
}

void qemu_stop(struct qemu *qemu)
{
    pthread_mutex_lock(&qemu->lock);
    qemu->ours_to_end = true;
    if (qemu->pid > 0)
        kill(qemu->pid, SIGTERM);
    if (!wait_ended(qemu, TERM_PATIENCE_MS) && qemu->pid > 0)
        kill(qemu->pid, SIGKILL);
    pthread_mutex_unlock(&qemu->lock);
    pthread_join(qemu->thread, NULL);
    qemu_free(qemu);
}
