# SPDX-License-Identifier: MIT
"""
Whether a package directory is whole: every file there, listed by its catalog, signed, of its
architecture.

check() reads and changes nothing; the first thing that is wrong is a Problem that names it.
"""
import os
import re
import subprocess

import authenticode
import catalog
import signature
from inf import Inf
from problem import Problem, last_line, read_file, run

ARCHITECTURES = ("x64", "x86")
# The driver of the transitional device and the one of the modern device. A package has both.
DRIVERS = ("aerovnet", "aerovnetm")
AGAIN = "make the package again (make package)"


def refuse_unchecked(path, data):
    """A driver that `make bench` built without its checks of the device."""
    if b"AEROVNET_UNCHECKED" in data:
        raise Problem("%s was built without its checks of the device, to count what they cost; build it anew (make driver)" % path)


def _check_driver(path, data, architecture):
    refuse_unchecked(path, data)
    try:
        machine = authenticode.machine(data)
    except authenticode.PeError as error:
        raise Problem("%s is damaged, or no driver: %s; %s" % (path, error, AGAIN)) from None
    if machine != architecture:
        raise Problem(
            "%s is a driver for %s, and lies where the one for %s belongs"
            % (path, machine, architecture)
        )


def _read_folder(folder, driver, architecture):
    """
    What the architecture's folder holds of a driver: name to bytes, the catalog's name, the Inf.
    """
    if not os.path.isdir(folder):
        raise Problem("%s is not there: a package has the folders x64 and x86" % folder)
    names = os.listdir(folder)
    inf_name = driver + ".inf"
    if inf_name not in names:
        raise Problem("%s is missing in %s; %s" % (inf_name, folder, AGAIN))
    path = os.path.join(folder, inf_name)
    files = {inf_name: read_file(path)}
    inf = Inf(files[inf_name], path)
    if inf.architectures() != [architecture]:
        raise Problem("%s is not for %s alone; %s" % (path, architecture, AGAIN))
    for name in inf.files() + [inf.catalog()]:
        if name not in names:
            raise Problem("%s is missing in %s; %s" % (name, folder, AGAIN))
    for name in inf.files():
        files[name] = read_file(os.path.join(folder, name))
        if name.endswith(".sys"):
            _check_driver(os.path.join(folder, name), files[name], architecture)
    return files, inf.catalog(), inf


def _check_members(folder, files, listed, inf, architecture):
    for name, data in files.items():
        try:
            known = listed.lists(data)
        except authenticode.PeError as error:
            raise Problem("%s: %s" % (os.path.join(folder, name), error)) from None
        if not known:
            raise Problem(
                "%s is not the file that %s lists: one of the two was changed or is of another "
                "build; %s" % (os.path.join(folder, name), inf.catalog(), AGAIN)
            )
    if listed.attributes.get("OS") != catalog.OS_NAMES[architecture]:
        raise Problem(
            "%s is a catalog for %s, not for %s"
            % (
                os.path.join(folder, inf.catalog()),
                listed.attributes.get("OS"),
                catalog.OS_NAMES[architecture],
            )
        )


def _check_form(folder, files, catalog_name):
    """What verifying does not cover: the bytes around what is signed."""
    try:
        path = os.path.join(folder, catalog_name)
        signature.exact(read_file(path))
        for name in files:
            if name.endswith(".sys"):
                path = os.path.join(folder, name)
                signature.exact_pe(files[name])
    except signature.SignatureError as error:
        raise Problem("%s: %s; %s" % (path, error, AGAIN)) from None


def _why(error):
    """What is wrong with the chain, where osslsigncode says so. Its last line counts signatures."""
    found = re.search(r"^\s*Error: (.+)$", error.stdout.decode(errors="replace"), re.M)
    return found.group(1).strip() if found else last_line(error)


def _check_signatures(folder, drivers, catalog_name, roots):
    listing = os.path.join(folder, catalog_name)
    for driver in drivers:
        path = os.path.join(folder, driver)
        for what, more, count in (
            ("its own signatures (SHA-1 and SHA-256)", (), 2),
            ("the one of " + catalog_name, ("-catalog", listing), 1),
        ):
            try:
                said = run("osslsigncode", "verify", "-CAfile", roots, *more, "-in", path)
            except subprocess.CalledProcessError as error:
                raise Problem(
                    "%s: osslsigncode does not accept %s (%s); if another certificate signed the "
                    "package, give the root that it leads to (--roots root.pem), otherwise %s"
                    % (path, what, _why(error), AGAIN)
                ) from None
            good = said.count(b"\nSignature verification: ok")
            if good != count:
                raise Problem(
                    "%s: of %s, %d are in order, not %d; %s" % (path, what, good, count, AGAIN)
                )


def check(directory, roots=None):
    """roots: PEM of the trusted certificates; the package's own aerovnet-test.pem if not given."""
    if not os.path.isdir(directory):
        raise Problem("%s is not a directory; 'make package' makes out/package" % directory)
    if not roots:
        roots = os.path.join(directory, "aerovnet-test.pem")
        if not os.path.exists(roots):
            raise Problem(
                "%s is not there, so another certificate signed the package: give the root that it "
                "leads to (--roots root.pem)" % roots
            )
    read_file(roots)
    for architecture in ARCHITECTURES:
        for driver in DRIVERS:
            _check_driver_package(os.path.join(directory, architecture), driver, architecture, roots)


def _check_driver_package(folder, driver, architecture, roots):
    """INF, driver and catalog of one driver in one architecture's folder."""
    files, catalog_name, inf = _read_folder(folder, driver, architecture)
    path = os.path.join(folder, catalog_name)
    try:
        listed = catalog.parse(read_file(path))
    except catalog.CatalogError as error:
        raise Problem("%s is not a catalog: %s; %s" % (path, error, AGAIN)) from None
    _check_members(folder, files, listed, inf, architecture)
    _check_form(folder, files, catalog_name)
    signed = [name for name in files if name.endswith(".sys")]
    _check_signatures(folder, signed, catalog_name, roots)
