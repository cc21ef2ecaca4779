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
