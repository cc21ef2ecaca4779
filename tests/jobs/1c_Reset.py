#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1c_Reset: reset while idle and under load: every send completes, traffic resumes, and packet filter,
multicast list, addresses and lookahead are what they were."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job
from wire import OWN

job = Job(__file__, __doc__)

MASTER, INTX_OFF = 4, 0x400  # of the PCI command register
SOURCE = "020000000001"
LIST = bytes.fromhex("01005e000001" "01005e7f0001" "333300000001")


def settings(session):
    """What must survive, as the miniport itself has it."""
    return {oid: session.oid("stats", oid, 512).data
            for oid in ("OID_GEN_CURRENT_PACKET_FILTER", "OID_802_3_MULTICAST_LIST",
                        "OID_802_3_CURRENT_ADDRESS", "OID_802_3_PERMANENT_ADDRESS",
                        "OID_GEN_CURRENT_LOOKAHEAD")}


def frames(session):
    return session.stats()["ndis"]["indicated_frames"]


def comes_up(machine, session, destination, wanted, when):
    before = frames(session)
    session.do("wire %s%s0800%s" % (destination, SOURCE, "00" * 46))
    session.do("wire ffffffffffff%s0800%s" % (SOURCE, "00" * 46))  # broadcast: comes up after it
    session.do("wait received %d 3000" % (before + 1))
    session.do("sleep 20")
    machine.same("%s: a frame to %s comes up" % (when, destination), frames(session) - before,
                 2 if wanted else 1)


@job.test("idle, many times: settings survive")
def idle(machine):
    with machine.session("none", ["--set", "NetworkAddress=02AABBCCDDEE"]) as session:
        session.oid("set", "OID_802_3_MULTICAST_LIST", LIST)
        session.oid("set", "OID_GEN_CURRENT_PACKET_FILTER", struct.pack("<I", 0x07 | 0x08))
        session.oid("set", "OID_GEN_CURRENT_PACKET_FILTER", struct.pack("<I", 0x0B))
        session.oid("set", "OID_GEN_CURRENT_LOOKAHEAD", struct.pack("<I", 900))
        before = settings(session)
        for turn in range(20):
            session.do("reset")
            machine.same("settings after reset %d" % turn, settings(session), before)
        for destination, wanted in (("02aabbccddee", True), (OWN, False),
                                    ("01005e7f0001", True), ("01005e7f0002", False)):
            comes_up(machine, session, destination, wanted, "after the resets")
        if machine.own:
            machine.same("resets", session.stats()["driver_counters"]["resets"], 20)
        session.do("send ffffffffffff02aabbccddee0800" + "00" * 46)
    session.run.clean()


@job.test("under load: every send completes, traffic resumes")
def load(machine):
    with machine.session("gen:rate=30000") as session:
        for _ in range(10):
            session.do("reset")
            session.do("wait received %d" % (frames(session) + 500))
            session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 500))
        if machine.own:
            machine.same("resets", session.stats()["driver_counters"]["resets"], 10)
    run = session.run
    run.lawful()
    tx, rx = run.report["net"]["tx"], run.report["net"]["rx"]
    machine.same("sends that did not come back", tx["not_returned"], 0)
    machine.same("frames that were lost", tx["lost"], 0)
    # One that the device may have sent when it was reset can still arrive; never the reverse.
    machine.expect(tx["intact"] >= tx["completions"]["0x00000000"],
                   "%d sends succeeded, %d frames arrived" % (tx["completions"]["0x00000000"], tx["intact"]))
    machine.same("frames damaged, doubled or out of order",
                 (tx["damaged"], tx["duplicated"], rx["damaged"], rx["duplicated"]), (0, 0, 0, 0))
    machine.expect(tx["intact"] > 3000 and rx["intact"] > 3000, "hardly any traffic")


@job.test("while paused", buses=("model",))
def paused(machine):
    with machine.session() as session:
        session.do("pause")
        reply = session.ask("reset")
        machine.expect(reply.good, "reset while paused: %s" % reply)
        session.do("restart")
        comes_up(machine, session, OWN, True, "after a reset while paused")
    session.run.clean()


@job.test("the device does not come back from its reset", buses=("model",))
def stuck(machine):
    with machine.session("gen:rate=5000,stall=30") as session:
        session.do("wait received 100")
        session.do("fault reset_never")
        machine.same("a reset that the device does not finish", session.ask("reset").status,
                     "HARD_ERRORS")
        # From here on every send comes back at once, and the adapter can be taken down.
        reply = session.ask("send ffffffffffff525400123456" + "0800" + "00" * 46, 35)
        machine.expect(not reply.good, "a frame is sent through a device that does not work")
        command = int(session.stats()["bus"]["pci_command"], 16)
        machine.same("bus mastering, and the line off", command & (MASTER | INTX_OFF), INTX_OFF)
    run = session.run
    run.lawful()
    if machine.own:
        run.says("could not be brought back by a reset")
    machine.same("sends that did not come back", run.report["net"]["tx"]["not_returned"], 0)


