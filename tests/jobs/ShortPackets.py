#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ShortPackets: frames under 60 bytes leave padded with zeros to 60, and never with what was in memory
before; frames of less than an Ethernet header do not leave; short ones that come are indicated as they
are."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
from job import Job
from wire import OWN, PEER, arrive, frame

job = Job(__file__, __doc__)


def short(length, chance):
    """No zero among its bytes: padding can be told from it."""
    head = bytes.fromhex(PEER + OWN) + b"\x88\xb7"
    return head + bytes(chance.randrange(1, 256) for _ in range(length - 14))


@job.test("every size from 14 to 60, after long frames that fill every buffer")
def sizes(machine):
    chance = random.Random(host.seed())
    frames = []

    def run(options):
        few = ["--set", "*TransmitBuffers=16"] if machine.own else []
        with machine.session("none", options + few) as session:
            # Each of the 16 buffers has held a frame full of ones, copied as it was in bytes.
            for _ in range(20):
                session.do("bad byte-mdls-longest")
                session.do("send %s%s88b7%s" % (PEER, OWN, "ff" * 1500))
            for length in list(range(14, 62)) * 3:
                frames.append(short(length, chance))
                session.do("send " + frames[-1].hex())
        session.run.clean()

    seen = [one for one in machine.captured(run) if len(one) < 1000]
    machine.same("frames on the wire", len(seen), len(frames))
    for one, got in zip(frames, seen):
        if not machine.expect(got == one + bytes(max(0, 60 - len(one))),
                              "%d bytes left as %d: %s..." % (len(one), len(got), got[len(one):][:16].hex())):
            break


@job.test("streams of short frames, both ways")
def streams(machine):
    for tag in ("none", "random"):
        run = machine.run("gen:count=6000,size=14-61,tag=" + tag)
        run.clean()


@job.test("less than an Ethernet header does not leave")
def less(machine):
    def run(options):
        with machine.session("none", options) as session:
            for kind in ("zero-nbs", "zero-length", "zero-length-no-mdl", "one-byte", "short", "one-bad-nb"):
                session.do("bad " + kind, 35)
            for length in range(0, 14):
                reply = session.ask("send " + bytes(length).hex())
                machine.expect(not reply.good, "a frame of %d bytes: %s" % (length, reply))
        session.run.clean()

    machine.same("frames on the wire", len(machine.captured(run)), 0)


@job.test("short frames that come", buses=("model",))
def received(machine):
    def run(options):
        with machine.session("none", options) as session:
            for length in (14, 15, 42, 59, 60):
                machine.same("frames of %d bytes that come up" % length,
                             arrive(session, [frame(OWN, PEER, b"\x5a" * (length - 14), None, length)]), 1)
        session.run.clean()

    seen = machine.captured(run, "--pcap")
    for length, got in zip((14, 15, 42, 59, 60), seen):
        machine.expect(got[:length] == frame(OWN, PEER, b"\x5a" * (length - 14), None, length) and
                       not any(got[length:]), "%d bytes came up as %s" % (length, got.hex()))


if __name__ == "__main__":
    job.main()
