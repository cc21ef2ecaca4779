#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CheckConnectivity: frames both ways on machines of one processor and of several, few under way and
many. The device is slow, or uses its buffers in another order than it got them."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job

job = Job(__file__, __doc__)


@job.test("one processor, two, four and sixteen")
def processors(machine):
    for count in (1, 2, 4, 16):
        machine.run("gen:count=2000", ["--processors", str(count)]).clean()


@job.test("one frame under way, few, and many")
def windows(machine):
    for net in ("gen:count=400,window=1,batch=1", "gen:count=2000,window=7,batch=3",
                "gen:count=4000,window=8192,batch=256"):
        machine.run(net).clean()


@job.test("a device that is slow, or disorderly", buses=("model",))
def devices(machine):
    for bus in ("delay=300", "reorder=1", "delay=100,reorder=1,queue_size=8", "ignore_no_interrupt=1",
                "features=none+version_1"):
        machine.run("gen:count=2000", (), bus).clean()


if __name__ == "__main__":
    job.main()
