# SPDX-License-Identifier: MIT
# The fuzzers of the whole driver, fuzz/driver/fuzz_NAME.c: out/fuzz/NAME/fuzz. The driver is compiled as
# tests/native does it, and watched by libFuzzer. The host is that of the ASan build, with threads that take
# turns (scheduler.c).

FUZZERS  := $(patsubst fuzz/driver/fuzz_%.c,%,$(wildcard fuzz/driver/fuzz_*.c))
FUZZ     := $(OUT)/fuzz
FUZZ_SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined
# What the host and the driver call that waits, locks or tells the time; what bench.c has in another way.
FUZZ_WRAPPED := pthread_create pthread_join pthread_mutex_lock pthread_cond_wait pthread_cond_timedwait \
                pthread_cond_signal pthread_cond_broadcast clock_gettime clock_nanosleep nanosleep usleep \
                sched_yield syscall nt_lock_acquire phys_alloc phys_free nt_pool_alloc nt_pool_free nt_pool_size
FUZZ_HOST  := $(patsubst %.c,$(OUT)/native/asan/obj/%.o,$(filter-out ndishost/cli/main.c,$(NATIVE_HOST)))
FUZZ_BENCH := $(patsubst %,$(FUZZ)/obj/fuzz/driver/%.o,scheduler bench)
FUZZ_CFLAGS := $(NATIVE_DRIVER) $(NATIVE_COMMON) $(FUZZ_SAN) -fsanitize=fuzzer-no-link
FUZZ_LINK  := $(NATIVE_CC) $(FUZZ_SAN) -fsanitize=fuzzer -pthread $(FUZZ_WRAPPED:%=-Wl,--wrap=%)

fuzzers: $(FUZZERS:%=$(FUZZ)/%/fuzz)

$(FUZZ)/obj/fuzz/%.o: fuzz/%.c
	@mkdir -p $(@D)
	$(call say,clang fuzz  $<)
	$(Q)$(NATIVE_CC) -std=gnu11 -Wall -Wextra -Werror $(NATIVE_COMMON) -I$(NET)/include -I$(VIRTQ) $(FUZZ_SAN) -MMD -MP -c $< -o $@

$(FUZZ)/obj/drivers/%.o: drivers/%.c $(OUT)/gen/aerovnet_events.h
	@mkdir -p $(@D)
	$(call say,clang fuzz  $<)
	$(Q)$(NATIVE_CC) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

# With -fsanitize=fuzzer, clang gives each function a section of its own. The script puts them into one.
$(FUZZ)/driver.o: $(DRIVER_SOURCES:%.c=$(FUZZ)/obj/%.o) fuzz/driver/driver.lds
	$(Q)ld -r --force-group-allocation -T fuzz/driver/driver.lds -o $@ $(filter %.o,$^)

$(FUZZ)/symbols.c: $(FUZZ)/driver.o tests/native/native.mk
	$(call native_symbols,$<) > $@

$(FUZZERS:%=$(FUZZ)/%/fuzz): $(FUZZ)/%/fuzz: $(FUZZ)/obj/fuzz/driver/fuzz_%.o $(FUZZ_BENCH) $(FUZZ_HOST) $(FUZZ)/driver.o $(FUZZ)/symbols.c
	@mkdir -p $(@D)
	$(call say,link      $@)
	$(Q)$(FUZZ_LINK) -o $@ $^ $(HOST_LIBS)

# The same with the driver of the coverage build: tests/coverage replays inputs in it.
fuzz-coverage: $(FUZZERS:%=$(FUZZ)/%/coverage)

$(FUZZERS:%=$(FUZZ)/%/coverage): $(FUZZ)/%/coverage: $(FUZZ)/obj/fuzz/driver/fuzz_%.o $(FUZZ_BENCH) $(FUZZ_HOST) \
        $(OUT)/native/cov/driver.o $(OUT)/native/cov/symbols.c
	@mkdir -p $(@D)
	$(call say,link      $@)
	$(Q)$(FUZZ_LINK) -fprofile-instr-generate -o $@ $^ $(HOST_LIBS)

# A driver with a fault that fuzz/run made: $(BAD_COPY) in place of $(BAD_SOURCE).
BAD_OBJECTS = $(filter-out $(FUZZ)/obj/$(BAD_SOURCE:.c=.o),$(DRIVER_SOURCES:%.c=$(FUZZ)/obj/%.o))

fuzz-bad: $(FUZZ)/$(BAD_FUZZER)/fuzz
	$(Q)$(NATIVE_CC) $(FUZZ_CFLAGS) -I$(dir $(BAD_SOURCE)) -c $(BAD_COPY) -o $(BAD)/bad.o
	$(Q)ld -r --force-group-allocation -T fuzz/driver/driver.lds -o $(BAD)/driver.o $(BAD_OBJECTS) $(BAD)/bad.o
	$(call native_symbols,$(BAD)/driver.o) > $(BAD)/symbols.c
	$(Q)$(FUZZ_LINK) -o $(BAD)/fuzz \
	    $(FUZZ)/obj/fuzz/driver/fuzz_$(BAD_FUZZER).o $(FUZZ_BENCH) $(FUZZ_HOST) $(BAD)/driver.o $(BAD)/symbols.c $(HOST_LIBS)

-include $(shell find $(FUZZ)/obj -name '*.d' 2>/dev/null)

.PHONY: fuzzers fuzz-coverage fuzz-bad
