# SPDX-License-Identifier: MIT
"""The files that a disk image names as parts of itself: the base of a snapshot, a data file, extents.

A guest can write such a header into its raw disk, and name a file of this machine. So an image whose format
was found out, and not given by a person, may name none.
"""
import os


def other_files(info, path):
    """info: what `qemu-img info --output=json` said of the image at `path`."""
    more = info.get("format-specific", {}).get("data", {})
    others = [info.get("full-backing-filename"), info.get("backing-filename"), more.get("data-file")]
    others += [extent.get("filename") for extent in more.get("extents", ())]
    return [other for other in others if other and os.path.abspath(other) != os.path.abspath(path)]


def refusal(kind, others):
    """Why such an image is refused, and what a person can do; the image's name belongs before it."""
    return (f"says that it is of the format {kind} and that {others[0]} is part of it; if that is so, "
            f"give --format {kind}; if it is a raw disk, --format raw")  # fmt: skip
