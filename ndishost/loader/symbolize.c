/* SPDX-License-Identifier: MIT */
/* Asks llvm-symbolizer, llvm-cxxfilt and llvm-undname; see symbolize.h. */
#include "loader/symbolize.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000 /* for one answer; then the tool is not asked again */
#define TEXT_SIZE   4400

extern char **environ;

/* A tool that answers a question with `lines` lines, or with text that has `last`. It ends when its input does,
 * with this process. */
struct tool {
    char *const *command;
    unsigned lines;
    const char *last;
    int ours, its; /* sockets; -1: no tool */
    bool started;
    posix_spawn_file_actions_t actions;
};

static char *const symbolizer_command[] = {(char *)"llvm-symbolizer", (char *)"--functions=none",
                                           (char *)"--no-inlines", NULL};
static char *const cxxfilt_command[] = {(char *)"llvm-cxxfilt", NULL};
static char *const undname_command[] = {
    (char *)"llvm-undname",     (char *)"--no-access-specifier", (char *)"--no-calling-convention",
    (char *)"--no-return-type", (char *)"--no-member-type",      NULL};

static struct tool symbolizer = {.command = symbolizer_command, .lines = 2, .ours = -1};
static struct tool cxxfilt = {.command = cxxfilt_command, .lines = 1, .ours = -1};
/* It repeats a question, and may say nothing more. So another one follows each, whose answer the next text begins with. */
#define NEXT_QUESTION "?next@@3HA\n"
static struct tool undname = {.command = undname_command, .last = NEXT_QUESTION, .ours = -1};

/* One conversation at a time. */
static atomic_flag busy = ATOMIC_FLAG_INIT;

static void prepare(struct tool *tool)
{
    int ends[2];

    if (tool->ours >= 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return;
    posix_spawn_file_actions_init(&tool->actions);
    posix_spawn_file_actions_adddup2(&tool->actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&tool->actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&tool->actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    tool->ours = ends[0];
    tool->its = ends[1];
}

void symbolize_prepare(void)
{
    prepare(&symbolizer);
    prepare(&cxxfilt);
    prepare(&undname);
}

static bool start(struct tool *tool)
{
    pid_t child;

    if (tool->started)
        return true;
    tool->started =
        !posix_spawnp(&child, tool->command[0], &tool->actions, NULL, tool->command, environ);
    close(tool->its);
    return tool->started;
}

static bool is_whole(const struct tool *tool, const char *text, size_t length)
{
    unsigned lines = 0;

    if (tool->last)
        return strstr(text, tool->last) != NULL;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines >= tool->lines;
}

/* Reads until the answer is whole; false: the tool has ended, or says nothing. */
static bool answer(const struct tool *tool, char *buf, size_t size)
{
    struct pollfd readable = {.fd = tool->ours, .events = POLLIN};
    size_t used = 0;

    buf[0] = 0;
    while (!is_whole(tool, buf, used)) {
        ssize_t n;

        if (used + 1 >= size || poll(&readable, 1, PATIENCE_MS) != 1)
            return false;
        n = recv(tool->ours, buf + used, size - 1 - used, 0);
        if (n <= 0)
            return false;
        used += (size_t)n;
        buf[used] = 0;
    }
    return true;
}

/* No signal comes between: its handler could want to ask, too. */
static bool ask(struct tool *tool, const char *question, char *buf, size_t size)
{
    size_t length = strlen(question);
    sigset_t all, before;
    bool answered = false;

    if (tool->ours < 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (atomic_flag_test_and_set(&busy))
        poll(NULL, 0, 1);
    if (tool->ours >= 0) {
        answered = start(tool) &&
                   send(tool->ours, question, length, MSG_NOSIGNAL) == (ssize_t)length &&
                   answer(tool, buf, size);
        if (!answered) {
            close(tool->ours);
            tool->ours = -1;
        }
    }
    atomic_flag_clear(&busy);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return answered;
}

bool symbolize_is_encoded(const char *name)
{
    return name[0] == '?' || (name[0] == '_' && name[1] == 'Z');
}

bool symbolize_name(const char *name, char *buf, size_t size)
{
    struct tool *tool = name[0] == '?' ? &undname : &cxxfilt;
    char question[TEXT_SIZE], text[TEXT_SIZE], *line = text;
    bool microsoft = tool == &undname;

    if (!symbolize_is_encoded(name) || strlen(name) + 20 > sizeof question)
        return false;
    snprintf(question, sizeof question, "%s\n%s", name, microsoft ? NEXT_QUESTION : "");
    if (!ask(tool, question, text, sizeof text))
        return false;
    if (microsoft &&
        !(line = strstr(text, name))) /* the line before the answer repeats the question */
        return false;
    if (microsoft)
        line += strcspn(line, "\n") + 1;
    snprintf(buf, size, "%.*s", (int)strcspn(line, "\n"), line);
    return *buf && strcmp(buf, name) != 0;
}

/* "/home/x/send.c:12:5" or "C:\x\send.c:12:0" becomes "send.c:12". */
static bool short_line(char *text, char *buf, size_t size)
{
    char *colon, *name;

    text[strcspn(text, "\n")] = 0;
    colon = strrchr(text, ':');
    if (!colon)
        return false;
    *colon = 0; /* the column */
    colon = strrchr(text, ':');
    if (!colon || text[0] == '?' || colon[1] < '1' || colon[1] > '9')
        return false;
    name = strrchr(text, '/');
    name = name ? name + 1 : text;
    if (strrchr(name, '\\'))
        name = strrchr(name, '\\') + 1;
    snprintf(buf, size, "%s", name);
    return true;
}

bool symbolize_line(const char *path, uint64_t address, char *buf, size_t size)
{
    char question[TEXT_SIZE], text[TEXT_SIZE];
    int length = snprintf(question, sizeof question, "\"%s\" 0x%" PRIx64 "\n", path, address);

    return length > 0 && (size_t)length < sizeof question && !strpbrk(path, "\"\n") &&
           ask(&symbolizer, question, text, sizeof text) && short_line(text, buf, size);
}
