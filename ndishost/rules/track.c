/* SPDX-License-Identifier: MIT */
/* Leak accounting and object histories; see rules.h. */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "loader/loader.h"
#include "rules/rules.h"

#define SHARDS       64
#define EVENTS       6 /* of an object's history: the first, and the last ones */
#define GRAVES       64 /* a shard: objects that are gone, for reports of what is done to them after */
#define BUCKETS_INIT 16

#define SECOND       10000000u /* of rules_context()->time */
#define MICROSECOND  10u

struct event {
    const char *what;
    const void *caller;
    uint64_t time; /* 100 ns */
    uint8_t processor;
};

struct entry {
    struct entry *next;
    const char *kind;
    const void *object;
    const void *owner; /* track_owner at that time */
    uint64_t size;
    uint64_t order; /* of all track_adds: reports name the first that leaked */
    bool reported;  /* as kept, by a rule */
    unsigned events;
    struct event event[EVENTS];
};

struct shard {
    pthread_mutex_t lock;
    struct entry **bucket;
    size_t buckets, count;
    struct entry *spare;
    struct entry *grave[GRAVES];
    size_t graves;
} __attribute__((aligned(64)));

static struct shard shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static _Atomic uint64_t order;
static __thread const void *owner_now;

const void *track_owner(const void *owner)
{
    const void *before = owner_now;

    owner_now = owner;
    return before;
}

static size_t hash(const void *object)
{
    return (size_t)(((uint64_t)(uintptr_t)object * 0x9E3779B97F4A7C15ull) >> 20);
}

static struct shard *shard_lock(const void *object)
{
    struct shard *shard = &shards[hash(object) % SHARDS];

    pthread_mutex_lock(&shard->lock);
    return shard;
}

static struct entry **slot_of(struct shard *shard, const void *object)
{
    return &shard->bucket[hash(object) / SHARDS % shard->buckets];
}

/* kind NULL: whatever kind. The link that points to the entry, so that it can be cut out. */
static struct entry **find(struct shard *shard, const char *kind, const void *object)
{
    if (!shard->bucket)
        return NULL;
    for (struct entry **link = slot_of(shard, object); *link; link = &(*link)->next)
        if ((*link)->object == object && (!kind || !strcmp((*link)->kind, kind)))
            return link;
    return NULL;
}

/* Returns false when there is no memory for the table: then the shard goes on with what it has. */
static bool grow(struct shard *shard)
{
    struct entry **old = shard->bucket;
    size_t old_buckets = old ? shard->buckets : 0;
    size_t buckets = old ? old_buckets * 2 : BUCKETS_INIT;
    struct entry **bucket = calloc(buckets, sizeof *bucket);

    if (!bucket)
        return old != NULL;
    shard->bucket = bucket;
    shard->buckets = buckets;
    for (size_t i = 0; i < old_buckets; i++)
        for (struct entry *e = old[i], *next; e; e = next) {
            struct entry **slot = slot_of(shard, e->object);

            next = e->next;
            e->next = *slot;
            *slot = e;
        }
    free(old);
    return true;
}

/* The first event stays; of the later ones the newest EVENTS - 1 do. */
static void add_event(struct entry *e, const char *what, const void *caller)
{
    struct event *event;

    if (e->events < EVENTS) {
        event = &e->event[e->events];
    } else {
        memmove(&e->event[1], &e->event[2], (EVENTS - 2) * sizeof *event);
        event = &e->event[EVENTS - 1];
    }
    e->events++;
    event->what = what;
    event->caller = caller;
    event->time = rules_context()->time();
    event->processor = (uint8_t)rules_context()->processor();
}

static struct entry *entry_new(struct shard *shard)
{
    struct entry *e = shard->spare;

    if (e)
        shard->spare = e->next;
    else
        e = malloc(sizeof *e);
    return e;
}

void track_add(const char *kind, const void *object, uint64_t size, const void *caller)
{
    struct shard *shard;
    struct entry **found, *e;

    if (!rules_enabled)
        return;
    shard = shard_lock(object);
    found = find(shard, kind, object);
    if (found) {
        add_event(*found, "added once more", caller);
    } else if ((shard->count < shard->buckets || grow(shard)) && (e = entry_new(shard))) {
        struct entry **slot = slot_of(shard, object);

        *e = (struct entry){
            .kind = kind, .object = object, .owner = owner_now, .size = size, .order = ++order};
        add_event(e, "obtained", caller);
        e->next = *slot;
        *slot = e;
        shard->count++;
    }
    pthread_mutex_unlock(&shard->lock);
}

static void bury(struct shard *shard, struct entry *e)
{
    struct entry **grave = &shard->grave[shard->graves++ % GRAVES];

    if (*grave) {
        (*grave)->next = shard->spare;
        shard->spare = *grave;
    }
    *grave = e;
}

