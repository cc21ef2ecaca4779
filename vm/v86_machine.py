# SPDX-License-Identifier: MIT
"""The emulated PC of ./run --v86: v86 under node, with SeaBIOS, Debian's i386 kernel and the
project's initramfs. It has a virtio-net device of its own; vm/v86/peer.mjs is at its far end.

    machine = V86Machine(settings, calls=500, log="out/run.log", capture="out/run.pcap")
    for event in machine.events(deadline): ...     what vm/init says, until the machine is off
    machine.close()                                ends node, whatever state it is in
"""

import json
import os
import socket
import subprocess

from machine import Lines, MachineError, die_with_parent

NODE = "node"
PACKAGE = "out/v86/node_modules/v86"
FIRMWARE = "/usr/share/seabios"
BIOS = {"bios": f"{FIRMWARE}/bios.bin", "vga_bios": f"{FIRMWARE}/vgabios-stdvga.bin"}
IMAGES = {**BIOS, "bzimage": "out/kernel-686/vmlinuz", "initrd": "out/initramfs-686.cpio"}


def emulator():
    """The emulator's version, such as "v86 0.5.462"."""
    with open(f"{PACKAGE}/package.json", encoding="utf-8") as file:
        return "v86 " + json.load(file)["version"]


def version():
    """The same with what runs it, such as "v86 0.5.462 on node v18.20.4"."""
    try:
        out = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MachineError(f"{NODE} does not run: {getattr(error, 'strerror', None) or error}") from error
    return f"{emulator()} on node {out.stdout.strip()}"


class V86Machine:
    def __init__(self, settings, calls, log, capture=None, images=None, between=None):
        """settings: what vm/init finds as aerovnet.NAME=VALUE. calls: frames that the peer sends by
        itself, at most. log: the console goes there. capture: a pcap of all frames. images: other
        files to boot than IMAGES, by v86's names; a disk has no use for settings. between: a
        module of JavaScript and a name, of what stands before the I/O ports (node.mjs)."""
        images = images or IMAGES
        missing = [file for file in images.values() if not os.path.exists(file)]
        if missing:
            raise MachineError(f"{missing[0]} is not there")
        options = {"v86": PACKAGE, "images": images, "settings": settings, "calls": calls,
                   "log": log, "capture": capture, "between": between}
        ours, theirs = socket.socketpair()
        self._errors = open(log + ".node", "w+", encoding="utf-8", errors="replace")
        try:
            self._process = subprocess.Popen(
                [NODE, "vm/v86/node.mjs", json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=theirs,
                stderr=self._errors,
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        except OSError as error:
            raise MachineError(f"{NODE} does not start: {error.strerror}") from error
        finally:
            theirs.close()
        self._lines = Lines(ours)

    def events(self, deadline, tick=None):
        """What vm/init and the peer say, as dictionaries, until the machine is off. `tick` is called
        about once a second meanwhile. TimeoutError at the deadline (time.monotonic)."""
        return self._lines.events(deadline, tick)

    def close(self):
        """Ends node and returns what it printed about itself, if anything."""
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._lines.end.close()
        self._errors.seek(0)
        words = self._errors.read().strip()
        self._errors.close()
        os.unlink(self._errors.name)
        return words
