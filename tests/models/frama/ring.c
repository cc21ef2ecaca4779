/* SPDX-License-Identifier: MIT */
/*
 * ring.c: the ring engine (virtqueue.c, virtqueue_inline.h) for any content of the ring's memory.
 *
 *   words    each function that reads a word of the device, with any value in that word, and with any values
 *            of the record's members; in rings of 1, of 4, and of the driver's largest size
 *   add, get, detach, broken
 *            each call of these functions, from each well-formed record of a ring of 4, leaves the record
 *            well-formed. It is well-formed at first, so it always is.
 *
 * In a well-formed record, the free list has free_count different descriptors, or the ring is broken and
 * free_count is 0. Each chain in the ring leads from its head to its tail over `count` - 1 others. A
 * descriptor that is not a head has the count 0 and the limit 0. The slots from published_idx to avail_idx have
 * in `order` the heads that the device was not shown. There is not one while used_idx is ahead of
 * last_used_idx, and used_idx is never ahead of published_idx. Anything may stand at the end of a list, and
 * in all other members.
 */
#include "virtqueue.c"
#include "frama.h"
#include <string.h>

#define LARGEST 1024 /* AEROVNET_RING_MAX */
#define FOUR    4

static union {
    virtio_u64 align[2];
    virtio_u8 bytes[16 * LARGEST + 2 * LARGEST + 64 + 8 * LARGEST + 64 + 64];
} memory;
static struct virtq_shadow records[LARGEST];
static struct virtq_shadow *record;
static struct virtqueue ring;
static int cookie;

/* Nonzero: the ring is empty. Eva does not know the address of `memory`, and so not that it is aligned. */
static int begin(virtio_u16 size)
{
    struct virtq_layout layout;
    struct virtq_config config;
    int result;

    result = virtq_layout(size, &layout);
    //@ check has_a_layout: result == VIRTQ_OK && layout.ring_bytes <= sizeof(memory);
    /* Both end where their memory ends. */
    record = records + LARGEST - size;
    config.size = size;
    config.ring = memory.bytes + sizeof(memory) - layout.ring_bytes;
    config.ring_addr = any_u64 >> 1 & ~(virtio_u64)15;
    config.state = record;
    result = virtq_init(&ring, &config);
    return result == VIRTQ_OK;
}

/* Every value that the members may have, if all descriptors are heads, or none is. */
static void any_record(int heads)
{
    virtio_u32 i;

    memset(records, 0, sizeof(records)); /* what was there before must not count */
    for (i = 0; i <= ring.mask; i++) {
        record[i].cookie = &cookie;
        record[i].limit = heads ? any_u32 : 0;
        record[i].next = any_u16;
        record[i].tail = heads ? Frama_C_unsigned_int_interval(0, ring.mask) : any_u16;
        record[i].count = heads ? Frama_C_unsigned_int_interval(1, 0xFFFF) : 0;
        record[i].order = any_u16;
    }
    ring.free_head = any_u32;
    ring.free_count = any_u32;
    ring.avail_idx = any_u32;
    ring.published_idx = any_u32;
    ring.last_used_idx = any_u32;
    ring.used_idx = any_u32;
    ring.detach_next = any_u32;
    ring.event_idx = any_bit;
    ring.used_event = any_u32;
    ring.quiet = any_bit;
    ring.interrupt_after = Frama_C_unsigned_int_interval(1, 0xFFFFFFFF);
    ring.broken = any_bit != 0 ? VIRTQ_OK : VIRTQ_E_USED_ID;
}

static void words_of(virtio_u16 size, int heads)
{
    virtio_u32 length;
    void *taken;
    int result;

    if (!begin(size)) {
        return;
    }
    any_record(heads);
    virtq_is_waiting(&ring);
    virtq_has_used(&ring);
    virtq_used_count(&ring);
    virtq_outstanding(&ring);
    virtq_free_count(&ring);
    virtq_broken(&ring);
    virtq_interrupt_after(&ring, any_u32);
    virtq_disable_interrupts(&ring);
    any_record(heads);
    virtq_enable_interrupts(&ring);
    any_record(heads);
    if (virtq_publish(&ring)) {
        virtq_notified(&ring);
    }
    virtq_is_notifying(&ring);
    any_record(heads);
    result = virtq_get(&ring, &taken, &length);
    if (result == VIRTQ_OK) {
        //@ check only_heads: heads != 0;
    }
    any_record(heads);
    result = virtq_get_beside(&ring, &taken, &length);
    if (result == VIRTQ_OK) {
        //@ check only_heads_beside: heads != 0;
    }
    virtq_break(&ring, VIRTQ_E_USED_ID);
}

