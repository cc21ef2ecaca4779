/* SPDX-License-Identifier: MIT */
#include "net/near_sender.h"

#include <inttypes.h>
#include <time.h>

/* near_send returns 0 without anything in flight while the adapter is paused: nobody will wake us. */
#define RETRY_NS 10000000L

static const struct {
    uint32_t status;
    const char *name;
} names[] = {
    {0x00000000, "NDIS_STATUS_SUCCESS"},
    {0x00000103, "NDIS_STATUS_PENDING"},
    {0xC0000001, "NDIS_STATUS_FAILURE"},
    {0xC000009A, "NDIS_STATUS_RESOURCES"},
    {0xC00000BB, "NDIS_STATUS_NOT_SUPPORTED"},
    {0xC0010002, "NDIS_STATUS_CLOSING"},
    {0xC0010008, "NDIS_STATUS_DEVICE_FAILED"},
    {0xC001000C, "NDIS_STATUS_REQUEST_ABORTED"},
    {0xC001000D, "NDIS_STATUS_RESET_IN_PROGRESS"},
    {0xC001000F, "NDIS_STATUS_INVALID_PACKET"},
    {0xC0010011, "NDIS_STATUS_ADAPTER_NOT_READY"},
    {0xC0010014, "NDIS_STATUS_INVALID_LENGTH"},
    {0xC0010015, "NDIS_STATUS_INVALID_DATA"},
    {0xC0010018, "NDIS_STATUS_ADAPTER_REMOVED"},
    {0xC001001F, "NDIS_STATUS_NO_CABLE"},
    {0xC023000C, "NDIS_STATUS_SEND_ABORTED"},
    {0xC023001F, "NDIS_STATUS_MEDIA_DISCONNECTED"},
    {0xC023002A, "NDIS_STATUS_PAUSED"},
    {0xC023002F, "NDIS_STATUS_LOW_POWER_STATE"},
};

