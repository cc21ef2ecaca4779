# SPDX-License-Identifier: MIT
"""
A Windows 7 that is not running, below a directory: the driver put beside it, found at its next start.

    windows = OfflineWindows(root, name) recognised, or a Problem; name: what a person calls it
    windows.inject(package, ...)         what it adds and changes stands in Windows/aerovnet/inject.txt
    windows.undo(...)                    takes that back

Adding to the driver store itself is for Windows alone. So the package goes to Windows\\aerovnet, the
registry's DevicePath, where plug and play looks for drivers of a new device, gets that folder, and
install.cmd runs once: from SetupComplete.cmd where Setup is still to come (a generalized image),
else from RunOnce at the next logon of an administrator.
"""
import hashlib
import os
import re
import struct
import sys
import tempfile

import descriptor
from guest_files import NEW, GuestFiles
from problem import Problem, read_file
from windows7 import expect_windows7, kernel

BACKUP = ".aerovnet-backup"
JOURNAL = "inject.txt"
HIVE = "System32/config/SOFTWARE"
SETUP_COMPLETE = "Setup/Scripts/SetupComplete.cmd"
COMPLETE, GENERALIZED = "IMAGE_STATE_COMPLETE", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
REG_EXPAND_SZ = 2
# Bytes: more than any of Windows 7 has, and less than what this machine would choke on.
KERNEL_LIMIT, HIVE_LIMIT, SCRIPT_LIMIT, JOURNAL_LIMIT = 64 << 20, 1 << 30, 1 << 20, 1 << 20


