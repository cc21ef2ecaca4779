# SPDX-License-Identifier: MIT
"""
What is done to the files of a guest. It is written down there before it is done, and can be undone after
any interruption.

    plan = Plan(files, folder); plan.add(path, content); plan.change(path, content)
    plan.check(earlier, host_free); plan.carry_out()
    earlier = Earlier(files, windows, journal, cleaners)    what the journal lists
    earlier.content(path)                                   of a file, as it is once that is taken back
    earlier.take_back(dry_run, say)

The journal has one line for each fact: "VERB VALUE PATH", PATH from the journal's folder.
    changed SHA256 PATH       a file of Windows: its new content; the old one is kept beside it
    descriptor HEX PATH       the security descriptor that it had
    added SHA256 PATH         a file that was not there
    folder - PATH             a folder that was not there
"""
import hashlib
import os
import re

import descriptor
import interrupt
from guest_files import NEW, OPEN_TO_ALL
from problem import Problem

BACKUP = ".aerovnet-backup"
JOURNAL, LOG = "inject.txt", "install.log"
HIVE = "System32/config/SOFTWARE"
SETUP_COMPLETE = "Setup/Scripts/SetupComplete.cmd"
# Bytes: more than any of Windows 7 has, and less than what this machine would choke on.
FILE_LIMIT, JOURNAL_LIMIT = 1 << 30, 1 << 20
# Of a file beside its content, and of all: records of the MFT, indexes, $LogFile.
FILE_ROOM, ROOM = 8 << 10, 1 << 20


def digest_of(content):
    return hashlib.sha256(content).hexdigest()


class Plan:
    """Files to add and to change. Nothing is written before carry_out, and a failure undoes all."""

    def __init__(self, files, folder):
        self.files, self.folder = files, folder
        self.added, self.changed = [], []

    def add(self, target, content):
        self.added.append((target, content))

    def change(self, target, content):
        self.changed.append((target, content))

    def check(self, earlier, host_free):
        """A Problem for whatever carry_out would stumble over. earlier: what is taken back before, or
        None. host_free: bytes by which the disk image may grow, or None."""
        kept = earlier.backups() if earlier else ()
        for target, _ in self.changed:
            self.files.descriptor(target)
            for path in (target + BACKUP, target + BACKUP + NEW, target + NEW):
                if os.path.lexists(path) and path not in kept:
                    raise self.files.problem(path, "is there already: move it away; nothing was changed")
        for target, _ in self.added:
            folder = os.path.dirname(target)
            while not self.files.is_folder(folder):
                folder = os.path.dirname(folder)
            self.files.descriptor(folder)
        needed = ROOM
        for target, content in self.added:
            needed += len(content) + FILE_ROOM
        for target, content in self.changed:
            # The copy that is kept, and the new file before it takes the old one's place.
            needed += os.lstat(target).st_size + len(content) + 2 * FILE_ROOM
        for free, where in ((self.files.free(), "has"), (host_free, "lies on a file system of this machine that has")):
            if free is not None and free < needed:
                raise Problem("%s %s %d MiB free, and %d MiB are needed; nothing was changed"
                              % (self.files.name, where, free >> 20, (needed >> 20) + 1))  # fmt: skip

    def tell(self, say):
        for target, _ in self.added:
            say("add", self.files.shown(target))
        for target, _ in self.changed:
            say("change", "%s (kept: %s)" % (self.files.shown(target), os.path.basename(target) + BACKUP))

    def _folders(self):
        """Those that are not there yet, the outer ones first."""
        missing = []

        def need(path):
            if path not in missing and not self.files.is_folder(path):
                need(os.path.dirname(path))
                missing.append(path)

        need(self.folder)
        for target, _ in self.added:
            need(os.path.dirname(target))
        return missing

    def _journal(self, folders):
        lines = []
        for target, content in self.changed:
            lines.append(("changed", digest_of(content), target))
            lines.append(("descriptor", self.files.descriptor(target).hex(), target))
        lines += [("added", digest_of(content), target) for target, content in self.added]
        lines += [("folder", "-", path) for path in folders]
        return "".join("%s %s %s\n" % (verb, value, os.path.relpath(path, self.folder)) for verb, value, path in lines)

    def carry_out(self, windows, cleaners):
        """windows, cleaners: as Earlier takes them, for the case that this fails."""
        journal = at = os.path.join(self.folder, JOURNAL)
        try:
            folders = self._folders()
            text = self._journal(folders).encode()
            # RunOnce starts what lies in this folder as an administrator: nobody else may write there.
            at = self.folder
            self.files.make_folder(at, descriptor.administrators_only(True).pack())
            at = journal
            self.files.create(at + NEW, text, self.files.inherited(self.folder, False))
            os.rename(at + NEW, at)
            for at in folders:
                if at != self.folder:
                    self.files.make_folder(at, self.files.inherited(os.path.dirname(at), True))
            for at, content in self.added:
                interrupt.check()
                self.files.close_to_others(os.path.dirname(at))
                self.files.create(at, content, self.files.inherited(os.path.dirname(at), False))
            for at, content in self.changed:
                interrupt.check()
                # The old registry holds secrets, and take_back makes it Windows' own again.
                self.files.keep(at, at + BACKUP, descriptor.administrators_only(False).pack())
                self.files.replace(at, content)
        except BaseException as error:
            self._give_up(journal, windows, cleaners, at, error)
            if not isinstance(error, OSError):
                raise
            raise self.files.problem(at, "cannot be written: %s; all was taken back"
                                     % (error.strerror or str(error)).lower()) from None  # fmt: skip

    def _give_up(self, journal, windows, cleaners, at, error):
        try:
            if os.path.exists(journal):
                Earlier(self.files, windows, journal, cleaners).take_back(False, lambda *words: None)
                return
            if os.path.exists(journal + NEW):
                os.remove(journal + NEW)
            if os.path.isdir(self.folder):
                os.rmdir(self.folder)
        except (OSError, Problem) as second:
            raise self.files.problem(at, "cannot be written (%s), and what was done before could not be taken back (%s): "
                                     "use the copy that you made of the disk" % (error, second)) from None  # fmt: skip


