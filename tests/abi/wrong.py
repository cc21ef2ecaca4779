#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""wrong.py DIRECTORY   makes a wrong driver for every check of tools/pecheck, to be named by it.

Run by tests/abi/abi.mk, which gives the compilers and flags in the environment and has built
gcc-ARCH.o, version-ARCH.o and gcc-ARCH.sys in DIRECTORY. Each wrong driver is the right one with
one thing changed: linked otherwise where the linker can, else with bytes of the finished file
changed. It prints one line per case.
"""
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import peimage
import report

PECHECK = os.path.join(HERE, "..", "..", "tools", "pecheck")
PEFINISH = os.path.join(HERE, "..", "..", "tools", "pefinish")
CROSS = {"x64": "x86_64-w64-mingw32-", "x86": "i686-w64-mingw32-"}
DIR = sys.argv[1]
failed = 0


def words(name, arch):
    return os.environ[f"{name}_{arch}"].split()


def linked(path, arch, change=lambda flags: flags, objects=(), version=True):
    """The right driver, linked with other flags or more objects."""
    parts = [f"{DIR}/gcc-{arch}.o", *objects] + ([f"{DIR}/version-{arch}.o"] if version else [])
    flags = change(" ".join(words("LDFLAGS", arch))).split()
    subprocess.run(
        [*words("CC", arch), *flags, "-o", path, *parts, *words("LIBS", arch)], check=True
    )
    subprocess.run([PEFINISH, path], check=True)


def compiled(name, arch, text, flags=()):
    path = f"{DIR}/{name}-{arch}"
    with open(path + ".c", "w", encoding="ascii") as file:
        file.write(text)
    subprocess.run(
        [*words("CC", arch), *words("CFLAGS", arch), *flags, "-c", path + ".c", "-o", path + ".o"],
        check=True,
    )
    return path + ".o"


def library(name, arch, dll, exports):
    """An import library of our own making: what a careless project would link with."""
    path = f"{DIR}/{name}-{arch}"
    with open(path + ".def", "w", encoding="ascii") as file:
        file.write(f"LIBRARY {dll}\nEXPORTS\n" + "\n".join(exports) + "\n")
    subprocess.run(
        [CROSS[arch] + "dlltool", "-k", "-d", path + ".def", "-l", path + ".a"], check=True
    )
    return path + ".a"


def calling(name, arch, prototype, call, dll, exports):
    """An object that calls something foreign, and the library that makes it link."""
    call = f"{prototype}\nvoid wrong_{name}(void);\nvoid wrong_{name}(void)\n{{\n    {call}\n}}\n"
    return [compiled(name, arch, call), library(name, arch, dll, exports)]


def patched(path, arch, patch, finish=True):
    """The right driver's file with bytes changed; patch(bytearray, image)."""
    with open(f"{DIR}/gcc-{arch}.sys", "rb") as file:
        data = bytearray(file.read())
    data = patch(data, peimage.Image(bytes(data))) or data
    with open(path, "wb") as file:
        file.write(data)
    if finish:
        subprocess.run([PEFINISH, path], check=True)


def u16(data, at, change):
    struct.pack_into("<H", data, at, change(struct.unpack_from("<H", data, at)[0]) & 0xFFFF)


def u32(data, at, change):
    struct.pack_into("<I", data, at, change(struct.unpack_from("<I", data, at)[0]) & 0xFFFFFFFF)


def directory(image, index):
    return image.checksum_offset - 64 + (112 if image.arch == "x64" else 96) + index * 8


def section_flags(image, name):
    return next(section.header for section in image.sections if section.name == name) + 36


def coff(image):
    return struct.unpack_from("<I", image.data, 0x3C)[0] + 4


