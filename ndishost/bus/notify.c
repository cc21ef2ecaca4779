/* SPDX-License-Identifier: MIT */
#include "bus/notify.h"

#include "bus/access.h"
#include "bus/structure.h"

#define CFG_TYPE_NOTIFY 2 /* virtio 1.2, 4.1.4 */

void notify_find(struct notify_counter *counter, struct bus *bus)
{
    struct bus_place place;

    counter->bar = BUS_BARS;
    if (!bus_structure(bus, CFG_TYPE_NOTIFY, &place))
        return;
    counter->bar = place.bar;
    counter->offset = place.offset;
    counter->length = place.length;
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
