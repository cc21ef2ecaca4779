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
import shutil
import struct
import sys
import tempfile

from problem import Problem
from windows7 import expect_windows7, kernel

BACKUP = ".aerovnet-backup"
JOURNAL = "inject.txt"
HIVE = "System32/config/SOFTWARE"
COMPLETE, GENERALIZED = "IMAGE_STATE_COMPLETE", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
REG_EXPAND_SZ = 2


def find(root, path):
    """root/path as the disk spells it, whatever the case; None if it is not there."""
    for name in path.split("/"):
        try:
            names = os.listdir(root)
        except OSError:
            return None
        same = [entry for entry in names if entry.lower() == name.lower()]
        if not same:
            return None
        root = os.path.join(root, name if name in same else same[0])
    return root


class OfflineWindows:
    def __init__(self, root, name):
        self.root, self.name = root, name
        ntoskrnl = find(root, "Windows/System32/ntoskrnl.exe")
        self.hive = find(root, "Windows/" + HIVE)
        if not ntoskrnl or not self.hive:
            raise Problem("%s holds no Windows: %s is not there; nothing was changed" % (
                name, "Windows/" + HIVE if ntoskrnl else "Windows/System32/ntoskrnl.exe"))  # fmt: skip
        self.windows = find(root, "Windows")
        self.version = kernel(ntoskrnl)
        expect_windows7(name, self.version)
        self.architecture = self.version[3]
        self.folder = find(self.windows, "aerovnet") or os.path.join(self.windows, "aerovnet")
        self._expect_shut_down()

    def _shown(self, path):
        return os.path.relpath(path, self.root)

    def _expect_shut_down(self):
        hibernation = find(self.root, "hiberfil.sys")
        if hibernation:
            with open(hibernation, "rb") as file:
                if file.read(4).lower() in (b"hibr", b"wake"):
                    raise Problem("%s: Windows is hibernated: start it and shut it down; nothing was changed"
                                  % self.name)  # fmt: skip
        with open(self.hive, "rb") as file:
            start = file.read(12)
        if len(start) < 12 or start[:4] != b"regf":
            raise Problem("%s is no registry hive; nothing was changed" % self._shown(self.hive))
        first, second = struct.unpack_from("<II", start, 4)
        if first != second:
            raise Problem("%s was not written to its end: start Windows and shut it down; nothing was changed"
                          % self._shown(self.hive))  # fmt: skip

    def state(self):
        """Setup's: COMPLETE or GENERALIZED; any other is a Problem."""
        path = find(self.windows, "Setup/State/State.ini")
        text = ""
        if path:
            with open(path, "rb") as file:
                data = file.read()
            text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1")
        found = re.search(r"^\s*ImageState\s*=\s*(\w+)", text, re.M | re.I)
        state = found.group(1).upper() if found else "unknown (no Windows/Setup/State/State.ini)"
        if state not in (COMPLETE, GENERALIZED):
            raise Problem("%s: Setup's state is %s, neither finished nor generalized; nothing was changed"
                          % (self.name, state))  # fmt: skip
        return state

    def inject(self, package, trust, dry_run, say):
        if os.path.exists(os.path.join(self.folder, JOURNAL)):
            raise Problem("%s has aerovnet already; --undo takes it back" % self.name)
        if os.path.exists(self.folder):
            raise Problem("%s is there, and not from this tool: move it away" % self._shown(self.folder))
        state = self.state()
        say("found", "%s: Windows 7 SP1 (%d.%d.%d), %s, %s" % (self.name, *self.version,
            "generalized" if state == GENERALIZED else "installed"))  # fmt: skip
        with tempfile.TemporaryDirectory() as scratch:
            hive = os.path.join(scratch, "SOFTWARE")
            shutil.copyfile(self.hive, hive)
            plan = _Plan(self.folder, self._shown)
            for parent, _, names in sorted(os.walk(package)):
                for name in sorted(names):
                    path = os.path.join(parent, name)
                    plan.add(os.path.join(self.folder, os.path.relpath(path, package)), path)
            command = '"%SystemRoot%\\aerovnet\\install.cmd"' + (" /testsigning" if trust else "")
            said = self._edit_hive(hive, None if state == GENERALIZED else command)
            plan.change(self.hive, hive)
            if state == GENERALIZED:
                plan_setup_complete(plan, self.windows, command, scratch)
            plan.tell(say)
            for line in said:
                say("set", line)
            if not dry_run:
                plan.carry_out()

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
                raise Problem("%s has no Microsoft\\Windows\\CurrentVersion; nothing was changed" % self._shown(self.hive))
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
                          % (self._shown(self.hive), error)) from None  # fmt: skip
        return said

    def _expect_version(self, hive):
        node = _key(hive, "Microsoft\\Windows NT\\CurrentVersion")
        version = node and _text(hive, node, "CurrentVersion")
        if version != "6.1":
            raise Problem("%s: the registry's version of Windows is %s, not 6.1; nothing was changed"
                          % (self.name, version))  # fmt: skip

    def undo(self, dry_run, say):
        journal = os.path.join(self.folder, JOURNAL)
        if not os.path.exists(journal):
            raise Problem("%s has no %s of this tool: there is nothing to take back" % (self.name, JOURNAL))
        _undo(journal, dry_run, say, self._shown)


