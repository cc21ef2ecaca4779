# SPDX-License-Identifier: MIT
# Builds tests/abi/miniport with the flags of a real driver:
# COMPILER-ARCH.sys in $(DIR), by GCC and by clang.

include include/ndis-mingw/rules.mk

DIR := $(OUT)/tests/abi

all: $(DIR)/gcc-x64.sys $(DIR)/gcc-x86.sys $(DIR)/clang-x64.sys $(DIR)/clang-x86.sys

define miniport
$(DIR)/gcc-$(1).o: tests/abi/miniport/miniport.c
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -c $$< -o $$@

$(DIR)/clang-$(1).o: tests/abi/miniport/miniport.c
	@mkdir -p $$(@D)
	$$(MINGW_CLANG_$(1)) $$(DRIVER_CFLAGS_$(1)) -c $$< -o $$@

$(DIR)/version-$(1).o: tests/abi/miniport/miniport.rc
	@mkdir -p $$(@D)
	$$(MINGW_WINDRES_$(1)) $$< $$@

$(DIR)/%-$(1).sys: $(DIR)/%-$(1).o $(DIR)/version-$(1).o $$(DRIVER_RUNTIME_$(1)) $$(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $$(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call miniport,$(arch))))

# What tests/abi/wrong.py links its wrong drivers with.
wrong: all
	@CC_x64='$(MINGW_CC_x64)' CC_x86='$(MINGW_CC_x86)' \
	    CFLAGS_x64='$(DRIVER_CFLAGS_x64)' CFLAGS_x86='$(DRIVER_CFLAGS_x86)' \
	    LDFLAGS_x64='$(DRIVER_LDFLAGS_x64)' LDFLAGS_x86='$(DRIVER_LDFLAGS_x86)' \
	    LIBS_x64='$(DRIVER_RUNTIME_x64) $(IMPLIBS_x64)' \
	    LIBS_x86='$(DRIVER_RUNTIME_x86) $(IMPLIBS_x86)' \
	    python3 tests/abi/wrong.py $(DIR)

.PHONY: all wrong
.SECONDARY:
