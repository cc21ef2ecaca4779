/* SPDX-License-Identifier: MIT */
/* The `model` back end of bus.h: a virtio-net device in this process. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/segment.h"
#include "bus/model/model.h"
#include "rules/rules.h"

#define FIRST_SLOT 3u

static atomic_uint instances; /* one bit each */

static struct model *model_of(struct bus *bus)
{
    return (struct model *)bus; /* its first member */
}

/* ---- Going away ---- */

void model_set_needs_reset(struct model *model)
{
    model->common.status |= STATUS_NEEDS_RESET;
    model->broken = true;
    device_cfg_changed(model);
}

void model_remove(struct model *model)
{
    pthread_mutex_lock(&model->lock);
    model->live = false;
    atomic_store(&model->gone, true);
    pthread_mutex_unlock(&model->lock);
    interrupt_update(model);
    model_wire_close(&model->wire);
}

/* ---- Operations ---- */

static uint32_t op_config_read(struct bus *bus, unsigned offset, unsigned size)
{
    return config_space_read(model_of(bus), offset, size);
}

static void op_config_write(struct bus *bus, unsigned offset, unsigned size, uint32_t value)
{
    config_space_write(model_of(bus), offset, size, value);
}

static uint64_t op_bar_read(struct bus *bus, unsigned bar, uint64_t offset, unsigned size)
{
    return registers_read(model_of(bus), bar, offset, size);
}

static void op_bar_write(struct bus *bus, unsigned bar, uint64_t offset, unsigned size,
                         uint64_t value)
{
    registers_write(model_of(bus), bar, offset, size, value);
}

static int op_wire_send(struct bus *bus, const void *frame, size_t length, int milliseconds)
{
    struct model *model = model_of(bus);
    bool was_empty;
    int result = wire_put(&model->wire, frame, length,
                          thread_is_me(model) ? WIRE_URGENT : milliseconds, &was_empty);

    if (result)
        return result;
    if (was_empty)
        thread_wake(model, WORK_WIRE);
    return 0;
}

static int op_set_link(struct bus *bus, bool up)
{
    struct model *model = model_of(bus);
    bool changed, tell;

    pthread_mutex_lock(&model->lock);
    changed = model->link_up != up;
    model->link_up = up;
    tell = changed && model->live;
    if (changed)
        device_cfg_changed(model);
    pthread_mutex_unlock(&model->lock);
    if (!changed)
        return 0;
    wire_link(&model->wire, up);
    /* Without STATUS there is nothing in the configuration that has changed. */
    if (tell && (model->offered & FEATURE_STATUS))
        interrupt_config(model);
    return 0;
}

static int op_remove(struct bus *bus)
{
    model_remove(model_of(bus));
    return 0;
}

/* The driver stops the device's DMA and interrupts before it lets the power go: by a reset, after which
 * device_status is 0, or by the PCI command register. What the device knew is lost either way, and so is the
 * MSI-X table. */
static int op_set_power(struct bus *bus, unsigned state)
{
    struct model *model = model_of(bus);
    bool dma, interrupts;
    uint8_t status;

    if (!state) {
        if (fault_hit(&model->faults, FAULT_MASTER_LOST))
            op_config_write(bus, PCI_COMMAND, 2,
                            op_config_read(bus, PCI_COMMAND, 2) & ~(uint32_t)PCI_COMMAND_MASTER);
        return 0;
    }
    pthread_mutex_lock(&model->lock);
    status = model->gone ? 0 : model->common.status;
    dma = status & STATUS_DRIVER_OK && model->mastering;
    interrupts = status & STATUS_DRIVER_OK && (model->msix_on || !model->intx_off);
    model->common.reset_pending = true;
    model->live = false;
    pthread_mutex_unlock(&model->lock);
    if ((dma || interrupts) && rules_enabled)
        rule_violation("LowPower", NULL,
                       "the device is put into D%u with device_status 0x%02x: %s on", state, status,
                       dma && interrupts ? "its DMA and its interrupts are"
                       : dma             ? "its DMA is"
                                         : "its interrupts are");
    thread_wake(model, WORK_RESET);
    while (thread_resets(model))
        sched_yield();
    config_space_forget(model);
    return 0;
}

