/* SPDX-License-Identifier: MIT */
/* What the driver says of the device: the steps, and which clause each result belongs to; see drive.h. */
#include "check/drive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "check/child.h"
#include "virtqueue.h"

#define ANSWER_SECONDS   90 /* for one command: the host waits 30 s for a frame, twice that if slow */
#define END_SECONDS      120
#define SINGLES          4     /* frames that are sent, and received, one at a time */
#define BURST_LIMIT      4     /* interrupts for one frame */
#define QUIET_MS         "100" /* between single frames: the DPC is done */
#define AT_ONCE          0.2   /* seconds; the driver's timer takes seconds */
#define FRAMES           1000  /* each way */
#define STORM_RESETS     3
#define DRIVER_QUEUE_MAX 1024u
#define SIZE_FRAMES      100 /* for each size of the queues */
#define PINGS            200
#define FLOOD            1000 /* interrupts of the line while one frame was awaited */
#define MTU_MAX          1500u
#define ETHERNET_HEADER  14u

/* To everybody, of the type for local experiments (IEEE 802, 88B5), from the adapter's own address or not. */
#define FRAME_HEAD "ffffffffffff02000000000188b5"
#define FRAME_REST                                   \
    "0000000000000000000000000000000000000000000000" \
    "0000000000000000000000000000000000000000000000"

/* ---- Steps ---- */

static void step(struct drive *drive, const char *what)
{
    if (drive->progress)
        fprintf(drive->progress, "device-check: %s\n", what);
}

static bool start(struct drive *drive, struct child *child, const char *net,
                  const char *const *options)
{
    static const char *const none[] = {NULL};

    if (!child_start(child, drive->bus, net, options ? options : none, drive->driver))
        return true;
    fprintf(stderr, "ndishost: check-device: no process could be made\n");
    return false;
}

static bool ask(struct child *child, const char *line)
{
    char reply[REPLY_MAX];

    return child_ask(child, line, ANSWER_SECONDS, reply, sizeof(reply));
}

static void stats(struct child *child, char *reply)
{
    child_ask(child, "stats", ANSWER_SECONDS, reply, REPLY_MAX);
}

/* ---- Event log ---- */

/* An entry as the host prints it: `... error 0xCA56000E: adapter 1: TEXT (0x1, 0xFFFFFFFB)`. */
struct event {
    unsigned number;
    uint32_t value[2];
    char text[200];
};

static const char *next_event(const char *at, struct event *event)
{
    static const char mark[] = "event log: ";
    const char *code, *text, *end, *values;

    memset(event, 0, sizeof(*event));
    at = strstr(at, mark);
    code = at ? strstr(at, " 0x") : NULL;
    if (!code)
        return NULL;
    event->number = (unsigned)strtoul(code, NULL, 16) & 0xFFFF;
    end = code + strcspn(code, "\n");
    text = strstr(code, ": ");
    text = text ? strstr(text + 2, ": ") : NULL;
    values = end;
    while (values > code && *values != '(')
        values--;
    if (text && text < values)
        snprintf(event->text, sizeof(event->text), "%.*s", (int)(values - text - 3), text + 2);
    if (*values == '(')
        sscanf(values, "(0x%" SCNx32 ", 0x%" SCNx32, &event->value[0], &event->value[1]);
    return end;
}

/* A used ring that cannot be: the event's data are the queue and the lie. */
static void lie(struct findings *findings, const struct event *event)
{
    unsigned queue = event->value[0];

    switch ((int32_t)event->value[1]) {
    case VIRTQ_E_USED_IDX:
        clause_fail(findings, "9.3", "queue %u: used idx is ahead of what the driver gave", queue);
        break;
    case VIRTQ_E_USED_ID:
        clause_fail(findings, "9.1", "queue %u: a used id belongs to no outstanding buffer", queue);
        break;
    case VIRTQ_E_USED_LEN:
        clause_fail(findings, "9.2", "queue %u: a used length is beyond its buffer", queue);
        break;
    default:
        clause_fail(findings, "9.1", "queue %u: lie 0x%x", queue, event->value[1]);
    }
}

/* virtio_pci_status, the second value of event 9 */
#define STATUS_NOTIFY_RANGE 16

