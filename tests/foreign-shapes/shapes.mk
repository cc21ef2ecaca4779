# SPDX-License-Identifier: MIT
# shapes.mk: builds the miniports of tests/foreign-shapes, one for each SHAPE.c. tests/foreign-shapes/run calls it.
HERE   := tests/foreign-shapes
DIR     = $(OUT)/tests/foreign-shapes
HEADER := shape.h
NAMES  := $(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/*.c))

include tests/lib/miniports.mk

# Its test reads source lines. The headers that are read once have none.
$(DIR)/x64/Names.o: $(HERE)/Names.c $(HERE)/shape.h $(DIR)/x64/miniport.o
	$(MINGW_CC_x64) $(DRIVER_CFLAGS_x64) -g -Itests/lib -I$(RULES) -c $< -o $@

# As WDK 7.1 compiles them: $(DIR)/msvc/SHAPE.sys, x64.
MSVC_SHAPE := $(MSVC_CC_x64) $(MSVC_CFLAGS_x64) -Itests/lib -I$(RULES)
$(DIR)/msvc/%.obj: $(HERE)/%.c $(wildcard $(HERE)/*.h) $(RULES)/miniport.h $(FORMS)
	@mkdir -p $(@D)
	$(MSVC_SHAPE) -c $< -o $@

$(DIR)/msvc/miniport.obj: $(RULES)/miniport.c $(RULES)/miniport.h $(FORMS)
	@mkdir -p $(@D)
	$(MSVC_SHAPE) -c $< -o $@

$(DIR)/msvc/%.sys: $(DIR)/msvc/%.obj $(DIR)/msvc/miniport.obj $(MSVC_RUNTIME_x64) $(IMPLIBS_x64)
	$(MSVC_LINK) $(MSVC_LDFLAGS_x64) /out:$@ $^
	$(DRIVER_FINISH) $@

# C and C++, with a PDB: pdb_tests.py.
$(DIR)/pdb/PdbNames.sys: $(HERE)/pdb/PdbNames.c $(HERE)/pdb/Card.cpp $(DIR)/msvc/miniport.obj $(MSVC_RUNTIME_x64) $(IMPLIBS_x64)
	@mkdir -p $(@D)
	$(MSVC_SHAPE) -c $(HERE)/pdb/PdbNames.c -o $(@D)/PdbNames.obj
	$(MSVC_CC_x64) -O2 -g -gcodeview -mno-sse -mno-mmx -fno-exceptions -Wall -Wextra -Werror -c $(HERE)/pdb/Card.cpp -o $(@D)/Card.obj
	$(MSVC_LINK) $(MSVC_LDFLAGS_x64) /pdbaltpath:PdbNames.pdb /out:$@ $(@D)/PdbNames.obj $(@D)/Card.obj $(filter %.obj %.a,$^)
	$(DRIVER_FINISH) $@
