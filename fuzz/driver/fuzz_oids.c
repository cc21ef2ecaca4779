/* SPDX-License-Identifier: MIT */
/*
 * fuzz_oids.c: OID requests of every kind, with buffers of every length, in every state of the adapter.
 * Each buffer is just as long as the request says. Whatever is asked, the driver reads and writes no byte
 * beside it, says no more was done than was there, and still answers.
 */
#include "bench.h"

#include "rules/rules.h"

#define REQUESTS_MAX 300
#define LENGTH_MAX   4096
#define POWER_OIDS   0xFD01u /* the upper half of OID_PNP_xxx */

static uint32_t choose_oid(struct bench *b)
{
    unsigned which = bench_below(b, 256);
    uint32_t oid = b->adapter->oids[which % b->adapter->oid_count];

    if (which >= 250)
        oid = (uint32_t)bench_take(b, 4);
    else if (which >= 240) /* a neighbour */
        oid += bench_below(b, 8) - 4u;
    return oid;
}

static uint32_t choose_length(struct bench *b)
{
    uint32_t length = (uint32_t)bench_take(b, 1);

    return length < 250 ? length : (uint32_t)bench_take(b, 2) % LENGTH_MAX;
}

static void request(struct bench *b)
{
    enum adapter_oid_kind kind = (enum adapter_oid_kind)bench_below(b, 3);
    uint32_t oid = choose_oid(b), length = choose_length(b), done = 0, needed = 0, i;
    uint8_t *buffer;
    int32_t status;
    char name[64];

    /* Power is NDIS's to set, which pauses first; the driver is told so by `power`. */
    if (kind == ADAPTER_OID_SET && oid >> 16 == POWER_OIDS)
        length %= 4;
    buffer = malloc(length + 1); /* length 0 is allowed, and malloc(0) need not be */
    for (i = 0; i < length; i++)
        buffer[i] = (uint8_t)bench_take(b, 1);
    status = adapter_oid(b->adapter, kind, oid, buffer, length, &done, &needed);
    bench_say("%s 0x%08X, %u bytes: %s, done %u, needed %u",
              kind == ADAPTER_OID_SET ? "set" : "query", oid, length,
              adapter_status_name(status, name, sizeof name), done, needed);
    FUZZ_ASSERT(done <= length);
    FUZZ_ASSERT(status != NDIS_STATUS_BUFFER_TOO_SHORT || needed > length);
    free(buffer);
}

static void other_state(struct bench *b)
{
    static const char *const commands[] = {"pause",    "restart",  "reset",
                                           "power d3", "power d0", "link down",
                                           "link up",  "sleep 1",  "sleep 2000"};

    bench_command(b, "%s", commands[bench_below(b, ARRAYSIZE(commands))]);
}

void bench_run(struct bench *b)
{
    static const char *const buses[] = {"model:seed=1", "model:features=-status,mtu=9000",
                                        "model:modern=1", "model:features=-mac"};
    static const char *const keywords[][3] = {{"*ReceiveBuffers=16", "*TransmitBuffers=16", NULL},
                                              {"*ReceiveBuffers=16", "VlanId=5", NULL},
                                              {"*ReceiveBuffers=16", "*PriorityVLANTag=0", NULL}};
    struct adapter_options options = {.liberties = LIBERTY_PLAIN};
    unsigned requests = 0;

    options.keywords = (const char **)(uintptr_t)keywords[bench_below(b, ARRAYSIZE(keywords))];
    if (!bench_add(b, buses[bench_below(b, ARRAYSIZE(buses))], &options))
        return;
    FUZZ_ASSERT(bench_start(b));
    while (b->input.size && requests++ < REQUESTS_MAX && !bench_broken())
        bench_below(b, 8) ? request(b) : other_state(b);
}
