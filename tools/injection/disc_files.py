# SPDX-License-Identifier: MIT
"""
The files of an ISO image that somebody gave: listed and unpacked by 7z, as root perhaps. 7z makes links
where the image has some, and writes through them; so an image with a link, or with a name that leads
out of the folder, is not unpacked at all.

    entries = listed(iso, kind)             lower-case path to (path, size); kind: "udf" or "iso"
    unpack(iso, kind, folder, paths)        those paths, or all
"""
import os
import shutil
import stat
import subprocess

from problem import Problem, run


def _said_by_7z(error):
    """Its standard output is a listing: of a damaged disc, that of what it could read."""
    lines = [line.strip() for line in (error.stderr or b"").decode(errors="replace").splitlines()]
    return next((line for line in lines if line.startswith("ERROR")), "7z finds it damaged")


def _run(iso, *command):
    if not shutil.which("7z"):
        raise Problem("7z is not installed; as root, run tools/packages inject")
    try:
        return run("7z", *command, env=dict(os.environ, LC_ALL="C.UTF-8"))
    except subprocess.CalledProcessError as error:
        raise Problem("%s cannot be read: %s; nothing was changed" % (iso, _said_by_7z(error))) from None


def listed(iso, kind):
    text = _run(iso, "l", "-slt", "-ba", "-t" + kind, "--", os.path.abspath(iso)).decode(errors="replace")
    files, folders = {}, set()
    for block in text.split("\n\n"):
        entry = dict(line.partition(" = ")[::2] for line in block.splitlines())
        path = entry.get("Path")
        if path is None:
            continue
        parts = path.split("/")
        if entry.get("Symbolic Link") or path.startswith("/") or "\\" in path or ".." in parts or "" in parts:
            raise Problem("%s holds %r, a link or a name that leads out of it; nothing was changed" % (iso, path[:80]))
        if entry.get("Folder") == "+":
            folders.add(path.lower())
            continue
        if path.lower() in files:
            raise Problem("%s holds %r twice, in different case; nothing was changed" % (iso, path[:80]))
        size = entry.get("Size", "")
        files[path.lower()] = (path, int(size) if size.isascii() and size.isdigit() else 0)
    for path in files:
        if path in folders:
            raise Problem("%s holds %r as a file and as a folder; nothing was changed" % (iso, path[:80]))
    return files


def unpack(iso, kind, folder, paths=()):
    _run(iso, "x", "-y", "-t" + kind, "-o" + os.path.abspath(folder), "--", os.path.abspath(iso), *paths)
    for parent, folders, names in os.walk(folder):
        for name in folders + names:
            mode = os.lstat(os.path.join(parent, name)).st_mode
            if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
                raise Problem("%s holds %r, which is not a file; nothing was changed" % (iso, name[:80]))
