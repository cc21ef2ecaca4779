#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""InterruptModeration: OID_GEN_INTERRUPT_MODERATION answers, and a set is honoured or refused, as the
answer and the keyword say (network/oid-gen-interrupt-moderation)."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import keywords
from job import Job

job = Job(__file__, __doc__)
UNKNOWN, NOT_SUPPORTED, ENABLED, DISABLED = range(4)
OID = "OID_GEN_INTERRUPT_MODERATION"


def answer(machine, session):
    reply = session.oid("query", OID, 512)
    machine.same("the answer's length", (reply.status, len(reply.data)), ("SUCCESS", 12))
    kind, revision, size, flags, moderation = struct.unpack_from("<BBHII", reply.data + bytes(12))
    machine.same("the answer's header", (kind, revision, size), (0x80, 1, 12))
    machine.expect(flags in (0, 1) and moderation in (NOT_SUPPORTED, ENABLED, DISABLED),
                   "flags 0x%x, moderation %d" % (flags, moderation))
    return moderation


@job.test("query and set agree")
def agree(machine):
    with machine.session("gen:rate=5000") as session:
        now = answer(machine, session)
        for wanted in (ENABLED, DISABLED, ENABLED):
            reply = session.oid("set", OID, struct.pack("<BBHII", 0x80, 1, 12, 0, wanted))
            if now == NOT_SUPPORTED:
                machine.same("a set to %d where it is not supported" % wanted, reply.status, "INVALID_DATA")
                machine.same("the answer after it", answer(machine, session), NOT_SUPPORTED)
            else:
                machine.same("a set to %d" % wanted, reply.status, "SUCCESS")
                machine.same("the answer after it", answer(machine, session), wanted)
        session.do("wait received %d" % (session.stats()["ndis"]["indicated_frames"] + 500))
    session.run.clean()


@job.test("values that are not valid", buses=("model",))
def garbage(machine):
    with machine.session() as session:
        before = answer(machine, session)
        for data in (struct.pack("<BBHII", 0x80, 1, 12, 0, 77), struct.pack("<BBHII", 0, 1, 12, 0, 2),
                     struct.pack("<BBHII", 0x80, 1, 4, 0, 2), struct.pack("<BBHII", 0x80, 9, 0xFFFF, 0, 2)):
            reply = session.oid("set", OID, data)
            machine.expect(not reply.good, "a set of %s: %s" % (data.hex(), reply))
        machine.same("the answer after that", answer(machine, session), before)
    session.run.clean()


@job.test("the keyword is there if the driver can do it, and not if it cannot", buses=("model",),
          arches=("x64",))
def keyword(machine):
    names = [one.name for one in keywords.declared()]
    with machine.session() as session:
        machine.same("*InterruptModeration in the INF", "*InterruptModeration" in names,
                     answer(machine, session) != NOT_SUPPORTED)
    session.run.clean()


if __name__ == "__main__":
    job.main()
