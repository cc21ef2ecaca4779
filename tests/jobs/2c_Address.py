#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""2c_Address: the keyword NetworkAddress is honoured when it is a station's address, and ignored, with
an event, when it is not: frames to that address come up, frames to the device's own do not."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from job import Job
from wire import OWN, arrive, frame

job = Job(__file__, __doc__)
LOGGED = "not a legal station address"
# What the registry has; the address that it is, None: not a legal one; True: an event tells of it.
KEYWORDS = (
    ("020304050607", "020304050607", False), ("02-03-04-05-06-07", "020304050607", False),
    ("fEDCba987654", "fedcba987654", False), ("525400999999", "525400999999", False),
    ("010304050607", None, True), ("ffffffffffff", None, True), ("000000000000", None, True),
    ("0203", None, True), ("02030405060708", None, True), ("0203040506", None, True),
)
# NDIS itself gives no address for these (ddi NdisReadNetworkAddress).
GARBAGE = ("", "xyz", "02030405060g", "02:03:04:05:06:07", "-", "0203040506-7x")


def uses(machine, session, address, what):
    machine.same("%s: the current address" % what,
                 session.oid("query", "OID_802_3_CURRENT_ADDRESS", 6).data.hex(), address)
    machine.same("%s: the permanent address" % what,
                 session.oid("query", "OID_802_3_PERMANENT_ADDRESS", 6).data.hex(), OWN)
    machine.same("%s: a frame to it comes up" % what, arrive(session, [frame(address)]), 1)
    for other in {OWN, "020304050607", "020304050608"} - {address}:
        machine.same("%s: a frame to %s comes up" % (what, other), arrive(session, [frame(other)]), 0)


@job.test("legal and illegal addresses")
def keywords(machine):
    for text, address, logged in KEYWORDS if machine.bus == "model" else KEYWORDS[::4]:
        with machine.session("none", ["--set", "NetworkAddress=" + text]) as session:
            uses(machine, session, address or OWN, text)
        session.run.clean()
        if machine.own:
            machine.same("%s: an event tells of it" % text, LOGGED in session.run.text, logged)


@job.test("garbage", buses=("model",))
def garbage(machine):
    for text in GARBAGE:
        with machine.session("none", ["--set", "NetworkAddress=" + text]) as session:
            uses(machine, session, OWN, repr(text))
        session.run.clean()


@job.test("a device without an address, or with an address that no station may have", buses=("model",),
          own="only aerovnet keeps the address that it made in MadeAddress")
def none(machine):
    for bus in ("features=-mac", "fault=mac_group", "fault=mac_zero"):
        kept, seen = (), []
        # The second run has the registry of the first.
        for _ in range(2):
            with machine.session("none", kept, bus) as session:
                address = session.oid("query", "OID_802_3_CURRENT_ADDRESS", 6).data.hex()
                machine.expect(int(address[1], 16) & 3 == 2, "%s: the address %s is not a locally "
                               "administered station's" % (bus, address))
                machine.same("%s: a frame to it comes up" % bus, arrive(session, [frame(address)]), 1)
                kept = ["--set", "MadeAddress=" + session.do("registry MadeAddress").text]
                seen.append(address)
            session.run.clean()
        machine.same("%s: the address of the next run" % bus, seen[1], seen[0])


if __name__ == "__main__":
    job.main()