void words(void)
{
    words_of(1, 0);
    words_of(1, 1);
    words_of(FOUR, 0);
    words_of(FOUR, 1);
    over();
}

void words_largest(void)
{
    words_of(LARGEST, 0);
    words_of(LARGEST, 1);
    over();
}

/*
 * Well-formed records of four descriptors. `free` of them are in the free list, and `chained` in one chain,
 * or all others in chains of one. The descriptor at a place of the order is ORDER(place), so that all orders
 * are gone through.
 */
#define IN_ORDER 0xE4
static virtio_u16 order[FOUR];

static int next_order(virtio_u32 number)
{
    virtio_u32 i, k;

    for (i = 0; i < FOUR; i++) {
        order[i] = (virtio_u16)(number >> 2 * i & 3);
        for (k = 0; k < i; k++) {
            if (order[k] == order[i]) {
                return 0;
            }
        }
    }
    return 1;
}

/* The list of order[from] to order[to - 1]. Behind its last stands anything. */
static void link_up(virtio_u32 from, virtio_u32 to)
{
    for (; from < to; from++) {
        record[order[from]].next = from + 1 < to ? order[from + 1] : any_u16;
    }
}

static void small_record(virtio_u32 free)
{
    virtio_u32 i;

    for (i = 0; i < FOUR; i++) {
        record[i].cookie = 0;
        record[i].limit = 0;
        record[i].next = any_u16;
        record[i].tail = any_u16;
        record[i].count = 0;
        record[i].order = any_u16;
    }
    ring.free_head = free != 0 ? order[0] : any_u16;
    ring.free_count = free;
    ring.avail_idx = any_u32;
    ring.published_idx = any_u32;
    ring.last_used_idx = 0;
    ring.used_idx = any_bit;
    ring.detach_next = any_u32;
    ring.used_event = any_u32;
    ring.quiet = any_bit;
    ring.broken = VIRTQ_OK;
    link_up(0, free);
}

/* order[from] to order[to - 1] are in a list that begins at `at`. Returns what comes next. */
static virtio_u32 list_has(virtio_u32 at, virtio_u32 from, virtio_u32 to)
{
    for (; from < to; from++) {
        //@ check in_order: at == order[from];
        at = record[order[from]].next;
    }
    return at;
}

/* The free list has order[from] to order[to - 1], and then the first `more`. */
static void free_list_is(virtio_u32 from, virtio_u32 to, virtio_u32 more)
{
    //@ check as_many_as_counted: ring.free_count == to - from + more;
    list_has(list_has(ring.free_head, from, to), 0, more);
}

static void add_one(virtio_u32 free, virtio_u16 out, virtio_u16 in,
                    const struct virtq_indirect *indirect)
{
    struct virtq_sg pieces[FOUR + 1];
    virtio_u32 needed = indirect != 0 && out + in > 1 ? 1 : (virtio_u32)out + in;
    struct virtq_shadow *head;
    virtio_u32 i;
    int result;

    for (i = 0; i <= FOUR; i++) {
        pieces[i].addr = any_u64;
        pieces[i].len = any_u32;
    }
    small_record(free);
    result = virtq_add(&ring, pieces, out, in, indirect, &cookie);
    //@ check nothing_read_ahead: ring.used_idx == ring.last_used_idx;
    if (result != VIRTQ_OK) {
        free_list_is(0, free, 0);
        return;
    }
    //@ check were_free: needed <= free;
    free_list_is(needed, free, 0);
    head = &record[order[0]];
    //@ check head: head->count == needed && head->cookie == &cookie;
    if (in == 0) {
        //@ check nothing_to_write: head->limit == 1;
    }
    //@ check tail: head->tail == order[needed - 1];
    list_has(order[0], 0, needed);
}

/* What is not free is in one order. */
static int rest_is_sorted(virtio_u32 free)
{
    virtio_u32 i;

    for (i = free + 1; i < FOUR; i++) {
        if (order[i - 1] > order[i]) {
            return 0;
        }
    }
    return 1;
}

/* Each order of the free list, and buffers of any number of pieces. */
void add(void)
{
    virtio_u32 number, free, out;

    if (!begin(FOUR)) {
        return;
    }
    for (number = 0; number < 256; number++) {
        for (free = 0; next_order(number) && free <= FOUR; free++) {
            for (out = 1; rest_is_sorted(free) && out <= FOUR; out++) {
                add_one(free, (virtio_u16)out, 0, 0);
            }
        }
    }
    over();
}

