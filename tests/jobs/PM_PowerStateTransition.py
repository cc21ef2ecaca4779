#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PM_PowerStateTransition: D0 to D1, D2, D3 and back, idle and under load, many times: no send is lost,
nothing touches the sleeping device (rule LowPower), and filters, addresses and link are what they were."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import oids
from job import Job
from wire import OWN

job = Job(__file__, __doc__)
LIST = bytes.fromhex("01005e000001" "01005e7f0001" "333300000001")
STATES = ("d3", "d1", "d2", "d3")


def settings(session):
    return {oid: session.oid("stats", oid, 512).data
            for oid in ("OID_GEN_CURRENT_PACKET_FILTER", "OID_802_3_MULTICAST_LIST",
                        "OID_802_3_CURRENT_ADDRESS", "OID_GEN_CURRENT_LOOKAHEAD",
                        "OID_GEN_VLAN_ID")}


def indicated(session):
    return session.stats()["ndis"]["indicated_frames"]


def comes_up(machine, session, destination, wanted):
    before = indicated(session)
    for address in (destination, "ffffffffffff"):
        session.do("wire %s0200000000010800%s" % (address, "00" * 46))
    session.do("wait received %d 3000" % (before + 1))
    session.do("sleep 20")
    machine.same("a frame to %s comes up" % destination, indicated(session) - before, 1 + wanted)


@job.test("idle, many times: settings survive")
def idle(machine):
    with machine.session() as session:
        session.oid("set", "OID_802_3_MULTICAST_LIST", LIST)
        session.oid("set", "OID_GEN_CURRENT_LOOKAHEAD", struct.pack("<I", 900))
        before = settings(session)
        for turn in range(12):
            state = STATES[turn % len(STATES)]
            machine.expect(session.ask("power " + state).good, "turn %d: %s fails" % (turn, state))
            machine.expect(session.ask("power d0").good, "turn %d: D0 after %s fails" % (turn, state))
            machine.same("settings after turn %d" % turn, settings(session), before)
        for destination, wanted in ((OWN, 1), ("01005e7f0001", 1), ("01005e7f0002", 0),
                                    ("020000000077", 0)):
            comes_up(machine, session, destination, wanted)
        session.do("send ffffffffffff5254001234560800" + "00" * 46)
    session.run.clean()


@job.test("under load, many times: no send is lost, traffic resumes")
def load(machine):
    with machine.session("gen:rate=30000") as session:
        for turn in range(12):
            session.do("power " + STATES[turn % len(STATES)])
            session.do("sleep %d" % (turn % 3 * 5))
            session.do("power d0")
            session.do("wait received %d" % (indicated(session) + 300))
            session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 300))
    run = session.run
    run.lawful()
    tx, rx = run.report["net"]["tx"], run.report["net"]["rx"]
    machine.same("sends that did not come back, or twice", (tx["not_returned"], tx["returned_twice"]),
                 (0, 0))
    machine.same("frames that were lost", tx["lost"], 0)
    machine.expect(tx["intact"] >= tx["completions"]["0x00000000"],
                   "%d sends succeeded, %d frames arrived" % (tx["completions"]["0x00000000"], tx["intact"]))
    machine.same("frames damaged or doubled", (tx["damaged"], tx["duplicated"], rx["damaged"],
                                              rx["duplicated"]), (0, 0, 0, 0))
    machine.expect(tx["intact"] > 2000 and rx["intact"] > 2000, "hardly any traffic")


@job.test("the OIDs of power: short buffers, and what the capabilities promise")
def requests(machine):
    with machine.session() as session:
        names = oids.supported(session)
        if "OID_PNP_SET_POWER" not in names:
            machine.needs_own("the driver does not sleep: it does not list OID_PNP_SET_POWER")
        for name in ("OID_PNP_SET_POWER", "OID_PNP_QUERY_POWER"):
            machine.expect(name in names, "%s is not on the list" % name)
        for length in range(0, 4):
            reply = session.oid("set", "OID_PNP_SET_POWER", bytes(length))
            machine.expect(reply.status in oids.SHORT and (reply.done, reply.needed) == (0, 4),
                           "OID_PNP_SET_POWER with %d bytes: %s" % (length, reply))
        for state in (0, 5, 0xFFFFFFFF):  # NdisDeviceStateUnspecified, and numbers beyond the states
            reply = session.oid("set", "OID_PNP_SET_POWER", struct.pack("<I", state))
            machine.expect(reply.status in ("INVALID_DATA", "NOT_SUPPORTED") and reply.done == 0,
                           "OID_PNP_SET_POWER to %d: %s" % (state, reply))
        # No wake-up is advertised, so none is to be had (network/oid-pm-parameters).
        for name in ("OID_PNP_ENABLE_WAKE_UP", "OID_PNP_ADD_WAKE_UP_PATTERN", "OID_PM_ADD_WOL_PATTERN"):
            if name not in names:
                machine.same("set of " + name, session.oid("set", name, bytes(64)).status, "NOT_SUPPORTED")
        session.do("send ffffffffffff5254001234560800" + "00" * 46)
    session.run.clean()


@job.test("asleep when it is reset, halted, or pulled out", buses=("model",))
def asleep(machine):
    for command in ("pause", "reset", "remove", "link down"):
        with machine.session() as session:
            session.do("power d3")
            session.ask(command)
        session.run.clean()
    with machine.session() as session:
        session.do("power d3")
        session.do("link down")
        session.do("power d0")
        session.do("wait down 3000")
        session.do("power d3")
        session.do("link up")
        session.do("power d0")
        session.do("wait up 3000")
    session.run.clean()


@job.test("sleep instead of the reset that a broken device needs", buses=("model",),
          own="only aerovnet resets a device that lies by itself")
def instead(machine):
    """The sends that failed because of a reset never see one, and that is right."""
    with machine.session("gen:rate=5000,stall=30", ("--time-scale", "4")) as session:
        for _ in range(4):
            session.do("fault used_id_range@1")
            session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 100))
            session.do("power d3")
            session.do("fault none")
            session.do("power d0")
        session.do("sleep 4000")
    run = session.run
    run.lawful()
    machine.expect(run.report["ndis"]["resets"] < 4, "a reset was always first")
    machine.expect(run.report["net"]["tx"]["completions"].get("0xC001000D"),
                   "no send has met the broken device")


@job.test("bus mastering is on again after D3, whoever has restored the registers", buses=("model",))
def mastering(machine):
    with machine.session("gen:rate=5000,stall=30") as session:
        session.do("wait received 100")
        session.do("power d3")
        session.do("fault master_lost")
        session.do("power d0")
        session.do("wait received %d 5000" % (indicated(session) + 300))
    session.run.lawful()


@job.test("a device that does not come back is tried again", buses=("model",),
          own="only aerovnet tries a broken device again by itself")
def tried_again(machine):
    with machine.session("gen:rate=5000,stall=60", ("--time-scale", "10")) as session:
        session.do("wait received 100")
        session.do("power d3")
        session.do("fault features_refused")
        session.do("power d0")
        session.do("wait down 3000")
        session.do("sleep 3000")
        session.do("fault none")
        session.do("wait up 9000")
        session.do("wait received %d 9000" % (indicated(session) + 300))
    run = session.run
    run.lawful()
    machine.same("words of the failure", run.text.count("did not come back when the system resumed"), 1)


@job.test("the device does not come back", buses=("model",))
def lost(machine):
    for fault in ("reset_never", "features_refused"):
        with machine.session("gen:rate=2000,stall=30") as session:
            session.do("wait sent 50")
            session.do("power d3")
            session.do("fault " + fault)
            session.ask("power d0")
            session.do("sleep 100")
        session.run.lawful()
        tx = session.run.report["net"]["tx"]
        machine.same("%s: sends that did not come back" % fault, tx["not_returned"], 0)


if __name__ == "__main__":
    job.main()
