# SPDX-License-Identifier: MIT
"""Reads PE32 and PE32+ images: headers, sections, imports, relocations, resources, symbols.

image = Image(bytes). Every offset and count in it is bounded by the file. Any file gives an Image,
or Malformed with what was found.
"""
import struct
from collections import namedtuple

MACHINES = {0x8664: "x64", 0x014C: "x86"}

FILE_RELOCS_STRIPPED = 0x0001
FILE_EXECUTABLE = 0x0002
FILE_DLL = 0x2000

DLL_HIGH_ENTROPY_VA = 0x0020
DLL_DYNAMIC_BASE = 0x0040
DLL_NX_COMPAT = 0x0100
DLL_NO_SEH = 0x0400
DLL_WDM_DRIVER = 0x2000

SUBSYSTEM_NATIVE = 1

SCN_CODE = 0x00000020
SCN_DISCARDABLE = 0x02000000
SCN_EXECUTE = 0x20000000
SCN_READ = 0x40000000
SCN_WRITE = 0x80000000

DIR_EXPORT, DIR_IMPORT, DIR_RESOURCE, DIR_EXCEPTION = 0, 1, 2, 3
DIR_RELOC, DIR_TLS, DIR_LOAD_CONFIG, DIR_DELAY_IMPORT = 5, 9, 10, 13

RT_VERSION = 16

Section = namedtuple("Section", "name rva size raw raw_size flags header")
Import = namedtuple("Import", "dll name ordinal slot")
Symbol = namedtuple("Symbol", "name value section kind storage")


class Malformed(Exception):
    """The file is not an image, or its tables lead out of it."""


def checksum(data, checksum_offset):
    """The checksum that Windows verifies: 16-bit ones' complement sum, plus the file's length."""
    total = 0
    padded = data + b"\0" * (-len(data) % 4)
    for offset in range(0, len(padded), 4):
        if offset == checksum_offset:
            continue
        total += struct.unpack_from("<I", padded, offset)[0]
        total = (total & 0xFFFFFFFF) + (total >> 32)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return (total & 0xFFFF) + len(data)