/* Events whose data say nothing more about the clause. */
static const struct {
    unsigned event;
    const char *clause;
} event_clauses[] = {
    {1, "1.3"},  {2, "2.1"},  {3, "2.4"},  {4, "2.6"},  {5, "3.2"},  {6, "4.1"},
    {7, "3.4"},  {8, "5.1"},  {9, "5.3"},  {10, "7.2"}, {13, "6.4"}, {15, "9.4"},
    {16, "9.8"}, {17, "9.7"}, {19, "9.5"}, {21, "9.8"}, {23, "4.8"},
};

#define EVENT_CLAUSES (sizeof(event_clauses) / sizeof(event_clauses[0]))

static void event_to_clause(struct findings *findings, const struct event *event)
{
    size_t i;

    if (event->number == 14) {
        lie(findings, event);
        return;
    }
    if (event->number == 9 && event->value[1] == STATUS_NOTIFY_RANGE) {
        clause_fail(findings, "6.2", "queue %u: %s", event->value[0], event->text);
        return;
    }
    if (event->number == 2 && clause_failed(findings, "2.4"))
        return; /* the inspection has said which structure */
    for (i = 0; i < EVENT_CLAUSES; i++)
        if (event_clauses[i].event == event->number)
            clause_fail(findings, event_clauses[i].clause, "event %u (0x%x, 0x%x): %s",
                        event->number, event->value[0], event->value[1], event->text);
}

static void say_windows(struct drive *drive, const char *line)
{
    size_t used = strlen(drive->windows);

    if (!strstr(drive->windows, line))
        snprintf(drive->windows + used, sizeof(drive->windows) - used, "windows %s\n", line);
}

static unsigned read_events(struct drive *drive, const char *log)
{
    struct event event;
    unsigned count = 0;
    char line[280];

    while ((log = next_event(log, &event))) {
        event_to_clause(drive->findings, &event);
        snprintf(line, sizeof(line), "Event %u: %s", event.number, event.text);
        say_windows(drive, line);
        count++;
    }
    return count;
}

/* Ends a step's run: events, hangs, and writes outside of what was mapped. Returns whether it is fine so far. */
static bool finish(struct drive *drive, struct child *child, const char *what)
{
    child_end(child, END_SECONDS);
    read_events(drive, child->log);
    if (child->hung)
        clause_fail(drive->findings, "9.7", "%s: no answer within %u s", what, ANSWER_SECONDS);
    if (strstr(child->log, "DmaUnmapped"))
        clause_fail(drive->findings, "5.8", "%s: the device touched memory that is not its own",
                    what);
    return !child->hung && child->status < 2;
}

/* ---- Start ---- */

static void started(struct drive *drive, const char *report)
{
    char line[200], mac[20] = "", link[8] = "";
    const char *at = strstr(report, "\"mac\": \"");

    if (at)
        snprintf(mac, sizeof(mac), "%.17s", at + 8);
    at = strstr(report, "\"link\": \"");
    if (at)
        snprintf(link, sizeof(link), "%.*s", (int)strcspn(at + 9, "\""), at + 9);
    snprintf(line, sizeof(line),
             "The adapter starts: address %s, link %s at %" PRIu64 " Mbit/s, rings of %" PRIu64
             " and %" PRIu64 ".",
             mac, link, report_number(report, NULL, "link_speed") / 1000000,
             report_number(report, "driver_counters", "rx_queue_size"),
             report_number(report, "driver_counters", "tx_queue_size"));
    say_windows(drive, line);
    at = strstr(report, "\"features_negotiated\": \"");
    clause_pass(drive->findings, "4.2", "%.18s", at ? at + 24 : "");
    clause_pass(drive->findings, "5.3", "both queues");
}

static bool step_start(struct drive *drive)
{
    struct child child;
    char reply[REPLY_MAX];
    bool up;

    step(drive, "the driver starts");
    if (!start(drive, &child, "none", NULL))
        return false;
    stats(&child, reply);
    up = *reply != 0;
    if (up)
        started(drive, reply);
    else
        say_windows(drive, "The adapter does not start (Device Manager: code 10).");
    if (!finish(drive, &child, "start"))
        up = false;
    if (!up && !findings_failed(drive->findings))
        clause_fail(drive->findings, "9.7", "the driver did not start: %.*s",
                    (int)strcspn(child.log, "\n"), child.log);
    child_free(&child);
    return up;
}

/* ---- One frame at a time ---- */

struct account {
    uint64_t calls, claimed, received, link_changes;
};

static struct account take_account(struct child *child)
{
    char reply[REPLY_MAX];
    struct account account;

