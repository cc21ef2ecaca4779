# SPDX-License-Identifier: MIT
# bus.mk: builds the tests of traps, register access and the model in one configuration.
# tests/ndishost-bus/run calls it; by hand:
#   make -f tests/ndishost-bus/bus.mk OUT=out/tests/ndishost-bus/mine CC=gcc FLAGS='-O0 -g'
HERE  := tests/ndishost-bus
VIRTQ := drivers/windows/virtio/common
PCI   := drivers/windows7/virtio-modern/common
TESTS := $(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/test_*.c))
HELP  := $(patsubst $(HERE)/%.c,$(OUT)/%.o,$(filter-out $(HERE)/test_%.c,$(wildcard $(HERE)/*.c)))

# The parts of the host that are under test, and what they rest on.
HOST  := $(wildcard ndishost/bus/model/*.c) $(wildcard ndishost/rules/*.c) \
         $(wildcard ndishost/loader/*.c) \
         $(addprefix ndishost/bus/,bus.c map.c msix.c structure.c thread.c) \
         $(addprefix ndishost/nt/machine/,trap.c trap_thread.c privileged.c fault_report.c emulate.c rule_context.c host_call.c held.c \
             probe.c phys.c hugepages.c irql.c clock.c late.c shared_data.c callback.c lock.c lock_order.c dma_map.c \
             mmio.c ioport.c hang.c)

# As the top-level Makefile compiles the host.
CFLAGS := -std=gnu11 -Wall -Wextra -Werror -pthread -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
          -Indishost -Indishost/nt/include -Iinclude/ndis-mingw -I$(HERE) -I$(VIRTQ) -I$(PCI)
# snippet.h needs both.
FIXED := -fno-pie -mno-red-zone

all: $(TESTS:%=$(OUT)/%)

$(OUT)/test_%: $(OUT)/test_%.o $(HELP) $(HOST:%.c=$(OUT)/%.o) $(OUT)/virtqueue.o $(OUT)/virtio_pci_modern.o
	$(CC) $(FLAGS) -no-pie -pthread $^ $(LDFLAGS) -lcmocka -lZydis -lZycore -o $@

$(OUT)/virtqueue.o: $(VIRTQ)/virtqueue.c
	$(CC) -std=gnu89 $(FLAGS) -MMD -c $< -o $@

$(OUT)/virtio_pci_modern.o: $(PCI)/virtio_pci_modern.c
	$(CC) -std=gnu89 -I$(VIRTQ) $(FLAGS) -MMD -c $< -o $@

$(OUT)/ndishost/%.o: ndishost/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) -MMD -MP -c $< -o $@

$(OUT)/%.o: $(HERE)/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) $(FIXED) -MMD -MP -c $< -o $@

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

.PHONY: all
.SECONDARY:
