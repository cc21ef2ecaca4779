#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GlitchFreeDevice: no callback of the driver does more than a bounded piece of work. Here the work is
counted, as times on this machine are no measure of another's: registers per interrupt, lists per DPC, register
writes per send. The times are reported (rule GlitchFree judges three seconds)."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.path.insert(0, os.path.join(HERE, "../../tools"))
import ndishost as host
import peimage
from job import Job

job = Job(__file__, __doc__)
BUDGET = 256   # lists that a DPC may indicate
START = 120    # register reads of Initialize, Restart, Pause and Halt together
STALLS = {"NdisStallExecution", "KeStallExecutionProcessor"}


def times(machine, run):
    callbacks = run.report["callbacks"]
    print("-- %s: longest, in microseconds of work: %s" % (machine.name, ", ".join(
        "%s %d" % (name, callbacks[name]["longest_cpu_us"])
        for name in ("MiniportInterrupt", "MiniportInterruptDPC", "MiniportSendNetBufferLists")
        if name in callbacks)), flush=True)


@job.test("an ISR reads one register")
def isr(machine):
    run = machine.run("gen:count=8000")
    run.clean()
    bus, calls = run.report["bus"], run.report["ndis"]["isr_calls"]
    if machine.bus == "model":
        machine.same("ISR status reads", bus["isr_reads"], calls)
    reads = bus["register_reads"]
    if machine.own:
        machine.expect(reads <= START + calls, "%d register reads for %d interrupts" % (reads, calls))
    times(machine, run)


@job.test("a DPC indicates no more than its budget, and comes back for the rest", own="the budget is aerovnet's")
def dpc(machine):
    bus = "rx_queue_size=1024" if machine.bus == "model" else ""
    run = machine.run("gen:count=30000,dir=rx,size=60,window=8192", ["--shape", "plain"], bus)
    run.clean()
    most = run.report["ndis"]["dpc_most_lists"]
    machine.expect(0 < most <= BUDGET, "a DPC indicated %d lists, the budget is %d" % (most, BUDGET))
    if machine.bus == "model":
        machine.expect(most == BUDGET and run.counter("dpcs_requeued") > 0,
                       "the budget was never reached (%d lists, %d DPCs requeued): nothing was tried" %
                       (most, run.counter("dpcs_requeued")))
    times(machine, run)


@job.test("a send writes one register at most", own="aerovnet counts its notifications")
def send(machine):
    run = machine.run("gen:count=20000,dir=tx,batch=64,size=60-1514")
    run.clean()
    calls = run.report["callbacks"]
    # A list that NDIS maps later is its own to notify, and a DPC may send what waited.
    chances = (calls["MiniportSendNetBufferLists"]["calls"] + run.report["ndis"]["sg_lists_late"] +
               run.report["ndis"]["dpcs"])
    machine.expect(run.counter("tx_notifications") <= chances,
                   "%d notifications for %d occasions" % (run.counter("tx_notifications"), chances))
    times(machine, run)


@job.check("no function is called that stalls")
def stalls(machine):
    for arch in host.HOSTS:
        with open(host.driver(arch), "rb") as file:
            names = {one.name for one in peimage.Image(file.read()).imports()}
        machine.same("%s: functions that stall" % arch, names & STALLS, set())


@job.test("a device that never stops giving frames back keeps no DPC", buses=("model",))
def storm(machine):
    """Interrupts for nothing, and a device that is always done: DPCs end nevertheless."""
    for fault in ("interrupt_spurious", "config_spurious", "isr_stuck@5"):
        run = machine.run("gen:count=5000", (), "fault=" + fault)
        run.clean()
        machine.expect(run.report["ndis"]["dpc_most_lists"] <= BUDGET or not machine.own, "%s: a DPC of %d lists" %
                       (fault, run.report["ndis"]["dpc_most_lists"]))


if __name__ == "__main__":
    job.main()
