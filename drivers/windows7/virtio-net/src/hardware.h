/* SPDX-License-Identifier: MIT */
/*
 * hardware.h: the PCI function as the transport needs it: BARs out of what Windows assigned, access
 * to registers and configuration space, and the bits of the command register.
 */
#ifndef AEROVNET_HARDWARE_H
#define AEROVNET_HARDWARE_H

#include "aerovnet.h"

/* A BAR and where Windows put it. Length 0: none, or not assigned. */
typedef struct _AEROVNET_BAR {
    enum virtio_pci_space Space;
    NDIS_PHYSICAL_ADDRESS Address;
    ULONG Length; /* bytes */
} AEROVNET_BAR;

/* For virtio_pci_open, with the adapter as the context. */
extern const struct virtio_pci_io AerovnetPciIo;

/* Finds the BARs and an interrupt among what Windows assigned. A failure is in the event log. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetFindResources(_In_ PAEROVNET_ADAPTER Adapter,
                                  _In_opt_ PNDIS_RESOURCE_LIST Resources);

/* Lets the device reach memory and interrupt, or neither (PCI 3.0, 6.2.2). Returns FALSE when the
 * device cannot be told: it is not there. */
_IRQL_requires_(PASSIVE_LEVEL)
BOOLEAN AerovnetReach(_In_ PAEROVNET_ADAPTER Adapter, _In_ BOOLEAN On);

#endif
