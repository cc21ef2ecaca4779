# SPDX-License-Identifier: MIT
"""OIDs as the documentation has them: their numbers, the lengths of their answers, and checks of how
a miniport answers requests of any length.

    numbers()                                    {"OID_GEN_STATISTICS": 0x20106, ...}: all we know of
    supported(session)                           what the miniport lists
    query_lengths(machine, session, kind, oid)   lengths 0 ... answer + 8
    answer(machine, session, kind)               that of every OID on the list
    not_supported(machine, session, kinds)       requests of every OID that is not on it
"""
import os
import re
import struct

import ndishost as host

SHORT = ("BUFFER_TOO_SHORT", "INVALID_LENGTH")
REFUSED = ("NOT_SUPPORTED", "INVALID_OID")
ASK = 2048  # more than any answer

# Queries that NDIS 6.x answers itself: the miniport sees only those for statistics
# (network/oid-gen-*, "NDIS handles this OID").
BY_NDIS = {
    "OID_GEN_SUPPORTED_LIST", "OID_GEN_HARDWARE_STATUS", "OID_GEN_MEDIA_SUPPORTED",
    "OID_GEN_MEDIA_IN_USE", "OID_GEN_PHYSICAL_MEDIUM", "OID_GEN_MAXIMUM_FRAME_SIZE",
    "OID_GEN_MAXIMUM_LOOKAHEAD", "OID_GEN_CURRENT_LOOKAHEAD", "OID_GEN_LINK_SPEED",
    "OID_GEN_MAC_OPTIONS", "OID_GEN_MEDIA_CONNECT_STATUS", "OID_GEN_CURRENT_PACKET_FILTER",
    "OID_802_3_MAXIMUM_LIST_SIZE", "OID_GEN_DRIVER_VERSION", "OID_GEN_LINK_STATE",
    "OID_GEN_MAX_LINK_SPEED", "OID_802_3_PERMANENT_ADDRESS", "OID_802_3_CURRENT_ADDRESS",
    "OID_802_3_MULTICAST_LIST", "OID_PNP_CAPABILITIES", "OID_PM_CURRENT_CAPABILITIES",
    "OID_PM_HARDWARE_CAPABILITIES",
}

# Mandatory for an NDIS 6.x miniport (network/mandatory-oids-for-miniport-drivers).
MANDATORY_QUERY = {
    "OID_GEN_INTERRUPT_MODERATION", "OID_GEN_MAXIMUM_TOTAL_SIZE", "OID_GEN_RCV_OK",
    "OID_GEN_RECEIVE_BLOCK_SIZE", "OID_GEN_RECEIVE_BUFFER_SPACE", "OID_GEN_STATISTICS",
    "OID_GEN_TRANSMIT_BLOCK_SIZE", "OID_GEN_TRANSMIT_BUFFER_SPACE", "OID_GEN_VENDOR_DESCRIPTION",
    "OID_GEN_VENDOR_DRIVER_VERSION", "OID_GEN_VENDOR_ID", "OID_GEN_XMIT_OK",
}
MANDATORY_SET = {
    "OID_GEN_CURRENT_LOOKAHEAD", "OID_GEN_CURRENT_PACKET_FILTER", "OID_GEN_INTERRUPT_MODERATION",
    "OID_GEN_LINK_PARAMETERS", "OID_802_3_MULTICAST_LIST",
}

# Answers that are not a 32-bit number.
LENGTHS = {
    "OID_802_3_PERMANENT_ADDRESS": 6, "OID_802_3_CURRENT_ADDRESS": 6, "OID_GEN_STATISTICS": 152,
    "OID_GEN_INTERRUPT_MODERATION": 12, "OID_GEN_XMIT_OK": 8, "OID_GEN_RCV_OK": 8,
    "OID_GEN_DRIVER_VERSION": (2, 4), "OID_GEN_LINK_STATE": 40, "OID_GEN_MAX_LINK_SPEED": 16,
}
# A caller with 4 bytes gets the low half (conformance: 1c_64BitOIDs).
COUNTERS = {"OID_GEN_XMIT_OK", "OID_GEN_RCV_OK", "OID_GEN_XMIT_ERROR", "OID_GEN_RCV_ERROR",
            "OID_GEN_RCV_NO_BUFFER"}
COUNTER_PREFIXES = ("OID_GEN_DIRECTED_", "OID_GEN_MULTICAST_", "OID_GEN_BROADCAST_", "OID_GEN_BYTES_")
VARIABLE = {"OID_GEN_SUPPORTED_LIST", "OID_GEN_VENDOR_DESCRIPTION", "OID_802_3_MULTICAST_LIST"}