class Image:
    def __init__(self, data):
        self.data = data
        if data[:2] != b"MZ":
            raise Malformed("no MZ at its start: it is not a Windows executable")
        header = self._u32(0x3C)
        if data[header : header + 4] != b"PE\0\0":
            raise Malformed("no PE header where the MZ header points")
        coff = header + 4
        self.machine = self._u16(coff)
        self.arch = MACHINES.get(self.machine)
        if self.arch is None:
            raise Malformed(f"machine 0x{self.machine:04X} is neither x64 nor x86")
        count = self._u16(coff + 2)
        self.timestamp = self._u32(coff + 4)
        self.symbol_table = self._u32(coff + 8)
        self.symbol_count = self._u32(coff + 12)
        optional_size = self._u16(coff + 16)
        self.characteristics = self._u16(coff + 18)
        self._optional(coff + 20, optional_size)
        self._sections(coff + 20 + optional_size, count)

    def _unpack(self, form, offset):
        if offset < 0 or offset + struct.calcsize(form) > len(self.data):
            raise Malformed(f"offset 0x{offset:X} lies outside the file of {len(self.data)} bytes")
        return struct.unpack_from(form, self.data, offset)

    def _u16(self, offset):
        return self._unpack("<H", offset)[0]

    def _u32(self, offset):
        return self._unpack("<I", offset)[0]

    def _optional(self, offset, size):
        magic = self._u16(offset)
        if magic != (0x20B if self.arch == "x64" else 0x10B):
            raise Malformed(f"optional header 0x{magic:X} does not go with {self.arch}")
        self.pointer_size = 8 if self.arch == "x64" else 4
        self.entry = self._u32(offset + 16)
        self.image_base = (
            self._unpack("<Q", offset + 24)[0] if self.arch == "x64" else self._u32(offset + 28)
        )
        self.section_alignment = self._u32(offset + 32)
        self.file_alignment = self._u32(offset + 36)
        self.os_version = self._unpack("<HH", offset + 40)
        self.subsystem_version = self._unpack("<HH", offset + 48)
        self.image_size = self._u32(offset + 56)
        self.headers_size = self._u32(offset + 60)
        self.checksum_offset = offset + 64
        self.checksum = self._u32(offset + 64)
        self.subsystem = self._u16(offset + 68)
        self.dll_characteristics = self._u16(offset + 70)
        table = offset + (112 if self.arch == "x64" else 96)
        count = min(self._u32(table - 4), 16)
        if table + count * 8 > offset + size:
            raise Malformed("the data directories do not fit the optional header")
        self.directories = [self._unpack("<II", table + i * 8) for i in range(count)]
        self.directories += [(0, 0)] * (16 - count)

    def _sections(self, offset, count):
        self.sections = []
        for i in range(count):
            at = offset + i * 40
            name, size, rva, raw_size, raw = self._unpack("<8sIIII", at)
            flags = self._u32(at + 36)
            if raw_size and raw + raw_size > len(self.data):
                raise Malformed(f"section {i} ends beyond the file")
            text = name.rstrip(b"\0").decode("latin-1")
            self.sections.append(Section(text, rva, size, raw, raw_size, flags, at))

    def section_at(self, rva):
        for section in self.sections:
            if section.rva <= rva < section.rva + max(section.size, section.raw_size):
                return section
        return None

    def offset_of(self, rva):
        """The file offset of an rva; Malformed when the file holds nothing for it."""
        section = self.section_at(rva)
        if section is None or rva - section.rva >= section.raw_size:
            raise Malformed(f"rva 0x{rva:X} is in no section's data")
        return section.raw + rva - section.rva

    def _string(self, rva):
        offset = self.offset_of(rva)
        end = self.data.find(b"\0", offset, offset + 512)
        if end < 0:
            raise Malformed(f"the name at rva 0x{rva:X} does not end")
        return self.data[offset:end].decode("latin-1")

    def imports(self):
        found = []
        rva = self.directories[DIR_IMPORT][0]
        while rva:
            lookup, _, _, name, thunks = self._unpack("<5I", self.offset_of(rva))
            if not name and not thunks:
                break
            found += self._thunks(self._string(name), lookup or thunks, thunks)
            rva += 20
        return found

    def _thunks(self, dll, lookup, slots):
        form, flag = ("<Q", 1 << 63) if self.arch == "x64" else ("<I", 1 << 31)
        found = []
        for i in range(1 << 16):
            value = self._unpack(form, self.offset_of(lookup + i * self.pointer_size))[0]
            slot = slots + i * self.pointer_size
            if value == 0:
                return found
            if value & flag:
                found.append(Import(dll, None, value & 0xFFFF, slot))
            else:
                found.append(Import(dll, self._string(value + 2), None, slot))
        raise Malformed(f"the imports from {dll} do not end")

    def relocations(self):
        """{rva: type} of every base relocation but padding."""
        rva, size = self.directories[DIR_RELOC]
        found = {}
        if not rva:
            return found
        offset, end = self.offset_of(rva), self.offset_of(rva) + size
        while offset < end:
            page, length = self._unpack("<II", offset)
            if length < 8 or offset + length > end:
                raise Malformed(f"relocation block at 0x{offset:X} has length {length}")
            for at in range(offset + 8, offset + length, 2):
                entry = self._u16(at)
                if entry >> 12:
                    found[page + (entry & 0xFFF)] = entry >> 12
            offset += length
        return found

    def resources(self):
        """The bytes of each resource, by type identifier (named types are left out)."""
        root = self.directories[DIR_RESOURCE][0]
        found = {}
        if not root:
            return found
        for kind, target in self._resource_entries(root, root):
            found.setdefault(kind, []).extend(self._resource_leaves(root, target, 0))
        return found

    def _resource_entries(self, root, directory):
        offset = self.offset_of(directory)
        named, numbered = self._unpack("<HH", offset + 12)
        for i in range(named + numbered):
            kind, target = self._unpack("<II", offset + 16 + i * 8)
            if not kind & 0x80000000:
                yield kind, target

    def _resource_leaves(self, root, target, depth):
        if not target & 0x80000000:
            rva, size = self._unpack("<II", self.offset_of(root + target))
            offset = self.offset_of(rva)
            return [self.data[offset : offset + size]]
        if depth > 4:
            raise Malformed("the resource directory nests without end")
        leaves = []
        for _, inner in self._resource_entries(root, root + (target & 0x7FFFFFFF)):
            leaves += self._resource_leaves(root, inner, depth + 1)
        return leaves

    def symbols(self):
        """The COFF symbol table, without auxiliary records; empty when it was stripped."""
        found = []
        if not self.symbol_table:
            return found
        strings = self.symbol_table + self.symbol_count * 18
        i = 0
        while i < self.symbol_count:
            raw, value, section, kind, storage, extra = self._unpack(
                "<8sIhHBB", self.symbol_table + i * 18
            )
            found.append(Symbol(self._symbol_name(raw, strings), value, section, kind, storage))
            i += 1 + extra
        return found

    def _symbol_name(self, raw, strings):
        if raw[:4] != b"\0\0\0\0":
            return raw.rstrip(b"\0").decode("latin-1")
        start = strings + struct.unpack_from("<I", raw, 4)[0]
        end = self.data.find(b"\0", start)
        return self.data[start : end if end >= 0 else len(self.data)].decode("latin-1")
