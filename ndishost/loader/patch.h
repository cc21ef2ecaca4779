/* SPDX-License-Identifier: MIT */
/*
 * patch.h: changes a driver's code that would fault in a user process, before its sections are protected.
 *   patch_set_operation(operation); patch_set_shared(&shared);     once
 *   patches = patch_image(&pe, base);
 *
 * A compiler inlines KeGetCurrentIrql and KeRaiseIrql as moves from and to CR8, and KeQuerySystemTime and its like as
 * reads of KUSER_SHARED_DATA. Each would end in a signal, which takes a hundred times as long as a call. Moves become
 * calls, and constants that name that page name the host's. What cannot be changed safely stays, and faults.
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

/* The page that Windows shares with everybody. */
struct patch_shared {
    uint64_t kernel; /* where drivers read it */
    uint32_t user;   /* where processes do */
    uint32_t size;
    const uint8_t *page; /* the host's */
    /* The code of an image names the page: keeps it current, and maps it where it can be mapped. May come again. */
    void (*use)(void);
};
void patch_set_shared(const struct patch_shared *shared);

/* false: patch_image changes nothing (--patch off). */
extern bool patch_enabled;

/* What was changed; zeroes: nothing. */
struct patches {
    struct patch_code *code; /* that the moves lead to */
    unsigned code_count;
    unsigned replaced, left; /* moves; those that still fault */
    unsigned shared;         /* constants that name the shared page */
};

/*
 * Changes an image that has its relocations.
 * A move has four bytes, and a jump five. The first byte of the next instruction stays as it is, and is the highest
 * of the distance: so the code that the jump leads to is put where the jump has to go. No other instruction changes.
 * Branches to the next one, from tables too, and exception handlers stay right. Which bytes are instructions comes
 * from the table of functions (.pdata), and for functions without a row from branches and pointers to them. x64 alone.
 * On x64 the constant of mov reg, imm64 and the address of mov eax, [imm64] are changed. An image that names the
 * page by an address of 32 bits gets it mapped there.
 */
struct patches patch_image(const struct pe *pe, uint8_t *base);
void patch_free(struct patches *patches);

#endif
