# SPDX-License-Identifier: MIT
"""
The Windows volume of a disk image (qcow2, raw, vmdk, vdi, vhdx, vpc) or a block device, as a directory.

    image = Image(path)
    with mounted(image, writable, has_windows) as root: ...

QEMU's storage daemon shows the partition as a file (FUSE), locked as a running machine locks it, and
ntfs-3g mounts that file. No kernel module, and nothing of the image is copied.
"""
import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import stat
import struct
import subprocess
import tempfile
import time

import interrupt
from other_files import other_files, refusal
from problem import Problem, last_line, run

SECTORS = (512, 4096)
START_SECONDS = 20
FORMATS = ("qcow2", "raw", "vmdk", "vdi", "vhdx", "vpc")
# VMDKs that QEMU reads and does not write.
READ_ONLY_VMDK = ("streamOptimized", "seSparse")
EXTENDED, DYNAMIC = (0x05, 0x0F, 0x85), 0x42
MOUNT_YOURSELF = "mount the Windows volume yourself with ntfs-3g and give its directory"


def _expect_tools():
    for tool in ("qemu-storage-daemon", "qemu-img", "ntfs-3g"):
        if not shutil.which(tool):
            raise Problem("%s is not installed; as root, run tools/packages inject; or %s" % (tool, MOUNT_YOURSELF))
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise Problem("/dev/fuse cannot be opened: run this as root, or " + MOUNT_YOURSELF)


class Image:
    """A disk image or block device that may be written to; else a Problem that says why not.

    kind: its format, as QEMU calls it; probed unless it is given. A probed format may name no other file
    (other_files.py)."""

    def __init__(self, path, kind=None):
        self.path, self.name = os.path.abspath(path), path
        self._expect_writable()
        info = self._info(kind)
        self.kind = info.get("format")
        more = info.get("format-specific", {}).get("data", {})
        if self.kind == "luks" or info.get("encrypted"):
            raise self.problem("is encrypted (LUKS); open it with cryptsetup and " + MOUNT_YOURSELF)
        if self.kind not in FORMATS:
            raise self.problem("has the format %s; this tool writes to %s" % (self.kind, ", ".join(FORMATS)))
        if more.get("create-type") in READ_ONLY_VMDK:
            raise self.problem("is a VMDK of the kind %s, which cannot be changed; convert it: qemu-img convert -O qcow2"
                               % more["create-type"])  # fmt: skip
        if more.get("corrupt"):
            raise self.problem("is marked as damaged; see 'qemu-img check'")
        others = other_files(info, self.path)
        if others and not kind:
            raise self.problem(refusal(self.kind, others))

    def problem(self, why):
        return Problem("%s %s; nothing was changed" % (self.name, why))

    def _expect_writable(self):
        try:
            mode = os.stat(self.path).st_mode
            self.device = stat.S_ISBLK(mode)
            if not self.device and not stat.S_ISREG(mode):
                raise self.problem("is neither a file nor a block device")
            # O_EXCL: of a block device, whether this machine has it mounted or in a volume group.
            descriptor = os.open(self.path, os.O_RDWR | (os.O_EXCL if self.device else 0))
        except OSError as error:
            raise self.problem({
                errno.EBUSY: "is in use by this machine: unmount it, or deactivate what lies on it",
                errno.EPERM: "cannot be written: it is immutable (chattr -i FILE changes that)",
                errno.EROFS: "cannot be written: it lies on a file system that is mounted read-only",
                errno.ETXTBSY: "cannot be written: it is in use as a program or as swap space",
            }.get(error.errno, "cannot be written: " + error.strerror.lower())) from None  # fmt: skip
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise self.problem("is in use by another program") from None
        finally:
            os.close(descriptor)

    def protocol(self):
        return "host_device" if self.device else "file"

    def _info(self, kind):
        # An absolute path: QEMU takes "nbd:..." for something else than a file.
        command = ["qemu-img", "info", "--output=json"] + (["-f", kind] if kind else []) + ["--", self.path]
        try:
            return json.loads(run(*command, env=dict(os.environ, LC_ALL="C")))
        except subprocess.CalledProcessError as error:
            raise self.failed((error.stderr or b"").decode(errors="replace")) from None

    def failed(self, said):
        """The Problem for what a program of QEMU's said."""
        if re.search(r"Failed to (get .* lock|lock byte)", said):
            return self.problem("is in use: shut the virtual machine down first")
        lines = [re.sub(r"^qemu-[a-z-]+: (--blockdev \S+: )?", "", line) for line in said.strip().splitlines()]
        return self.problem("cannot be opened: %s" % (lines[-1] if lines else "QEMU gave no reason"))

    def free(self):
        """Bytes by which the image may grow; None where that is not known."""
        return None if self.device else shutil.disk_usage(os.path.dirname(self.path)).free


