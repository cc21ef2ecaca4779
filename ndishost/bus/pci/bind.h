/* SPDX-License-Identifier: MIT */
/*
 * bind.h: lends a PCI function to uio_pci_generic, and gives it back to the driver it had.
 *   bind_take(&binding, "0000:00:03.0", BIND_UIO, error, sizeof error);
 *   ...
 *   bind_give_back(&binding);
 * Nothing is loaded: the module must be there. A function that is already uio_pci_generic's stays
 * so. With BIND_NONE the function has no driver, so Linux listens to no interrupt of it. It then
 * needs neither the module nor an INTx pin.
 */
#ifndef NDISHOST_PCI_BIND_H
#define NDISHOST_PCI_BIND_H

#include <stdbool.h>
#include <stddef.h>

enum bind_mode { BIND_UIO, BIND_NONE };

struct binding {
    char device[160];  /* "/sys/bus/pci/devices/0000:00:03.0" */
    char name[16];     /* "0000:00:03.0" */
    char uio[16];      /* "uio0"; "": not uio_pci_generic's */
    char before[64];   /* the driver it had; "": none */
    char override[64]; /* what driver_override said; "": nothing */
    enum bind_mode mode;
    bool taken;   /* the function is ours */
    bool changed; /* there is something to restore */
};

/* Where /sys is mounted; tests point it elsewhere. */
extern const char *bind_sysfs;

/* "0000:00:03.0" or "00:03.0" to the full form; false if `text` is neither. */
bool bind_name(const char *text, char name[static 16]);

/* 0, or -1 with a line that says what stands in the way and what to do; then all is as it was. */
int bind_take(struct binding *binding, const char *name, enum bind_mode mode, char *error,
              size_t error_size);
void bind_give_back(struct binding *binding);

#endif
