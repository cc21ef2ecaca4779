#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: aerovnet.sys on QEMU's virtio-net-pci whose back end is DPDK's vhost library.

    tests/foreign/dpdk.py [PATTERN]     only the tests whose name contains PATTERN
    tests/foreign/dpdk.py --list        the names of all tests; nothing is run

The rings are DPDK's to read and write here, not QEMU's. testpmd plays the far end: it returns each
frame with its addresses swapped, answers pings, or sends frames of its own.
SEED=N replays. FRAMES=N changes the number of frames.
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
from ndishost import Session, capture, ndishost
from report import Failure, Group
from namespace import give_address, own_network
from testpmd import MEMORY, Testpmd, version

FRAMES = int(os.environ.get("FRAMES") or 30000)
LOGS = os.path.join(host.ROOT, "out/tests/foreign")
# Waits for receive buffers instead of dropping frames, as QEMU's own ends do: up to a minute, since
# the machine may stand still while testpmd has a burst in its hands.
PATIENT = ["set burst tx delay 100 retry 600000"]
RETURN = ["set fwd macswap retry"] + PATIENT + ["start"]
ANSWER = ["set fwd icmpecho", "start"]
# Frames under way at most: fewer than receive buffers, and room for those that the host keeps.
CALLS = "echo:calls=1,window=64"
MAC = "52:54:00:12:34:56"
MODEL_FEATURES = 0x110010020  # VERSION_1, INDIRECT_DESC, STATUS, MAC


def log_name(name, what):
    return os.path.join(LOGS, re.sub(r"\W", "_", name) + what)


def back_end(directory, name, commands):
    return Testpmd(directory, commands, log_name(name, ".testpmd.log"))


def untroubled(run, links=0):
    """Nobody broke a rule, the driver saw no error and no reset, and the link changed so often."""
    run.clean()
    for name in ("device_errors", "resets"):
        run.expect(run.counter(name) == 0, "%d %s" % (run.counter(name), name))
    run.expect(run.report["ndis"]["resets"] == 0, "%d resets by NDIS" % run.report["ndis"]["resets"])
    run.expect(run.counter("link_changes") == links,
               "%d link changes, expected %d" % (run.counter("link_changes"), links))


def dpdk_agrees(run, pmd):
    """testpmd counted the frames that the driver counted."""
    theirs = pmd.counters()
    for name, ours in (("RX-packets", "tx_frames"), ("TX-packets", "rx_frames")):
        run.expect(theirs[name] == run.counter(ours), "testpmd counted %d %s, the driver %d %s"
                   % (theirs[name], name, run.counter(ours), ours))


def every_size(arch, size, options="", check=None):
    """Frames come back with their content, in order, every one; testpmd counted as many."""

    def function(name):
        with tempfile.TemporaryDirectory() as directory:
            with back_end(directory, name, RETURN) as pmd:
                run = ndishost(pmd.bus(options), "%s,count=%d,size=%s" % (CALLS, FRAMES, size), MEMORY,
                               arch, name=name, logs=LOGS)
            untroubled(run)
            got = int(run.report["features_negotiated"], 16)
            run.expect(got == MODEL_FEATURES, "negotiated %#x" % got)
            dpdk_agrees(run, pmd)
            if check:
                check(run)

    return function