class Earlier:
    """What a journal lists. It lies on the guest's disk, where the guest may have written it anew: no
    path is used that Plan does not write to.

    cleaners: path of a file of Windows to a function that takes the content which Windows has changed
    since, and returns it without what was added. windows: the path of Windows' folder."""

    def __init__(self, files, windows, journal, cleaners):
        self.files, self.journal, self.cleaners = files, journal, cleaners
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
                self.added.append((value, path))
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
        return digest_of(self.files.read(path, FILE_LIMIT))

    def _backup(self, target):
        return self.files.find(self.files.shown(target + BACKUP))

    def backups(self):
        return [self._backup(target) for _, target in self.changed]

    def expect_done(self):
        """A Problem unless each file is there with the content that the journal gives it."""
        for digest, target in self.changed + self.added:
            if not self.files.is_file(target) or self._digest(target) != digest:
                raise self.files.problem(target, "is not what was written: the disk or this machine's file system has lost "
                                         "it; use the copy that you made of the disk")  # fmt: skip

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

    def _outcome(self, digest, target, was_there):
        """("keep", None), ("restore", backup), ("edit", content), or ("remove", None)."""
        backup = self._backup(target) if was_there else None
        if not self.files.is_file(target):
            return ("restore", backup) if backup else ("keep", None)
        if was_there and not backup:
            return "keep", None
        now = self._digest(target)
        if now == digest:
            return ("restore", backup) if backup else ("remove", None)
        if backup and now == self._digest(backup):
            # The call ended before it changed this file: only the copy goes.
            return "keep", None
        clean = self.cleaners.get(target)
        if not clean:
            return ("restore", backup) if backup else ("remove", None)
        content = clean(self.files.read(target, FILE_LIMIT))
        return ("edit", content) if content.strip() or was_there else ("remove", None)

    def _outcomes(self):
        found = [(target, *self._outcome(digest, target, True)) for digest, target in self.changed]
        return found + [(target, *self._outcome(digest, target, False)) for digest, target in self.added]

    def content(self, path):
        """What the file has once all is taken back; None if it is then not there."""
        for target, verb, more in self._outcomes():
            if target == path:
                if verb in ("edit", "remove"):
                    return more
                path = more or path
        return self.files.read(path, FILE_LIMIT) if self.files.is_file(path) else None

    def take_back(self, dry_run, say):
        outcomes = [outcome for outcome in self._outcomes() if outcome[1] != "keep"]
        descriptors = {target: self._descriptor(target) for target, verb, _ in outcomes if verb == "restore"}
        log = self.files.find(LOG, self.folder)
        for target, verb, _ in outcomes:
            what = " (it was changed since; all but the entries of aerovnet stays)" if verb == "edit" else ""
            say(verb, self.files.shown(target) + what)
        if log:
            say("remove", self.files.shown(log))
        if any(verb == "edit" for _, verb, _ in outcomes):
            say("note", "Windows has run since; if it has installed the driver, uninstall.cmd of the driver disk, run "
                "there, removes that")  # fmt: skip
        if dry_run:
            return
        for target, verb, more in outcomes:
            if verb == "restore":
                self.files.restore(more, target, descriptors[target])
            elif verb == "edit":
                self.files.replace(target, more)
            else:
                os.remove(target)
        if log:
            os.remove(log)
        for _, target in self.changed:
            for leftover in (target + NEW, target + BACKUP + NEW, target + BACKUP):
                if os.path.lexists(leftover):
                    os.remove(leftover)
        os.remove(self.journal)
        folders = {parent for parent, _, _ in os.walk(self.folder)} | {p for p in self.folders if os.path.isdir(p)}
        folders |= {os.path.dirname(target) for _, target in self.added if os.path.isdir(os.path.dirname(target))}
        for folder in sorted(folders, key=len, reverse=True):
            if self.files.find(self.files.shown(folder)):
                self._clear(folder)

    def _clear(self, folder):
        """Removes an empty folder of ours; one that stays is closed to others."""
        made_open = self.files.descriptor(folder) == OPEN_TO_ALL
        ours = folder in self.folders or folder == self.folder or folder.startswith(self.folder + "/")
        if not os.listdir(folder) and (ours or made_open):
            os.rmdir(folder)
        else:
            self.files.close_to_others(folder)
