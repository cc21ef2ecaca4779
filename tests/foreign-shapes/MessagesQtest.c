/* SPDX-License-Identifier: MIT */
/* Messages of QEMU's own device.
 * bus: qtest
 * options: --messages 3
 * inf: messages.inf
 * control: interrupts off; interrupts on; link down; sleep 100; send; link up; sleep 100; wire 5254001234560252756c6501080000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000; sleep 100
 */
#define MESSAGES 3
#define TOGETHER 0
#include "messages.h"
