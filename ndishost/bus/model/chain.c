/* SPDX-License-Identifier: MIT */
/* Descriptor chains, read and checked; see ring.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/model.h"
#include "bus/model/ring.h"
#include "nt/machine/dma_map.h"
#include "nt/machine/phys.h"
#include "rules/rules.h"

#define CHAIN_BYTES_MAX ((uint64_t)1 << 32)

/* The driver runs beside us: each member is read once, and the copy is what counts. */
static struct spec_desc desc_copy(const volatile struct spec_desc *source)
{
    struct spec_desc d;

    d.addr = source->addr;
    d.len = source->len;
    d.flags = source->flags;
    d.next = source->next;
    return d;
}

static bool chain_room(struct chain *chain)
{
    uint32_t capacity = chain->capacity ? chain->capacity * 2 : 4;
    struct chain_piece *piece;

    if (chain->pieces < chain->capacity)
        return true;
    piece = realloc(chain->piece, capacity * sizeof *piece);
    if (!piece)
        return false;
    chain->piece = piece;
    chain->capacity = capacity;
    return true;
}

/* Adds the descriptor's buffer to the chain. */
static bool chain_add(struct model *model, struct ring *ring, struct chain *chain,
                      const volatile struct spec_desc *source, const struct spec_desc *d)
{
    struct chain_piece *piece;

    if (d->flags & ~(DESC_F_NEXT | DESC_F_WRITE | DESC_F_INDIRECT))
        ring_violation(model, ring, RULE_DESC_FLAGS,
                       "queue %u, chain %u: a descriptor has flags 0x%x", ring->index, chain->head,
                       d->flags);
    if (d->len == 0)
        ring_violation(model, ring, RULE_DESC_EMPTY, "queue %u, chain %u: a descriptor of 0 bytes",
                       ring->index, chain->head);
    if (!(d->flags & DESC_F_WRITE) && chain->writable)
        ring_violation(model, ring, RULE_DESC_ORDER,
                       "queue %u, chain %u: a device-readable descriptor after a writable one",
                       ring->index, chain->head);
    if (!chain_room(chain))
        return false;
    piece = &chain->piece[chain->pieces++];
    piece->source = source;
    piece->copy = *d;
    piece->data = d->len ? phys_device_pointer(d->addr, d->len) : NULL;
    if (d->len && !piece->data) {
        ring_violation(model, ring, RULE_DESC_MEMORY,
                       "queue %u, chain %u: a descriptor names 0x%" PRIx64
                       ", %u bytes: that is not (all) memory",
                       ring->index, chain->head, d->addr, d->len);
        return false;
    }
    *(d->flags & DESC_F_WRITE ? &chain->writable : &chain->readable) += d->len;
    if (chain->readable + chain->writable > CHAIN_BYTES_MAX) {
        ring_violation(model, ring, RULE_DESC_TOTAL, "queue %u, chain %u: more than 2^32 bytes",
                       ring->index, chain->head);
        return false;
    }
    return true;
}

/* ---- Indirect tables ---- */

static bool table_check(struct model *model, struct ring *ring, struct chain *chain,
                        const struct spec_desc *d)
{
    if (!(model->negotiated & FEATURE_INDIRECT_DESC)) {
        ring_violation(model, ring, RULE_INDIRECT_FEATURE,
                       "queue %u, chain %u: an indirect descriptor, without "
                       "VIRTIO_F_INDIRECT_DESC negotiated",
                       ring->index, chain->head);
        return false;
    }
    if (d->flags & DESC_F_NEXT) {
        ring_violation(model, ring, RULE_INDIRECT_NEXT,
                       "queue %u, chain %u: a descriptor with INDIRECT and NEXT", ring->index,
                       chain->head);
        return false;
    }
    if (d->len == 0 || d->len % sizeof(struct spec_desc)) {
        ring_violation(model, ring, RULE_INDIRECT_LENGTH,
                       "queue %u, chain %u: an indirect table of %u bytes (a multiple of 16)",
                       ring->index, chain->head, d->len);
        return false;
    }
    return true;
}

static bool table_desc_check(struct model *model, struct ring *ring, struct chain *chain,
                             const struct spec_desc *d, uint32_t entries, uint32_t seen)
{
    if (d->flags & DESC_F_INDIRECT) {
        ring_violation(model, ring, RULE_INDIRECT_NESTED,
                       "queue %u, chain %u: INDIRECT inside an indirect table", ring->index,
                       chain->head);
        return false;
    }
    if ((d->flags & DESC_F_NEXT) && d->next >= entries) {
        ring_violation(model, ring, RULE_DESC_NEXT,
                       "queue %u, chain %u: next is %u in an indirect table of %u", ring->index,
                       chain->head, d->next, entries);
        return false;
    }
    if (seen > entries) {
        ring_violation(model, ring, RULE_DESC_LOOP,
                       "queue %u, chain %u: a loop in the indirect table", ring->index,
                       chain->head);
        return false;
    }
    return true;
}

static bool too_long(struct model *model, struct ring *ring, struct chain *chain, uint32_t count)
{
    if (count <= ring->size)
        return false;
    ring_violation(model, ring, RULE_DESC_CHAIN,
                   "queue %u, chain %u: more than %u descriptors, the queue's size", ring->index,
                   chain->head, ring->size);
    return true;
}

