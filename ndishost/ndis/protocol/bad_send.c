/* SPDX-License-Identifier: MIT */
#include "ndis/protocol/bad_send.h"
#include "ndis/api/net_buffer_data.h"

#include <stdlib.h>
#include <string.h>
#include "ndis/protocol/protocol.h"
#include "ndis/protocol/transfer.h"
#include "ndis/watch/wire_watch.h"
#include "ndis/protocol/shape.h"
#include "net/numbered.h"
#include "nt/machine/clock.h"
#include "nt/machine/phys.h"

#define BACK_WAIT   (30 * NT_SECOND)
#define OVER_LOOK   (20 * NT_MILLISECOND) /* between looks at whether the run is to end */
#define WIRE_WAIT   NT_SECOND             /* for frames that are said to be sent */
#define NONE_WAIT   (50 * NT_MILLISECOND) /* for frames that are not to come */
#define STREAM_BAD  7
#define KNOWABLE    6    /* bytes of a frame that can be told on the wire: an address */
#define AROUND      300  /* bytes before and after the data, where a layout has them */
#define AROUND_BYTE 0xBD /* what they hold: nothing of it belongs on the wire */
#define BAD_LENGTH  13   /* of the one NET_BUFFER that is bad among good ones */
#define GOOD        100

enum layout {
    ONE,          /* one MDL, just as long as the data */
    BYTES,        /* an MDL for each byte */
    EMPTY_FIRST,  /* CurrentMdl has no bytes */
    EMPTY_MIDDLE, /* two without bytes between two with data */
    EMPTY_LAST,
    EMPTY_ALL,     /* empty ones everywhere */
    OFFSET,        /* the data begin in the middle of the first MDL */
    OFFSET_SECOND, /* ... of the second */
    BEHIND,        /* the MDL goes on after the data */
    CUT,           /* two MDLs, the first with `first` bytes of the data */
    NO_MDL
};

/* One of `kinds`, or what "cut:LENGTH:FIRST" says. */
static const struct kind {
    const char *name;
    enum layout layout;
    uint32_t length;
    uint32_t tag; /* out of band, 0: none */
    unsigned lists, buffers;
    unsigned bad;     /* 1 ... buffers: this one has BAD_LENGTH bytes; of lists, if several */
    uintptr_t cancel; /* the cancel id */
} kinds[] = {
    {"good", ONE, GOOD, 0, 1, 1, 0, 0},
    {"zero-nbs", ONE, 0, 0, 1, 0, 0, 0},
    {"zero-length", BEHIND, 0, 0, 1, 1, 0, 0},
    {"zero-length-no-mdl", NO_MDL, 0, 0, 1, 1, 0, 0},
    {"one-byte", ONE, 1, 0, 1, 1, 0, 0},
    {"short", ONE, 13, 0, 1, 1, 0, 0},
    {"shortest", ONE, 14, 0, 1, 1, 0, 0},
    {"longest", ONE, 1514, 0, 1, 1, 0, 0},
    {"longest-tagged", ONE, 1514, 0x6005, 1, 1, 0, 0},
    {"oversize", ONE, 1515, 0, 1, 1, 0, 0},
    {"oversize-tagged", ONE, 1515, 0x6005, 1, 1, 0, 0},
    {"huge", ONE, 65536, 0, 1, 1, 0, 0},
    {"tagged", ONE, GOOD, 0x6005, 1, 1, 0, 0},
    {"tagged-short", ONE, 14, 0x6005, 1, 1, 0, 0},
    {"tagged-canonical", ONE, GOOD, 0x7005, 1, 1, 0, 0},
    {"empty-mdl-first", EMPTY_FIRST, GOOD, 0, 1, 1, 0, 0},
    {"empty-mdl-middle", EMPTY_MIDDLE, GOOD, 0, 1, 1, 0, 0},
    {"empty-mdl-last", EMPTY_LAST, GOOD, 0, 1, 1, 0, 0},
    {"empty-mdls", EMPTY_ALL, GOOD, 0, 1, 1, 0, 0},
    {"offset-mid-mdl", OFFSET, GOOD, 0, 1, 1, 0, 0},
    {"offset-second-mdl", OFFSET_SECOND, GOOD, 0, 1, 1, 0, 0},
    {"byte-mdls", BYTES, GOOD, 0, 1, 1, 0, 0},
    {"byte-mdls-longest", BYTES, 1514, 0, 1, 1, 0, 0},
    {"long-mdl", BEHIND, GOOD, 0, 1, 1, 0, 0},
    {"long-mdl-short", BEHIND, 14, 0, 1, 1, 0, 0},
    {"cancel-id", ONE, GOOD, 0, 1, 1, 0, 0xCA11},
    {"one-bad-nb", ONE, GOOD, 0, 1, 5, 3, 0},
    {"one-bad-list", ONE, GOOD, 0, 5, 1, 3, 0},
    {"hundred-nbs", OFFSET, GOOD, 0, 1, 100, 0, 0},
    {"hundred-lists", OFFSET, GOOD, 0, 100, 1, 0, 0},
    {"thousand-nbs", ONE, 60, 0, 1, 1000, 0, 0},
};

