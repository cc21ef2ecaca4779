#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: QEMU's own network ends. Two adapters, each on a QEMU of its own, joined by stream and dgram; and
Linux at the far end of QEMU's TAP.

    tests/foreign/ends.py [PATTERN...]     only the tests whose names contain a pattern
    tests/foreign/ends.py --list           the names of all tests; nothing is run

The first adapter is a station that returns what it gets. The second adapter calls it, and checks each
answer. A TAP has a header of its own for checksums and long segments, so with it the device offers them. The
driver accepts none, and Linux has to do that work. SEED=N replays. FRAMES=N changes the number of frames.
"""
import os
import random
import socket
import struct
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
from ndishost import Session
from namespace import Far, give_address, ip, own_network
from report import ROOT, Group, expect, seed

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


TAP, NEAR, FAR = "far0", "10.96.0.1", "10.96.0.2"
TAP_BUS = "qtest:-netdev tap,id=end,ifname=%s,script=no,downscript=no %s" % (TAP, DEVICE)
NUMBERED = 0x88B5  # IEEE: local experiments
CALLER = bytes.fromhex("0261766e65f5")
OFFLOADS = 1 << 0 | 1 << 1 | 1 << 7 | 1 << 11  # CSUM, GUEST_CSUM, GUEST_TSO4, HOST_TSO4
ACCEPTED = 1 << 32 | 1 << 28 | 1 << 16 | 1 << 5  # VERSION_1, INDIRECT_DESC, STATUS, MAC
BYTES = 4 << 20


def untroubled(run):
    """The device offered its offloads, the driver took none, and nothing went wrong."""
    run.clean()
    offered, accepted = (int(run.report["features_" + which], 16) for which in ("offered", "negotiated"))
    run.expect(offered & OFFLOADS == OFFLOADS, "QEMU's TAP offers %#x" % offered)
    run.expect(accepted == ACCEPTED, "negotiated %#x" % accepted)
    for counter in ("device_errors", "resets", "rx_malformed"):
        run.expect(run.counter(counter) == 0, "%d %s" % (run.counter(counter), counter))


def numbered(number, adapter):
    """The frame of that number: each size comes up, and content that follows from the number."""
    size = 60 + number * 769 % 1455
    content = random.Random(seed() * 100003 + number).randbytes(size - 18)
    return adapter + CALLER + struct.pack(">HI", NUMBERED, number) + content


def sized(arch):
    """Numbered frames of each size, one after the other; the adapter returns each."""

    def function(name):
        with Session(TAP_BUS, "echo", ("--memory", "256"), arch, name, logs=LOGS) as session:
            session.do("wait up 20000")
            with open("/proc/sys/net/ipv6/conf/%s/disable_ipv6" % TAP, "w", encoding="ascii") as file:
                file.write("1")
            ip("link", "set", TAP, "promisc", "on", "up")
            adapter = bytes.fromhex(session.stats()["mac"].replace(":", ""))
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(NUMBERED)) as far:
                far.bind((TAP, NUMBERED))
                far.settimeout(30)
                for number in range(1455):
                    frame = numbered(number, adapter)
                    far.send(frame)
                    back = far.recv(4096)
                    expect(back == CALLER + adapter + frame[12:], "frame %d of %d bytes came back as %d bytes: %s"
                           % (number, len(frame), len(back), back[:24].hex()))
        untroubled(session.run)

    return function


# The far end's half: it sends what it was told to, and wants it back.
CLIENT = """
import random, socket, sys
data = random.Random(int(sys.argv[3])).randbytes(int(sys.argv[4]))
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=60) as near:
    near.sendall(data)
    near.shutdown(socket.SHUT_WR)
    back = b"".join(iter(lambda: near.recv(65536), b""))
sys.exit(0 if back == data else "%d of %d bytes came back right" % (sum(map(int.__eq__, back, data)), len(data)))
"""


def returning(listener):
    """Serves one connection: all of it comes, and then all of it goes back."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(60)
        connection.sendall(b"".join(iter(lambda: connection.recv(65536), b"")))


def tcp(arch):
    """A TCP connection of Linux to Linux: segments are never longer than the MTU, and their checksums are right."""

    def function(name):
        with Session(TAP_BUS, "tap:aero0", ("--memory", "256"), arch, name, logs=LOGS) as session:
            session.do("wait up 20000")
            give_address("aero0", NEAR + "/24")
            with Far(TAP, FAR + "/24") as far, socket.create_server((NEAR, 0)) as listener:
                server = threading.Thread(target=returning, args=(listener,), daemon=True)
                server.start()
                far.run(sys.executable, "-c", CLIENT, NEAR, str(listener.getsockname()[1]), str(seed()), str(BYTES))
                server.join(60)
        untroubled(session.run)
        frames = session.run.counter("rx_frames")
        session.run.expect(frames >= BYTES // 1500, "%d MiB came in %d frames" % (BYTES >> 20, frames))

    return function


def main():
    group = Group("foreign", sys.argv[1:])
    seed()
    if not group.listing:
        os.makedirs(LOGS, exist_ok=True)
        if not host.build("foreign"):
            return 1
        own_network("foreign:ends")
    for name, ends in (("stream", stream), ("dgram", dgram)):
        for arch in ("x64", "x86"):
            group.test("%s:two adapters over QEMU's %s end" % (arch, name), joined(arch, ends, "sweep"))
    for arch in ("x64", "x86"):
        group.test(arch + ":QEMU's tap end, numbered frames of each size", sized(arch))
        group.test(arch + ":QEMU's tap end, TCP of Linux", tcp(arch))
    return group.finish()


sys.exit(main())
