/* SPDX-License-Identifier: MIT */
/* Messages for an MSI-X device: a message for each event, masked and remapped.
 * inf: messages.inf
 * control: interrupts off; interrupts on; link down; sleep 50; send; link up; sleep 50; wire 5254001234560252756c6501080000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000; sleep 50
 */
#define MESSAGES 3
#define TOGETHER 0
#include "messages.h"