/* One order: pieces that the device writes, and pieces in a table. */
void add_mixed(void)
{
    static struct virtq_desc table[FOUR];
    struct virtq_indirect indirect;
    virtio_u32 free, in;

    if (!begin(FOUR)) {
        return;
    }
    indirect.table = table;
    indirect.addr = any_u64;
    indirect.capacity = FOUR;
    next_order(IN_ORDER);
    for (free = 0; free <= FOUR; free++) {
        for (in = 0; in < FOUR; in++) {
            ring.indirect_max = 0;
            add_one(free, 0, (virtio_u16)in, 0);
            ring.indirect_max = FOUR;
            add_one(free, 1, (virtio_u16)in, &indirect);
        }
    }
    over();
}

/* The table that the caller writes itself. */
void add_table(void)
{
    static struct virtq_desc table[FOUR];
    struct virtq_indirect indirect;
    virtio_u32 free, count;
    int result;

    if (!begin(FOUR)) {
        return;
    }
    if (virtq_indirect_init(&indirect, table, any_u64, FOUR) != VIRTQ_OK) {
        return;
    }
    next_order(IN_ORDER);
    for (free = 0; free <= FOUR; free++) {
        for (count = 1; count <= FOUR; count++) {
            small_record(free);
            ring.indirect_max = any_u32;
            virtq_table_write(&indirect, count - 1, any_u64, any_u32);
            virtq_table_end(&indirect, count);
            result = virtq_add_table(&ring, &indirect, any_u16, &cookie);
            if (result == VIRTQ_OK) {
                //@ check one_was_free: free > 0;
                //@ check nothing_read_ahead: ring.used_idx == ring.last_used_idx;
                free_list_is(1, free, 0);
            } else {
                free_list_is(0, free, 0);
            }
        }
    }
    over();
}

/* Buffers of one piece, until none is free, while the indices wrap. The device was shown none of them. It
 * returns one of them none the less, and then the ring takes nothing more. */
static void add_and_get(virtio_u32 first, virtio_u32 returned)
{
    struct virtq_sg piece;
    virtio_u32 length, i;
    void *taken = 0;
    int result;

    small_record(FOUR);
    ring.last_used_idx = first;
    ring.avail_idx = first;
    ring.published_idx = first;
    ring.used_idx = first + any_bit;
    piece.addr = any_u64;
    piece.len = Frama_C_unsigned_int_interval(1, 0xFFFFFFFF);
    virtq_begin_adding(&ring);
    //@ check nothing_read_ahead: ring.used_idx == first;
    for (i = 0; i < FOUR; i++) {
        result = virtq_add_next(&ring, &piece, 0, 1, 0, &cookie);
        if (result == VIRTQ_OK) {
            //@ check in_its_slot: record[(virtio_u32)(first + i) & 3].order == order[i];
            free_list_is(i + 1, FOUR, 0);
        } else {
            return; /* a piece of 2^32 - 1 bytes, or more, is one that must not be added */
        }
    }
    result = virtq_add_next(&ring, &piece, 0, 1, 0, &cookie);
    //@ check full: result == VIRTQ_FULL;
    ring.used->idx = (virtio_u16)(first + 1);
    ring.used->ring[first & 3].id = returned;
    ring.used->ring[first & 3].len = any_u32;
    result = virtq_get_beside(&ring, &taken, &length);
    //@ check not_shown: result == VIRTQ_E_USED_ID && taken == \null;
}

void add_many(void)
{
    virtio_u32 first, returned;

    if (!begin(FOUR)) {
        return;
    }
    next_order(IN_ORDER);
    for (first = 0; first < FOUR; first++) {
        for (returned = 0; returned < FOUR; returned++) {
            add_and_get(0xFFFFFFFC + first, returned);
        }
    }
    over();
}

/* Where the chain's place in the available ring is. */
enum shown {
    ALL,        /* the device was shown all chains */
    NOT_OTHERS, /* it was shown this chain, and not all others */
    NOT_THIS
};

/* A chain of the `chained` descriptors that follow the free ones in `order`. Two chains were published
 * before, at most, and two come after it, with other heads. */
