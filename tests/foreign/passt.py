#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: aerovnet.sys on QEMU's device whose far end is passt, in a network namespace.

    tests/foreign/passt.py [PATTERN...]     only the tests whose names contain a pattern
    tests/foreign/passt.py --list           the names of all tests; nothing is run

passt is in one namespace, with an interface that leads nowhere. Linux' TCP/IP over ndishost's TAP is in
another one. What passt calls the gateway is, for TCP, the loopback of its own namespace.
"""
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
from ndishost import Session
from report import ROOT, Failure, Group, Skip
from namespace import give_address, ip, own_network
from testpmd import _die_with_parent

LOGS = os.path.join(ROOT, "out/tests/foreign")
TAP = "aero0"
ADDRESS, GATEWAY, PREFIX = "10.98.0.2", "10.98.0.1", 24
BEYOND = "10.97.0.1"  # a station beyond the gateway
# The last version that takes a frame's padding for data; later ones read the length of the IP packet.
FAULTY = "0.0~git20230309"
TYPE_IP = 0x0800
STALL = 8  # seconds; passt itself gives up after 10
MIB = 1 << 20


def version():
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "passt"], capture_output=True, text=True,
                          check=False)
    return said.stdout


def faulty():
    return subprocess.run(["dpkg", "--compare-versions", version(), "le", FAULTY + ".9"], check=False).returncode == 0


class Passt:
    """passt in the namespace that this process has when it makes one, and a listener on its loopback."""

    def __init__(self, directory):
        ip("link", "set", "lo", "up")
        ip("tuntap", "add", "dev", "out0", "mode", "tap")
        give_address("out0", "%s/%d" % (ADDRESS, PREFIX))
        ip("route", "add", "default", "via", GATEWAY)
        ip("address", "add", BEYOND, "dev", "lo")
        with open("/proc/sys/net/ipv4/ping_group_range", "w", encoding="ascii") as file:
            file.write("0 2147483647")  # passt pings as an ordinary user
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        os.chmod(directory, 0o777)  # passt gives up root
        self.directory, self.log = directory, os.path.join(LOGS, "passt.log")
        self.process = None
        self.network = os.open("/proc/self/ns/net", os.O_RDONLY)

    def enter(self):
        """Between fork and exec: ends with its parent, and is in the namespace of old."""
        _die_with_parent()
        ctypes.CDLL(None).setns(self.network, 0)

    def start(self, name):
        """A new one for each test: it ends with its connection. Where it waits for QEMU."""
        path = os.path.join(self.directory, re.sub(r"\W", "_", name)[-40:])
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                ["passt", "--foreground", "--stderr", "-4", "--mtu", "1500", "--socket", path, "-t", "none", "-u",
                 "none"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=self.enter)
        until = time.monotonic() + 20
        while not os.path.exists(path):
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failure("passt makes no socket: see %s" % self.log)
            time.sleep(0.05)
        return path

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()


class Cutter(threading.Thread):
    """Between QEMU and passt: it cuts the padding off the frames of the device. Each frame comes after its length,
    of 32 bits."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path + ".cut"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.passt = socket.socket(socket.AF_UNIX)
        self.passt.connect(path)
        self.cut = 0
        self.start()

    def run(self):
        qemu, _ = self.listener.accept()
        threading.Thread(target=self.back, args=(qemu,), daemon=True).start()
        with qemu.makefile("rb") as stream:
            while head := stream.read(4):
                frame = stream.read(struct.unpack(">I", head)[0])
                kind, length = struct.unpack_from(">HxxH", frame, 12)
                if kind == TYPE_IP and 14 + length < len(frame):
                    frame = frame[:14 + length]
                    self.cut += 1
                self.passt.sendall(struct.pack(">I", len(frame)) + frame)

    def back(self, qemu):
        try:
            while data := self.passt.recv(65536):
                qemu.sendall(data)
        except OSError:
            pass  # QEMU has ended

    def close(self):
        self.passt.close()
        self.listener.close()


def over_tap(passt, work, cutting=False, arch="x64"):
    """A test that has an adapter on passt with a TAP."""

    def function(name):
        pcap = host.log_of(LOGS, name)[:-4] + ".pcap"
        cutter = None
        try:
            path = passt.start(name)
            if cutting:
                cutter = Cutter(path)
                path = cutter.path
            bus = ("qtest:-netdev stream,id=end,server=off,addr.type=unix,addr.path=%s -device virtio-net-pci,netdev=end "
                   "-object filter-dump,id=dump,netdev=end,file=%s" % (path, pcap))
            with Session(bus, "tap:" + TAP, (), arch, name, logs=LOGS) as session:
                session.do("wait up 20000")
                work(session)
        finally:
            passt.stop()
            if cutter:
                cutter.close()
        run = session.run
        run.clean()
        for counter in ("device_errors", "resets"):
            run.expect(run.counter(counter) == 0, "%d %s" % (run.counter(counter), counter))
        run.expect(not cutter or cutter.cut > 0, "no frame had a padding to be cut off")
        padded(pcap, bytes.fromhex(run.report["mac"].replace(":", "")))

    return function


