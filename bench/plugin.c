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
 * `rep` counts once. "inside ADDRESS TIMES" says how often an instruction was among them.
 *
 * base=,end=,device=START-END:START-END...: the code between `base` and `end` is a driver, and that in the other
 * ranges is its device. For each 64 bytes of memory that both touch, "line ADDRESS TURNS" says in how many turns the
 * driver did so. A turn lasts until the device has worked, and the driver goes on. The two may have mapped one file at
 * different addresses: /proc/self/maps tells, as it is while the driver gets interrupts.
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
typedef uint32_t access_info;
typedef void (*accessed)(unsigned processor, access_info info, uint64_t address, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated callback);
void qemu_plugin_register_atexit_cb(plugin_id id, ending callback, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, executed callback,
                                            int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
                                                void *counter, uint64_t value);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *insn, int accesses,
                                          int operation, void *counter, uint64_t value);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, accessed callback, int flags,
                                      int accesses, void *data);
unsigned qemu_plugin_mem_size_shift(access_info info);
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
#define WAITING_MOST 16384 /* instructions of a driver */
#define LINE_SHIFT   6     /* of a cache line's 64 bytes */
#define LINE_BUCKETS (1u << 16)
#define RANGES_MOST  64

/* Two programs may have different instructions at one address: then each has a counter. */
struct counter {
    struct counter *next;
    uint64_t address, times, accesses;
    uint64_t waiting, inside; /* times since the last `from`, and what of it ended in a `to` */
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
static struct counter *waiting_ones[WAITING_MOST];
static size_t waiting_count;

/* A cache line that the driver or its device touched. */
struct line {
    struct line *next;
    uint64_t place;       /* address / 64 */
    uint64_t turn, turns; /* the driver's last turn in which it touched the line, and how many */
};

/* A part of a file that is in memory. */
struct mapping {
    uint64_t first, last, offset, inode;
};

static struct line *driver_lines[LINE_BUCKETS], *device_lines[LINE_BUCKETS];
static pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapping *mappings;
static size_t mapping_count;
static uint64_t interrupts, turn = 1;
static bool device_worked;
static struct {
    uint64_t first, last;
} device[RANGES_MOST];
static size_t device_count;

/* The line at that place; a new one if there is none and `make` is set, else NULL. */
static struct line *line_of(struct line **lines, uint64_t place, bool make)
{
    struct line **head = &lines[(place * 0x9E3779B97F4A7C15u) >> 48], *one;

    for (one = *head; one; one = one->next)
        if (one->place == place)
            return one;
    if (!make)
        return NULL;
    one = calloc(1, sizeof *one);
    if (!one)
        abort();
    one->place = place;
    one->next = *head;
    *head = one;
    return one;
}

/* What is mapped now and shared; they are in the order of their addresses. */
static void read_mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    char text[1024], rights[8];
    size_t room = 0;

    if (!file)
        return;
    mapping_count = 0;
    while (fgets(text, sizeof text, file)) {
        struct mapping one;

        if (sscanf(text, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %" SCNu64, &one.first,
                   &one.last, rights, &one.offset, &one.inode) != 5 ||
            rights[3] != 's')
            continue;
        if (mapping_count >= room) {
            room = room ? 2 * room : 4096;
            mappings = realloc(mappings, room * sizeof *mappings);
            if (!mappings)
                abort();
        }
        mappings[mapping_count++] = one;
    }
    fclose(file);
}

