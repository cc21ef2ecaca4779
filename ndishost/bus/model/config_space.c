/* SPDX-License-Identifier: MIT */
/* PCI configuration space, as the driver reads and writes it. */
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/model.h"

#define CFG_BAR    4u /* offsets in the PCI configuration access capability; 4.1.4.9 */
#define CFG_OFFSET 8u
#define CFG_LENGTH 12u
#define CFG_DATA   16u

static uint32_t get(const uint8_t *at, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)at[i] << 8 * i;
    return value;
}

/* ---- The window onto BARs ---- */

struct window {
    unsigned bar, length;
    uint32_t offset;
};

/* Is [offset, offset + size) the window's data? Then where it looks at. Lock not held. */
static bool window_find(struct model *model, unsigned offset, struct window *window)
{
    unsigned cap = model->layout.pci_cfg_cap;
    const uint8_t *c = model->layout.config + cap;
    bool good;

    if (!cap || offset < cap + CFG_DATA || offset >= cap + CFG_DATA + 4)
        return false;
    pthread_mutex_lock(&model->lock);
    window->bar = c[CFG_BAR];
    window->offset = get(c + CFG_OFFSET, 4);
    window->length = get(c + CFG_LENGTH, 4);
    pthread_mutex_unlock(&model->lock);
    good = (window->length == 1 || window->length == 2 || window->length == 4) &&
           window->offset % window->length == 0 && window->bar < BUS_BARS &&
           layout_find(&model->layout, window->bar, window->offset);
    if (!good)
        model_violation(model, RULE_PCI_CFG,
                        "pci_cfg_data is accessed while it looks at BAR %u, offset 0x%x, length %u",
                        window->bar, window->offset, window->length);
    return good;
}

uint32_t config_space_read(struct model *model, unsigned offset, unsigned size)
{
    struct window window;
    uint32_t value;

    count(model, COUNT_CONFIG_READS, 1);
    if (offset + size > PCI_CONFIG_SIZE || atomic_load(&model->gone))
        return UINT32_MAX >> (32 - 8 * size);
    if (window_find(model, offset, &window))
        return (uint32_t)registers_read(model, window.bar, window.offset, window.length);
    pthread_mutex_lock(&model->lock);
    value = get(model->layout.config + offset, size);
    pthread_mutex_unlock(&model->lock);
    if (offset <= PCI_STATUS && PCI_STATUS < offset + size && atomic_load(&model->isr) &&
        !atomic_load(&model->msix_on)) /* 4.1.4.5.1 */
        value |= PCI_STATUS_INTERRUPT << 8 * (PCI_STATUS - offset);
    return value;
}

/* ---- Writes ---- */

/* What a driver has no business to change. Before the write. */
static void check_write(struct model *model, unsigned offset, unsigned size, uint32_t value)
{
    unsigned cap = model->layout.pci_cfg_cap, msix = model->layout.msix_cap;

    if (offset >= PCI_BAR0 && offset < PCI_BAR0 + 4 * BUS_BARS) {
        uint32_t old = get(model->layout.config + offset, size);
        uint32_t mask = get(model->layout.writable + offset, size);

        /* All ones ask for the size; anything but the old address then moves it. */
        if (value != (uint32_t)((1ull << (8 * size)) - 1) && (old & mask) != mask &&
            (value & mask) != (old & mask))
            model_violation(model, RULE_PCI_BAR, "BAR %u is set to 0x%x", (offset - PCI_BAR0) / 4,
                            value);
        return;
    }
    if (offset < PCI_CAP_FIRST || offset >= model->layout.cap_end ||
        (cap && offset >= cap && offset < cap + CFG_DATA + 4) ||
        (msix && offset >= msix && offset < msix + 4))
        return;
    model_violation(model, RULE_CAP_WRITE, "offset 0x%x of the configuration space is written",
                    offset);
}

void config_space_written(struct model *model)
{
    const uint8_t *c = model->layout.config;
    unsigned msix = model->layout.msix_cap;
    uint32_t control = msix ? get(c + msix + 2, 2) : 0;
    bool msix_on = (control & PCI_MSIX_CONTROL_ENABLE) != 0;

    atomic_store(&model->decoding, get(c + PCI_COMMAND, 2) & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    atomic_store(&model->mastering, (get(c + PCI_COMMAND, 2) & PCI_COMMAND_MASTER) != 0);
    atomic_store(&model->msix_on, msix_on);
    atomic_store(&model->msix_masked, (control & PCI_MSIX_CONTROL_MASK) != 0);
    atomic_store(&model->intx_off,
                 msix_on || (get(c + PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF) != 0);
}

void msix_table_reset(struct model *model)
{
    memset(model->msix_table, 0, sizeof model->msix_table);
    for (unsigned i = 0; i < MSIX_VECTORS_MAX; i++)
        model->msix_table[16 * i + 12] = 1; /* masked: PCI 3.0, 6.8.2.9 */
    atomic_store(&model->msix_pending, 0);
}

void config_space_forget(struct model *model)
{
    unsigned msix = model->layout.msix_cap;

    pthread_mutex_lock(&model->lock);
    msix_table_reset(model);
    if (msix)
        model->layout.config[msix + 3] &= 0x3F;
    config_space_written(model);
    pthread_mutex_unlock(&model->lock);
    interrupt_update(model);
}

void config_space_write(struct model *model, unsigned offset, unsigned size, uint32_t value)
{
    struct window window;

    if (offset + size > PCI_CONFIG_SIZE || atomic_load(&model->gone))
        return;
    check_write(model, offset, size, value);
    if (window_find(model, offset, &window)) {
        registers_write(model, window.bar, window.offset, window.length, value);
        return;
    }
    pthread_mutex_lock(&model->lock);
    for (unsigned i = 0; i < size; i++) {
        uint8_t *at = &model->layout.config[offset + i], mask = model->layout.writable[offset + i];

        *at = (uint8_t)((*at & ~mask) | ((value >> 8 * i) & mask));
    }
    config_space_written(model);
    pthread_mutex_unlock(&model->lock);
    interrupt_update(model);
}
