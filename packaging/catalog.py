# SPDX-License-Identifier: MIT
"""
A security catalog (.cat): a certificate trust list that names files by their digests.

make() writes the list as Inf2Cat does for Windows 7, unsigned; signing.py signs it. parse() reads a
catalog back, signed or not, and gives its members and attributes.
"""
import datetime
import hashlib

import authenticode
import der
from signature import DIGESTS, SIGNED_DATA

CTL = "1.3.6.1.4.1.311.10.1"
CATALOG_LIST = "1.3.6.1.4.1.311.12.1.1"
# The list's first form, tags of 40 hexadecimal digits: Windows 7 reads no other.
CATALOG_LIST_MEMBER = "1.3.6.1.4.1.311.12.1.2"
NAME_VALUE = "1.3.6.1.4.1.311.12.2.1"
MEMBER_INFO = "1.3.6.1.4.1.311.12.2.2"
INDIRECT_DATA = "1.3.6.1.4.1.311.2.1.4"
PE_IMAGE_DATA = "1.3.6.1.4.1.311.2.1.15"
# What stands for a file without a format of its own.
FLAT_DATA = "1.3.6.1.4.1.311.2.1.25"

# Subject interface packages of wintrust: who computes the digest on Windows.
PE_SUBJECT = "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}"
FLAT_SUBJECT = "{DE351A42-8E59-11D0-8C47-00C04FC295EE}"

# CRYPTCAT_ATTR_AUTHENTICATED | CRYPTCAT_ATTR_DATAASCII | CRYPTCAT_ATTR_NAMEASCII
ATTRIBUTE_FLAGS = 0x10010001

# Windows 7 of each architecture, in Inf2Cat's words; and platform:version, 2 being the NT line.
OS_NAMES = {"x86": "7X86", "x64": "7X64"}
OS_ATTRIBUTE = "2:6.1"


class CatalogError(ValueError):
    """What was given is not a catalog."""


def _algorithm(name):
    (dotted,) = [oid for oid, digest in DIGESTS.items() if digest == name]
    return der.sequence(der.oid(dotted), der.null())


def _wide(text):
    return (text + "\0").encode("utf-16-le")


def _name_value(name, value):
    return der.sequence(
        der.bmp_string(name), der.integer(ATTRIBUTE_FLAGS), der.octets(_wide(value))
    )


def _attribute(kind, value):
    return der.sequence(der.oid(kind), der.set_of(value))


def _indirect_data(data, algorithm):
    """SpcIndirectDataContent: of which format the file is, and its digest."""
    if authenticode.is_pe(data):
        # No flags, an empty file link: as signtool writes it.
        link = der.context(0, der.context(2, der.context(0, b"", constructed=False)))
        image = der.sequence(der.element(der.BIT_STRING, b"\0"), link)
        kind = der.sequence(der.oid(PE_IMAGE_DATA), image)
    else:
        kind = der.sequence(
            der.oid(FLAT_DATA), der.context(2, der.context(0, b"", constructed=False))
        )
    digest = authenticode.digest(data, algorithm)
    return der.sequence(kind, der.sequence(_algorithm(algorithm), der.octets(digest)))


def _member(name, data):
    tag = authenticode.digest(data, "sha1").hex().upper()
    subject = PE_SUBJECT if authenticode.is_pe(data) else FLAT_SUBJECT
    info = der.sequence(der.bmp_string(subject), der.integer(0x200))
    attributes = der.set_of(
        _attribute(NAME_VALUE, _name_value("File", name)),
        _attribute(NAME_VALUE, _name_value("OSAttr", OS_ATTRIBUTE)),
        _attribute(INDIRECT_DATA, _indirect_data(data, "sha1")),
        _attribute(MEMBER_INFO, info),
    )
    return der.sequence(der.octets(_wide(tag)), attributes)


def make(files, architecture, hardware_ids, seconds):
    """
    The list as DER, not yet in a SignedData. files: names and bytes; seconds: its date, since 1970.
    The list's identifier, random with Inf2Cat, is a digest of what is listed: same files, same
    list.
    """
    by_tag = sorted(files.items(), key=lambda file: authenticode.digest(file[1], "sha1"))
    members = [_member(name.lower(), data) for name, data in by_tag]
    extensions = [("OS", OS_NAMES[architecture])]
    extensions += [("HWID%d" % (i + 1), name.lower()) for i, name in enumerate(hardware_ids)]
    identifier = hashlib.sha256(b"".join(members) + repr(extensions).encode()).digest()[:16]
    date = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    extensions = [
        der.sequence(der.oid(NAME_VALUE), der.octets(_name_value(name, value)))
        for name, value in extensions
    ]
    return der.sequence(
        der.sequence(der.oid(CATALOG_LIST)), der.octets(identifier), der.utc_time(date),
        der.sequence(der.oid(CATALOG_LIST_MEMBER), der.null()), der.sequence(*members),
        der.context(0, der.sequence(*extensions))
    )


class Member:
    """
    tag: the text of its tag; names: File, OSAttr...; algorithm and digest; kind: 'pe' or 'flat'.
    """

    def __init__(self, tag):
        self.tag, self.names = tag, {}
        self.algorithm = self.digest = self.kind = self.subject = None


class Catalog:
    """
    members, attributes of the whole catalog, ctl (the list's bytes), usage of each field as read.
    """

    def __init__(self, ctl):
        self.ctl, self.members, self.attributes = ctl, [], {}

    def lists(self, data):
        """Whether a file of these bytes is a member."""
        return any(
            member.algorithm and member.digest == authenticode.digest(data, member.algorithm)
            for member in self.members
        )


def _read_name_value(value):
    name, _, text = value.children()
    return (name.content.decode("utf-16-be"), text.content.decode("utf-16-le").rstrip("\0"))


def _read_member(entry):
    tag, attributes = entry.children()
    member = Member(tag.content.decode("utf-16-le").rstrip("\0"))
    for attribute in attributes.children():
        kind, values = attribute.children()
        (value,) = values.children()
        if kind.dotted() == NAME_VALUE:
            name, text = _read_name_value(value)
            member.names[name] = text
        elif kind.dotted() == MEMBER_INFO:
            member.subject = value.children()[0].content.decode("utf-16-be")
        elif kind.dotted() == INDIRECT_DATA:
            data, info = value.children()
            member.kind = "pe" if data.children()[0].dotted() == PE_IMAGE_DATA else "flat"
            algorithm, digest = info.children()
            member.algorithm = DIGESTS.get(algorithm.children()[0].dotted())
            member.digest = digest.content
    return member


def parse(data):
    """A Catalog from the bytes of a .cat; CatalogError if they are not a catalog."""
    try:
        kind, content = der.read_one(data).children()
        if kind.dotted() != SIGNED_DATA:
            raise CatalogError("it is not a signed message")
        signed = der.read_one(content.content).children()
        inner = signed[2].children()
        if inner[0].dotted() != CTL:
            raise CatalogError("the signed message holds no list of files")
        catalog = Catalog(inner[1].content)
        fields = der.read_one(catalog.ctl).children()
        catalog.members = [_read_member(entry) for entry in fields[4].children()]
        for extension in der.read_one(fields[5].content).children():
            name, text = _read_name_value(der.read_one(extension.children()[1].content))
            catalog.attributes[name] = text
        return catalog
    except (der.DerError, ValueError, IndexError) as error:
        if isinstance(error, CatalogError):
            raise
        raise CatalogError("it is damaged (%s)" % error) from None
