# SPDX-License-Identifier: MIT
# rules.mk: builds the faulty miniports, one for each RULE.c. tests/rules/run calls it.
HERE   := tests/rules
DIR     = $(OUT)/tests/rules
HEADER := miniport.h
NAMES  := $(filter-out miniport,$(patsubst $(HERE)/%.c,%,$(wildcard $(HERE)/*.c)))

include tests/lib/miniports.mk
