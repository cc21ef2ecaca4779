/* SPDX-License-Identifier: MIT */
/* Scenario control's answers, however long: whole up to their bound, an error beyond it. */
#include "native.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "cli/control.h"
#include "ndis/api/miniport.h"
#include "ndis/adapter/report.h"

#define ROOM 65535 /* characters of an answer, in commands.h */

static char answer[4 * ROOM];
static unsigned padding; /* of the network end's report */
static struct control *control;
static struct ndis_adapter *adapters[1];
static const volatile sig_atomic_t stop;
static struct scenario scenario = {.adapters = adapters, .adapter_count = 1, .stop = &stop};
static int client = -1;

static void describe(struct bus *bus, char *text, size_t size)
{
    (void)bus;
    snprintf(text, size, "no device");
}

static void pad(struct net *net, FILE *json)
{
    (void)net;
    fprintf(json, "\"pad\": \"%0*d\"", (int)padding, 0);
}

/* An adapter that is halted: nothing is asked of a miniport for its report. */
static void make_adapter(void)
{
    static const struct bus_ops bus_ops = {.describe = describe};
    static const struct net_ops net_ops = {.report = pad};
    static struct bus bus = {.ops = &bus_ops};
    static struct net net = {.ops = &net_ops};
    static struct ndis_adapter adapter;

    adapter.bus = &bus;
    adapter.net = &net;
    adapters[0] = &adapter;
    EXPECT(!report_create(&adapter));
}

static void connect_client(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char error[256];

    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/ndishost-control-%d", (int)getpid());
    control = control_open(address.sun_path, error, sizeof(error));
    client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!control || client < 0 || connect(client, (struct sockaddr *)&address, sizeof(address))) {
        printf("FAIL ndis:control-long-answers: %s cannot be connected to\n", address.sun_path);
        exit(1);
    }
}

/* What a line is answered, in `answer`; how many characters. */
static size_t ask(const char *line)
{
    size_t length = 0;

    EXPECT(write(client, line, strlen(line)) == (ssize_t)strlen(line));
    EXPECT(control_serve(control, &scenario, 1000));
    while (length < sizeof(answer) - 1) {
        ssize_t n = recv(client, answer + length, sizeof(answer) - 1 - length, MSG_DONTWAIT);

        if (n <= 0)
            break;
        length += (size_t)n;
    }
    EXPECT(length && answer[length - 1] == '\n' &&
           memchr(answer, '\n', length) == answer + length - 1);
    answer[length ? length - 1 : 0] = 0;
    return strlen(answer);
}

/* An answer of that length, by what it has without padding. */
static void check(size_t bare, size_t wanted)
{
    char refused[96];
    size_t got;

    padding = (unsigned)(wanted - bare) + 1;
    got = ask("stats\n");
    if (wanted <= ROOM) {
        EXPECT(got == wanted);
        EXPECT(!strncmp(answer, "ok {", 4) && !strcmp(answer + got - 4, "\"} }"));
        EXPECT(strspn(strstr(answer, "\"pad\": \"") + 8, "0") == padding);
    } else {
        snprintf(refused, sizeof(refused), "error the answer has %zu characters; room is for %d",
                 wanted, ROOM);
        EXPECT(!strcmp(answer, refused));
    }
    /* One line came, and no more: the next answer is the next command's. */
    EXPECT(ask("state\n") && !strncmp(answer, "ok Halted", 9));
}

int main(void)
{
    static const size_t lengths[] = {4351, 4352,     4353,     20000,   ROOM - 1,
                                     ROOM, ROOM + 1, ROOM + 2, 3 * ROOM};
    uint64_t seed;
    size_t bare, i;

    native_start(&seed);
    make_adapter();
    connect_client();
    EXPECT(control_serve(control, &scenario, 1000)); /* takes the connection */
    padding = 1;
    bare = ask("stats\n");
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        check(bare, lengths[i]);
    close(client);
    control_close(control);
    report_free(adapters[0]);
    native_end("control-long-answers");
    return native_stop();
}
