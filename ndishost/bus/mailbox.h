/* SPDX-License-Identifier: MIT */
/*
 * mailbox.h: interrupt messages of a real PCI function without an interrupt controller. A message is a write to
 * memory, so each gets a word of physical memory that a thread looks at.
 *   mailbox = mailbox_open(tell, context);  mailbox_target(mailbox, 0, &message);  mailbox_close(mailbox);
 */
#ifndef NDISHOST_BUS_MAILBOX_H
#define NDISHOST_BUS_MAILBOX_H

#include <stdbool.h>
#include <stdio.h>
#include "bus/bus.h"

struct mailbox;

/* `tell` is called on the mailbox's thread, with no lock held. NULL without memory or a thread. */
struct mailbox *mailbox_open(void (*tell)(void *context, unsigned number), void *context);
/* Where the function has to write what for message `number`. false: it is not below BUS_MESSAGES. */
bool mailbox_target(const struct mailbox *mailbox, unsigned number, struct bus_message *message);
/* How many have come. */
uint64_t mailbox_count(const struct mailbox *mailbox);
/* Nothing is told after it returns. The function sends nothing any more. */
void mailbox_close(struct mailbox *mailbox);

#endif
