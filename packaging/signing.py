# SPDX-License-Identifier: MIT
"""
Signs drivers twice: SHA-1, which every Windows 7 knows, and SHA-256 nested in it. Signs catalogs
once, SHA-1: a second signature of a catalog is not supported by Windows' tools, and damages it
(github.com/dotnet/emsdk/pull/190).

Signer(certificate, key, ...) checks both at once, so that nothing is begun with what cannot be
used; sign_pe() and sign_catalog() then take an unsigned file to a signed one. The work is
osslsigncode's. test_certificate() gives the project's own certificate, making it the first time.
"""
import base64
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

import catalog
import der
from problem import Problem, last_line, read_file, run

SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"

# SHA-1 of Microsoft's roots that lead to a kernel of Windows: Root Authority, Root Certificate Authority and that
# of 2010. docs/signing.md has the sources, and says why two others are not among them.
MICROSOFT_ROOTS = {
    "A43489159A520F0D93D032CCAF37E7FE20A8B419",
    "CDD4EEAE6000AC7F40C3802C171E30148030C072",
    "3B1EFD3A66EA28B16697394703A72CA340A05BD5",
}

TEST_NAME = "aerovnet test certificate"
TEST_YEARS = 10

# The self-signature is SHA-1 for the sake of a Windows 7 that knows nothing else. CA:FALSE: whoever
# trusts it as a root has trusted these signatures, and no certificate that it might issue.
_CA_CONFIGURATION = """
[ca]
default_ca = test
[test]
database = {dir}/index
serial = {dir}/serial
new_certs_dir = {dir}
rand_serial = yes
default_md = sha1
policy = any
x509_extensions = signing
[any]
commonName = supplied
[signing]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, codeSigning
subjectKeyIdentifier = hash
"""


def _make_test_certificate(directory):
    with open(os.path.join(directory, "ca.cnf"), "w") as file:
        file.write(_CA_CONFIGURATION.format(dir=directory))
    open(os.path.join(directory, "index"), "w").close()
    path = {name: os.path.join(directory, name) for name in ("key.pem", "request.pem", "cert.pem")}
    made = ["-keyout", path["key.pem"], "-out", path["request.pem"]]
    run(*"openssl req -new -newkey rsa:2048 -nodes -subj".split(), "/CN=" + TEST_NAME, *made)
    os.chmod(path["key.pem"], 0o600)
    # A virtual machine's clock may be a day behind: its time zone is taken for UTC, or UTC for it.
    dates = ["date", "-u", "+%Y%m%d%H%M%SZ", "-d"]
    start = run(*dates, "2 days ago").decode().strip()
    end = run(*dates, "%d years" % TEST_YEARS).decode().strip()
    made = ["-in", path["request.pem"], "-out", path["cert.pem"], "-startdate", start]
    keyed = ["-config", os.path.join(directory, "ca.cnf"), "-keyfile", path["key.pem"]]
    run(*"openssl ca -batch -notext -selfsign".split(), *keyed, *made, "-enddate", end)


def test_certificate(directory):
    """Paths of the test certificate and its key in directory, made if it is not there."""
    paths = os.path.join(directory, "test-cert.pem"), os.path.join(directory, "test-key.pem")
    there = [os.path.exists(path) for path in paths]
    if all(there):
        return paths
    if any(there):
        raise Problem(
            "%s holds a certificate without key, or the reverse: remove it, and a new "
            "test certificate is made" % directory
        )
    os.makedirs(directory, mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        try:
            _make_test_certificate(scratch)
        except subprocess.CalledProcessError as error:
            raise Problem("OpenSSL made no test certificate: " + last_line(error)) from None
        os.rename(os.path.join(scratch, "key.pem"), paths[1])
        os.rename(os.path.join(scratch, "cert.pem"), paths[0])
    return paths


def _openssl(*arguments):
    """What OpenSSL prints, or None if it fails."""
    try:
        return run("openssl", *arguments).decode(errors="replace")
    except subprocess.CalledProcessError:
        return None


class Signer:
    """
    certificate: PEM (with the chain after it) or DER; key: PEM; timestamp: URL of an RFC 3161
    server or None; roots: PEM of more roots that the check of the result trusts; seconds: the
    signing time.
    """

    def __init__(self, certificate, key, timestamp=None, roots=None, seconds=0):
        self.key, self.timestamp, self.seconds = key, timestamp, seconds
        self.pem = self._read_certificate(certificate)
        self._check_certificate(certificate)
        self._check_key(certificate, key)
        self._scratch = tempfile.TemporaryDirectory()
        self.certificate = os.path.join(self._scratch.name, "cert.pem")
        self.roots = os.path.join(self._scratch.name, "roots.pem")
        with open(self.certificate, "wb") as file:
            file.write(self.pem)
        with open(self.roots, "wb") as file:
            file.write(self.pem + (read_file(roots) if roots else b""))
            if os.path.exists(SYSTEM_ROOTS):
                file.write(read_file(SYSTEM_ROOTS))
        self._check_chain(certificate)

    def close(self):
        self._scratch.cleanup()

    def _read_certificate(self, path):
        """
        The certificate as PEM; what is neither PEM nor DER shows when it is first asked for dates.
        """
        data = read_file(path)
        if b"-----BEGIN CERTIFICATE-----" not in data:
            data = (_openssl("x509", "-inform", "DER", "-in", path) or "").encode()
        return data

    def _fact(self, *arguments):
        try:
            return subprocess.run(
                ["openssl", "x509", *arguments], input=self.pem, check=True, capture_output=True
            ).stdout
        except subprocess.CalledProcessError:
            return None

    def der(self):
        return self._fact("-outform", "DER")

    def thumbprint(self):
        """SHA-1 of the certificate, 40 hexadecimal digits: certutil's name of it."""
        return (
            self._fact("-noout", "-fingerprint", "-sha1")
            .decode()
            .split("=")[1]
            .strip()
            .replace(":", "")
        )

    def leads_to_microsoft(self):
        """
        Whether 64-bit Windows 7 loads a driver with these signatures while test signing is off: the
        chain in the certificate's file leads to a root of Microsoft that is in the file too. Two of the
        roots have ended; Windows takes time-stamped signatures of theirs nevertheless.
        """
        blocks = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", self.pem, re.S)
        subjects = {}  # its issuer and its thumbprint
        for block in reversed(blocks):
            names = subprocess.run(
                ["openssl", "x509", "-noout", "-subject_hash", "-issuer_hash"], input=block, check=True, capture_output=True
            ).stdout.split()
            data = base64.b64decode(b"".join(block.splitlines()[1:-1]))
            subjects[names[0]] = names[1], hashlib.sha1(data).hexdigest().upper()
        # By names alone: a chain that only looks right signs nothing that Windows takes.
        name = names[0]
        while name in subjects:
            issuer, thumbprint = subjects.pop(name)
            if thumbprint in MICROSOFT_ROOTS:
                return True
            name = issuer
        return False

    def _check_certificate(self, path):
        dates = self._fact("-noout", "-startdate", "-enddate")
        if dates is None:
            raise Problem("%s is not a certificate, neither PEM nor DER" % path)
        start, end = [line.split("=", 1)[1] for line in dates.decode().split("\n")[:2]]
        if self._fact("-noout", "-checkend", "0") is None:
            raise Problem(
                "the certificate %s has expired (%s): use one that is valid; without CERT "
                "and KEY the test certificate signs" % (path, end)
            )
        now = int(run("date", "+%s"))
        if int(run("date", "+%s", "-d", start)) > now:
            raise Problem(
                "the certificate %s is not valid before %s: check this machine's clock"
                % (path, start)
            )
        uses = (self._fact("-noout", "-ext", "extendedKeyUsage") or b"").decode()
        if "Code Signing" not in uses:
            raise Problem(
                "the certificate %s is not for code signing (extended key usage): Windows "
                "would not accept its signatures" % path
            )

        # The kernel of Windows 7 verifies RSA signatures and no others.
        if b"Public Key Algorithm: rsaEncryption" not in self._fact("-noout", "-text"):
            raise Problem("%s has no RSA key: Windows 7 loads no driver by it" % path)

    def _check_chain(self, path):
        """The result can only be verified if the chain ends at a root that is known here."""
        trust = ["-auth_level", "0", "-CAfile", self.roots, "-untrusted", self.certificate]
        try:
            run("openssl", "verify", "-purpose", "any", *trust, self.certificate)
        except subprocess.CalledProcessError as error:
            found = re.search(rb"error \d+ at \d+ depth lookup: *(.*)", error.stderr + error.stdout)
            why = found.group(1).decode() if found else last_line(error)
            raise Problem(
                "the certificate %s leads to no root that is known here (%s): put its chain after "
                "it in the file, or give the root (make package ROOTS=root.pem)" % (path, why)
            ) from None

    def _check_key(self, certificate, key):
        read_file(key)
        public = _openssl("pkey", "-in", key, "-pubout", "-passin", "pass:")
        if public is None:
            raise Problem(
                "%s is not a private key in PEM that can be used without a pass phrase" % key
            )
        if public.encode() != self._fact("-noout", "-pubkey"):
            raise Problem("%s is not the key of the certificate %s" % (key, certificate))

    def _sign(self, source, target, digest, *more):
        command = [
            "osslsigncode", "sign", "-h", digest, "-certs", self.certificate, "-key", self.key,
            "-time", str(self.seconds), *more
        ]
        if self.timestamp:
            command += ["-ts", self.timestamp]
        try:
            run(*command, "-in", source, "-out", target)
        except subprocess.CalledProcessError as error:
            what = "%s could not be signed" % os.path.basename(source)
            if self.timestamp:
                what += " and timestamped by " + self.timestamp
            raise Problem("%s: %s" % (what, last_line(error))) from None

    def sign_pe(self, source, target):
        with tempfile.TemporaryDirectory() as scratch:
            once, twice = os.path.join(scratch, "sha1.sys"), os.path.join(scratch, "sha256.sys")
            self._sign(source, once, "sha1")
            self._sign(once, twice, "sha256", "-nest")
            shutil.copyfile(twice, target)

    def sign_catalog(self, ctl, target):
        """ctl: what catalog.make() gave."""
        with tempfile.TemporaryDirectory() as scratch:
            plain, signed = os.path.join(scratch, "unsigned.cat"), os.path.join(scratch, "sha1.cat")
            with open(plain, "wb") as file:
                file.write(_unsigned_catalog(ctl))
            self._sign(plain, signed, "sha1")
            shutil.copyfile(signed, target)


def _unsigned_catalog(ctl):
    inner = der.sequence(der.oid(catalog.CTL), der.context(0, ctl))
    signed = der.sequence(der.integer(1), der.set_of(), inner, der.set_of())
    return der.sequence(der.oid(catalog.SIGNED_DATA), der.context(0, signed))
