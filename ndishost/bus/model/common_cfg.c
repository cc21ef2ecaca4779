/* SPDX-License-Identifier: MIT */
/* struct virtio_pci_common_cfg: its fields, and the order in which a driver goes through them
 * (virtio 1.2, 4.1.4.3, 3.1.1). */
#include <inttypes.h>
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/model.h"

enum access { READ_ONLY, READ_WRITE };

static const struct field {
    const char *name;
    uint32_t offset;
    unsigned width; /* 8: two halves of 4 */
    enum access access;
    bool of_queue; /* of the queue that queue_select names */
} fields[] = {
    {"device_feature_select", COMMON_DEVICE_FEATURE_SELECT, 4, READ_WRITE, false},
    {"device_feature", COMMON_DEVICE_FEATURE, 4, READ_ONLY, false},
    {"driver_feature_select", COMMON_DRIVER_FEATURE_SELECT, 4, READ_WRITE, false},
    {"driver_feature", COMMON_DRIVER_FEATURE, 4, READ_WRITE, false},
    {"config_msix_vector", COMMON_CONFIG_MSIX_VECTOR, 2, READ_WRITE, false},
    {"num_queues", COMMON_NUM_QUEUES, 2, READ_ONLY, false},
    {"device_status", COMMON_DEVICE_STATUS, 1, READ_WRITE, false},
    {"config_generation", COMMON_CONFIG_GENERATION, 1, READ_ONLY, false},
    {"queue_select", COMMON_QUEUE_SELECT, 2, READ_WRITE, false},
    {"queue_size", COMMON_QUEUE_SIZE, 2, READ_WRITE, true},
    {"queue_msix_vector", COMMON_QUEUE_MSIX_VECTOR, 2, READ_WRITE, true},
    {"queue_enable", COMMON_QUEUE_ENABLE, 2, READ_WRITE, true},
    {"queue_notify_off", COMMON_QUEUE_NOTIFY_OFF, 2, READ_ONLY, true},
    {"queue_desc", COMMON_QUEUE_DESC, 8, READ_WRITE, true},
    {"queue_driver", COMMON_QUEUE_DRIVER, 8, READ_WRITE, true},
    {"queue_device", COMMON_QUEUE_DEVICE, 8, READ_WRITE, true},
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* The field that is accessed, NULL if there is none there. The access must be of its width. */
static const struct field *find_field(struct model *model, uint32_t offset, unsigned size,
                                      const char *verb)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        unsigned width = f->width == 8 ? 4 : f->width;

        if (offset < f->offset || offset >= f->offset + f->width)
            continue;
        if (size != width || (offset - f->offset) % width)
            model_violation(model, RULE_WIDTH, "%s (%u bits) is %s with %u bits at offset 0x%x",
                            f->name, f->width * 8, verb, size * 8, offset);
        return f;
    }
    model_violation(model, RULE_NO_REGISTER, "offset 0x%x of the common configuration is %s",
                    offset, verb);
    return NULL;
}

/* 5.1.2: pairs after the first come with MQ, the control queue with CTRL_VQ. */
unsigned common_cfg_queues(const struct model *model)
{
    if (!(model->common.status & STATUS_FEATURES_OK))
        return model->queues;
    if (!(model->negotiated & FEATURE_CTRL_VQ))
        return 2;
    return model->negotiated & FEATURE_MQ ? 2 * model->options.pairs + 1 : 3;
}

/* The selected queue; NULL if there is no such. */
static struct ring *selected(struct model *model)
{
    unsigned index = model->common.queue_select;

    return index < common_cfg_queues(model) && model->ring[index].max_size ? &model->ring[index]
                                                                           : NULL;
}

/* ---- Reading ---- */

