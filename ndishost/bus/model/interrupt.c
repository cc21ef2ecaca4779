/* SPDX-License-Identifier: MIT */
/*
 * The INTx line: up while the ISR status is not 0 (virtio 1.2, 4.1.4.5).
 *
 * The owner of the bus must hear of a level from whoever changed it, at once, and no lock may be held
 * meanwhile: its ISR may be reading the ISR status just now. So two threads may tell it at the same
 * time, and the one with the older news may come last. That is healed by looking again: whoever told a
 * level goes on until what he told is what is, so the last word is always the right one. A step in
 * lockstep tells the level at its end, so that nothing of the driver runs beside it.
 */
#include "bus/model/model.h"

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
}

void interrupt_raise(struct model *model, uint8_t isr_bits)
{
    if (atomic_load(&model->dead) || atomic_load(&model->gone))
        return;
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
    if (atomic_exchange(&model->isr, 0))
        interrupt_update(model);
}
