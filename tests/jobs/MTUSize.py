#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MTUSize: frames of 1514 bytes, and of 1518 with a tag, go through both ways; longer ones are refused
when they are sent, and are an error when they come."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job
from wire import OWN, PEER, frame

job = Job(__file__, __doc__)


@job.test("the longest frames, both ways")
def longest(machine):
    for net in ("gen:count=3000,size=1514", "gen:count=3000,size=1510-1514,tag=5:7"):
        machine.run(net).clean()


@job.test("the sizes that are told")
def told(machine):
    with machine.session() as session:
        frame_size = session.oid("query", "OID_GEN_MAXIMUM_FRAME_SIZE", 4).number()
        total = session.oid("query", "OID_GEN_MAXIMUM_TOTAL_SIZE", 4).number()
        machine.same("total size, frame size", (total, frame_size), (1514, 1500))
    session.run.clean()


# What the device says, and the MTU that comes of it.
MTUS = ((68, 68), (576, 576), (1499, 1499), (1500, 1500), (9000, 1500), (65535, 1500))
DEVICES = {"model": "mtu=%d", "qtest": "-device virtio-net-pci,host_mtu=%d"}


def limits(machine, session, mtu, first=None):
    """What the OIDs tell, and the lengths of frames that are sent and that are refused. `first` is the
    MTU of Initialize, which NDIS goes on to tell."""
    for oid, wanted in (("OID_GEN_MAXIMUM_FRAME_SIZE", first or mtu), ("OID_GEN_MAXIMUM_LOOKAHEAD", first or mtu),
                        ("OID_GEN_MAXIMUM_TOTAL_SIZE", mtu + 14)):
        machine.same("mtu %d: %s" % (mtu, oid), session.oid("query", oid, 4).number(), wanted)
    for length, wanted in ((mtu + 14, True), (mtu + 15, False), (1514, mtu == 1500)):
        reply = session.ask("send %s%s88b7%s" % (PEER, OWN, "00" * (length - 14)))
        machine.same("mtu %d: a frame of %d bytes" % (mtu, length), reply.status,
                     "" if wanted else "INVALID_LENGTH")


@job.test("the device's MTU")
def device_mtu(machine):
    for told, mtu in MTUS:
        with machine.session("none", (), DEVICES[machine.bus] % told) as session:
            limits(machine, session, mtu)
            machine.same("lookahead", session.oid("query", "OID_GEN_CURRENT_LOOKAHEAD", 4).number(), mtu)
            if machine.bus == "model":  # up to 1514 bytes come up, whatever the MTU
                session.do("wire " + frame(OWN, PEER, b"\x55" * 1500).hex())
                session.do("wait received 1 3000")
        run = session.run
        run.clean()
        if machine.own:
            machine.same("MTU negotiated", int(run.report["features_negotiated"], 16) >> 3 & 1, 1)


@job.test("a device that allows less after a reset", buses=("model",))
def less(machine):
    for commands in (("reset",), ("power d3", "power d0")):
        with machine.session("none", (), "mtu=1400") as session:
            limits(machine, session, 1400)
            for fault, mtu in (("mtu_small", 1000), ("none", 1400)):
                session.do("fault " + fault)
                for command in commands:
                    session.do(command)
                limits(machine, session, mtu, 1400)
            session.do("fault mtu_tiny")
            for command in commands:
                session.ask(command)
            reply = session.ask("send %s%s88b7%s" % (PEER, OWN, "00" * 46))
            machine.expect(not reply.good, "a frame is sent to a device with an MTU of 67")
            session.do("fault none")
            session.do("reset")
            limits(machine, session, 1400)
        run = session.run
        run.lawful()
        if machine.own:
            run.says("The MTU of the device is below 68 bytes")


@job.test("longer ones are refused")
def refused(machine):
    def run(options):
        with machine.session("none", options) as session:
            for kind in ("oversize", "oversize-tagged", "huge"):
                reply = session.do("bad " + kind)
                machine.expect("NDIS_STATUS_INVALID_LENGTH" in reply.text, "%s: %s" % (kind, reply))
            for length in (1515, 1516, 1518, 1519, 2000):
                reply = session.ask("send %s%s88b7%s" % (PEER, OWN, "00" * (length - 14)))
                machine.same("a frame of %d bytes" % length, reply.status, "INVALID_LENGTH")
            reply = session.ask("send %s%s88b7%s" % (PEER, OWN, "00" * 1500))
            machine.expect(reply.good, "a frame of 1514 bytes after them: %s" % reply)
        session.run.clean()

    machine.same("frames on the wire, and their bytes",
                 [len(one) for one in machine.captured(run)], [1514])


@job.test("longer ones that come do not come up", buses=("model",))
def come(machine):
    def run(options):
        with machine.session("none", options) as session:
            for length in (1515, 1518, 1522, 1530, 1600, 2000):
                session.ask("wire " + frame(OWN, PEER, b"\x33" * (length - 14)).hex())
            for tag in (0x0005, 0xE005):
                session.ask("wire " + frame(OWN, PEER, b"\x44" * 1501, tag).hex())
            session.do("wire " + frame(OWN, PEER, b"\x55" * 1500).hex())
            session.do("wire " + frame(OWN, PEER, b"\x66" * 1500, 0x0005).hex())
            session.do("wait received 2 3000")
            session.do("sleep 50")
            stats = session.stats()
            machine.same("frames indicated", stats["ndis"]["indicated_frames"], 2)
            machine.same("bytes indicated", stats["ndis"]["indicated_bytes"], 2 * 1514)
        session.run.clean()

    # The capture has the second one's tag, which came out of band.
    seen = machine.captured(run, "--pcap")
    machine.same("what came up", [(len(one), one[-1]) for one in seen], [(1514, 0x55), (1518, 0x66)])


if __name__ == "__main__":
    job.main()
