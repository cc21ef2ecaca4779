# SPDX-License-Identifier: MIT
# first.mk: builds the example of docs/ndishost.md. For GNU make, from the project's root.
#   make -f examples/first/first.mk             with mingw-w64: out/examples/x64/first.sys, and x86
#   make -f examples/first/first.mk BREAK=1     out/examples/x64/first-broken.sys completes each list twice
#   make -f examples/first/first.mk msvc        with clang and lld-link as Microsoft's tools: out/examples/msvc/…

include include/ndis-mingw/rules.mk

FIRST     := examples/first/first.c
FIRST_DIR := $(OUT)/examples
NAME      := first$(if $(BREAK),-broken)
DEFINES   := -DBREAK=$(if $(BREAK),1,0)

mingw: $(FIRST_DIR)/x64/$(NAME).sys $(FIRST_DIR)/x86/$(NAME).sys
msvc: $(FIRST_DIR)/msvc/x64/$(NAME).sys $(FIRST_DIR)/msvc/x86/$(NAME).sys
.DEFAULT_GOAL := mingw

define first_rules
$(FIRST_DIR)/$(1)/$(NAME).sys: $(FIRST) $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) $$(DEFINES) -c $(FIRST) -o $$@.o
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$@.o $$(filter %.o,$$^) $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@

$(FIRST_DIR)/msvc/$(1)/$(NAME).sys: $(FIRST) $(MSVC_RUNTIME_$(1)) $(IMPLIBS_$(1))
	@mkdir -p $$(@D)
	$$(MSVC_CC_$(1)) $$(MSVC_CFLAGS_$(1)) $$(DEFINES) -c $(FIRST) -o $$@.obj
	$$(MSVC_LINK) $$(MSVC_LDFLAGS_$(1)) /out:$$@ $$@.obj $$(filter %.obj %.a,$$^)
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call first_rules,$(arch))))

.PHONY: mingw msvc
.DELETE_ON_ERROR:
