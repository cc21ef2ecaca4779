/* SPDX-License-Identifier: MIT */
/* Loads and stores to the BARs, and whose they are. */
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bus/access.h"
#include "bus/model/features.h"
#include "bus/model/model.h"
#include "nt/machine/irql.h"

static const char *const place_names[] = {
    "common configuration", "notification structure", "ISR status",      "device configuration",
    "MSI-X table",          "MSI-X pending bits",     "legacy interface"};

/* Does the device answer at all? Also an occasion for it to go. */
static bool answers(struct model *model, unsigned bar, enum counter counter)
{
    unsigned decode = model->bus.bar[bar].io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

    count(model, counter, 1);
    if (fault_hit(&model->faults, FAULT_GONE))
        model_remove(model);
    if (atomic_load(&model->gone))
        return false;
    if (atomic_load(&model->decoding) & decode)
        return true;
    model_violation(model, RULE_PCI_DECODE,
                    "BAR %u is accessed while the command register has %s decoding off", bar,
                    decode == PCI_COMMAND_IO ? "I/O" : "memory");
    return false;
}

static const struct place *find_place(struct model *model, unsigned bar, uint64_t offset,
                                      const char *verb)
{
    const struct place *place = layout_find(&model->layout, bar, offset);

    if (!place)
        model_violation(model, RULE_NO_REGISTER,
                        "BAR %u, offset 0x%llx is %s: there is no register", bar,
                        (unsigned long long)offset, verb);
    return place;
}

/* The byte is all that there is, in a structure that may be longer. */
static bool isr_access(struct model *model, uint32_t offset, unsigned size, const char *verb)
{
    if (offset == 0 && size == 1)
        return true;
    model_violation(model, offset ? RULE_NO_REGISTER : RULE_WIDTH,
                    "the ISR status (8 bits, offset 0) is %s with %u bits at offset %u", verb,
                    size * 8, offset);
    return offset == 0;
}

/* ---- Faults that take time ---- */

/* Waits until `counter` counts on, at most so long. Returns false if it did not. The caller holds no lock. */
static bool await_count(struct model *model, enum counter counter, unsigned milliseconds)
{
    uint64_t before = atomic_load(&model->counter[counter]);

    for (unsigned i = 0; i < milliseconds; i++) {
        if (atomic_load(&model->counter[counter]) != before)
            return true;
        usleep(1000);
    }
    return false;
}

/* A processor that loses its time between a read and the use of its value sees it this late. */
static void status_late(struct model *model, const struct place *place, uint32_t offset,
                        uint64_t value)
{
    if (place->kind == PLACE_COMMON && offset == COMMON_DEVICE_STATUS &&
        value & STATUS_NEEDS_RESET && fault_hit(&model->faults, FAULT_STATUS_LATE))
        await_count(model, COUNT_DRIVER_OK, 2000);
}

/* ---- Reading ---- */

static uint64_t place_read(struct model *model, const struct place *place, uint32_t offset,
                           unsigned size)
{
    uint64_t value = 0;

    switch (place->kind) {
    case PLACE_ISR:
        return isr_access(model, offset, size, "read") ? interrupt_read_isr(model) : 0;
    case PLACE_COMMON:
        pthread_mutex_lock(&model->lock);
        value = common_cfg_read(model, offset, size);
        pthread_mutex_unlock(&model->lock);
        return value;
    case PLACE_DEVICE:
        if (fault_hit(&model->faults, FAULT_CONFIG_LATE) && await_count(model, COUNT_RESETS, 500))
            return 0;
        pthread_mutex_lock(&model->lock);
        value = device_cfg_read(model, offset, size);
        pthread_mutex_unlock(&model->lock);
        return value;
    case PLACE_MSIX_TABLE:
        pthread_mutex_lock(&model->lock);
        if (offset + size <= model->options.vectors * 16u)
            memcpy(&value, model->msix_table + offset, size);
        pthread_mutex_unlock(&model->lock);
        return value;
    case PLACE_MSIX_PENDING:
        return offset < sizeof(uint32_t) ? atomic_load(&model->msix_pending) >> 8 * offset : 0;
    default:
        model_violation(model, place->kind == PLACE_NOTIFY ? RULE_NOTIFY_ADDRESS : RULE_LEGACY,
                        "the %s is read at offset 0x%x", place_names[place->kind], offset);
        return 0;
    }
}

