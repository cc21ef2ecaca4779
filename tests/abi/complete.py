#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""complete.py   is every structure, member and constant that our headers declare in a table?

What no table has must stand in tests/abi/unlisted, with the reason. Prints what is missing, and
what is listed there without need.
"""
import os
import re
import sys

import headers

HERE = os.path.dirname(os.path.abspath(__file__))
ROW = re.compile(
    r"(?:OURS\()?(STRUCT|MEMBER|BITS|CONSTANT)(?:_X86|_X64)?\((\w+)(?:, ([A-Za-z_][\w.]*))?"
)


def tables():
    names = set()
    for file in sorted(os.listdir(HERE)):
        if file.endswith(".h"):
            with open(os.path.join(HERE, file), encoding="ascii") as lines:
                for line in lines:
                    row = ROW.match(line)
                    if row:
                        kind, name, member = row.groups()
                        names.add(f"{name}.{member}" if kind in ("MEMBER", "BITS") else name)
    return names


def unlisted():
    with open(os.path.join(HERE, "unlisted"), encoding="ascii") as lines:
        return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def declared():
    names = set()
    for arch in ("x64", "x86"):
        found = headers.Declared(arch)
        names |= set(found.constants) | set(found.enumerators)
        for structure, members in found.members().items():
            names.add(structure)
            names |= {f"{structure}.{member}" for member, _ in members}
    return names


def main():
    have, listed, excused = declared(), tables(), unlisted()
    faults = [
        f"{name} is declared, but in no table: measure it or say in tests/abi/unlisted why not"
        for name in sorted(have - listed - excused)
    ]
    faults += [
        f"{name} stands in tests/abi/unlisted without need"
        for name in sorted(excused - (have - listed))
    ]
    if len(have) < 2000:
        faults.append(
            f"only {len(have)} names were found in the headers: the reading of them is broken"
        )
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