@job.test("a device that did not come back is told as disconnected, and tried again", buses=("model",),
          own="only aerovnet tries a broken device again by itself")
def tried_again(machine):
    """Pauses grow; the event log has the failure once; no person is needed when the device works again."""
    for fault in ("reset_never", "features_refused"):
        with machine.session("gen:rate=5000,stall=60", ("--time-scale", "10")) as session:
            session.do("wait received 100")
            session.do("fault " + fault)
            machine.same("%s: a reset" % fault, session.ask("reset").status, "HARD_ERRORS")
            session.do("wait down 3000")
            session.do("sleep 5000")
            resets = session.stats()["driver_counters"]["resets"]
            machine.expect(2 <= resets <= 5, "%s: %d resets in 50 s of the driver's" % (fault, resets))
            session.do("fault none")
            session.do("wait up 9000")
            session.do("wait received %d 9000" % (frames(session) + 500))
            session.do("wait sent %d 9000" % (session.stats()["ndis"]["sent_frames"] + 500))
        run = session.run
        run.lawful()
        machine.same("%s: words of the failure" % fault, run.text.count("could not be brought back by a reset"), 1)
        run.says("works again after resets")
        machine.same("sends that did not come back", run.report["net"]["tx"]["not_returned"], 0)


@job.test("a device that now allows smaller queues, and larger ones again", buses=("model",))
def smaller(machine):
    for options in ("", "features=-indirect_desc", "queue_size=8"):
        with machine.session("gen:rate=20000", (), options) as session:
            session.do("wait received 100")
            whole = session.stats()["driver_counters"]["tx_queue_size"]
            for turn, size in enumerate((whole // 4, whole, whole // 4)):
                session.do("fault " + ("none" if size == whole else "queue_small"))
                session.do("reset" if turn < 2 else "power d3")
                if turn == 2:
                    session.do("power d0")
                counters = session.stats()["driver_counters"]
                machine.same("%s: queue sizes" % options, (counters["tx_queue_size"], counters["rx_queue_size"]),
                             (size, size))
                session.do("wait received %d" % (frames(session) + 500))
                session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 500))
        session.run.lawful()


@job.test("a reset that takes two seconds", buses=("model",))
def slow(machine):
    """Where nobody waits at raised IRQL or under a power deadline the device gets its time."""
    with machine.session("gen:rate=5000,stall=60", ("--time-scale", "10"), "fault=reset_slow") as session:
        session.do("wait received 100")
        machine.expect(session.ask("reset").good, "the reset fails")
        session.do("wait received %d" % (frames(session) + 500))
    session.run.lawful()
    machine.expect("did not finish its reset" not in session.run.text, "the event log has a reset that was too long")


@job.test("a reset that takes longer than eight seconds", buses=("model",), arches=("x64",))
def slower(machine):
    with machine.session("gen:rate=500,stall=60", (), "fault=reset_slow,reset_ms=8500") as session:
        session.do("wait received 100 20000")
        machine.expect(session.ask("reset").good, "the reset fails")
        session.do("wait received %d" % (frames(session) + 100))
        session.do("fault none")
    session.run.lawful()
    machine.expect("did not finish its reset" not in session.run.text, "the event log has a reset that was too long")


@job.test("map registers are short", buses=("model",))
def registers(machine):
    """Frames that wait for map registers wait for those of frames that are ready: stopping must not."""
    for turn in range(6):
        with machine.session("gen:rate=0,batch=64", ("--map-registers", "64", "--seed", str(7601 + turn))) as session:
            session.do("wait received 200")
            for command in ("reset", "power d3", "power d0", "pause", "restart", "reset"):
                machine.expect(session.ask(command).good, "%s fails" % command)
            session.ask("remove" if turn % 2 else "shutdown")
        run = session.run
        machine.same("turn %d: rules broken" % turn, run.report["violations"], 0)


@job.test("the device goes on at its work through a reset", buses=("model",),
          own="only aerovnet cuts a device off by its command register")
def ignored(machine):
    """The driver completed what the device had when the reset took too long. The device must not reach it any more."""
    with machine.session("gen:rate=5000,stall=30") as session:
        session.do("wait received 100")
        session.do("fault reset_ignored")
        session.do("reset")  # the driver tries twice
        session.do("wait received %d" % (frames(session) + 500))
        session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 500))
        # It can be cut off, and not be told that it may go on: that is a device that is not there.
        session.do("fault reset_ignored")
        session.do("fail NdisMSetBusData:2")
        machine.same("a reset without its end", session.ask("reset").status, "HARD_ERRORS")
        machine.same("calls that failed", session.do("fail none").text, "1 failed")
        session.do("reset")
        session.do("wait received %d" % (frames(session) + 500))
        session.do("fault reset_ignored")
        session.do("power d3")
        session.do("power d0")
        session.do("wait received %d" % (frames(session) + 500))
        session.do("fault reset_ignored")
    run = session.run
    run.lawful()
    machine.same("sends that did not come back", run.report["net"]["tx"]["not_returned"], 0)


if __name__ == "__main__":
    job.main()
