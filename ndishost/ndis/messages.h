/* SPDX-License-Identifier: MIT */
/*
 * messages.h: the message table in a driver's file: what Windows' event viewer shows for an event.
 *   messages = messages_load("aerovnet.sys");  messages_text(messages, code, "adapter 0", buf, sizeof buf);
 */
#ifndef NDISHOST_MESSAGES_H
#define NDISHOST_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

struct messages;

/* NULL if the file has no message table that can be read. The file is hostile until proven otherwise. */
struct messages *messages_load(const char *path);
void messages_free(struct messages *messages);

/* The message for `code` in one line, with `adapter` in place of %2, in buf; NULL if there is none. */
const char *messages_text(const struct messages *messages, uint32_t code, const char *adapter,
                          char *buf, size_t size);

#endif