    stats(child, reply);
    account.calls = report_number(reply, "ndis", "isr_calls");
    account.claimed = report_number(reply, "ndis", "isr_claimed");
    account.received = report_number(reply, "driver_counters", "rx_frames") +
                       report_number(reply, "driver_counters", "rx_filtered") +
                       report_number(reply, "driver_counters", "rx_malformed");
    account.link_changes = report_number(reply, "driver_counters", "link_changes");
    return account;
}

static bool polled(const struct drive *drive)
{
    return strstr(drive->bus, ",poll") != NULL;
}

/* What one frame's interrupt was like. A frame that the DPC of the one before finds needs no interrupt: then it is
 * back at once. */
static void judge_interrupt(struct drive *drive, const char *what, unsigned number, double took,
                            const struct account *before, const struct account *after)
{
    uint64_t claimed = after->claimed - before->claimed, calls = after->calls - before->calls;
    uint64_t causes =
        1 + after->received - before->received + after->link_changes - before->link_changes;

    if (!claimed && took > AT_ONCE)
        clause_fail(drive->findings, "6.7",
                    "frame %u %s: no interrupt came; the driver found it by its timer after %.1f s",
                    number, what, took);
    if (calls > claimed)
        clause_fail(drive->findings, "6.4",
                    "frame %u %s: %" PRIu64 " interrupts, and at %" PRIu64
                    " of them ISR status read 0",
                    number, what, calls, calls - claimed);
    if (claimed > causes + BURST_LIMIT)
        clause_fail(drive->findings, "6.4",
                    "frame %u %s: %" PRIu64 " interrupts: reading ISR status does not clear it",
                    number, what, claimed);
    else if (claimed > causes && !clause_failed(drive->findings, "6.4"))
        clause_fail(drive->findings, "6.6", "frame %u %s: %" PRIu64 " interrupts", number, what,
                    claimed);
}

/* Interrupts that Linux counted on the line that it lends; 0 if it lends none. */
static uint64_t line_interrupts(void)
{
    FILE *file = fopen("/proc/interrupts", "r");
    char line[1024], *at, *end;
    uint64_t total = 0;

    while (file && fgets(line, sizeof(line), file))
        if (strstr(line, "uio_pci_generic") && (at = strchr(line, ':')))
            for (at++, total = 0;; at = end) {
                uint64_t one = strtoull(at, &end, 10);

                if (end == at)
                    break;
                total += one;
            }
    if (file)
        fclose(file);
    return total;
}

/* The line is asserted, and Linux takes no interrupt of it for the card's: the card has no Interrupt Status bit
 * (PCI 2.3), which Windows does not ask for. */
static bool unlendable(struct drive *drive)
{
    uint64_t count = strncmp(drive->bus, "pci:", 4) ? 0 : line_interrupts();

    if (count < FLOOD)
        return false;
    clause_untestable(drive->findings, "6.4",
                      "%" PRIu64 " interrupts of the line; the card's Interrupt Status bit, which "
                      "Linux needs, is 0",
                      count);
    return true;
}

/* The check goes on without interrupts. */
static void poll_instead(struct drive *drive)
{
    static char polled_bus[64];

    if (drive->progress)
        fprintf(drive->progress, "device-check: Linux cannot lend the interrupt: poll instead\n");
    snprintf(polled_bus, sizeof(polled_bus), "%.40s,poll", drive->bus);
    drive->bus = polled_bus;
}

static bool sends(struct drive *drive, struct child *child)
{
    struct account before = take_account(child), after;
    unsigned i;
    double start, took;

    for (i = 1; i <= SINGLES; i++, before = after) {
        ask(child, "sleep " QUIET_MS);
        start = child_now();
        if (!ask(child, "send " FRAME_HEAD FRAME_REST)) {
            clause_fail(drive->findings, "9.5", "the far end did not return frame %u as sent", i);
            return false;
        }
        took = child_now() - start;
        after = take_account(child);
        if (after.claimed == before.claimed && took > AT_ONCE && !polled(drive) &&
            (drive->poll = unlendable(drive)))
            return false;
        if (!polled(drive))
            judge_interrupt(drive, "sent", i, took, &before, &after);
    }
    return true;
}

