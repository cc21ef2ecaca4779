# SPDX-License-Identifier: MIT
"""
The files of a Windows volume that is mounted at a directory. Root reads and writes there what a guest
has prepared. So this follows no link, opens no special file, reads nothing without a limit, and leaves
the directory by no path.

    files = GuestFiles(root, name)         name: what a person calls the volume
    path = files.find("Windows/System32")  as the volume spells it; None if it is not there
    files.read(path, limit)
    files.descriptor(path)                 a Problem where the file system does not show them
    files.make_folder(path, descriptor), files.create(path, content, descriptor)
    files.replace(path, content)           keeps descriptor, attributes, short name and date of creation
    files.keep(path, backup, descriptor), files.restore(backup, path, descriptor)
"""
import ctypes
import os
import stat

from descriptor import Descriptor
from problem import Problem

# ntfs-3g's names (ntfs-3g(8), "extended attributes").
DESCRIPTOR = "system.ntfs_acl"
TIMES, SHORT_NAME = "system.ntfs_times", "system.ntfs_dos_name"
ATTRIBUTES = "system.ntfs_attrib"
# Everyone: full control, inheritable; owner and group Administrators. What ntfs-3g gives a new file.
OPEN_TO_ALL = bytes.fromhex(
    "0100048014000000240000000000000034000000010200000000000520000000200200000102000000000005"
    "200000002002000002001c000100000000031400ff011f00010100000000000100000000"
)
# What Windows lets nobody set as an attribute: directory, sparse, reparse point, compressed, encrypted.
SETTABLE = 0x31A7
NEW = ".aerovnet-new"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.lgetxattr.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t]
_libc.lgetxattr.restype = ctypes.c_ssize_t


def get_attribute(path, name):
    """The value of an extended attribute; OSError. os.getxattr() offers 128 bytes at first, and where that
    is too little ntfs-3g answers EIO, not ERANGE: so the length is asked first."""
    length, buffer = 0, None
    for _ in range(2):
        length = _libc.lgetxattr(os.fsencode(path), name.encode(), buffer, length)
        if length < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), path)
        if buffer:
            break
        buffer = ctypes.create_string_buffer(length or 1)
    return buffer.raw[:length]


class GuestFiles:
    def __init__(self, root, name):
        self.root, self.name = root, name

    def shown(self, path):
        return os.path.relpath(path, self.root)

    def problem(self, path, why):
        return Problem("%s: %s %s" % (self.name, self.shown(path), why))

    def _kind(self, path):
        """"folder" or "file"; None if nothing is there, and a Problem for a link or a special file."""
        try:
            mode = os.lstat(path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self.problem(path, "cannot be read: %s" % error.strerror.lower()) from None
        if stat.S_ISDIR(mode):
            return "folder"
        if stat.S_ISREG(mode):
            return "file"
        raise self.problem(path, "is a link or a special file, which this tool does not follow; nothing was changed")

    def find(self, path, below=None):
        """The path of what is there, whatever the case of its name."""
        at = below or self.root
        for name in path.split("/"):
            if self._kind(at) != "folder":
                return None
            try:
                same = [entry for entry in os.listdir(at) if entry.lower() == name.lower()]
            except OSError as error:
                raise self.problem(at, "cannot be read: %s; nothing was changed" % error.strerror.lower()) from None
            if len(same) > 1:
                raise self.problem(os.path.join(at, name), "is there twice, in different case; nothing was changed")
            if not same:
                return None
            at = os.path.join(at, same[0])
            self._kind(at)
        return at

    def is_file(self, path):
        return self._kind(path) == "file"

    def is_folder(self, path):
        return self._kind(path) == "folder"

    def read(self, path, limit):
        """The content; a Problem if it is longer than the limit."""
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise self.problem(path, "is not a file; nothing was changed")
                data = file.read(limit + 1)
        except OSError as error:
            raise self.problem(path, "cannot be read: %s; nothing was changed" % error.strerror.lower()) from None
        if len(data) > limit:
            raise self.problem(path, "has more than %d MiB; nothing was changed" % (limit >> 20))
        return data

    def free(self):
        """Bytes that the volume has for new files."""
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    def descriptor(self, path):
        """The security descriptor's bytes."""
        try:
            data = get_attribute(path, DESCRIPTOR)
        except OSError as error:
            raise self.problem(path, "shows no security descriptor (%s): mount the Windows volume with ntfs-3g, "
                               "or give the disk image; nothing was changed" % error.strerror.lower()) from None  # fmt: skip
        try:
            Descriptor.parse(data)
        except Problem as problem:
            raise self.problem(path, "%s; nothing was changed" % problem) from None
        return data

    def inherited(self, folder, container):
        """The descriptor of something new in that folder."""
        return Descriptor.parse(self.descriptor(folder)).inherited(container).pack()

    def expect_writable(self):
        if os.statvfs(self.root).f_flag & os.ST_RDONLY:
            raise Problem("%s is mounted read-only: mount it for writing; nothing was changed" % self.name)

    def close_to_others(self, folder):
        """Gives a folder what it would inherit, if it has the descriptor that ntfs-3g gives by itself: full
        control for everybody. Earlier versions of this tool left such folders."""
        if self.descriptor(folder) == OPEN_TO_ALL:
            self._set(folder, DESCRIPTOR, self.inherited(os.path.dirname(folder), True))

    def _set(self, path, name, value):
        os.setxattr(path, name, value, follow_symlinks=False)

    def make_folder(self, path, descriptor):
        os.mkdir(path, 0o700)
        self._set(path, DESCRIPTOR, descriptor)

    def create(self, path, content, descriptor):
        """Makes a file that is not there. It has the descriptor before it has any content."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            self._set(path, DESCRIPTOR, descriptor)
            file.write(content)

    def _copied(self, path, name):
        try:
            return get_attribute(path, name)
        except OSError:
            return None

    def _like(self, path, attributes, short_name, times):
        """Gives path what ntfs-3g keeps beside the content."""
        if attributes:
            value = int.from_bytes(attributes, "little") & SETTABLE
            self._set(path, ATTRIBUTES, value.to_bytes(4, "little"))
        if short_name:
            self._set(path, SHORT_NAME, short_name)
        if times:
            self._set(path, TIMES, times)

    def replace(self, path, content):
        """Another content for a file, at once or not at all."""
        attributes, short_name, times = [self._copied(path, name) for name in (ATTRIBUTES, SHORT_NAME, TIMES)]
        new = path + NEW
        self.create(new, content, self.descriptor(path))
        os.rename(new, path)
        # Its date of creation alone stays.
        self._like(path, attributes, short_name, times and times[:8])

    def keep(self, path, backup, descriptor):
        """Makes backup a copy of the file, with its dates and attributes and a descriptor of its own."""
        attributes, times = self._copied(path, ATTRIBUTES), self._copied(path, TIMES)
        self.create(backup + NEW, self.read(path, os.lstat(path).st_size), descriptor)
        os.rename(backup + NEW, backup)
        self._like(backup, attributes, None, times)

    def restore(self, backup, path, descriptor):
        """Puts what keep() kept in the file's place, with the descriptor that the file had."""
        short_name = self._copied(path, SHORT_NAME) if self._kind(path) else None
        # Of the backup before it is moved: that sets the attribute "archive".
        attributes, times = self._copied(backup, ATTRIBUTES), self._copied(backup, TIMES)
        self._set(backup, DESCRIPTOR, descriptor)
        os.replace(backup, path)
        self._like(path, attributes, short_name, times)