void near_sender_init(struct near_sender *sender, struct net_ports *ports)
{
    pthread_condattr_t attributes;

    *sender = (struct near_sender){.ports = ports};
    pthread_mutex_init(&sender->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sender->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void near_sender_destroy(struct near_sender *sender)
{
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->lock);
}

/* Waits for a moment at most, lock held, until enough frames are complete since `seen` for a chain that is
 * not tiny: half of those under way, or all that are still to be sent. */
static void wait_for_return(struct near_sender *sender, uint64_t seen, unsigned missing)
{
    uint64_t under_way = sender->given - seen;
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += RETRY_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    sender->wake_at = seen + (missing < under_way / 2 ? missing : under_way / 2 + 1);
    while (!sender->stopping && sender->returned < sender->wake_at) {
        if (pthread_cond_timedwait(&sender->changed, &sender->lock, &until))
            break;
    }
    sender->wake_at = 0;
}

/* Frames or large packets; the other is NULL. */
static unsigned send_all(struct near_sender *sender, const struct net_frame *frames,
                         const struct net_large *packets, unsigned count)
{
    struct net_ports *ports = sender->ports;
    unsigned done = 0;

    pthread_mutex_lock(&sender->lock);
    while (done < count && !sender->stopping) {
        uint64_t seen = sender->returned;
        unsigned taken;

        /* Counted before the call, as frames may be back before it returns. */
        sender->given += count - done;
        pthread_mutex_unlock(&sender->lock);
        taken = frames ? ports->near_send(ports->context, frames + done, count - done)
                       : ports->near_send_large(ports->context, packets + done, count - done);
        pthread_mutex_lock(&sender->lock);
        sender->given -= count - done - taken;
        done += taken;
        if (done < count) {
            sender->refusals++;
            wait_for_return(sender, seen, count - done);
        }
    }
    pthread_mutex_unlock(&sender->lock);
    return done;
}

unsigned near_sender_send(struct near_sender *sender, const struct net_frame *frames,
                          unsigned count)
{
    return send_all(sender, frames, NULL, count);
}

unsigned near_sender_send_large(struct near_sender *sender, const struct net_large *packets,
                                unsigned count)
{
    return send_all(sender, NULL, packets, count);
}

static void count_status(struct near_statuses *statuses, int32_t status)
{
    unsigned i = 0;

    while (i < statuses->rows && statuses->row[i].status != status)
        i++;
    if (i == NEAR_SENDER_STATUSES) {
        statuses->others++;
        return;
    }
    statuses->row[i].status = status;
    statuses->row[i].count++;
    if (i == statuses->rows)
        statuses->rows++;
}

void near_sender_sent(struct near_sender *sender, int32_t status)
{
    pthread_mutex_lock(&sender->lock);
    sender->returned++;
    count_status(&sender->statuses, status);
    if (sender->wake_at && sender->returned >= sender->wake_at)
        pthread_cond_signal(&sender->changed);
    pthread_mutex_unlock(&sender->lock);
}

static void set_stopping(struct near_sender *sender, bool stopping)
{
    pthread_mutex_lock(&sender->lock);
    sender->stopping = stopping;
    pthread_cond_broadcast(&sender->changed);
    pthread_mutex_unlock(&sender->lock);
}

void near_sender_stop(struct near_sender *sender)
{
    set_stopping(sender, true);
}

void near_sender_start(struct near_sender *sender)
{
    set_stopping(sender, false);
}

static struct near_counts counts_locked(const struct near_sender *sender)
{
    struct near_counts counts = {
        .given = sender->given, .returned = sender->returned, .refusals = sender->refusals};

    for (unsigned i = 0; i < sender->statuses.rows; i++) {
        if (!sender->statuses.row[i].status)
            counts.sent = sender->statuses.row[i].count;
    }
    counts.failed = counts.returned - counts.sent;
    return counts;
}

struct near_counts near_sender_counts(struct near_sender *sender)
{
    struct near_counts counts;

    pthread_mutex_lock(&sender->lock);
    counts = counts_locked(sender);
    pthread_mutex_unlock(&sender->lock);
    return counts;
}

const char *near_status_text(int32_t status, char *text, size_t size)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].status == (uint32_t)status) {
            snprintf(text, size, "%s (0x%08" PRIX32 ")", names[i].name, (uint32_t)status);
            return text;
        }
    }
    snprintf(text, size, "NDIS_STATUS 0x%08" PRIX32, (uint32_t)status);
    return text;
}

void near_sender_print_failures(struct near_sender *sender, FILE *out)
{
    const char *comma = "";
    char text[64];

    pthread_mutex_lock(&sender->lock);
    for (unsigned i = 0; i < sender->statuses.rows; i++) {
        int32_t status = sender->statuses.row[i].status;

        if (!status)
            continue;
        fprintf(out, "%s %" PRIu64 " with %s", comma, sender->statuses.row[i].count,
                near_status_text(status, text, sizeof text));
        comma = ",";
    }
    if (sender->statuses.others)
        fprintf(out, "%s %" PRIu64 " with others", comma, sender->statuses.others);
    pthread_mutex_unlock(&sender->lock);
}

void near_sender_report(struct near_sender *sender, FILE *json)
{
    pthread_mutex_lock(&sender->lock);
    fprintf(json, "\"completions\": {");
    for (unsigned i = 0; i < sender->statuses.rows; i++)
        fprintf(json, "%s\"0x%08" PRIX32 "\": %" PRIu64, i ? ", " : "",
                (uint32_t)sender->statuses.row[i].status, sender->statuses.row[i].count);
    if (sender->statuses.others)
        fprintf(json, "%s\"others\": %" PRIu64, sender->statuses.rows ? ", " : "",
                sender->statuses.others);
    fprintf(json, "}");
    pthread_mutex_unlock(&sender->lock);
}
