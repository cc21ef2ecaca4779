#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1c_FaultHandling: NDIS refuses the driver one thing after the other: the n-th call of each function
that can fail, for every n. The driver does not load, or does without; it leaks nothing; and at the next
try, when nothing fails, it loads and carries frames.

The functions are those that the shipping driver imports, and of them those that can fail."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.path.insert(0, os.path.join(HERE, "../../tools"))
import ndishost as host
import peimage
from job import Job
from wire import OWN, PEER, frame

job = Job(__file__, __doc__)

# Without these no adapter can work: Initialize has to fail. (NdisMSetBusData is not called before a device
# has ignored its reset, and cuts it off then.)
NEEDED = {
    "NdisMSetMiniportAttributes", "NdisMRegisterScatterGatherDma", "NdisMRegisterInterruptEx",
    "NdisMAllocateSharedMemory", "NdisMMapIoSpace", "NdisMRegisterIoPortRange", "NdisMGetBusData",
    "NdisAllocateNetBufferListPool", "NdisAllocateNetBufferPool",
    "NdisAllocateTimerObject", "NdisAllocateIoWorkItem",
}
# Called only where the device's registers are I/O ports, which the model can have.
PORTS = "NdisMRegisterIoPortRange"
# Called only where the device has no MAC address.
WRITE = "NdisWriteConfiguration"
# Others that can fail, and without which a driver may go on.
OPTIONAL = {
    "NdisAllocateMemoryWithTagPriority", "NdisAllocateMdl", "NdisAllocateNetBufferAndNetBufferList",
    "NdisAllocateNetBufferList", "NdisAllocateNetBuffer", "NdisOpenConfigurationEx",
    "NdisAllocateGenericObject", "NdisAllocateSharedMemory", "NdisInitializeNPagedLookasideList",
    "NdisMAllocateSharedMemoryAsyncEx", WRITE,
}
# Those that have a test of their own, here or, for NdisMSetBusData, in 1c_Reset.
OTHERS = {"NdisMRegisterMiniportDriver", "NdisMAllocateNetBufferSGList", "NdisGetDataBuffer", "NdisReadConfiguration",
          "NdisReadNetworkAddress", "NdisMSetBusData"}
FEW = ["--set", "*ReceiveBuffers=16"]
# From this call on buffers are alike, and a few are tried for all. x86 is the same source.
CALLS = {"x64": 12, "x86": 4}


def imported(arch):
    with open(host.driver(arch), "rb") as file:
        return {found.name for found in peimage.Image(file.read()).imports()}


def attempt(machine, name, n):
    """One run. True: the n-th call failed; and then whether Initialize did."""
    options = ""
    if machine.bus == "model":
        options = "queue_size=8" + {PORTS: ",bar=io", WRITE: ",features=-mac"}.get(name, "")
    with machine.session("gen:count=200", FEW * machine.own + ["--fail", "%s:%d" % (name, n), "--retry"], options) as session:
        failed = session.do("fail none").text != "0 failed"
        session.do("wait finished")
    session.run.clean()
    refused = "called again without injected failures" in session.run.text
    if refused:
        machine.expect("event log" in session.run.text,
                       "%s, call %d: Initialize fails, and the event log does not say why" % (name, n))
    return failed, refused


def every_call(machine, name):
    n = 1
    while True:
        failed, refused = attempt(machine, name, n)
        if not failed:
            break
        machine.expect(refused or name not in NEEDED,
                       "%s, call %d, failed, and Initialize did not" % (name, n))
        n += 1 if n < CALLS[machine.arch] else 7
    machine.expect(n > 1 or not machine.own, "%s is imported, and was not called" % name)


@job.test("Initialize fails when something is refused, and loads at the next try")
def initialize(machine):
    names = imported(machine.arch) & NEEDED
    machine.expect(len(names) >= 6 or not machine.own, "only %d functions that can fail are imported" % len(names))
    for name in sorted(names):
        if machine.bus == "model":
            every_call(machine, name)
        elif name != PORTS:
            failed, refused = attempt(machine, name, 1)
            machine.expect(refused if failed else not machine.own, "%s failed, Initialize did not" % name)


@job.test("what it can do without", buses=("model",))
def without(machine):
    for name in sorted(imported(machine.arch) & OPTIONAL):
        every_call(machine, name)


@job.test("no function that can fail is left out", buses=("model",), own="the list is of what aerovnet imports")
def complete(machine):
    """The host names them when it is asked for one that it has not."""
    text = machine.run("none", ["--fail", "NoSuchFunction"]).text
    named = text.partition("these can: ")[2].partition("\n")[0]
    left = imported(machine.arch) & set(named.split(", ")) - NEEDED - OPTIONAL - OTHERS
    machine.expect(len(named.split(", ")) > 60, "the host names only '%s'" % named)
    machine.expect(not left, "imported, can fail, and in no test: %s" % ", ".join(sorted(left)))


@job.test("the registry cannot be read", buses=("model",))
def registry(machine):
    keywords = FEW * machine.own + ["--set", "NetworkAddress=02AABBCCDDEE"]
    for name in ("NdisReadConfiguration:-1", "NdisReadNetworkAddress"):
        run = machine.run("gen:count=100", keywords + ["--fail", name])
        run.clean()
        machine.expect("nothing failed" not in run.text or not machine.own, "%s was not asked" % name)
        machine.same("%s: the permanent address is used" % name, "02:aa:bb:cc:dd:ee" not in run.text,
                     name == "NdisReadNetworkAddress")


@job.test("frames that NDIS has no address for", own="the test knows how aerovnet calls NdisGetDataBuffer")
def data(machine):
    with machine.session("gen:rate=20000,stall=30") as session:
        session.do("wait sent 100")
        session.do("fail NdisGetDataBuffer:-1")
        session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 500))
        machine.expect(session.do("fail none").text != "0 failed", "NdisGetDataBuffer was not asked")
        for command in ("reset", "pause", "restart"):
            machine.expect(session.ask(command).good, "%s fails" % command)
        session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 500))
    run = session.run
    run.lawful()
    machine.same("sends that did not come back", run.report["net"]["tx"]["not_returned"], 0)
    machine.same("frames damaged", run.report["net"]["tx"]["damaged"], 0)


@job.test("a short frame that cannot be mapped for the processor leaves by its scatter/gather list",
          own="the test knows how aerovnet calls NdisGetDataBuffer")
def unmapped(machine):
    head = PEER + OWN + "88b7"
    frames = [frame(PEER, OWN, bytes([n]) * 100) for n in range(40)]

    def run(options):
        with machine.session("none", ["--shape", "plain"] + options) as session:
            for one in frames[:20]:  # the driver copies these
                session.do("send " + one.hex())
            for one in frames[20:]:  # the first call, for all of the frame, fails
                session.do("fail NdisGetDataBuffer")
                session.do("send " + one.hex())
                machine.same("calls that failed", session.do("fail none").text.strip(), "1 failed")
            session.do("fail NdisGetDataBuffer")
            # Less than 60 bytes need padding: such a frame does not leave.
            machine.same("the status of 34 bytes", "NDIS_STATUS_RESOURCES" in
                         session.ask("send %s%s" % (head, "55" * 20)).text, True)
            session.do("fail none")
        session.run.lawful()
        machine.same("frames that the driver copied", session.run.counter("tx_copied"), 20)
        return session.run

    machine.same("frames on the wire", machine.captured(run), frames)


@job.test("NdisMRegisterMiniportDriver fails", buses=("model",))
def register(machine):
    run = machine.run("none", ["--fail", "NdisMRegisterMiniportDriver"])
    run.ends(2)
    run.says("DriverEntry returned NDIS_STATUS_RESOURCES")
    machine.same("objects leaked", run.report.get("leaked", 0), 0)
    machine.same("rules broken", run.report.get("violations", 0), 0)


@job.test("scatter/gather lists that are not available under traffic", own="only aerovnet copies what it cannot map")
def lists(machine):
    with machine.session("gen:rate=20000,dir=tx") as session:
        session.do("fail NdisMAllocateNetBufferSGList:-1")
        session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 2000))
        session.do("fail none")
        session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 2000))
    run = session.run
    run.clean()  # the driver copies what it cannot map: every frame arrives
    machine.expect(run.counter("tx_map_failures") > 100,
                   "%d frames could not be mapped" % run.counter("tx_map_failures"))


if __name__ == "__main__":
    job.main()