# Sets that change what the adapter is: their own jobs try them.
STATE = ("OID_PNP_", "OID_PM_")
# What a set takes: (least bytes, a good value, statuses). The two refusals are what the pages say of
# a driver that has no interrupt moderation, and of a medium whose speed nobody can choose.
SETS = {
    "OID_GEN_CURRENT_PACKET_FILTER": (4, struct.pack("<I", 0x0B), ("SUCCESS",)),
    "OID_GEN_CURRENT_LOOKAHEAD": (4, struct.pack("<I", 1500), ("SUCCESS",)),
    "OID_GEN_VLAN_ID": (4, bytes(4), ("SUCCESS",)),
    "OID_GEN_INTERRUPT_MODERATION": (12, struct.pack("<BBHII", 0x80, 1, 12, 0, 2), ("INVALID_DATA",)),
    "OID_GEN_LINK_PARAMETERS": (32, struct.pack("<BBHIQQII", 0x80, 1, 32, 2, 10**9, 10**9, 1, 0),
                                ("SUCCESS", "INVALID_DATA", "NOT_SUPPORTED")),
}


def settable(name):
    """May a set of it succeed, if it is listed?"""
    return name in MANDATORY_SET or name in SETS or name.startswith(STATE)


def numbers():
    """Every OID that the project's declarations have."""
    found = {}
    folder = os.path.join(host.ROOT, "include/ndis-mingw/ndis")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as file:
            for oid, value in re.findall(r"^#define\s+(OID_\w+)\s+(0x[0-9A-Fa-f]+)", file.read(), re.M):
                found[oid] = int(value, 16)
    return found


def named(number):
    for name, value in numbers().items():
        if value == number:
            return name
    return "0x%08X" % number


def supported(session):
    """The names on the miniport's list; a vendor's own by number."""
    data = session.oid("query", "OID_GEN_SUPPORTED_LIST", ASK).data
    return [named(number) for number in struct.unpack("<%dI" % (len(data) // 4), data)]


def is_counter(name):
    return name in COUNTERS or name.startswith(COUNTER_PREFIXES)


def length_is(name, got):
    """Is this what the documentation says the answer's length is?"""
    if name in VARIABLE or name.startswith("0x") or name.startswith(STATE):
        return True
    wanted = LENGTHS.get(name, (4, 8) if is_counter(name) else 4)
    return got in (wanted if isinstance(wanted, tuple) else (wanted,))


def query_lengths(machine, session, kind, name):
    """Answers a query of every length up to 8 more than it takes, exactly. False: it does not answer."""
    whole = session.oid(kind, name, ASK)
    what = "%s %s" % (kind, name)
    if whole.status != "SUCCESS":
        machine.same("%s: bytes written with %s" % (what, whole.status), whole.done, 0)
        return False
    machine.expect(length_is(name, whole.done), "%s: an answer of %d bytes" % (what, whole.done))
    for length in range(0, whole.done + 9):
        reply = session.oid(kind, name, length)
        got = (reply.status, reply.done, reply.needed)
        if length >= whole.done:
            machine.same("%s of %d bytes" % (what, length), (reply.status, reply.done, reply.data),
                         ("SUCCESS", whole.done, whole.data))
        elif length >= 4 and whole.done == 8 and is_counter(name):
            machine.same("%s of %d bytes" % (what, length), got + (reply.data,),
                         ("SUCCESS", 4, 8, whole.data[:4]))
        else:
            machine.expect(reply.status in SHORT and got[1:] == (0, whole.done),
                           "%s of %d bytes: %s written=%s needed=%s, expected %d needed" %
                           ((what, length) + got + (whole.done,)))
    return True


def answer(machine, session, kind):
    """Queries every OID of the list, with every length. The names of those that do not answer."""
    silent = []
    for name in supported(session):
        if not query_lengths(machine, session, kind, name):
            machine.expect(name not in MANDATORY_QUERY, "%s is mandatory, and does not answer" % name)
            silent.append(name)
    return silent


def not_supported(machine, session, kinds):
    """No request of these kinds is answered for an OID that is not on the list, nor reads or writes."""
    listed = supported(session)
    for name, number in sorted(numbers().items()):
        for kind in kinds:
            if name in listed or kind == "query" and name in BY_NDIS:
                continue
            for length in (0, 4, 512):
                reply = session.oid(kind, "0x%08X" % number, bytes(length) if kind == "set" else length)
                machine.same("%s %s with %d bytes" % (kind, name, length), (reply.status, reply.done),
                             ("NOT_SUPPORTED", 0))