static uint32_t queue_read(struct model *model, const struct ring *ring, uint32_t field)
{
    struct faults *faults = &model->faults;

    switch (field) {
    case COMMON_QUEUE_SIZE:
        /* 3, 3, 7, 15, ... until the driver has chosen a size; 1 has no odd neighbour */
        if (ring->size == ring->limit && ring->size > 1 && fault_hit(faults, FAULT_QUEUE_SIZE_ODD))
            return ring->size > 2 ? ring->size - 1u : 3;
        return ring->size;
    case COMMON_QUEUE_MSIX_VECTOR:
        return ring->msix_vector;
    case COMMON_QUEUE_ENABLE:
        if (!ring->enabled && fault_hit(faults, FAULT_QUEUE_ENABLED))
            return 1;
        if (ring->enabled && fault_hit(faults, FAULT_QUEUE_STUCK))
            return 0;
        return ring->enabled;
    case COMMON_QUEUE_NOTIFY_OFF:
        return fault_hit(faults, FAULT_NOTIFY_RANGE) ? 0xFFFF : ring->index;
    case COMMON_QUEUE_DESC:
        return (uint32_t)ring->desc_addr;
    case COMMON_QUEUE_DESC + 4:
        return (uint32_t)(ring->desc_addr >> 32);
    case COMMON_QUEUE_DRIVER:
        return (uint32_t)ring->avail_addr;
    case COMMON_QUEUE_DRIVER + 4:
        return (uint32_t)(ring->avail_addr >> 32);
    case COMMON_QUEUE_DEVICE:
        return (uint32_t)ring->used_addr;
    default:
        return (uint32_t)(ring->used_addr >> 32);
    }
}

static uint32_t generation_read(struct model *model)
{
    struct common_cfg *c = &model->common;

    c->mac_read_unproven = false;
    if (fault_hit(&model->faults, FAULT_GENERATION))
        c->generation++;
    fault_hit(&model->faults, FAULT_CONFIG_TORN); /* ends at the Nth */
    return c->generation;
}

static uint32_t status_read(struct model *model)
{
    struct common_cfg *c = &model->common;

    if (c->status & STATUS_FEATURES_OK)
        c->features_ok_reread = true;
    /* Not 0 before the reset is done, also if it was 0 when the reset was asked for. */
    return c->reset_pending && !c->status ? STATUS_ACKNOWLEDGE : c->status;
}

static uint32_t feature_word(uint64_t features, uint32_t select)
{
    return select > 1 ? 0 : (uint32_t)(features >> 32 * select);
}

uint32_t common_cfg_read(struct model *model, uint32_t offset, unsigned size)
{
    const struct field *f = find_field(model, offset, size, "read");
    struct common_cfg *c = &model->common;
    struct ring *ring;

    if (!f)
        return 0;
    if (f->of_queue) {
        ring = selected(model);
        return ring ? queue_read(model, ring, offset & ~(f->width < 4 ? f->width - 1u : 3u)) : 0;
    }
    switch (f->offset) {
    case COMMON_DEVICE_FEATURE_SELECT:
        return c->device_feature_select;
    case COMMON_DEVICE_FEATURE:
        return feature_word(model->offered, c->device_feature_select);
    case COMMON_DRIVER_FEATURE_SELECT:
        return c->driver_feature_select;
    case COMMON_DRIVER_FEATURE:
        return feature_word(model->driver_features, c->driver_feature_select);
    case COMMON_CONFIG_MSIX_VECTOR:
        return c->config_msix_vector;
    case COMMON_NUM_QUEUES:
        return model->queues;
    case COMMON_DEVICE_STATUS:
        return status_read(model);
    case COMMON_CONFIG_GENERATION:
        return generation_read(model);
    default:
        return c->queue_select;
    }
}

/* ---- Features ---- */

static void feature_write(struct model *model, uint32_t value)
{
    struct common_cfg *c = &model->common;
    uint64_t word =
        c->driver_feature_select > 1 ? 0 : (uint64_t)value << 32 * c->driver_feature_select;
    uint64_t extra = word & ~model->offered;
    char names[160];

    if (c->status & STATUS_FEATURES_OK || !(c->status & STATUS_DRIVER)) {
        model_violation(model, RULE_FEATURE_TIME, "driver_feature is written %s",
                        c->status & STATUS_FEATURES_OK ? "after FEATURES_OK" : "before DRIVER");
        return;
    }
    if (extra || (c->driver_feature_select > 1 && value))
        model_violation(model, RULE_FEATURE_OFFERED,
                        "the driver accepts features that the device did not offer: %s",
                        extra ? features_text(extra, names, sizeof names) : "bits above 63");
    if (c->driver_feature_select > 1)
        return;
    model->driver_features &= ~((uint64_t)UINT32_MAX << 32 * c->driver_feature_select);
    model->driver_features |= word;
}

