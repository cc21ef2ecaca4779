/* SPDX-License-Identifier: MIT */
/* A plugin of QEMU that counts how often each instruction is executed, by address.
 *
 *     qemu-x86_64 -plugin plugin.so,out=FILE ...          a dump when the program ends
 *     qemu-system-x86_64 -plugin plugin.so,orders=FIFO    a dump for each line "FILE START-END ..." read
 *                                                         from FIFO, of these addresses
 *
 * A dump has a line "ADDRESS SIZE TIMES ACCESSES BYTES" for each instruction that was executed, in hexadecimal.
 * Each round of a `rep` counts. ACCESSES are those to memory, and are counted for a `rep` alone.
 *
 * base=,end=,from=,to=: between an execution of `from` and the next one of `to`, the plugin counts the
 * instructions that lie between `base` and `end`. Each such number is a line "between N" in decimal. There a
 * `rep` counts once.
 *
 * No Debian package has the header of the interface, so the parts in use are declared here: version 1. */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- QEMU's interface ---- */

#define VISIBLE      __attribute__((visibility("default")))
#define ADD_U64      0
#define NO_REGISTERS 0
#define ANY_ACCESS   3

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated)(plugin_id id, struct qemu_plugin_tb *block);
typedef void (*executed)(unsigned processor, void *data);
typedef void (*ending)(plugin_id id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated callback);
void qemu_plugin_register_atexit_cb(plugin_id id, ending callback, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, executed callback,
                                            int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
                                                void *counter, uint64_t value);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *insn, int accesses,
                                          int operation, void *counter, uint64_t value);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

VISIBLE int qemu_plugin_version = 1;
VISIBLE int qemu_plugin_install(plugin_id id, const void *info, int count, char **arguments);

/* ---- The counters ---- */

#define BUCKETS      (1u << 18)
#define LONGEST      15
#define BETWEEN_MOST 65536

/* Two programs may have different instructions at one address: then each has a counter. */
struct counter {
    struct counter *next;
    uint64_t address, times, accesses;
    uint8_t size, bytes[LONGEST];
};

static struct counter *table[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *out, *orders;
static uint64_t base, end, from, to;
static uint64_t inside; /* instructions between base and end, so far */
static uint64_t began;
static bool running;
static uint64_t between[BETWEEN_MOST];
static size_t between_count;

static struct counter *counter_of(const struct qemu_plugin_insn *insn)
{
    uint64_t address = qemu_plugin_insn_vaddr(insn);
    const void *bytes = qemu_plugin_insn_data(insn);
    size_t size = qemu_plugin_insn_size(insn);
    struct counter **head = &table[(address * 0x9E3779B97F4A7C15u) >> 46], *one;

    if (size > LONGEST)
        size = LONGEST;
    for (one = *head; one; one = one->next)
        if (one->address == address && one->size == size && !memcmp(one->bytes, bytes, size))
            return one;
    one = calloc(1, sizeof *one);
    if (!one)
        abort();
    one->address = address;
    one->size = (uint8_t)size;
    memcpy(one->bytes, bytes, size);
    one->next = *head;
    *head = one;
    return one;
}

static bool is_rep(const struct counter *one)
{
    return one->bytes[0] == 0xF2 || one->bytes[0] == 0xF3;
}

static void at_from(unsigned processor, void *data)
{
    (void)processor;
    (void)data;
    began = inside;
    running = true;
}

static void at_to(unsigned processor, void *data)
{
    (void)processor;
    (void)data;
    if (running && between_count < BETWEEN_MOST)
        between[between_count++] = inside - began;
    running = false;
}

static void on_block(plugin_id id, struct qemu_plugin_tb *block)
{
    size_t count = qemu_plugin_tb_n_insns(block);

    (void)id;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        struct counter *one = counter_of(insn);

        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &one->times, 1);
        if (is_rep(one))
            qemu_plugin_register_vcpu_mem_inline(insn, ANY_ACCESS, ADD_U64, &one->accesses, 1);
        if (!end)
            continue;
        if (one->address == from)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_from, NO_REGISTERS, NULL);
        if (one->address == to)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_to, NO_REGISTERS, NULL);
        /* Each further round of a `rep` begins a block. */
        if (one->address >= base && one->address < end && !(is_rep(one) && i == 0))
            qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &inside, 1);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- Dumps ---- */

/* ranges: "START-END START-END ...", in hexadecimal; none: all addresses. */
static bool wanted(const char *ranges, uint64_t address)
{
    uint64_t first, last;
    int used;

    if (!*ranges)
        return true;
    while (sscanf(ranges, " %" SCNx64 "-%" SCNx64 "%n", &first, &last, &used) == 2) {
        if (address >= first && address < last)
            return true;
        ranges += used;
    }
    return false;
}

static void write_counters(FILE *file, const char *ranges)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct counter *one = table[i]; one; one = one->next) {
            if (!one->times || !wanted(ranges, one->address))
                continue;
            fprintf(file, "%" PRIx64 " %x %" PRIx64 " %" PRIx64 " ", one->address, one->size,
                    one->times, one->accesses);
            for (size_t k = 0; k < one->size; k++)
                fprintf(file, "%02x", one->bytes[k]);
            fputc('\n', file);
        }
}

static void dump(const char *name, const char *ranges)
{
    char unfinished[4096];
    FILE *file;
    bool good;

    snprintf(unfinished, sizeof unfinished, "%s.unfinished", name);
    file = fopen(unfinished, "w");
    if (!file) {
        fprintf(stderr, "plugin: cannot write %s\n", unfinished);
        return;
    }
    pthread_mutex_lock(&lock);
    write_counters(file, ranges);
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < between_count; i++)
        fprintf(file, "between %" PRIu64 "\n", between[i]);
    good = !ferror(file);
    if (fclose(file) || !good || rename(unfinished, name))
        fprintf(stderr, "plugin: cannot write %s\n", name);
}

static void *take_orders(void *unused)
{
    char line[4000], *ranges;
    FILE *fifo = fopen(orders, "r");

    (void)unused;
    if (!fifo) {
        fprintf(stderr, "plugin: cannot read %s\n", orders);
        return NULL;
    }
    while (fgets(line, sizeof line, fifo)) {
        line[strcspn(line, "\n")] = 0;
        ranges = strchr(line, ' ');
        if (ranges)
            *ranges++ = 0;
        dump(line, ranges ? ranges : "");
    }
    fclose(fifo);
    return NULL;
}

static void at_end(plugin_id id, void *data)
{
    (void)id;
    (void)data;
    dump(out, "");
}

static bool argument(const char *text)
{
    static const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {{"base=", &base}, {"end=", &end}, {"from=", &from}, {"to=", &to}};

    if (!strncmp(text, "out=", 4)) {
        out = strdup(text + 4);
        return out != NULL;
    }
    if (!strncmp(text, "orders=", 7)) {
        orders = strdup(text + 7);
        return orders != NULL;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!strncmp(text, numbers[i].name, strlen(numbers[i].name))) {
            *numbers[i].value = strtoull(text + strlen(numbers[i].name), NULL, 0);
            return true;
        }
    return false;
}

int qemu_plugin_install(plugin_id id, const void *info, int count, char **arguments)
{
    pthread_t thread;

    (void)info;
    for (int i = 0; i < count; i++)
        if (!argument(arguments[i])) {
            fprintf(stderr, "plugin: unknown argument %s\n", arguments[i]);
            return 1;
        }
    if (!out == !orders) {
        fprintf(stderr, "plugin: say out=FILE or orders=FIFO\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    if (out)
        qemu_plugin_register_atexit_cb(id, at_end, NULL);
    else if (pthread_create(&thread, NULL, take_orders, NULL))
        return 1;
    return 0;
}
