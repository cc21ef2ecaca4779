# SPDX-License-Identifier: MIT
# shapes.mk: builds the miniports of tests/foreign-shapes, one for each SHAPE.c, for both architectures.
# tests/foreign-shapes/run calls it; OUT is where drivers' common objects are (out).

include include/ndis-mingw/rules.mk

HERE   := tests/foreign-shapes
RULES  := tests/rules
DIR    := $(OUT)/tests/foreign-shapes
FORMS  := tests/lib/miniport_forms.h
SHAPES := $(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/*.c))

all: $(foreach arch,x64 x86,$(SHAPES:%=$(DIR)/$(arch)/%.sys))

# NDIS's headers are read once for each architecture.
define rules_of
$(DIR)/$(1)/shape.h.gch: $(HERE)/shape.h $(RULES)/miniport.h $(shell find $(NDIS_MINGW) -name '*.h')
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -I$(RULES) -x c-header $$< -o $$@

$(DIR)/$(1)/%.o: $(HERE)/%.c $(DIR)/$(1)/shape.h.gch $(FORMS)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -Itests/lib -I$(RULES) -include $(DIR)/$(1)/shape.h -c $$< -o $$@

$(DIR)/$(1)/miniport.o: $(RULES)/miniport.c $(RULES)/miniport.h $(FORMS)
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -Itests/lib -c $$< -o $$@

$(DIR)/$(1)/%.sys: $(DIR)/$(1)/%.o $(DIR)/$(1)/miniport.o $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call rules_of,$(arch))))

.PHONY: all
.SECONDARY:
.DELETE_ON_ERROR:
