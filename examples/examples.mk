# SPDX-License-Identifier: MIT
# examples.mk: small programs that use the shared libraries natively, and a driver. Part of the Makefile.

# What ndishost's bus back end `qtest` consists of.
QTEST_SOURCES := $(wildcard ndishost/bus/qtest/*.c) ndishost/bus/negotiated.c ndishost/bus/notify.c ndishost/bus/structure.c ndishost/bus/power.c \
                 ndishost/bus/thread.c ndishost/bus/mailbox.c ndishost/nt/machine/hugepages.c ndishost/nt/machine/phys.c

RNG_SOURCES := $(wildcard examples/virtio-rng/*.c) examples/bus_io.c $(MODERN)/virtio_pci_modern.c \
               $(VIRTQ)/virtqueue.c $(QTEST_SOURCES)
RNG_OBJECTS := $(RNG_SOURCES:%.c=$(OUT)/obj/host/%.o)

examples: $(OUT)/virtio-rng
	$(Q)$(MAKE) -s -f examples/cable/cable.mk

$(RNG_OBJECTS): HOST_CFLAGS += -I$(MODERN) -Iexamples

$(OUT)/virtio-rng: $(RNG_OBJECTS)
	$(call say,link      $@)
	$(Q)$(HOST_CC) -pthread -o $@ $^

.PHONY: examples
