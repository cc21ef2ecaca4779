# SPDX-License-Identifier: MIT
"""
Whether something is Windows 7 SP1 (NT 6.1, build 7601), by what Windows itself says there.

    versions(wim)            of each image in a .wim file: (major, minor, build, architecture)
    kernel(path, data)       the same of a Windows that is on a disk
    expect_windows7(...)     a Problem if it is another Windows
"""
import os
import re
import struct
import xml.etree.ElementTree as ElementTree

from problem import Problem

# What PROCESSOR_ARCHITECTURE_INTEL and _AMD64 are in a WIM's <ARCH>, and in a PE header.
WIM_ARCHITECTURES = {"0": "x86", "9": "x64"}
PE_ARCHITECTURES = {0x14C: "x86", 0x8664: "x64"}
WIM_HEADER = 208
XML_LIMIT = 16 << 20


def versions(path):
    """(major, minor, build, architecture) of each image; WinPE's own image has them as well."""
    with open(path, "rb") as file:
        header = file.read(WIM_HEADER)
        if len(header) < WIM_HEADER or header[:8] != b"MSWIM\0\0\0":
            raise Problem("%s is not a WIM file" % os.path.basename(path))
        size, offset = struct.unpack_from("<QQ", header, 72)
        size &= (1 << 56) - 1
        file.seek(offset)
        text = file.read(size) if size <= XML_LIMIT else b""
    try:
        tree = ElementTree.fromstring(text.decode("utf-16"))
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError):
        raise Problem("%s says not what is in it: its XML is damaged" % os.path.basename(path)) from None
    found = []
    for windows in tree.iter("WINDOWS"):
        numbers = [windows.findtext("VERSION/" + name, "") for name in ("MAJOR", "MINOR", "BUILD")]
        if not all(re.fullmatch("[0-9]{1,9}", number) for number in numbers):
            raise Problem("%s has an image without a Windows version" % os.path.basename(path))
        architecture = windows.findtext("ARCH", "")
        found.append((*map(int, numbers), WIM_ARCHITECTURES.get(architecture, "arch " + architecture)))
    if not found:
        raise Problem("%s holds no Windows" % os.path.basename(path))
    return found


def kernel(path, data):
    """(major, minor, build, architecture), from the version resource and the header of ntoskrnl.exe.
    path: what an error names; data: its content."""
    try:
        (pe,) = struct.unpack_from("<I", data, 0x3C)
        if data[:2] != b"MZ" or data[pe : pe + 4] != b"PE\0\0":
            raise Problem("%s is not a program" % path)
        (machine,) = struct.unpack_from("<H", data, pe + 4)
        # VS_FIXEDFILEINFO begins with this signature and its own version, 1.0.
        fixed = data.find(struct.pack("<II", 0xFEEF04BD, 0x10000))
        if fixed < 0:
            raise Problem("%s has no version resource" % path)
        high, low = struct.unpack_from("<II", data, fixed + 8)
    except struct.error:
        raise Problem("%s is cut off" % path) from None
    architecture = PE_ARCHITECTURES.get(machine, "machine 0x%04x" % machine)
    return high >> 16, high & 0xFFFF, low >> 16, architecture


def expect_windows7(where, found):
    """Problem unless found, of kernel() or versions(), is Windows 7 SP1 or its server, x86 or x64."""
    major, minor, build, architecture = found
    if (major, minor) != (6, 1):
        raise Problem("%s is Windows NT %d.%d (build %d), not Windows 7 (6.1); nothing was changed"
                      % (where, major, minor, build))  # fmt: skip
    if build < 7601:
        raise Problem("%s is Windows 7 without Service Pack 1 (build %d; 7601 is needed); nothing was changed"
                      % (where, build))  # fmt: skip
    if architecture not in ("x86", "x64"):
        raise Problem("%s is for %s; there is a driver for x86 and x64; nothing was changed"
                      % (where, architecture))  # fmt: skip
