#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""VLAN: an adapter of a VLAN (keyword VlanId, OID_GEN_VLAN_ID) puts its frames into it and gets those of
it; the tag never comes up inside a frame, whatever *PriorityVLANTag is (network/oid-gen-mac-options,
NDIS_MAC_OPTION_8021Q_VLAN; network/enumeration-keywords)."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import oids
from job import Job
from wire import OWN, PEER, arrive, frame

job = Job(__file__, __doc__)
SEND = "send %s%s88b7%s" % (PEER, OWN, "5a" * 46)


def tag_of(one):
    return struct.unpack_from(">H", one, 14)[0] if one[12:14] == b"\x81\x00" else None


@job.test("frames of the VLAN come up, others do not")
def filtered(machine):
    with machine.session("none", ["--set", "VlanId=5"]) as session:
        for tag, wanted in ((5, 1), (0xE005, 1), (6, 0), (0x1006, 0), (4095, 0), (4, 0)):
            machine.same("frames with tag 0x%04x that come up" % tag,
                         arrive(session, [frame(OWN, PEER, b"x" * 50, tag)]), wanted)
        # Promiscuous: all, whether the VLAN matches or not (network/oid-gen-current-packet-filter).
        session.do("oid set OID_GEN_CURRENT_PACKET_FILTER 20000000")
        machine.same("frames of another VLAN that come up with NDIS_PACKET_TYPE_PROMISCUOUS",
                     arrive(session, [frame(OWN, PEER, b"x" * 50, 6)]), 1)
    session.run.clean()


@job.test("frames that are sent belong to it")
def sent(machine):
    for options, wanted in ((("VlanId=5",), 5), (("VlanId=5", "*PriorityVLANTag=2"), 5),
                            (("VlanId=5", "*PriorityVLANTag=1"), None), ((), None),
                            (("VlanId=5", "*PriorityVLANTag=0"), None)):
        words = [word for option in options for word in ("--set", option)]

        def run(more):
            with machine.session("none", words + more) as session:
                session.ask(SEND)
            session.run.clean()

        seen = machine.captured(run)
        machine.same("tags on the wire with %s" % (options,), [tag_of(one) for one in seen], [wanted])


@job.test("the OID: query, set, and values that are not valid")
def oid(machine):
    def run(more):
        with machine.session("none", more) as session:
            if not machine.own and "OID_GEN_VLAN_ID" not in oids.supported(session):
                machine.needs_own("the driver does not list OID_GEN_VLAN_ID")
            for vlan in (0, 1, 4094, 7):
                reply = session.oid("set", "OID_GEN_VLAN_ID", struct.pack("<I", vlan))
                machine.same("a set to %d" % vlan, (reply.status, reply.done), ("SUCCESS", 4))
                machine.same("the query after it", session.oid("query", "OID_GEN_VLAN_ID", 4).number(), vlan)
            for vlan in (4095, 4096, 0x10000, 0xFFFFFFFF):
                machine.same("a set to %d" % vlan,
                             session.oid("set", "OID_GEN_VLAN_ID", struct.pack("<I", vlan)).status,
                             "INVALID_DATA")
            machine.same("the query after those", session.oid("query", "OID_GEN_VLAN_ID", 4).number(), 7)
            session.do("reset")
            machine.same("the query after a reset", session.oid("query", "OID_GEN_VLAN_ID", 4).number(), 7)
            session.ask(SEND)
        session.run.clean()

    machine.same("tags on the wire after it was set", [tag_of(one) for one in machine.captured(run)], [7])


@job.test("no tag comes up inside a frame")
def removed(machine):
    payload = bytes(range(1, 60))
    for value, mask in enumerate((None, 0xE000, 0x0FFF, 0xEFFF)):
        runs = []

        def run(more):
            with machine.session("none", more + ["--set", "*PriorityVLANTag=%d" % value]) as session:
                for tag in (0xE000, 5, 0x7FFE):
                    machine.same("*PriorityVLANTag=%d: frames with tag 0x%04x that come up" % (value, tag),
                                 arrive(session, [frame(OWN, PEER, payload, tag)]), 1)
            session.run.clean()
            runs.append(session.run)

        # The capture has the tag that is told out of band; what the frames hold shows in their length.
        seen = machine.captured(run, "--pcap")
        machine.same("*PriorityVLANTag=%d: bytes indicated" % value,
                     runs[0].report["ndis"]["indicated_bytes"], 3 * len(frame(OWN, PEER, payload)))
        for tag, one in zip((0xE000, 5, 0x7FFE), seen):
            told = tag_of(one)
            machine.same("*PriorityVLANTag=%d: of tag 0x%04x is told" % (value, tag),
                         told and told & 0xEFFF, mask and (tag & mask or told and 0))
            machine.same("*PriorityVLANTag=%d: the frame" % value,
                         one[:12] + one[12 if told is None else 16:], frame(OWN, PEER, payload))


@job.test("tags that are cut off", buses=("model",))
def cut(machine):
    with machine.session() as session:
        for tail in ("8100", "810000", "81000005", "8100000588", "810000058100", "8100000588b7"):
            session.do("wire " + OWN + PEER + tail)
        session.do("sleep 50")
        before = session.stats()["ndis"]["indicated_frames"]
        machine.expect(before <= 6, "%d frames" % before)
        machine.same("a whole one after them", arrive(session, [frame(OWN, PEER, b"x" * 50, 5)]), 1)
    session.run.clean()


if __name__ == "__main__":
    job.main()
