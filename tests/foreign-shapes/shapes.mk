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