/* The mapping with that address; NULL: none. */
static const struct mapping *mapping_of(uint64_t address)
{
    size_t low = 0, high = mapping_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (address >= mappings[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < mapping_count && address >= mappings[low].first ? &mappings[low] : NULL;
}

/* Did the device touch the same 64 bytes, at whatever address? */
static bool device_touched(uint64_t place)
{
    const struct mapping *mine = mapping_of(place << LINE_SHIFT), *other;

    if (!mine)
        return false;
    for (size_t i = 0; i < mapping_count; i++) {
        uint64_t at = mine->offset + (place << LINE_SHIFT) - mine->first;

        other = &mappings[i];
        if (other->inode == mine->inode && at >= other->offset &&
            at - other->offset < other->last - other->first &&
            line_of(device_lines, (other->first + at - other->offset) >> LINE_SHIFT, false))
            return true;
    }
    return false;
}

static bool is_device(uint64_t address)
{
    for (size_t i = 0; i < device_count; i++)
        if (address >= device[i].first && address < device[i].last)
            return true;
    return false;
}

/* How many lines an access touches, from *place on. */
static unsigned touched(access_info info, uint64_t address, uint64_t *place)
{
    uint64_t last = address + (1u << qemu_plugin_mem_size_shift(info)) - 1;

    *place = address >> LINE_SHIFT;
    return (unsigned)((last >> LINE_SHIFT) - *place) + 1;
}

static void at_driver_access(unsigned processor, access_info info, uint64_t address, void *data)
{
    uint64_t place;
    unsigned count = touched(info, address, &place);

    (void)processor;
    (void)data;
    pthread_mutex_lock(&line_lock);
    if (device_worked)
        turn++;
    device_worked = false;
    for (unsigned i = 0; i < count; i++) {
        struct line *one = line_of(driver_lines, place + i, true);

        one->turns += one->turn != turn;
        one->turn = turn;
    }
    pthread_mutex_unlock(&line_lock);
}

static void at_device_access(unsigned processor, access_info info, uint64_t address, void *data)
{
    uint64_t place;
    unsigned count = touched(info, address, &place);

    (void)processor;
    (void)data;
    pthread_mutex_lock(&line_lock);
    device_worked = true;
    for (unsigned i = 0; i < count; i++)
        line_of(device_lines, place + i, true);
    pthread_mutex_unlock(&line_lock);
}

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

/* Sets what waits to 0; counts: it ended in a `to`. */
static void settle(bool counts)
{
    for (size_t i = 0; i < waiting_count; i++) {
        waiting_ones[i]->inside += counts ? waiting_ones[i]->waiting : 0;
        waiting_ones[i]->waiting = 0;
    }
    waiting_count = 0;
}

static void at_from(unsigned processor, void *data)
{
    (void)processor;
    (void)data;
    settle(false);
    began = inside;
    running = true;
    /* Seldom: but the last adapter's memory has to be among them. */
    if (device_count && !(interrupts & (interrupts - 1))) {
        pthread_mutex_lock(&line_lock);
        read_mappings();
        pthread_mutex_unlock(&line_lock);
    }
    interrupts++;
}

static void at_to(unsigned processor, void *data)
{
    (void)processor;
    (void)data;
    if (running && between_count < BETWEEN_MOST)
        between[between_count++] = inside - began;
    settle(running);
    running = false;
}

static void at_driver(unsigned processor, void *data)
{
    struct counter *one = data;

    (void)processor;
    if (!running)
        return;
    if (!one->waiting++ && waiting_count < WAITING_MOST)
        waiting_ones[waiting_count++] = one;
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
        if (one->address >= base && one->address < end && !(is_rep(one) && i == 0)) {
            qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &inside, 1);
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_driver, NO_REGISTERS, one);
        }
        if (device_count && one->address >= base && one->address < end)
            qemu_plugin_register_vcpu_mem_cb(insn, at_driver_access, NO_REGISTERS, ANY_ACCESS,
                                             NULL);
        else if (is_device(one->address))
            qemu_plugin_register_vcpu_mem_cb(insn, at_device_access, NO_REGISTERS, ANY_ACCESS,
                                             NULL);
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

static void write_inside(FILE *file)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct counter *one = table[i]; one; one = one->next)
            if (one->inside)
                fprintf(file, "inside %" PRIx64 " %" PRIx64 "\n", one->address, one->inside);
}

static void write_lines(FILE *file)
{
    for (size_t i = 0; i < LINE_BUCKETS; i++)
        for (const struct line *one = driver_lines[i]; one; one = one->next)
            if (device_touched(one->place))
                fprintf(file, "line %" PRIx64 " %" PRIx64 "\n", one->place << LINE_SHIFT,
                        one->turns);
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
    write_inside(file);
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < between_count; i++)
        fprintf(file, "between %" PRIu64 "\n", between[i]);
    pthread_mutex_lock(&line_lock);
    write_lines(file);
    pthread_mutex_unlock(&line_lock);
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

static bool device_ranges(const char *text)
{
    int used = 0;

    while (*text && device_count < RANGES_MOST &&
           sscanf(text, "%" SCNx64 "-%" SCNx64 "%n", &device[device_count].first,
                  &device[device_count].last, &used) == 2) {
        device_count++;
        text += used;
        text += *text == ':';
    }
    return !*text && device_count;
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
    if (!strncmp(text, "device=", 7))
        return device_ranges(text + 7);
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