static void op_describe(struct bus *bus, char *text, size_t size)
{
    const struct model *model = model_of(bus);

    snprintf(text, size, "1af4:%02x%02x at %02x:%02x.%u (ndishost model, queues of %u and %u)",
             model->layout.config[3], model->layout.config[2], bus->number, bus->slot,
             bus->function, model->ring[QUEUE_RX].max_size, model->ring[QUEUE_TX].max_size);
}

/* A reset that reset_never has kept from ending goes on. */
static void finish_reset(struct model *model)
{
    bool pending;

    pthread_mutex_lock(&model->lock);
    pending = model->common.reset_pending;
    pthread_mutex_unlock(&model->lock);
    if (pending)
        thread_wake(model, WORK_RESET);
}

static uint64_t op_faults(struct bus *bus)
{
    struct model *model = model_of(bus);
    uint64_t struck = 0;

    for (int i = 0; i < FAULT_COUNT; i++)
        struck += atomic_load(&model->faults.fault[i].struck);
    return struck;
}

static int op_command(struct bus *bus, const char *line, char *error, size_t error_size)
{
    struct model *model = model_of(bus);
    unsigned work = WORK_LIVE;
    const char *bad;

    if (strncmp(line, "fault ", 6) != 0) {
        snprintf(error, error_size, "the model accepts only fault NAME[@N] and fault none");
        return -1;
    }
    if (strcmp(line + 6, "none") == 0) {
        /* The lie has kept the driver from notifications that it would write now. */
        if (fault_armed(&model->faults, FAULT_AVAIL_EVENT))
            work |= WORK_QUEUES;
        fault_disarm(&model->faults);
        atomic_store(&model->dead, false);
        finish_reset(model);
    } else if ((bad = fault_arm(&model->faults, line + 6))) {
        snprintf(error, error_size, "there is no fault \"%s\"; --help lists the faults", bad);
        return -1;
    }
    thread_wake(model, work);
    return 0;
}

/* ---- Report ---- */

static bool op_negotiated(struct bus *bus, struct bus_negotiated *agreed)
{
    struct model *model = model_of(bus);

    pthread_mutex_lock(&model->lock);
    *agreed = (struct bus_negotiated){.offered = model->offered, .accepted = model->negotiated};
    agreed->queues = model->queues < NEGOTIATED_QUEUES ? model->queues : NEGOTIATED_QUEUES;
    for (unsigned i = 0; i < agreed->queues; i++)
        agreed->queue_size[i] = model->ring[i].enabled ? (uint16_t)model->ring[i].size : 0;
    pthread_mutex_unlock(&model->lock);
    return true;
}

static const char *const counter_names[COUNTERS] = {
    [COUNT_READS] = "register_reads",
    [COUNT_WRITES] = "register_writes",
    [COUNT_CONFIG_READS] = "config_reads",
    [COUNT_ISR_READS] = "isr_reads",
    [COUNT_NOTIFICATIONS] = "rx_notifications",
    [COUNT_NOTIFICATIONS_TX] = "tx_notifications",
    [COUNT_NOTIFICATIONS_LOW] = "notifications_below_dispatch",
    [COUNT_NOTIFICATIONS_VAIN] = "notifications_in_vain",
    [COUNT_INTERRUPTS] = "interrupts",
    [COUNT_MESSAGES] = "messages",
    [COUNT_CONFIG_CHANGES] = "config_changes",
    [COUNT_RESETS] = "resets",
    [COUNT_DRIVER_OK] = "starts",
    [COUNT_FAILED] = "failed",
    [COUNT_RX_AT_DRIVER_OK] = "rx_buffers_at_driver_ok",
    [COUNT_TX_FRAMES] = "tx_frames",
    [COUNT_TX_BYTES] = "tx_bytes",
    [COUNT_TX_REFUSED] = "tx_refused",
    [COUNT_TX_NO_LINK] = "tx_no_link",
    [COUNT_RX_FRAMES] = "rx_frames",
    [COUNT_RX_BYTES] = "rx_bytes",
    [COUNT_RX_TOO_LONG] = "rx_too_long",
    [COUNT_RX_STARVED] = "rx_starved",
    [COUNT_RX_FILTERED] = "rx_filtered",
    [COUNT_CTRL] = "ctrl_commands",
    [COUNT_CTRL_ERR] = "ctrl_errors",
    [COUNT_RX_UNTOLD] = "rx_untold",
    [COUNT_RX_MISLED] = "rx_misled",
};

