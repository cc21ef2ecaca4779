# SPDX-License-Identifier: MIT
"""Single frames through the miniport, for jobs that must know the fate of each.

    frame(destination, source, payload, tag)  bytes
    arrive(session, [frame, ...])             put on the wire, and waited for: how many were indicated
"""
import struct
import time

from report import Failure
from target import target

OWN = target.mac or "525400123456"  # the adapter, unless NetworkAddress says otherwise
PEER = "020000000001"  # a station on the wire
BROADCAST = "ffffffffffff"
TYPE = "88b7"          # one that nobody knows


def frame(destination, source=PEER, payload=b"", tag=None, pad=60):
    """tag: 16 bits of 802.1Q, which go into the frame. Padded to `pad` bytes without the tag."""
    head = bytes.fromhex(destination + source)
    data = bytes.fromhex(TYPE) + payload
    data += bytes(max(0, pad - 12 - len(data)))
    return head + (b"" if tag is None else struct.pack(">HH", 0x8100, tag)) + data


def taken(session):
    """Frames that the miniport has indicated, and those that it has seen."""
    stats = session.stats()
    counters = stats.get("driver_counters") if target.own else None
    up = stats["ndis"]["indicated_frames"]
    if counters is None:
        return up, up
    return up, up + sum(counters[name] for name in ("rx_filtered", "rx_while_paused", "rx_malformed"))


QUIET = 0.3  # seconds in which a driver that has no counters indicates what it indicates


def arrive(session, frames, timeout=5):
    before, seen = taken(session)
    if not target.own:
        timeout = QUIET
    for one in frames:
        session.do("wire " + one.hex())
    until, after = time.monotonic() + timeout, before
    while True:
        last, (after, now) = after, taken(session)
        if not target.own and after > last:
            until = time.monotonic() + QUIET
        if now >= seen + len(frames):
            return after - before
        if time.monotonic() > until:
            if not target.own:
                return after - before
            raise Failure("%d of %d frames were seen by the driver" % (now - seen, len(frames)))
        time.sleep(0.002)
