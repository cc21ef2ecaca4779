#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1c_OidsNdisRequest: NdisOidRequest as a protocol makes it: queries and sets of every OID, listed or
not, with buffers too short, empty, just right, too long, and full of garbage."""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
import oids
from job import Job

job = Job(__file__, __doc__)
FILTER = struct.pack("<I", 0x0B)  # directed, multicast, broadcast: as the host set it


@job.test("every OID of the list answers queries, whatever the buffer's length")
def queries(machine):
    with machine.session() as session:
        oids.answer(machine, session, "query")
    session.run.clean()


@job.test("sets with fewer bytes than needed, as many, and more")
def sets(machine):
    with machine.session() as session:
        names = oids.supported(session)
        for name in sorted(oids.MANDATORY_SET - {"OID_802_3_MULTICAST_LIST"}):
            machine.expect(name in names, "%s is mandatory, and not on the list" % name)
        for name, (least, good, statuses) in sorted(oids.SETS.items()):
            if name not in names and name not in oids.MANDATORY_SET:
                continue
            if not machine.own:
                statuses = ("SUCCESS", "INVALID_DATA", "NOT_SUPPORTED")
            for length in range(0, least):
                reply = session.oid("set", name, good[:length])
                machine.expect(reply.status in oids.SHORT and (reply.done, reply.needed) == (0, least),
                               "set %s with %d bytes: %s" % (name, length, reply))
            for length in range(least, least + 9):
                reply = session.oid("set", name, good + bytes(length - least))
                machine.expect(reply.status in statuses or (length > least and
                                                            reply.status in oids.SHORT),
                               "set %s with %d bytes: %s" % (name, length, reply))
                if reply.status == "SUCCESS":
                    machine.same("set %s with %d bytes: bytes read" % (name, length), reply.done,
                                 least)
    session.run.clean()


@job.test("the multicast list: no part of an address, no more than fit", buses=("model",))
def multicast(machine):
    address = bytes.fromhex("01005e000001")
    with machine.session() as session:
        most = session.oid("query", "OID_802_3_MAXIMUM_LIST_SIZE", 4).number()
        machine.expect(most >= 32, "a list of %d addresses, 32 are the least" % most)
        for length in range(0, 20):
            reply = session.oid("set", "OID_802_3_MULTICAST_LIST", (address * 4)[:length])
            if length % 6:
                machine.expect(reply.status == "INVALID_LENGTH" and reply.done == 0,
                               "a list of %d bytes: %s" % (length, reply))
            else:
                machine.same("a list of %d bytes" % length, (reply.status, reply.done),
                             ("SUCCESS", length))
        for count, status in ((most, "SUCCESS"), (most + 1, "MULTICAST_FULL"), (300, "MULTICAST_FULL")):
            if count * 6 > oids.ASK:
                continue
            reply = session.oid("set", "OID_802_3_MULTICAST_LIST", address * count)
            machine.same("a list of %d addresses" % count, reply.status, status)
        # A list that was refused has changed nothing.
        machine.same("the list after that", session.oid("stats", "OID_802_3_MULTICAST_LIST").data,
                     address * most)
    session.run.clean()


@job.test("values that are out of range are refused", buses=("model",))
def values(machine):
    with machine.session() as session:
        for bit in range(32):
            wanted = 1 << bit in (0x01, 0x02, 0x04, 0x08, 0x20)
            reply = session.oid("set", "OID_GEN_CURRENT_PACKET_FILTER", struct.pack("<I", 1 << bit))
            if machine.own:
                machine.same("packet filter 0x%x" % (1 << bit), reply.status,
                             "SUCCESS" if wanted else "NOT_SUPPORTED")
            else:  # it may know more filters, and fewer
                machine.expect(reply.status in ("SUCCESS", "NOT_SUPPORTED"),
                               "packet filter 0x%x: %s" % (1 << bit, reply.status))
        session.oid("set", "OID_GEN_CURRENT_PACKET_FILTER", FILTER)
        session.oid("set", "OID_GEN_CURRENT_PACKET_FILTER", struct.pack("<I", 0x80000000))
        machine.same("the filter after one that was refused",
                     session.oid("stats", "OID_GEN_CURRENT_PACKET_FILTER").data, FILTER)
        machine.same("a lookahead beyond the frame's",
                     session.oid("set", "OID_GEN_CURRENT_LOOKAHEAD", b"\xff\xff\xff\xff").status,
                     "INVALID_DATA")
    session.run.clean()


@job.test("an OID that is not listed is not supported")
def others(machine):
    with machine.session() as session:
        oids.not_supported(machine, session, ("query", "set"))
        for name in oids.supported(session):
            if not oids.settable(name):
                reply = session.oid("set", name, bytes(4))
                machine.expect(reply.status in oids.REFUSED and reply.done == 0,
                               "set of %s, which is for queries: %s" % (name, reply))
    session.run.clean()


@job.test("garbage in every set under traffic: sends go on, and receives after it")
def garbage(machine):
    chance = random.Random(host.seed())
    with machine.session("gen:rate=20000") as session:
        names = [name for name in oids.supported(session) if not name.startswith(oids.STATE)]
        for _ in range(400):
            name = chance.choice(names)
            session.oid("set", name, chance.randbytes(chance.choice((0, 1, 4, 6, 12, 32, 33, 40, 200))))
        session.do("oid set OID_GEN_CURRENT_PACKET_FILTER " + FILTER.hex())
        # What came while the filter was another is the filter's to keep. From here on traffic flows.
        session.do("wait received %d" % (session.stats()["ndis"]["indicated_frames"] + 2000))
    run = session.run
    run.lawful()
    tx = run.report["net"]["tx"]
    machine.same("frames sent that did not arrive, or did not come back",
                 (tx["lost"], tx["not_returned"]), (0, 0))
    machine.expect(tx["intact"] > 1000, "only %d frames were sent" % tx["intact"])


if __name__ == "__main__":
    job.main()