/* FEATURES_OK was written: does it stay? */
static bool features_good(struct model *model)
{
    uint64_t accepted = model->driver_features;
    int lacking = features_lack(accepted);
    char name[16];

    if (accepted & ~model->offered)
        return false;
    if (lacking >= 0) {
        model_violation(model, RULE_FEATURE_NEEDS,
                        "the driver accepts %s without the feature that it depends on",
                        feature_name((unsigned)lacking, name, sizeof name));
        return false;
    }
    if (!(accepted & FEATURE_VERSION_1)) {
        if (model->offered & FEATURE_VERSION_1)
            model_violation(model, RULE_FEATURE_VERSION,
                            "the driver does not accept version_1, which the device offers");
        return false;
    }
    /* Offered only to see who takes them. */
    return !(accepted & ~FEATURES_CAN) && !fault_hit(&model->faults, FAULT_FEATURES_REFUSED);
}

/* ---- Status ---- */

static void check_steps(struct model *model, uint8_t old, uint8_t set)
{
    static const struct {
        uint8_t bit, needs;
        const char *what;
    } steps[] = {
        {STATUS_DRIVER, STATUS_ACKNOWLEDGE, "DRIVER is set before ACKNOWLEDGE"},
        {STATUS_FEATURES_OK, STATUS_DRIVER, "FEATURES_OK is set before DRIVER"},
        {STATUS_DRIVER_OK, STATUS_FEATURES_OK, "DRIVER_OK is set before FEATURES_OK"},
    };

    if ((set & STATUS_ACKNOWLEDGE) && !model->common.reset_seen)
        model_violation(model, RULE_STATUS_ORDER, "ACKNOWLEDGE is set without a reset before");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if ((set & steps[i].bit) && !(old & steps[i].needs))
            model_violation(model, RULE_STATUS_ORDER, "%s", steps[i].what);
}

static void check_status(struct model *model, uint8_t old, uint8_t value)
{
    uint8_t set = value & (uint8_t)~old;
    uint8_t cleared = old & (uint8_t)~value & (uint8_t)~STATUS_NEEDS_RESET;

    if (cleared)
        model_violation(model, RULE_STATUS_CLEAR,
                        "device_status goes from 0x%02x to 0x%02x: a driver must not clear bits",
                        old, value);
    if (value & 0x30 || set & STATUS_NEEDS_RESET)
        model_violation(
            model, RULE_STATUS_BITS,
            "0x%02x is written to device_status: 0x30 is reserved, only the device sets 0x40",
            value);
    if (old & STATUS_FAILED)
        model_violation(
            model, RULE_STATUS_FAILED,
            "0x%02x is written to device_status, which has FAILED: reset the device first", value);
    check_steps(model, old, set);
}

/* DRIVER_OK: the device comes to life. */
static void go_live(struct model *model)
{
    bool good = model->common.status & STATUS_FEATURES_OK;
    unsigned queues = common_cfg_queues(model);

    if (!model->common.features_ok_reread && good)
        model_violation(model, RULE_FEATURES_REREAD,
                        "FEATURES_OK was set, but the driver did not read device_status again");
    if (model->common.mac_read_unproven)
        model_violation(model, RULE_CONFIG_GENERATION,
                        "the driver read mac, of 6 bytes, but not config_generation after it");
    if (!(model->layout.config[PCI_COMMAND] & PCI_COMMAND_MASTER)) {
        model_violation(model, RULE_PCI_MASTER,
                        "DRIVER_OK with bus mastering off: the device cannot reach memory");
        good = false;
    }
    atomic_store(&model->control, queues > 2 ? queues - 1 : 0);
    atomic_store(&model->pairs, queues / 2);
    for (unsigned i = 0; i < queues; i++) {
        struct ring *ring = &model->ring[i];

        atomic_fetch_or(&model->notifiable, (unsigned)ring->enabled << i);
        if (ring->enabled && good && !ring_start(model, ring))
            good = false;
        if (!ring->enabled && (i < 2 || i == queues - 1))
            model_violation(model, RULE_QUEUE_DISABLED, "DRIVER_OK with queue %u (%s) disabled", i,
                            i == QUEUE_RX   ? "receive"
                            : i == QUEUE_TX ? "transmit"
                                            : "control");
    }
    count(model, COUNT_RX_AT_DRIVER_OK, ring_offered(&model->ring[QUEUE_RX]));
    count(model, COUNT_DRIVER_OK, 1);
    model->live = good;
    if (fault_hit(&model->faults, FAULT_NEEDS_RESET_START))
        atomic_store(&model->confused, true); /* the device's thread sets it, and interrupts */
}