static void chain(virtio_u32 free, virtio_u32 chained, enum shown shown, virtio_u32 limit)
{
    struct virtq_shadow *head = &record[order[free]];
    virtio_u32 i;

    link_up(free, free + chained);
    head->cookie = &cookie;
    head->tail = order[free + chained - 1];
    head->count = (virtio_u16)chained;
    head->limit = limit;

    ring.last_used_idx = 0;
    ring.used_idx = shown == ALL ? any_bit : 0;
    ring.published_idx = 2;
    ring.avail_idx = shown == ALL ? 2 : FOUR;
    if (shown != ALL) {
        for (i = 0; i < FOUR; i++) {
            record[i].order = order[(free + 1) & 3];
        }
    }
    if (shown == NOT_THIS) {
        record[3].order = order[free];
    }
}

/* The device has used `id`, and says so in any idx, with any len. */
static void get_one(virtio_u32 free, virtio_u32 chained, enum shown shown, virtio_u32 limit,
                    virtio_u32 id)
{
    virtio_u32 length;
    void *taken = 0;
    int result;

    small_record(free);
    chain(free, chained, shown, limit);
    ring.used->idx = any_u16;
    ring.used->ring[0].id = id;
    ring.used->ring[0].len = any_u32;
    result = virtq_get(&ring, &taken, &length);
    if (result == VIRTQ_OK) {
        //@ check was_published: shown != NOT_THIS && id == order[free];
        //@ check its_cookie: taken == &cookie;
        //@ check no_longer_than_it_is: length <= (virtio_u32)(limit - 1);
        //@ check no_head_any_more: record[id].count == 0 && record[id].limit == 0;
        //@ check none_is_skipped: ring.last_used_idx == 1 && ring.used_idx >= 1;
        //@ check no_further_than_published: ring.used_idx <= ring.published_idx;
        //@ check all_or_none_ahead: shown == ALL || ring.used_idx == ring.last_used_idx;
        free_list_is(free, free + chained, free);
    } else {
        //@ check nothing_taken: taken == \null && ring.last_used_idx == 0;
        //@ check nothing_ahead: ring.used_idx == 0;
        if (result == VIRTQ_EMPTY) {
            free_list_is(0, 0, free);
        } else {
            //@ check none_free_when_broken: ring.free_count == 0 && ring.broken < VIRTQ_EMPTY;
        }
    }
}

/* Each order: the device has used the chain. */
void get(void)
{
    virtio_u32 number, free, chained;

    if (!begin(FOUR)) {
        return;
    }
    for (number = 0; number < 256; number++) {
        if (next_order(number)) {
            for (free = 0; free < FOUR; free++) {
                for (chained = 1; free + chained <= FOUR; chained++) {
                    get_one(free, chained, ALL, chained > 1 ? 1523 : 1, order[free]);
                }
            }
        }
    }
    over();
}

/* One order: chains of any length. A limit of 0 stands for 2^32 - 1 bytes. */
void get_limits(void)
{
    virtio_u32 free, chained;

    if (!begin(FOUR)) {
        return;
    }
    next_order(IN_ORDER);
    for (free = 0; free < FOUR; free++) {
        for (chained = 1; free + chained <= FOUR; chained++) {
            get_one(free, chained, ALL, 1, order[free]);
            get_one(free, chained, ALL, 1523, order[free]);
            get_one(free, chained, ALL, 0, order[free]);
            get_one(free, chained, ALL, 0xFFFFFFFF, order[free]);
            get_one(free, chained, NOT_OTHERS, 1523, order[free]);
            get_one(free, chained, NOT_OTHERS, 1, order[free]);
        }
    }
    over();
}

/* One order: it has used what it was not shown, the middle of a chain, a free one, or none of the ring. */
void get_wrong(void)
{
    virtio_u32 number, free;

    if (!begin(FOUR)) {
        return;
    }
    next_order(IN_ORDER);
    for (free = 0; free < FOUR; free++) {
        for (number = 0; number < FOUR; number++) {
            get_one(free, FOUR - free, NOT_THIS, 1523, number);
            if (number != free) {
                get_one(free, FOUR - free, ALL, 1523, number);
                get_one(free, FOUR - free, NOT_OTHERS, 1523, number);
            }
        }
        get_one(free, FOUR - free, ALL, 1523, Frama_C_unsigned_int_interval(FOUR, 0xFFFFFFFF));
        get_one(free, FOUR - free, NOT_OTHERS, 1523,
                Frama_C_unsigned_int_interval(FOUR, 0xFFFFFFFF));
    }
    over();
}

