#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: stations that look for Linux over IPv6, through aerovnet.sys on QEMU's device.

    tests/foreign/ipv6.py [PATTERN...]     only the tests whose names contain a pattern
    tests/foreign/ipv6.py --list           the names of all tests; nothing is run

Linux' TCP/IP over ndishost's TAP is in one network namespace. QEMU's own TAP, the far end of the wire, is in
another one. A neighbour solicitation goes to a multicast address that Linux has joined on the TAP: the
adapter must have it in its list.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
from ndishost import Session
from report import ROOT, Failure, Group
from namespace import Far, ip, own_network

LOGS = os.path.join(ROOT, "out/tests/foreign")
TAP, FAR = "aero0", "far0"
OURS, THEIRS, GROUP = "fd77::abcd:1", "fd77::2", "33:33:00:07:76:01"
BUS = "qtest:-netdev tap,id=end,ifname=%s,script=no,downscript=no -device virtio-net-pci,netdev=end" % FAR


def multicast_list(session):
    reply = session.oid("query", "OID_802_3_MULTICAST_LIST", 1024)
    return {reply.data[at:at + 6].hex(":") for at in range(0, len(reply.data), 6)}


def until(session, address, there):
    """Waits until the adapter's list has the address, or has it no more."""
    for _ in range(100):
        if (address in multicast_list(session)) == there:
            return
        session.do("sleep 100")
    raise Failure("%s is %sin the adapter's multicast list: %s" % (
        address, "not " if there else "", ", ".join(sorted(multicast_list(session)))))


def found(arch):
    def function(name):
        with Session(BUS, "tap:" + TAP, (), arch, name, logs=LOGS) as session:
            session.do("wait up 20000")
            ip("address", "add", OURS + "/64", "dev", TAP, "nodad")
            until(session, "33:33:ff:cd:00:01", True)
            with Far(FAR, THEIRS + "/64") as far:
                # The far end asks first: it knows no address of ours.
                far.run("ping", "-6", "-n", "-c", "3", "-i", "0.2", "-w", "30", OURS)
                for command in ("reset", "power d3", "power d0"):
                    session.do(command)
                    far.run("ip", "neighbour", "flush", "dev", FAR)
                    if command != "power d3":
                        far.run("ping", "-6", "-n", "-c", "1", "-w", "30", OURS)
        session.run.clean()

    return function


def followed(arch):
    """Lists of the link layer, and one that is longer than the adapter's."""

    def function(name):
        with Session(BUS, "tap:" + TAP, (), arch, name, logs=LOGS) as session:
            session.do("wait up 20000")
            ip("maddress", "add", GROUP, "dev", TAP)
            until(session, GROUP, True)
            ip("maddress", "del", GROUP, "dev", TAP)
            until(session, GROUP, False)
            many = ["33:33:00:08:00:%02x" % number for number in range(64)]
            for address in many:
                ip("maddress", "add", address, "dev", TAP)
            for _ in range(100):
                time.sleep(0.1)
                session.do("sleep 100")
                bits = session.oid("query", "OID_GEN_CURRENT_PACKET_FILTER", 4).data
                if bits[0] & 4:
                    break
            else:
                raise Failure("the packet filter has no ALL_MULTICAST: %s" % bits.hex())
            for address in many:
                ip("maddress", "del", address, "dev", TAP)
            until(session, many[0], False)
        session.run.clean()

    return function


def main():
    os.chdir(ROOT)
    group = Group("foreign", sys.argv[1:])
    if not group.listing:
        host.seed()
        os.makedirs(LOGS, exist_ok=True)
        if not host.build("foreign"):
            return 1
        own_network("foreign:ipv6")
    for arch in ("x64", "x86"):
        group.test(arch + ":ipv6:a station finds Linux at the adapter", found(arch))
        group.test(arch + ":ipv6:the multicast list is what Linux has joined", followed(arch))
    return group.finish()


sys.exit(main())
