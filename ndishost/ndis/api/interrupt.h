/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h: an adapter's interrupt line, or its messages, from the bus to MiniportInterrupt or
 * MiniportMessageInterrupt and the DPCs.
 *   interrupt_line(adapter, asserted), interrupt_message(adapter, number) from the bus;  interrupt_indicated(n) from an indication;
 *   interrupt_release(adapter) when the adapter goes.
 */
#ifndef NDISHOST_INTERRUPT_H
#define NDISHOST_INTERRUPT_H

#include "ndis/api/miniport.h"

/* The line as it is now; before the driver registers an interrupt it is remembered. Any thread. */
void interrupt_line(struct ndis_adapter *adapter, bool asserted);
/* The message has come; before the driver registers an interrupt it is lost. Any thread. */
void interrupt_message(struct ndis_adapter *adapter, unsigned number);
/* What a driver connects past NDIS (IoConnectInterrupt): the interrupt of the line (message -1), which it may share, or
 * of a message that has none. false: there is no room, or the message has one. PASSIVE_LEVEL. */
bool interrupt_connect(struct ndis_adapter *adapter, struct nt_interrupt *interrupt, int message);
/* It is told of nothing more. */
void interrupt_disconnect(struct ndis_adapter *adapter, struct nt_interrupt *interrupt);
/* Another device's interrupt on the same line: MiniportInterrupt is called once. true: it says that
 * it is its own. PASSIVE_LEVEL, by who drives the life cycle. */
bool interrupt_shared(struct ndis_adapter *adapter);
/* Calls MiniportDisableInterruptEx or MiniportEnableInterruptEx, or those of each message, at DIRQL as NDIS does
 * "for diagnostic and troubleshooting purposes". false: the driver has no interrupt. */
bool interrupt_switch(struct ndis_adapter *adapter, bool enable);
/* `count` lists were indicated on this thread: the DPC that runs here may have a limit. */
void interrupt_indicated(unsigned count);
/* Disconnects what the driver left connected, and frees. */
void interrupt_release(struct ndis_adapter *adapter);

#endif
