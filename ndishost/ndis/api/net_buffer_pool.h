/* SPDX-License-Identifier: MIT */
/*
 * net_buffer_pool.h: NET_BUFFER_LISTs and NET_BUFFERs as the host allocates them: each has a
 * header of the host's before it, which says who owns it, so that whoever touches it out of turn is
 * named.
 *   nbl = the pool's, or the protocol's own;  nbl_of(nbl)->owner == NBL_WITH_MINIPORT ...
 */
#ifndef NDISHOST_NET_BUFFER_POOL_H
#define NDISHOST_NET_BUFFER_POOL_H

#include "ndis/api/miniport.h"

/* Windows 7 SP1's own NET_BUFFER_LIST is longer than what a driver is told: one more slot of
 * NetBufferListInfo. Nothing of the driver's may reach into it, which the poison there shows. */
#define NBL_TRUE_SIZE (sizeof(NET_BUFFER_LIST) + (sizeof(void *) == 8 ? 16 : 8))
#define NBL_POISON    0x7E

enum nbl_owner {
    NBL_FREE = 1,
    NBL_WITH_DRIVER, /* allocated by a driver from its pool, not indicated now */
    NBL_INDICATED, /* by NdisMIndicateReceiveNetBufferLists; the protocol's until it is returned */
    NBL_WITH_PROTOCOL, /* the host's own, not sent now */
    NBL_WITH_MINIPORT  /* sent; the miniport's until it is completed */
};
const char *nbl_owner_name(enum nbl_owner owner);

#define NBL_MAGIC 0x4C424E68u
#define NB_MAGIC  0x4642656Eu

/* What last happened to a list, for reports. */
#define NBL_EVENTS 4
struct nbl_event {
    const char *what; /* a constant: "sent" */
    const void *caller;
    uint64_t time; /* nt_clock_now() */
};

/* Before each NET_BUFFER_LIST. `owner` is changed by compare-and-swap where two could race. */
struct nbl_header {
    uint32_t magic;
    atomic_uint owner;
    struct ndis_adapter *adapter; /* whom it was sent to, or who indicated it */
    struct nbl_pool *pool;        /* NULL: the protocol's own */
    NET_BUFFER *first;         /* as sent: the miniport must not change the list of NET_BUFFERs */
    _Atomic(void *) cancel_id; /* as sent; the list's own may be poison by the time it is read */
    const void *caller;        /* the driver's code that last changed the owner */
    shared_u64 time;           /* when it was sent or indicated, ns */
    uint64_t sum;       /* ownership.c, of an indicated one: what may not change; 0: unknown */
    unsigned lies;      /* the bus's, when it was indicated */
    bool poisoned;      /* ownership.c */
    atomic_uint events; /* that there were; the last ones are in `event` */
    struct nbl_event event[NBL_EVENTS];
} __attribute__((aligned(16)));

static inline struct nbl_header *nbl_of(NET_BUFFER_LIST *nbl)
{
    return (struct nbl_header *)((char *)nbl - sizeof(struct nbl_header));
}

/* The scatter/gather list of a NET_BUFFER while it has one (NdisMAllocateNetBufferSGList). */
struct sg_record {
    SCATTER_GATHER_LIST *list; /* NULL: not mapped */
    struct dma_channel *dma;
    void *context;
    void *storage; /* NDIS's own storage, or NULL when the list lies in the driver's buffer */
    struct bounce *bounce;       /* double buffering below 4 GiB, or NULL */
    struct dma_mapping *mapping; /* with the rules on: what the device may touch meanwhile */
    struct sg_record *next;      /* waiting for map registers, or for its late callback */
    unsigned registers;          /* map registers that it holds or waits for */
    bool write_to_device;
    atomic_bool delivered; /* MiniportProcessSGList has been called */
};

/* Before each NET_BUFFER. */
#define NB_POISONED_MDLS 8 /* of a chain: the first ones */
struct nb_header {
    uint32_t magic;
    bool with_data; /* MDL and data came with it (NdisAllocateNetBufferMdlAndData) */
    bool with_list; /* lives and dies with its NET_BUFFER_LIST */
    bool poisoned;  /* ownership.c: since its list was completed, with these MDLs */
    NET_BUFFER_LIST *list;
    MDL *mdl[NB_POISONED_MDLS];
    const uint8_t *frame; /* the memory of its frame, and the sum of that */
    size_t frame_length;
    uint64_t frame_sum;
    struct nb_pool *pool; /* NULL: with_list, or the protocol's own */
    uint64_t cookie;      /* the protocol's frame */
    struct sg_record sg;
} __attribute__((aligned(16)));

static inline struct nb_header *nb_of(NET_BUFFER *nb)
{
    return (struct nb_header *)((char *)nb - sizeof(struct nb_header));
}

/* Bytes that a header and its structure take up together, 16-aligned. */
#define NBL_BLOCK_SIZE (sizeof(struct nbl_header) + ((NBL_TRUE_SIZE + 15) & ~(size_t)15))
#define NB_BLOCK_SIZE  (sizeof(struct nb_header) + ((sizeof(NET_BUFFER) + 15) & ~(size_t)15))

/* A line of a list's history; nothing with the rules off. */
void nbl_note(NET_BUFFER_LIST *nbl, const char *what, const void *caller, uint64_t time);
/* The source of such histories for rules.h. */
size_t nbl_history(const void *object, char *buf, size_t size);

NET_BUFFER_LIST *nbl_initialize(void *block, struct nbl_pool *pool, enum nbl_owner owner);
NET_BUFFER *nb_initialize(void *block, struct nb_pool *pool);
bool nbl_tail_intact(const NET_BUFFER_LIST *nbl);

#endif