static void op_report(struct bus *bus, FILE *json)
{
    struct model *model = model_of(bus);
    unsigned long long violations = 0;
    const char *separator = "";
    unsigned long long rx = atomic_load(&model->counter[COUNT_NOTIFICATIONS]);
    unsigned long long tx = atomic_load(&model->counter[COUNT_NOTIFICATIONS_TX]);
    unsigned long long all = rx + tx;
    uint32_t longest, command, bound;

    pthread_mutex_lock(&model->lock);
    longest = model->ring[QUEUE_TX].longest;
    bound = model->common.config_msix_vector != MSIX_NO_VECTOR;
    for (unsigned i = 0; i < model->queues; i++)
        bound += model->ring[i].msix_vector != MSIX_NO_VECTOR;
    pthread_mutex_unlock(&model->lock);
    command = op_config_read(bus, PCI_COMMAND, 2);
    for (int i = 0; i < COUNTERS; i++)
        fprintf(json, "\"%s\": %llu, ", counter_names[i],
                (unsigned long long)atomic_load(&model->counter[i]));
    fprintf(json, "\"tx_longest_chain\": %u, \"pci_command\": \"0x%x\", ", longest, command);
    fprintf(json, "\"msix_vectors\": %u, ", bound); /* those that the driver has written */
    fprintf(json, "\"queue_notifications\": [%llu, %llu", rx, tx);
    for (unsigned i = 2; i < model->queues; i++) {
        unsigned long long more = atomic_load(&model->notified[i]);

        fprintf(json, ", %llu", more);
        all += more;
    }
    fprintf(json, "], \"notifications\": %llu, \"faults\": {", all);
    for (int i = 0; i < FAULT_COUNT; i++) {
        unsigned long struck = atomic_load(&model->faults.fault[i].struck);

        if (struck) {
            fprintf(json, "%s\"%s\": %lu", separator, fault_name((enum fault_id)i), struck);
            separator = ", ";
        }
    }
    separator = "";
    fprintf(json, "}, \"rules_broken\": {");
    for (int i = 0; i < RULE_COUNT; i++) {
        unsigned long broken = atomic_load(&model->violation[i]);

        violations += broken;
        if (broken) {
            fprintf(json, "%s\"%s\": %lu", separator, model_rule_name((enum model_rule)i), broken);
            separator = ", ";
        }
    }
    fprintf(json, "}, \"violations\": %llu", violations);
}

/* ---- Opening and closing ---- */

static void free_parts(struct model *model)
{
    for (unsigned i = 0; i < model->queues; i++)
        ring_close(&model->ring[i]);
    wire_free(&model->wire);
    free(model->frames);
    free(model->packet);
}

static bool op_step(struct bus *bus)
{
    return thread_step(model_of(bus));
}

static void op_close(struct bus *bus)
{
    struct model *model = model_of(bus);

    model_wire_close(&model->wire);
    thread_stop(model);
    free_parts(model);
    pthread_mutex_destroy(&model->lock);
    pthread_mutex_destroy(&model->turn);
    pthread_mutex_destroy(&model->sleep_lock);
    pthread_cond_destroy(&model->sleep_cond);
    atomic_fetch_and(&instances, ~(1u << model->instance));
    free(model);
}

