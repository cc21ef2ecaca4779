/* SPDX-License-Identifier: MIT */
#include "bus/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include "bus/access.h"
#include "bus/thread.h"
#include "nt/machine/phys.h"

#define PAUSE_NS 20000      /* between two looks */
#define MARK     0x4D530000 /* in the upper half of each message: not 0, which is "nothing came" */

struct mailbox {
    void (*tell)(void *context, unsigned number);
    void *context;
    uint32_t *words; /* a page: one word a message */
    uint64_t address;
    atomic_bool closing;
    pthread_t thread;
    _Alignas(8) uint64_t count;
};

/* A device's write and this exchange are both atomic: none is lost. Two that come between two looks are one, as
 * they are in an interrupt controller. */
static void look(struct mailbox *mailbox)
{
    for (unsigned i = 0; i < BUS_MESSAGES; i++)
        if (__atomic_load_n(&mailbox->words[i], __ATOMIC_RELAXED) &&
            __atomic_exchange_n(&mailbox->words[i], 0, __ATOMIC_ACQ_REL)) {
            bus_count(&mailbox->count);
            mailbox->tell(mailbox->context, i);
        }
}

static void *run(void *argument)
{
    struct mailbox *mailbox = argument;
    const struct timespec pause = {0, PAUSE_NS};

    while (!atomic_load(&mailbox->closing)) {
        look(mailbox);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

struct mailbox *mailbox_open(void (*tell)(void *context, unsigned number), void *context)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);

    if (!mailbox)
        return NULL;
    mailbox->tell = tell;
    mailbox->context = context;
    mailbox->words = phys_alloc(PHYS_PAGE, PHYS_CONTIGUOUS | PHYS_BELOW_4G, &mailbox->address);
    if (mailbox->words && bus_thread_start(&mailbox->thread, "messages", run, mailbox) == 0)
        return mailbox;
    if (mailbox->words)
        phys_free(mailbox->words);
    free(mailbox);
    return NULL;
}

bool mailbox_target(const struct mailbox *mailbox, unsigned number, struct bus_message *message)
{
    if (number >= BUS_MESSAGES)
        return false;
    message->address = mailbox->address + number * sizeof *mailbox->words;
    message->data = MARK | number;
    return true;
}

uint64_t mailbox_count(const struct mailbox *mailbox)
{
    return bus_counted(&mailbox->count);
}

void mailbox_close(struct mailbox *mailbox)
{
    atomic_store(&mailbox->closing, true);
    pthread_join(mailbox->thread, NULL);
    phys_free(mailbox->words);
    free(mailbox);
}
