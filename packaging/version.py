# SPDX-License-Identifier: MIT
"""
Which version this tree builds: three numbers from aerovnet_version.h and a build number.

The build number grows by one with each commit. Windows and install.cmd know the newer of two packages by it,
even if both were made on one day. A driver carries the whole version in its resource;
read_version() reads it there, and the package takes it from the driver.
"""
import os
import re
import struct
import subprocess

from problem import Problem, read_file, run

ROOT = os.path.relpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
HEADER = os.path.join(ROOT, "drivers", "windows7", "virtio-net", "include", "aerovnet_version.h")
# Committed at each release; a source archive of `make release` holds the number of its own commit.
RECORDED = os.path.join(ROOT, "packaging", "recorded-build")
# Each of the four numbers has 16 bits in the resource and in DriverVer.
LARGEST = 0xFFFF

_FIXED_INFO = struct.pack("<II", 0xFEEF04BD, 0x00010000)


def numbers():
    """The three numbers that a person chooses, as [1, 0, 0]."""
    text = read_file(HEADER).decode()
    found = [re.search(r"AEROVNET_VERSION_%s\s+(\d+)" % part, text) for part in ("MAJOR", "MINOR", "PATCH")]
    if not all(found):
        raise Problem("%s does not define MAJOR, MINOR and PATCH" % HEADER)
    return [int(number.group(1)) for number in found]


def _git(*arguments):
    """The first line that git prints about this tree; None without git or outside of a checkout."""
    try:
        return run("git", "-C", ROOT, *arguments).decode().strip()
    except (subprocess.CalledProcessError, Problem):
        return None


def _in_checkout():
    """Whether this tree is a checkout of its own, not an archive that lies inside another one."""
    top = _git("rev-parse", "--show-toplevel")
    return bool(top) and os.path.realpath(top) == os.path.realpath(ROOT)


def _recorded():
    """The build number and the date (seconds since 1970) in RECORDED."""
    words = read_file(RECORDED).decode(errors="replace").split()
    if len(words) != 2 or not all(word.isdigit() for word in words):
        raise Problem("%s holds '%s', not a build number and a date" % (RECORDED, " ".join(words)))
    return int(words[0]), int(words[1])


def build_number():
    """
    AEROVNET_BUILD from the environment; else the number of commits; else, without the whole history
    (an archive, a shallow clone), the number that packaging/recorded-build holds.
    """
    given = os.environ.get("AEROVNET_BUILD")
    if given:
        if not given.isdigit() or int(given) > LARGEST:
            raise Problem("AEROVNET_BUILD is '%s', not a number from 0 to %d" % (given, LARGEST))
        return int(given)
    if _in_checkout() and _git("rev-parse", "--is-shallow-repository") == "false":
        count = _git("rev-list", "--count", "HEAD")
        if count:
            return int(count)
    return _recorded()[0]


def source_date():
    """SOURCE_DATE_EPOCH; else the date of the commit; else the one in packaging/recorded-build."""
    date = os.environ.get("SOURCE_DATE_EPOCH")
    if date is not None:
        if not date.isdigit():
            raise Problem("SOURCE_DATE_EPOCH is '%s', not a number of seconds since 1970" % date)
        return int(date)
    if _in_checkout():
        date = _git("log", "-1", "--format=%ct")
        if date:
            return int(date)
    return _recorded()[1]


def read_version(data, name):
    """The four numbers of a driver's version resource, as '1.0.0.290'."""
    at = data.find(_FIXED_INFO)
    if at < 0 or len(data) < at + 16:
        raise Problem("%s has no version resource; build it again (make driver)" % name)
    high, low = struct.unpack_from("<II", data, at + 8)
    return "%d.%d.%d.%d" % (high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF)
