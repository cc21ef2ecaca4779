# SPDX-License-Identifier: MIT
# ndis.mk: builds the test miniport in its variants for both architectures, and the native tests.
# tests/ndishost-ndis/run calls it; OUT is where drivers' common objects are (out).

include include/ndis-mingw/rules.mk

HERE    := tests/ndishost-ndis
DIR     := $(OUT)/tests/ndishost-ndis
SOURCES := $(wildcard $(HERE)/miniport/*.c)
STUBS    := stub-unused stub-called stub-read
VARIANTS := loop version handler nothing
VARIANT_loop    := 0
VARIANT_version := 1
VARIANT_handler := 2
VARIANT_nothing := 3
STUB_USE_stub-unused := 0
STUB_USE_stub-called := 1
STUB_USE_stub-read   := 2

all: $(foreach arch,x64 x86,$(VARIANTS:%=$(DIR)/$(arch)/%.sys) $(DIR)/$(arch)/import.sys $(DIR)/$(arch)/fails.sys $(STUBS:%=$(DIR)/$(arch)/%.sys))

define rules_of
$(DIR)/$(1)/$(2)/%.o: $(HERE)/miniport/%.c $(HERE)/miniport/loop.h tests/lib/miniport_forms.h
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -Itests/lib -DLOOP_VARIANT=$(VARIANT_$(2)) -c $$< -o $$@

$(DIR)/$(1)/$(2).sys: $(SOURCES:$(HERE)/miniport/%.c=$(DIR)/$(1)/$(2)/%.o) $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(foreach v,$(VARIANTS),$(eval $(call rules_of,$(arch),$(v)))))

# Drivers with imports that Windows 7 has and the host has not.
define stub_rules
$(DIR)/$(1)/$(2).o: $(HERE)/stub.c
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -DSTUB_USE=$$(STUB_USE_$(2)) -c $$< -o $$@

$(DIR)/$(1)/$(2).sys: $(DIR)/$(1)/$(2).o $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(foreach s,$(STUBS),$(eval $(call stub_rules,$(arch),$(s)))))

# A driver that calls all that can fail.
define fails_rules
$(DIR)/$(1)/fails.o: $(HERE)/fails.c tests/lib/miniport_forms.h
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -Itests/lib -c $$< -o $$@

$(DIR)/$(1)/fails.sys: $(DIR)/$(1)/fails.o $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call fails_rules,$(arch))))

# A driver with an import that Windows 7 has not.
define import_rules
$(DIR)/$(1)/import.o: $(HERE)/import.c
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -c $$< -o $$@

$(DIR)/$(1)/libimport.a: $(HERE)/import-$(1).def
	@mkdir -p $$(@D)
	$(2) -d $$< -l $$@

$(DIR)/$(1)/import.sys: $(DIR)/$(1)/import.o $(DIR)/$(1)/libimport.a $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(DIR)/$(1)/libimport.a $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(eval $(call import_rules,x64,x86_64-w64-mingw32-dlltool))
$(eval $(call import_rules,x86,i686-w64-mingw32-dlltool -k))

# The native tests link the host's own objects, as `make host` has built them.
HOST_OBJECTS := $(patsubst %.c,$(OUT)/obj/host/%.o,$(shell find ndishost -name '*.c' ! -name main.c))
HOST_CFLAGS  := -std=gnu11 -Wall -Wextra -Werror -O2 -g -pthread -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
                -Indishost -Indishost/nt/include -Iinclude/ndis-mingw -I$(HERE)
NATIVE       := $(patsubst $(HERE)/%.c,$(DIR)/%,$(wildcard $(HERE)/test_*.c))

native: $(NATIVE)

$(DIR)/test_%: $(HERE)/test_%.c $(HERE)/native.h $(HOST_OBJECTS)
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) $< $(HOST_OBJECTS) -o $@ -lZydis -lZycore -lnettle

HOST_CC ?= gcc

.PHONY: all native
.SECONDARY:
