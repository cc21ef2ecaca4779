# SPDX-License-Identifier: MIT
"""
The driver disk that a tool is given, an ISO or a folder with its files, unpacked and checked.

    folder, names = package.opened(path, roots, scratch)    or a Problem that says what is wrong with it
    package.is_test_signed(names)
"""
import hashlib
import os
import re
import subprocess

import check
import disc_files
from problem import Problem, last_line, read_file, run

SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
CERTIFICATE = "aerovnet-test.cer"


def _expect_sums(folder):
    """The names of the package's files. Each is the one that SHA256SUMS lists, and none is missing."""
    names = ["SHA256SUMS"]
    for line in read_file(os.path.join(folder, "SHA256SUMS")).decode(errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        if not re.fullmatch(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*", name, re.A):
            raise Problem("the package's SHA256SUMS has a name that no file of it has: %r" % name[:80])
        names.append(name)
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            raise Problem("the package lacks %s; make it again (make package)" % name)
        if hashlib.sha256(read_file(path)).hexdigest() != digest:
            raise Problem("the package's %s is not what its SHA256SUMS lists; make it again (make package)" % name)
    return names


def is_test_signed(names):
    return CERTIFICATE in names


def opened(path, roots, scratch):
    """The folder of the driver disk and the names of its files. roots: a PEM file, or None; scratch: a
    folder for what is unpacked."""
    if not os.path.exists(path):
        raise Problem("%s is not there; 'make package' makes out/aerovnet.iso" % path)
    folder = path
    if not os.path.isdir(path):
        folder = os.path.join(scratch, "package")
        disc_files.listed(path, "iso")
        disc_files.unpack(path, "iso", folder)
    for name in ("install.cmd", "SHA256SUMS"):
        if not os.path.isfile(os.path.join(folder, name)):
            raise Problem("%s is not a driver disk: it has no %s" % (path, name))
    names = _expect_sums(folder)
    certificate = os.path.join(folder, CERTIFICATE)
    if not roots and os.path.exists(certificate):
        roots = os.path.join(scratch, "roots.pem")
        try:
            run("openssl", "x509", "-inform", "der", "-in", certificate, "-out", roots)
        except subprocess.CalledProcessError as error:
            raise Problem("%s is not a certificate: %s" % (certificate, last_line(error))) from None
    try:
        check.check(folder, roots or SYSTEM_ROOTS)
    except Problem as problem:
        # Not the folder where an ISO was unpacked, which is gone by then.
        raise Problem(str(problem).replace(folder, path)) from None
    return folder, names
