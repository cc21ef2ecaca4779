# SPDX-License-Identifier: MIT
# cable.mk: builds the example driver, from the project's root. For GNU make.
#   make -f examples/cable/cable.mk          with mingw-w64: out/examples/x64/cable.sys and x86
#   make -f examples/cable/cable.mk msvc     with clang and lld-link as Microsoft's tools: out/examples/msvc/ARCH/cable.sys
# The second needs clang and lld beside what `make driver` needs.

include include/ndis-mingw/rules.mk

CABLE_SOURCES := driver frames oid device
CABLE         := examples/cable
CABLE_DIR     := $(OUT)/examples

mingw: $(CABLE_DIR)/x64/cable.sys $(CABLE_DIR)/x86/cable.sys
msvc: $(CABLE_DIR)/msvc/x64/cable.sys $(CABLE_DIR)/msvc/x86/cable.sys
.DEFAULT_GOAL := mingw

# --- mingw-w64 ---------------------------------------------------------------------------------

define cable_rules
$(CABLE_DIR)/$(1)/%.o: $(CABLE)/%.c $(CABLE)/cable.h
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -c $$< -o $$@

$(CABLE_DIR)/$(1)/cable.sys: $(CABLE_SOURCES:%=$(CABLE_DIR)/$(1)/%.o) $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call cable_rules,$(arch))))

# --- clang and lld-link ------------------------------------------------------------------------

define cable_msvc_rules
$(CABLE_DIR)/msvc/$(1)/%.obj: $(CABLE)/%.c $(CABLE)/cable.h
	@mkdir -p $$(@D)
	$$(MSVC_CC_$(1)) $$(MSVC_CFLAGS_$(1)) -c $$< -o $$@

$(CABLE_DIR)/msvc/$(1)/cable.sys: $(CABLE_SOURCES:%=$(CABLE_DIR)/msvc/$(1)/%.obj) $(MSVC_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MSVC_LINK) $$(MSVC_LDFLAGS_$(1)) /out:$$@ $$^
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call cable_msvc_rules,$(arch))))

.PHONY: mingw msvc
.DELETE_ON_ERROR:
