#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: two adapters, each on a QEMU of its own, joined by QEMU's own network ends.

    tests/foreign/ends.py [PATTERN...]     only the tests whose names contain a pattern
    tests/foreign/ends.py --list           the names of all tests; nothing is run

The first adapter is a station that returns what it gets. The second adapter calls it, and checks each
answer. SEED=N replays. FRAMES=N changes the number of frames.
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
from ndishost import Session
from report import ROOT, Group, seed

FRAMES = int(os.environ.get("FRAMES") or 10000)
LOGS = os.path.join(ROOT, "out/tests/foreign")
STATION = "02:61:76:6e:65:f4"  # whom echo:calls=1 calls
DEVICE = "-device virtio-net-pci,netdev=end"
# Sockets of datagrams drop what comes too fast: few frames are under way.
WINDOW = 16


def unix(key, path):
    return "%s.type=unix,%s.path=%s" % (key, key, path)


def stream(directory):
    address = unix("addr", directory + "/stream")
    return ["-netdev stream,id=end,server=on," + address, "-netdev stream,id=end,server=off," + address]


def dgram(directory):
    ends = [directory + "/a", directory + "/b"]
    return ["-netdev dgram,id=end,%s,%s" % (unix("local", one), unix("remote", other))
            for one, other in (ends, ends[::-1])]


def joined(arch, ends, size):
    def function(name):
        with tempfile.TemporaryDirectory() as directory:
            first, second = ends(directory)
            # The station starts first: what is called before it runs is lost.
            buses = ["qtest:%s %s,mac=%s" % (first, DEVICE, STATION), "qtest:%s %s" % (second, DEVICE)]
            nets = ["echo:count=%d" % FRAMES,
                    "echo:calls=1,window=%d,size=%s,count=%d" % (WINDOW, size, FRAMES)]
            with Session(buses, nets, ("--memory", "256"), arch, name, logs=LOGS) as session:
                session.do("wait finished 30000")
        run = session.run
        run.clean()
        station, caller = run.report["adapters"]
        calls = caller["net"]["calls"]
        run.expect(calls["intact"] == FRAMES and calls["lost"] == 0,
                   "%d of %d frames came back intact, %d lost" % (calls["intact"], FRAMES, calls["lost"]))
        for adapter in (caller, station):
            counters = adapter["driver_counters"]
            for counter in ("device_errors", "resets"):
                run.expect(counters[counter] == 0, "%d %s" % (counters[counter], counter))
            run.expect(counters["rx_frames"] >= FRAMES <= counters["tx_frames"],
                       "%d frames sent and %d received of %d"
                       % (counters["tx_frames"], counters["rx_frames"], FRAMES))

    return function


def main():
    group = Group("foreign", sys.argv[1:])
    seed()
    if not group.listing:
        os.makedirs(LOGS, exist_ok=True)
        if not host.build("foreign"):
            return 1
    for name, ends in (("stream", stream), ("dgram", dgram)):
        for arch in ("x64", "x86"):
            group.test("%s:two adapters over QEMU's %s end" % (arch, name), joined(arch, ends, "sweep"))
    return group.finish()


sys.exit(main())
