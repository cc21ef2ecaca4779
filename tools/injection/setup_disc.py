# SPDX-License-Identifier: MIT
"""
A Windows 7 setup ISO with the driver on it: unpacked, recognised, added to, made anew.

A disc of Windows 7 has its files in UDF. xorriso knows no UDF, so 7z unpacks the disc and genisoimage
makes the new one: UDF, ISO 9660 and Joliet over the same files. The boot catalog is then the old
disc's own, only the places of its images are others. The old ISO is never written to, and the new
one gets its name when it is whole and compared.
"""
import os
import re
import shutil
import subprocess
import tempfile

import answers
import disc_files
import eltorito
import interrupt
from problem import Problem, last_line, read_file, run
from windows7 import expect_windows7, versions

FOLDER = "$WinPEDriver$"
NEEDED = ("bootmgr", "setup.exe", "sources/boot.wim")
INSTALL = ("sources/install.wim", "sources/install.swm")
ANSWERS = "autounattend.xml"
ANSWERS_LIMIT, WIM_XML_ROOM, BOOT_IMAGE_LIMIT = 1 << 20, 64 << 20, 64 << 20


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
                raise Problem("%s is not an ISO image; nothing was changed" % iso)
            self.label = area[40:72].decode("ascii", "replace").strip() or "WIN7"
            self.kind = "udf" if _has_udf(area) else "iso"
            self.files = disc_files.listed(iso, self.kind)
            self._expect_one_setup()
            try:
                self.entries = eltorito.read(file)
                _, self.catalog = eltorito.catalog(file)
                self.boot_images = [eltorito.image(file, entry) for entry in self.entries]
            except Problem as problem:
                raise Problem("%s %s; nothing was changed" % (iso, problem)) from None
        if any(name.startswith(FOLDER.lower() + "/aerovnet") for name in self.files):
            raise Problem("%s holds aerovnet already: begin with the original; nothing was changed" % iso)

    def _expect_one_setup(self):
        """Problem unless this is a disc with one Windows Setup, whose install image can be read."""
        several = sorted({name.split("/")[0] for name in self.files if re.fullmatch(
            r"[^/]+/sources/install\.(wim|swm|esd)", name)})  # fmt: skip
        self.install = next((name for name in INSTALL if name in self.files), None)
        if several and not self.install:
            raise Problem("%s holds several setup discs, in the folders %s; make a disc of the one you need "
                          "(its folder's content is the disc); nothing was changed" % (self.iso, ", ".join(several)))  # fmt: skip
        if not self.install and "sources/install.esd" in self.files:
            raise Problem("%s has an install.esd, which this tool does not read; convert it to install.wim (on Windows: dism "
                          "/export-image, on Linux: wimlib-imagex export) and make the disc anew; nothing was changed"
                          % self.iso)  # fmt: skip
        missing = [name for name in NEEDED if name not in self.files]
        if missing or not self.install:
            raise Problem("%s is not a Windows setup disc: it has no %s; nothing was changed"
                          % (self.iso, missing[0] if missing else INSTALL[0]))  # fmt: skip
        if self.files.get(ANSWERS, ("", 0))[1] > ANSWERS_LIMIT:
            raise Problem("%s has an %s of more than %d KiB; nothing was changed" % (self.iso, ANSWERS, ANSWERS_LIMIT >> 10))

    def size(self):
        """Bytes of all files. A disc may hold one content under many names."""
        return sum(size for _, size in self.files.values())

    def unpack(self, folder, *names):
        """All of the disc, or only some files of it."""
        disc_files.unpack(self.iso, self.kind, folder, [self.files[name][0] for name in names])

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
                name = self._free_name(folder, "eltorito-%d.img" % number)
                size = _fat_size(content) or len(content)
                if size > BOOT_IMAGE_LIMIT:
                    raise Problem("%s boots an image of %d MiB; nothing was changed" % (self.iso, size >> 20))
                with open(self.iso, "rb") as disc, open(os.path.join(folder, name), "xb") as file:
                    disc.seek(self.entries[number].block * eltorito.SECTOR)
                    file.write(disc.read(size))
                names.append(name)
        return names

    @staticmethod
    def _free_name(folder, name):
        """The name, or one like it, that no file of the disc has."""
        there = {entry.lower() for entry in os.listdir(folder)}
        stem, dot, end = name.partition(".")
        number = 0
        while name.lower() in there:
            number += 1
            name = "%s%d%s%s" % (stem, number, dot, end)
        return name

    def make(self, folder, target):
        """The new disc, of the tree below folder. If the old one shows its boot catalog as a file, that
        file is copied like any other, and the new catalog gets another name."""
        boot, catalog = [], self._free_name(folder, "boot.cat")
        for name in self.boot_files(folder):
            boot += ["-eltorito-alt-boot"] if boot else []
            boot += ["-b", name, "-no-emul-boot"]
        try:
            run("genisoimage", "-quiet", "-udf", "-iso-level", "3", "-J", "-joliet-long", "-N", "-D",
                "-relaxed-filenames", "-allow-limited-size", "-input-charset", "utf-8",
                "-V", self.label, "-c", catalog, "-hide", catalog, "-hide-joliet", catalog,
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
        new = disc_files.listed(target, "udf")
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


def _add(package, names, target, dry_run, say):
    """The package's files with these names, below target."""
    for name in sorted(names):
        where = os.path.join(target, name)
        say("add", where)
        if not dry_run:
            os.makedirs(os.path.dirname(where), exist_ok=True)
            shutil.copyfile(os.path.join(package, name), where)


def _expect_room(disc, parent):
    """For the disc, unpacked and made anew."""
    needed = 2 * disc.size() + WIM_XML_ROOM
    if shutil.disk_usage(parent).free < needed:
        raise Problem("%s has not the room for the disc, unpacked and made anew (%d MiB); nothing was changed"
                      % (parent, needed >> 20))  # fmt: skip


def inject(iso, target, package, names, own_answers, driver_paths, trust, dry_run, say):
    """package: the folder of an unpacked driver disk; names: its files. own_answers: path of the user's
    autounattend.xml, or None. driver_paths: the answer file names the drivers too."""
    if os.path.lexists(target):
        raise Problem("%s is there already; a new ISO is never written over a file" % target)
    parent = os.path.dirname(os.path.abspath(target))
    if not os.path.isdir(parent):
        raise Problem("%s is not a directory" % parent)
    if not os.access(parent, os.W_OK):
        raise Problem("%s cannot be written to" % parent)
    disc = SetupDisc(iso)
    _expect_room(disc, parent)
    with tempfile.TemporaryDirectory(prefix=".aerovnet-inject.", dir=parent) as scratch, interrupt.allowed():
        tree = os.path.join(scratch, "tree")
        known = disc.files.get(ANSWERS)
        disc.unpack(tree, *([disc.install] + [ANSWERS] * bool(known) if dry_run else []))
        architectures = disc.recognise(tree)
        say("found", "%s: Windows 7 SP1 (%s), %s; boots %s" % (
            iso, ", ".join(architectures), "UDF" if disc.kind == "udf" else "ISO 9660",
            ", ".join(eltorito.PLATFORMS.get(e.platform, str(e.platform)) for e in disc.entries)))  # fmt: skip

        def shown(verb, path):
            say(verb, os.path.relpath(path, tree))

        # A disc may have a folder of that name already, in any case.
        base = next((path.split("/")[0] for name, (path, _) in disc.files.items() if name.startswith(FOLDER.lower() + "/")),
                    FOLDER)  # fmt: skip
        drivers = [name for name in names if name.startswith(("x64/", "x86/"))]
        _add(package, drivers, os.path.join(tree, base, "aerovnet"), dry_run, shown)
        if trust:
            oem = next((p for n, (p, _) in disc.files.items() if n.startswith("sources/$oem$/")), None)
            base = os.path.join(*oem.split("/")[:2]) if oem else os.path.join("sources", "$OEM$")
            _add(package, names, os.path.join(tree, base, "$$", "aerovnet"), dry_run, shown)
        changed = set()
        if own_answers and known:
            raise Problem("%s has an autounattend.xml of its own; leave out --answers" % iso)
        if driver_paths or trust or own_answers:
            changed.add(ANSWERS)
            name = os.path.join(tree, known[0] if known else ANSWERS)
            source = own_answers or (name if known else None)
            text = read_file(source) if source else None
            merged = answers.merge(text, source or name, architectures, driver_paths, trust)
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
        # Unlike a renaming, this never takes the place of a file that has come there meanwhile.
        try:
            os.link(made, target)
        except FileExistsError:
            raise Problem("%s is there already; a new ISO is never written over a file" % target) from None
        except OSError:
            os.rename(made, target)
        say("written", target)
