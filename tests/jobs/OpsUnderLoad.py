#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OpsUnderLoad: OIDs, resets, pause and restart, sleep, cancels, link flaps, filter and address-list
changes and malformed lists, drawn from the seed. Traffic goes both ways meanwhile, on two processors, on
one adapter and on two. Every frame is accounted for. `./test stress` is the same for hours."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
import oids
from job import Job

job = Job(__file__, __doc__)
QUERIES = ("OID_GEN_STATISTICS", "OID_GEN_XMIT_OK", "OID_GEN_RCV_OK", "OID_GEN_LINK_STATE",
           "OID_802_3_MULTICAST_LIST", "OID_GEN_INTERRUPT_MODERATION", "OID_GEN_VENDOR_DESCRIPTION")
BAD = ("good", "zero-nbs", "short", "oversize", "hundred-lists", "thousand-nbs", "byte-mdls-longest",
       "one-bad-list", "empty-mdls", "tagged")


def settle(machine, session, at, command):
    reply = session.ask(at + command, 40)
    machine.expect(reply.good, "%s%s: %s" % (at, command, reply))


def operate(machine, session, chance, at):
    """One thing that Windows might do."""
    pick = chance.randrange(12)
    if pick < 2:
        settle(machine, session, at, "reset")
    elif pick < 4:
        settle(machine, session, at, "pause")
        session.do("sleep %d" % chance.randrange(8))
        settle(machine, session, at, "restart")
    elif pick == 4:
        settle(machine, session, at, "power d%d" % chance.randrange(1, 4))
        session.do("sleep %d" % chance.randrange(8))
        settle(machine, session, at, "power d0")
    elif pick == 5:
        settle(machine, session, at, "link down")
        session.do("sleep %d" % chance.randrange(20))
        settle(machine, session, at, "link up")
        session.do(at + "wait up 5000")
    elif pick == 6:
        settle(machine, session, at, "cancel %d" % chance.randrange(1, 17))
    elif pick == 7:
        settle(machine, session, at, "bad " + chance.choice(BAD))
    elif pick == 8:
        for bits in (chance.randrange(16), 0x0B):
            settle(machine, session, at, "oid set OID_GEN_CURRENT_PACKET_FILTER %02x000000" % bits)
    elif pick == 9:
        count = chance.randrange(32)
        settle(machine, session, at, "oid set OID_802_3_MULTICAST_LIST " +
               "".join("01005e%06x" % chance.randrange(1 << 23) for _ in range(count)))
    else:
        for _ in range(8):
            session.ask("%soid %s %s %d" % (at, chance.choice(("query", "stats")), chance.choice(QUERIES),
                                            chance.choice((0, 4, 8, 152, 512))))


def accounted(machine, report, least):
    tx, rx = report["net"]["tx"], report["net"]["rx"]
    machine.same("sends that did not come back, or twice", (tx["not_returned"], tx["returned_twice"]),
                 (0, 0))
    machine.same("sends that succeeded and did not arrive", tx["lost"], 0)
    for name, way in (("tx", tx), ("rx", rx)):
        machine.same("%s: damaged, doubled, of wrong length, stray" % name,
                     tuple(way[key] for key in ("damaged", "duplicated", "wrong_length", "stray")),
                     (0, 0, 0, 0))
        machine.expect(way["intact"] >= least, "%s: only %d frames" % (name, way["intact"]))


@job.test("one adapter")
def single(machine):
    chance = random.Random("%d %s" % (host.seed(), machine.name))
    with machine.session("gen:rate=20000,stall=30", (), "", 90) as session:
        for _ in range(70):
            operate(machine, session, chance, "")
        # All of that over, everything flows again.
        at = session.stats()["ndis"]
        session.do("wait received %d" % (at["indicated_frames"] + 500))
        session.do("wait sent %d" % (at["sent_frames"] + 500))
        machine.same("OID_GEN_LINK_STATE answers", session.oid("query", "OID_GEN_LINK_STATE", 64).good, True)
        machine.expect(len(oids.supported(session)) > 20, "the supported list is short")
    session.run.lawful()
    accounted(machine, session.run.report, 1000)


@job.test("two adapters", buses=("model",))
def two(machine):
    chance = random.Random("%d %s" % (host.seed(), machine.name))
    registers = chance.choice(("4", "16", "64"))  # of each: frames wait for those of others
    with machine.pair("gen:rate=10000,stall=30", ("--map-registers", registers), 90) as session:
        for _ in range(70):
            operate(machine, session, chance, chance.choice(("", "@2 ")))
        for at in ("", "@2 "):
            session.do("%swait received 500" % at)
            session.do("%swait sent 500" % at)
    session.run.lawful()
    for report in session.run.report["adapters"]:
        accounted(machine, report, 300)


if __name__ == "__main__":
    job.main()
