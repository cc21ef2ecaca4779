# SPDX-License-Identifier: MIT
"""Counts the frames of a capture by direction: the far side's own word on what the driver says that
it sent and received.

    count = count_frames("out/run.pcap", "52:54:00:12:34:56"); count.sent; count.received
"""

import collections
import struct

Count = collections.namedtuple("Count", "sent received")
ETHERNET = 1


def count_frames(path, mac):
    """`sent` are the frames that carry `mac` as their source. ValueError: not a whole pcap."""
    source = bytes.fromhex(mac.replace(":", ""))
    sent = received = 0
    with open(path, "rb") as file:
        head = file.read(24)
        if len(head) < 24 or head[:4] != struct.pack("=I", 0xA1B2C3D4):
            raise ValueError("no pcap header")
        if struct.unpack_from("=I", head, 20)[0] != ETHERNET:
            raise ValueError("not Ethernet")
        while record := file.read(16):
            if len(record) < 16:
                raise ValueError("the last record is cut off")
            length = struct.unpack_from("=I", record, 8)[0]
            frame = file.read(length)
            if len(frame) < length:
                raise ValueError("the last frame is cut off")
            if frame[6:12] == source:
                sent += 1
            else:
                received += 1
    return Count(sent, received)
