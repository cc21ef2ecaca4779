# SPDX-License-Identifier: MIT
"""
The digest that an Authenticode signature or a catalog holds of a file.

Of a PE file it covers all but the checksum, the certificate table and the table's directory entry: to sign a
driver does not change it. Of any other file it covers all bytes.
"""
import hashlib
import struct


class PeError(ValueError):
    """The file begins as a PE file does, and is not one."""


def is_pe(data):
    return data[:2] == b"MZ"


def _places(data):
    """
    Offsets of the checksum and of the certificate table's directory entry; the table's own offset
    and size.
    """
    if not is_pe(data):
        raise PeError("no PE file")
    try:
        (pe,) = struct.unpack_from("<I", data, 0x3C)
        if data[pe : pe + 4] != b"PE\0\0":
            raise PeError("no PE signature")
        optional = pe + 24
        (magic,) = struct.unpack_from("<H", data, optional)
        if magic not in (0x10B, 0x20B):
            raise PeError("optional header of unknown kind 0x%x" % magic)
        directories = optional + (96 if magic == 0x10B else 112)
        (count,) = struct.unpack_from("<I", data, directories - 4)
        if count < 5:
            raise PeError("no directory entry for a certificate table")
        entry = directories + 4 * 8
        table, size = struct.unpack_from("<II", data, entry)
    except struct.error:
        raise PeError("the headers are cut off") from None
    if size and table + size != len(data):
        raise PeError("the certificate table does not end where the file ends")
    return optional + 64, entry, table, size


def machine(data):
    """'x64' or 'x86', as the PE header says."""
    _places(data)
    (pe,) = struct.unpack_from("<I", data, 0x3C)
    (number,) = struct.unpack_from("<H", data, pe + 4)
    return {0x8664: "x64", 0x14C: "x86"}.get(number, "machine 0x%04x" % number)


def is_signed(data):
    return _places(data)[3] != 0


def certificate_table(data):
    """Its bytes; none if the file is not signed."""
    _, _, table, size = _places(data)
    return data[table : table + size] if size else b""


def unsigned(data):
    """The PE file without signature: no certificate table, its entry and the checksum zero."""
    checksum, entry, table, size = _places(data)
    body = bytearray(data[:table] if size else data)
    body[checksum : checksum + 4] = bytes(4)
    body[entry : entry + 8] = bytes(8)
    return bytes(body)


def digest(data, algorithm):
    """algorithm as hashlib has it; the bytes of the digest."""
    state = hashlib.new(algorithm)
    if not is_pe(data):
        state.update(data)
        return state.digest()
    checksum, entry, table, size = _places(data)
    end = table if size else len(data)
    state.update(data[:checksum])
    state.update(data[checksum + 4 : entry])
    state.update(data[entry + 8 : end])
    # A file without signature is signed after padding it to eight bytes.
    state.update(bytes(-end % 8))
    return state.digest()