static void status_write(struct model *model, uint8_t value, unsigned *work)
{
    struct common_cfg *c = &model->common;
    uint8_t old = c->status, set = value & (uint8_t)~old;

    if (value == 0) {
        count(model, COUNT_RESETS, 1);
        for (unsigned i = 0; i < model->queues; i++)
            ring_check_exposed(model, &model->ring[i]);
        c->reset_seen = true;
        /* At status 0 nobody can see whether the reset took place: the fault waits for the next one. */
        c->reset_ignored = c->status && fault_hit(&model->faults, FAULT_RESET_IGNORED);
        if (c->reset_ignored)
            return;
        c->reset_pending = true;
        model->live = false;
        *work |= WORK_RESET;
        return;
    }
    if (set & STATUS_FAILED)
        count(model, COUNT_FAILED, 1);
    c->features_ok_reread &= !(set & STATUS_FEATURES_OK);
    check_status(model, old, value);
    if ((set & STATUS_FEATURES_OK)) {
        if (features_good(model))
            model->negotiated = model->driver_features;
        else
            value &= (uint8_t)~STATUS_FEATURES_OK;
    }
    c->status = (uint8_t)(old | (value & ~0x70u));
    if (set & STATUS_DRIVER_OK) {
        go_live(model);
        *work |= WORK_LIVE;
    }
}

void common_cfg_reset(struct model *model)
{
    uint8_t generation = model->common.generation;

    model->common = (struct common_cfg){.generation = generation,
                                        .reset_seen = model->common.reset_seen,
                                        .config_dirty = model->common.config_dirty,
                                        .config_msix_vector = MSIX_NO_VECTOR};
    model->driver_features = model->negotiated = 0;
    model->broken = false;
    model->live = false;
    atomic_store(&model->notifiable, 0);
    for (unsigned i = 0; i < model->queues; i++) {
        ring_reset(&model->ring[i]);
        if (model->ring[i].size > 3 && fault_hit(&model->faults, FAULT_QUEUE_SMALL))
            model->ring[i].size /= 4;
        model->ring[i].limit = model->ring[i].size;
    }
    model->last_received.data = NULL;
    model->mtu = (uint16_t)model->options.mtu;
    memcpy(model->mac, model->options.mac, sizeof model->mac);
    if (model->offered & FEATURE_MTU) {
        if (fault_hit(&model->faults, FAULT_MTU_SMALL))
            model->mtu = 1000;
        if (fault_hit(&model->faults, FAULT_MTU_TINY))
            model->mtu = 67;
    }
    atomic_fetch_add(&model->bus.lies, atomic_load(&model->bus.lies) & 1);
}

/* ---- Queues ---- */

static void queue_size_write(struct model *model, struct ring *ring, uint16_t value)
{
    if (value == 0 || (value & (value - 1)) || value > ring->limit) {
        model_violation(model, RULE_QUEUE_SIZE,
                        "queue %u: %u is written to queue_size: it must be a power of 2 up to %u",
                        ring->index, value, ring->limit);
        return;
    }
    ring->size = value;
}

static uint16_t msix_vector(struct model *model, uint16_t value)
{
    if (value == MSIX_NO_VECTOR || value < model->options.vectors)
        return value;
    model_violation(model, RULE_MSIX_VECTOR, "vector %u is written; there are %u", value,
                    model->options.vectors);
    return MSIX_NO_VECTOR;
}

static void queue_enable_write(struct model *model, struct ring *ring, uint16_t value)
{
    if (value != 1) {
        model_violation(model, RULE_QUEUE_DISABLE, "queue %u: %u is written to queue_enable",
                        ring->index, value);
        return;
    }
    if (ring->desc_addr % 16 || ring->avail_addr % 2 || ring->used_addr % 4) {
        model_violation(model, RULE_QUEUE_ALIGN,
                        "queue %u: its parts are at 0x%" PRIx64 ", 0x%" PRIx64 " and 0x%" PRIx64
                        "; 16, 2 and 4 bytes are their alignments",
                        ring->index, ring->desc_addr, ring->avail_addr, ring->used_addr);
        return;
    }
    ring->enabled = true;
}