static bool op_message_target(struct bus *bus, unsigned number, struct bus_message *message)
{
    (void)bus;
    return message_target(number, message);
}

static const struct bus_ops ops = {
    .config_read = op_config_read,
    .config_write = op_config_write,
    .bar_read = op_bar_read,
    .bar_write = op_bar_write,
    .message_target = op_message_target,
    .wire_send = op_wire_send,
    .set_link = op_set_link,
    .set_power = op_set_power,
    .remove = op_remove,
    .describe = op_describe,
    .command = op_command,
    .faults = op_faults,
    .negotiated = op_negotiated,
    .negotiated_any_time = true,
    .report = op_report,
    .step = op_step,
    .close = op_close,
};

/* The lowest number that no open model has. */
static unsigned instance_take(void)
{
    unsigned taken = atomic_load(&instances), number;

    do
        number = (unsigned)__builtin_ctz(~taken);
    while (!atomic_compare_exchange_weak(&instances, &taken, taken | 1u << number));
    return number;
}

static void fill_in(struct model *model, const struct bus_events *events, void *context)
{
    struct options *options = &model->options;

    model->bus.ops = &ops;
    model->bus.events = events;
    model->bus.context = context;
    model->bus.lockstep = options->lockstep != LOCKSTEP_OFF;
    memcpy(model->bus.bar, model->layout.bar, sizeof model->bus.bar);
    model->bus.slot = (uint8_t)(FIRST_SLOT + model->instance);
    model->bus.irq_vector = (uint8_t)(0x30 + model->instance);
    /* Two models are two network cards. */
    if (!options->mac_given)
        options->mac[5] = (uint8_t)(options->mac[5] + model->instance);
    model->offered = options->features;
    model->queues = options->queues;
    model->pairs_used = 1;
    rx_filter_reset(&model->filter, options->mac);
    model->link_up = true;
    model->frame_max = ETHERNET_HEADER_SIZE + ETHERNET_TAG_SIZE + options->mtu;
    msix_table_reset(model);
    config_space_written(model);
    random_seed(&model->random, options->seed);
    pthread_mutex_init(&model->lock, NULL);
    if (options->fault[0])
        fault_arm(&model->faults, options->fault);
}

/* What has to be allocated, and the thread that works on it. */
static bool start(struct model *model)
{
    const struct options *options = &model->options;
    bool wire = model_wire_open(&model->wire, options->wire);
    bool rings = true;

    for (unsigned i = 0; i < model->queues; i++)
        rings &= ring_open(&model->ring[i], (uint16_t)i,
                           (uint16_t)(i == 2 * options->pairs ? options->ctrl_queue_size
                                      : i % 2                 ? options->tx_queue_size
                                                              : options->rx_queue_size));
    model->frames = malloc((size_t)BATCH * model->frame_max);
    model->packet = malloc(SEGMENT_PACKET);
    if (wire && rings && model->frames && model->packet) {
        common_cfg_reset(model);
        if (thread_start(model))
            return true;
    }
    free_parts(model);
    return false;
}

static struct bus *model_open(const char *arguments, const struct bus_events *events, void *context,
                              char *error, size_t error_size)
{
    struct model *model = calloc(1, sizeof *model);

    if (!model) {
        snprintf(error, error_size, "--bus model: out of memory");
        return NULL;
    }
    model->instance = instance_take();
    if (model_options_parse(&model->options, arguments, error, error_size) &&
        layout_build(&model->layout, &model->options, model->instance, error, error_size)) {
        fill_in(model, events, context);
        if (start(model))
            return &model->bus;
        snprintf(error, error_size, "--bus model: cannot allocate memory or start a thread");
    }
    atomic_fetch_and(&instances, ~(1u << model->instance));
    free(model);
    return NULL;
}

const struct bus_backend bus_model = {
    .name = "model", .help = options_help, .memory = PHYS_PAGES, .open = model_open};
BUS_BACKEND(bus_model);
