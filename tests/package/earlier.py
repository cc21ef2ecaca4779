# SPDX-License-Identifier: MIT
"""
Driver disks of earlier builds, which the one of this tree has to upgrade.

    for earlier in builds(): ...   each has name, version, disk (an unpacked driver disk), and tree: the sources
                                   of a release, or None

One is made here: this tree's drivers with the build number 1. The others are the releases: of each tag vX.Y.Z that
this history has, the driver disk is built once, below out/releases.
"""
import os
import shutil
from collections import namedtuple

from lines import ARCHITECTURES, DRIVERS, call, read, scratch, succeed, write

import version

RELEASES = "out/releases"

Earlier = namedtuple("Earlier", "name version disk tree")


def _unpacked(iso):
    disk = scratch("disk")
    succeed("7z", "x", "-y", "-tiso", "-o" + disk, iso)
    succeed("chmod", "-R", "u+w", disk)
    return disk


def _first_build():
    built, out = scratch("earlier"), scratch("out")
    for arch in ARCHITECTURES:
        os.makedirs(built + "/" + arch)
        for driver in DRIVERS:
            data = bytearray(read("out/%s/%s.sys" % (arch, driver)))
            at = data.index(version._FIXED_INFO) + 12
            data[at : at + 2] = b"\1\0"
            write("%s/%s/%s.sys" % (built, arch, driver), bytes(data))
    succeed("packaging/make-package", "--drivers", built, "--out", out, "--signing", "out/signing")
    return Earlier("build 1", "1.0.0.1", _unpacked(out + "/aerovnet.iso"), None)


def tags():
    """Of the releases before this commit; none without git or in a shallow clone."""
    done = call("git", "tag", "--list", "v[0-9]*", "--merged", "HEAD", "--no-contains", "HEAD", "--sort", "v:refname")
    return done.stdout.split()


def _release(tag):
    place = os.path.abspath(os.path.join(RELEASES, tag))
    if not os.path.exists(place):
        new = place + ".new"
        shutil.rmtree(new, ignore_errors=True)
        os.makedirs(new)
        succeed("git", "archive", "-o", new + "/sources.tar", tag)
        succeed("tar", "-x", "-f", new + "/sources.tar", "-C", new)
        os.rename(new, place)
    if not os.path.exists(place + "/out/aerovnet.iso"):
        # Its own number, which an archive holds in packaging/recorded-build, and its own test certificate.
        own = ("AEROVNET_BUILD", "SOURCE_DATE_EPOCH", "MAKEFLAGS")
        environment = {name: value for name, value in os.environ.items() if name not in own}
        succeed("make", "-s", "-C", place, "package", env=environment)
    driver = place + "/out/x64/aerovnet.sys"
    return Earlier(tag, version.read_version(read(driver), driver), _unpacked(place + "/out/aerovnet.iso"), place)


def builds():
    yield _first_build()
    for tag in tags():
        yield _release(tag)
