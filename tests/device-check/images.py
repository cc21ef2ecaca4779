#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group device-check: out/device-check.iso and .img boot, and say of a device what is true.

    tests/device-check/images.py [PATTERN...]
    tests/device-check/images.py --list
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../vm"))
from report import ROOT, Group, expect, make
from v86_machine import BIOS, V86Machine

IMAGE = os.path.join(ROOT, "out/device-check")
LOGS = os.path.join(ROOT, "out/tests/device-check")
SECONDS = 900  # of a busy machine; alone about 40
V86_SECONDS = 1800  # the same of v86; alone about 60, and 200 with the right device
UEFI = ["-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"]
CD = ["-cdrom", IMAGE + ".iso"]
DISK = ["-drive", "format=raw,snapshot=on,if=none,id=d,file=%s", "-device", "ide-hd,drive=d"]
CARD = ["-netdev", "user,id=n0", "-device"]
TRANSITIONAL = CARD + ["virtio-net-pci,netdev=n0"]
ROOT_PORT = ["-device", "pcie-root-port,id=port1,chassis=1"] + CARD + ["virtio-net-pci,netdev=n0,bus=port1"]
WITHOUT_LONG_MODE = ["-cpu", "max,lm=off"]

# Name, further words for QEMU, what the last line begins with, and what the log says.
CASES = [
    ("BIOS, CD, pc, transitional", ["-machine", "pc"] + CD + TRANSITIONAL,
     "result=passed", "1AF4:1041             1af4:1000, "),
    ("BIOS, disk, q35, modern", ["-machine", "q35", *DISK] + ROOT_PORT, "result=passed", "1af4:1041, revision 01"),
    ("UEFI, CD, q35, transitional", ["-machine", "q35"] + UEFI + CD + CARD + ["virtio-net-pci,netdev=n0,addr=5"],
     "result=passed", "1af4:1000, "),
    ("UEFI, disk, q35, modern", ["-machine", "q35"] + UEFI + DISK + ROOT_PORT, "result=passed", "1af4:1041, "),
    ("BIOS, without long mode, modern", ["-machine", "pc"] + WITHOUT_LONG_MODE + CD + CARD +
     ["virtio-net-pci,netdev=n0,disable-legacy=on"], "result=passed", "-686"),
    ("a legacy device", ["-machine", "pc"] + CD + CARD + ["virtio-net-pci,netdev=n0,disable-modern=on"],
     "result=failed", "FAIL 1.3"),
    ("no card", ["-machine", "pc"] + CD, "result=error", "there is no virtio-net card"),
    ("a card of another kind", ["-machine", "pc"] + CD + CARD + ["e1000,netdev=n0"], "result=error", "8086:100E"),
]


def log_of(name):
    os.makedirs(LOGS, exist_ok=True)
    return os.path.join(LOGS, re.sub(r"\W+", "_", name) + ".log")


def read_log(log):
    with open(log, errors="replace") as file:
        return file.read().replace("\r", "")


class Operator:
    """Someone at the keyboard and at QEMU's monitor, who reads the machine's serial line."""

    def __init__(self, path, log):
        self.log, self.end = log, time.monotonic() + SECONDS
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.answers = self.socket.makefile()
        self.answers.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        for line in self.answers:
            answer = json.loads(line)
            if "event" not in answer:
                expect("return" in answer, "QEMU's monitor refused %s: %s" % (command, answer))
                return
        expect(False, "QEMU's monitor did not answer %s" % command)

    def see(self, text):
        while text not in read_log(self.log):
            expect(time.monotonic() < self.end, "the serial line did not show '%s' (%s)" % (text, self.log))
            time.sleep(0.2)

    def press(self, *keys):
        for key in keys:
            self.ask("send-key", keys=[{"type": "qcode", "data": key}])
            time.sleep(0.5)


