#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""2c_Mini6CheckConnections, CheckConnectivity: 100 lists of one NET_BUFFER each way, then lists drawn by
chance: how many NET_BUFFERs, how long, over how many MDLs, sent at PASSIVE_LEVEL and DISPATCH_LEVEL:
all sent, all completed once, all received intact."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job

job = Job(__file__, __doc__)


def whole(machine, report, frames):
    """Every frame of both directions, once, as it was; every list completed once."""
    for way in ("tx", "rx"):
        flow = report["net"][way]
        machine.same("%s: frames sent and intact" % way, (flow["frames_sent"], flow["intact"]),
                     (frames, frames))
        machine.same("%s: lost, damaged, doubled, out of order, stray" % way,
                     tuple(flow[key] for key in ("lost", "damaged", "duplicated", "reordered", "stray")),
                     (0, 0, 0, 0, 0))
    tx, ndis = report["net"]["tx"], report["ndis"]
    machine.same("sends completed", (tx["returned"], tx["not_returned"], tx["returned_twice"]),
                 (frames, 0, 0))
    machine.same("lists completed", ndis["send_completed_lists"], ndis["sent_lists"])
    machine.same("lists returned", ndis["returned_lists"] + ndis["indicated_resources"],
                 ndis["indicated_lists"])


@job.test("100 lists of one NET_BUFFER")
def plain(machine):
    run = machine.run("gen:count=100,batch=1", ["--shape", "plain"])
    run.clean()
    whole(machine, run.report, 100)
    machine.same("lists sent", run.report["ndis"]["sent_lists"], 100)


@job.test("lists drawn by chance")
def drawn(machine):
    frames = 12000 if machine.arch == "x64" else 4000
    run = machine.run("gen:count=%d,size=14-1514" % frames)
    run.clean()
    whole(machine, run.report, frames)
    machine.expect(run.report["ndis"]["sent_lists"] < frames * 3 // 4, "hardly a list of several")


@job.test("two adapters at once")
def two(machine):
    with machine.pair("gen:count=3000") as session:
        session.do("wait finished")
        session.do("@2 wait finished")
    run = session.run
    run.clean()
    machine.same("adapters in the report", len(reports(run)), 2)
    for report in reports(run):
        whole(machine, report, 3000)


def reports(run):
    """One for each adapter."""
    return run.report["adapters"]


if __name__ == "__main__":
    job.main()
