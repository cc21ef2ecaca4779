#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""LinkCheck: loss and return of the link are indicated once each, with speed and duplex.
OID_GEN_LINK_STATE, which NDIS answers from the indications, agrees with the cable."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job

job = Job(__file__, __doc__)
UNKNOWN_SPEED = 0xFFFFFFFF  # NDIS_LINK_SPEED_UNKNOWN of Windows 7, in 64 bits
CONNECTED, DISCONNECTED = 1, 2
DUPLEX_UNKNOWN, DUPLEX_FULL = 0, 2


def state(session):
    """(connect state, duplex, transmit speed, receive speed)"""
    data = session.oid("query", "OID_GEN_LINK_STATE", 512).data
    return struct.unpack_from("<4xII4xQQ", data)


def indications(session):
    return session.stats()["ndis"]["status_indications"]


def is_up(machine, session, when):
    connect, duplex, transmit, receive = state(session)
    machine.same("%s: connect state" % when, connect, CONNECTED)
    machine.same("%s: duplex" % when, duplex, DUPLEX_FULL)
    machine.expect(transmit == receive and 10**7 <= transmit != UNKNOWN_SPEED,
                   "%s: speeds of %d and %d bits per second" % (when, transmit, receive))
    machine.same("%s: OID_GEN_MEDIA_CONNECT_STATUS" % when,
                 session.oid("query", "OID_GEN_MEDIA_CONNECT_STATUS", 4).number(), 0)
    machine.same("%s: OID_GEN_LINK_SPEED" % when,
                 session.oid("query", "OID_GEN_LINK_SPEED", 4).number(), transmit // 100)


def is_down(machine, session, when):
    connect, duplex, transmit, receive = state(session)
    machine.same("%s: connect state" % when, connect, DISCONNECTED)
    # Without a link neither is known (ddi ntddndis NDIS_LINK_STATE).
    machine.same("%s: duplex" % when, duplex, DUPLEX_UNKNOWN)
    machine.same("%s: speeds" % when, (transmit, receive), (UNKNOWN_SPEED, UNKNOWN_SPEED))
    machine.same("%s: OID_GEN_MEDIA_CONNECT_STATUS" % when,
                 session.oid("query", "OID_GEN_MEDIA_CONNECT_STATUS", 4).number(), 1)


@job.test("loss and return, once each")
def once(machine):
    with machine.session() as session:
        is_up(machine, session, "at first")
        for turn in range(4):
            for want in ("down", "up"):
                before = indications(session)
                session.do("link " + want)
                session.do("wait %s 5000" % want)
                session.do("sleep 60")
                machine.same("turn %d, %s: indications" % (turn, want), indications(session) - before, 1)
                (is_up if want == "up" else is_down)(machine, session, "turn %d" % turn)
                session.do("link " + want)  # no change, no indication
                session.do("sleep 30")
                machine.same("turn %d, %s again: indications" % (turn, want),
                             indications(session) - before, 1)
    session.run.clean()


@job.test("what the device says while nobody is asked: paused, reset", buses=("model",))
def states(machine):
    with machine.session() as session:
        session.do("pause")
        session.do("link down")
        session.do("wait down 5000")
        is_down(machine, session, "paused")
        session.do("restart")
        session.do("reset")
        session.do("sleep 60")
        is_down(machine, session, "after restart and reset")
        session.do("link up")
        session.do("wait up 5000")
        is_up(machine, session, "after that")
        machine.same("indications", indications(session), 2)
    session.run.clean()


@job.test("frames sent without a link come back, and traffic resumes with it")
def traffic(machine):
    with machine.session("gen:rate=20000") as session:
        for _ in range(3):
            session.do("link down")
            session.do("wait down 5000")
            session.do("sleep 50")
            session.do("link up")
            session.do("wait up 5000")
            session.do("wait received %d" % (session.stats()["ndis"]["indicated_frames"] + 1000))
            session.do("wait sent %d" % (session.stats()["ndis"]["sent_frames"] + 1000))
        machine.same("indications", indications(session), 6)
    run = session.run
    run.clean()
    machine.same("sends that did not come back", run.report["net"]["tx"]["not_returned"], 0)


@job.test("no link at the start", buses=("model",))
def late(machine):
    with machine.session("gen:count=200") as session:
        session.do("link down")
        session.do("wait down 5000")
        session.do("reset")
        is_down(machine, session, "after a reset without a link")
        session.do("link up")
        session.do("wait up 5000")
        session.do("wait finished")
    session.run.lawful()


@job.test("an interrupt that is lost: the link is looked at now and then", buses=("model",),
          own="only aerovnet looks at the link without an interrupt")
def unannounced(machine):
    """A dead device sends no interrupt. Nothing is to be sent, so no send can hang either."""
    with machine.session("gen:dir=rx,rate=200,stall=30", ("--time-scale", "4")) as session:
        session.do("fault dead@1")
        session.do("sleep 50")
        for want in ("down", "up"):
            session.do("link " + want)
            session.do("wait %s 5000" % want)
        session.do("fault none")
        session.do("wait received %d" % (session.stats()["ndis"]["indicated_frames"] + 100))
        machine.same("resets", session.stats()["ndis"]["resets"], 0)
    session.run.lawful()


@job.test("a configuration that cannot be read leaves the link as it was", buses=("model",))
def unreadable(machine):
    with machine.session("gen:rate=5000") as session:
        session.do("wait received 100")
        session.do("fault generation+config_spurious")
        session.do("wait received %d" % (session.stats()["ndis"]["indicated_frames"] + 500))
        session.do("sleep 100")
        machine.same("the link", session.do("link").text, "up")
        session.do("fault none")
    session.run.lawful()
    if machine.own:
        machine.same("words of it in the event log", session.run.text.count("configuration could not be read"), 1)


@job.test("resets under configuration interrupts: no link is read from a device in reset", buses=("model",))
def resetting(machine):
    with machine.session("gen:rate=20000", (), "fault=config_spurious") as session:
        for _ in range(300):
            session.do("reset")
        machine.same("status indications", session.stats()["ndis"]["status_indications"], 0)
    session.run.lawful()


if __name__ == "__main__":
    job.main()