def padded(pcap, source):
    """Each frame of the device has 60 bytes or more, and what is behind its IP packet is 0."""
    with open(pcap, "rb") as file:
        data = file.read()
    at, count = 24, 0  # https://www.tcpdump.org/manpages/pcap-savefile.5.html
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + length]
        at += 16 + length
        if frame[6:12] != source:
            continue
        count += 1
        kind, total = struct.unpack_from(">HxxH", frame, 12)
        if length < 60 or kind == TYPE_IP and any(frame[14 + total:]):
            raise Failure("a frame of %d bytes left the device: %s" % (length, frame[:64].hex()))
    if not count:
        raise Failure("QEMU saw no frame of the device")


def fetch():
    """Puts busybox under out/; once it is there, this needs no network."""
    return subprocess.run(["vm/fetch", "busybox-static"], cwd=ROOT, capture_output=True, text=True, check=False)


def lease():
    """What udhcpc is told: address and gateway."""
    fetched = fetch()
    if fetched.returncode:
        raise Failure(fetched.stderr.strip())
    busybox = os.path.join(ROOT, fetched.stdout.strip(), "bin/busybox")
    with tempfile.TemporaryDirectory() as directory:
        script = os.path.join(directory, "told")
        with open(script, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\n[ "$1" != bound ] || echo "$ip $router" >%s/lease\n' % directory)
        os.chmod(script, 0o755)
        run = subprocess.run([busybox, "udhcpc", "-i", TAP, "-n", "-q", "-f", "-t", "8", "-T", "2", "-s", script],
                             capture_output=True, text=True, check=False)
        if run.returncode:
            raise Failure("udhcpc got no lease: %s" % (run.stdout + run.stderr).strip()[-200:])
        with open(os.path.join(directory, "lease"), encoding="utf-8") as file:
            return file.read().split()


def dhcp(_):
    ip("link", "set", TAP, "up")
    got = lease()
    if got != [ADDRESS, GATEWAY]:
        raise Failure("passt leases %s" % got)


def ping(_):
    give_address(TAP, "%s/%d" % (ADDRESS, PREFIX))
    ip("route", "add", "default", "via", GATEWAY)
    for size in (56, 1400):
        run = subprocess.run(["ping", "-n", "-c", "5", "-i", "0.2", "-w", "30", "-s", str(size), BEYOND],
                             capture_output=True, text=True, check=False)
        if not re.search(r"\b5 received", run.stdout):
            raise Failure("ping of %d bytes: %s" % (size, run.stdout.strip().splitlines()[-2:]))


def connected(passt, work):
    """A TCP connection from the TAP to passt's loopback: work(near end, far end)."""
    give_address(TAP, "%s/%d" % (ADDRESS, PREFIX))
    passt.listener.settimeout(30)
    with socket.create_connection((GATEWAY, passt.port), timeout=30) as near:
        far, _ = passt.listener.accept()
        with far:
            work(near, far)


def stalls(near, far):
    """The acknowledgement that ends the handshake has 54 bytes, and its frame 60."""
    far.sendall(b"x" * 100)
    near.settimeout(STALL)
    try:
        got = near.recv(100)
    except (TimeoutError, ConnectionResetError):
        return
    raise Failure("%d bytes came through: passt %s has the fault no more, say so in the contract" % (len(got), version()))


def tcp(passt, cutting):
    """The same connection, with the padding and with the padding cut off."""

    def work(_):
        connected(passt, stalls if faulty() and not cutting else transfer)

    return work


def transfer(near, far):
    """Both ways, one after the other."""
    for end in (near, far):
        end.settimeout(60)
    for sender, receiver in ((near, far), (far, near)):
        content = os.urandom(MIB)
        got = b""
        for at in range(0, MIB, 65536):
            sender.sendall(content[at:at + 65536])
            while len(got) < at + 65536:
                piece = receiver.recv(65536)
                if not piece:
                    raise Failure("the connection ended after %d bytes" % len(got))
                got += piece
        if got != content:
            raise Failure("the transfer changed the content")


def main():
    os.chdir(ROOT)
    group = Group("foreign", sys.argv[1:])
    passt = None
    with tempfile.TemporaryDirectory() as directory:
        there = bool(version())
        if not group.listing and there:
            host.seed()
            os.makedirs(LOGS, exist_ok=True)
            if not host.build("foreign"):
                return 1
            fetch()  # its own network has no archive
            own_network("foreign:passt")
            passt = Passt(directory)
            own_network("foreign:passt")
            print("# passt %s" % version())

        def add(name, work, cutting=False):
            def missing(_):
                raise Skip("passt is not there: tools/packages foreign installs it")

            group.test(name, over_tap(passt, work, cutting) if there else missing)

        add("x64:passt:a lease by DHCP", dhcp)
        add("x64:passt:ARP, and pings to a station beyond", ping)
        add("x64:passt:TCP, which passt of Debian 12 stalls at padded frames", tcp(passt, False))
        add("x64:passt:TCP, with the padding cut off", tcp(passt, True), True)
        return group.finish()


sys.exit(main())
