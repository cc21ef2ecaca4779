#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""BadInput: lists that no protocol should send, and frames in shapes that every protocol may send. In each
state of the adapter each list completes once, with a status of the documentation
(nf-ndis-ndismsendnetbufferlistscomplete). Nothing else goes out on the wire, and nothing leaks. Then OID
requests of every kind with buffers that are too short, empty or full of garbage, in each state."""
import os
import random
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
import oids
from job import Job

job = Job(__file__, __doc__)

LEGAL = {"SUCCESS", "INVALID_LENGTH", "RESOURCES", "PAUSED", "SEND_ABORTED", "RESET_IN_PROGRESS",
         "FAILURE", "LOW_POWER_STATE"}
# Kinds that are refused, each with what it may come back with; all others are to be sent. The page
# keeps INVALID_LENGTH for data that is too large, and FAILURE for reasons that have no code.
REFUSED = {
    "zero-nbs": {"FAILURE"},
    "zero-length": {"FAILURE", "INVALID_LENGTH"},
    "zero-length-no-mdl": {"FAILURE", "INVALID_LENGTH"},
    "one-byte": {"FAILURE", "INVALID_LENGTH"},
    "short": {"FAILURE", "INVALID_LENGTH"},
    "oversize": {"INVALID_LENGTH"},
    "oversize-tagged": {"INVALID_LENGTH"},
    "huge": {"INVALID_LENGTH"},
    "one-bad-nb": {"FAILURE", "INVALID_LENGTH"},
}


def kinds(session):
    return session.ask("bad").text.split("; use one of ")[1].split(", ")


def outcome(reply):
    """{status: lists}, frames on the wire; the reply names both."""
    statuses = {}
    text, _, wire = reply.text.partition(";")
    for name, _, count in re.findall(r"(?:NDIS_STATUS_)(\w+) \(0x[0-9A-F]+\)( x(\d+))?", text):
        statuses[name] = statuses.get(name, 0) + int(count or 1)
    seen = re.search(r"on the wire (\d+) of", wire)
    return statuses, int(seen[1]) if seen else 0


def one(machine, session, kind, statuses, sent, when):
    reply = session.ask("bad " + kind, 35)
    what = "%s, %s: %s" % (kind, when, reply)
    if not machine.expect(reply.good, what):
        return
    got, seen = outcome(reply)
    if not machine.own:  # no page says that a list of no frames fails, nor that one bad frame keeps the others back
        statuses = statuses | ({"SUCCESS"} if kind == "zero-nbs" else set())
        sent = seen > 0 if kind == "one-bad-nb" else sent
    machine.expect(got and set(got) <= LEGAL, "%s (no status of the documentation)" % what)
    machine.expect(set(got) <= statuses, "%s, expected %s" % (what, " or ".join(sorted(statuses))))
    machine.expect(seen > 0 if sent else seen == 0, "%s, expected %s" %
                   (what, "frames" if sent else "none on the wire"))


def running(machine, session, when):
    for kind in kinds(session):
        if kind == "one-bad-list":
            reply = session.ask("bad " + kind, 35)
            got, seen = outcome(reply)
            good = got.pop("SUCCESS", 0)
            machine.expect(reply.good and (good, seen) == (4, 4) and
                           set(got) <= {"FAILURE", "INVALID_LENGTH"} and sum(got.values()) == 1,
                           "%s, %s: %s" % (kind, when, reply))
        elif kind in REFUSED:
            one(machine, session, kind, REFUSED[kind], False, when)
        else:
            one(machine, session, kind, {"SUCCESS"}, True, when)


def refused(machine, session, status, when):
    """In a state in which nothing is sent: what is wrong with the list anyhow may be said too."""
    for kind in kinds(session):
        statuses = {status} | REFUSED.get(kind, set())
        if kind == "one-bad-list":
            statuses |= REFUSED["one-bad-nb"]
        one(machine, session, kind, statuses, False, when)


@job.test("running, after a reset, after sleep")
def states_running(machine):
    with machine.session() as session:
        running(machine, session, "running")
        session.do("reset")
        running(machine, session, "after a reset")
        session.do("power d3")
        session.do("power d0")
        running(machine, session, "after D3")
        session.do("pause")
        session.do("restart")
        running(machine, session, "after a pause")
    session.run.clean()


@job.test("paused")
def states_paused(machine):
    with machine.session() as session:
        session.do("pause")
        refused(machine, session, "PAUSED", "paused")
    session.run.clean()


@job.test("in low power")
def states_asleep(machine):
    with machine.session() as session:
        for state in ("d1", "d2", "d3"):
            session.do("power " + state)
            # NDIS has paused it before, so both are true.
            for kind in kinds(session) if state == "d3" else ("good", "zero-nbs", "hundred-lists"):
                one(machine, session, kind, {"LOW_POWER_STATE", "PAUSED"} | REFUSED.get(kind, set()) |
                    (REFUSED["one-bad-nb"] if kind == "one-bad-list" else set()), False, state)
            session.do("power d0")
        one(machine, session, "good", {"SUCCESS"}, True, "awake again")
    session.run.clean()


@job.test("no link", buses=("model",))
def states_unplugged(machine):
    with machine.session() as session:
        session.do("link down")
        session.do("wait down 3000")
        for kind in kinds(session):
            reply = session.ask("bad " + kind, 35)
            got, _ = outcome(reply)
            machine.expect(reply.good and got and set(got) <= LEGAL, "%s without a link: %s" % (kind, reply))
        session.do("link up")
        session.do("wait up 3000")
        one(machine, session, "good", {"SUCCESS"}, True, "with the link back")
    session.run.clean()


@job.test("gone, and removed", buses=("model",))
def states_gone(machine):
    with machine.session() as session:
        session.do("fault gone@1")
        for kind in ("good", "zero-nbs", "oversize", "hundred-lists", "thousand-nbs"):
            reply = session.ask("bad " + kind, 35)
            got, seen = outcome(reply)
            machine.expect(reply.good and got and "PENDING" not in got and seen == 0,
                           "%s with the hardware gone: %s" % (kind, reply))
        session.do("remove")
        machine.expect(not session.ask("bad good").good, "a halted adapter takes a list")
    session.run.lawful()


@job.test("under traffic, no frame of which is lost")
def under_traffic(machine):
    with machine.session("gen:rate=5000") as session:
        session.do("wait sent 200")
        names = kinds(session)
        for kind in names + names[::-1]:
            reply = session.ask("bad " + kind, 35)
            got, _ = outcome(reply)
            machine.expect(reply.good and got and set(got) <= LEGAL, "%s under traffic: %s" % (kind, reply))
    run = session.run
    run.clean()
    machine.expect(run.report["net"]["tx"]["intact"] > 200, "hardly any traffic")


@job.test("OID requests in every state")
def oid_requests(machine):
    chance = random.Random(host.seed())
    numbers = sorted(oids.numbers().values())
    with machine.session() as session:
        listed = [name for name in oids.supported(session) if not name.startswith("OID_PNP_")]
        for enter, leave in ((None, None), ("pause", "restart"), ("link down", "link up")):
            if enter:
                session.do(enter)
            for name in listed:
                for length in (0, 1, 3, 5, 7, 9, 13, 31, 33, 193, 2048):
                    kind = chance.choice(("query", "stats", "set", "set"))
                    data = chance.randbytes(length) if kind == "set" else length
                    reply = session.oid(kind, name, data)
                    machine.expect(reply.done is not None and reply.done <= length,
                                   "%s %s with %d bytes, %s: %s" % (kind, name, length, enter, reply))
            for number in chance.sample(numbers, 30):
                if named_power(number):
                    continue
                session.oid(chance.choice(("query", "stats", "set")), "0x%08X" % number, None)
            session.do("oid set OID_GEN_CURRENT_PACKET_FILTER " + struct.pack("<I", 0x0B).hex())
            if leave:
                session.do(leave)
        session.do("wait up 3000")
        one(machine, session, "good", {"SUCCESS"}, True, "after all requests")
        session.do("oid set OID_802_3_MULTICAST_LIST")
        before = session.stats()["ndis"]["indicated_frames"]
        session.do("wire ffffffffffff0200000000010800" + "00" * 46)
        session.do("wait received %d 3000" % (before + 1))
    session.run.clean()


def named_power(number):
    return oids.named(number).startswith(("OID_PNP_", "OID_PM_"))


if __name__ == "__main__":
    job.main()