class OfflineWindows:
    def __init__(self, root, name):
        self.name = name
        self.files = files = GuestFiles(root, name)
        ntoskrnl = files.find("Windows/System32/ntoskrnl.exe")
        self.hive = files.find("Windows/" + HIVE)
        if not ntoskrnl or not self.hive:
            raise Problem("%s holds no Windows: %s is not there; nothing was changed" % (
                name, "Windows/" + HIVE if ntoskrnl else "Windows/System32/ntoskrnl.exe"))  # fmt: skip
        self.windows = files.find("Windows")
        self.version = kernel(files.shown(ntoskrnl), files.read(ntoskrnl, KERNEL_LIMIT))
        expect_windows7(name, self.version)
        self.architecture = self.version[3]
        self.folder = files.find("aerovnet", self.windows) or os.path.join(self.windows, "aerovnet")
        self._expect_shut_down()
        files.expect_descriptors(self.hive)

    def _expect_shut_down(self):
        hibernation = self.files.find("hiberfil.sys")
        if hibernation:
            with open(hibernation, "rb") as file:
                if file.read(4).lower() in (b"hibr", b"wake"):
                    raise Problem("%s: Windows is hibernated: start it and shut it down; nothing was changed"
                                  % self.name)  # fmt: skip
        with open(self.hive, "rb") as file:
            start = file.read(12)
        if len(start) < 12 or start[:4] != b"regf":
            raise self.files.problem(self.hive, "is no registry hive; nothing was changed")
        first, second = struct.unpack_from("<II", start, 4)
        if first != second:
            raise self.files.problem(self.hive, "was not written to its end: start Windows and shut it down; "
                                     "nothing was changed")  # fmt: skip

    def state(self):
        """Setup's: COMPLETE or GENERALIZED; any other is a Problem."""
        path = self.files.find("Setup/State/State.ini", self.windows)
        data = self.files.read(path, SCRIPT_LIMIT) if path else b""
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", "replace")
        found = re.search(r"^\s*ImageState\s*=\s*(\w+)", text, re.M | re.I | re.A)
        state = found.group(1).upper() if found else "unknown (no Windows/Setup/State/State.ini)"
        if state not in (COMPLETE, GENERALIZED):
            raise Problem("%s: Setup's state is %s, neither finished nor generalized; nothing was changed"
                          % (self.name, state[:64]))  # fmt: skip
        return state

    def inject(self, package, names, trust, dry_run, say):
        """package: the folder of an unpacked driver disk; names: its files."""
        if self.files.is_folder(self.folder) and self.files.find(JOURNAL, self.folder):
            raise Problem("%s has aerovnet already; --undo takes it back" % self.name)
        if os.path.lexists(self.folder):
            raise Problem("%s is there, and not from this tool: move it away" % self.files.shown(self.folder))
        state = self.state()
        say("found", "%s: Windows 7 SP1 (%d.%d.%d), %s, %s" % (self.name, *self.version,
            "generalized" if state == GENERALIZED else "installed"))  # fmt: skip
        plan = _Plan(self.files, self.folder)
        for name in sorted(names):
            plan.add(os.path.join(self.folder, name), read_file(os.path.join(package, name)))
        command = '"%SystemRoot%\\aerovnet\\install.cmd"' + (" /testsigning" if trust else "")
        hive, said = self._edited_hive(None if state == GENERALIZED else command)
        plan.change(self.hive, hive)
        if state == GENERALIZED:
            self._plan_setup_complete(plan, command)
        plan.check()
        plan.tell(say)
        for line in said:
            say("set", line)
        if not dry_run:
            plan.carry_out()

    def _edited_hive(self, command):
        """The registry with DevicePath, and RunOnce if there is a command; what was set."""
        with tempfile.TemporaryDirectory(prefix="aerovnet-inject.") as scratch:
            path = os.path.join(scratch, "SOFTWARE")
            with open(path, "wb") as file:
                file.write(self.files.read(self.hive, HIVE_LIMIT))
            said = self._edit_hive(path, command)
            return read_file(path), said

    def _edit_hive(self, path, command):
        """Sets DevicePath, and RunOnce if there is a command, in the copy of the hive at path."""
        try:
            import hivex
        except ImportError:
            raise Problem("python3-hivex is not installed; as root, run tools/packages inject") from None
        # Of a damaged hive, hivex's own destructor complains on stderr, after the exception.
        sys.unraisablehook = lambda _: None
        try:
            hive = hivex.Hivex(path, write=True)
            self._expect_version(hive)
            node = _key(hive, "Microsoft\\Windows\\CurrentVersion")
            if node is None:
                raise Problem("%s has no Microsoft\\Windows\\CurrentVersion; nothing was changed" % self.files.shown(self.hive))
            old = _text(hive, node, "DevicePath") or "%SystemRoot%\\inf"
            folder = "%SystemRoot%\\aerovnet\\" + self.architecture
            paths = [part for part in old.split(";") if part]
            if folder.lower() not in [part.lower() for part in paths]:
                paths.append(folder)
            _set(hive, node, "DevicePath", ";".join(paths))
            said = ["DevicePath = " + ";".join(paths)]
            if command:
                once = hive.node_get_child(node, "RunOnce") or hive.node_add_child(node, "RunOnce")
                _set(hive, once, "aerovnet", 'cmd.exe /d /c "%s"' % command)
                said.append("RunOnce: %s, at the next logon of an administrator" % command)
            hive.commit(None)
        except RuntimeError as error:
            raise Problem("%s cannot be read as a registry hive (%s); nothing was changed"
                          % (self.files.shown(self.hive), error)) from None  # fmt: skip
        return said

    def _expect_version(self, hive):
        node = _key(hive, "Microsoft\\Windows NT\\CurrentVersion")
        version = node and _text(hive, node, "CurrentVersion")
        if version != "6.1":
            raise Problem("%s: the registry's version of Windows is %s, not 6.1; nothing was changed"
                          % (self.name, version))  # fmt: skip

    def _plan_setup_complete(self, plan, command):
        """SetupComplete.cmd, which Setup runs as its last step: ours, or a line at the end of the user's."""
        target = self.files.find(SETUP_COMPLETE, self.windows)
        text = b""
        if target:
            text = self.files.read(target, SCRIPT_LIMIT).rstrip(b"\r\n") + b"\r\n"
        text += b"rem The network driver aerovnet; what it says is in install.log.\r\n"
        text += b'call %s >"%%SystemRoot%%\\aerovnet\\install.log" 2>&1\r\n' % command.encode("ascii")
        if target:
            plan.change(target, text)
            return
        at, parts = self.windows, SETUP_COMPLETE.split("/")
        for name in parts[:-1]:
            at = self.files.find(name, at) or os.path.join(at, name)
        plan.add(os.path.join(at, parts[-1]), text)

    def undo(self, dry_run, say):
        journal = self.files.find(JOURNAL, self.folder) if self.files.is_folder(self.folder) else None
        if not journal:
            raise Problem("%s has no %s of this tool: there is nothing to take back" % (self.name, JOURNAL))
        _Undo(self.files, self.windows, journal).carry_out(dry_run, say)