static void set_half(uint64_t *address, bool upper, uint32_t value)
{
    unsigned shift = upper ? 32 : 0;

    *address = (*address & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
}

/* May this queue's fields be written now? */
static bool queue_writable(struct model *model, const struct ring *ring, const struct field *f)
{
    if (!ring) {
        model_violation(model, RULE_QUEUE_ABSENT, "%s of queue %u is written; it does not exist",
                        f->name, model->common.queue_select);
        return false;
    }
    if (!(model->common.status & STATUS_FEATURES_OK))
        model_violation(model, RULE_QUEUE_TIME, "%s of queue %u is written before FEATURES_OK",
                        f->name, ring->index);
    if (ring->enabled) {
        model_violation(model, RULE_QUEUE_TWICE, "%s of queue %u is written; it is enabled already",
                        f->name, ring->index);
        return false;
    }
    return true;
}

static void queue_write(struct model *model, const struct field *f, uint32_t offset, uint32_t value)
{
    struct ring *ring = selected(model);
    bool upper = offset != f->offset;

    /* 0 in queue_enable is a rule of its own, whatever the queue's state. */
    if (f->offset == COMMON_QUEUE_ENABLE && ring && value != 1) {
        queue_enable_write(model, ring, (uint16_t)value);
        return;
    }
    if (!queue_writable(model, ring, f))
        return;
    switch (f->offset) {
    case COMMON_QUEUE_SIZE:
        queue_size_write(model, ring, (uint16_t)value);
        break;
    case COMMON_QUEUE_MSIX_VECTOR:
        ring->msix_vector = msix_vector(model, (uint16_t)value);
        break;
    case COMMON_QUEUE_ENABLE:
        queue_enable_write(model, ring, (uint16_t)value);
        break;
    case COMMON_QUEUE_DESC:
        set_half(&ring->desc_addr, upper, value);
        break;
    case COMMON_QUEUE_DRIVER:
        set_half(&ring->avail_addr, upper, value);
        break;
    default:
        set_half(&ring->used_addr, upper, value);
        break;
    }
}

/* ---- Writing ---- */

static void field_write(struct model *model, const struct field *f, uint32_t value, unsigned *work)
{
    struct common_cfg *c = &model->common;

    switch (f->offset) {
    case COMMON_DEVICE_FEATURE_SELECT:
        c->device_feature_select = value;
        break;
    case COMMON_DRIVER_FEATURE_SELECT:
        c->driver_feature_select = value;
        break;
    case COMMON_DRIVER_FEATURE:
        feature_write(model, value);
        break;
    case COMMON_CONFIG_MSIX_VECTOR:
        c->config_msix_vector = msix_vector(model, (uint16_t)value);
        break;
    case COMMON_DEVICE_STATUS:
        status_write(model, (uint8_t)value, work);
        break;
    default:
        c->queue_select = (uint16_t)value;
        break;
    }
}

void common_cfg_write(struct model *model, uint32_t offset, unsigned size, uint32_t value,
                      unsigned *work)
{
    const struct field *f = find_field(model, offset, size, "written");

    if (!f)
        return;
    if (model->common.reset_pending || model->common.reset_ignored) {
        /* Once more 0 does no harm, and a driver may well be impatient. */
        if (f->offset == COMMON_DEVICE_STATUS && value == 0) {
            if (model->common.reset_ignored)
                status_write(model, 0, work);
            else if (model->common.reset_held) /* and holds this one, too */
                fault_again(&model->faults, FAULT_RESET_NEVER);
            return;
        }
        model_violation(model, RULE_RESET_WAIT,
                        "%s is written before device_status has read 0 after a reset", f->name);
        return;
    }
    if (f->access == READ_ONLY)
        model_violation(model, RULE_READ_ONLY, "%s is written", f->name);
    else if (f->of_queue)
        queue_write(model, f, offset, value);
    else
        field_write(model, f, value, work);
}
