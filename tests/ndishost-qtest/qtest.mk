# SPDX-License-Identifier: MIT
# qtest.mk: builds the tests of the bus back ends qtest and pci in one configuration.
# tests/ndishost-qtest/run calls it; by hand:
#   make -f tests/ndishost-qtest/qtest.mk OUT=out/tests/mine CC=gcc FLAGS='-O0 -g'
VIRTQ := drivers/windows/virtio/common
PCI   := drivers/windows7/virtio-modern/common
HERE  := tests/ndishost-qtest

TESTS   := $(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/test_*.c))
SOURCES := $(wildcard ndishost/bus/qtest/*.c ndishost/bus/pci/*.c) ndishost/bus/thread.c \
           ndishost/bus/mailbox.c ndishost/bus/msix.c ndishost/bus/negotiated.c ndishost/bus/notify.c ndishost/bus/structure.c ndishost/bus/power.c ndishost/nt/machine/phys.c ndishost/nt/machine/hugepages.c \
           $(VIRTQ)/virtqueue.c $(PCI)/virtio_pci_modern.c $(HERE)/device.c examples/bus_io.c
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)

CFLAGS := -std=gnu11 -Wall -Wextra -Werror -pthread -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
          -Indishost -I$(HERE) -I$(VIRTQ) -I$(PCI) -Iexamples

all: $(TESTS:%=$(OUT)/%)

$(OUT)/test_%: $(OUT)/$(HERE)/test_%.o $(OBJECTS)
	$(CC) $(FLAGS) $^ $(LDFLAGS) -lcmocka -lpthread -o $@

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) -MMD -MP -c $< -o $@

-include $(OBJECTS:.o=.d) $(TESTS:%=$(OUT)/$(HERE)/%.d)

.PHONY: all
.SECONDARY:
