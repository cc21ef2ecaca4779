#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MultiCastAddress: 32 multicast addresses and more; only those asked for come up; all multicast,
promiscuous, and every other bit of the packet filter, in every combination."""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
from job import Job
from wire import BROADCAST, OWN, arrive, frame

job = Job(__file__, __doc__)
DIRECTED, MULTICAST, ALL_MULTICAST, BROADCASTS, PROMISCUOUS = 0x01, 0x02, 0x04, 0x08, 0x20
LISTED, NEAR, OTHER = "01005e7f0001", "01005e7f0101", "333300000002"
# Destination, and the bits of which one must be set for it to come up.
FRAMES = (
    (OWN, DIRECTED | PROMISCUOUS),
    ("525400123457", PROMISCUOUS),
    ("020000000077", PROMISCUOUS),
    (LISTED, MULTICAST | ALL_MULTICAST | PROMISCUOUS),
    (NEAR, ALL_MULTICAST | PROMISCUOUS),
    (OTHER, ALL_MULTICAST | PROMISCUOUS),
    (BROADCAST, BROADCASTS | PROMISCUOUS),
)


def set_list(machine, session, addresses):
    reply = session.oid("set", "OID_802_3_MULTICAST_LIST", b"".join(bytes.fromhex(one) for one in addresses))
    machine.same("setting %d addresses" % len(addresses), reply.status, "SUCCESS")


def set_filter(machine, session, bits):
    machine.same("setting filter 0x%x" % bits,
                 session.oid("set", "OID_GEN_CURRENT_PACKET_FILTER", struct.pack("<I", bits)).status,
                 "SUCCESS")


@job.test("every combination of filter bits, frames of every kind")
def filters(machine):
    with machine.session() as session:
        set_list(machine, session, [LISTED])
        for number in range(32):
            bits = sum(bit for i, bit in enumerate((DIRECTED, MULTICAST, ALL_MULTICAST, BROADCASTS,
                                                    PROMISCUOUS)) if number >> i & 1)
            set_filter(machine, session, bits)
            for destination, wanted in FRAMES:
                machine.same("filter 0x%x: frames to %s that come up" % (bits, destination),
                             arrive(session, [frame(destination)]), 1 if bits & wanted else 0)
    session.run.clean()


@job.test("a full list: all of it comes up, and nothing beside it")
def full(machine):
    chance = random.Random(host.seed())
    with machine.session() as session:
        set_filter(machine, session, DIRECTED | MULTICAST)
        most = session.oid("query", "OID_802_3_MAXIMUM_LIST_SIZE", 4).number()
        addresses = ["01005e%06x" % n for n in chance.sample(range(1 << 23), 2 * most)]
        for count in (1, 2, 31, 32, most):
            chance.shuffle(addresses)
            set_list(machine, session, addresses[:count])
            machine.same("%d listed addresses: frames that come up" % count,
                         arrive(session, [frame(one) for one in addresses[:count]]), count)
            machine.same("%d others, beside them" % (len(addresses) - count),
                         arrive(session, [frame(one) for one in addresses[count:]]), 0)
            machine.same("the list as the miniport has it",
                         session.oid("stats", "OID_802_3_MULTICAST_LIST", 2048).data.hex(),
                         "".join(addresses[:count]))
        set_list(machine, session, [])
        machine.same("an empty list: frames that come up",
                     arrive(session, [frame(one) for one in addresses[:8]]), 0)
    session.run.clean()


@job.test("two adapters do not share their lists", buses=("model",))
def two(machine):
    with machine.pair() as session:
        for at, address in (("", "01005e000011"), ("@2 ", "01005e000022")):
            session.do("%soid set OID_802_3_MULTICAST_LIST %s" % (at, address))
            session.do("%soid set OID_GEN_CURRENT_PACKET_FILTER 02000000" % at)
        for at, address in (("", "01005e000011"), ("@2 ", "01005e000022")):
            for wanted in ("01005e000011", "01005e000022"):
                session.do("%swire %s" % (at, frame(wanted).hex()))
            session.do("%swait received 1 3000" % at)
            session.do("sleep 50")
            machine.same("%sthe list" % at, session.do("%soid stats OID_802_3_MULTICAST_LIST" % at).data.hex(),
                         address)
    session.run.clean()
    machine.same("frames that came up on each", [one["ndis"]["indicated_frames"] for one in
                                                 session.run.report["adapters"]], [1, 1])


if __name__ == "__main__":
    job.main()
