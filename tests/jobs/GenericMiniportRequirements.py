#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GenericMiniportRequirements: a legal description, the NDIS version, the versions that the file and
the driver tell of, and attributes that agree with the OIDs."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
import ndishost as host
import oids
from job import Job
from wire import OWN

job = Job(__file__, __doc__)
HEADER = os.path.join(host.ROOT, "drivers/windows7/virtio-net/include/aerovnet_version.h")


def version():
    with open(HEADER) as file:
        text = file.read()
    return [int(re.search(r"#define\s+AEROVNET_VERSION_%s\s+(\d+)" % part, text)[1])
            for part in ("MAJOR", "MINOR", "PATCH")]


def number(session, oid):
    return session.oid("query", oid, 4).number()


@job.test("description and versions")
def versions(machine):
    with machine.session() as session:
        text = session.oid("query", "OID_GEN_VENDOR_DESCRIPTION", 512).data
        machine.expect(text.endswith(b"\0") and text.count(b"\0") == 1 and len(text) > 4 and
                       re.fullmatch(rb"[\x20-\x7e]+", text[:-1]) and text[:-1].strip() == text[:-1],
                       "the description is %r" % text)
        machine.expect(session.oid("query", "OID_GEN_DRIVER_VERSION", 4).number() >= 0x0614,
                       "the NDIS version is below 6.20")
        if machine.own:
            own_versions(machine, session)
    session.run.clean()


def own_versions(machine, session):
    major, minor, patch = version()
    machine.same("OID_GEN_VENDOR_DRIVER_VERSION", number(session, "OID_GEN_VENDOR_DRIVER_VERSION"),
                 major << 16 | minor << 8 | patch)
    # Without a code of the IEEE's (network/oid-gen-vendor-id).
    machine.same("OID_GEN_VENDOR_ID", number(session, "OID_GEN_VENDOR_ID"), 0xFFFFFF)


@job.test("an Ethernet adapter of 1500 bytes")
def ethernet(machine):
    with machine.session() as session:
        for oid, wanted in (("OID_GEN_MEDIA_SUPPORTED", 0), ("OID_GEN_MEDIA_IN_USE", 0),
                            ("OID_GEN_PHYSICAL_MEDIUM", 14), ("OID_GEN_HARDWARE_STATUS", 0),
                            ("OID_GEN_MAXIMUM_FRAME_SIZE", 1500), ("OID_GEN_MAXIMUM_TOTAL_SIZE", 1514),
                            ("OID_GEN_MAXIMUM_LOOKAHEAD", 1500)):
            if oid == "OID_GEN_PHYSICAL_MEDIUM" and not machine.own:
                machine.expect(number(session, oid) in (0, wanted), "the physical medium is not Ethernet's, nor unspecified")
                continue
            machine.same(oid, number(session, oid), wanted)
            if machine.own or oid not in oids.BY_NDIS:
                machine.same(oid + " as the miniport has it",
                             session.oid("stats", oid, 4).number(), wanted)
        machine.expect(number(session, "OID_802_3_MAXIMUM_LIST_SIZE") >= 32,
                       "the multicast list has room for fewer than 32")
        options = number(session, "OID_GEN_MAC_OPTIONS")
        machine.expect(options & 0x8, "MacOptions 0x%x lack NO_LOOPBACK" % options)
        machine.expect(options & 0x4, "MacOptions 0x%x lack TRANSFERS_NOT_PEND" % options)
        address = session.oid("query", "OID_802_3_CURRENT_ADDRESS", 6).data
        machine.expect(len(address) == 6 and not address[0] & 1 and any(address),
                       "the current address is %s" % address.hex())
        machine.same("the lookahead that was set", number(session, "OID_GEN_CURRENT_LOOKAHEAD"),
                     session.oid("stats", "OID_GEN_CURRENT_LOOKAHEAD", 4).number())
    session.run.clean()


@job.test("no packet filter before one is set: nothing is indicated", buses=("model",))
def silent(machine):
    """network/oid-gen-current-packet-filter: after MiniportInitializeEx it is zero; here it is set back."""
    with machine.session() as session:
        session.do("oid set OID_GEN_CURRENT_PACKET_FILTER 00000000")
        for destination in ("ffffffffffff", OWN, "01005e000001", "020000000009"):
            session.do("wire %s020000000001" % destination + "0800" + "00" * 46)
        session.do("sleep 300")
        machine.same("frames indicated", session.stats()["ndis"]["indicated_frames"], 0)
        if machine.own:
            machine.same("frames filtered", session.stats()["driver_counters"]["rx_filtered"], 4)
    session.run.clean()


if __name__ == "__main__":
    job.main()
