#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""2c_Mini6Send: every size from 14 to 1514, and with a tag to 1518 on the wire; the data of a frame cut
at every place, and in MDLs of one byte each. The device sends what was passed to the driver."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job

job = Job(__file__, __doc__)
SIZES = 1514 - 14 + 1


def sent(machine, run, frames):
    tx = run.report["net"]["tx"]
    machine.same("frames sent, intact, completed", (tx["frames_sent"], tx["intact"], tx["returned"]),
                 (frames, frames, frames))
    machine.same("lost, damaged, of wrong length, wrongly tagged",
                 tuple(tx[key] for key in ("lost", "damaged", "wrong_length", "mistagged")), (0, 0, 0, 0))


@job.test("every size from 14 to 1514")
def sizes(machine):
    for shape in ("random", "plain"):
        run = machine.run("gen:count=%d,size=14-1514,dir=tx" % (2 * SIZES), ["--shape", shape])
        run.clean()
        sent(machine, run, 2 * SIZES)


@job.test("every size, with a tag: to 1518 on the wire")
def tagged(machine):
    frames = machine.captured(lambda options: sent(
        machine, clean(machine.run("gen:count=%d,size=14-1514,dir=tx,tag=5:3" % SIZES, options)), SIZES))
    lengths = [len(frame) for frame in frames if frame[12:14] == b"\x81\x00"]
    machine.same("tagged frames, and the longest", (len(lengths), max(lengths, default=0)), (SIZES, 1518))
    # A frame too short is padded; tag and padding do not depend on each other.
    machine.expect(min(lengths, default=0) >= 60, "a frame of %d bytes" % min(lengths, default=0))


def clean(run):
    run.clean()
    return run


@job.test("cut in two at every place")
def cuts(machine):
    lengths = {"model": (14, 15, 59, 60, 61, 300, 1514), "qtest": (14, 60, 300)}[machine.bus]
    with machine.session() as session:
        for length in lengths:
            step = 1 if length < 1514 or machine.arch == "x64" else 7
            for first in range(1, length, step):
                reply = session.ask("bad cut:%d:%d" % (length, first))
                machine.expect(reply.good and "NDIS_STATUS_SUCCESS" in reply.text and
                               "on the wire 1 of 1" in reply.text, "%d bytes, cut at %d: %s" %
                               (length, first, reply))
    session.run.clean()


@job.test("an MDL for each byte, empty MDLs, and data in the middle of one")
def fragments(machine):
    with machine.session() as session:
        for kind in ("byte-mdls", "byte-mdls-longest", "empty-mdl-first", "empty-mdl-middle",
                     "empty-mdl-last", "empty-mdls", "offset-mid-mdl", "offset-second-mdl", "long-mdl",
                     "long-mdl-short", "longest", "longest-tagged", "shortest", "tagged-short",
                     "hundred-nbs", "hundred-lists", "thousand-nbs"):
            reply = session.ask("bad " + kind)
            machine.expect(reply.good and "NDIS_STATUS_SUCCESS" in reply.text and
                           "on the wire" in reply.text and "wire none" not in reply.text,
                           "%s: %s" % (kind, reply))
    session.run.clean()


@job.test("without indirect descriptors, and through a ring that holds few pieces", buses=("model",))
def chained(machine):
    for bus in ("features=-indirect_desc", "queue_size=16,features=-indirect_desc", "queue_size=4"):
        run = machine.run("gen:count=%d,size=14-1514,dir=tx" % SIZES, (), bus)
        run.clean()
        sent(machine, run, SIZES)


@job.test("pieces of a frame that no ring takes are copied, few are not", own="the driver counts what it copies")
def copied(machine):
    run = machine.run("gen:count=3000,size=200-1514,dir=tx")
    run.clean()
    copies = run.counter("tx_copied")
    machine.expect(0 < copies < 1500, "%d of 3000 frames were copied" % copies)


if __name__ == "__main__":
    job.main()
