# SPDX-License-Identifier: MIT
"""
A Windows 7 setup ISO with the driver on it: unpacked, recognised, added to, made anew.

A disc of Windows 7 has its files in UDF. xorriso knows no UDF, so 7z unpacks the disc and genisoimage
makes the new one: UDF, ISO 9660 and Joliet over the same files. The boot catalog is then the old
disc's own, only the places of its images are others. The old ISO is never written to, and the new
one gets its name when it is whole and compared.
"""
import os
import shutil
import subprocess
import tempfile

import answers
import eltorito
from problem import Problem, last_line, run
from windows7 import expect_windows7, versions

FOLDER = "$WinPEDriver$"
NEEDED = ("bootmgr", "setup.exe", "sources/boot.wim")
INSTALL = ("sources/install.wim", "sources/install.swm")


class SetupDisc:
    """iso: path of the user's ISO. files: lower-case path on it to (path, size)."""

    def __init__(self, iso):
        self.iso = iso
        if not os.path.isfile(iso):
            raise Problem("%s is not there, or no file" % iso)
        with open(iso, "rb") as file:
            file.seek(16 * eltorito.SECTOR)
            area = file.read(32 * eltorito.SECTOR)
            if area[1:6] != b"CD001":
                raise Problem("%s is no ISO image; nothing was changed" % iso)
            self.label = area[40:72].decode("ascii", "replace").strip() or "WIN7"
            self.kind = "udf" if _has_udf(area) else "iso"
            self.files = self._list(iso, self.kind)
            missing = [name for name in NEEDED if name not in self.files]
            self.install = next((name for name in INSTALL if name in self.files), None)
            if missing or not self.install:
                raise Problem("%s is no Windows setup disc: it has no %s; nothing was changed"
                              % (iso, missing[0] if missing else INSTALL[0]))  # fmt: skip
            try:
                self.entries = eltorito.read(file)
                _, self.catalog = eltorito.catalog(file)
                self.boot_images = [eltorito.image(file, entry) for entry in self.entries]
            except Problem as problem:
                raise Problem("%s %s; nothing was changed" % (iso, problem)) from None
        if any(name.startswith(FOLDER.lower() + "/aerovnet") for name in self.files):
            raise Problem("%s holds aerovnet already: begin with the original; nothing was changed" % iso)

    @staticmethod
    def _list(iso, kind):
        try:
            text = run("7z", "l", "-slt", "-ba", "-t" + kind, "--", iso).decode(errors="replace")
        except subprocess.CalledProcessError as error:
            raise Problem("%s cannot be read: %s" % (iso, _said_by_7z(error))) from None
        files = {}
        for block in text.split("\n\n"):
            entry = dict(line.partition(" = ")[::2] for line in block.splitlines())
            if "Path" in entry and entry.get("Folder") != "+":
                size = entry.get("Size", "")
                files[entry["Path"].lower()] = (entry["Path"], int(size) if size.isdigit() else 0)
        return files

    def unpack(self, folder, *names):
        """All of the disc, or only some files of it."""
        paths = [self.files[name][0] for name in names]
        try:
            run("7z", "x", "-y", "-t" + self.kind, "-o" + folder, "--", self.iso, *paths)
        except subprocess.CalledProcessError as error:
            raise Problem("%s cannot be unpacked: %s" % (self.iso, _said_by_7z(error))) from None

    def recognise(self, folder):
        """Of what is unpacked: the architectures that it installs; Problem if it is not Windows 7."""
        found = versions(os.path.join(folder, self.files[self.install][0]))
        for version in found:
            expect_windows7(self.iso, version)
        return sorted({architecture for _, _, _, architecture in found})

    def boot_files(self, folder):
        """The path of each boot image below folder; one that is in no file there becomes one."""
        names = []
        candidates = [path for path, size in self.files.values() if size <= 32 << 20]
        candidates.sort(key=lambda path: not path.lower().startswith(("boot/", "efi/")))
        for number, content in enumerate(self.boot_images):
            for path in candidates:
                with open(os.path.join(folder, path), "rb") as file:
                    start = file.read(len(content))
                # A file ends before its last sector does.
                if len(start) >= 512 and content.startswith(start) and not any(content[len(start) :]):
                    names.append(path)
                    break
            else:
                name = "eltorito-%d.img" % number
                with open(self.iso, "rb") as disc, open(os.path.join(folder, name), "wb") as file:
                    disc.seek(self.entries[number].block * eltorito.SECTOR)
                    file.write(disc.read(_fat_size(content) or len(content)))
                names.append(name)
        return names

    def make(self, folder, target):
        """The new disc, of the tree below folder."""
        boot = []
        for name in self.boot_files(folder):
            boot += ["-eltorito-alt-boot"] if boot else []
            boot += ["-b", name, "-no-emul-boot"]
        try:
            run("genisoimage", "-quiet", "-udf", "-iso-level", "3", "-J", "-joliet-long", "-N", "-D",
                "-relaxed-filenames", "-allow-limited-size", "-input-charset", "utf-8",
                "-V", self.label, "-c", "boot.cat", "-hide", "boot.cat", "-hide-joliet", "boot.cat",
                *boot, "-o", target, folder)  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise Problem("genisoimage made no ISO: %s" % last_line(error)) from None
        with open(target, "r+b") as file:
            made = eltorito.read(file)
            blocks = {old.offset: new.block for old, new in zip(self.entries, made)}
            eltorito.write(file, self.catalog, blocks)

    def compare(self, target, changed):
        """Problem unless each file of the old disc is on the new one, and it boots the same images.
        changed: lower-case paths of files that are meant to differ."""
        new = self._list(target, "udf")
        for name, (path, size) in self.files.items():
            if name not in changed and new.get(name, (None, None))[1] != size:
                raise Problem("the new ISO lacks %s; nothing was changed" % path)
        with open(target, "rb") as file:
            entries = eltorito.read(file)
            same = [(e.offset, e.platform, e.sectors) for e in entries] == [
                (e.offset, e.platform, e.sectors) for e in self.entries
            ]
            if not same or [eltorito.image(file, e)[:512] for e in entries] != [
                content[:512] for content in self.boot_images
            ]:
                raise Problem("the new ISO does not boot what the old one boots; nothing was changed")


