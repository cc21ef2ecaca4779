#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""2c_Mini6SendRecvReply: request and reply, both ways at once: a station on the wire calls, the protocol
answers with what it got; every size, with and without tags, one call under way and many."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job

job = Job(__file__, __doc__)


def answered(machine, run, calls):
    run.clean()
    net = run.report["net"]["far"]
    machine.same("calls that were answered", (net["frames_sent"], net["intact"]), (calls, calls))
    machine.same("lost, damaged, doubled", (net["lost"], net["damaged"], net["duplicated"]), (0, 0, 0))


@job.test("every size, many calls under way")
def many(machine):
    answered(machine, machine.run("echo:count=4503,size=14-1514"), 4503)


@job.test("one call at a time: no wake-up is lost")
def single(machine):
    answered(machine, machine.run("echo:count=2000,window=1,stall=2"), 2000)


@job.test("with tags")
def tags(machine):
    answered(machine, machine.run("echo:count=3000,size=14-1514,tag=random"), 3000)


@job.test("few buffers each way", buses=("model",))
def few(machine):
    answered(machine, machine.run("echo:count=4000,size=14-1514", ["--set", "*ReceiveBuffers=16",
                                                                   "--set", "*TransmitBuffers=16"]), 4000)


if __name__ == "__main__":
    job.main()
