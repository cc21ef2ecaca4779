/* SPDX-License-Identifier: MIT */
/* Fewer messages than events, and MsiSyncWithAllMessages.
 * options: --messages 2
 * inf: messages.inf
 * control: interrupts off; interrupts on; link down; sleep 50; send; link up; sleep 50; wire 5254001234560252756c6501080000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000; sleep 50
 */
#define MESSAGES 2
#define TOGETHER 1
#include "messages.h"
