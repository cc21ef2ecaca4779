# SPDX-License-Identifier: MIT
# pci.mk: builds the program that tests/ndishost-pci/run starts in its virtual machine.
VIRTQ := drivers/windows/virtio/common
PCI   := drivers/windows7/virtio-modern/common
QTEST := tests/ndishost-qtest

SOURCES := tests/ndishost-pci/guest_pci.c $(QTEST)/device.c \
           $(wildcard ndishost/bus/qtest/*.c ndishost/bus/pci/*.c) ndishost/bus/thread.c \
           ndishost/bus/mailbox.c ndishost/bus/msix.c ndishost/bus/negotiated.c ndishost/bus/notify.c ndishost/bus/structure.c ndishost/bus/power.c ndishost/nt/machine/phys.c ndishost/nt/machine/hugepages.c \
           $(VIRTQ)/virtqueue.c $(PCI)/virtio_pci_modern.c examples/bus_io.c
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)

CFLAGS := -std=gnu11 -Wall -Wextra -Werror -O2 -g -pthread -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
          -Indishost -I$(QTEST) -I$(VIRTQ) -I$(PCI) -Iexamples

$(OUT)/guest_pci: $(OBJECTS)
	$(CC) $^ -lcmocka -lpthread -o $@

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(OBJECTS:.o=.d)
