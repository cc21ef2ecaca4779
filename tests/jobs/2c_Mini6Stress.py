#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""2c_Mini6Stress, for some seconds each and with a fixed seed: everything at once under two-way traffic,
every frame accounted for, ended by whatever chance says. `./test stress SECONDS [SEED]` is the long form."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import ndishost as host
from job import LOGS, Job
from stress import Scenario

job = Job(__file__, __doc__)
SECONDS, TURNS = 60, 100  # the turns are what ends it
NEEDED = ("pause", "reset", "power", "link", "cancel")


def stress(machine, number, adapters, hostile=False):
    scenario = Scenario(host.seed(), number, machine.bus, machine.arch, adapters, hostile)
    scenario.run(SECONDS, LOGS, machine.name, TURNS, NEEDED)
    done = scenario.done
    machine.expect(min(done[kind] for kind in NEEDED) > 0, "little was done: %s" % dict(done))


OWN = "the account of frames reads aerovnet's counters"


@job.test("one adapter", own=OWN)
def one(machine):
    stress(machine, 1, 1)


@job.test("two adapters", own=OWN)
def two(machine):
    stress(machine, 8, 2)


@job.test("a device that lies and stalls", buses=("model",), own=OWN)
def hostile(machine):
    stress(machine, 3, 1, True)


if __name__ == "__main__":
    job.main()
