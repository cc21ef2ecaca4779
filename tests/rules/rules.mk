# SPDX-License-Identifier: MIT
# rules.mk: builds the faulty miniports, one for each RULE.c, for both architectures.
# tests/rules/run calls it; OUT is where drivers' common objects are (out).

include include/ndis-mingw/rules.mk

HERE   := tests/rules
DIR    := $(OUT)/tests/rules
FORMS  := tests/lib/miniport_forms.h
FAULTS := $(filter-out miniport,$(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/*.c)))

all: $(foreach arch,x64 x86,$(FAULTS:%=$(DIR)/$(arch)/%.sys))

# NDIS's headers are read once for each architecture.
define rules_of
$(DIR)/$(1)/miniport.h.gch: $(HERE)/miniport.h $(shell find $(NDIS_MINGW) -name '*.h')
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -x c-header $$< -o $$@

$(DIR)/$(1)/%.o: $(HERE)/%.c $(DIR)/$(1)/miniport.h.gch $(FORMS)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -Itests/lib -include $(DIR)/$(1)/miniport.h -c $$< -o $$@

$(DIR)/$(1)/%.sys: $(DIR)/$(1)/%.o $(DIR)/$(1)/miniport.o $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call rules_of,$(arch))))

.PHONY: all
.SECONDARY:
.DELETE_ON_ERROR:
