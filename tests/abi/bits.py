#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bits.py ARCH TOOLPREFIX OBJECT   holds the bit-fields of table.c's object to the tables.

The object has, for each BITS row, bits_TABLE_LINE: the structure with that bit-field all ones and
the rest zero. TOOLPREFIX is that of nm and objcopy (empty for the host's). Prints each row that
differs.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TABLES = ("layout_ndis", "layout_nt", "layout_agreed_ndis", "layout_agreed_nt")
ROW = re.compile(r"(?:OURS\()?BITS(_X86|_X64)?\((\w+), ([\w.]+), ([\d, ]+)\)")


def rows(arch, host):
    """{symbol: (structure, member, first bit, last bit)} of what this object must have."""
    found = {}
    for table in TABLES:
        with open(os.path.join(HERE, table + ".h"), encoding="ascii") as lines:
            for number, line in enumerate(lines, 1):
                row = ROW.match(line)
                if not row or (line.startswith("OURS") and not host):
                    continue
                only, structure, member, numbers = row.groups()
                if only and only != "_" + arch.upper():
                    continue
                numbers = [int(n) for n in numbers.split(",")]
                byte, first, last = numbers[3:] if not only and arch == "x64" else numbers[:3]
                found[f"bits_{table}_{number}"] = (
                    structure,
                    member,
                    byte * 8 + first,
                    byte * 8 + last,
                )
    return found


def main(arch, prefix, path):
    want = rows(arch, prefix == "")
    symbols = {}
    listing = subprocess.run(
        [prefix + "nm", path], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) == 3 and "bits_layout" in fields[2]:
            symbols[fields[2].lstrip("_")] = int(fields[0], 16)
    with tempfile.TemporaryDirectory() as scratch:
        binary = os.path.join(scratch, "bits")
        subprocess.run(
            [prefix + "objcopy", "-O", "binary", "-j", "abibits", path, binary], check=True
        )
        with open(binary, "rb") as file:
            data = file.read()
    faults = sorted(set(want) ^ set(symbols))
    for name in faults:
        print(f"{name}: only in the {'table' if name in want else 'object'}")
    base = min(symbols.values())
    for name in sorted(set(want) & set(symbols)):
        structure, member, first, last = want[name]
        start = symbols[name] - base
        end = min([at - base for at in symbols.values() if at > symbols[name]] + [len(data)])
        value = int.from_bytes(data[start:end], "little")
        if value != (1 << (last + 1)) - (1 << first):
            faults.append(name)
            ones = [i for i in range(value.bit_length()) if value >> i & 1]
            here = f"bits {ones[0]}-{ones[-1]}" if ones else "nowhere"
            print(f"{structure}.{member} is at {here}, want {first}-{last}")
    return 1 if faults or not want else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
