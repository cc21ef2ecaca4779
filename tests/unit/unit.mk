# SPDX-License-Identifier: MIT
# unit.mk: builds the unit tests in one configuration. tests/unit/run calls it; by hand:
#   make -f tests/unit/unit.mk OUT=out/tests/unit/mine CC=gcc FLAGS='-O0 -g'
VIRTQ := drivers/windows/virtio/common
PCI   := drivers/windows7/virtio-modern/common
NET   := drivers/windows7/virtio-net

TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
HELP  := ring ref_device fake_pci pci_fixture rng

# The libraries are compiled as the dialect of the drivers that use them, the tests as C11.
STRICT   := -Wall -Wextra -Werror
LIBFLAGS := -std=gnu89 -Wdeclaration-after-statement
CPPFLAGS := -I$(VIRTQ) -I$(PCI) -Itests/unit -Iexamples/virtio-rng

all: $(TESTS:%=$(OUT)/%)

$(OUT)/test_%: $(OUT)/test_%.o $(HELP:%=$(OUT)/%.o) $(OUT)/virtqueue.o $(OUT)/virtio_pci_modern.o
	$(CC) $(FLAGS) $^ $(LDFLAGS) -lcmocka -lpthread -o $@

# The driver's own file that is plain C, with the few Windows types that it uses.
$(OUT)/test_state: $(OUT)/test_state.o $(OUT)/state.o
	$(CC) $(FLAGS) $^ $(LDFLAGS) -lcmocka -lpthread -o $@

$(OUT)/test_state.o $(OUT)/state.o: CPPFLAGS := -Itests/unit/windows -I$(NET)/src -I$(NET)/include -I$(VIRTQ)

$(OUT)/state.o: $(NET)/src/state.c
	$(CC) $(LIBFLAGS) $(STRICT) $(FLAGS) $(CPPFLAGS) -MMD -c $< -o $@

$(OUT)/virtqueue.o: $(VIRTQ)/virtqueue.c
	$(CC) $(LIBFLAGS) $(STRICT) $(FLAGS) $(CPPFLAGS) -MMD -c $< -o $@

$(OUT)/virtio_pci_modern.o: $(PCI)/virtio_pci_modern.c
	$(CC) $(LIBFLAGS) $(STRICT) $(FLAGS) $(CPPFLAGS) -MMD -c $< -o $@

$(OUT)/rng.o: examples/virtio-rng/rng.c
	$(CC) -std=gnu11 $(STRICT) $(FLAGS) $(CPPFLAGS) -MMD -c $< -o $@

$(OUT)/%.o: tests/unit/%.c
	$(CC) -std=gnu11 $(STRICT) $(FLAGS) $(CPPFLAGS) -MMD -c $< -o $@

-include $(wildcard $(OUT)/*.d)

.PHONY: all
.SECONDARY:
