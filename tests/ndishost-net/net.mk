# SPDX-License-Identifier: MIT
# net.mk: builds the tests of the network ends in one configuration. tests/ndishost-net/run calls it; by
# hand: make -f tests/ndishost-net/net.mk OUT=out/tests/ndishost-net/mine CC=gcc FLAGS='-O0 -g'
HERE  := tests/ndishost-net
TESTS := $(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/test_*.c))
ENDS  := $(patsubst ndishost/net/%.c,$(OUT)/ends/%.o,$(wildcard ndishost/net/*.c))

# As the top-level Makefile compiles the host.
CFLAGS := -std=gnu11 -Wall -Wextra -Werror -pthread -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
          -Indishost -Indishost/nt/include -Iinclude/ndis-mingw -I$(HERE)

all: $(TESTS:%=$(OUT)/%)

$(OUT)/test_%: $(OUT)/test_%.o $(OUT)/loopback.o $(ENDS)
	$(CC) $(FLAGS) -pthread $^ $(LDFLAGS) -lcmocka -o $@

$(OUT)/ends/%.o: ndishost/net/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) -MMD -MP -c $< -o $@

$(OUT)/%.o: $(HERE)/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) -MMD -MP -c $< -o $@

-include $(wildcard $(OUT)/*.d $(OUT)/ends/*.d)

.PHONY: all
.SECONDARY:
