# SPDX-License-Identifier: MIT
"""
Windows security descriptors in their self-relative form, as NTFS stores them ([MS-DTYP] 2.4.6).

    parent = Descriptor.parse(data)
    parent.inherited(container).pack()     the descriptor of a new file or folder in that folder
    administrators_only(container).pack()  Administrators and SYSTEM: full control, protected

The rules are those of the page "ACE Inheritance Rules" (win32/secauthz): flags, generic rights and
CREATOR OWNER are resolved in the entry that has an effect, and stay in the one that is passed on.
"""
import struct
from dataclasses import dataclass, replace

from problem import Problem

# SECURITY_DESCRIPTOR_CONTROL
DACL_PRESENT, SACL_PRESENT = 0x0004, 0x0010
DACL_AUTO_INHERITED, SACL_AUTO_INHERITED = 0x0400, 0x0800
DACL_PROTECTED, SELF_RELATIVE = 0x1000, 0x8000
# ACE_HEADER.AceFlags
OBJECT_INHERIT, CONTAINER_INHERIT, NO_PROPAGATE, INHERIT_ONLY, INHERITED = 0x01, 0x02, 0x04, 0x08, 0x10
INHERITANCE = OBJECT_INHERIT | CONTAINER_INHERIT | NO_PROPAGATE | INHERIT_ONLY | INHERITED
ACCESS_ALLOWED = 0
# Object entries have flags and up to two GUIDs between mask and SID.
OBJECT_TYPES = (5, 6, 7, 8, 11, 12, 15, 16)
FULL_CONTROL = 0x001F01FF
# GENERIC_MAPPING of files: READ, WRITE, EXECUTE, ALL.
GENERIC = ((0x80000000, 0x00120089), (0x40000000, 0x00120116), (0x20000000, 0x001200A0), (0x10000000, FULL_CONTROL))


def sid(authority, *values):
    """The bytes of S-1-authority-values."""
    return struct.pack("<BB", 1, len(values)) + authority.to_bytes(6, "big") + struct.pack("<%dI" % len(values), *values)


ADMINISTRATORS, SYSTEM = sid(5, 32, 544), sid(5, 18)
CREATOR_OWNER, CREATOR_GROUP = sid(3, 0), sid(3, 1)


def _sid_at(data, offset):
    if offset + 8 > len(data) or data[offset] != 1 or data[offset + 1] > 15:
        raise Problem("holds a security identifier that is damaged")
    end = offset + 8 + 4 * data[offset + 1]
    if end > len(data):
        raise Problem("holds a security identifier that is cut off")
    return data[offset:end]


@dataclass(frozen=True)
class Entry:
    """An ACE. body: what follows the access mask, the SID and what some types have around it."""

    kind: int
    flags: int
    mask: int
    body: bytes

    def _sid_offset(self):
        if self.kind not in OBJECT_TYPES:
            return 0
        if len(self.body) < 4:
            raise Problem("holds an access control entry that is cut off")
        return 4 + 16 * bin(struct.unpack_from("<I", self.body)[0] & 3).count("1")

    def sid(self):
        return _sid_at(self.body, self._sid_offset())

    def resolved(self, owner, group):
        """The entry with generic rights and CREATOR OWNER replaced by what they stand for here."""
        mask = self.mask
        for generic, specific in GENERIC:
            if mask & generic:
                mask = mask & ~generic | specific
        start, old = self._sid_offset(), self.sid()
        new = {CREATOR_OWNER: owner, CREATOR_GROUP: group}.get(old, old)
        return replace(self, mask=mask, body=self.body[:start] + new + self.body[start + len(old) :])

    def inherited(self, container, owner, group):
        """What a new object gets of this entry of its folder: none, one or two entries."""
        wanted = self.flags & ~INHERITANCE | INHERITED
        passed_on = self.flags & (OBJECT_INHERIT | CONTAINER_INHERIT)
        if not container:
            if self.flags & OBJECT_INHERIT:
                return [replace(self, flags=wanted).resolved(owner, group)]
            return []
        if self.flags & NO_PROPAGATE:
            passed_on = 0
        if not self.flags & CONTAINER_INHERIT:
            return [replace(self, flags=wanted | passed_on | INHERIT_ONLY)] if passed_on else []
        effective = replace(self, flags=wanted).resolved(owner, group)
        if not passed_on:
            return [effective]
        if (effective.mask, effective.body) == (self.mask, self.body):
            return [replace(effective, flags=wanted | passed_on)]
        return [effective, replace(self, flags=wanted | passed_on | INHERIT_ONLY)]

    def pack(self):
        body = self.body.ljust((len(self.body) + 3) & ~3, b"\0")
        return struct.pack("<BBHI", self.kind, self.flags, 8 + len(body), self.mask) + body