class _Plan:
    """Files to add and to change. Nothing is written before carry_out, and a failure takes back all."""

    def __init__(self, files, folder):
        self.files, self.folder = files, folder
        self.folders, self.added, self.changed = [], [], []
        self._need_folder(folder)

    def _need_folder(self, path):
        if path not in self.folders and not self.files.is_folder(path):
            self._need_folder(os.path.dirname(path))
            self.folders.append(path)

    def add(self, target, content):
        self._need_folder(os.path.dirname(target))
        self.added.append((target, content))

    def change(self, target, content):
        self.changed.append((target, content))

    def check(self):
        """A Problem for whatever carry_out would stumble over."""
        for target, _ in self.changed:
            self.files.expect_descriptors(target)
            for path in (target + BACKUP, target + BACKUP + NEW, target + NEW):
                if os.path.lexists(path):
                    raise self.files.problem(path, "is there already: move it away; nothing was changed")
        for path in [os.path.dirname(path) for path in self.folders] + [os.path.dirname(p) for p, _ in self.added]:
            if path not in self.folders:
                self.files.expect_descriptors(path)

    def tell(self, say):
        for target, _ in self.added:
            say("add", self.files.shown(target))
        for target, _ in self.changed:
            say("change", "%s (kept: %s)" % (self.files.shown(target), os.path.basename(target) + BACKUP))

    def _journal(self):
        """What will be done. --undo reads it after any interruption."""
        lines = []
        for target, content in self.changed:
            lines.append(("changed", hashlib.sha256(content).hexdigest(), target))
            lines.append(("descriptor", self.files.descriptor(target).hex(), target))
        lines += [("added", hashlib.sha256(content).hexdigest(), target) for target, content in self.added]
        lines += [("folder", "-", path) for path in self.folders]
        return "".join("%s %s %s\n" % (verb, value, os.path.relpath(path, self.folder)) for verb, value, path in lines)

    def carry_out(self):
        journal = os.path.join(self.folder, JOURNAL)
        at = journal
        try:
            text = self._journal().encode()
            # RunOnce starts what lies in this folder as an administrator: nobody else may write there.
            at = self.folder
            self.files.make_folder(at, descriptor.administrators_only(True).pack())
            at = journal
            self.files.create(at, text, self.files.inherited(self.folder, False))
            for at in self.folders:
                if at != self.folder:
                    self.files.make_folder(at, self.files.inherited(os.path.dirname(at), True))
            for at, content in self.added:
                self.files.create(at, content, self.files.inherited(os.path.dirname(at), False))
            for at, content in self.changed:
                # The old registry holds secrets, and --undo makes it Windows' own again.
                self.files.keep(at, at + BACKUP, descriptor.administrators_only(False).pack())
                self.files.replace(at, content)
        except BaseException as error:
            if os.path.exists(journal):
                _Undo(self.files, os.path.dirname(self.folder), journal).carry_out(False, lambda *words: None)
            elif os.path.isdir(self.folder):
                os.rmdir(self.folder)
            if not isinstance(error, OSError):
                raise
            raise self.files.problem(at, "cannot be written: %s; nothing was changed"
                                     % (error.strerror or str(error)).lower()) from None  # fmt: skip


