#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: aerovnetm.sys on the virtio-net device of the PC emulator v86, as ./run --v86 has it.

    tests/foreign/v86.py [PATTERN...]   only the tests whose names contain a pattern
    tests/foreign/v86.py --list         the names of all tests; nothing is run
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from report import ROOT, Failure, Group, expect

OUT = "out/tests/foreign"
PEER = ["node", "tests/foreign/peer_test.mjs"]
STEPS = """build package emulator kernel initramfs boot device driver dhcp ping count stop report
numbered peer compare""".split()
LIMIT = 500


def peer_test(name):
    def function(_):
        run = subprocess.run(PEER + [name], capture_output=True, text=True, timeout=60, check=False)
        expect(run.returncode == 0, run.stderr.strip() or "status %d" % run.returncode)

    return function


class Session:
    """One run of vm/v86_session.py, the first time that a test asks for it."""

    text = status = result = None

    def run(self):
        if self.text is not None:
            return self
        path = OUT + "/v86.json"
        run = subprocess.run(["python3", "-B", "vm/v86_session.py", "--short", "--json", path],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
                             check=False)
        self.text, self.status = run.stdout + run.stderr, run.returncode
        with open(OUT + "/v86.txt", "w", encoding="utf-8") as file:
            file.write(self.text)
        with open(path, encoding="utf-8") as file:
            self.result = json.load(file)
        return self


session = Session()


def step(name):
    def function(_):
        line = re.search(r"^(ok  |FAIL) %s +[0-9.]+ s  (.*)$" % name, session.run().text, re.M)
        expect(line, "not reached: see %s/v86.txt" % OUT)
        expect(line[1] == "ok  ", line[2])

    return function


def whole(_):
    run = session.run()
    expect(run.status == 0, "exit status %d" % run.status)
    missing = [key for key, value in run.result.items() if value is None and key != "failed"]
    expect(not missing, "without a value in v86.json: %s" % " ".join(missing))
    negotiated = int(run.result["features_negotiated"], 16)
    expect(negotiated == 0x100010028, "negotiated %#x" % negotiated)  # VERSION_1, STATUS, MAC, MTU


def machines():
    """Process ids of node with this tree's emulated PC."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                words = file.read().split(b"\0")
            if b"vm/v86/node.mjs" in words and os.readlink("/proc/%s/cwd" % pid) == os.getcwd():
                found.append(int(pid))
        except OSError:
            pass
    return found


def interrupted(number):
    """Ended in the middle: no node is left."""

    def function(_):
        with subprocess.Popen(["python3", "-B", "vm/v86_session.py", "--short", "--json",
                               OUT + "/v86-interrupted.json"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
            until = time.monotonic() + 200
            while not machines() and process.poll() is None and time.monotonic() < until:
                time.sleep(0.2)
            if not machines():
                process.kill()
                raise Failure("no emulated PC was started")
            process.send_signal(number)
            status = process.wait(30)
        time.sleep(0.5)
        left = machines()
        expect(not left and status != 0, "status %d, node %s" % (status, left))

    return function


def without_node(_):
    """A machine without node: one line says what is missing, and how to get it."""
    tools = OUT + "/without-node"
    os.makedirs(tools, exist_ok=True)
    for name in ("sh", "cmp", "dirname"):
        link = os.path.join(tools, name)
        if not os.path.exists(link):
            os.symlink(subprocess.run(["which", name], capture_output=True, text=True,
                                      check=True).stdout.strip(), link)
    os.makedirs(OUT + "/tree/vm", exist_ok=True)
    subprocess.run(["cp", "-r", "vm/v86", OUT + "/tree/vm"], check=True)
    run = subprocess.run([OUT + "/tree/vm/v86/install"], env={"PATH": os.path.abspath(tools)},
                         capture_output=True, text=True, check=False)
    expect(run.returncode == 1, "status %d: %s" % (run.returncode, run.stderr))
    expect(run.stderr == "vm/v86/install: node is missing: tools/packages v86 installs it\n", run.stderr)


def main():
    os.chdir(ROOT)
    os.makedirs(OUT, exist_ok=True)
    group = Group("foreign", sys.argv[1:])
    names = subprocess.run(PEER + ["--list"], capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        group.test("peer:%s" % name, peer_test(name))
    for name in STEPS:
        group.test("v86:%s" % name, step(name))
    group.test("v86:the whole run", whole)
    for number in (signal.SIGTERM, signal.SIGKILL):
        group.test("v86:%s leaves nothing running" % number.name, interrupted(number))
    group.test("v86:node missing", without_node)
    return group.finish()


sys.exit(main())