/* `before`: how many descriptors of the chain stand before the indirect one. */
static bool table_read(struct model *model, struct ring *ring, struct chain *chain,
                       const volatile struct spec_desc *source, const struct spec_desc *table,
                       uint32_t before)
{
    const volatile struct spec_desc *desc;
    uint32_t entries = table->len / sizeof(struct spec_desc), seen = 0, i = 0;
    struct spec_desc d;

    if (!table_check(model, ring, chain, table))
        return false;
    desc = phys_device_pointer(table->addr, table->len);
    if (!desc) {
        ring_violation(model, ring, RULE_DESC_MEMORY,
                       "queue %u, chain %u: the indirect table at 0x%" PRIx64
                       ", %u bytes, is not (all) memory",
                       ring->index, chain->head, table->addr, table->len);
        return false;
    }
    if (!model_may_touch(model, ring, table->addr, table->len, DMA_MAP_READ,
                         "reads an indirect table"))
        return false;
    chain->table_source = source;
    chain->table_copy = *table;
    do {
        d = desc_copy(&desc[i]);
        if (!table_desc_check(model, ring, chain, &d, entries, ++seen) ||
            too_long(model, ring, chain, before + seen) ||
            !chain_add(model, ring, chain, &desc[i], &d))
            return false;
        i = d.next;
    } while (d.flags & DESC_F_NEXT);
    return true;
}

/* ---- Chains in the table itself ---- */

/* Takes the descriptor for the chain; false if it is taken already. */
static bool claim(struct model *model, struct ring *ring, struct chain *chain, uint16_t i)
{
    uint16_t owner = ring->owner[i];

    if (owner == 0) {
        ring->owner[i] = (uint16_t)(chain->head + 1);
        return true;
    }
    if (owner == chain->head + 1)
        ring_violation(model, ring, RULE_DESC_LOOP,
                       "queue %u, chain %u: descriptor %u comes twice: a loop", ring->index,
                       chain->head, i);
    else
        ring_violation(model, ring, RULE_DESC_SHARED,
                       "queue %u, chain %u: descriptor %u belongs to chain %u, which the device "
                       "has not used yet",
                       ring->index, chain->head, i, owner - 1);
    return false;
}

bool chain_read(struct model *model, struct ring *ring, struct chain *chain, uint16_t head)
{
    uint32_t seen = 0;
    uint16_t i = head;
    struct spec_desc d;

    chain->head = head;
    chain->pieces = 0;
    chain->table_source = NULL;
    chain->readable = chain->writable = 0;
    for (;;) {
        if (!claim(model, ring, chain, i) || too_long(model, ring, chain, ++seen))
            return false;
        d = desc_copy(&ring->desc[i]);
        if (d.flags & DESC_F_INDIRECT)
            return table_read(model, ring, chain, &ring->desc[i], &d, seen - 1);
        if (!chain_add(model, ring, chain, &ring->desc[i], &d))
            return false;
        if (!(d.flags & DESC_F_NEXT))
            return true;
        if (d.next >= ring->size) {
            ring_violation(model, ring, RULE_DESC_NEXT,
                           "queue %u, chain %u: next is %u in a queue of %u", ring->index, head,
                           d.next, ring->size);
            return false;
        }
        i = d.next;
    }
}

/* ---- Use ---- */

bool chain_mapped(struct model *model, const struct ring *ring, const struct chain *chain)
{
    for (uint32_t i = 0; rules_enabled && i < chain->pieces; i++) {
        const struct spec_desc *d = &chain->piece[i].copy;
        bool write = d->flags & DESC_F_WRITE;

        if (!model_may_touch(model, ring, d->addr, d->len, write ? DMA_MAP_WRITE : DMA_MAP_READ,
                             write ? "writes a buffer" : "reads a buffer"))
            return false;
    }
    return true;
}

static bool altered(const volatile struct spec_desc *source, const struct spec_desc *copy)
{
    struct spec_desc now = desc_copy(source);

    return now.addr != copy->addr || now.len != copy->len || now.flags != copy->flags ||
           ((now.flags & DESC_F_NEXT) && now.next != copy->next);
}

void chain_check_unaltered(struct model *model, const struct ring *ring, const struct chain *chain)
{
    bool bad;

    if (!rules_enabled)
        return;
    bad = chain->table_source && altered(chain->table_source, &chain->table_copy);
    for (uint32_t i = 0; i < chain->pieces && !bad; i++)
        bad = altered(chain->piece[i].source, &chain->piece[i].copy);
    if (bad)
        ring_violation(model, ring, RULE_DESC_ALTERED,
                       "queue %u, chain %u: the driver changed a descriptor that the device owns",
                       ring->index, chain->head);
}

/* Returns how many bytes of a piece, at most `most`, come after the first *offset bytes of all pieces of its
 * direction. `write` says which direction is asked for. *offset becomes the offset inside the piece. */
static size_t part_of(const struct chain_piece *piece, unsigned write, size_t *offset, size_t most)
{
    size_t part;

    if ((piece->copy.flags & DESC_F_WRITE) != write)
        return 0;
    if (*offset >= piece->copy.len) {
        *offset -= piece->copy.len;
        return 0;
    }
    part = piece->copy.len - *offset;
    return part < most ? part : most;
}

size_t chain_gather(const struct chain *chain, size_t offset, void *to, size_t length)
{
    size_t done = 0;

    for (uint32_t i = 0; i < chain->pieces && done < length; i++) {
        const struct chain_piece *piece = &chain->piece[i];
        size_t part = part_of(piece, 0, &offset, length - done);

        if (part) {
            memcpy((uint8_t *)to + done, piece->data + offset, part);
            done += part;
            offset = 0;
        }
    }
    return done;
}

size_t chain_scatter(const struct chain *chain, size_t offset, const void *from, size_t length)
{
    size_t done = 0;

    for (uint32_t i = 0; i < chain->pieces && done < length; i++) {
        const struct chain_piece *piece = &chain->piece[i];
        size_t part = part_of(piece, DESC_F_WRITE, &offset, length - done);

        if (part) {
            memcpy(piece->data + offset, (const uint8_t *)from + done, part);
            done += part;
            offset = 0;
        }
    }
    return done;
}