def case(name, arch, make, complaint):
    """Makes wrong-NAME-ARCH.sys and looks for the complaint; what follows may be named too."""
    global failed
    path = f"{DIR}/wrong-{name}-{arch}.sys"
    make(path)
    result = subprocess.run([PECHECK, path], capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    title = f"abi:pecheck names a driver with {name.replace('-', ' ')} ({arch})"
    if result.returncode == 1 and any(re.search(complaint, line) for line in lines):
        report.line("ok", title)
    else:
        failed += 1
        said = lines or result.stderr.splitlines()[-1:]
        report.line("FAIL", title, f"status {result.returncode}, said {said}")


def link_cases(arch):
    def flags(name, old, new, complaint):
        case(
            name,
            arch,
            lambda path: linked(path, arch, lambda text: _replace(text, old, new)),
            complaint,
        )

    flags(
        "the-console-subsystem",
        "--subsystem=native:6.1",
        "--subsystem=console:6.1",
        "subsystem 3, want 1",
    )
    flags(
        "a-subsystem-of-Windows-8",
        "native:6.1",
        "native:6.2",
        "subsystem version 6.2, want at most 6.1",
    )
    flags(
        "an-operating-system-of-Windows-10",
        "--major-os-version=6",
        "--major-os-version=10",
        "operating system version 10.1",
    )
    flags("no-NX-flag", "--nxcompat", "--disable-nxcompat", "not marked NX")
    flags(
        "relocations-stripped",
        "--dynamicbase",
        "--disable-dynamicbase,--disable-reloc-section",
        "relocations are stripped",
    )
    flags("a-DLL's-flag", "-nostdlib", "-nostdlib -shared", "it is a DLL")
    flags("no-symbols", "-nostdlib", "-nostdlib -s", "no symbol table")
    flags(
        "another-entry-point",
        "-e," + ("DriverEntry" if arch == "x64" else "_DriverEntry@8"),
        "-e,memset" if arch == "x64" else "-e,_memset",
        "its entry point is .*memset.*, want",
    )
    if arch == "x64":
        flags(
            "high-entropy-addresses",
            "--disable-high-entropy-va",
            "--high-entropy-va",
            "high-entropy",
        )
    else:
        flags("handlers-allowed-but-no-SafeSEH", "--no-seh,", "", "SafeSEH")
    case(
        "no-version-resource",
        arch,
        lambda path: linked(path, arch, version=False),
        "no version resource",
    )


def _replace(text, old, new):
    if old not in text:
        sys.exit(f"wrong.py: the link flags have no {old}: {text}")
    return text.replace(old, new)


def object_cases(arch):
    def extra(name, objects, complaint):
        case(name, arch, lambda path: linked(path, arch, objects=objects()), complaint)

    at = "@4" if arch == "x86" else ""
    imported = "__declspec(dllimport) int __stdcall"
    extra(
        "an-import-from-user32",
        lambda: calling(
            "user32",
            arch,
            f"{imported} MessageBeep(int);",
            "MessageBeep(0);",
            "USER32.dll",
            ["MessageBeep" + at],
        ),
        "imports MessageBeep from USER32.dll",
    )
    extra(
        "an-import-that-Windows-7-lacks",
        lambda: calling(
            "later",
            arch,
            f"{imported} NdisMResetMiniport(void *);",
            "NdisMResetMiniport(0);",
            "NDIS.SYS",
            ["NdisMResetMiniport" + at],
        ),
        "does not export NdisMResetMiniport",
    )
    extra(
        "an-import-by-number",
        lambda: calling(
            "number",
            arch,
            f"{imported} NdisMSleeps(int);",
            "NdisMSleeps(0);",
            "NDIS.SYS",
            [f"NdisMSleeps{at} @77 NONAME"],
        ),
        "number 77 from NDIS.SYS",
    )
    if arch == "x64":
        extra(
            "an-export-of-x86-alone",
            lambda: calling(
                "x86only",
                arch,
                f"{imported} KfRaiseIrql(int);",
                "KfRaiseIrql(2);",
                "HAL.dll",
                ["KfRaiseIrql"],
            ),
            "x64 does not export KfRaiseIrql",
        )
    else:
        extra(
            "a-wrong-argument-size",
            lambda: calling(
                "size",
                arch,
                f"{imported} NdisMSleep(int, int);",
                "NdisMSleep(1, 2);",
                "NDIS.SYS",
                ["NdisMSleep@8"],
            ),
            r"calls _NdisMSleep@8, but NDIS.SYS has _NdisMSleep@4",
        )
        extra(
            "a-wrong-convention",
            lambda: calling(
                "convention",
                arch,
                f"{imported} KfLowerIrql(int);",
                "KfLowerIrql(0);",
                "HAL.dll",
                ["KfLowerIrql@4"],
            ),
            r"calls _KfLowerIrql@4, but HAL.dll has @KfLowerIrql@4",
        )
    section = (
        '__attribute__((section("%s"))) void wrong_section(void);\nvoid wrong_section(void)\n{\n}\n'
    )
    extra(
        "a-section-writable-and-executable",
        lambda: [compiled("wx", arch, '__asm__(".section .wx,\\"wx\\"\\n\\t.byte 0xc3");\n')],
        "section .wx is writable and executable",
    )
    extra(
        "a-section-of-a-C-library",
        lambda: [compiled("ctors", arch, section % ".CRT$XCA")],
        r"section .CRT belongs to a C run-time library",
    )
    extra(
        "debug-information",
        lambda: [compiled("debug", arch, "int wrong_debug;\n", ["-g"])],
        "is debug information",
    )


def byte_cases(arch):
    def bytes_(name, patch, complaint, finish=True):
        case(name, arch, lambda path: patched(path, arch, patch, finish), complaint)

    bytes_(
        "a-wrong-checksum",
        lambda data, image: u32(data, image.checksum_offset, lambda sum_: sum_ ^ 1),
        "checksum 0x",
        finish=False,
    )
    bytes_(
        "a-writable-.text",
        lambda data, image: u32(
            data, section_flags(image, ".text"), lambda flags: flags | peimage.SCN_WRITE
        ),
        "section .text is writable",
    )
    bytes_(
        "an-INIT-that-stays",
        lambda data, image: (
            u32(data, section_flags(image, "INIT"), lambda flags: flags & ~peimage.SCN_DISCARDABLE),
            _fix_checksum(data, image),
        )[1],
        "INIT is not discardable",
        finish=False,
    )
    bytes_(
        "thread-local-storage",
        lambda data, image: u32(data, directory(image, peimage.DIR_TLS), lambda _: 0x1000),
        "thread-local",
    )
    bytes_(
        "delay-loaded-imports",
        lambda data, image: u32(data, directory(image, peimage.DIR_DELAY_IMPORT), lambda _: 0x1000),
        "delay-loaded",
    )
    bytes_(
        "an-entry-point-in-data",
        lambda data, image: u32(
            data, image.checksum_offset - 48, lambda _: image.directories[1][0]
        ),
        "in no executable section",
    )
    bytes_(
        "no-imports",
        lambda data, image: u32(data, directory(image, peimage.DIR_IMPORT), lambda _: 0),
        "imports nothing",
    )
    bytes_(
        "imports-outside-the-file",
        lambda data, image: u32(data, directory(image, peimage.DIR_IMPORT), lambda _: 0x7000000),
        "rva 0x7000000 is in no section",
    )
    bytes_("an-application's-version-resource", _application, r"file type 1.6, want 3.6")
    bytes_(
        "overlapping-sections",
        lambda data, image: u32(
            data, image.sections[1].header + 12, lambda _: image.sections[0].rva
        ),
        "overlaps what is before it",
    )
    bytes_(
        "a-crooked-image-base",
        lambda data, image: u32(
            data, image.checksum_offset - (40 if arch == "x64" else 36), lambda base: base + 0x1000
        ),
        "not a multiple of 64 KiB",
    )
    bytes_(
        "an-unexecutable-mark",
        lambda data, image: u16(
            data, coff(image) + 18, lambda flags: flags & ~peimage.FILE_EXECUTABLE
        ),
        "not marked executable",
    )
    bytes_("a-relocation-of-another-kind", _other_relocation, "relocation of type")
    if arch == "x64":
        bytes_(
            "no-unwinding-table",
            lambda data, image: u32(data, directory(image, peimage.DIR_EXCEPTION), lambda _: 0),
            "no unwinding table",
        )
        bytes_("unwinding-out-of-order", _unsort, "out of order")
    else:
        bytes_(
            "no-relocations-at-all",
            lambda data, image: u32(data, directory(image, peimage.DIR_RELOC), lambda _: 0),
            "has no relocations",
        )
    bytes_(
        "another-processor",
        lambda data, image: u16(data, coff(image), lambda _: 0xAA64),
        "machine 0xAA64",
        finish=False,
    )
    bytes_(
        "most-of-it-missing",
        lambda data, image: data[: len(data) // 4],
        "ends beyond the file",
        finish=False,
    )
    bytes_("no-MZ", lambda data, image: u16(data, 0, lambda _: 0), "no MZ", finish=False)


def _fix_checksum(data, image):
    struct.pack_into(
        "<I", data, image.checksum_offset, peimage.checksum(bytes(data), image.checksum_offset)
    )


def _application(data, _):
    at = bytes(data).index(struct.pack("<I", 0xFEEF04BD))
    u32(data, at + 36, lambda _: 1)


def _other_relocation(data, image):
    rva = image.directories[peimage.DIR_RELOC][0]
    at = image.offset_of(rva) + 8
    u16(data, at, lambda entry: entry & 0xFFF | 1 << 12)


def _unsort(data, image):
    at = image.offset_of(image.directories[peimage.DIR_EXCEPTION][0])
    data[at : at + 24] = data[at + 12 : at + 24] + data[at : at + 12]


for architecture in ("x64", "x86"):
    link_cases(architecture)
    object_cases(architecture)
    byte_cases(architecture)
sys.exit(1 if failed else 0)
