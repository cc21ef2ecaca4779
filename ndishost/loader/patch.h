/* SPDX-License-Identifier: MIT */
/*
 * patch.h: moves from and to CR8 in a driver's code become calls, so that none of them faults.
 *   patch_operation(operation);                    once
 *   region = patch_image(&pe, base);               before the sections are protected
 * A compiler inlines KeGetCurrentIrql and KeRaiseIrql as these moves. A user process that executes one gets a
 * signal, which takes a hundred times as long as a call. Where code cannot be replaced safely it stays, and faults.
 */
#ifndef NDISHOST_PATCH_H
#define NDISHOST_PATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "loader/pe.h"

/* What a move does: it reads CR8 into *value, or writes *value. `at`: the address of the instruction. The thread
 * is the driver's, and so is the stack. */
typedef void patch_operation(bool write, uint64_t *value, const void *at);
void patch_set_operation(patch_operation *operation);

/* false: patch_image changes nothing (--patch off). */
extern bool patch_enabled;

/* The code that the calls go to; NULL: nothing was replaced. */
struct patch_region {
    void *code;
    uint32_t size;
    unsigned replaced, left; /* moves; those that still fault */
};

/* Replaces the moves of an image that has its relocations. A jump takes the place of a move and of its neighbours.
 * These have to be instructions that run at another address as well, and no branch may lead between them. Which
 * instructions and branches there are comes from the table of functions (.pdata). Code without a row keeps its
 * moves, unless it is a leaf without branches that the others call. x64 alone. */
struct patch_region patch_image(const struct pe *pe, uint8_t *base);
void patch_free(struct patch_region *region);

#endif