/* With a far end of ours. A lone frame has to come up, and its interrupt with it. */
static bool receives(struct drive *drive, struct child *child)
{
    struct account before = take_account(child), after;
    char line[40];
    unsigned i;
    double start, took;

    for (i = 1; i <= SINGLES; i++, before = after) {
        ask(child, "sleep " QUIET_MS);
        start = child_now();
        if (!ask(child, "wire " FRAME_HEAD FRAME_REST))
            return true; /* the far end is not ours */
        snprintf(line, sizeof(line), "wait received %u 10000", i);
        if (!ask(child, line)) {
            clause_fail(drive->findings, "8.5",
                        "frame %u, which came to the device, did not "
                        "come up",
                        i);
            return false;
        }
        took = child_now() - start;
        after = take_account(child);
        before.received = after.received;
        if (!polled(drive))
            judge_interrupt(drive, "received", i, took, &before, &after);
    }
    return true;
}

/* What NDIS does to an adapter, each followed by a frame that must be echoed. */
static void life(struct drive *drive, struct child *child)
{
    static const char *const scripts[][3] = {
        {"reset"}, {"pause", "restart"}, {"reset"}, {"power d3", "power d0"}};
    static const char *const names[] = {"reset", "pause and restart", "second reset", "sleep"};
    char reply[REPLY_MAX];
    unsigned i, j;
    bool good;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        good = true;
        for (j = 0; j < 3 && scripts[i][j] && good; j++)
            good = child_ask(child, scripts[i][j], ANSWER_SECONDS, reply, sizeof(reply));
        if (!good && strstr(scripts[i][0], "power"))
            return; /* this bus has no power to take, or the machine is not one that sleeps */
        if (!good || !ask(child, "send " FRAME_HEAD FRAME_REST)) {
            clause_fail(drive->findings, "9.8", "after %s: %.80s", names[i],
                        good ? "the far end did not return a frame as sent" : reply);
            return;
        }
    }
}

static void link_toggled(struct drive *drive, struct child *child, const char *who)
{
    struct account account;

    if (!ask(child, "send " FRAME_HEAD FRAME_REST)) {
        clause_fail(drive->findings, "7.3",
                    "after the link is up again, the far end did not return a frame");
        return;
    }
    account = take_account(child);
    if (account.link_changes == 2)
        clause_pass(drive->findings, "7.3", "down and up, by %s; told once each", who);
    else
        clause_fail(drive->findings, "7.3",
                    "down and up once, by %s: the driver was told %" PRIu64 " changes", who,
                    account.link_changes);
}

/* The operator cuts the link and raises it, at the machine monitor. */
static void link_by_hand(struct drive *drive, struct child *child)
{
    char line[40], answer[80];

    if (!drive->link_seconds) {
        clause_untestable(drive->findings, "7.3",
                          "nobody cut the link (--link-seconds N waits for it)");
        return;
    }
    if (drive->progress)
        fprintf(drive->progress, "device-check: LINK: cut the card's link within %u s\n",
                drive->link_seconds);
    snprintf(line, sizeof(line), "wait down %u", drive->link_seconds * 1000);
    if (!child_ask(child, line, drive->link_seconds + ANSWER_SECONDS, answer, sizeof(answer))) {
        clause_untestable(drive->findings, "7.3", "the driver saw no link loss within %u s",
                          drive->link_seconds);
        return;
    }
    if (drive->progress)
        fprintf(drive->progress, "device-check: LINK: raise it again\n");
    snprintf(line, sizeof(line), "wait up %u", drive->link_seconds * 1000);
    if (child_ask(child, line, drive->link_seconds + ANSWER_SECONDS, answer, sizeof(answer)))
        link_toggled(drive, child, "hand");
    else
        clause_fail(drive->findings, "7.3", "the link went down, and did not come up within %u s",
                    drive->link_seconds);
}

static void link_change(struct drive *drive, struct child *child)
{
    if (!(drive->facts->features & 1u << 16)) {
        clause_untestable(drive->findings, "7.3", "STATUS is not offered");
        return;
    }
    if (!ask(child, "link down")) {
        link_by_hand(drive, child);
        return;
    }
    if (!ask(child, "wait down 10000"))
        clause_fail(drive->findings, "7.3", "the link was cut; the driver was not told in 10 s");
    else if (!ask(child, "link up") || !ask(child, "wait up 10000"))
        clause_fail(drive->findings, "7.3", "the link was raised; the driver was not told in 10 s");
    else
        link_toggled(drive, child, "the bus");
}

static void step_singles(struct drive *drive)
{
    struct child child;
    bool fine;

    step(drive, "single frames, link, reset, pause, sleep");
    if (!start(drive, &child, "none", NULL))
        return;
    if (!ask(&child, "wait up 20000")) {
        clause_fail(drive->findings, "4.4", "the link did not come up within 20 s");
    } else if (sends(drive, &child) && receives(drive, &child)) {
        if (polled(drive))
            clause_untestable(drive->findings, "6.4", "the check uses no interrupt");
        link_change(drive, &child);
        life(drive, &child);
    }
    fine = finish(drive, &child, "single frames");
    if (drive->poll && !polled(drive)) {
        child_free(&child);
        poll_instead(drive);
        step_singles(drive);
        return;
    }
    if (fine && !polled(drive) && !clause_failed(drive->findings, "9.5")) {
        clause_pass(drive->findings, "6.4", "ISR status was not 0 at any interrupt");
        clause_pass(drive->findings, "6.6", "one for each frame");
        clause_pass(drive->findings, "6.7", "of %u single frames", SINGLES);
    }
    child_free(&child);
}

/* ---- Many frames ---- */

struct flow {
    uint64_t sent, intact, lost, damaged, wrong_length, duplicated, stray, failed, not_returned;
};

static struct flow read_flow(const char *report, const char *which)
{
    const char *net = strstr(report, "\"net\": {");
    struct flow flow;

    net = net ? net : "";
    flow.sent = report_number(net, which, "frames_sent");
    flow.intact = report_number(net, which, "intact");
    flow.lost = report_number(net, which, "lost");
    flow.damaged = report_number(net, which, "damaged");
    flow.wrong_length = report_number(net, which, "wrong_length");
    flow.duplicated = report_number(net, which, "duplicated");
    flow.stray = report_number(net, which, "stray");
    flow.failed = report_number(net, which, "failed");
    flow.not_returned = report_number(net, which, "not_returned");
    return flow;
}

static bool flow_good(const struct flow *flow, bool far)
{
    return flow->sent == FRAMES && !flow->failed && !flow->not_returned && !flow->damaged &&
           !flow->wrong_length && !flow->duplicated && !flow->stray &&
           (!far || flow->intact == flow->sent);
}

static void fail_flow(struct drive *drive, const char *clause, const struct flow *flow)
{
    clause_fail(drive->findings, clause,
                "of %" PRIu64 ": %" PRIu64 " intact, %" PRIu64 " lost, %" PRIu64
                " damaged, %" PRIu64 " of wrong length, %" PRIu64 " twice, %" PRIu64 " unreturned",
                flow->sent, flow->intact, flow->lost, flow->damaged, flow->wrong_length,
                flow->duplicated, flow->not_returned + flow->failed);
}

/* The driver was made to reset the adapter: what was under way is lost lawfully. */
static bool lied(const struct drive *drive)
{
    static const char *const clauses[] = {"9.1", "9.2", "9.3", "9.4", "9.5", "9.7", "9.8"};
    size_t i;

    for (i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++)
        if (clause_failed(drive->findings, clauses[i]))
            return true;
    return false;
}

/* Whether the far end is the host's own: the model's and qtest's, unless QEMU has a network of its own. */
static bool far_is_ours(struct drive *drive)
{
    return strncmp(drive->bus, "pci:", 4) && !strstr(drive->bus, "netdev=");
}

/* A frame of the largest size that the device's MTU allows. */
static unsigned largest(const struct drive *drive)
{
    unsigned mtu = drive->facts->mtu;

    return mtu && mtu < MTU_MAX ? mtu + ETHERNET_HEADER : MTU_MAX + ETHERNET_HEADER;
}

static bool frames(struct drive *drive, struct child *child, const char *net,
                   const char *const *options)
{
    char line[40];

    if (!start(drive, child, net, options))
        return false;
    snprintf(line, sizeof(line), "wait finished %u", 60000);
    ask(child, line);
    return finish(drive, child, "many frames");
}

/* Would it be a device with a header of 10 bytes? Section 10. */
static bool short_header(struct drive *drive, const char *net)
{
    static const char *const options[] = {"--set", "HeaderLength=10", NULL};
    struct child child;
    struct flow rx;
    bool good;

    good = frames(drive, &child, net, options);
    rx = read_flow(child.report, "rx");
    good = good && flow_good(&rx, true);
    child_free(&child);
    return good;
}

