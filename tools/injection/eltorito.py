# SPDX-License-Identifier: MIT
"""
What makes a disc bootable: its El Torito boot catalog, one sector, and the images that it names.

    entries = read(file)         as the disc has them
    write(file, entries)         the same catalog on another disc, where the images lie elsewhere
"""
import struct
from dataclasses import dataclass

from problem import Problem

SECTOR = 2048
RECORD = 17
BOOTABLE = 0x88
PLATFORMS = {0: "BIOS", 0xEF: "UEFI"}


@dataclass
class Entry:
    """offset: where it is in the catalog. sectors: of 512 bytes, that the firmware loads."""

    offset: int
    platform: int
    sectors: int
    block: int


def _sector(file, number):
    file.seek(number * SECTOR)
    return file.read(SECTOR)


def catalog(file):
    """The catalog's sector number and bytes; Problem if the disc has none."""
    record = _sector(file, RECORD)
    if len(record) < SECTOR or record[:7] != b"\0CD001\1" or not record[7:].startswith(b"EL TORITO SPECIFICATION"):
        raise Problem("has no El Torito boot record: it does not boot")
    (place,) = struct.unpack_from("<I", record, 0x47)
    data = _sector(file, place)
    if len(data) < SECTOR or data[0] != 1 or data[30:32] != b"\x55\xaa":
        raise Problem("has a damaged boot catalog")
    if sum(struct.unpack_from("<16H", data)) & 0xFFFF:
        raise Problem("has a boot catalog with a wrong checksum")
    return place, data


def read(file):
    """The entries that can be booted, in their order."""
    _, data = catalog(file)
    entries, platform, more = [], data[1], True
    offset, left = 32, 1
    while more or left:
        if left == 0:
            # A section: 0x90 another follows, 0x91 the last one.
            if offset + 32 > SECTOR or data[offset] not in (0x90, 0x91):
                break
            more, platform = data[offset] == 0x90, data[offset + 1]
            (left,) = struct.unpack_from("<H", data, offset + 2)
            offset += 32
            continue
        if offset + 32 > SECTOR:
            raise Problem("has a boot catalog that is cut off")
        # 0x44: an extension of the entry before, which is not an entry of its own.
        if data[offset] != 0x44:
            left -= 1
            if data[offset] == BOOTABLE:
                sectors, block = struct.unpack_from("<HI", data, offset + 6)
                entries.append(Entry(offset, platform, sectors, block))
        offset += 32
    if not entries:
        raise Problem("has a boot catalog without an entry that boots")
    return entries


def image(file, entry):
    """What the firmware loads of the image; at least a sector, to know it by."""
    file.seek(entry.block * SECTOR)
    return file.read(max(entry.sectors * 512, SECTOR))


def write(file, data, blocks):
    """Puts the catalog `data` in the place of the disc's own; blocks: offset of an entry to the
    block of its image on this disc."""
    place, _ = catalog(file)
    data = bytearray(data)
    for offset, block in blocks.items():
        struct.pack_into("<I", data, offset + 8, block)
    file.seek(place * SECTOR)
    file.write(data)