def boot(name, words, operate=None):
    """What the serial line said. `operate` gets the Operator, and returns when its work is done."""
    log = log_of(name)
    command = ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-smp", "2", "-nodefaults", "-no-user-config",
               "-display", "none", "-vga", "std", "-no-reboot", "-serial", "file:" + log]
    if "-cpu" not in words:
        command += ["-cpu", "max"]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "monitor")
        with subprocess.Popen(command + words + ["-qmp", "unix:%s,server=on,wait=off" % path], cwd=ROOT, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as qemu:
            try:
                if operate:
                    while not os.path.exists(path) and qemu.poll() is None:
                        time.sleep(0.1)
                    operate(Operator(path, log))
                _, errors = qemu.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                expect(False, "the machine was not off after %d s (%s)" % (SECONDS, log))
            finally:
                qemu.kill()
    expect(qemu.returncode == 0, "QEMU ended with status %d: %s" % (qemu.returncode, errors.strip()[-200:]))
    return read_log(log)


def judge(text, result, says):
    found = re.findall(r"^DEVICE-CHECK (.*)$", text, re.MULTILINE)
    expect(len(found) == 1, "%d summaries" % len(found))
    failed = re.findall(r"^FAIL .*$", text, re.MULTILINE)
    expect((found[0] + " ").startswith(result + " "), "%s; %s" % (found[0], failed[:1]))
    expect(says in text, "does not say '%s'" % says)


def case(words, result, says):
    def test(name):
        judge(boot(name, [word % (IMAGE + ".img") if "%s" in word else word for word in words]), result, says)
    return test


def text_screen(operator):
    """The 80 by 25 characters that a machine with BIOS shows."""
    with tempfile.NamedTemporaryFile() as memory:
        operator.ask("pmemsave", val=0xB8000, size=80 * 25 * 2, filename=memory.name)
        return memory.read()[::2].decode("cp437")


def small_disk(start, size):
    """The image as far as a disk of `size` bytes holds it. `start` is what boots from the file %s."""
    def test(name):
        whole = os.path.getsize(IMAGE + ".img")
        screens = []

        def look(operator):
            operator.see("reason=image")
            screens.append(text_screen(operator))

        with tempfile.NamedTemporaryFile(suffix=".img") as disk:
            with open(IMAGE + ".img", "rb") as image:
                disk.write(image.read(size if size > 0 else whole + size))
            disk.flush()
            words = [word % disk.name if "%s" in word else word for word in start]
            uefi = UEFI[1] in words
            text = boot(name, ["-machine", "pc"] + words + TRANSITIONAL, None if uefi else look)
        # The console of OVMF is the screen and the serial line: there GRUB says it twice.
        for shown in screens + [text]:
            said = re.findall(r"device-check: the image is incomplete: write it to a disk of at least (\d+) MiB *$",
                              shown if shown is text else "\n".join(re.findall(".{80}", shown)), re.MULTILINE)
            expect(len(said) == 1 + (uefi and shown is text), "says %d times that the disk is too small" % len(said))
            need = (whole >> 20) + 1
            expect(need <= int(said[0]) <= need + 2, "%s MiB are asked for, and %d are needed" % (said[0], need))
        found = re.findall(
            "^DEVICE-CHECK result=error passed=0 failed=0 untestable=0 reason=image$", text, re.MULTILINE)
        expect(len(found) == 1 + uefi, "%d summaries" % len(found))
        expect(not re.search(r"^error|grub>", text, re.MULTILINE), "GRUB complains")
    return test


# What boots from it, and bytes of the image that are there; those missing with a sign. The first MiB holds GRUB.
SMALL = [
    ("BIOS, disk, 1 MiB", DISK, 1 << 20),
    ("UEFI, disk, 1 MiB", UEFI + DISK, 1 << 20),
    ("BIOS, CD, half", ["-cdrom", "%s"], 14 << 20),
    ("UEFI, disk, 64 KiB missing", UEFI + DISK, -(64 << 10)),
]


def cut_and_raise(operator):
    operator.see("with 60 s to cut")
    operator.press("down", "down", "ret")
    operator.see("LINK: cut the card's link")
    operator.ask("set_link", name="n0", up=False)
    operator.see("LINK: raise it again")
    operator.ask("set_link", name="n0", up=True)


def link_by_hand(name):
    """The menu's third entry: the operator cuts the card's link and raises it."""
    text = boot(name, ["-machine", "pc"] + CD + TRANSITIONAL, cut_and_raise)
    judge(text, "result=passed", "by hand; told once each")


def link_left_alone(name):
    """Nobody cuts the link: the clause is not testable, and the check goes on."""
    def choose(operator):
        operator.see("with 60 s to cut")
        operator.press("down", "down", "ret")

    text = boot(name, ["-machine", "pc"] + CD + TRANSITIONAL, choose)
    judge(text, "result=passed", "the driver saw no link loss within 60 s")


def silent_far_end(name):
    """QEMU's device returns no frame once a socket that nobody reads is full: the check ends with a result."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "far")
        with socket.socket(socket.AF_UNIX) as far:
            far.bind(path)
            far.listen(1)
            end = ["-netdev", "stream,id=n0,server=off,addr.type=unix,addr.path=" + path]
            text = boot(name, ["-machine", "pc"] + CD + end + ["-device", "virtio-net-pci,netdev=n0"])
    judge(text, "result=failed", "FAIL 9.5")


def hung(name):
    """A check that does not end, here within 2 s: its system says so, and turns the machine off."""
    system = IMAGE + "/iso/check/x64/"
    words = ["-machine", "pc", "-kernel", system + "vmlinuz", "-initrd", system + "initrd", "-append",
             "console=ttyS0,115200 console=tty0 quiet panic=-1 mitigations=off aerovnet.seconds=2"]
    text = boot(name, words + TRANSITIONAL)
    judge(text, "result=error passed=0 failed=0 untestable=0 reason=hung", "the check did not end within 2 s")


# Wrong devices of wrong_device.mjs; the clause that the image has to name, and a part of what it says.
V86_WRONG = [
    ("no_capabilities", "1.3", "there is none"),
    ("reset_never", "3.1", "device_status reads 0x"),
    ("no_version_1", "4.1", "without bit 32"),
    ("features_refused", "3.4", "status reads 0x03"),
    ("mac_group", "4.3", "mac is 01:"),
    ("mtu_tiny", "4.8", "mtu is 67"),
    ("generation", "7.2", "it read "),
    ("status_garbage", "7.4", "status is 0xffff"),
    ("no_queue", "5.1", "queue 1, which sends, has 0 entries"),
    ("queue_enabled", "5.3", "queue_enable reads 1 after a reset"),
    ("queue_stuck", "5.3", "event 9"),
    ("size_forgotten", "5.2", "32 was written, 64 is read"),
    ("notify_range", "6.2", "is beyond length"),
    ("silent", "9.5", "the far end did not return frame 1"),
    ("gone", "9.7", "event 17"),
]


def boot_v86(name, wrong=None):
    """What the serial line of the PC emulator v86 said, until its machine was off."""
    os.makedirs(LOGS, exist_ok=True)
    done = subprocess.run(["vm/v86/install"], capture_output=True, text=True, check=False)
    expect(done.returncode == 0, done.stderr.strip())
    log = log_of(name)
    between = ["tests/device-check/wrong_device.mjs", wrong] if wrong else None
    machine = V86Machine({}, 0, log, images={**BIOS, "cdrom": IMAGE + ".iso"}, between=between)
    try:
        for event in machine.events(time.monotonic() + V86_SECONDS):
            expect(False, "the second serial line said %s" % event)
    except TimeoutError:
        expect(False, "the machine was not off after %d s (%s)" % (V86_SECONDS, log))
    finally:
        machine.close()
    return read_log(log)


def v86_right(name):
    """v86's own device, checked by the 32-bit system: its interrupts cannot be tested, and no clause fails."""
    text = boot_v86(name)
    judge(text, "result=passed", "-686")
    for says in ("1af4:1041", "pings answered", "carries 100 frames", "reboot: "):
        expect(says in text, "does not say '%s'" % says)


def v86_wrong(wrong, clause, says):
    def test(name):
        text = boot_v86(name, wrong)
        judge(text, "result=failed", "windows ")
        found = re.findall(r"^FAIL %s .*$" % re.escape(clause), text, re.MULTILINE)
        expect(len(found) == 1 and says in found[0], "clause %s does not say '%s' but '%s'" % (clause, says, found))
        named = re.search(r"^DEVICE-CHECK .* clauses=(\S+)$", text, re.MULTILINE)
        expect(clause in named[1].split(","), "the summary names %s" % named[1])
    return test


def again(_):
    """The same bytes, built once more."""
    with open(IMAGE + ".iso", "rb") as file:
        first = file.read()
    done = subprocess.run(["vm/check-image"], cwd=ROOT, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, done.stderr.strip()[-200:])
    for suffix in (".iso", ".img"):
        with open(IMAGE + suffix, "rb") as file:
            expect(file.read() == first, "%s differs from the first build's" % (IMAGE + suffix))


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def elsewhere(_):
    """The same bytes, compiled in another folder, later, by a user with another umask."""
    names = output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    environment = dict(os.environ, AEROVNET_BUILD=output("packaging/build-number").strip(),
                       SOURCE_DATE_EPOCH=output("packaging/build-number", "--date").strip())
    with tempfile.TemporaryDirectory() as folder:
        tree = os.path.join(folder, "in/another/tree")
        for name in filter(os.path.exists, filter(None, names)):
            os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
            shutil.copy2(name, os.path.join(tree, name))
        os.makedirs(tree + "/out")
        for name in ("debian", "kernel", "kernel-686"):  # of Debian, and downloaded
            os.symlink(os.path.join(ROOT, "out", name), "%s/out/%s" % (tree, name))
        shutil.copytree("out/deps", tree + "/out/deps", symlinks=True)
        done = subprocess.run(["make", "-s", "-j2", "device-check"], cwd=tree, env=environment, umask=0o077,
                              capture_output=True, text=True, check=False)
        expect(done.returncode == 0, (done.stdout + done.stderr).strip()[-300:])
        for suffix in (".iso", ".img"):
            with open(IMAGE + suffix, "rb") as ours, open(tree + "/out/device-check" + suffix, "rb") as theirs:
                expect(ours.read() == theirs.read(), "device-check%s differs" % suffix)


def main():
    os.chdir(ROOT)
    group = Group("device-check", sys.argv[1:])
    if not group.listing and not make("device-check", "device-check"):
        return 1
    group.test("image:the same bytes again", again)
    group.test("image:equal bytes from another folder", elsewhere)
    for name, words, result, says in CASES:
        group.test("image:" + name, case(words, result, says))
    for name, start, size in SMALL:
        group.test("image:a disk that is too small, " + name, small_disk(start, size))
    group.test("image:a far end that reads nothing, pc, transitional", silent_far_end)
    group.test("image:a check that does not end, pc, transitional", hung)
    group.test("image:the operator cuts the link and raises it", link_by_hand)
    group.test("image:the operator leaves the link alone", link_left_alone)
    group.test("image:v86, right", v86_right)
    for wrong, clause, says in V86_WRONG:
        group.test("image:v86, wrong: " + wrong, v86_wrong(wrong, clause, says))
    return group.finish()


sys.exit(main())
