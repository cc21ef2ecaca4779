/* SPDX-License-Identifier: MIT */
#include "bus/notify.h"

#include "bus/access.h"

#define STATUS            0x06 /* PCI 3.0, 6.2.3 */
#define STATUS_LIST       0x10
#define CAPABILITIES      0x34
#define CAPABILITY_VENDOR 0x09
#define CFG_TYPE_NOTIFY   2 /* virtio 1.2, 4.1.4 */

static uint32_t get(struct bus *bus, unsigned offset, unsigned size)
{
    return bus->ops->config_read(bus, offset, size);
}

void notify_find(struct notify_counter *counter, struct bus *bus)
{
    unsigned at, steps = 48; /* no more fit a configuration space: a loop ends too */

    counter->bar = BUS_BARS;
    if (!(get(bus, STATUS, 1) & STATUS_LIST))
        return;
    at = get(bus, CAPABILITIES, 1) & 0xfc;
    for (; at && steps; steps--, at = get(bus, at + 1, 1) & 0xfc) {
        if (get(bus, at, 1) != CAPABILITY_VENDOR || get(bus, at + 3, 1) != CFG_TYPE_NOTIFY ||
            get(bus, at + 4, 1) >= BUS_BARS)
            continue;
        counter->bar = get(bus, at + 4, 1);
        counter->offset = get(bus, at + 8, 4);
        counter->length = get(bus, at + 12, 4);
        return;
    }
}

void notify_count(struct notify_counter *counter, unsigned bar, uint64_t offset, uint64_t value)
{
    uint16_t queue = (uint16_t)value;

    if (bar != counter->bar || offset < counter->offset ||
        offset - counter->offset >= counter->length)
        return;
    bus_count(&counter->total);
    if (queue < NOTIFY_QUEUES)
        bus_count(&counter->queue[queue]);
}

void notify_report(const struct notify_counter *counter, FILE *json)
{
    unsigned queues = NOTIFY_QUEUES;

    while (queues && !bus_counted(&counter->queue[queues - 1]))
        queues--;
    fprintf(json, "\"notifications\": %llu, \"queue_notifications\": [",
            bus_counted(&counter->total));
    for (unsigned i = 0; i < queues; i++)
        fprintf(json, "%s%llu", i ? ", " : "", bus_counted(&counter->queue[i]));
    fprintf(json, "]");
}