/* A NET_BUFFER as it was sent; the miniport has to give it back so. */
struct snapshot {
    NET_BUFFER *nb;
    MDL *mdl, *current;
    ULONG offset, current_offset, length;
};

struct bad {
    struct ndis_adapter *adapter;
    const struct kind *kind;
    struct kind own; /* what kind points to, as it may be none of the table */
    uint32_t first;  /* of CUT */
    uint8_t *data;   /* of the frames and what is around them: phys_alloc */
    size_t data_used, data_size;
    char *objects; /* lists, NET_BUFFERs, MDLs and copies of the frames */
    size_t objects_used, objects_size;
    NET_BUFFER_LIST **lists; /* as sent; `lists` of them */
    struct snapshot *snapshots;
    struct wire_frame *frames; /* those that can be told on the wire */
    unsigned snapshot_count, frame_count;
    NET_BUFFER_LIST *chain;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned out; /* under lock: lists that are with the miniport */
};

/* ---- Making it ---- */

static void *object(struct bad *bad, size_t size)
{
    void *at = bad->objects + bad->objects_used;

    bad->objects_used += (size + 15) & ~(size_t)15;
    if (bad->objects_used > bad->objects_size)
        abort(); /* bad_create's arithmetic is wrong */
    return at;
}

/* Numbered content, for a station that is nobody's; what is longer than a frame goes on by
 * chance. */
static void fill(struct bad *bad, uint8_t *to, uint32_t length)
{
    static atomic_uint_least64_t next;
    uint64_t number = atomic_fetch_add(&next, 1);
    struct numbered stream = {.seed = bad->adapter->seed,
                              .stream = STREAM_BAD,
                              .destination = {0x02, 'b', 'a', 'd', 0, 0}};
    uint8_t frame[NUMBERED_MAX];
    uint32_t i;

    stream.size_min = length < NUMBERED_MIN ? NUMBERED_MIN : length;
    if (length < WIRE_KNOWN)
        stream.destination[5] =
            (uint8_t)(1 + number % 255); /* so that it is known by its address */
    if (stream.size_min > NUMBERED_MAX)
        stream.size_min = NUMBERED_MAX;
    stream.size_max = stream.size_min;
    memcpy(stream.source, bad->adapter->ports.mac, 6);
    numbered_init(&stream);
    numbered_fill(&stream, number, frame);
    memcpy(to, frame, length < stream.size_min ? length : stream.size_min);
    for (i = NUMBERED_MAX; i < length; i++)
        to[i] = (uint8_t)(numbered_random(&stream, i / 8) >> i % 8 * 8);
}

/* An MDL of that length at the end of the chain; its bytes are AROUND_BYTE. */
static MDL *add_mdl(struct bad *bad, MDL **tail, size_t length)
{
    MDL *mdl;

    bad->data_used += 1 + bad->data_used % 7; /* somewhere else in the page each time */
    memset(bad->data + bad->data_used, AROUND_BYTE, length);
    mdl = shape_mdl(object(bad, SHAPE_MDL_SIZE(length)), bad->data + bad->data_used, length, true);
    bad->data_used += length;
    *tail = mdl;
    return mdl;
}

/* Copies the frame into the chain, `offset` bytes into it. */
static void copy_in(MDL *mdl, size_t offset, const uint8_t *data, size_t length)
{
    for (; mdl && length; mdl = mdl->Next) {
        size_t here = mdl->ByteCount > offset ? mdl->ByteCount - offset : 0;

        if (here > length)
            here = length;
        if (here)
            memcpy(mdl_address(mdl) + offset, data, here);
        data += here;
        length -= here;
        offset -= offset < mdl->ByteCount ? offset : mdl->ByteCount;
    }
}