/* The last thing known of an object that is gone. */
static struct entry *exhume(const struct shard *shard, const char *kind, const void *object)
{
    for (size_t i = 0; i < GRAVES; i++) {
        struct entry *e = shard->grave[(shard->graves + GRAVES - 1 - i) % GRAVES];

        if (e && e->object == object && (!kind || !strcmp(e->kind, kind)))
            return e;
    }
    return NULL;
}

bool track_remove(const char *kind, const void *object, const void *caller)
{
    struct shard *shard;
    struct entry **found, *e;

    if (!rules_enabled)
        return true;
    shard = shard_lock(object);
    found = find(shard, kind, object);
    if (found) {
        e = *found;
        *found = e->next;
        shard->count--;
        add_event(e, "given back", caller);
        bury(shard, e);
    }
    pthread_mutex_unlock(&shard->lock);
    return found != NULL;
}

bool track_exists(const char *kind, const void *object)
{
    struct shard *shard;
    bool exists;

    if (!rules_enabled)
        return true;
    shard = shard_lock(object);
    exists = find(shard, kind, object) != NULL;
    pthread_mutex_unlock(&shard->lock);
    return exists;
}

void track_note(const char *kind, const void *object, const char *what, const void *caller)
{
    struct shard *shard;
    struct entry **found, *e;

    if (!rules_enabled)
        return;
    shard = shard_lock(object);
    found = find(shard, kind, object);
    e = found ? *found : exhume(shard, kind, object);
    if (e)
        add_event(e, what, caller);
    pthread_mutex_unlock(&shard->lock);
}

/* ---- Reports ---- */

/* Not an unconditional lock: a report may come from a fault at the worst moment. */
static bool lock_patiently(struct shard *shard)
{
    static const struct timespec pause = {0, 100000};

    for (int tries = 0; pthread_mutex_trylock(&shard->lock) != 0; tries++) {
        if (tries == 1000)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* A block ends at most 15 bytes before its guard page. One that ends before the address is nearer than any
 * that begins after it: overruns are common, underruns by a page are not. */
#define NEAR (4096u + 15)

struct near {
    uintptr_t address;
    const void *object;
    size_t distance;
    uint64_t time; /* of the last thing that happened to it: addresses are used again */
};

static void consider(struct near *near, const struct entry *e)
{
    uintptr_t start = (uintptr_t)e->object, end = start + (uintptr_t)e->size;
    size_t distance = near->address < start  ? start - near->address + NEAR
                      : near->address >= end ? near->address - end + 1
                                             : 0;
    uint64_t time = e->event[(e->events < EVENTS ? e->events : EVENTS) - 1].time;

    if (distance > near->distance ||
        (near->object && distance == near->distance && time < near->time))
        return;
    near->object = e->object;
    near->distance = distance;
    near->time = time;
}

const void *track_near(const void *address)
{
    struct near near = {.address = (uintptr_t)address, .distance = 2 * NEAR};

    for (unsigned s = 0; s < SHARDS; s++) {
        struct shard *shard = &shards[s];

        if (!lock_patiently(shard))
            continue;
        for (size_t b = 0; b < shard->buckets; b++)
            for (const struct entry *e = shard->bucket[b]; e; e = e->next)
                consider(&near, e);
        for (size_t g = 0; g < GRAVES; g++)
            if (shard->grave[g])
                consider(&near, shard->grave[g]);
        pthread_mutex_unlock(&shard->lock);
    }
    return near.object;
}

size_t track_history(const void *object, char *buf, size_t size)
{
    struct shard *shard = &shards[hash(object) % SHARDS];
    struct entry **found, *e;
    size_t used = 0;
    char where[160];

    buf[0] = 0;
    if (!lock_patiently(shard))
        return 0;
    found = find(shard, NULL, object);
    e = found ? *found : exhume(shard, NULL, object);
    for (unsigned i = 0; e && i < e->events && i < EVENTS && used < size; i++) {
        const struct event *event = &e->event[i];
        int n = snprintf(buf + used, size - used,
                         "%s %p of %" PRIu64 " bytes: %s by %s on processor %u at %u.%06u s\n",
                         e->kind, e->object, e->size, event->what,
                         image_symbol(event->caller, where, sizeof where), event->processor,
                         (unsigned)(event->time / SECOND),
                         (unsigned)(event->time % SECOND / MICROSECOND));

        used += n > 0 ? (size_t)n : 0;
    }
    pthread_mutex_unlock(&shard->lock);
    if (used >= size)
        used = size - 1;
    return used;
}

struct leak {
    const char *kind;
    unsigned count;
    uint64_t bytes;
    struct entry first;
};

#define LEAK_KINDS 48

/* Adds an object to the sum of its kind; returns how many kinds there are then. Kinds beyond the last share it. */
static unsigned add_leak(struct leak *leaks, unsigned kinds, const struct entry *e)
{
    unsigned i = 0;

    while (i < kinds && strcmp(leaks[i].kind, e->kind))
        i++;
    if (i == LEAK_KINDS)
        i--;
    if (i == kinds)
        leaks[kinds++] = (struct leak){.kind = e->kind, .first = *e};
    leaks[i].count++;
    leaks[i].bytes += e->size;
    if (e->order < leaks[i].first.order)
        leaks[i].first = *e;
    return kinds;
}

/* Sums up by kind the objects that came after `since`, of any owner if `owner` is NULL; returns how many
 * kinds. `once`: objects of an earlier sum are left out. */
static unsigned collect_since(struct leak *leaks, const void *owner, uint64_t since, bool once)
{
    unsigned kinds = 0;

    for (unsigned s = 0; s < SHARDS; s++) {
        pthread_mutex_lock(&shards[s].lock);
        for (size_t b = 0; b < shards[s].buckets; b++)
            for (struct entry *e = shards[s].bucket[b]; e; e = e->next) {
                if (e->order <= since || (owner && e->owner != owner) || (once && e->reported))
                    continue;
                e->reported |= once;
                kinds = add_leak(leaks, kinds, e);
            }
        pthread_mutex_unlock(&shards[s].lock);
    }
    return kinds;
}

static unsigned collect(struct leak *leaks)
{
    return collect_since(leaks, NULL, 0, false);
}

/* The rule that demands the release of an object of a kind. There are two rules for what MiniportInitializeEx
 * obtains and MiniportHaltEx releases. */
static const char *rule_of_kind(const char *kind, const char *after)
{
    static const struct {
        const char *kind, *rule;
    } rules[] = {
        {"DMA channel", "Init_RegisterSG"},
        {"work item", "Init_NdisAllocateIoWorkItem"},
        {"MDL", "NdisAllocateMdl"},
        {"NET_BUFFER", "NdisAllocateNetBuffer"},
        {"generic object", "NdisAllocateGenericObject"},
        {"configuration handle", "NdisOpenConfigurationEx"},
        {"armed timer", "CancelTimerObject"},
        {"bug check callback", "BugCheckCallback"},
    };

    if (!strcmp(kind, "interrupt"))
        return strstr(after, "MiniportHaltEx") ? "Init_DeRegisterInterrupt"
                                               : "Init_RegisterInterrupt";
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (!strcmp(rules[i].kind, kind))
            return rules[i].rule;
    return "NdisAllocateMemoryWithTagPriority";
}

uint64_t track_mark(void)
{
    return order;
}

static const struct leak *find_leak(const struct leak *leaks, unsigned kinds, const char *kind)
{
    for (unsigned i = 0; i < kinds; i++)
        if (!strcmp(leaks[i].kind, kind))
            return &leaks[i];
    return NULL;
}

void track_report_kept(uint64_t since, const void *owner, const char *after)
{
    struct leak leaks[LEAK_KINDS];
    unsigned kinds = collect_since(leaks, owner, since, true);
    const struct leak *armed = find_leak(leaks, kinds, "armed timer");

    for (unsigned i = 0; i < kinds; i++) {
        const struct leak *leak = &leaks[i];

        /* A timer that is set cannot be freed: that it is set is the fault. */
        if (armed && !strcmp(leak->kind, "timer") && leak->count <= armed->count)
            continue;
        rule_violation_object(
            rule_of_kind(leak->kind, after), leak->first.object, leak->first.event[0].caller,
            "the driver still has %u %s%s after %s; it obtained the first one there:", leak->count,
            leak->kind, leak->count == 1 ? "" : "s", after);
    }
}

unsigned track_count(const char *kind)
{
    struct leak leaks[LEAK_KINDS];
    unsigned kinds = collect(leaks), count = 0;

    for (unsigned i = 0; i < kinds; i++)
        if (!kind || !strcmp(leaks[i].kind, kind))
            count += leaks[i].count;
    return count;
}

unsigned track_report_leaks(FILE *out)
{
    struct leak leaks[LEAK_KINDS];
    unsigned kinds = collect(leaks), count = 0;
    char where[160];

    for (unsigned i = 0; i < kinds; i++) {
        fprintf(out, "leaked: %u %s", leaks[i].count, leaks[i].kind);
        if (leaks[i].bytes)
            fprintf(out, " (%" PRIu64 " bytes)", leaks[i].bytes);
        fprintf(out, ", first %p at %s\n", leaks[i].first.object,
                image_symbol(leaks[i].first.event[0].caller, where, sizeof where));
        count += leaks[i].count;
    }
    return count;
}

static void entries_free(struct entry *e)
{
    while (e) {
        struct entry *next = e->next;

        free(e);
        e = next;
    }
}

void track_forget(void)
{
    for (unsigned s = 0; s < SHARDS; s++) {
        struct shard *shard = &shards[s];

        pthread_mutex_lock(&shard->lock);
        for (size_t b = 0; b < shard->buckets; b++)
            entries_free(shard->bucket[b]);
        entries_free(shard->spare);
        for (size_t g = 0; g < GRAVES; g++) {
            free(shard->grave[g]);
            shard->grave[g] = NULL;
        }
        free(shard->bucket);
        shard->bucket = NULL;
        shard->spare = NULL;
        shard->buckets = shard->count = shard->graves = 0;
        pthread_mutex_unlock(&shard->lock);
    }
}
