#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""2c_Priority: Ieee8021QNetBufferListInfo becomes a tag on the wire, and a tag that comes becomes
out-of-band information, as *PriorityVLANTag says: each of its values, with every priority."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job

job = Job(__file__, __doc__)


def tagged(frames):
    """Tags of the frames that came out of the device; None: none."""
    return [struct.unpack_from(">H", one, 14)[0] if one[12:14] == b"\x81\x00" else None for one in frames]


@job.test("every value of the keyword, tags by chance, both ways")
def values(machine):
    for value in range(4):
        # gen checks each frame both ways, by what MacOptions say.
        run = machine.run("gen:count=3000,size=14-1514,tag=random",
                          ["--set", "*PriorityVLANTag=%d" % value])
        run.clean()
        net = run.report["net"]
        machine.same("*PriorityVLANTag=%d: intact and wrongly tagged, both ways" % value,
                     [(net[way]["intact"], net[way]["mistagged"]) for way in ("tx", "rx")],
                     [(3000, 0), (3000, 0)])


@job.test("every priority as it stands on the wire")
def wire(machine):
    for value, mask in ((0, None), (1, 0xE000), (2, 0x0FFF), (3, 0xEFFF)):
        for priority in range(8) if machine.bus == "model" else (0, 7):
            def run(options):
                machine.run("gen:count=20,dir=tx,tag=291:%d" % priority,
                            options + ["--set", "*PriorityVLANTag=%d" % value]).clean()

            tags = set(tagged(machine.captured(run)))
            wanted = None if mask is None else (priority << 13 | 291) & mask
            # A tag that comes to nothing may be left out.
            machine.expect(tags == {wanted} or (not wanted and tags == {None}),
                           "*PriorityVLANTag=%d, priority %d: %s, expected %s" %
                           (value, priority, tags, wanted))


@job.test("frames without information leave without a tag")
def none(machine):
    for value in range(4):
        seen = machine.captured(lambda options: machine.run(
            "gen:count=200,dir=tx,tag=none",
            options + ["--set", "*PriorityVLANTag=%d" % value]).clean())
        machine.same("*PriorityVLANTag=%d: tags" % value, set(tagged(seen)), {None})


if __name__ == "__main__":
    job.main()
