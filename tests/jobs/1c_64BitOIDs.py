#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1c_64BitOIDs: counters of 64 bits, asked for with no, four, eight and other numbers of bytes
(network/oid-gen-xmit-ok, oid-gen-rcv-ok: a caller with 4 bytes gets the low 32 bits)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job
from target import target

job = Job(__file__, __doc__)
FRAMES = 700  # more than a byte holds


def ask(machine, session, oid, kind, length):
    """(status, BytesWritten, BytesNeeded, number)"""
    reply = session.oid(kind, oid, length)
    return reply.status, reply.done, reply.needed, reply.number()


def lengths(machine, session, oid, kind, frames):
    what = "%s %s" % (kind, oid)
    status, done, needed, _ = ask(machine, session, oid, kind, 0)
    machine.expect(status in ("INVALID_LENGTH", "BUFFER_TOO_SHORT") and (done, needed) == (0, 8),
                   "%s of 0 bytes: %s, %s written, %s needed" % (what, status, done, needed))
    for length in (1, 2, 3):
        status, done, needed, _ = ask(machine, session, oid, kind, length)
        machine.expect(status in ("INVALID_LENGTH", "BUFFER_TOO_SHORT") and (done, needed) == (0, 8),
                       "%s of %d bytes: %s, %s written, %s needed" %
                       (what, length, status, done, needed))
    for length in (4, 5, 7):
        machine.same("%s of %d bytes" % (what, length),
                     ask(machine, session, oid, kind, length), ("SUCCESS", 4, 8, frames))
    for length in (8, 9, 512):
        status, done, _, number = ask(machine, session, oid, kind, length)
        machine.same("%s of %d bytes" % (what, length), (status, done, number),
                     ("SUCCESS", 8, frames))


@job.test("zero, four and eight bytes")
def counters(machine):
    with machine.session("gen:count=%d" % FRAMES) as session:
        session.do("wait finished")
        for oid, frames in (("OID_GEN_XMIT_OK", FRAMES), ("OID_GEN_RCV_OK", 0 if target.lone() else FRAMES)):
            for kind in ("query", "stats"):
                lengths(machine, session, oid, kind, frames)
        for oid in ("OID_GEN_XMIT_ERROR", "OID_GEN_RCV_ERROR", "OID_GEN_RCV_NO_BUFFER"):
            machine.same(oid + " after traffic without one", session.oid("query", oid, 4).number(), 0)
    session.run.clean()


@job.test("nothing is written into a buffer that is too short", buses=("model",))
def untouched(machine):
    with machine.session() as session:
        for oid in ("OID_GEN_XMIT_OK", "OID_GEN_RCV_OK"):
            for length in range(0, 4):
                for kind in ("query", "stats"):
                    machine.same("%s %s of %d bytes" % (kind, oid, length),
                                 session.oid(kind, oid, length).good, False)
    # Rule OidRequest: the host filled the buffers, and looks at what BytesWritten leaves out.
    session.run.clean()


if __name__ == "__main__":
    job.main()
