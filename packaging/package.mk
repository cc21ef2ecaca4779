# SPDX-License-Identifier: MIT
# make package: the signed package, the driver disk and the floppy. The top-level Makefile includes this.
#   make package CERT=cert.pem KEY=key.pem [TIMESTAMP=URL] [ROOTS=root.pem]   signs with your own

# aerovnet-info.exe, a program of Windows: msvcrt.dll alone, no timestamp.
INFO := $(ARCHES:%=$(OUT)/%/aerovnet-info.exe)
INFO_FLAGS := -std=gnu11 -Wall -Wextra -Werror -Wno-format -O2 -s -I$(NET)/include -I$(VIRTQ) \
              -Wl,--no-insert-timestamp -Wl,--major-subsystem-version=6 -Wl,--minor-subsystem-version=1

PACKAGE       := $(OUT)/package $(OUT)/aerovnet.iso $(OUT)/aerovnet.flp
PACKAGE_FROM  := $(DRIVER_FILES) $(INFO) $(NET)/aerovnet.inf $(WIN7)/aerovnetm.inf \
                 $(wildcard packaging/*.py packaging/windows/*) packaging/make-package
PACKAGE_WITH   = $(if $(CERT),--cert '$(CERT)') $(if $(KEY),--key '$(KEY)') \
                 $(if $(TIMESTAMP),--timestamp '$(TIMESTAMP)') $(if $(ROOTS),--roots '$(ROOTS)')

package: $(OUT)/obj/package.made

$(INFO): $(OUT)/%/aerovnet-info.exe: packaging/info/aerovnet_info.c $(NET)/include/aerovnet_oid.h
	@mkdir -p $(@D)
	$(call say,CC $*      $<)
	$(Q)$(firstword $(MINGW_CC_$*)) $(INFO_FLAGS) -o $@ $< -lversion -ladvapi32

# What the package depends on beside files: how it is signed, and the date of the commit.
$(OUT)/obj/package.with: always
	@mkdir -p $(@D)
	@printf '%s\n' "$$(packaging/build-number --date) $(subst ','\'',$(PACKAGE_WITH))" >$@.$$$$ && \
	    if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

$(OUT)/obj/package.made: $(PACKAGE_FROM) $(OUT)/obj/package.with
	$(call say,package   $(PACKAGE))
	@rm -f $@
	$(Q)packaging/make-package --drivers $(OUT) --info $(OUT) --out $(OUT) --signing $(OUT)/signing $(PACKAGE_WITH)
	@touch $@

# make release [KEY=..., CERT=...] [RELEASE_KEY=a key of gpg, which signs the checksums]
release: package
	$(Q)packaging/make-release --out $(OUT) $(if $(RELEASE_KEY),--key '$(RELEASE_KEY)')

.PHONY: package release