@contextlib.contextmanager
def _exported(image, writable, folder, part=None):
    """A file that is the disk, or (offset, size) of it."""
    path = os.path.join(folder, "part" if part else "disk")
    open(path, "w").close()
    mode = "read-only=%s" % ("off" if writable else "on")
    name = image.path.replace(",", ",,")
    command = ["qemu-storage-daemon",
               "--blockdev", "driver=%s,node-name=file,filename=%s,%s" % (image.protocol(), name, mode),
               "--blockdev", "driver=%s,node-name=disk,file=file,%s" % (image.kind, mode)]  # fmt: skip
    if part:
        command += ["--blockdev", "driver=raw,node-name=part,file=disk,offset=%d,size=%d,%s" % (*part, mode)]
    command += ["--export", "type=fuse,id=export,node-name=%s,mountpoint=%s,writable=%s" % (
        "part" if part else "disk", path.replace(",", ",,"), "on" if writable else "off")]  # fmt: skip
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, start_new_session=True,
                              env=dict(os.environ, LC_ALL="C"))  # fmt: skip
    try:
        until = time.monotonic() + START_SECONDS
        while os.path.getsize(path) == 0:
            interrupt.check()
            if daemon.poll() is not None:
                raise image.failed(daemon.stderr.read().decode(errors="replace"))
            if time.monotonic() > until:
                raise image.problem("was not shown by qemu-storage-daemon within %d s" % START_SECONDS)
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
        raise image.problem("has a volume that cannot be mounted: %s" % last_line(error)) from None
    try:
        if writable and not os.access(root, os.W_OK):
            raise image.problem("has a volume that can only be read (hibernated, or not shut down cleanly): start "
                                "Windows and shut it down")  # fmt: skip
        yield root
    finally:
        for _ in range(50):
            if subprocess.run(["umount", root], stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.1)


def _logical(at, first, sector):
    """(offset, size) of each logical partition. Each extended boot record has one and leads to the next;
    that place is counted from the first of them."""
    parts, place, seen = [], first, set()
    while place not in seen and len(seen) < 128:
        seen.add(place)
        record = at(place * sector, 512)
        if record[510:] != b"\x55\xaa":
            break
        following = None
        for entry in (446, 462):
            start, count = struct.unpack_from("<II", record, entry + 8)
            if record[entry + 4] in EXTENDED and count:
                following = first + start
            elif record[entry + 4] and count:
                parts.append(((place + start) * sector, count * sector))
        if following is None:
            break
        place = following
    return parts


def _guid_parts(at, sector):
    header = at(sector, 512)
    if header[:8] != b"EFI PART" or len(header) < 512:
        return None
    parts = []
    table, count, length = struct.unpack_from("<QII", header, 72)
    for number in range(min(count, 1024) if 128 <= length <= 4096 else 0):
        entry = at(table * sector + number * length, 128)
        if len(entry) == 128 and any(entry[:16]):
            first, last = struct.unpack_from("<QQ", entry, 32)
            parts.append((first * sector, (last - first + 1) * sector))
    return parts


def _volumes(file):
    """(parts, hint): (offset, size) of each NTFS volume, of an MBR with its logical partitions, a GPT, or
    a disk without a partition table; and what else explains that Windows is not found, or None."""
    file.seek(0, os.SEEK_END)
    size, hint = file.tell(), None

    def at(offset, length):
        if offset >= size:
            return b""
        file.seek(offset)
        return file.read(length)

    boot = at(0, 512)
    if boot[3:11] == b"NTFS    ":
        return [(0, size)], None
    for sector in SECTORS:
        parts = _guid_parts(at, sector)
        if parts is not None:
            break
    if parts is None:
        parts = []
        for place in range(446, 510, 16) if boot[510:512] == b"\x55\xaa" else ():
            start, count = struct.unpack_from("<II", boot, place + 8)
            if boot[place + 4] == DYNAMIC:
                hint = "it is a dynamic disk"
            if boot[place + 4] in EXTENDED and count:
                parts += _logical(at, start, SECTORS[0])
            elif boot[place + 4] and count:
                parts.append((start * SECTORS[0], count * SECTORS[0]))
    found = []
    for start, count in parts:
        mark = at(start, 512)[3:11]
        if mark == b"-FVE-FS-":
            hint = "a volume is encrypted with BitLocker"
        if mark == b"NTFS    " and 0 < count and start + count <= size and (start, count) not in found:
            found.append((start, count))
    return found, hint


@contextlib.contextmanager
def mounted(image, writable, has_windows):
    """The directory where the image's Windows volume is. has_windows(directory) knows it."""
    _expect_tools()
    with tempfile.TemporaryDirectory(prefix="aerovnet-inject.") as folder, contextlib.ExitStack() as stack:
        with _exported(image, False, folder) as path, open(path, "rb") as file:
            parts, hint = _volumes(file)
        found, refused = [], None
        for part in parts:
            try:
                with _exported(image, False, folder, part) as path, _ntfs(image, path, folder, False) as root:
                    if has_windows(root):
                        found.append(part)
            except Problem as problem:
                refused = refused or problem
        if refused and not found:
            raise refused
        if not found:
            raise image.problem("has no volume with Windows on it (%s)" % (
                hint + ": " + MOUNT_YOURSELF if hint else "%d NTFS volumes" % len(parts)))  # fmt: skip
        if len(found) > 1:
            raise image.problem("has Windows on %d volumes; %s" % (len(found), MOUNT_YOURSELF))
        path = stack.enter_context(_exported(image, writable, folder, found[0]))
        yield stack.enter_context(_ntfs(image, path, folder, writable))