/* The lengths of a layout's MDLs for `length` bytes of data; how many. Where the data begin. */
static unsigned layout_mdls(const struct bad *bad, uint32_t length, uint32_t *mdls,
                            uint32_t *offset)
{
    uint32_t half = length / 2, i;

    *offset = 0;
    switch (bad->kind->layout) {
    case CUT:
        return mdls[0] = bad->first, mdls[1] = length - bad->first, 2;
    case BYTES:
        for (i = 0; i < length; i++)
            mdls[i] = 1;
        return length;
    case EMPTY_FIRST:
        return mdls[0] = 0, mdls[1] = length, 2;
    case EMPTY_MIDDLE:
        return mdls[0] = half, mdls[1] = mdls[2] = 0, mdls[3] = length - half, 4;
    case EMPTY_LAST:
        return mdls[0] = length, mdls[1] = 0, 2;
    case EMPTY_ALL:
        mdls[0] = mdls[2] = mdls[4] = mdls[5] = mdls[7] = 0;
        return mdls[1] = 14, mdls[3] = half, mdls[6] = length - half - 14, 8;
    case OFFSET:
        return *offset = 77, mdls[0] = 77 + length, 1;
    case OFFSET_SECOND:
        *offset = 77 + 33;
        return mdls[0] = 77, mdls[1] = 33 + half, mdls[2] = length - half, 3;
    case BEHIND:
        return mdls[0] = length + AROUND, 1;
    case NO_MDL:
        return 0;
    default:
        return mdls[0] = length, 1;
    }
}

/* Out of band, of a tag what the miniport offers to put in; with CanonicalFormatId if the kind has
 * it. */
static uint32_t out_of_band(const struct bad *bad)
{
    if (!bad->kind->tag)
        return TAG_NONE;
    return tag_offered(bad->adapter->ports.tags, bad->kind->tag) | (bad->kind->tag & TAG_DEI);
}

static void remember(struct bad *bad, NET_BUFFER *nb, const uint8_t *data, uint32_t length)
{
    struct snapshot *snapshot = &bad->snapshots[bad->snapshot_count++];

    snapshot->nb = nb;
    snapshot->mdl = NET_BUFFER_FIRST_MDL(nb);
    snapshot->current = NET_BUFFER_CURRENT_MDL(nb);
    snapshot->offset = NET_BUFFER_DATA_OFFSET(nb);
    snapshot->current_offset = NET_BUFFER_CURRENT_MDL_OFFSET(nb);
    snapshot->length = NET_BUFFER_DATA_LENGTH(nb);
    if (length >= KNOWABLE)
        bad->frames[bad->frame_count++] =
            (struct wire_frame){.data = data,
                                .length = length,
                                .tag = tag_sent(bad->adapter->ports.tags, out_of_band(bad))};
}

static NET_BUFFER *make_buffer(struct bad *bad, uint32_t length)
{
    uint32_t lengths[NUMBERED_MAX], offset;
    unsigned count = layout_mdls(bad, length, lengths, &offset), i;
    NET_BUFFER *nb = nb_initialize(object(bad, NB_BLOCK_SIZE), NULL);
    uint8_t *copy = object(bad, length);
    MDL *first = NULL, **tail = &first;

    for (i = 0; i < count; i++)
        tail = &add_mdl(bad, tail, lengths[i])->Next;
    fill(bad, copy, length);
    copy_in(first, offset, copy, length);
    nb_set_data(nb, first, offset, length);
    if (!offset && first) { /* nb_set_data steps over MDLs without bytes */
        NET_BUFFER_CURRENT_MDL(nb) = first;
        NET_BUFFER_CURRENT_MDL_OFFSET(nb) = 0;
    }
    remember(bad, nb, copy, length);
    return nb;
}

static void make_list(struct bad *bad, unsigned index)
{
    const struct kind *kind = bad->kind;
    NET_BUFFER_LIST *nbl = nbl_initialize(object(bad, NBL_BLOCK_SIZE), NULL, NBL_WITH_PROTOCOL);
    NET_BUFFER **tail = &NET_BUFFER_LIST_FIRST_NB(nbl);
    unsigned i;

    for (i = 0; i < kind->buffers; i++) {
        unsigned place = 1 + (kind->lists > 1 ? index : i);

        *tail = make_buffer(bad, place == kind->bad ? BAD_LENGTH : kind->length);
        tail = &NET_BUFFER_NEXT_NB(*tail);
    }
    *tail = NULL;
    protocol_set_tag(nbl, out_of_band(bad));
    NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, (void *)kind->cancel);
    if (index)
        NET_BUFFER_LIST_NEXT_NBL(bad->lists[index - 1]) = nbl;
    bad->lists[index] = nbl;
}

