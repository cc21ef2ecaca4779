/* SPDX-License-Identifier: MIT */
/* The machine for the fuzzers of the whole driver; see bench.h. */
#include "bench.h"

#include <malloc.h>
#include <stdarg.h>
#include "nt/api/kernel.h"
#include "nt/api/log.h"
#include "nt/api/pool.h"
#include "nt/machine/lock_order.h"
#include "nt/machine/phys.h"
#include "nt/machine/processor.h"
#include "nt/machine/trap.h"
#include "rules/rules.h"
#include "scheduler.h"

#define MEMORY     (5120ull << 20)
#define PROCESSORS 2

int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char driver_file[] = "out/x64/aerovnet.sys"; /* its event log messages */
static bool trace;
static unsigned excused;

/* ---- The input ---- */

uint64_t bench_take(struct bench *b, unsigned bytes)
{
    return fuzz_take(&b->input, bytes, 0);
}

unsigned bench_below(struct bench *b, unsigned bound)
{
    return (unsigned)bench_take(b, bound > 256 ? 2 : 1) % bound;
}

const char *bench_hex(struct bench *b, unsigned length)
{
    static char text[BENCH_LINE / 2];
    unsigned i;

    for (i = 0; i < length && 2 * i + 2 < sizeof text; i++)
        snprintf(text + (size_t)2 * i, 3, "%02x", (unsigned)bench_take(b, 1));
    text[(size_t)2 * i] = 0;
    return text;
}

/* ---- What is done ---- */

void bench_say(const char *format, ...)
{
    va_list args;

    if (!trace)
        return;
    va_start(args, format);
    fputs("fuzz: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

void bench_command(struct bench *b, const char *format, ...)
{
    static struct reply reply;
    static char line[BENCH_LINE];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    bench_say("%.100s", line);
    command_carry_out(&b->scenario, line, &reply);
    b->refused = strncmp(reply.text, "ok", 2) != 0;
    bench_say("  %.200s", reply.text);
}

void bench_excuse(unsigned count)
{
    excused += count;
}

bool bench_broken(void)
{
    return rules_violations() != excused;
}

/* ---- The memory of the protocol's frames: mapping it anew would take most of an input's time ---- */

#define KEPT      2
#define KEPT_FROM (1u << 20) /* bytes: nothing of the driver's is so large */

static struct kept {
    void *memory;
    size_t bytes;
    bool used;
} kept[KEPT];

void *__real_phys_alloc(size_t bytes, unsigned flags, uint64_t *pa);
void *__wrap_phys_alloc(size_t bytes, unsigned flags, uint64_t *pa);
void *__wrap_phys_alloc(size_t bytes, unsigned flags, uint64_t *pa)
{
    struct kept *free_one = NULL;

    if (flags != PHYS_SCATTERED || bytes < KEPT_FROM || pa)
        return __real_phys_alloc(bytes, flags, pa);
    for (struct kept *k = kept; k < kept + KEPT; k++) {
        if (k->memory && !k->used && k->bytes == bytes) {
            k->used = true;
            return memset(k->memory, 0, bytes);
        }
        if (!k->memory)
            free_one = k;
    }
    if (!free_one)
        return __real_phys_alloc(bytes, flags, NULL);
    *free_one = (struct kept){__real_phys_alloc(bytes, flags, NULL), bytes, true};
    return free_one->memory;
}

void __real_phys_free(void *va);
void __wrap_phys_free(void *va);
void __wrap_phys_free(void *va)
{
    for (struct kept *k = kept; k < kept + KEPT; k++)
        if (va && k->memory == va) {
            k->used = false;
            return;
        }
    __real_phys_free(va);
}

/* ---- Pool: the sanitizer's heap, which sees an access one byte off, and is faster than guard pages ---- */

void *__wrap_nt_pool_alloc(const char *kind, size_t bytes, uint32_t tag, const void *caller);
void *__wrap_nt_pool_alloc(const char *kind, size_t bytes, uint32_t tag, const void *caller)
{
    void *start;

    (void)tag;
    if (kind && nt_allocation_fails())
        return NULL;
    start = malloc(bytes);
    memset(start, NT_POOL_FILL, bytes);
    if (kind)
        track_add(kind, start, bytes, caller);
    return start;
}

/* Only blocks that track knows come from a driver; the host's own have no kind. */
void __wrap_nt_pool_free(const char *kind, void *p, uint32_t tag, const void *caller);
void __wrap_nt_pool_free(const char *kind, void *p, uint32_t tag, const void *caller)
{
    (void)tag;
    if (kind)
        track_remove(kind, p, caller);
    lock_order_forget(p, malloc_usable_size(p));
    free(p);
}

size_t __wrap_nt_pool_size(const void *p);
size_t __wrap_nt_pool_size(const void *p)
{
    return malloc_usable_size((void *)(uintptr_t)p);
}

/* ---- One input ---- */

bool bench_add(struct bench *b, const char *bus, struct adapter_options *options)
{
    static volatile sig_atomic_t never;
    char error[4096] = "";

    options->bus = bus;
    options->net = "none";
    options->seed = BENCH_SEED;
    bench_say("%s", bus);
    cpu_lock();
    random_seed(cpu_random(), BENCH_SEED);
    cpu_unlock();
    b->driver = ndis_driver_load(driver_file, NULL, error, sizeof error);
    if (!b->driver) {
        fprintf(stderr, "fuzz: %s\n", error);
        abort();
    }
    b->adapter = ndis_adapter_add(b->driver, options, error, sizeof error);
    b->scenario = (struct scenario){.adapters = &b->adapter, .adapter_count = 1, .stop = &never};
    if (!b->adapter)
        bench_say("%s", error);
    return b->adapter != NULL;
}

bool bench_start(struct bench *b)
{
    char error[4096] = "";
    bool failed = adapter_start(b->adapter, error, sizeof error) != 0;

    if (failed)
        bench_say("%s", error);
    return !failed;
}

static void finish(struct bench *b)
{
    nt_fail_call(NULL, 0);
    nt_fail_allocation(0);
    if (b->adapter) {
        adapter_stop(b->adapter);
        ndis_adapter_remove(b->adapter);
    }
    if (b->driver)
        ndis_driver_unload(b->driver);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char error[512];

    (void)argc, (void)argv;
    trace = getenv("TRACE") != NULL;
    if (phys_open(PHYS_PAGES, MEMORY, BENCH_SEED, error, sizeof error))
        goto failed;
    trap_install();
    scheduler_begin(BENCH_SEED, 0);
    nt_thread_enter("main");
    rules_enabled = true;
    nt_log_quiet = !trace;
    if (nt_start(PROCESSORS, BENCH_SEED, error, sizeof error))
        goto failed;
    scheduler_end();
    return 0;

failed:
    fprintf(stderr, "fuzz: %s\n", error);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned patience[] = {0, 0, 0, 2, 5, 11, 31, 127};
    struct bench b = {.input = {data, size}};
    uint8_t turns = (uint8_t)bench_take(&b, 1);

    scheduler_begin(turns, patience[turns % 8]);
    bench_run(&b);
    finish(&b);
    if (track_report_leaks(stderr) || bench_broken())
        abort();
    scheduler_end();
    return 0;
}
