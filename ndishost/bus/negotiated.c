/* SPDX-License-Identifier: MIT */
#include "bus/negotiated.h"

#include <string.h>
#include "bus/bus.h"
#include "bus/structure.h"

/* virtio 1.2, 4.1.4 and 4.1.4.3 */
#define CFG_TYPE_COMMON       1
#define COMMON_LENGTH         0x38
#define DEVICE_FEATURE_SELECT 0x00
#define DEVICE_FEATURE        0x04
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE        0x0C
#define NUM_QUEUES            0x12
#define DEVICE_STATUS         0x14
#define QUEUE_SELECT          0x16
#define QUEUE_SIZE            0x18
#define QUEUE_ENABLE          0x1C

#define STATUS_FEATURES_OK    8
#define STATUS_GONE           0xFF

struct common {
    struct bus *bus;
    struct bus_place at;
};

static uint32_t get(const struct common *common, uint32_t offset, unsigned size)
{
    return (uint32_t)common->bus->ops->bar_read(common->bus, common->at.bar,
                                                common->at.offset + offset, size);
}

static void set(const struct common *common, uint32_t offset, unsigned size, uint32_t value)
{
    common->bus->ops->bar_write(common->bus, common->at.bar, common->at.offset + offset, size,
                                value);
}

static uint64_t features(const struct common *common, uint32_t select, uint32_t bits)
{
    uint32_t before = get(common, select, 4);
    uint64_t found;

    set(common, select, 4, 0);
    found = get(common, bits, 4);
    set(common, select, 4, 1);
    found |= (uint64_t)get(common, bits, 4) << 32;
    set(common, select, 4, before);
    return found;
}

static void queues(const struct common *common, struct bus_negotiated *agreed)
{
    uint32_t before = get(common, QUEUE_SELECT, 2);
    unsigned i;

    agreed->queues = get(common, NUM_QUEUES, 2);
    if (agreed->queues > NEGOTIATED_QUEUES)
        agreed->queues = NEGOTIATED_QUEUES;
    for (i = 0; i < agreed->queues; i++) {
        set(common, QUEUE_SELECT, 2, i);
        agreed->queue_size[i] =
            get(common, QUEUE_ENABLE, 2) ? (uint16_t)get(common, QUEUE_SIZE, 2) : 0;
    }
    set(common, QUEUE_SELECT, 2, before);
}

bool bus_negotiated_read(struct bus *bus, struct bus_negotiated *agreed)
{
    struct common common = {.bus = bus};
    uint32_t status;

    memset(agreed, 0, sizeof(*agreed));
    if (!bus_structure(bus, CFG_TYPE_COMMON, &common.at) || common.at.length < COMMON_LENGTH ||
        !bus->bar[common.at.bar].length)
        return false;
    status = get(&common, DEVICE_STATUS, 1);
    if (status == STATUS_GONE)
        return false;
    agreed->offered = features(&common, DEVICE_FEATURE_SELECT, DEVICE_FEATURE);
    if (status & STATUS_FEATURES_OK)
        agreed->accepted = features(&common, DRIVER_FEATURE_SELECT, DRIVER_FEATURE);
    queues(&common, agreed);
    return true;
}
