#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""E2EPerf: link use, interrupts per second, packets per interrupt: measured and reported. What is asserted is
counted: under load an interrupt and a notification stand for many frames. bench/run compares more."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job

job = Job(__file__, __doc__)
FRAMES = 30000


@job.test("link use, interrupts and notifications")
def measure(machine):
    for direction in ("tx", "rx", "both"):
        for size in (60, 1514):
            run = machine.run("gen:count=%d,dir=%s,size=%d" % (FRAMES, direction, size),
                              ["--shape", "plain"])
            run.clean()
            report = run.report
            ways = [report["net"][way] for way in ("tx", "rx") if way in report["net"]]
            seconds = max(way["seconds"] for way in ways)
            frames = sum(way["frames_received"] for way in ways)
            bits = 8 * sum(way["bytes_received"] for way in ways)
            interrupts = report["ndis"]["isr_claimed"]
            machine.expect(frames == FRAMES * len(ways), "%d frames" % frames)
            if not machine.own and not interrupts:
                machine.needs_own("the driver has no interrupt")
            machine.expect(0 < interrupts <= frames // 2, "%s, %d bytes: %d interrupts for %d frames" %
                           (direction, size, interrupts, frames))
            notifications = run.counter("tx_notifications") + run.counter("rx_notifications")
            machine.expect(notifications <= frames // 2, "%s, %d bytes: %d notifications for %d frames" %
                           (direction, size, notifications, frames))
            print("-- E2EPerf:%s:%s: %s, %d bytes: %.0f Mbit/s, %.0f %% of the link; %.0f interrupts/s, "
                  "%.1f packets an interrupt, %.1f a notification" %
                  (machine.bus, machine.arch, direction, size, bits / seconds / 1e6,
                   100 * bits / seconds / report["link_speed"], interrupts / seconds,
                   frames / interrupts, frames / max(1, notifications)), flush=True)


if __name__ == "__main__":
    job.main()
