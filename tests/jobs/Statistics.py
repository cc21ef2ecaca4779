#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Statistics: OID_GEN_STATISTICS, and the single OIDs beside it, count a known stream exactly: frames
and bytes by kind, in and out, discards and errors."""
import os
import random
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
import oids
import wire
from job import Job
from report import Failure

job = Job(__file__, __doc__)

OWN, LISTED, OTHER, BROADCAST = wire.OWN, "01005e7f0001", "01005e7f0002", "ffffffffffff"
FIELDS = ("in_discards", "in_errors", "in_octets", "in_directed", "in_multicast", "in_broadcast",
          "out_octets", "out_directed", "out_multicast", "out_broadcast", "out_errors", "out_discards",
          "in_directed_octets", "in_multicast_octets", "in_broadcast_octets", "out_directed_octets",
          "out_multicast_octets", "out_broadcast_octets")
# NDIS_STATISTICS_FLAGS_VALID_XXX: frames, bytes, discards and errors in and out, bytes by kind.
VALID = 0x7FF | 0x8000 | 0x3F0000
KIND = {OWN: "directed", "020000000001": "directed", LISTED: "multicast", OTHER: "multicast",
        BROADCAST: "broadcast"}
SINGLE = {"OID_GEN_DIRECTED_FRAMES_XMIT": "out_directed", "OID_GEN_DIRECTED_FRAMES_RCV": "in_directed",
          "OID_GEN_MULTICAST_FRAMES_XMIT": "out_multicast", "OID_GEN_MULTICAST_FRAMES_RCV": "in_multicast",
          "OID_GEN_BROADCAST_FRAMES_XMIT": "out_broadcast", "OID_GEN_BROADCAST_FRAMES_RCV": "in_broadcast",
          "OID_GEN_DIRECTED_BYTES_XMIT": "out_directed_octets",
          "OID_GEN_DIRECTED_BYTES_RCV": "in_directed_octets",
          "OID_GEN_MULTICAST_BYTES_XMIT": "out_multicast_octets",
          "OID_GEN_MULTICAST_BYTES_RCV": "in_multicast_octets",
          "OID_GEN_BROADCAST_BYTES_XMIT": "out_broadcast_octets",
          "OID_GEN_BROADCAST_BYTES_RCV": "in_broadcast_octets",
          "OID_GEN_BYTES_RCV": "in_octets", "OID_GEN_BYTES_XMIT": "out_octets",
          "OID_GEN_RCV_DISCARDS": "in_discards", "OID_GEN_XMIT_DISCARDS": "out_discards",
          "OID_GEN_RCV_ERROR": "in_errors", "OID_GEN_XMIT_ERROR": "out_errors"}


def statistics(machine, session):
    data = session.oid("query", "OID_GEN_STATISTICS", 512).data
    if len(data) != 152:
        raise Failure("OID_GEN_STATISTICS answers %d bytes, expected 152" % len(data))
    kind, revision, size, valid = struct.unpack_from("<BBHI", data)
    machine.same("the header of NDIS_STATISTICS_INFO", (kind, revision, size, len(data)), (0x80, 1, 152, 152))
    machine.same("SupportedStatistics", hex(valid), hex(VALID))
    return dict(zip(FIELDS, struct.unpack_from("<18Q", data, 8)))


def expected():
    return dict.fromkeys(FIELDS, 0)


def count(wanted, way, destination, length):
    kind = KIND[destination]
    wanted["%s_%s" % (way, kind)] += 1
    wanted["%s_%s_octets" % (way, kind)] += length
    wanted["%s_octets" % way] += length


def agree(machine, session, wanted, when):
    got = statistics(machine, session)
    for field in FIELDS:
        machine.same("%s: %s" % (when, field), got[field], wanted[field])
    names = oids.supported(session)
    for oid, field in SINGLE.items():
        if oid in names:
            machine.same("%s: %s" % (when, oid), session.oid("query", oid, 8).number(), wanted[field])
    for oid, way in (("OID_GEN_XMIT_OK", "out"), ("OID_GEN_RCV_OK", "in")):
        machine.same("%s: %s" % (when, oid), session.oid("query", oid, 8).number(),
                     sum(wanted["%s_%s" % (way, kind)] for kind in ("directed", "multicast", "broadcast")))


def frame(destination, source, length, chance):
    return destination + source + "88b7" + chance.randbytes(length - 14).hex()


@job.test("a stream of all kinds, frame by frame")
def stream(machine):
    chance = random.Random(host.seed())
    wanted = expected()
    with machine.session() as session:
        session.oid("set", "OID_802_3_MULTICAST_LIST", bytes.fromhex(LISTED))
        agree(machine, session, wanted, "at first")
        for _ in range(120):
            destination = chance.choice((OWN, LISTED, OTHER, BROADCAST, "020000000099"))
            length = chance.choice((60, 61, 64, 127, 600, 1513, 1514))
            session.do("wire " + frame(destination, "020000000001", length, chance))
            if destination in (OWN, LISTED, BROADCAST):
                count(wanted, "in", destination, length)
            destination = chance.choice(("020000000001", LISTED, OTHER, BROADCAST))
            length = chance.choice((60, 61, 333, 1514))
            session.do("send " + frame(destination, OWN, length, chance))
            count(wanted, "out", destination, length)
        received = sum(wanted["in_" + kind] for kind in ("directed", "multicast", "broadcast"))
        session.do("wait received %d 5000" % received)
        session.do("sleep 50")
        agree(machine, session, wanted, "after the stream")
        session.do("reset")
        agree(machine, session, wanted, "after a reset")
        session.do("power d3")
        session.do("power d0")
        agree(machine, session, wanted, "after sleep")
    session.run.clean()


@job.test("a stream as fast as it goes")
def fast(machine):
    with machine.session("gen:count=20000") as session:
        session.do("wait finished")
        session.do("sleep 50")
        net = session.stats()["net"]
        got = statistics(machine, session)
        for way, far in (("out", "tx"), ("in", "rx")):
            machine.same("%s: frames and bytes" % way,
                         (got[way + "_directed"], got[way + "_octets"], got[way + "_directed_octets"]),
                         (net[far]["frames_sent"], net[far]["bytes_sent"], net[far]["bytes_sent"]))
            machine.same("%s: others" % way, (got[way + "_multicast"], got[way + "_broadcast"],
                                              got[way + "_errors"]), (0, 0, 0))
    session.run.clean()


@job.test("what is refused, dropped or broken", buses=("model",))
def errors(machine):
    chance = random.Random(host.seed())
    wanted = expected()
    with machine.session() as session:
        # Not asked for by the filter: no frame of ours, and no discard (oid-gen-statistics).
        for destination in (OTHER, "020000000099"):
            session.do("wire " + frame(destination, "020000000001", 100, chance))
        session.do("sleep 50")
        agree(machine, session, wanted, "after frames for others")
        # Too long, too short: never sent, so an error of the sender's.
        before = statistics(machine, session)
        for kind in ("oversize", "huge", "short"):
            session.ask("bad " + kind, 35)
        after = statistics(machine, session)
        machine.same("errors and discards out, after 3 frames that were refused",
                     after["out_errors"] + after["out_discards"] -
                     before["out_errors"] - before["out_discards"], 3)
        machine.same("octets out, after that", after["out_octets"], before["out_octets"])
        # Nothing goes out while paused, and nothing is counted as sent.
        session.do("pause")
        session.ask("bad hundred-lists", 35)
        for _ in range(5):
            session.do("wire " + frame(OWN, "020000000001", 100, chance))
        session.do("sleep 100")
        paused = statistics(machine, session)
        machine.same("frames out while paused", paused["out_octets"], before["out_octets"])
        machine.same("frames in while paused", paused["in_octets"], 0)
        session.do("restart")
    session.run.clean()


@job.test("frames that a reset discards are discards, one per NET_BUFFER", buses=("model",))
def taken_back(machine):
    with machine.session("gen:count=3000,dir=tx,stall=60", bus="fault=tx_stall@500") as session:
        until = time.monotonic() + 120
        while session.stats()["ndis"]["sent_frames"] < 1200 and time.monotonic() < until:
            session.do("sleep 20")
        session.do("reset")
        session.do("sleep 50")
        got, stats = statistics(machine, session), session.stats()
        sent, completed = stats["ndis"], sum(stats["net"]["tx"]["completions"].values())
        machine.expect(sent["sent_frames"] > sent["sent_lists"], "no list had more than one NET_BUFFER")
        machine.expect(sent["send_failed_frames"] > 500, "%d frames were taken back" % sent["send_failed_frames"])
        # A list fails as a whole, also if some of its frames had gone out: these are not discards.
        machine.same("frames, discards and errors out", (got["out_directed"] + got["out_discards"], got["out_errors"]),
                     (completed, 0))
        machine.expect(got["out_discards"] <= sent["send_failed_frames"], "%d discards, %d frames failed" % (
            got["out_discards"], sent["send_failed_frames"]))
    session.run.lawful()


@job.test("received buffers that hold no frame are errors", buses=("model",))
def malformed(machine):
    for fault in ("rx_short", "rx_empty", "rx_runt"):
        with machine.session() as session:
            for now in ("none", fault, "none"):
                session.do("fault " + now)
                wire.arrive(session, [wire.frame(OWN)])
            got = statistics(machine, session)
            machine.same("%s: errors and frames in" % fault, (got["in_errors"], got["in_directed"]), (1, 2))
        session.run.clean()


if __name__ == "__main__":
    job.main()
