# SPDX-License-Identifier: MIT
"""
DER: what catalogs and signatures are written in, made and read.

A value is the bytes of a whole element. The makers (sequence, oid, ...) return one; read() gives
the elements of a buffer as Element, whose children() reads on. Only definite lengths are known, as
DER has them.
"""

SEQUENCE, SET = 0x30, 0x31
INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT, UTC_TIME, BMP_STRING = 2, 3, 4, 5, 6, 0x17, 0x1E


class DerError(ValueError):
    """The bytes are not DER, or not the structure that was expected."""


def element(tag, content):
    """tag is one octet, constructed bit and class included."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*values):
    return element(SEQUENCE, b"".join(values))


def set_of(*values):
    """DER orders the values of a SET OF by their encoding."""
    return element(SET, b"".join(sorted(values)))


def context(number, content, constructed=True):
    return element((0xA0 if constructed else 0x80) | number, content)


def integer(value):
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def null():
    return element(NULL, b"")


def octets(content):
    return element(OCTET_STRING, content)


def bmp_string(text):
    return element(BMP_STRING, text.encode("utf-16-be"))


def utc_time(moment):
    """moment: a datetime in UTC."""
    return element(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())


def oid(dotted):
    arcs = [int(arc) for arc in dotted.split(".")]
    content = bytearray()
    for arc in [arcs[0] * 40 + arcs[1]] + arcs[2:]:
        seven = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            seven.append(0x80 | (arc & 0x7F))
        content += bytes(reversed(seven))
    return element(OBJECT, bytes(content))


class Element:
    """One element of a buffer: its tag, its content, and all of its bytes."""

    def __init__(self, tag, content, whole):
        self.tag, self.content, self.whole = tag, content, whole

    def children(self):
        return read(self.content)

    def dotted(self):
        """The text of an object identifier."""
        if self.tag != OBJECT or not self.content:
            raise DerError("an object identifier was expected, tag 0x%02x is there" % self.tag)
        arcs, arc = [], 0
        for octet in self.content:
            arc = arc << 7 | (octet & 0x7F)
            if not octet & 0x80:
                arcs.append(arc)
                arc = 0
        top = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in [top, arcs[0] - 40 * top] + arcs[1:])


def first(data):
    """The element that data begins with."""
    if len(data) < 2:
        raise DerError("the data ends within an element's head")
    tag, length, at = data[0], data[1], 2
    if tag & 0x1F == 0x1F:
        raise DerError("a tag of more than one octet")
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or len(data) - at < size:
            raise DerError("a length that is not DER")
        length = int.from_bytes(data[at : at + size], "big")
        at += size
    if len(data) - at < length:
        raise DerError("an element is longer than what holds it")
    return Element(tag, data[at : at + length], data[: at + length])


def read(data):
    """The elements that follow each other in data, which they must fill."""
    elements = []
    while data:
        elements.append(first(data))
        data = data[len(elements[-1].whole) :]
    return elements


def read_one(data, tag=SEQUENCE):
    """The one element that data is, of the tag that is expected."""
    elements = read(data)
    if len(elements) != 1 or elements[0].tag != tag:
        raise DerError("one element of tag 0x%02x was expected" % tag)
    return elements[0]
