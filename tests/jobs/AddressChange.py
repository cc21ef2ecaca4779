#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""AddressChange: an address given by NetworkAddress carries traffic both ways, and outlives reset, sleep
and pause; two adapters have one each."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job
from wire import OWN, arrive, frame

job = Job(__file__, __doc__)
ADDRESS = "02aabbccddee"
OPTIONS = ["--set", "NetworkAddress=" + ADDRESS]


@job.test("traffic with it")
def traffic(machine):
    run = machine.run("gen:count=3000", OPTIONS)
    run.clean()
    machine.same("the address", run.report["mac"], "02:aa:bb:cc:dd:ee")


@job.test("it outlives reset, sleep and pause")
def outlives(machine):
    with machine.session("none", OPTIONS) as session:
        for commands in (("reset",), ("power d3", "power d0"), ("pause", "restart"), ("reset", "reset")):
            for command in commands:
                session.do(command)
            machine.same("after %s: the address" % (commands,),
                         session.oid("stats", "OID_802_3_CURRENT_ADDRESS", 6).data.hex(), ADDRESS)
            machine.same("after %s: frames that come up" % (commands,),
                         [arrive(session, [frame(one)]) for one in (ADDRESS, OWN)], [1, 0])
    session.run.clean()


@job.test("it cannot be set by an OID", buses=("model",))
def oid(machine):
    with machine.session() as session:
        for name in ("OID_802_3_CURRENT_ADDRESS", "OID_802_3_PERMANENT_ADDRESS"):
            reply = session.oid("set", name, bytes.fromhex(ADDRESS))
            machine.expect(not reply.good, "a set of %s: %s" % (name, reply))
        machine.same("frames that come up", [arrive(session, [frame(one)]) for one in (ADDRESS, OWN)],
                     [0, 1])
    session.run.clean()


if __name__ == "__main__":
    job.main()