static void judge_sent(struct drive *drive, const struct flow *tx, bool far, const char *report)
{
    if (!flow_good(tx, far)) {
        fail_flow(drive, "8.3", tx);
        return;
    }
    clause_pass(drive->findings, "5.6", "%u frames in up to 16 pieces", FRAMES);
    clause_pass(drive->findings, "6.1", "%" PRIu64 " transmit notifications for %u frames",
                report_number(report, "driver_counters", "tx_notifications"), FRAMES);
    clause_pass(drive->findings, "8.3", "%u frames%s", FRAMES,
                far ? ", content checked" : ", all returned");
    clause_pass(drive->findings, "9.5", "%u of %u", FRAMES, FRAMES);
}

static void judge_received(struct drive *drive, const struct flow *rx, const char *report)
{
    uint64_t malformed = report_number(report, "driver_counters", "rx_malformed");

    if (malformed)
        clause_fail(drive->findings, "8.5",
                    "the used length of %" PRIu64 " buffers does not fit a header and a frame",
                    malformed);
    if (!flow_good(rx, true)) {
        fail_flow(drive, "8.5", rx);
        return;
    }
    clause_pass(drive->findings, "8.1", "%u frames, content checked", FRAMES);
    clause_pass(drive->findings, "8.4", "%u frames of 60 to %u bytes", FRAMES, largest(drive));
    clause_pass(drive->findings, "8.5", "%u frames, content checked", FRAMES);
}

static void step_frames(struct drive *drive)
{
    struct child child;
    struct flow tx, rx;
    char net[96];
    bool far = far_is_ours(drive);

    step(drive, far ? "many frames both ways" : "many frames out");
    snprintf(net, sizeof(net), "gen:count=%u,size=60-%u,stall=20%s", FRAMES, largest(drive),
             far ? "" : ",dir=tx");
    frames(drive, &child, net, NULL);
    tx = read_flow(child.report, "tx");
    rx = read_flow(child.report, "rx");
    if (lied(drive)) {
        clause_untestable(drive->findings, "8.3", "the adapter was reset after a lie");
        clause_untestable(drive->findings, "8.5", "the adapter was reset after a lie");
    } else if (far && !rx.intact && short_header(drive, net)) {
        clause_fail(drive->findings, "8.1",
                    "no frame comes up intact; with HeaderLength 10 "
                    "each does (section 10)");
    } else {
        judge_sent(drive, &tx, far, child.report);
        if (far)
            judge_received(drive, &rx, child.report);
    }
    child_free(&child);
}

/* ---- Somebody else's network ---- */

static uint64_t ping(struct drive *drive, struct child *child, const char *const *options)
{
    char net[64];

    snprintf(net, sizeof(net), "ping:count=%u,size=60-%u", PINGS, largest(drive));
    frames(drive, child, net, options);
    return report_number(child->report, "net", "answered");
}

/* Nobody answers DHCP. If somebody does when the header has 10 bytes, the device's header is short. */
static void no_answer(struct drive *drive)
{
    static const char *const options[] = {"--set", "HeaderLength=10", NULL};
    static const char *const clauses[] = {"8.1", "8.4", "8.5"};
    struct child child;
    unsigned i;

    if (ping(drive, &child, options))
        clause_fail(drive->findings, "8.1",
                    "nobody answers with 12 bytes; with HeaderLength 10 "
                    "the far end answers (section 10)");
    for (i = 0; i < 3; i++)
        clause_untestable(drive->findings, clauses[i], "nobody at the far end answers DHCP");
    child_free(&child);
}

static void step_far(struct drive *drive)
{
    struct child child;
    uint64_t answered, sent, damaged;

    if (far_is_ours(drive))
        return;
    step(drive, "address and ping at the far end");
    answered = ping(drive, &child, NULL);
    sent = report_number(child.report, "net", "sent");
    damaged = report_number(child.report, "net", "damaged");
    if (!sent) {
        no_answer(drive);
    } else if (answered == PINGS) {
        clause_pass(drive->findings, "8.1", "%u pings answered, content checked", PINGS);
        clause_pass(drive->findings, "8.4", "%u frames of 60 to %u bytes", PINGS, largest(drive));
        clause_pass(drive->findings, "8.5", "%u pings answered, content checked", PINGS);
    } else {
        clause_fail(drive->findings, "8.5",
                    "of %" PRIu64 " pings %" PRIu64 " were answered right, %" PRIu64 " damaged",
                    sent, answered, damaged);
    }
    child_free(&child);
}

