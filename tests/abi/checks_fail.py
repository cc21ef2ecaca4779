#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""checks_fail.py DIRECTORY   breaks a copy of our declarations and demands that a check notices.

One thing at a time: a check that has never been seen to fail is not a check. DIRECTORY/broken gets
the copy. It prints one line per case.
"""
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import report

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COPY = os.path.join(os.path.abspath(sys.argv[1]), "broken")
PARTS = ("include/ndis-mingw", "ndishost/nt/include", "tests/abi", "tools")
NDIS = "-DNDIS_MINIPORT_DRIVER=1 -DNDIS620_MINIPORT=1 -Iinclude/ndis-mingw"
HOST = f"gcc -m32 -std=gnu11 -w -Indishost/nt/include {NDIS} -c tests/abi/table.c -o table.o"
MINGW = (
    "x86_64-w64-mingw32-gcc -std=gnu11 -w -D_WIN32_WINNT=0x0601 -DNTDDI_VERSION=0x06010000 "
    f"-isystem /usr/x86_64-w64-mingw32/include/ddk {NDIS} -c tests/abi/table.c -o table.o"
)
BITS = HOST + " && python3 tests/abi/bits.py x86 '' table.o"
COMPLETE = "python3 tests/abi/complete.py"
PROTOTYPES = "mkdir -p objects && python3 tests/abi/prototypes.py objects"
MACROS = "python3 tests/abi/macros.py"
REJECTS = "python3 tests/abi/macros.py rejects"
IMPLIB = "tools/mkimplib x86 include/ndis-mingw/exports/hal.exports libaerohal.a"

NBL, MINIPORT = "include/ndis-mingw/ndis/nbl.h", "include/ndis-mingw/ndis/miniport.h"
OID, SYNC = "include/ndis-mingw/ndis/oid.h", "include/ndis-mingw/ndis/sync.h"
BASE, OVER = "include/ndis-mingw/ndis/base.h", "include/ndis-mingw/ndis/macros.h"
TYPES, KE = "ndishost/nt/include/ntddk/types.h", "ndishost/nt/include/ntddk/ke.h"
HAL = "include/ndis-mingw/exports/hal.exports"

# what is broken, the file, what is there, what takes its place, the check, what it must say
CASES = (
    (
        "a member of the wrong size",
        NBL,
        "    USHORT ChecksumBias;",
        "    ULONG ChecksumBias;",
        MINGW,
        "NET_BUFFER",
    ),
    (
        "a member at the wrong place",
        MINIPORT,
        "    MINIPORT_HALT_HANDLER HaltHandlerEx;\n    MINIPORT_DRIVER_UNLOAD UnloadHandler;",
        "    MINIPORT_DRIVER_UNLOAD UnloadHandler;\n    MINIPORT_HALT_HANDLER HaltHandlerEx;",
        MINGW,
        "HaltHandlerEx",
    ),
    (
        "an array of the wrong length",
        OID,
        "PVOID NdisReserved[4];",
        "PVOID NdisReserved[3];",
        HOST,
        "sizeof NDIS_STATUS_INDICATION",
    ),
    (
        "64-bit types with Linux's alignment",
        TYPES,
        "typedef unsigned long long ULONGLONG __attribute__((aligned(8)));",
        "typedef unsigned long long ULONGLONG;",
        HOST,
        "sizeof|alignment",
    ),
    (
        "a bit-field of the wrong width",
        NBL,
        "ULONG VlanId : 12;\n            ULONG Reserved",
        "ULONG VlanId : 11;\n            ULONG Reserved",
        BITS,
        "VlanId",
    ),
    (
        "a constant of the wrong value",
        OID,
        r"#define OID_GEN_STATISTICS (\s*)0x00020106",
        r"#define OID_GEN_STATISTICS \g<1>0x00020107",
        MINGW,
        "OID_GEN_STATISTICS",
    ),
    (
        "a structure that no table has",
        OID,
        "typedef struct _NDIS_LINK_SPEED {",
        "typedef struct _NDIS_NEW {\n    ULONG New;\n} NDIS_NEW;\n"
        "typedef struct _NDIS_LINK_SPEED {",
        COMPLETE,
        "NDIS_NEW is declared",
    ),
    (
        "a constant that no table has",
        OID,
        "#define OID_GEN_STATISTICS",
        "#define OID_GEN_NEW 0x7\n#define OID_GEN_STATISTICS",
        COMPLETE,
        "OID_GEN_NEW is declared",
    ),
    (
        "a member that no table has",
        OID,
        "    UCHAR Reserved1;\n    USHORT Reserved2;",
        "    union {\n        UCHAR Reserved1;\n        UCHAR New;\n    };\n    USHORT Reserved2;",
        COMPLETE,
        "NDIS_OID_REQUEST.New is declared",
    ),
    (
        "a prototype with too many arguments",
        SYNC,
        "NdisMSleep(ULONG MicrosecondsToSleep)",
        "NdisMSleep(ULONG MicrosecondsToSleep, ULONG More)",
        PROTOTYPES,
        "calls _NdisMSleep@8, but NDIS.SYS has _NdisMSleep@4",
    ),
    (
        "a prototype in the wrong convention",
        KE,
        "VOID FASTCALL KfLowerIrql(KIRQL NewIrql);",
        "VOID NTAPI KfLowerIrql(KIRQL NewIrql);",
        PROTOTYPES,
        "calls _KfLowerIrql@4, but HAL.dll has @KfLowerIrql@4",
    ),
    (
        "a prototype of what is not exported",
        SYNC,
        "NDISAPI VOID NTAPI NdisMSleep(",
        "NDISAPI VOID NTAPI NdisMSleepLong(",
        PROTOTYPES,
        "NdisMSleepLong is declared, but nothing",
    ),
    (
        "a macro that is a function",
        SYNC,
        "#define NdisFreeSpinLock(_SpinLock)\n",
        "",
        MACROS,
        "x86: NdisFreeSpinLock is a function; the WDK has empty",
    ),
    (
        "a macro of a form that forgives more",
        NBL,
        r"#define NdisQueryMdlOffset(\(\w+, \w+, \w+\)[ \\\n]*)\{([^}]*)\}",
        r"#define NdisQueryMdlOffset\1do {\2} while (0)",
        MACROS,
        "mingw, x64: NdisQueryMdlOffset is statement:1; the WDK has block:1",
    ),
    (
        "a macro that evaluates an argument once",
        NBL,
        "((PUCHAR)(((_NBL)->Context) + 1) + (_NBL)->Context->Offset)",
        "NdisContextStart((_NBL)->Context)",
        MACROS,
        "NET_BUFFER_LIST_CONTEXT_DATA_START is expression; the WDK has expression:1",
    ),
    (
        "a macro with an argument too many",
        SYNC,
        "#define NdisStallExecution(MicroSecondsToStall)",
        "#define NdisStallExecution(MicroSecondsToStall, More)",
        MACROS,
        "NdisStallExecution is expression of 2 arguments, not 1",
    ),
    (
        "a macro of mingw-w64's that is not overridden",
        OVER,
        "#undef IoCallDriver\n#define IoCallDriver(DeviceObject, Irp) "
        "IofCallDriver((DeviceObject), (Irp))\n",
        "",
        MACROS,
        "mingw, x86: IoCallDriver is another name for IofCallDriver",
    ),
    (
        "a macro of the host's on one architecture",
        OVER,
        "#define KeLowerIrql(NewIrql) ",
        "#define KeLowerTheIrql(NewIrql) ",
        MACROS,
        "host, x86: KeLowerIrql is a function",
    ),
    (
        "headers without a driver's macros",
        BASE,
        "#ifndef NDIS_WDM\n",
        "#undef NDIS_MINIPORT_DRIVER\n#ifndef NDIS_WDM\n",
        REJECTS,
        "x64 takes what the WDK does not: if .Value. NdisDprAcquireSpinLock",
    ),
    (
        "an exports table with a bad row",
        HAL,
        "KeFlushWriteBuffer 0 yes",
        "KeFlushWriteBuffer zero yes",
        IMPLIB,
        "X86 is bytes",
    ),
    (
        "an exports table without a dll",
        HAL,
        "dll HAL.dll\n",
        "",
        IMPLIB,
        "a row before the dll line",
    ),
)


def broken(path, old, new):
    """Replaces what is there once; `old` is a regular expression only if it needs one."""
    with open(path, encoding="ascii") as file:
        text = file.read()
    changed = re.sub(old, new, text, count=1) if "\\" in old else text.replace(old, new, 1)
    if changed == text:
        sys.exit(f"checks_fail.py: {path} has no {old!r} to break")
    with open(path, "w", encoding="ascii") as file:
        file.write(changed)
    return text


def main():
    shutil.rmtree(COPY, ignore_errors=True)
    for part in PARTS:
        shutil.copytree(os.path.join(ROOT, part), os.path.join(COPY, part))
    failed = 0
    for what, file, old, new, command, complaint in CASES:
        path = os.path.join(COPY, file)
        started = time.monotonic()
        before = broken(path, old, new)
        result = subprocess.run(
            command, shell=True, cwd=COPY, capture_output=True, text=True, check=False
        )
        with open(path, "w", encoding="ascii") as file:
            file.write(before)
        said = result.stdout + result.stderr
        if result.returncode and re.search(complaint, said):
            report.line("ok", f"abi:a check notices {what}", None, time.monotonic() - started)
        else:
            failed = 1
            report.line("FAIL", f"abi:a check notices {what}", f"status {result.returncode}, said {said[:300]!r}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