class _Undo:
    """What a journal lists, taken back. The journal lies on the guest's disk, where the guest may have
    written it anew: no path is used that inject() does not write to."""

    def __init__(self, files, windows, journal):
        self.files, self.journal = files, journal
        self.folder = os.path.dirname(journal)
        ours = {windows + "/" + name for name in (HIVE, SETUP_COMPLETE)}
        ours |= {os.path.dirname(windows + "/" + SETUP_COMPLETE), windows + "/Setup"}
        self.ours = {path.lower() for path in ours}
        self.changed, self.added, self.folders, self.descriptors = [], [], [], {}
        text = files.read(journal, JOURNAL_LIMIT).decode(errors="replace")
        for line in text.splitlines():
            verb, _, rest = line.partition(" ")
            value, _, name = rest.partition(" ")
            path = self._path(name)
            if verb == "changed":
                self.changed.append((value, path))
            elif verb == "added":
                self.added.append(path)
            elif verb == "folder":
                self.folders.append(path)
            elif verb == "descriptor" and re.fullmatch(r"(?:[0-9a-f]{2}){20,65536}", value):
                self.descriptors[path] = bytes.fromhex(value)
            else:
                raise self._damaged(line)

    def _damaged(self, line):
        return self.files.problem(self.journal, "has a line that this tool did not write (%r); nothing was changed"
                                  % line[:80])  # fmt: skip

    def _path(self, name):
        """The file that the journal names, as the disk spells it."""
        path = os.path.normpath(os.path.join(self.folder, name))
        inside = path == self.folder or path.startswith(self.folder + "/")
        if not name or "\0" in name or name.startswith("/") or not (inside or path.lower() in self.ours):
            raise self._damaged(name)
        return self.files.find(self.files.shown(path)) or path

    def _digest(self, path):
        return hashlib.sha256(self.files.read(path, HIVE_LIMIT)).hexdigest()

    def _backup(self, target):
        return self.files.find(self.files.shown(target + BACKUP))

    def _expect_unchanged(self):
        # An old registry in the place of one that Windows wrote to since would undo more than was asked.
        for digest, target in self.changed:
            backup = self._backup(target)
            if backup and self.files.is_file(target):
                if self._digest(target) not in (digest, self._digest(backup)):
                    raise Problem("%s was changed since: start Windows and run %%SystemRoot%%\\aerovnet\\uninstall.cmd "
                                  "there; nothing was changed" % self.files.shown(target))  # fmt: skip

    def _descriptor(self, target):
        """What the file had. An earlier version of this tool did not write it down."""
        known = self.descriptors.get(target)
        if known is None:
            return self.files.inherited(os.path.dirname(target), False)
        try:
            descriptor.Descriptor.parse(known)
        except Problem:
            raise self._damaged(known.hex()) from None
        return known

    def carry_out(self, dry_run, say):
        self._expect_unchanged()
        restored = [(target, self._backup(target)) for _, target in self.changed]
        restored = [(target, backup, self._descriptor(target)) for target, backup in restored if backup]
        removed = [path for path in self.added if self.files.is_file(path)]
        for target, _, _ in restored:
            say("restore", self.files.shown(target))
        for path in removed:
            say("remove", self.files.shown(path))
        if dry_run:
            return
        for target, backup, known in restored:
            self.files.restore(backup, target, known)
        for path in removed:
            os.remove(path)
        for _, target in self.changed:
            for leftover in (target + NEW, target + BACKUP + NEW):
                if os.path.lexists(leftover):
                    os.remove(leftover)
        os.remove(self.journal)
        # What Windows wrote there since then (install.log) is not this tool's to remove.
        folders = {parent for parent, _, _ in os.walk(self.folder)} | {p for p in self.folders if os.path.isdir(p)}
        for folder in sorted(folders, key=len, reverse=True):
            if not os.listdir(folder):
                os.rmdir(folder)


def _key(hive, path):
    node = hive.root()
    for name in path.split("\\"):
        node = hive.node_get_child(node, name)
        if node is None:
            return None
    return node


def _text(hive, node, name):
    value = hive.node_get_value(node, name)
    if value is None:
        return None
    try:
        return hive.value_value(value)[1].decode("utf-16-le").rstrip("\0")
    except UnicodeDecodeError:
        raise Problem("the registry's value %s is no text; nothing was changed" % name) from None


def _set(hive, node, name, text):
    hive.node_set_value(
        node, {"key": name, "t": REG_EXPAND_SZ, "value": (text + "\0").encode("utf-16-le")}
    )
