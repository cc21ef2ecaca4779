# SPDX-License-Identifier: MIT
"""
A Windows 7 that is not running, below a directory: the driver put beside it, found at its next start.

    windows = OfflineWindows(root, name)   recognised, or a Problem; name: what a person calls it
    windows.inject(package, ...)           what it adds and changes stands in Windows/aerovnet/inject.txt
    windows.undo(...)                      takes that back

Windows alone adds to its driver store. So the package goes to Windows\\aerovnet. The registry's DevicePath,
where plug and play looks for drivers of a new device, gets that folder. install.cmd runs once. A generalized
image, where Setup is still to come, runs it from SetupComplete.cmd. Any other runs it from RunOnce, when
Windows 7 starts and when it has installed a device. Both ways write install.log.
"""
import os
import re
import struct

import registry
from guest_files import GuestFiles
from plan import FILE_LIMIT, HIVE, JOURNAL, SETUP_COMPLETE, Earlier, Plan
from problem import Problem, read_file
from windows7 import expect_windows7, kernel

COMPLETE, GENERALIZED = "IMAGE_STATE_COMPLETE", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
KERNEL_LIMIT, SCRIPT_LIMIT = 64 << 20, 1 << 20
# Nobody can answer a question of a program whose output goes to a file: so its input is empty.
COMMAND = '"%SystemRoot%\\aerovnet\\install.cmd"{} <nul >"%SystemRoot%\\aerovnet\\install.log" 2>&1'
RUN_ONCE = 'cmd.exe /d /c "{}"'
REMARK = b"rem The network driver aerovnet; what it says is in install.log."


class OfflineWindows:
    """host_free: bytes by which the disk image may grow, or None."""

    def __init__(self, root, name, host_free=None):
        self.name, self.host_free = name, host_free
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
        self.setup_complete = files.find(SETUP_COMPLETE, self.windows) or self._new_setup_complete()
        self._expect_shut_down()
        files.descriptor(self.hive)
        self.cleaners = {self.hive: self._without_driver, self.setup_complete: without_our_lines}
        journal = files.find(JOURNAL, self.folder) if files.is_folder(self.folder) else None
        self.earlier = Earlier(files, self.windows, journal, self.cleaners) if journal else None

    def _new_setup_complete(self):
        at, parts = self.windows, SETUP_COMPLETE.split("/")
        for name in parts[:-1]:
            at = self.files.find(name, at) or os.path.join(at, name)
        return os.path.join(at, parts[-1])

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
            raise self.files.problem(self.hive, "is not a registry hive; nothing was changed")
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
        if os.path.lexists(self.folder) and not self.earlier:
            raise Problem("%s is there, and not from this tool: move it away" % self.files.shown(self.folder))
        state = self.state()
        say("found", "%s: Windows 7 SP1 (%d.%d.%d), %s, %s" % (self.name, *self.version,
            "generalized" if state == GENERALIZED else "installed"))  # fmt: skip
        command = COMMAND.format(" /testsigning" if trust else "")
        plan = Plan(self.files, self.folder)
        for name in sorted(names):
            plan.add(os.path.join(self.folder, name), read_file(os.path.join(package, name)))
        run_once = None if state == GENERALIZED else RUN_ONCE.format(command)
        try:
            hive, said = registry.with_driver(self._content(self.hive), self.architecture, run_once)
        except Problem as problem:
            raise self.files.problem(self.hive, "%s; nothing was changed" % problem) from None
        plan.change(self.hive, hive)
        if state == GENERALIZED:
            # Setup runs this script as its last step: ours, or lines at the end of the user's.
            text = self._content(self.setup_complete)
            lines = b"%s\r\ncall %s\r\n" % (REMARK, command.encode("ascii"))
            if text is None:
                plan.add(self.setup_complete, lines)
            else:
                plan.change(self.setup_complete, text.rstrip(b"\r\n") + b"\r\n" + lines)
        plan.check(self.earlier, self.host_free)
        if self.earlier:
            say("update", "what an earlier call did is taken back first")
        plan.tell(say)
        for line in said:
            say("set", line)
        if dry_run:
            return
        if self.earlier:
            self.earlier.take_back(False, lambda *words: None)
        plan.carry_out(self.windows, self.cleaners)

    def _content(self, path):
        if self.earlier:
            return self.earlier.content(path)
        return self.files.read(path, FILE_LIMIT) if self.files.is_file(path) else None

    def _without_driver(self, data):
        try:
            return registry.without_driver(data)
        except Problem as problem:
            raise self.files.problem(self.hive, "%s; nothing was changed" % problem) from None

    def undo(self, dry_run, say):
        if not self.earlier:
            raise Problem("%s has no %s of this tool: there is nothing to undo" % (self.name, JOURNAL))
        self.earlier.take_back(dry_run, say)

    def expect_injected(self):
        """A Problem unless all that inject() wrote can be read."""
        if not self.earlier:
            raise Problem("%s has lost what was written to it; use the copy that you made of the disk" % self.name)
        self.earlier.expect_done()

    def expect_taken_back(self):
        if self.earlier:
            raise Problem("%s has lost what was written to it; use the copy that you made of the disk" % self.name)


def without_our_lines(text):
    """SetupComplete.cmd without the remark and the call after it."""
    lines = text.splitlines(keepends=True)
    kept, after_remark = [], False
    for line in lines:
        remark = line.strip() == REMARK
        ours = remark or (after_remark and b"aerovnet\\install.cmd" in line)
        after_remark = remark
        if not ours:
            kept.append(line)
    return b"".join(kept)