uint64_t registers_read(struct model *model, unsigned bar, uint64_t offset, unsigned size)
{
    const struct place *place;
    uint64_t value;

    if (bar >= BUS_BARS || !answers(model, bar, COUNT_READS))
        return bus_ones(size);
    place = find_place(model, bar, offset, "read");
    if (!place)
        return 0;
    value = place_read(model, place, (uint32_t)(offset - place->offset), size) & bus_ones(size);
    status_late(model, place, (uint32_t)(offset - place->offset), value);
    return value;
}

/* ---- Notifications ---- */

/* Which queue's address is this? QUEUES_MAX if none's. With a multiplier of 0 it is everybody's, and the
 * value decides. */
static unsigned notified_queue(const struct model *model, uint32_t offset, unsigned value)
{
    uint32_t multiplier = model->options.notify_multiplier;

    if (multiplier == 0)
        return offset == 0 ? value : QUEUES_MAX;
    return offset % multiplier == 0 && offset / multiplier < model->queues ? offset / multiplier
                                                                           : QUEUES_MAX;
}

/* The path of every batch: no lock. What is negotiated is settled by the time of DRIVER_OK. */
static void notify(struct model *model, uint32_t offset, unsigned size, uint64_t value)
{
    unsigned index = (unsigned)value & 0xFFFF;
    unsigned queue = notified_queue(model, offset, index);
    unsigned width = 2;

    if (index >= model->queues || (queue < model->queues && queue != index)) {
        model_violation(model, RULE_NOTIFY_QUEUE,
                        "%u is written as a notification, to the address at offset 0x%x", index,
                        offset);
        return;
    }
    if (queue >= model->queues) {
        model_violation(model, RULE_NOTIFY_ADDRESS,
                        "a notification of queue %u is written to offset 0x%x", index, offset);
        return;
    }
    if (!(atomic_load(&model->notifiable) >> index & 1)) {
        model_violation(model, RULE_NOTIFY_TIME,
                        "queue %u is notified before DRIVER_OK, or is not enabled", index);
        return;
    }
    if (model->negotiated & FEATURE_NOTIFICATION_DATA)
        width = 4;
    if (size != width)
        model_violation(model, RULE_WIDTH, "a notification is written with %u bits instead of %u",
                        size * 8, width * 8);
    if (index < 2)
        count(model, COUNT_NOTIFICATIONS + index, 1);
    else
        atomic_fetch_add_explicit(&model->notified[index], 1, memory_order_relaxed);
    if (fault_hit(&model->faults, FAULT_NOTIFY_SLOW))
        usleep(200000);
    if (irql_get() < IRQL_DISPATCH)
        count(model, COUNT_NOTIFICATIONS_LOW, 1);
    thread_wake(model, WORK_QUEUE << index);
}

/* ---- Writing ---- */

static void place_write(struct model *model, const struct place *place, uint32_t offset,
                        unsigned size, uint64_t value)
{
    unsigned work = 0;

    switch (place->kind) {
    case PLACE_NOTIFY:
        notify(model, offset, size, value);
        break;
    case PLACE_COMMON:
        pthread_mutex_lock(&model->lock);
        common_cfg_write(model, offset, size, (uint32_t)value, &work);
        if (model->broken)
            work |= WORK_LIVE; /* a rule may just have been broken for good */
        pthread_mutex_unlock(&model->lock);
        if (work)
            thread_wake(model, work);
        break;
    case PLACE_MSIX_TABLE:
        pthread_mutex_lock(&model->lock);
        if (offset + size <= model->options.vectors * 16u)
            memcpy(model->msix_table + offset, &value, size);
        pthread_mutex_unlock(&model->lock);
        messages_flush(model); /* an entry may have been unmasked */
        break;
    case PLACE_ISR:
        model_violation(model, RULE_ISR_WRITE, "the ISR status is written");
        break;
    case PLACE_DEVICE:
        model_violation(model, RULE_CONFIG_WRITE,
                        "offset %u of the device configuration is written", offset);
        break;
    default:
        model_violation(model, RULE_LEGACY, "the %s is written at offset 0x%x",
                        place_names[place->kind], offset);
        break;
    }
}

void registers_write(struct model *model, unsigned bar, uint64_t offset, unsigned size,
                     uint64_t value)
{
    const struct place *place;

    if (bar >= BUS_BARS || !answers(model, bar, COUNT_WRITES))
        return;
    place = find_place(model, bar, offset, "written");
    if (place)
        place_write(model, place, (uint32_t)(offset - place->offset), size, value);
}