def _parse_acl(data, offset):
    if offset + 8 > len(data):
        raise Problem("holds an access control list that is cut off")
    revision, _, size, count, _ = struct.unpack_from("<BBHHH", data, offset)
    if revision not in (2, 4) or size < 8 or offset + size > len(data):
        raise Problem("holds an access control list that is damaged")
    at, end, entries = offset + 8, offset + size, []
    for _ in range(count):
        if at + 8 > end:
            raise Problem("holds an access control entry that is cut off")
        kind, flags, length, mask = struct.unpack_from("<BBHI", data, at)
        if length < 8 or at + length > end:
            raise Problem("holds an access control entry that is damaged")
        entry = Entry(kind, flags, mask, data[at + 8 : at + length])
        entry.sid()
        entries.append(entry)
        at += length
    return revision, entries


def _pack_acl(revision, entries):
    body = b"".join(entry.pack() for entry in entries)
    return struct.pack("<BBHHH", revision, 0, 8 + len(body), len(entries), 0) + body


@dataclass
class Descriptor:
    """dacl and sacl: (revision, entries), or None where the descriptor has no such list."""

    owner: bytes
    group: bytes
    dacl: tuple
    sacl: tuple = None
    control: int = 0

    @classmethod
    def parse(cls, data):
        """Raises Problem with the end of a sentence whose subject is the object."""
        if len(data) < 20:
            raise Problem("has a security descriptor that is cut off")
        revision, _, control, owner, group, sacl, dacl = struct.unpack_from("<BBHIIII", data)
        if revision != 1 or not control & SELF_RELATIVE:
            raise Problem("has a security descriptor of an unknown form")
        return cls(
            _sid_at(data, owner) if owner else None,
            _sid_at(data, group) if group else None,
            _parse_acl(data, dacl) if control & DACL_PRESENT and dacl else None,
            _parse_acl(data, sacl) if control & SACL_PRESENT and sacl else None,
            control,
        )

    def pack(self):
        control = self.control & ~(DACL_PRESENT | SACL_PRESENT) | SELF_RELATIVE
        parts, offsets, at = [], [], 20
        for part, bit in ((self.owner, 0), (self.group, 0), (self.sacl, SACL_PRESENT), (self.dacl, DACL_PRESENT)):
            data = _pack_acl(*part) if isinstance(part, tuple) else part
            offsets.append(at if data else 0)
            if data:
                control |= bit
                parts.append(data)
                at += len(data)
        return struct.pack("<BBHIIII", 1, 0, control, *offsets) + b"".join(parts)

    def inherited(self, container):
        """The descriptor of what an administrator makes in the folder that has this one."""
        made = Descriptor(ADMINISTRATORS, SYSTEM, None, control=DACL_AUTO_INHERITED)
        lists = []
        for acl in (self.dacl, self.sacl):
            entries = [
                new for entry in (acl[1] if acl else ()) for new in entry.inherited(container, made.owner, made.group)
            ]
            lists.append((acl[0], entries) if entries else None)
        made.dacl, made.sacl = lists
        if made.sacl:
            made.control |= SACL_AUTO_INHERITED
        # Without a list, everybody would have full control. Windows takes the default list of the creator's token.
        if not made.dacl:
            made.dacl, made.control = _full_control(0), made.control & ~DACL_AUTO_INHERITED
        return made


def _full_control(flags):
    return 2, [Entry(ACCESS_ALLOWED, flags, FULL_CONTROL, who) for who in (SYSTEM, ADMINISTRATORS)]


def administrators_only(container):
    """Full control for Administrators and SYSTEM, for nobody else, whatever the folder above says."""
    flags = OBJECT_INHERIT | CONTAINER_INHERIT if container else 0
    return Descriptor(ADMINISTRATORS, SYSTEM, _full_control(flags), control=DACL_PROTECTED | DACL_AUTO_INHERITED)
