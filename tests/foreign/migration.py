#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: the virtual machine of ./run is migrated to another QEMU, twice, in the middle of a transfer.

    tests/foreign/migration.py [PATTERN...]     only the tests whose names contain a pattern
    tests/foreign/migration.py --list           the names of all tests; nothing is run

In the machine ndishost's station returns each frame that comes. A caller at the far end of the device sends
numbered frames with content that follows from the number, and checks each echo. The driver is not told of a
migration, and needs no reset. Frames that are on the wire when the machine moves may be lost, as on any
Ethernet: those that were outstanding then, and no others. No time decides that: a slow machine loses nothing.
SEED=N replays.
"""
import hashlib
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../vm"))
import report
from machine import Machine
from report import ROOT, Failure, Group, expect, seed

OUT = "out/tests/foreign"
ROOTFS = OUT + "/migration-initramfs"  # of this test alone: a ./run beside it packs another driver
ADAPTER = bytes.fromhex("525400123456")
CALLER = bytes.fromhex("0261766e65f5")
NUMBERED = 0x88B5  # IEEE: local experiments
MIN, MAX, STEP = 60, 1514, 769  # STEP: each size comes up
WINDOW = 8  # a socket of datagrams holds ten on some kernels
FRAMES = 300  # between two migrations
LIMIT = 300  # seconds for anything, and without an echo, on a machine that is busy
AGAIN = 1  # seconds: until the first echo, frames go out anew, because an adapter that comes up may drop them


class Caller(threading.Thread):
    """The far end of the cable, wherever the machine is. It owns its counters; others read them."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.path = os.path.join(directory, "caller")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        # With a timeout of its own, sendto() would end in TimeoutError where the machine's queue is full.
        self.socket.setblocking(False)
        self.to = None
        self.next = self.echoed = self.announced = 0
        # Frames that must come back, and those that may be lost: sent before the adapter was up, or in a move.
        self.outstanding, self.doubtful = {}, {}
        self.under_way, self.faults = [], []
        self.lock = threading.Lock()
        self.end = False

    def frame(self, number):
        size = MIN + number * STEP % (MAX - MIN + 1)
        content = hashlib.sha256(b"%d %d" % (seed(), number)).digest()
        head = ADAPTER + CALLER + struct.pack(">HI", NUMBERED, number)
        return (head + content * (size // len(content) + 1))[:size]

    def doubt(self):
        """What is outstanding may be lost; the window opens anew."""
        self.doubtful.update(self.outstanding)
        self.outstanding.clear()

    def move(self, path):
        """The machine is elsewhere now."""
        with self.lock:
            self.under_way.append(len(self.outstanding))
            self.doubt()
            self.to = path

    def run(self):
        try:
            self.work()
        except Exception as error:  # pylint: disable=broad-except  # wait() tells it
            self.faults.append("the caller ended: %r" % error)
            raise

    def work(self):
        again = time.monotonic() + AGAIN
        while not self.end:
            with self.lock:
                if not self.echoed and time.monotonic() > again:
                    self.doubt()
                    again = time.monotonic() + AGAIN
                self.call()
            if not select.select([self.socket], [], [], 0.02)[0]:
                continue
            frame = self.socket.recv(2048)
            with self.lock:
                self.receive(frame)

    def call(self):
        while self.to and len(self.outstanding) < WINDOW:
            frame = self.frame(self.next)
            try:
                self.socket.sendto(frame, socket.MSG_DONTWAIT, self.to)
            except (BlockingIOError, ConnectionRefusedError, FileNotFoundError):
                return
            self.outstanding[self.next] = frame
            self.next += 1

    def receive(self, frame):
        kind, number = struct.unpack_from(">HI", frame, 12)
        if frame[:6] != CALLER or kind != NUMBERED:
            self.announced += kind == 0x8035  # QEMU tells switches by RARP where the machine is
            return
        if not self.echoed:  # what went out before this one may have been dropped
            self.doubtful.update((one, sent) for one, sent in self.outstanding.items() if one < number)
            self.outstanding = {one: sent for one, sent in self.outstanding.items() if one >= number}
        wanted = self.outstanding.pop(number, None) or self.doubtful.pop(number, None)
        if wanted is None:
            self.faults.append("frame %d came back twice" % number)
            return
        if frame != CALLER + ADAPTER + wanted[12:]:
            self.faults.append("frame %d came back damaged" % number)
        lost = [one for one in self.outstanding if one < number]
        if lost:
            self.faults.append("frames %s were lost, and were not under way when the machine moved" % lost[:5])
            for older in lost:
                self.outstanding.pop(older)
        self.echoed += 1

    def wait(self, more, qemu):
        """Until so many more came back from the machine."""
        aim, before, until = self.echoed + more, 0, 0
        while self.echoed < aim:
            expect(not self.faults, "; ".join(self.faults[:3]))
            expect(qemu.running(), "QEMU ended after %d of %d frames" % (self.echoed, aim))
            if self.echoed > before or not until:
                before, until = self.echoed, time.monotonic() + LIMIT
            expect(time.monotonic() < until, "after %d of %d frames none came back within %d s"
                   % (self.echoed, aim, LIMIT))
            time.sleep(0.02)

    def close(self):
        self.end = True
        self.join()
        self.socket.close()


def machine(directory, name, caller, modern, incoming):
    """A QEMU; the path at which its end of the cable listens."""
    path = os.path.join(directory, name)
    end = ("dgram,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s" % (path, caller.path))
    settings = {"seed": seed(), "huge_pages": 40, "steps": "station,stop_driver"}
    log = "%s/migration-%s.log" % (OUT, name)
    return Machine("tcg", settings, log, kind="q35" if modern else "pc", modern=modern, end=end,
                   more=["-incoming", "defer"] if incoming else [], initramfs=ROOTFS + ".cpio"), path


def ask(qemu, command, **arguments):
    answer = qemu.qmp(command, deadline=LIMIT, **arguments)
    expect(answer is not None, "QEMU does not do %s" % command)
    return answer


def wait_state(qemu, command, wanted):
    """Until QEMU answers the query with this status."""
    until = time.monotonic() + LIMIT
    while True:
        status = ask(qemu, command).get("status")
        if status == wanted:
            return
        expect(status != "failed", "the migration failed")
        expect(time.monotonic() < until, "%s: '%s' after %d s, not '%s'" % (command, status, LIMIT, wanted))
        time.sleep(0.02)


def migrate(source, target, address, caller, path):
    """The machine stands still while its memory is copied: a QEMU that emulates two processors can lose writes to
    pages that it copies meanwhile, and Linux in the machine then falls over its own lists."""
    ask(source, "stop")
    ask(target, "migrate-incoming", uri=address)
    ask(source, "migrate", uri=address)
    wait_state(source, "query-migrate", "completed")
    wait_state(target, "query-status", "paused")
    caller.move(path)
    ask(target, "cont")
    source.close()


def reported(qemu, deadline):
    """Status and report of ndishost in the machine, after the caller's last frame."""
    qemu.go_on()
    found = {}
    for event in qemu.events(deadline):
        expect(event.pop("ok"), event.get("why"))
        found.update(event)
    expect("report" in found, "the machine ended without a report")
    return found["status"], found["report"]


def moved_twice(modern):
    def function(_):
        driver = "out/x64/aerovnetm.sys" if modern else "out/x64/aerovnet.sys"
        for command in (["vm/kernel"], ["vm/initramfs", "x64", driver, ROOTFS]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            expect(done.returncode == 0, done.stderr.strip())
        with tempfile.TemporaryDirectory() as directory:
            caller, machines = Caller(directory), []
            try:
                status, told = journey(directory, caller, machines, modern)
            finally:
                for qemu in machines:
                    qemu.close()
                if caller.is_alive():
                    caller.close()
        judge(caller, status, told)

    return function


def journey(directory, caller, machines, modern):
    qemu, path = machine(directory, "first", caller, modern, False)
    machines.append(qemu)
    started = [event for _, event in zip(range(3), qemu.events(time.monotonic() + LIMIT))]
    expect([event["step"] for event in started] == ["boot", "device", "station"], "vm/init says %s" % started)
    caller.to = path
    caller.start()
    caller.wait(FRAMES, qemu)
    for name in ("second", "third"):
        other, path = machine(directory, name, caller, modern, True)
        machines.append(other)
        migrate(qemu, other, "unix:%s/to-%s" % (directory, name), caller, path)
        machines.remove(qemu)
        qemu = other
        caller.wait(FRAMES, qemu)
    caller.close()
    return reported(qemu, time.monotonic() + LIMIT)


def judge(caller, status, told):
    expect(not caller.faults, "; ".join(caller.faults[:3]))
    for number, under_way in enumerate(caller.under_way, 1):
        expect(under_way, "no frame was under way in migration %d" % number)
    expect(caller.announced > 0, "QEMU announced no new place: was the machine moved?")
    print("# %d frames came back, %d were under way in %d migrations; %d of these or of the start were lost"
          % (caller.echoed, sum(caller.under_way), len(caller.under_way), len(caller.doubtful)))
    expect(status == 0, "ndishost ended with status %d" % status)
    for name in ("violations", "leaked"):
        expect(told.get(name, 0) == 0, "%s %s" % (told.get(name), name))
    counters = told["driver_counters"]
    for name in ("device_errors", "resets", "link_changes"):
        expect(counters[name] == 0, "%d %s" % (counters[name], name))
    expect(told["ndis"]["resets"] == 0, "%d resets by NDIS" % told["ndis"]["resets"])
    expect(caller.echoed <= counters["tx_frames"] <= counters["rx_frames"] <= caller.next,
           "the caller sent %d and got %d back, the driver received %d and sent %d"
           % (caller.next, caller.echoed, counters["rx_frames"], counters["tx_frames"]))


def main():
    os.chdir(ROOT)
    group = Group("foreign", sys.argv[1:])
    if not group.listing:
        seed()
        os.makedirs(OUT, exist_ok=True)
        if not report.make("foreign", "driver", "host"):
            return 1
    group.test("x64:migration:aerovnet.sys, moved twice in mid-transfer", moved_twice(False))
    group.test("x64:migration:aerovnetm.sys on a root port, moved twice in mid-transfer", moved_twice(True))
    return group.finish()


sys.exit(main())
