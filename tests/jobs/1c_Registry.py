#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1c_Registry: whatever the registry holds, the driver loads and carries frames: each keyword of the INF
at its limits, beyond them, missing, empty, of another type and full of garbage. What is out of range is
the default, and is written to the event log."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import keywords
import ndishost as host
from job import Job

job = Job(__file__, __doc__)

RING = 256  # of both buses: more transmit buffers than this there never are
SPARE = 1024  # receive buffers beyond the ring, at most
# NDIS_MAC_OPTION_8021P_PRIORITY and _8021Q_VLAN; the second needs the first (network/oid-gen-mac-options).
TAG_OPTIONS = {0: 0, 1: 0x40, 2: 0x240, 3: 0x240}
LOGGED = "out of its range"


def buffers_of(report, name):
    return report["driver_counters"]["rx_buffers" if "Receive" in name else "tx_buffers"]


# How a run shows what the driver made of a keyword: value -> what must be seen, and what is.
SHOWN = {
    "*ReceiveBuffers": (lambda value: min(value, RING + SPARE),
                        lambda session: buffers_of(session.stats(), "*ReceiveBuffers")),
    "*TransmitBuffers": (lambda value: min(value, RING),
                         lambda session: buffers_of(session.stats(), "*TransmitBuffers")),
    "*PriorityVLANTag": (lambda value: TAG_OPTIONS[value],
                         lambda session: session.oid("stats", "OID_GEN_MAC_OPTIONS", 4).number() & 0x240),
    "EventIdx": (lambda value: value,
                 lambda session: int(session.stats()["features_negotiated"], 16) >> 29 & 1),
    "VlanId": (lambda value: value, lambda session: session.oid("query", "OID_GEN_VLAN_ID", 4).number()),
}


# What the frames themselves show: with the wrong value none is intact.
FRAMING = "HeaderLength"


def numbers():
    return [keyword for keyword in keywords.declared()
            if keyword.type in ("int", "enum") and keyword.name != FRAMING]


def tried(keyword):
    """(registry value, the number it stands for; None: the default, and logged)"""
    low, high = keyword.low, keyword.high
    values = [(str(value), value) for value in (low, low + 1, (low + high) // 2, high - 1, high)]
    values += [("dword:%d" % value, value) for value in (low, high)]
    if keyword.choices:
        values = [(text, value if str(value) in keyword.choices else None) for text, value in values]
    for value in [high + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF] + ([low - 1, 0] if low else []):
        values += [(str(value), None), ("dword:%d" % value, None)]
    values += [("%d " % high, high), (" %d" % high, high)]
    # Text that is not a number comes as 0 (NdisReadConfiguration, NdisParameterInteger).
    values += [(text, 0 if low == 0 else None) for text in ("", "many", "-", "0x", "  ", "%s%n", "A" * 200)]
    values += [("-1", None)]
    return values


def shows(machine, picks, net="gen:count=300"):
    """One run with each keyword at its text (None: missing), and what came of each."""
    options = [word for keyword, text, _ in picks if text is not None
               for word in ("--set", "%s=%s" % (keyword.name, text))]
    with machine.session(net, options) as session:
        if net != "none":
            session.do("wait finished")
        got = [SHOWN[keyword.name][1](session) for keyword, _, _ in picks]
    session.run.clean()
    for (keyword, text, wanted), seen in zip(picks, got):
        value = keyword.default if wanted is None else wanted
        machine.same("%s=%r" % (keyword.name, text), seen, SHOWN[keyword.name][0](value))
    logged = [text for _, text, wanted in picks if wanted is None and text is not None]
    machine.same("events of values out of range among %s" % options[1::2],
                 session.run.text.count(LOGGED), len(logged))


@job.test("every number of the INF, in range, out of it, and none", buses=("model",),
          own="what a keyword did shows in counters of aerovnet")
def values(machine):
    found = [keyword for keyword in numbers()
             if machine.expect(keyword.name in SHOWN, "%s is not tried here" % keyword.name)]
    vlan = [keyword for keyword in found if keyword.name == "VlanId"]
    found = [keyword for keyword in found if keyword not in vlan]
    rows = [tried(keyword) for keyword in found]
    shows(machine, [(keyword, None, None) for keyword in found])
    for i in range(max(len(row) for row in rows)):
        # Beside each other, different kinds of values.
        shows(machine, [(keyword,) + row[(i + 3 * n) % len(row)]
                        for n, (keyword, row) in enumerate(zip(found, rows))])
    for keyword in vlan:  # in a VLAN, the generator's frames would be another's
        for text, wanted in [(None, None)] + tried(keyword):
            shows(machine, [(keyword, text, wanted)], "none")


@job.test("the length of the network header, in range, out of it, and none", buses=("model",),
          own="the keyword HeaderLength is aerovnet's own")
def header(machine):
    keyword = next(keyword for keyword in keywords.declared() if keyword.name == FRAMING)
    for text, wanted in tried(keyword):
        length = keyword.default if wanted is None else wanted
        run = machine.run("gen:count=300,stall=3", ["--set", "%s=%s" % (FRAMING, text)],
                          bus="header=%d" % length)
        run.clean()
        machine.same("events of %s=%r" % (FRAMING, text), run.text.count(LOGGED), int(wanted is None))


@job.test("limits", buses=("qtest",), own="what a keyword did shows in counters of aerovnet")
def limits(machine):
    shows(machine, [(keyword, str(keyword.low), keyword.low) for keyword in numbers()])
    shows(machine, [(keyword, str(keyword.high), keyword.high) for keyword in numbers()], "none")
    shows(machine, [(keyword, str(keyword.high + 1), None) for keyword in numbers()])


@job.test("all of them at once, drawn by chance, and unknown ones", buses=("model",))
def chance(machine):
    draw, declared = random.Random(host.seed()), keywords.declared()
    for _ in range(12):
        options = ["--set", "*NoSuchKeyword=7", "--set", "*RSS=1", "--set", "*JumboPacket=9014"]
        for keyword in declared:
            picks = ["1", "16", "17", "4094", "dword:3", "", "x", "-5", "99999999999999999999",
                     "FFFFFFFFFFFF", "020000000001", "\x01\x02"]
            if keyword.name == FRAMING:
                picks = ["12", "", "x", "11", "dword:4294967295", "-1"]
            if keyword.name == "VlanId":
                picks = ["0", "", "x", "4095", "dword:4294967295", "-1"]
            options += ["--set", "%s=%s" % (keyword.name, draw.choice(picks))]
        machine.run("gen:count=500", options, any_keyword=True).clean()


@job.test("the registry cannot be opened", buses=("model",))
def unopened(machine):
    run = machine.run("gen:count=300", ["--set", "*ReceiveBuffers=16", "--fail", "NdisOpenConfigurationEx"])
    run.clean()
    machine.same("receive buffers", run.counter("rx_buffers"), RING + SPARE)


if __name__ == "__main__":
    job.main()
