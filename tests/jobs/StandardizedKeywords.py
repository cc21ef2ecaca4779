#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""StandardizedKeywords: the INF declares its keywords as the documentation has them, each with a legal
default, range and step (network/keywords-that-can-be-edited, network/enumeration-keywords); and what
OIDs report agrees with the keyword."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import keywords
from job import Job
from wire import OWN

job = Job(__file__, __doc__)

FRAME = 1514
# As the tables of the documentation have them: type, text, least minimum, values, default.
STANDARD = {
    "*ReceiveBuffers": ("int", "Receive Buffers", 1, None, None),
    "*TransmitBuffers": ("int", "Transmit Buffers", 0, None, None),
    "*PriorityVLANTag": ("enum", "Packet Priority & VLAN", None,
                         {"0": "Packet Priority & VLAN Disabled", "1": "Packet Priority Enabled",
                          "2": "VLAN Enabled", "3": "Packet Priority & VLAN Enabled"}, 3),
    "*InterruptModeration": ("enum", "Interrupt Moderation", None,
                             {"0": "Disabled", "1": "Enabled"}, 1),
    "NetworkAddress": ("edit", "Network Address", None, None, None),
    "VlanId": ("int", None, 0, None, None),
    # Of aerovnet's own: for devices whose header lacks num_buffers.
    "HeaderLength": ("enum", "Network Header Length", None,
                     {"10": "10 Bytes (Emulators)", "12": "12 Bytes (Specification)"}, 12),
    # Of aerovnet's own: the feature is accepted only when it is asked for.
    "EventIdx": ("enum", "Event Index", None, {"0": "Disabled", "1": "Enabled"}, 0),
}
# NDIS_MAC_OPTION_8021P_PRIORITY and _8021Q_VLAN for each value of *PriorityVLANTag; the second needs
# the first (network/oid-gen-mac-options).
TAG_OPTIONS = {0: 0, 1: 0x40, 2: 0x240, 3: 0x240}


@job.check("the INF declares them as the documentation does")
def inf(machine):
    found = keywords.declared()
    machine.expect(len(found) >= 3 or not machine.own, "only %d keywords were found in the INF" % len(found))
    for keyword in found:
        if not machine.own and not keyword.name.startswith("*") and keyword.name not in STANDARD:
            continue  # a vendor's own
        if not machine.expect(keyword.name in STANDARD,
                              "%s is neither standardized nor known here" % keyword.name):
            continue
        kind, text, least, values, default = STANDARD[keyword.name]
        machine.same("%s: type" % keyword.name, keyword.type, kind)
        if text:
            machine.same("%s: ParamDesc" % keyword.name, keyword.has.get("paramdesc"), text)
        if values:
            machine.same("%s: values" % keyword.name, keyword.choices, values)
        if default is not None:
            machine.same("%s: default" % keyword.name, keyword.default, default)
        if kind == "int":
            machine.expect(None not in (keyword.low, keyword.high, keyword.default, keyword.step) and
                           least <= keyword.low <= keyword.default <= keyword.high and
                           keyword.step >= 1 and (keyword.default - keyword.low) % keyword.step == 0,
                           "%s: default %s, minimum %s, maximum %s, step %s" %
                           (keyword.name, keyword.default, keyword.low, keyword.high, keyword.step))


@job.test("the space of the buffers is that of *ReceiveBuffers and *TransmitBuffers")
def buffers(machine):
    for receive, transmit in ((16, 200), (100, 16), (256, 64)):
        with machine.session("none", ["--set", "*ReceiveBuffers=%d" % receive,
                                      "--set", "*TransmitBuffers=%d" % transmit]) as session:
            for oid, buffers_set in (("OID_GEN_RECEIVE_BUFFER_SPACE", receive),
                                     ("OID_GEN_TRANSMIT_BUFFER_SPACE", transmit)):
                blocks = oid.replace("BUFFER_SPACE", "BLOCK_SIZE")
                block = session.oid("query", blocks, 4).number()
                machine.same(blocks, block, FRAME)
                machine.same("%s with %d buffers" % (oid, buffers_set),
                             session.oid("query", oid, 4).number(), buffers_set * block)
        session.run.clean()


@job.test("MacOptions are what *PriorityVLANTag says", buses=("model",))
def tags(machine):
    for value, bits in sorted(TAG_OPTIONS.items()):
        with machine.session("none", ["--set", "*PriorityVLANTag=%d" % value]) as session:
            for kind in ("query", "stats"):
                options = session.oid(kind, "OID_GEN_MAC_OPTIONS", 4).number()
                machine.same("%s of OID_GEN_MAC_OPTIONS with *PriorityVLANTag=%d" % (kind, value),
                             options & 0x240, bits)
        session.run.clean()


@job.test("OID_GEN_VLAN_ID is what VlanId says", buses=("model",))
def vlan(machine):
    for options, wanted in (((), 0), (("VlanId=5",), 5), (("VlanId=4094",), 4094),
                            (("VlanId=5", "*PriorityVLANTag=2"), 5)):
        words = [word for option in options for word in ("--set", option)]
        with machine.session("none", words) as session:
            machine.same("OID_GEN_VLAN_ID with %s" % (options,),
                         session.oid("query", "OID_GEN_VLAN_ID", 4).number(), wanted)
        session.run.clean()


@job.test("OID_802_3_CURRENT_ADDRESS is what NetworkAddress says")
def address(machine):
    for text in ("02AABBCCDDEE", "02-AA-BB-CC-DD-EE", "02aabbccddee"):
        with machine.session("none", ["--set", "NetworkAddress=" + text]) as session:
            machine.same("the current address with %s" % text,
                         session.oid("query", "OID_802_3_CURRENT_ADDRESS", 6).data.hex(), "02aabbccddee")
            machine.same("the permanent one", session.oid("query", "OID_802_3_PERMANENT_ADDRESS", 6)
                         .data.hex(), OWN)
        session.run.clean()


if __name__ == "__main__":
    job.main()
