# SPDX-License-Identifier: MIT
# shapes.mk: builds the miniports of tests/foreign-shapes, one for each SHAPE.c. tests/foreign-shapes/run calls it.
HERE   := tests/foreign-shapes
DIR     = $(OUT)/tests/foreign-shapes
HEADER := shape.h
NAMES  := $(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/*.c))

include tests/lib/miniports.mk
