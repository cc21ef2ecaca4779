# SPDX-License-Identifier: MIT
# miniports.mk: builds miniports of one file each, linked with tests/rules/miniport.c, for both architectures.
# Set before it is included:
#   HERE    the folder of the sources
#   DIR     where the miniports go, in x64 and x86
#   HEADER  the header that each source includes first, from HERE or tests/rules
#   NAMES   the sources without .c
# OUT is where drivers' common objects are (out).

include include/ndis-mingw/rules.mk

RULES := tests/rules
FORMS := tests/lib/miniport_forms.h tests/lib/irp.h

all: $(foreach arch,x64 x86,$(NAMES:%=$(DIR)/$(arch)/%.sys))

# NDIS's headers are read once for each architecture.
define miniport_rules
$(DIR)/$(1)/$(HEADER).gch: $(HERE)/$(HEADER) $(RULES)/miniport.h $(shell find $(NDIS_MINGW) -name '*.h')
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -I$(RULES) -x c-header $$< -o $$@.$$$$$$$$ && mv -f $$@.$$$$$$$$ $$@

$(DIR)/$(1)/%.o: $(HERE)/%.c $(wildcard $(HERE)/*.h $(RULES)/*.h) $(DIR)/$(1)/$(HEADER).gch $(FORMS)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -Itests/lib -I$(RULES) -include $(DIR)/$(1)/$(HEADER) -c $$< -o $$@

$(DIR)/$(1)/miniport.o: $(RULES)/miniport.c $(RULES)/miniport.h $(FORMS)
	@mkdir -p $$(@D)
	$$(MINGW_CC_$(1)) $$(DRIVER_CFLAGS_$(1)) -Itests/lib -c $$< -o $$@

$(DIR)/$(1)/%.sys: $(DIR)/$(1)/%.o $(DIR)/$(1)/miniport.o $(DRIVER_RUNTIME_$(1)) $(IMPLIBS_$(1))
	$$(MINGW_CC_$(1)) $$(DRIVER_LDFLAGS_$(1)) -o $$@ $$(filter %.o,$$^) $(IMPLIBS_$(1))
	$$(DRIVER_FINISH) $$@
endef
$(foreach arch,x64 x86,$(eval $(call miniport_rules,$(arch))))

.PHONY: all
.SECONDARY:
.DELETE_ON_ERROR:
