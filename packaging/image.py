# SPDX-License-Identifier: MIT
"""
The driver disk: a folder of files as ISO 9660 + Joliet, and as a floppy of 1.44 MB.

Same files and same date give the same bytes: every time in the images is the date that is given.
"""
import os
import subprocess

from problem import Problem, last_line, run

LABEL = "AEROVNET"


def set_dates(folder, seconds):
    for parent, _, files in os.walk(folder):
        for name in files:
            os.utime(os.path.join(parent, name), (seconds, seconds))
        os.utime(parent, (seconds, seconds))


def _environment(seconds):
    return dict(
        os.environ, SOURCE_DATE_EPOCH=str(seconds), TZ="UTC", LC_ALL="C", MTOOLS_SKIP_CHECK="1"
    )


def make_iso(folder, target, seconds):
    """Joliet carries the names for Windows, Rock Ridge for Linux."""
    set_dates(folder, seconds)
    try:
        run(
            "xorriso", "-report_about", "WARNING", "-as", "mkisofs", "-J", "-r", "-V", LABEL,
            "-sysid", "", "-A", LABEL, "-o", target, folder, env=_environment(seconds)
        )
    except subprocess.CalledProcessError as error:
        raise Problem("xorriso made no ISO: " + last_line(error)) from None


def make_floppy(folder, target, seconds):
    set_dates(folder, seconds)
    environment = _environment(seconds)
    serial = "%08x" % (seconds & 0xFFFFFFFF)
    try:
        run(
            "mformat", "-C", "-f", "1440", "-N", serial, "-v", LABEL, "-i", target, "::",
            env=environment
        )
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        run("mcopy", "-m", "-s", "-Q", "-i", target, *paths, "::/", env=environment)
    except subprocess.CalledProcessError as error:
        raise Problem("mtools made no floppy image: " + last_line(error)) from None