class _Plan:
    """Files to add and to change. Nothing is written before carry_out, and a failure takes back all."""

    def __init__(self, folder, shown):
        self.folder, self.shown, self.added, self.changed = folder, shown, [], []

    def add(self, target, source):
        self.added.append((target, source))

    def change(self, target, source):
        self.changed.append((target, source))

    def tell(self, say):
        for target, _ in self.added:
            say("add", self.shown(target))
        for target, _ in self.changed:
            say("change", "%s (kept: %s)" % (self.shown(target), os.path.basename(target) + BACKUP))

    def carry_out(self):
        journal = os.path.join(self.folder, JOURNAL)
        for target, _ in self.changed:
            if os.path.exists(target + BACKUP):
                raise Problem("%s is there already: move it away" % self.shown(target + BACKUP))
        try:
            os.makedirs(self.folder)
            # First what will be done, then the doing: --undo finds it after any interruption.
            with open(journal, "w", encoding="utf-8") as file:
                for verb, entries in (("changed", self.changed), ("added", self.added)):
                    for target, source in entries:
                        name = os.path.relpath(target, self.folder)
                        file.write("%s %s %s\n" % (verb, _digest(source), name))
            for target, source in self.added:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(source, target)
            for target, source in self.changed:
                shutil.copyfile(target, target + BACKUP + ".new")
                os.rename(target + BACKUP + ".new", target + BACKUP)
                shutil.copyfile(source, target + ".aerovnet-new")
                os.rename(target + ".aerovnet-new", target)
        except OSError as error:
            if os.path.exists(journal):
                _undo(journal, False, lambda *words: None, self.shown)
            raise Problem("%s cannot be written: %s; nothing was changed"
                          % (error.filename, (error.strerror or str(error)).lower())) from None  # fmt: skip


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _undo(journal, dry_run, say, shown):
    folder = os.path.dirname(journal)
    with open(journal, encoding="utf-8") as file:
        entries = [line.rstrip("\n").split(" ", 2) for line in file]
    entries = [(verb, digest, os.path.normpath(os.path.join(folder, name))) for verb, digest, name in entries]
    # An old registry in the place of one that Windows wrote to since would undo more than was asked.
    for verb, digest, target in entries:
        if verb == "changed" and os.path.exists(target + BACKUP) and os.path.exists(target):
            if _digest(target) not in (digest, _digest(target + BACKUP)):
                raise Problem("%s was changed since: start Windows and run %%SystemRoot%%\\aerovnet\\uninstall.cmd "
                              "there; nothing was changed" % shown(target))  # fmt: skip
    for verb, _, target in entries:
        if verb == "changed" and os.path.exists(target + BACKUP):
            say("restore", shown(target))
            if not dry_run:
                os.replace(target + BACKUP, target)
        elif verb == "added" and os.path.exists(target):
            say("remove", shown(target))
            if not dry_run:
                os.remove(target)
        for leftover in (target + ".aerovnet-new", target + BACKUP + ".new"):
            if os.path.exists(leftover) and not dry_run:
                os.remove(leftover)
    if dry_run:
        return
    os.remove(journal)
    # What Windows wrote there since then (install.log) is not this tool's to remove.
    for parent, _, _ in sorted(os.walk(folder), reverse=True):
        if not os.listdir(parent):
            os.rmdir(parent)


def plan_setup_complete(plan, windows, command, scratch):
    """SetupComplete.cmd, which Setup runs as its last step: ours, or a line at the end of the user's."""
    base = find(windows, "Setup/Scripts") or os.path.join(windows, "Setup", "Scripts")
    target = find(base, "SetupComplete.cmd")
    text = b""
    if target:
        with open(target, "rb") as file:
            text = file.read().rstrip(b"\r\n") + b"\r\n"
    text += b"rem The network driver aerovnet; what it says is in install.log.\r\n"
    text += b'call %s >"%%SystemRoot%%\\aerovnet\\install.log" 2>&1\r\n' % command.encode("ascii")
    source = os.path.join(scratch, "SetupComplete.cmd")
    with open(source, "wb") as file:
        file.write(text)
    if target:
        plan.change(target, source)
    else:
        plan.add(os.path.join(base, "SetupComplete.cmd"), source)


def _key(hive, path):
    node = hive.root()
    for name in path.split("\\"):
        node = hive.node_get_child(node, name)
        if node is None:
            return None
    return node


def _text(hive, node, name):
    value = hive.node_get_value(node, name)
    return None if value is None else hive.value_value(value)[1].decode("utf-16-le").rstrip("\0")


def _set(hive, node, name, text):
    hive.node_set_value(
        node, {"key": name, "t": REG_EXPAND_SZ, "value": (text + "\0").encode("utf-16-le")}
    )