def _said_by_7z(error):
    """Its standard output is a listing: of a damaged disc, that of what it could read."""
    lines = [line.strip() for line in (error.stderr or b"").decode(errors="replace").splitlines()]
    return next((line for line in lines if line.startswith("ERROR")), "7z finds it damaged")


def _has_udf(area):
    """The volume recognition sequence: NSR02 or NSR03 at the head of a sector."""
    return any(
        area[place + 1 : place + 5] == b"NSR0" for place in range(0, len(area), eltorito.SECTOR)
    )


def _fat_size(content):
    """Bytes of a FAT file system that begins so; 0 if it is none. An EFI image's entry says often
    that one sector is to be loaded."""
    if content[510:512] != b"\x55\xaa" or int.from_bytes(content[11:13], "little") != 512:
        return 0
    small = int.from_bytes(content[19:21], "little")
    return 512 * (small or int.from_bytes(content[32:36], "little"))


def _add_tree(source, target, dry_run, say):
    for parent, _, names in sorted(os.walk(source)):
        for name in sorted(names):
            path = os.path.join(parent, name)
            where = os.path.join(target, os.path.relpath(path, source))
            say("add", where)
            if not dry_run:
                os.makedirs(os.path.dirname(where), exist_ok=True)
                shutil.copy(path, where)


def inject(iso, target, package, own_answers, with_answers, trust, dry_run, say):
    """package: an unpacked driver disk. own_answers: path of the user's autounattend.xml, or None."""
    if os.path.exists(target):
        raise Problem("%s is there already; a new ISO is never written over a file" % target)
    parent = os.path.dirname(os.path.abspath(target))
    if not os.path.isdir(parent):
        raise Problem("%s is no directory" % parent)
    disc = SetupDisc(iso)
    needed = 2 * os.path.getsize(iso) + (64 << 20)
    if not dry_run and shutil.disk_usage(parent).free < needed:
        raise Problem("%s has not the room for the disc, unpacked and made anew (%d MiB)"
                      % (parent, needed >> 20))  # fmt: skip
    with tempfile.TemporaryDirectory(prefix=".aerovnet-inject.", dir=None if dry_run else parent) as scratch:
        tree = os.path.join(scratch, "tree")
        known = disc.files.get("autounattend.xml")
        names = [disc.install] + ["autounattend.xml"] * bool(known) if dry_run else []
        disc.unpack(tree, *names)
        architectures = disc.recognise(tree)
        say("found", "%s: Windows 7 SP1 (%s), %s; boots %s" % (
            iso, ", ".join(architectures), "UDF" if disc.kind == "udf" else "ISO 9660",
            ", ".join(eltorito.PLATFORMS.get(e.platform, str(e.platform)) for e in disc.entries)))  # fmt: skip

        def shown(verb, path):
            say(verb, os.path.relpath(path, tree))

        for architecture in ("x64", "x86"):
            _add_tree(os.path.join(package, architecture),
                      os.path.join(tree, FOLDER, "aerovnet", architecture), dry_run, shown)  # fmt: skip
        if trust:
            oem = next((p for n, (p, _) in disc.files.items() if n.startswith("sources/$oem$/")), None)
            base = os.path.join(*oem.split("/")[:2]) if oem else os.path.join("sources", "$OEM$")
            _add_tree(package, os.path.join(tree, base, "$$", "aerovnet"), dry_run, shown)
        changed = set()
        if with_answers:
            changed.add("autounattend.xml")
            name = os.path.join(tree, known[0] if known else "autounattend.xml")
            if own_answers and known:
                raise Problem("%s has an autounattend.xml of its own; leave out --answers" % iso)
            source = own_answers or (name if known else None)
            text = open(source, "rb").read() if source else None
            merged = answers.merge(text, source or name, architectures, trust)
            shown("change" if known else "add", name)
            if not dry_run:
                with open(name, "wb") as file:
                    file.write(merged)
        if dry_run:
            say("write", "%s (not now: --dry-run)" % target)
            return
        made = os.path.join(scratch, "new.iso")
        disc.make(tree, made)
        disc.compare(made, changed)
        os.chmod(made, 0o644)
        os.rename(made, target)
        say("written", target)