def too_long(arch):
    """testpmd sends frames of 60, 1516 and 2116 bytes. Those of 2116 fit no buffer, and DPDK drops
    them. Those of 1516 without a tag fit, and are longer than the MTU allows: the driver drops
    them. None of that is an error of the device."""
    commands = ["set fwd txonly", "set eth-peer 0 " + MAC, "set txpkts 60,1456,600",
                "set txsplit rand", "start"]

    def function(name):
        pcap = log_name(name, ".pcap")
        with tempfile.TemporaryDirectory() as directory:
            with back_end(directory, name, commands) as pmd:
                with Session(pmd.bus(), "none", MEMORY + ["--pcap", pcap], arch, name, logs=LOGS) as session:
                    session.do("wait received %d 20000" % (FRAMES // 10))
        run = session.run
        untroubled(run)
        sizes = {}
        for frame in capture(pcap):
            sizes[len(frame)] = sizes.get(len(frame), 0) + 1
        run.expect(set(sizes) == {60}, "frames of these sizes came up: %s" % sizes)
        run.expect(run.counter("rx_malformed") > 0, "no frame of 1516 bytes was dropped by the driver")
        dropped = pmd.counters()["TX-dropped"]
        run.expect(dropped > 0, "DPDK dropped no frame")

    return function


def echoed(session):
    return session.stats()["net"]["calls"]["intact"]


def wait_echoed(session, more, seconds=30):
    """Until so many more frames came back than now."""
    aim, until = echoed(session) + more, time.monotonic() + seconds
    while echoed(session) < aim:
        if time.monotonic() > until:
            raise Failure("%d of %d frames came back within %d s" % (echoed(session), aim, seconds))
        time.sleep(0.1)


def quiet(session, seconds=1.5):
    """Nothing comes back for so long."""
    time.sleep(0.3)
    before = echoed(session)
    time.sleep(seconds)
    after = echoed(session)
    if after != before:
        raise Failure("%d frames came back from a back end that stands still" % (after - before))


def stopped(arch):
    """The back end stands still under traffic, and goes on: no frame is lost."""

    def function(name):
        with tempfile.TemporaryDirectory() as directory:
            with back_end(directory, name, RETURN) as pmd:
                with Session(pmd.bus(), CALLS, MEMORY, arch, name, logs=LOGS) as session:
                    wait_echoed(session, 1000)
                    for _ in range(2):
                        pmd.pause()
                        quiet(session)
                        pmd.go_on()
                        wait_echoed(session, 1000)
            untroubled(session.run)
            dpdk_agrees(session.run, pmd)

    return function


class Monitor:
    """QEMU's QMP on a socket of its own, beside the one that ndishost has."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise Failure("QMP %s: %s" % (command, answer["error"]))
            if "return" in answer:
                return answer["return"]

    def close(self):
        self.file.close()
        self.socket.close()


def machine_stopped(arch):
    """The whole machine stops and goes on: QEMU takes the rings from DPDK and gives them back."""

    def function(name):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "qmp.sock")
            with back_end(directory, name, RETURN) as pmd:
                bus = pmd.bus(more="-qmp unix:%s,server=on,wait=off" % path)
                with Session(bus, CALLS, MEMORY, arch, name, logs=LOGS) as session:
                    session.do("wait up 20000")
                    monitor = Monitor(path)
                    try:
                        for _ in range(3):
                            wait_echoed(session, 1000)
                            monitor.ask("stop")
                            quiet(session)
                            monitor.ask("cont")
                        wait_echoed(session, 1000)
                    finally:
                        monitor.close()
            untroubled(session.run)

    return function


def killed(arch):
    """The back end dies under traffic and another takes its place: the link goes down and comes up,
    only frames that were under way then are lost, and the driver needs no reset."""

    def function(name):
        with tempfile.TemporaryDirectory() as directory:
            with back_end(directory, name, RETURN) as pmd:
                with Session(pmd.bus(), CALLS, MEMORY, arch, name, logs=LOGS) as session:
                    for _ in range(2):
                        wait_echoed(session, 1000)
                        pmd.kill()
                        session.do("wait down 20000")
                        time.sleep(0.5)
                        pmd.start()
                        session.do("wait up 20000")
                    wait_echoed(session, 1000)
        untroubled(session.run, links=4)
        excused = session.run.report["net"]["calls"]["excused"]
        session.run.expect(excused <= 2 * 64, "%d frames were lost with two back ends" % excused)

    return function


def pings(command, log):
    """The answers so far: sequence numbers."""
    with open(log, encoding="utf-8") as file:
        return [int(number) for number in re.findall(r"bytes from .* icmp_seq=(\d+)", file.read())]


def wait_pings(process, log, after, count):
    """`count` answers with numbers above `after`; the last number."""
    until = time.monotonic() + 30
    while True:
        answered = [number for number in pings(process, log) if number > after]
        if len(answered) >= count:
            return answered[-1]
        if time.monotonic() > until or process.poll() is not None:
            raise Failure("%d of %d pings were answered: see %s" % (len(answered), count, log))
        time.sleep(0.1)


def killed_under_ping(arch):
    """Linux' own ping over the TAP goes on when the back end dies and comes back."""

    def function(name):
        log = log_name(name, ".ping.log")
        with tempfile.TemporaryDirectory() as directory:
            with back_end(directory, name, ANSWER) as pmd:
                with Session(pmd.bus(), "tap:aero0", MEMORY, arch, name, logs=LOGS) as session, \
                        open(log, "w", encoding="utf-8") as output:
                    session.do("wait up 20000")
                    give_address("aero0", "10.99.0.1/24")
                    ping = subprocess.Popen(["ping", "-n", "-i", "0.1", "10.99.0.2"], stdout=output,
                                            stderr=output)
                    try:
                        last = wait_pings(ping, log, 0, 10)
                        for _ in range(2):
                            pmd.kill()
                            session.do("wait down 20000")
                            last = max(pings(ping, log))
                            pmd.start()
                            session.do("wait up 20000")
                            last = wait_pings(ping, log, last, 10)
                    finally:
                        ping.kill()
                        ping.wait()
        untroubled(session.run, links=4)
        with open(log, encoding="utf-8") as file:
            session.run.expect("DUP!" not in file.read(), "a ping was answered twice: see %s" % log)

    return function


def add_tests(group):
    for arch in ("x64", "x86"):
        group.test("%s:dpdk:%d frames of every size return intact" % (arch, FRAMES),
                   every_size(arch, "sweep"))
        group.test("%s:dpdk:back end killed and restarted under traffic" % arch, killed(arch))
    group.test("x64:dpdk:rings of 1024",
               every_size("x64", "60-1514", ",rx_queue_size=1024,tx_queue_size=1024"))
    group.test("x64:dpdk:frames too long among short ones", too_long("x64"))
    group.test("x64:dpdk:back end stopped and continued", stopped("x64"))
    group.test("x64:dpdk:machine stopped and continued", machine_stopped("x64"))
    group.test("x64:dpdk:back end killed and restarted under ping", killed_under_ping("x64"))


def main():
    group = Group("foreign", sys.argv[1:])
    if not group.listing:
        host.seed()
        os.makedirs(LOGS, exist_ok=True)
        if not host.build("foreign"):
            return 1
        own_network("foreign:dpdk")
        print("# %s" % version())
    add_tests(group)
    return group.finish()


sys.exit(main())
