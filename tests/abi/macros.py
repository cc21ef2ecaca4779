#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""macros.py [rejects]   do our headers give a driver the macros that Windows 7's WDK gives it?

tests/abi/macros.tsv has each macro's number of arguments, its form and the arguments that it names
more than once. Every name of it that a driver sees, by mingw-w64's headers or by the host's, must
agree on x64 and x86. A name that the headers declare as a function, or as another name for one, is
a fault where the WDK has a macro.

With `rejects`, it compiles uses that Microsoft's compiler rejects: GCC and clang must reject them.
"""
import os
import re
import subprocess
import sys

import headers

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "macros.tsv")
INCLUDES = "#include <ntddk.h>\n#include <ndis.h>\n"
TARGET = {"x64": "x86_64-w64-mingw32", "x86": "i686-w64-mingw32"}
WINDOWS = ["-D_WIN32_WINNT=0x0601", "-DNTDDI_VERSION=0x06010000"]
DRIVER = ["-DNDIS_MINIPORT_DRIVER=1", "-DNDIS620_MINIPORT=1", "-I" + headers.NDIS]
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\w+|<<=|>>=|[-+*/%&|^=!<>]=|\S')

# At least so many names are compared. Fewer means that the headers were not read as they should be.
ENOUGH = {"mingw": 380, "host": 160}


def compilers(arch):
    windows = [*WINDOWS, "-isystem", f"/usr/{TARGET[arch]}/include/ddk", *DRIVER]
    return {
        # An error in a macro's body is reported where the macro is used, as clang does anyway.
        "gcc": [TARGET[arch] + "-gcc", "-ftrack-macro-expansion=0", *windows],
        "clang": ["clang", "--target=" + TARGET[arch], *windows],
    }


def headers_of(what, arch):
    if what == "mingw":
        return compilers(arch)["clang"]
    return ["clang", headers.WIDTH[arch], "-I" + headers.NT, *DRIVER]


def run(command, text):
    return subprocess.run(
        [*command, "-xc", "-"],
        input=text,
        cwd=headers.ROOT,
        text=True,
        capture_output=True,
        check=False,
    )


def table():
    """{name: (number of arguments, {arch: form})}"""
    rows = {}
    with open(TABLE, encoding="ascii") as lines:
        for line in lines:
            if not line.startswith("#"):
                name, arity, x64, x86 = line.split()
                rows[name] = int(arity), {"x64": x64, "x86": x86}
    return rows


def form(parameters, body):
    """What macros.tsv says about such a macro."""
    tokens = TOKEN.findall(body)
    found = shape(tokens)
    twice = [str(i) for i, name in enumerate(parameters, 1) if tokens.count(name) > 1]
    return found + (":" + ",".join(twice) if twice else "")


def shape(tokens):
    if not tokens:
        return "empty"
    if tokens[0] == "{":
        return "block" if ";" in tokens else "initializer"
    if tokens[0] in ("if", "do", "while", "for", "switch"):
        return "statement"
    if ";" in tokens:
        return "statements"
    depth = 0
    for token in tokens:
        depth += (token in "([{") - (token in ")]}")
        if depth == 0 and token.endswith("=") and token not in ("==", "!=", "<=", ">="):
            return "assignment"
    return "expression"


def macros(command):
    """{name: (parameters, body)} as they are at the headers' end; None for no parameters."""
    found = {}
    for line in run([*command, "-w", "-E", "-dD"], INCLUDES).stdout.splitlines():
        define = re.match(r"#define (\w+)(\(([^)]*)\))?(?: (.*))?$", line)
        undefine = re.match(r"#undef (\w+)", line)
        if define:
            name, parens, parameters, body = define.groups()
            found[name] = (parameters.split(",") if parens else None), body or ""
        elif undefine:
            found.pop(undefine.group(1), None)
    return {
        name: ([p.strip() for p in parameters if p.strip()] if parameters is not None else None, body)
        for name, (parameters, body) in found.items()
    }


def functions(command, names):
    """Those of the names that are declared: a parenthesis round it keeps a macro's name as it is."""
    lines = [f"__typeof__(&({name})) object{i};" for i, name in enumerate(names)]
    said = run(
        [*command, "-w", "-fsyntax-only", "-ferror-limit=0", "-fno-spell-checking"],
        INCLUDES + "\n".join(lines) + "\n",
    ).stderr
    wrong = {int(line) - 3 for line in re.findall(r"<stdin>:(\d+):\d+: error", said)}
    return {name for i, name in enumerate(names) if i not in wrong}


def faults_of(what, arch, rows):
    command = headers_of(what, arch)
    defined = macros(command)
    declared = functions(command, [name for name in rows if name not in defined])
    compared, faults = 0, []
    for name, (arity, forms) in rows.items():
        want = forms[arch]
        parameters, body = defined.get(name, (None, None))
        if parameters is not None:
            got = form(parameters, body)
            if want != "none" and len(parameters) != arity:
                got = f"{got} of {len(parameters)} arguments, not {arity}"
        elif name in defined:
            got = "none" if want == "none" else f"another name for {body}"
        elif name in declared:
            got = "none" if want == "none" else "a function"
        else:
            continue
        compared += 1
        if got != want:
            faults.append(f"{what}, {arch}: {name} is {got}; the WDK has {want}")
    if compared < ENOUGH[what]:
        faults.append(f"{what}, {arch}: only {compared} names found: the reading is broken")
    return faults


# What the WDK's macros reject, and what they take: a function is made of each.
REJECTED = (
    "if (Value) NdisDprAcquireSpinLock(&Lock); else NdisAcquireSpinLock(&Lock);",
    "if (Value) NdisQueryMdl(Mdl, &Address, &Length, NormalPagePriority); else Length = 0;",
    "Value = NdisQueryMdlOffset(Mdl, &Length, &Length);",
    "Value = 1 + NdisGetMdlPhysicalArraySize(Mdl, &Length);",
    "Value = (NdisFreeSpinLock(&Lock));",
    "if (Value) MmPrepareMdlForReuse(Mdl); else Length = 0;",
    "PAGED_CODE(); ULONG Late = 0; Value = Late;",
    "Caller = IoCallDriver;",
)
TAKEN = (
    "if (Value) { NdisDprAcquireSpinLock(&Lock); } else { NdisAcquireSpinLock(&Lock); }",
    "if (Value) NdisReleaseSpinLock(&Lock); else NdisDprReleaseSpinLock(&Lock);",
    "NdisQueryMdl(Mdl, &Address, &Length, NormalPagePriority);",
    "NdisFreeSpinLock(&Lock);",
)


def rejects():
    text = INCLUDES + "NDIS_SPIN_LOCK Lock;\nPVOID Address, Caller;\nULONG Length;\n"
    first = text.count("\n") + 1
    uses = REJECTED + TAKEN
    for i, use in enumerate(uses):
        text += f"void Use{i}(PMDL, ULONG); void Use{i}(PMDL Mdl, ULONG Value) {{ {use}"
        text += " if (Mdl && Value) Length = 0; }\n"
    flags = ["-std=gnu89", "-Wdeclaration-after-statement", "-Wall", "-Wextra", "-Werror"]
    faults = []
    for arch in ("x64", "x86"):
        for name, command in compilers(arch).items():
            said = run([*command, *flags, "-fsyntax-only"], text).stderr
            wrong = {int(line) - first for line in re.findall(r"<stdin>:(\d+):\d+: error", said)}
            for i, use in enumerate(uses):
                if (i in wrong) != (i < len(REJECTED)):
                    verb = "rejects" if i in wrong else "takes"
                    faults.append(f"{name}, {arch} {verb} what the WDK does not: {use}")
    return faults


def main(arguments):
    if arguments == ["rejects"]:
        faults = rejects()
    else:
        rows = table()
        faults = [
            fault
            for what in ("mingw", "host")
            for arch in ("x64", "x86")
            for fault in faults_of(what, arch, rows)
        ]
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
