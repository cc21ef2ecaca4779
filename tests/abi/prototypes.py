#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""prototypes.py DIRECTORY   do the functions that our headers declare fit what Windows 7 exports?

A file that refers to every function is compiled for x86 and x64, over mingw-w64's ntddk.h for
ndis.h and over the host's own for ntddk.h; the symbols that the compiler makes of the prototypes
(on x86 with the size of the arguments) are held to the exports tables. Objects go to DIRECTORY.
"""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys

import headers

ROOT = headers.ROOT
CROSS = {"x64": "x86_64-w64-mingw32", "x86": "i686-w64-mingw32"}
DEFINES = [
    "-D_WIN32_WINNT=0x0601",
    "-DNTDDI_VERSION=0x06010000",
    "-DNDIS_MINIPORT_DRIVER=1",
    "-DNDIS620_MINIPORT=1",
]

# Declared and not importable, each for the reason that its header gives.
NOT_EXPORTED = {
    "x64": {"KeGetCurrentIrql", "KfRaiseIrql", "KfLowerIrql", "KeLowerIrql"},
    "x86": set(),
}


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(ROOT, "tools", name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def compile_references(arch, functions, include, path):
    lines = [
        "#include <ntddk.h>",
        "#include <ndis.h>",
        "const void *volatile reference;",
        "void refer(void);",
        "void refer(void)",
        "{",
    ]
    lines += [f"    reference = (const void *){name};" for name in functions]
    source = path + ".c"
    with open(source, "w", encoding="ascii") as file:
        file.write("\n".join(lines + ["}", ""]))
    subprocess.run(
        [
            CROSS[arch] + "-gcc",
            "-std=gnu11",
            "-w",
            *DEFINES,
            *include,
            "-Iinclude/ndis-mingw",
            "-isystem",
            f"/usr/{CROSS[arch]}/include/ddk",
            "-c",
            source,
            "-o",
            path + ".o",
        ],
        cwd=ROOT,
        check=True,
    )


def faults_of(arch, functions, path, pecheck, exports):
    faults = []
    for name in functions:
        exported = exports.find(name, arch)[0] is not None
        if not exported and name not in NOT_EXPORTED[arch]:
            faults.append(f"{arch}: {name} is declared, but nothing on Windows 7 exports it")
        if exported and name in NOT_EXPORTED[arch]:
            faults.append(f"{arch}: {name} is exported after all")
    referred = pecheck.object_symbols(path + ".o")[1]
    plain = {symbol.removeprefix("__imp_") for symbol in referred}
    if arch == "x86":
        plain = {pecheck.undecorated(symbol) for symbol in plain}
    faults += [f"{arch}: {name} left no reference" for name in functions if name not in plain]
    faults += [
        f"{arch}: {text}"
        for text in pecheck.check_object(path + ".o", exports)
        if not any(f" {name}," in text for name in NOT_EXPORTED[arch])
    ]
    return faults


def main(directory):
    pecheck = load("pecheck")
    exports = pecheck.Exports(pecheck.EXPORTS)
    directory = os.path.abspath(directory)
    faults = []
    for arch in ("x64", "x86"):
        declared = headers.Declared(arch)
        ndis = [name for name in declared.functions if declared.ndis(name)]
        nt = [name for name in declared.functions if declared.nt(name)]
        if len(ndis) < 100 or len(nt) < 200:
            faults.append(
                f"{arch}: only {len(ndis)} and {len(nt)} functions found:"
                " the reading of the headers is broken"
            )
        for what, functions, include in (("ndis", ndis, []), ("nt", nt, ["-Indishost/nt/include"])):
            path = os.path.join(directory, f"prototypes-{what}-{arch}")
            compile_references(arch, functions, include, path)
            faults += faults_of(arch, functions, path, pecheck, exports)
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
