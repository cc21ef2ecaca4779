/* SPDX-License-Identifier: MIT */
/*
 * What each thread that runs driver code has of its own: a stack for the fault handler, and a
 * processor block (KPCR). The segment register that Windows uses points to the block, which is zero but for
 * the members that inline functions read; see trap.h.
 */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "nt/machine/irql.h"
#include "nt/machine/trap.h"

#define GUARD_SIZE 4096u
#define STACK_SIZE 65536u
#define KPCR_SIZE  24576u /* Windows 7's is under 0x4F00 bytes on x64 */

/* Offsets of Windows 7 in its KPCR; the KPRCB is a part of it. */
#if defined(__x86_64__)
#define KPCR_SELF          0x18
#define KPCR_CURRENT_PRCB  0x20
#define KPCR_PRCB          0x180
#define KPCR_LEGACY_NUMBER 0x184 /* a byte */
#define KPCR_NUMBER        0x1A4 /* four bytes */
#else
#define KPCR_EXCEPTION_LIST 0x00
#define KPCR_SELF           0x1C
#define KPCR_CURRENT_PRCB   0x20
#define KPCR_NUMBER         0x51 /* a byte */
#define KPCR_PRCB           0x120
#endif

struct thread_block {
    uint8_t guard[GUARD_SIZE]; /* inaccessible: a handler that runs wild is noticed */
    uint8_t stack[STACK_SIZE];
    uint8_t kpcr[KPCR_SIZE];
};

static __thread struct thread_block *self_block;
static pthread_key_t block_key;
static pthread_once_t block_once = PTHREAD_ONCE_INIT;

static void put_pointer(uint8_t *kpcr, size_t offset, const void *value)
{
    memcpy(kpcr + offset, &value, sizeof value);
}

static void set_number(unsigned processor)
{
    if (!self_block)
        return;
#if defined(__x86_64__)
    self_block->kpcr[KPCR_LEGACY_NUMBER] = (uint8_t)processor;
    memcpy(self_block->kpcr + KPCR_NUMBER, &(uint32_t){processor}, sizeof(uint32_t));
#else
    self_block->kpcr[KPCR_NUMBER] = (uint8_t)processor;
#endif
}

/* ---- Segment base ---- */

#if defined(__x86_64__)
static void set_segment(void *base)
{
    syscall(SYS_arch_prctl, ARCH_SET_GS, base);
}
#else
/* A thread starts with its parent's selector and a copy of its descriptors. So the descriptor that the
 * parent was given is this thread's own already, and only needs another base. */
static void set_segment(void *base)
{
    struct user_desc descriptor = {.entry_number = (unsigned)-1,
                                   .base_addr = (unsigned)(uintptr_t)base,
                                   .limit = KPCR_SIZE - 1,
                                   .seg_32bit = 1,
                                   .useable = 1};
    unsigned short selector;

    __asm__ volatile("mov %%fs, %0" : "=r"(selector));
    if (selector)
        descriptor.entry_number = selector >> 3;
    if (syscall(SYS_set_thread_area, &descriptor) != 0)
        return;
    selector = (unsigned short)(descriptor.entry_number << 3 | 3);
    __asm__ volatile("mov %0, %%fs" : : "r"(selector));
}
#endif

/* ---- The block ---- */

static void block_end(void *argument)
{
    struct thread_block *block = argument;
    stack_t none = {.ss_flags = SS_DISABLE};

    sigaltstack(&none, NULL);
    self_block = NULL;
    munmap(block, sizeof *block);
}

static void block_key_new(void)
{
    pthread_key_create(&block_key, block_end);
    nt_processor_changed = set_number;
}

static struct thread_block *block_new(void)
{
    struct thread_block *block =
        mmap(NULL, sizeof *block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED)
        abort(); /* a page or two: the machine is at its end */
    mprotect(block->guard, GUARD_SIZE, PROT_NONE);
    put_pointer(block->kpcr, KPCR_SELF, block->kpcr);
    put_pointer(block->kpcr, KPCR_CURRENT_PRCB, block->kpcr + KPCR_PRCB);
#if !defined(__x86_64__)
    put_pointer(block->kpcr, KPCR_EXCEPTION_LIST, (const void *)UINTPTR_MAX); /* end of chain */
#endif
    return block;
}

void trap_thread(unsigned processor)
{
    pthread_once(&block_once, block_key_new);
    if (!self_block) {
        stack_t stack;

        self_block = block_new();
        pthread_setspecific(block_key, self_block);
        stack = (stack_t){.ss_sp = self_block->stack, .ss_size = STACK_SIZE};
        sigaltstack(&stack, NULL);
        set_segment(self_block->kpcr);
    }
    set_number(processor);
}
