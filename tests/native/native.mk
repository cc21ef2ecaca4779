# SPDX-License-Identifier: MIT
# The driver compiled for Linux by clang and linked into ndishost in place of the loaded .sys, so that
# a sanitizer sees its every access: `make native-asan` (with UBSan) and `make native-tsan` make
# out/native/asan/ndishost and out/native/tsan/ndishost. tests/native/image.c stands in for ndishost/loader/image.c.

NATIVE           := asan tsan
# And cov, which counts how often each line of the driver runs: tests/coverage.
NATIVE_ALL       := $(NATIVE) cov
NATIVE_CC        ?= clang
NATIVE_SAN_asan  := -fsanitize=address,undefined -fno-sanitize-recover=undefined
NATIVE_SAN_tsan  := -fsanitize=thread
NATIVE_LINK_cov  := -fprofile-instr-generate
NATIVE_DRIVER_cov := -fprofile-instr-generate -fcoverage-mapping
NATIVE_COMMON    := -O1 -g -pthread -fno-omit-frame-pointer -fno-optimize-sibling-calls -D_GNU_SOURCE \
                    -D_FILE_OFFSET_BITS=64 -Indishost -Indishost/nt/include -Iinclude/ndis-mingw
NATIVE_HOST      := $(filter-out ndishost/loader/image.c,$(HOST_SOURCES)) tests/native/image.c
# As Microsoft's compiler has them: wide characters of 16 bits; volatile reads acquire, writes release.
NATIVE_DRIVER    := -std=gnu89 -fshort-wchar -Xclang -fms-volatile -Itests/native -include native_driver.h $(DRIVER_INCLUDES)

native: $(NATIVE:%=native-%)

# The names of the functions in an object file, as C.
define native_symbols
	$(Q){ echo '#include <stdint.h>'; \
	    echo 'const struct { uint32_t offset; const char *name; } driver_symbols[] = {'; \
	    nm -n $(1) | awk 'NF == 3 && $$2 ~ /^[tT]$$/ && $$3 !~ /^([at]san|sancov|__llvm|__cov|\.)/ { printf "    {0x%s, \"%s\"},\n", $$1, $$3 }'; \
	    echo '    {0, 0}};'; }
endef

define native_rules
native-$(1): $(OUT)/native/$(1)/ndishost

$(OUT)/native/$(1)/obj/%.o: %.c
	@mkdir -p $$(@D)
	$$(call say,clang $(1)  $$<)
	$$(Q)$(NATIVE_CC) -std=gnu11 -Wall -Wextra -Werror $(NATIVE_COMMON) -I$(NET)/include -I$(VIRTQ) $(NATIVE_SAN_$(1)) -MMD -MP -c $$< -o $$@

# Each file's code goes into one section, whose ends the linker names, and its functions become
# global, so that a report can name them.
$(OUT)/native/$(1)/obj/drivers/%.o: drivers/%.c $(OUT)/gen/aerovnet_events.h
	@mkdir -p $$(@D)
	$$(call say,clang $(1)  $$<)
	$$(Q)$(NATIVE_CC) $(NATIVE_DRIVER) $(NATIVE_COMMON) $(NATIVE_SAN_$(1)) $(NATIVE_DRIVER_$(1)) -MMD -MP -c $$< -o $$@
	$$(Q)objcopy --rename-section .text=driver_text,alloc,load,readonly,code,contents $$@

$(OUT)/native/$(1)/driver.o: $(DRIVER_SOURCES:%.c=$(OUT)/native/$(1)/obj/%.o)
	$$(Q)ld -r -o $$@ $$^

$(OUT)/native/$(1)/symbols.c: $(OUT)/native/$(1)/driver.o tests/native/native.mk
	$$(call native_symbols,$$<) > $$@

$(OUT)/native/$(1)/ndishost: $(NATIVE_HOST:%.c=$(OUT)/native/$(1)/obj/%.o) $(OUT)/native/$(1)/driver.o $(OUT)/native/$(1)/symbols.c
	$$(call say,link      $$@)
	$$(Q)$(NATIVE_CC) $(NATIVE_SAN_$(1)) $(NATIVE_LINK_$(1)) -pthread -o $$@ $$^ $(HOST_LIBS)
endef
$(foreach san,$(NATIVE_ALL),$(eval $(call native_rules,$(san))))

-include $(shell find $(OUT)/native -name '*.d' 2>/dev/null)

.PHONY: native $(NATIVE_ALL:%=native-%)
