# SPDX-License-Identifier: MIT
"""
Whether a signature is written in the one way that DER and PKCS #7 have for it.

Verifying covers what is signed. Around it stand bytes that a verifier reads loosely or not at all: the
names of algorithms, tags, padding. exact() writes a signature anew from its parts and compares, so that
no byte of a signed file can change unnoticed.
"""
import struct

import authenticode
import der

SIGNED_DATA = "1.2.840.113549.1.7.2"
RSA = "1.2.840.113549.1.1.1"
DIGESTS = {"1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256"}
NESTED_SIGNATURE = "1.3.6.1.4.1.311.2.4.1"


class SignatureError(ValueError):
    """The bytes are not the one form of a signature."""


def _algorithm(element):
    """The digest algorithm, written anew."""
    dotted = element.children()[0].dotted()
    if dotted not in DIGESTS:
        raise SignatureError("a digest that is neither SHA-1 nor SHA-256")
    return der.sequence(der.oid(dotted), der.null())


def _certificate_names(certificates):
    """Issuer and serial number of each certificate, as a signer names it."""
    names = []
    for certificate in certificates.children():
        fields = [field for field in certificate.children()[0].children() if field.tag != 0xA0]
        names.append(der.sequence(fields[2].whole, fields[0].whole))
    return names


def _attributes(number, element):
    """The signer's attributes, [0] signed and [1] not; a nested signature is held to exact() too."""
    written = []
    for attribute in element.children():
        kind, values = attribute.children()
        dotted = kind.dotted()
        if dotted == NESTED_SIGNATURE:
            for value in values.children():
                exact(value.whole)
        contents = [value.whole for value in values.children()]
        written.append(der.sequence(der.oid(dotted), der.set_of(*contents)))
    return der.context(number, b"".join(sorted(written)))


def _signer(element, certificates):
    parts = element.children()
    if parts[1].whole not in _certificate_names(certificates):
        raise SignatureError("the signer's certificate is not among those that it carries")
    written = [der.integer(1), parts[1].whole, _algorithm(parts[2])]
    written += [_attributes(0, parts[3]), der.sequence(der.oid(RSA), der.null())]
    written += [der.octets(parts[5].content)]
    if len(parts) > 6:
        written.append(_attributes(1, parts[6]))
    return der.sequence(*written)


def exact(data):
    """data: a ContentInfo that holds a SignedData. SignatureError if it is not in the one form."""
    try:
        fields = der.read_one(der.read_one(data).children()[1].content).children()
        if not fields[-1].content:
            raise SignatureError("it has no signature")
        digests, content, certificates, signers = fields[1:]
        (digest,), (signer,) = digests.children(), signers.children()
        kind, value = content.children()
        body = der.sequence(
            der.integer(1), der.set_of(_algorithm(digest)),
            der.sequence(der.oid(kind.dotted()), der.context(0, value.content)),
            der.context(0, b"".join(item.whole for item in certificates.children())),
            der.set_of(_signer(signer, certificates))
        )
        written = der.sequence(der.oid(SIGNED_DATA), der.context(0, body))
    except SignatureError:
        raise
    except (der.DerError, IndexError, ValueError) as error:
        raise SignatureError("its signature is damaged (%s)" % error) from None
    if written != data:
        raise SignatureError("its signature is not written as DER and PKCS #7 have it")


def exact_pe(data):
    """The certificate table of a PE file: one entry, PKCS #7, padded with zeros."""
    table = authenticode.certificate_table(data)
    if len(table) < 8:
        raise SignatureError("it has no signature")
    length, revision, kind = struct.unpack_from("<IHH", table)
    if (length, revision, kind) != (len(table), 0x0200, 2) or len(table) % 8:
        raise SignatureError("its certificate table is damaged")
    try:
        signature = der.first(table[8:]).whole
    except der.DerError as error:
        raise SignatureError("its signature is damaged (%s)" % error) from None
    padding = table[8 + len(signature) :]
    if len(padding) >= 8 or any(padding):
        raise SignatureError("something stands behind its signature")
    exact(signature)
