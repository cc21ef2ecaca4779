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
# The same with clang as MSVC, and lld-link as Microsoft's linker (with a PDB beside the driver):
#
#   MSVC_CC_*  MSVC_CFLAGS_*   the compiler
#   MSVC_LINK  MSVC_LDFLAGS_*  the linker, then /out:FILE.sys, objects, MSVC_RUNTIME_*, IMPLIBS_*; then DRIVER_FINISH
#
# OUT is where things are built (out). LINES=1 adds line numbers, and changes no instruction. The rules that are here make
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
               -fno-omit-frame-pointer -mgeneral-regs-only -mno-stack-arg-probe $(if $(LINES),-g)

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

# --- clang as MSVC 2008, which WDK 7.1 has ----------------------------------------------------

# mingw-w64's headers in Microsoft's language; msvc/msvc.h repairs what they lack for that.
MSVC_CC_x64 := clang --target=x86_64-pc-windows-msvc
MSVC_CC_x86 := clang --target=i686-pc-windows-msvc
MSVC_CFLAGS := -O2 -g -gcodeview -std=c89 -fms-extensions -fms-compatibility \
               -fms-compatibility-version=15.00.30729 -fno-strict-aliasing -Wall -Wextra \
               -Wdeclaration-after-statement -Wstrict-prototypes -Werror -Wno-unknown-pragmas \
               -nostdlibinc -isystem $(NDIS_MINGW)/msvc -include msvc.h -isystem $(NDIS_MINGW) \
               $(DRIVER_DEFINES)
MSVC_CFLAGS_x64 := $(MSVC_CFLAGS) -mno-sse -mno-mmx -D_AMD64_=1 -D_WIN64 \
                   -isystem /usr/x86_64-w64-mingw32/include/ddk -isystem /usr/x86_64-w64-mingw32/include
MSVC_CFLAGS_x86 := $(MSVC_CFLAGS) -mno-sse -mno-mmx -D_X86_=1 -Di386=1 \
                   -isystem /usr/i686-w64-mingw32/include/ddk -isystem /usr/i686-w64-mingw32/include

# lld-link has no /RELEASE (DRIVER_FINISH writes the checksum). mingw-w64's objects have no table of
# safe handlers, nor have they handlers.
MSVC_LINK := lld-link /nologo /driver:wdm /subsystem:native,6.01 /nodefaultlib /dynamicbase \
             /nxcompat /highentropyva:no /debug
MSVC_LDFLAGS_x64 := /entry:DriverEntry
MSVC_LDFLAGS_x86 := /entry:DriverEntry@8 /safeseh:no /noseh

MSVC_RUNTIME_x64 := $(OUT)/obj/msvc/x64/memory.obj $(OUT)/obj/msvc/x64/intrinsics.obj
MSVC_RUNTIME_x86 := $(OUT)/obj/msvc/x86/memory.obj

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

$(OUT)/obj/msvc/x64/memory.obj $(OUT)/obj/msvc/x86/memory.obj: $(OUT)/obj/msvc/%/memory.obj: $(NDIS_MINGW)/runtime/memory.c
	@mkdir -p $(@D)
	$(MSVC_CC_$*) $(MSVC_CFLAGS_$*) -Wno-error -c $< -o $@

$(OUT)/obj/msvc/x64/intrinsics.obj: $(NDIS_MINGW)/msvc/intrinsics.c
	@mkdir -p $(@D)
	$(MSVC_CC_x64) $(MSVC_CFLAGS_x64) -Wno-error -c $< -o $@
