# SPDX-License-Identifier: MIT
# nt.mk: builds the tests of the host's loader, NT part and rules in one configuration.
# tests/ndishost-nt/run calls it; by hand:
#   make -f tests/ndishost-nt/nt.mk OUT=out/tests/ndishost-nt/mine CC=gcc FLAGS='-O0 -g'
# Drivers for the loader's tests are built for both architectures.
HERE    := tests/ndishost-nt
TESTS   := $(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/test_*.c))
SOURCES := $(wildcard ndishost/loader/*.c ndishost/nt/*/*.c ndishost/rules/*.c) $(HERE)/support.c
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)
DRIVERS := $(foreach arch,x64 x86,$(patsubst $(HERE)/driver/%.c,$(OUT)/$(arch)/%.sys,$(wildcard $(HERE)/driver/*.c)))

# As the top-level Makefile compiles the host.
CFLAGS := -std=gnu11 -Wall -Wextra -Werror -pthread -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
          -Indishost -Indishost/nt/include -Iinclude/ndis-mingw -I$(HERE)

all: $(TESTS:%=$(OUT)/%) $(DRIVERS)

MY_OUT := $(OUT)
OUT := out
include include/ndis-mingw/rules.mk
OUT := $(MY_OUT)

$(OUT)/test_%: $(OUT)/$(HERE)/test_%.o $(OBJECTS)
	$(CC) $(FLAGS) -pthread $^ $(LDFLAGS) -lcmocka -lZydis -lZycore -o $@

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAGS) -MMD -MP -c $< -o $@

define driver_rules
$(OUT)/$(1)/%.o: $(HERE)/driver/%.c $(HERE)/driver/probe.h
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -I$(HERE)/driver -c $$< -o $$@

$(OUT)/$(1)/%.res.o: $(HERE)/driver/%.mc
	@mkdir -p $$(@D)
	$$(MINGW_WINDMC_$(1)) -b -h $$(@D) -r $$(@D) $$<
	$$(MINGW_WINDRES_$(1)) -I$$(@D) $$(@D)/$$*.rc $$@

$(OUT)/$(1)/%.sys: $(OUT)/$(1)/%.o $(OUT)/$(1)/events.res.o $$(DRIVER_RUNTIME_$(1)) $$(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -Wl,-Map=$$(@:.sys=.ldmap) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^)
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call driver_rules,$(arch))))

-include $(OBJECTS:.o=.d) $(TESTS:%=$(OUT)/$(HERE)/%.d)

.PHONY: all
.SECONDARY:
