# SPDX-License-Identifier: MIT
# How a driver for Windows 7 is compiled and linked with mingw-w64. For GNU make, from the project's
# root; each variable ends in _x64 or _x86.
#
#   MINGW_CC_*          GCC
#   MINGW_CLANG_*       clang, with the same flags
#   DRIVER_CFLAGS_*     flags for either
#   DRIVER_LDFLAGS_*    flags for linking with MINGW_CC_*, whichever compiled the objects
#   DRIVER_RUNTIME_*    objects that every driver needs
#   IMPLIBS_*           libraries, after the objects
#   MINGW_WINDRES_*     resources; MINGW_WINDMC_* message tables
#   DRIVER_FINISH       run it on the linked driver: $(DRIVER_FINISH) FILE.sys
#
# OUT is where things are built (out). The rules that are here make
# $(OUT)/lib/ARCH/libaero{ndis,ntoskrnl,hal}.a and $(OUT)/obj/ARCH/runtime/memory.o.

OUT ?= out

NDIS_MINGW := include/ndis-mingw

# Windows calls an x86 driver with a 4-aligned stack, where GCC would take 16 for granted; clang
# does not.
MINGW_CC_x64 := x86_64-w64-mingw32-gcc
MINGW_CC_x86 := i686-w64-mingw32-gcc -mpreferred-stack-boundary=2 -mincoming-stack-boundary=2
MINGW_CLANG_x64 := clang --target=x86_64-w64-mingw32
MINGW_CLANG_x86 := clang --target=i686-w64-mingw32
MINGW_WINDRES_x64 := x86_64-w64-mingw32-windres
MINGW_WINDRES_x86 := i686-w64-mingw32-windres
MINGW_WINDMC_x64 := x86_64-w64-mingw32-windmc
MINGW_WINDMC_x86 := i686-w64-mingw32-windmc

DRIVER_DEFINES := -D_WIN32_WINNT=0x0601 -DNTDDI_VERSION=0x06010000 \
                  -DNDIS_MINIPORT_DRIVER=1 -DNDIS620_MINIPORT=1 $(if $(DBG),-DDBG=1)

DRIVER_WARNINGS := -std=gnu89 -Wdeclaration-after-statement -Wall -Wextra -Werror \
                   -Wstrict-prototypes -Wframe-larger-than=1024

# -mgeneral-regs-only: an x86 driver must not touch the FPU or SSE without saving their state, and
# on
#   neither architecture may an ISR find a reason to.
# -mno-stack-arg-probe: frames are small (see the warning above), so no call to a probe.
# -fno-strict-aliasing: the headers of NDIS lay unions over one another as MSVC has them.
DRIVER_CODE := -O2 -ffreestanding -fno-strict-aliasing -fno-stack-protector -fno-common -fno-ident \
               -fno-omit-frame-pointer -mgeneral-regs-only -mno-stack-arg-probe

DRIVER_CFLAGS := $(DRIVER_WARNINGS) $(DRIVER_CODE) $(DRIVER_DEFINES) -I$(NDIS_MINGW)

# x64 unwinds by .pdata, which both compilers write; x86 has no such thing, and DWARF's would be
# dead weight.
DRIVER_CFLAGS_x64 := $(DRIVER_CFLAGS) -isystem /usr/x86_64-w64-mingw32/include/ddk
DRIVER_CFLAGS_x86 := $(DRIVER_CFLAGS) -fno-asynchronous-unwind-tables -fno-unwind-tables \
                     -isystem /usr/i686-w64-mingw32/include/ddk

# --wdmdriver says that the driver is a PnP one; --no-seh that no x86 structured exception handler
# is in it; --disable-stdcall-fixup that a call in the wrong convention is not to be linked to the
# right name. The symbol table stays in the file: it names functions, static ones too, and Windows
# does not load it.
empty :=
space := $(empty) $(empty)
comma := ,
DRIVER_LINK := --subsystem=native:6.1 --major-os-version=6 --minor-os-version=1 --wdmdriver \
               --dynamicbase --nxcompat --no-insert-timestamp --exclude-all-symbols --no-undefined \
               --section-alignment=0x1000 --file-alignment=0x200
DRIVER_LINK_x64 := $(DRIVER_LINK) --disable-high-entropy-va --image-base=0x140000000 -e DriverEntry
DRIVER_LINK_x86 := $(DRIVER_LINK) --no-seh --disable-stdcall-fixup --image-base=0x10000 \
                   -e _DriverEntry@8
to_linker = -nostdlib -nostartfiles -Wl,$(subst $(space),$(comma),$(strip $(1)))
DRIVER_LDFLAGS_x64 := $(call to_linker,$(DRIVER_LINK_x64))
DRIVER_LDFLAGS_x86 := $(call to_linker,$(DRIVER_LINK_x86))

DRIVER_RUNTIME_x64 := $(OUT)/obj/x64/runtime/memory.o
DRIVER_RUNTIME_x86 := $(OUT)/obj/x86/runtime/memory.o

# 64-bit division on x86 is a call into libgcc, which is plain code and imports nothing.
implibs = $(foreach dll,ndis ntoskrnl hal,$(OUT)/lib/$(1)/libaero$(dll).a)
IMPLIBS_x64 := $(call implibs,x64)
IMPLIBS_x86 := $(call implibs,x86) $(shell i686-w64-mingw32-gcc -print-libgcc-file-name 2>/dev/null)

DRIVER_FINISH := tools/pefinish

$(OUT)/lib/x64/libaero%.a: $(NDIS_MINGW)/exports/%.exports tools/mkimplib
	tools/mkimplib x64 $< $@

$(OUT)/lib/x86/libaero%.a: $(NDIS_MINGW)/exports/%.exports tools/mkimplib
	tools/mkimplib x86 $< $@

$(OUT)/obj/x64/runtime/%.o: $(NDIS_MINGW)/runtime/%.c
	@mkdir -p $(@D)
	$(MINGW_CC_x64) $(DRIVER_CFLAGS_x64) -c $< -o $@

$(OUT)/obj/x86/runtime/%.o: $(NDIS_MINGW)/runtime/%.c
	@mkdir -p $(@D)
	$(MINGW_CC_x86) $(DRIVER_CFLAGS_x86) -c $< -o $@
