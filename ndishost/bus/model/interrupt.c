/* SPDX-License-Identifier: MIT */
/*
 * The INTx line, up while the ISR status is not 0 (virtio 1.2, 4.1.4.5), or MSI-X messages in its place.
 *
 * The owner of the bus must hear of a level from whoever changed it, at once, and no lock may be held
 * meanwhile: its ISR may be reading the ISR status just now. So two threads may tell it at the same
 * time, and the one with the older news may come last. That is healed by looking again: whoever told a
 * level goes on until what he told is what is, so the last word is always the right one. A step in
 * lockstep tells the level at its end, so that nothing of the driver runs beside it.
 *
 * A message that is masked, or that a step sends, is pending (PCI 3.0, 6.8.2.9): it is sent when it is
 * unmasked, or at the end of the step.
 */
#include "bus/model/model.h"

#include <string.h>

#define ENTRY_BYTES    16u
#define ENTRY_VECTOR   12u
#define VECTOR_MASKED  1u
#define TARGET_ADDRESS 0xFEE00000u /* where x86 processors take messages */
#define TARGET_DATA    0x40u       /* and the vector of the first */

bool interrupt_asserted(const struct model *model)
{
    return atomic_load(&model->isr) != 0 && !atomic_load(&model->intx_off) &&
           !atomic_load(&model->gone);
}

void interrupt_update(struct model *model)
{
    bool level;

    if (!model->bus.events->interrupt || thread_steps(model))
        return;
    do {
        level = interrupt_asserted(model);
        model->bus.events->interrupt(model->bus.context, level);
    } while (interrupt_asserted(model) != level);
    messages_flush(model);
}

/* ---- Messages ---- */

bool message_target(unsigned number, struct bus_message *message)
{
    message->address = TARGET_ADDRESS;
    message->data = TARGET_DATA + number;
    return true;
}

/* Lock held. */
static uint32_t entry_word(const struct model *model, unsigned vector, unsigned member)
{
    uint32_t word;

    memcpy(&word, model->msix_table + vector * ENTRY_BYTES + member, sizeof word);
    return word;
}

/* Lock held. Is the message held back? */
static bool message_masked(const struct model *model, unsigned vector)
{
    return model->msix_masked || !model->mastering || thread_steps(model) ||
           entry_word(model, vector, ENTRY_VECTOR) & VECTOR_MASKED;
}

/* Writes to memory what the entry says. No lock held. */
static void message_write(struct model *model, unsigned vector, const struct bus_message *message)
{
    uint32_t number = message->data - TARGET_DATA;

    count(model, COUNT_MESSAGES, 1);
    if (message->address != TARGET_ADDRESS || number >= BUS_MESSAGES) {
        model_violation(model, RULE_MSIX_MESSAGE,
                        "entry %u of the MSI-X table sends 0x%x to 0x%llx: no processor takes it",
                        vector, message->data, (unsigned long long)message->address);
        return;
    }
    if (model->bus.events->message)
        model->bus.events->message(model->bus.context, number);
}

/* Takes a vector that is pending and not masked. false: there is none. */
static bool take_pending(struct model *model, unsigned *vector, struct bus_message *message)
{
    bool found = false;

    pthread_mutex_lock(&model->lock);
    for (unsigned i = 0; i < model->options.vectors && model->msix_on && !found; i++) {
        if (!(atomic_load(&model->msix_pending) >> i & 1) || message_masked(model, i))
            continue;
        atomic_fetch_and(&model->msix_pending, ~(1u << i));
        *vector = i;
        message->address = entry_word(model, i, 0) | (uint64_t)entry_word(model, i, 4) << 32;
        message->data = entry_word(model, i, 8);
        found = true;
    }
    pthread_mutex_unlock(&model->lock);
    return found && !atomic_load(&model->gone);
}

void messages_flush(struct model *model)
{
    struct bus_message message;
    unsigned vector;

    while (atomic_load(&model->msix_pending) && take_pending(model, &vector, &message))
        message_write(model, vector, &message);
}

static void message_raise(struct model *model, uint16_t vector)
{
    if (vector >= model->options.vectors) /* no vector */
        return;
    atomic_fetch_or(&model->msix_pending, 1u << vector);
    messages_flush(model);
}

/* ---- What there is to tell ---- */

static bool silent(const struct model *model)
{
    return atomic_load(&model->dead) || atomic_load(&model->gone);
}

/* Which vector an event has: a queue's, or that of the configuration. */
static uint16_t vector_of(struct model *model, const uint16_t *from)
{
    uint16_t vector;

    pthread_mutex_lock(&model->lock);
    vector = *from;
    pthread_mutex_unlock(&model->lock);
    return vector;
}

static void line_raise(struct model *model, uint8_t isr_bits)
{
    if (fault_hit(&model->faults, FAULT_ISR_ZERO))
        atomic_store(&model->isr_zero, 3);
    if (fault_hit(&model->faults, FAULT_ISR_STUCK))
        atomic_store(&model->isr_stuck, 20);
    /* If it was not 0 the line is up, or whoever set it is about to say so. */
    if (atomic_fetch_or(&model->isr, isr_bits) != 0)
        return;
    count(model, COUNT_INTERRUPTS, 1);
    interrupt_update(model);
}

void interrupt_queue(struct model *model, unsigned queue)
{
    if (silent(model))
        return;
    if (atomic_load(&model->msix_on))
        message_raise(model, vector_of(model, &model->ring[queue].msix_vector));
    else
        line_raise(model, ISR_QUEUE);
}

/* The ISR status tells of it with MSI-X too: 4.1.4.5.1. */
void interrupt_config(struct model *model)
{
    if (silent(model))
        return;
    if (!atomic_load(&model->msix_on)) {
        line_raise(model, ISR_CONFIG);
        return;
    }
    atomic_fetch_or(&model->isr, ISR_CONFIG);
    message_raise(model, vector_of(model, &model->common.config_msix_vector));
}

uint8_t interrupt_read_isr(struct model *model)
{
    uint8_t isr;

    count(model, COUNT_ISR_READS, 1);
    if (atomic_load(&model->isr_zero) > 0 && atomic_fetch_sub(&model->isr_zero, 1) > 0)
        return 0;
    if (atomic_load(&model->isr_stuck) > 0 && atomic_fetch_sub(&model->isr_stuck, 1) > 0)
        return atomic_load(&model->isr);
    isr = atomic_exchange(&model->isr, 0);
    if (isr)
        interrupt_update(model);
    if (isr && fault_hit(&model->faults, FAULT_ISR_RESERVED))
        isr |= 0xFC;
    return isr;
}

void interrupt_clear(struct model *model)
{
    atomic_store(&model->isr_zero, 0);
    atomic_store(&model->isr_stuck, 0);
    atomic_store(&model->msix_pending, 0);
    if (atomic_exchange(&model->isr, 0))
        interrupt_update(model);
}
