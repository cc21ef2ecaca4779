# SPDX-License-Identifier: MIT
"""The report of drivers that have no OID of aerovnet's: what the device's registers and NDIS tell, under the same names
on each bus. What nobody tells is left out."""
import json
import os
import subprocess
import tempfile

from report import ROOT, expect

HOST = "out/ndishost"
SHAPE = "out/tests/foreign-shapes/x64/%s.sys"
INF = ["--inf", "tests/foreign-shapes/messages.inf"]
VERSION_1 = 1 << 32
OWN_SIZES = [16, 16]  # virtio.h asks for them; the device offers 256
# Of each bus that has the device's registers and its wire.
SHARED = {"register_reads", "register_writes", "interrupts", "messages", "notifications", "queue_notifications", "tx_frames",
          "tx_bytes"}
SHAPES = ("Messages", "MessagesQtest", "LinkAtHalt", "Liberties")


def report(bus, shape, options=(), given="send ffffffffffff0252756c65010800" + "00" * 46 + "\nquit\n", status=None):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        done = subprocess.run([HOST, "run", "--bus", bus, "--net", "none", "--seed", "1", "--json", file.name, "--control", "-",
                               *options, SHAPE % shape], cwd=ROOT, input=given, capture_output=True, text=True, timeout=120,
                              check=False)
        expect(status is None or done.returncode == status, "exit status %d: %s" % (done.returncode, done.stderr[-200:]))
        with open(file.name, encoding="utf-8") as written:
            return json.load(written)


def agreed(bus, shape, sizes):
    """Two queues of this driver, which tells ndishost nothing by itself."""
    found = report(bus, shape, INF)
    offered, accepted = int(found["features_offered"], 16), int(found["features_negotiated"], 16)
    expect(offered & VERSION_1 and accepted & VERSION_1 and not accepted & ~offered,
           "offered 0x%x, negotiated 0x%x" % (offered, accepted))
    expect(found["queue_sizes"][:2] == sizes, "queue sizes %s, expected %s" % (found["queue_sizes"], sizes))
    expect("driver_counters" not in found and "statistics" not in found, "it tells of counters that this driver has not")
    lacks = SHARED - set(found["bus"])
    expect(not lacks, "the bus tells nothing of %s" % ", ".join(sorted(lacks)))
    expect(sum(found["bus"]["queue_notifications"]) == found["bus"]["notifications"] > 0, found["bus"])
    return found


def on_model(_):
    agreed("model:queue_size=256", "Messages", OWN_SIZES)


def on_qtest(_):
    found = agreed("qtest", "MessagesQtest", OWN_SIZES)
    without = agreed("qtest:-device virtio-net-pci,status=off", "MessagesQtest", OWN_SIZES)
    differs = int(found["features_offered"], 16) ^ int(without["features_offered"], 16)
    expect(differs == 1 << 16, "without VIRTIO_NET_F_STATUS the features differ by 0x%x" % differs)


def unknown(_):
    """No device, no statistics, no address: no such member, and no zero in its place."""
    found = report("virtual", "LinkAtHalt", status=0)
    for name in ("features_offered", "features_negotiated", "queue_sizes", "bus", "statistics", "driver_counters"):
        expect(name not in found, "%s: %s" % (name, found.get(name)))
    expect(found["link"] == "up" and found["mac"] == "02:52:75:6c:65:01", "link %s, mac %s" % (found["link"], found["mac"]))
    found = report("model", "Liberties", ["--fail", "NdisMSetMiniportAttributes"])
    for name in ("mac", "link", "link_speed", "features_negotiated"):
        expect(name not in found, "%s of an adapter that did not come up: %s" % (name, found.get(name)))


def tests():
    return [("report:model:x64", on_model), ("report:qtest:x64", on_qtest), ("report:unknown:x64", unknown)]


def add(group):
    for name, function in tests():
        group.test(name, function)
