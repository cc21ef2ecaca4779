# SPDX-License-Identifier: MIT
"""
The Windows volume of a disk image (qcow2, raw, vmdk, vdi, vhdx: what QEMU reads), as a directory.

    with mounted(image, writable) as root: ...

QEMU's storage daemon shows the partition as a file (FUSE), locked as a running machine locks it, and
ntfs-3g mounts that file. No kernel module, and nothing of the image is copied.
"""
import contextlib
import fcntl
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time

from problem import Problem, last_line, run

SECTOR = 512
START_SECONDS = 20


def _expect_tools():
    for tool in ("qemu-storage-daemon", "qemu-img", "ntfs-3g"):
        if not shutil.which(tool):
            raise Problem("%s is not installed; as root, run tools/packages inject; or mount the Windows "
                          "volume yourself and give its directory" % tool)  # fmt: skip
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise Problem("/dev/fuse cannot be opened: run this as root, or mount the Windows volume yourself "
                      "and give its directory")  # fmt: skip


def _format(image):
    """What QEMU takes the image for; Problem if it is in use or no image."""
    try:
        with open(image, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Problem("%s is in use by another program; nothing was changed" % image) from None
    except OSError as error:
        raise Problem("%s cannot be read: %s" % (image, error.strerror.lower())) from None
    try:
        return json.loads(run("qemu-img", "info", "--output=json", "--", image))["format"]
    except subprocess.CalledProcessError as error:
        raise _failed(image, (error.stderr or b"").decode(errors="replace")) from None


def _failed(image, said):
    if "lock" in said:
        return Problem("%s is in use: shut the virtual machine down first; nothing was changed" % image)
    lines = said.strip().splitlines() or ["it ended at once"]
    return Problem("%s cannot be opened: %s" % (image, lines[-1]))


@contextlib.contextmanager
def _exported(image, kind, writable, folder, part=None):
    """A file that is the disk, or (offset, size) of it."""
    path = os.path.join(folder, "part" if part else "disk")
    open(path, "w").close()
    mode = "read-only=%s" % ("off" if writable else "on")
    name = image.replace(",", ",,")
    command = ["qemu-storage-daemon",
               "--blockdev", "driver=file,node-name=file,filename=%s,%s" % (name, mode),
               "--blockdev", "driver=%s,node-name=disk,file=file,%s" % (kind, mode)]  # fmt: skip
    if part:
        command += ["--blockdev", "driver=raw,node-name=part,file=disk,offset=%d,size=%d,%s" % (*part, mode)]
    command += ["--export", "type=fuse,id=export,node-name=%s,mountpoint=%s,writable=%s" % (
        "part" if part else "disk", path.replace(",", ",,"), "on" if writable else "off")]  # fmt: skip
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
    try:
        until = time.monotonic() + START_SECONDS
        while os.path.getsize(path) == 0:
            if daemon.poll() is not None:
                raise _failed(image, daemon.stderr.read().decode(errors="replace"))
            if time.monotonic() > until:
                raise Problem("%s: qemu-storage-daemon did not show it" % image)
            time.sleep(0.05)
        yield path
    finally:
        # Its end flushes what was written.
        daemon.terminate()
        daemon.wait()
        daemon.stderr.close()


@contextlib.contextmanager
def _ntfs(image, path, folder, writable):
    root = os.path.join(folder, "windows")
    os.makedirs(root, exist_ok=True)
    options = "norecover,nodev,nosuid,noexec,%s" % ("rw" if writable else "ro")
    try:
        run("ntfs-3g", "-o", options, path, root, env=dict(os.environ, LC_ALL="C"))
    except subprocess.CalledProcessError as error:
        raise Problem("%s: its volume cannot be mounted: %s; nothing was changed"
                      % (image, last_line(error))) from None  # fmt: skip
    try:
        if writable and not os.access(root, os.W_OK):
            raise Problem("%s: its volume can only be read (hibernated, or not shut down cleanly): start "
                          "Windows and shut it down; nothing was changed" % image)  # fmt: skip
        yield root
    finally:
        for _ in range(50):
            if subprocess.run(["umount", root], stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.1)


def _ntfs_parts(file):
    """(offset, size) of each NTFS volume: of an MBR, a GPT, or a disk without a partition table."""
    file.seek(0, os.SEEK_END)
    size = file.tell()

    def at(offset, length):
        file.seek(offset)
        return file.read(length)

    boot, parts = at(0, SECTOR), []
    if boot[3:11] == b"NTFS    ":
        return [(0, size)]
    if boot[510:512] == b"\x55\xaa":
        for place in range(446, 510, 16):
            start, count = struct.unpack_from("<II", boot, place + 8)
            if boot[place + 4] and count:
                parts.append((start * SECTOR, count * SECTOR))
    header = at(SECTOR, SECTOR)
    if header[:8] == b"EFI PART":
        parts = []
        table, count, length = struct.unpack_from("<QII", header, 72)
        for number in range(min(count, 1024) if 128 <= length <= 4096 else 0):
            entry = at(table * SECTOR + number * length, 128)
            if len(entry) == 128 and any(entry[:16]):
                first, last = struct.unpack_from("<QQ", entry, 32)
                parts.append((first * SECTOR, (last - first + 1) * SECTOR))
    return [(start, count) for start, count in parts
            if start + count <= size and at(start, SECTOR)[3:11] == b"NTFS    "]  # fmt: skip


@contextlib.contextmanager
def mounted(image, writable, has_windows):
    """The directory where the image's Windows volume is. has_windows(directory) knows it."""
    _expect_tools()
    kind = _format(image)
    with tempfile.TemporaryDirectory(prefix="aerovnet-inject.") as folder, contextlib.ExitStack() as stack:
        with _exported(image, kind, False, folder) as path, open(path, "rb") as file:
            parts = _ntfs_parts(file)
        for part in parts:
            with _exported(image, kind, False, folder, part) as path:
                with _ntfs(image, path, folder, False) as root:
                    found = has_windows(root)
            if found:
                break
        else:
            raise Problem("%s has no volume with Windows on it (%d NTFS volumes); nothing was changed"
                          % (image, len(parts)))  # fmt: skip
        path = stack.enter_context(_exported(image, kind, writable, folder, part))
        yield stack.enter_context(_ntfs(image, path, folder, writable))
