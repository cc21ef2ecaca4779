/* SPDX-License-Identifier: MIT */
/* Messages are asked for; the device has no MSI-X capability but a line.
 * bus: model:vectors=0
 * inf: messages.inf
 * control: interrupts off; interrupts on; link down; sleep 50; send; link up; sleep 50; wire 5254001234560252756c6501080000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000; sleep 50
 */
#define MESSAGES 0
#define TOGETHER 0
#include "messages.h"