/* ---- Reset, pause and restart under traffic ---- */

static void step_storm(struct drive *drive)
{
    /* A busy machine may take its time until there is traffic. */
    static const char *const script[] = {
        "go",    "wait sent 1 20000", "sleep 30", "reset",   "sleep 7",
        "pause", "restart",           "reset",    "reset",   "sleep 3",
        "pause", "sleep 10",          "restart",  "sleep 30"};
    struct child child;
    char reply[REPLY_MAX], net[64];
    uint64_t errors;
    bool good;
    unsigned i;

    step(drive, "reset, pause and restart under traffic");
    snprintf(net, sizeof(net), "gen:hold=1,count=0,size=60-%u%s", largest(drive),
             far_is_ours(drive) ? "" : ",dir=tx");
    if (!start(drive, &child, net, NULL))
        return;
    good = ask(&child, "wait up 20000");
    for (i = 0; good && i < sizeof(script) / sizeof(script[0]); i++)
        if (!child_ask(&child, script[i], ANSWER_SECONDS, reply, sizeof(reply))) {
            clause_fail(drive->findings, "9.8", "%s under traffic: %.100s", script[i], reply);
            good = false;
        }
    good &= finish(drive, &child, "reset under traffic");
    errors = report_number(child.report, "driver_counters", "device_errors");
    if (good && !errors && !child.status)
        clause_pass(drive->findings, "9.8", "%u under traffic", STORM_RESETS);
    else if (good && child.status)
        clause_fail(drive->findings, "9.8", "under traffic, not each frame is accounted for");
    child_free(&child);
}

/* ---- Each size of the queues ---- */

/* The driver sees queues of `size`, and the device is told that. */
static bool size_works(struct drive *drive, unsigned size)
{
    char number[16], net[64];
    const char *const options[] = {"--queue-size", number, NULL};
    bool far = far_is_ours(drive), good;
    struct child child;

    snprintf(number, sizeof(number), "%u", size);
    snprintf(net, sizeof(net), "gen:count=%u,size=60-%u,stall=20%s", SIZE_FRAMES, largest(drive),
             far ? "" : ",dir=tx");
    good = frames(drive, &child, net, options);
    good = good && !child.status &&
           report_number(child.report, "driver_counters", "rx_queue_size") == size;
    child_free(&child);
    return good;
}

static void step_sizes(struct drive *drive)
{
    const uint32_t *queue = drive->facts->queue_size;
    uint32_t most = queue[0] < queue[1] ? queue[0] : queue[1], size;
    char line[64];

    for (size = 1; size < most && size <= DRIVER_QUEUE_MAX; size *= 2) {
        snprintf(line, sizeof(line), "queues of %u", size);
        step(drive, line);
        if (!size_works(drive, size)) {
            clause_fail(drive->findings, "5.2", "with queues of %u not each of %u frames is right",
                        size, SIZE_FRAMES);
            return;
        }
    }
    clause_pass(drive->findings, "5.2", "each from 1 to %u is kept, and carries %u frames", most,
                SIZE_FRAMES);
}

/* ---- All of it ---- */

/* What no step saw broken was right at every buffer. */
static void no_lie(struct drive *drive)
{
    static const char *const clauses[] = {"9.1", "9.2", "9.3"};
    unsigned i;

    for (i = 0; i < 3; i++)
        clause_pass(drive->findings, clauses[i], "at each buffer that the device returned");
    clause_pass(drive->findings, "9.4", "at no time");
    clause_pass(drive->findings, "9.7", "to the end of each step");
}

void drive_device(struct drive *drive)
{
    if (!step_start(drive))
        return;
    step_singles(drive);
    if (clause_failed(drive->findings, "9.7"))
        return;
    step_frames(drive);
    if (!clause_failed(drive->findings, "9.7"))
        step_far(drive);
    if (!clause_failed(drive->findings, "9.7"))
        step_storm(drive);
    if (!findings_failed(drive->findings))
        step_sizes(drive);
    clause_untestable(drive->findings, "8.9", "no TCP connection goes through the back end");
    clause_untestable(drive->findings, "8.7", "the driver does not look at it");
    clause_untestable(drive->findings, "5.8", "nothing between device and memory can see it");
    no_lie(drive);
}
