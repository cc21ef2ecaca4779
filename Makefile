# SPDX-License-Identifier: MIT
# Builds everything under out/. `make help` says what there is.

include include/ndis-mingw/rules.mk

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

ARCHES := x64 x86

# One short line per step. `make V=1` prints the commands.
Q    := $(if $(V),,@)
say   = @echo "  $(1)"

help:
	@echo 'make            the driver (out/x64, out/x86) and the host (out/ndishost)'
	@echo 'make driver     aerovnet.sys and aerovnetm.sys, in out/x64 and out/x86'
	@echo 'make package    out/package, out/aerovnet.iso and .flp: signed, ready for Windows 7'
	@echo 'make release    out/release: versioned disk images, sources, SBOM and checksums'
	@echo 'make host       out/ndishost'
	@echo 'make host32     out/ndishost32, which runs x86 drivers'
	@echo 'make install    ndishost and the drivers, to DESTDIR and PREFIX (/usr/local)'
	@echo 'make uninstall  removes what `make install` installed'
	@echo 'make deb        out/ndishost_VERSION_ARCH.deb: a Debian package of ndishost'
	@echo 'make examples   out/virtio-rng, which reads random bytes from QEMU'\''s device; out/examples/*/cable.sys'
	@echo 'make driver DBG=1 OUT=out/debug   a debug build, which checks IRQL and locks'
	@echo 'make device-check   out/device-check.iso and .img, which boot and check a virtio-net card'
	@echo 'make native     out/native/{asan,tsan}/ndishost: the driver compiled for Linux, with sanitizers'
	@echo 'make fuzz SECONDS=60   all fuzzers side by side, for that long: inputs, lines reached, finds'
	@echo 'make coverage   out/coverage/index.html: lines of drivers/ that tests and fuzzers reach'
	@echo 'make bench      what a frame costs: out/bench/report.html, and targets met or missed'
	@echo 'make bench-compare OLD=FILE   what moved since that out/bench/report.json'
	@echo 'make rate       frames per second; notifications and interrupts per thousand frames'
	@echo 'make count      instructions of the driver per frame, against bench/baseline.json'
	@echo
	@echo 'make check-quick   the tests that find most faults, in under 90 seconds once built: ./test quick'
	@echo 'make check         all tests, about half an hour: ./test'
	@echo 'make check-format  formatting of all C, without changing a file'
	@echo 'make check-scripts shellcheck over all scripts'
	@echo 'make check-prose   sentences of the pages, of messages and of comments'
	@echo 'make format        clang-format over all C'
	@echo 'make tidy          clang-tidy over the host and the driver'
	@echo 'make compile_commands.json   for editors and for clang-tidy'
	@echo
	@echo 'make V=1 …      shows the commands'
	@echo 'make clean      removes what was built; out/debian and out/kernel stay'

all: driver host

# --- the driver -------------------------------------------------------------------------------

NET    := drivers/windows7/virtio-net
WIN7   := drivers/win7/virtio-net
MODERN := drivers/windows7/virtio-modern/common
VIRTQ  := drivers/windows/virtio/common

DRIVER_SOURCES  := $(sort $(wildcard $(NET)/src/*.c)) $(MODERN)/virtio_pci_modern.c $(VIRTQ)/virtqueue.c
DRIVER_INCLUDES := -I$(NET)/include -I$(MODERN) -I$(VIRTQ) -I$(OUT)/gen

# The driver without its checks of the device, for the bench to count what they cost. It is in a folder that
# nothing is packaged from; packaging/make-package refuses it besides.
DRIVER_UNCHECKED := $(if $(UNCHECKED),-DAEROVNET_UNCHECKED)
ifneq ($(UNCHECKED),)
ifeq ($(filter out/bench/%,$(OUT)),)
$(error UNCHECKED=1 makes a driver that believes the device: build it under out/bench, for instance with OUT=out/bench/unchecked)
endif
endif

# Both drivers are the same code. aerovnetm, for the modern device, has a resource and an INF of its own.
DRIVERS      := aerovnet aerovnetm
DRIVER_FILES := $(foreach name,$(DRIVERS),$(ARCHES:%=$(OUT)/%/$(name).sys))

driver: $(DRIVER_FILES)

$(OUT)/gen/aerovnet_events.h $(OUT)/gen/aerovnet_events.rc &: $(NET)/src/aerovnet_events.mc
	@mkdir -p $(@D)
	$(Q)$(MINGW_WINDMC_x64) -b -h $(@D) -r $(@D) $<

# The version's last number, which changes with the commit. Two makes may run in one tree: the process id keeps them apart.
RESOURCE_aerovnet  := $(NET)/aerovnet.rc
RESOURCE_aerovnetm := $(WIN7)/aerovnetm.rc
RESOURCE_PARTS     := $(RESOURCE_aerovnet) $(RESOURCE_aerovnetm) $(OUT)/gen/aerovnet_events.rc $(wildcard $(NET)/include/aerovnet_version.*)

$(OUT)/gen/build-number: always
	@mkdir -p $(@D)
	@new=$@.$$$$; packaging/build-number >$$new || { rm -f $$new; exit 1; }; \
	    if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi

always:

# What compiles the driver; linking is always GCC's and GNU ld's. `make driver OUT=out/clang
# DRIVER_COMPILER=CLANG` builds with clang, beside the other.
DRIVER_COMPILER ?= CC

# mingw-w64's wdm.h defines InterlockedBitTestAndSet and -Reset as static inline after winnt.h had them
# extern; clang for x86 makes a global function of each in every object. GCC's link stays strict.
DRIVER_LINK_CLANG := -Wl,--allow-multiple-definition

define driver_rules
$(OUT)/obj/$(1)/%.o: %.c $(OUT)/gen/aerovnet_events.h
	@mkdir -p $$(@D)
	$$(call say,$(DRIVER_COMPILER) $(1)   $$<)
	$$(Q)$$(MINGW_$(DRIVER_COMPILER)_$(1)) $$(DRIVER_CFLAGS_$(1)) $$(DRIVER_INCLUDES) $$(DRIVER_UNCHECKED) -MMD -MP -c $$< -o $$@

$(DRIVERS:%=$(OUT)/obj/$(1)/%.res.o): $(OUT)/obj/$(1)/%.res.o: $(RESOURCE_PARTS) $(OUT)/gen/build-number
	@mkdir -p $$(@D)
	$$(Q)$$(MINGW_WINDRES_$(1)) -I$(NET)/include -I$(OUT)/gen \
	    -DAEROVNET_VERSION_BUILD=$$$$(cat $(OUT)/gen/build-number) $$(RESOURCE_$$*) $$@

$(DRIVERS:%=$(OUT)/$(1)/%.sys): $(OUT)/$(1)/%.sys: $$(DRIVER_SOURCES:%.c=$(OUT)/obj/$(1)/%.o) $(OUT)/obj/$(1)/%.res.o $$(DRIVER_RUNTIME_$(1)) $$(IMPLIBS_$(1))
	@mkdir -p $$(@D)
	$$(call say,link $(1) $$@)
	$$(Q)$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) $$(DRIVER_LINK_$(DRIVER_COMPILER)) -o $$@ $$(filter %.o,$$^) $$(IMPLIBS_$(1))
	$$(Q)$$(DRIVER_FINISH) $$@
	$$(Q)$$(DRIVER_FINISH) $$@
endef
$(foreach arch,$(ARCHES),$(eval $(call driver_rules,$(arch))))

include packaging/package.mk

# --- the host ---------------------------------------------------------------------------------

HOST_SOURCES := $(sort $(shell find ndishost -name '*.c'))
# A call at a function's end stays a call: a report names the driver's address by who returns where.
HOST_CFLAGS  := -std=gnu11 -Wall -Wextra -Werror -O2 -g -pthread -fno-omit-frame-pointer \
                -fno-optimize-sibling-calls -fno-plt \
                -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
                -Indishost -Indishost/nt/include -Iinclude/ndis-mingw -I$(NET)/include -I$(VIRTQ)
HOST_CC      ?= gcc
HOST_LIBS    := -lZydis -lZycore -lnettle
DEPS32       := out/deps/i386/usr

host: $(OUT)/ndishost
host32: $(OUT)/ndishost32

$(OUT)/obj/host/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC host  $<)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

# A test beside this make starts the old program or the new one, never a part of one.
$(OUT)/ndishost: $(HOST_SOURCES:%.c=$(OUT)/obj/host/%.o)
	$(call say,link      $@)
	$(Q)$(HOST_CC) -pthread -o $@.$$$$ $^ $(HOST_LIBS) && mv -f $@.$$$$ $@

# The tables that are compiled in
WINDOWS7_TABLES := $(wildcard include/ndis-mingw/exports/*.exports) ndishost/loader/documented
$(OUT)/obj/host/ndishost/loader/windows7.o $(OUT)/obj/host32/ndishost/loader/windows7.o: $(WINDOWS7_TABLES)

# The libraries for i386 come from Debian's packages, unpacked, because installing them needs a foreign
# architecture on the user's machine.
$(DEPS32)/.fetched: tools/fetch-i386-zydis
	tools/fetch-i386-zydis
	@touch $@

# x86 drivers call with a stack aligned to 4 bytes, as Windows does; this code expects 16.
$(OUT)/obj/host32/%.o: %.c | $(DEPS32)/.fetched
	@mkdir -p $(@D)
	$(call say,CC host32 $<)
	$(Q)$(HOST_CC) -m32 -mstackrealign $(HOST_CFLAGS) -I$(DEPS32)/include -MMD -MP -c $< -o $@

$(OUT)/ndishost32: $(HOST_SOURCES:%.c=$(OUT)/obj/host32/%.o)
	$(call say,link      $@)
	$(Q)$(HOST_CC) -m32 -pthread -o $@.$$$$ $^ -L$(DEPS32)/lib/i386-linux-gnu \
	    -Wl,-rpath,'$$ORIGIN/deps/i386/usr/lib/i386-linux-gnu' $(HOST_LIBS) && mv -f $@.$$$$ $@

include examples/examples.mk
include tests/native/native.mk
include fuzz/driver/driver.mk

# --- the rest ---------------------------------------------------------------------------------

# Two bootable images for authors of virtual machine monitors: docs/device-authors.md.
device-check: driver host host32
	$(Q)tools/packages check
	$(Q)vm/check-image

# QEMU has the functions that the plugin calls.
$(OUT)/bench/plugin.so: bench/plugin.c
	@mkdir -p $(@D)
	$(call say,CC plugin $<)
	$(Q)$(HOST_CC) -std=gnu11 -Wall -Wextra -Werror -O2 -fPIC -fvisibility=hidden -shared -pthread -o $@ $<

$(OUT)/bench/traffic: bench/traffic.c
	@mkdir -p $(@D)
	$(call say,CC traffic $<)
	$(Q)$(HOST_CC) -std=gnu11 -Wall -Wextra -Werror -O2 -o $@ $<

fuzz:
	fuzz/run $(or $(SECONDS),60)

coverage:
	tests/coverage/run

bench:
	$(Q)tools/packages build run bench
	bench/report

bench-compare:
	bench/report --compare $(if $(OLD),$(OLD),$(error say which: make bench-compare OLD=report.json))

rate: driver host
	bench/run

count:
	bench/count

# --- installing -------------------------------------------------------------------------------

include packaging/ndishost/install.mk

# --- checking ---------------------------------------------------------------------------------

check:
	./test

check-quick:
	./test quick

check-format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror

# Every script that starts with #!/bin/sh or #!/bin/bash, and what they source.
check-scripts:
	$(Q)git grep -lE '^#!/bin/(ba)?sh' -- ':!*.md' ':!*.py' ':!*.c' ':!*.h' ':!Makefile' | xargs shellcheck -x

# Sentences of at most 25 words, and no phrase that has to be read twice, in every page.
check-prose:
	$(Q)tests/build/prose

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

compile_commands.json: Makefile include/ndis-mingw/rules.mk $(DRIVER_SOURCES) $(HOST_SOURCES)
	$(Q)tools/compile-commands >$@

# The whole report is out/tidy.log. `make tidy TIDY=ndishost/nt` looks at these files alone.
tidy: compile_commands.json $(OUT)/gen/aerovnet_events.h
	$(Q)tools/packages tidy
	$(Q)run-clang-tidy -quiet -j "$$(nproc)" '$(or $(TIDY),.*)' >$(OUT)/tidy.log 2>$(OUT)/tidy.err; \
	    status=$$?; sed -n 's/\x1b\[[0-9;]*m//g; s|^$(CURDIR)/||; /\(warning\|error\): /p' $(OUT)/tidy.log | sort -u; exit $$status

clean:
	rm -rf out/obj out/gen out/lib out/tests out/x64 out/x86 out/ndishost out/ndishost32

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

.PHONY: all always help driver host host32 device-check fuzz coverage bench bench-compare rate count check check-quick check-format check-scripts check-prose \
        format tidy clean