static void bad_free(struct bad *bad)
{
    if (bad->data)
        phys_free(bad->data);
    free(bad->objects);
    free(bad->lists);
    free(bad->snapshots);
    free(bad->frames);
    free(bad);
}

static struct bad *bad_create(struct ndis_adapter *adapter, const struct kind *kind, uint32_t first)
{
    unsigned buffers = kind->lists * kind->buffers, i;
    size_t mdls = kind->layout == BYTES ? kind->length : 8;
    struct bad *bad = calloc(1, sizeof(*bad));

    if (!bad)
        return NULL;
    bad->adapter = adapter;
    bad->own = *kind;
    bad->kind = &bad->own;
    bad->first = first;
    bad->data_size = (buffers + 1) * (kind->length + 2 * AROUND + 8 * mdls);
    bad->objects_size = kind->lists * (NBL_BLOCK_SIZE + 16) +
                        buffers * (NB_BLOCK_SIZE + kind->length + 64) +
                        buffers * (mdls * SHAPE_MDL_SIZE(0) + SHAPE_MDL_SIZE(kind->length) + 64);
    bad->data = phys_alloc(bad->data_size, PHYS_SCATTERED, NULL);
    bad->objects = aligned_alloc(16, (bad->objects_size + 15) & ~(size_t)15);
    bad->lists = calloc(kind->lists, sizeof(*bad->lists));
    bad->snapshots = calloc(buffers + 1, sizeof(*bad->snapshots));
    bad->frames = calloc(buffers + 1, sizeof(*bad->frames));
    if (!bad->data || !bad->objects || !bad->lists || !bad->snapshots || !bad->frames) {
        bad_free(bad);
        return NULL;
    }
    pthread_mutex_init(&bad->lock, NULL);
    nt_clock_cond_init(&bad->changed);
    for (i = 0; i < kind->lists; i++)
        make_list(bad, i);
    bad->out = kind->lists;
    return bad;
}

/* ---- Sending it ---- */

static void list_back(void *context, NET_BUFFER_LIST *nbl)
{
    struct bad *bad = context;

    (void)nbl;
    pthread_mutex_lock(&bad->lock);
    if (!--bad->out)
        pthread_cond_broadcast(&bad->changed);
    pthread_mutex_unlock(&bad->lock);
}

/* How many lists are not back by the deadline. */
static unsigned wait_back(struct bad *bad, uint64_t deadline)
{
    unsigned out;

    pthread_mutex_lock(&bad->lock);
    while (bad->out && nt_clock_now() < deadline && !adapter_over(bad->adapter))
        nt_clock_wait(&bad->changed, &bad->lock, nt_clock_now() + OVER_LOOK);
    out = bad->out;
    pthread_mutex_unlock(&bad->lock);
    return out;
}

static bool list_sent(const struct bad *bad, unsigned index)
{
    return NET_BUFFER_LIST_STATUS(bad->lists[index]) == NDIS_STATUS_SUCCESS;
}

static bool any_sent(const struct bad *bad)
{
    unsigned i;

    for (i = 0; i < bad->kind->lists; i++)
        if (list_sent(bad, i))
            return true;
    return false;
}

/* ---- What became of it ---- */

static bool changed(const struct bad *bad)
{
    unsigned i;

    for (i = 0; i < bad->snapshot_count; i++) {
        const struct snapshot *was = &bad->snapshots[i];

        if (NET_BUFFER_FIRST_MDL(was->nb) != was->mdl ||
            NET_BUFFER_CURRENT_MDL(was->nb) != was->current ||
            NET_BUFFER_DATA_OFFSET(was->nb) != was->offset ||
            NET_BUFFER_CURRENT_MDL_OFFSET(was->nb) != was->current_offset ||
            NET_BUFFER_DATA_LENGTH(was->nb) != was->length)
            return true;
    }
    return false;
}

/* Frames of lists that were completed as sent, and are not on the wire. */
static unsigned missing(const struct bad *bad)
{
    unsigned per_list = bad->frame_count / bad->kind->lists, count = 0, i;

    for (i = 0; i < bad->frame_count; i++)
        count += !bad->frames[i].seen && list_sent(bad, i / per_list);
    return count;
}

static void print_statuses(const struct bad *bad, FILE *out)
{
    char name[64];
    unsigned i, same;

    for (i = 0; i < bad->kind->lists; i += same) {
        NDIS_STATUS status = NET_BUFFER_LIST_STATUS(bad->lists[i]);

        for (same = 1;
             i + same < bad->kind->lists && NET_BUFFER_LIST_STATUS(bad->lists[i + same]) == status;)
            same++;
        fprintf(out, "%s%s", i ? ", " : "", status_name(status, name, sizeof(name)));
        if (same > 1)
            fprintf(out, " x%u", same);
    }
}

static unsigned print_wire(const struct bad *bad, FILE *out)
{
    unsigned seen = 0, wrong = 0, i;
    uint64_t bytes = 0;

    for (i = 0; i < bad->frame_count; i++) {
        seen += bad->frames[i].seen;
        wrong += bad->frames[i].wrong;
        bytes += (uint64_t)bad->frames[i].seen * bad->frames[i].wire_length;
    }
    if (!adapter_shows_wire(bad->adapter))
        fprintf(out, "; this bus does not show the wire");
    else if (!seen)
        fprintf(out, "; no frame on the wire");
    else
        fprintf(out, "; on the wire %u of %u frames, %llu bytes, %u wrong", seen, bad->frame_count,
                (unsigned long long)bytes, wrong);
    return wrong;
}

/* The line; 0 if nothing is wrong with it. */
static int conclude(const struct bad *bad, unsigned not_back, FILE *out)
{
    bool seen = adapter_shows_wire(bad->adapter) && atomic_load(&bad->adapter->link_up);

    fprintf(out, "%s: ", bad->kind->name);
    if (not_back) {
        fprintf(out, "the miniport did not complete %u of %u lists within 30 s", not_back,
                bad->kind->lists);
        return -1;
    }
    print_statuses(bad, out);
    if (print_wire(bad, out))
        return -1;
    if (changed(bad)) {
        fprintf(out, "; the miniport changed a NET_BUFFER");
        return -1;
    }
    if (seen && missing(bad)) {
        fprintf(out, "; %u frames were completed as sent but are not on the wire", missing(bad));
        return -1;
    }
    return 0;
}

static int send(struct bad *bad, FILE *out)
{
    struct ndis_adapter *adapter = bad->adapter;
    unsigned not_back;
    int result;

    atomic_fetch_add(&adapter->senders, 1);
    wire_watch_begin(adapter->watch, bad->frames, bad->frame_count);
    protocol_send_foreign(adapter->protocol, bad->lists[0], adapter->seed & 2, list_back, bad);
    if (adapter->ports.step)
        adapter->ports.step(adapter->ports.context);
    not_back = wait_back(bad, nt_clock_now() + BACK_WAIT);
    if (!not_back && adapter_shows_wire(adapter))
        wire_watch_wait(adapter->watch, nt_clock_now() + (any_sent(bad) ? WIRE_WAIT : NONE_WAIT));
    wire_watch_end(adapter->watch);
    transfer_leave(adapter);
    result = conclude(bad, not_back, out);
    if (!not_back)
        bad_free(bad); /* else it is the miniport's for ever */
    return result;
}

/* The row of that name, or *cut filled in; NULL if it is neither. */
static const struct kind *kind_find(const char *name, struct kind *cut, uint32_t *first)
{
    unsigned length;
    size_t i;
    char end;

    for (i = 0; i < ARRAYSIZE(kinds); i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    if (sscanf(name, "cut:%4u:%4u%c", &length, first, &end) != 2 || length > NUMBERED_MAX ||
        length < NUMBERED_MIN || *first >= length || !*first)
        return NULL;
    *cut = (struct kind){.name = "cut", .layout = CUT, .length = length, .lists = 1, .buffers = 1};
    return cut;
}

int bad_send(struct ndis_adapter *adapter, const char *kind, char *text, size_t size)
{
    struct kind cut;
    uint32_t first = 0;
    const struct kind *row = kind_find(kind, &cut, &first);
    struct bad *bad;
    FILE *out;
    int result;

    if (!row) {
        int used = snprintf(text, size, "there is no kind \"%.40s\"; use one of ", kind);

        bad_send_kinds(text + used, size - (size_t)used);
        return -1;
    }
    if (adapter_state(adapter) == ADAPTER_HALTED) {
        snprintf(text, size, "%s: the adapter is Halted", kind);
        return -1;
    }
    bad = bad_create(adapter, row, first);
    out = bad ? fmemopen(text, size, "w") : NULL;
    if (!out) {
        snprintf(text, size, "out of memory");
        return -1;
    }
    result = send(bad, out);
    fclose(out);
    return result;
}

void bad_send_kinds(char *text, size_t size)
{
    size_t used = 0, i;

    for (i = 0; i < ARRAYSIZE(kinds) && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", kinds[i].name);
}