/* Any set of heads, each a chain of one. The search begins at any of them, and the indices wrap. */
static void detach_one(virtio_u32 heads, virtio_u32 first, int broken)
{
    struct virtq_shadow *taken;
    virtio_u32 count = 0, found = 0;
    virtio_u32 id, i;

    small_record(0);
    for (i = 0; i < FOUR; i++) {
        if (heads >> i & 1) {
            record[i].cookie = &record[i];
            record[i].limit = any_u32;
            record[i].tail = (virtio_u16)i;
            record[i].count = 1;
            count++;
        }
    }
    ring.last_used_idx = 0xFFFFFFFE;
    ring.used_idx = ring.last_used_idx + any_bit;
    ring.avail_idx = count < 2 ? 0xFFFFFFFE + count : count - 2; /* they wrap */
    ring.detach_next = first;
    if (broken) {
        virtq_break(&ring, VIRTQ_E_USED_ID);
    }
    for (i = 0; i < count; i++) {
        taken = virtq_detach(&ring);
        //@ check some_head: taken != \null;
        id = (virtio_u32)(taken - record);
        //@ check each_once: (heads >> id & 1) == 1 && (found >> id & 1) == 0;
        found |= 1u << id;
        //@ check no_head_any_more: record[id].count == 0 && record[id].limit == 0;
    }
    //@ check counted: ring.free_count == count;
    taken = virtq_detach(&ring);
    //@ check no_more: taken == \null;
    //@ check all_free: ring.free_count == FOUR;
}

/* One chain, and the free list. */
static void detach_chain(virtio_u32 free, virtio_u32 chained)
{
    void *taken;

    small_record(free);
    chain(free, chained, ALL, 1523);
    ring.avail_idx = 1;
    ring.detach_next = order[free];
    taken = virtq_detach(&ring);
    //@ check its_cookie: taken == &cookie;
    free_list_is(free, free + chained, free);
}

void detach(void)
{
    virtio_u32 heads, first, free, number;

    if (!begin(FOUR)) {
        return;
    }
    for (heads = 0; heads < 1u << FOUR; heads++) {
        for (first = 0; first < FOUR; first++) {
            detach_one(heads, first, 0);
            detach_one(heads, first, 1);
        }
    }
    for (number = 0; number < 256; number++) {
        for (free = 0; next_order(number) && free < FOUR; free++) {
            detach_chain(free, FOUR - free);
        }
    }
    over();
}

/* A ring that is broken takes nothing, gives nothing, and shows the device nothing. */
void broken(void)
{
    struct virtq_desc table[FOUR];
    struct virtq_indirect indirect;
    struct virtq_sg piece;
    virtio_u32 free, length;
    void *taken = 0;
    int result;

    if (!begin(FOUR)) {
        return;
    }
    piece.addr = any_u64;
    piece.len = any_u32;
    indirect.table = table;
    indirect.addr = any_u64;
    indirect.capacity = FOUR;
    next_order(IN_ORDER);
    for (free = 0; free <= FOUR; free++) {
        small_record(free);
        ring.event_idx = any_bit;
        ring.indirect_max = FOUR;
        ring.avail_idx = Frama_C_unsigned_int_interval(0, FOUR);
        virtq_break(&ring, VIRTQ_E_USED_LEN);
        result = virtq_free_count(&ring);
        //@ check none_free: result == 0;
        result = virtq_add(&ring, &piece, 1, 0, 0, &cookie);
        //@ check adds_nothing: result == VIRTQ_E_USED_LEN;
        result = virtq_add_table(&ring, &indirect, 1, &cookie);
        //@ check adds_no_table: result == VIRTQ_E_USED_LEN;
        result = virtq_get(&ring, &taken, &length);
        //@ check gives_nothing: result == VIRTQ_E_USED_LEN && taken == \null;
        result = virtq_has_used(&ring);
        //@ check has_nothing: result == 0;
        result = virtq_broken(&ring);
        //@ check says_so: result == VIRTQ_E_USED_LEN;
        ring.avail_idx = free;
        virtq_break(&ring, VIRTQ_E_USED_LEN);
        result = virtq_publish(&ring);
        //@ check shows_nothing: result == 0;
    }
    over();
}

/* Not a proof, but the list of all unsigned sums that wrap: run with -warn-unsigned-overflow. */
void wraps(void)
{
    words_of(FOUR, 1);
    if (!begin(FOUR)) {
        return;
    }
    next_order(IN_ORDER);
    add_one(FOUR, 2, 1, 0);
    add_one(FOUR, 0, 1, 0);
    get_one(1, 2, ALL, 1523, 1);
    get_one(1, 2, NOT_OTHERS, 1523, 1);
    detach_one(0xF, 0, 0);
    detach_one(0, 0, 0);
    over();
}
