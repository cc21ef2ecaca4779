# SPDX-License-Identifier: MIT
"""The far end of the card in the virtual machine of bench/peers.py: it sends numbered frames, and judges those that
the card sends.

    wire = Wire(folder)                  a socket of which each datagram is a frame; QEMU has the other end
    wire.send(frames, rate)              frames of raw_frame() or udp_frame(); returns how many went a second
    wire.take(size)                      what the card has sent since the last call: [(moment, frame)]
    judge(numbers_of(...), count)        raises Failure if a frame was lost, late, there twice or damaged

bench/traffic.c judges in the virtual machine, by the same numbers.
"""
import collections
import fcntl
import os
import socket
import struct
import sys
import termios
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/lib"))
from report import Failure, expect

MAC = "52:54:00:12:34:56"  # the card's
STATION = "52:54:00:00:00:99"  # this end's
NEAR_IP, FAR_IP, PORT = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]), 9
STEP, WORD = 0x9E3779B1, 0xFFFFFFFF
RAW, IPV4 = b"\x88\xb5", b"\x08\x00"
PKTGEN_MAGIC = b"\xbe\x9b\xe9\x55"
DAMAGED = -1
# ndishost/net/numbered.c
LONG, GOLDEN = (1 << 64) - 1, 0x9E3779B97F4A7C15


# ---- Frames ----

def payload(number, size):
    words = (size + 3) // 4
    return struct.pack(">%dI" % words, *((number + place * STEP) & WORD for place in range(words)))[:size]


def checksum(data):
    """Of IP and UDP; 0 over what has a right one."""
    total = sum(struct.unpack(">%dH" % (len(data) // 2 + len(data) % 2), data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes.fromhex(text.replace(":", ""))


def raw_frame(number, size):
    return address(MAC) + address(STATION) + RAW + payload(number, size - 14)


def udp_frame(number, size):
    data = payload(number, size - 42)
    udp = struct.pack(">HHHH", PORT, PORT, 8 + len(data), 0)
    pseudo = FAR_IP + NEAR_IP + struct.pack(">HH", 17, 8 + len(data))
    udp = udp[:6] + struct.pack(">H", checksum(pseudo + udp + data) or 0xFFFF)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(data), number & 0xFFFF, 0x4000, 64, 17, 0) + FAR_IP + NEAR_IP
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return address(MAC) + address(STATION) + IPV4 + ip + udp + data


def mix(value):
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & LONG
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & LONG
    return value ^ value >> 33


def gen_body(number, size, seed=1, stream=1):
    """What follows the addresses in a frame of ndishost's `gen`."""
    key = mix(mix((seed + (stream + 1) * GOLDEN) & LONG) ^ mix((number * GOLDEN + size) & LONG))
    words = (size - 22) // 8
    body = struct.pack("<IHBBQ", key >> 32, size, stream, 1, number)
    body += struct.pack("<%dQ" % words, *((key + place * GOLDEN) & LONG for place in range(1, words + 1)))
    return (RAW + body)[:size - 12]


# ---- What came, by number ----

def raw_number(frame):
    """The number of a frame that came back as it was sent."""
    number = int.from_bytes(frame[14:18], "big")
    return number if frame == raw_frame(number, len(frame)) else DAMAGED


def udp_number(frame):
    """Of a frame that bench/traffic.c had Linux send."""
    number, ip, udp = int.from_bytes(frame[42:46], "big"), frame[14:34], frame[34:]
    pseudo = frame[26:34] + struct.pack(">HH", 17, len(udp))
    good = (frame[:14] == address(STATION) + address(MAC) + IPV4 and ip[9] == 17 and not checksum(ip) and
            frame[26:34] == NEAR_IP + FAR_IP and not checksum(pseudo + udp) and udp[8:] == payload(number, len(frame) - 42))
    return number if good else DAMAGED


def gen_number(frame):
    number = int.from_bytes(frame[22:30], "little")
    return number if frame[6:] == address(MAC) + gen_body(number, len(frame)) else DAMAGED


def numbers_of(frames, number):
    return [number(frame) for frame in frames]


def pktgen_numbers(frames):
    """pktgen sends one buffer several times, so frames of a burst have one number: that of its first frame. The frames
    that follow count on from there; what lacks or is too much shows at the next burst."""
    numbers, last, first, body = [], None, 0, None
    for frame in frames:
        said = int.from_bytes(frame[46:50], "big")
        rest = frame[:18] + frame[20:24] + frame[26:46] + frame[58:]  # without identification, checksum, number and time
        body = body or rest
        good = frame[:14] == address(STATION) + address(MAC) + IPV4 and frame[42:46] == PKTGEN_MAGIC and rest == body
        first = said if last is None else first
        numbers.append((said if said != last else numbers[-1] + 1 + first) - first if good else DAMAGED)
        last = said if good else last
    return numbers


def judge(what, numbers, count):
    """Fails unless each number below `count` is there once, in order."""
    damaged = sum(number == DAMAGED or number >= count for number in numbers)
    good = [number for number in numbers if DAMAGED < number < count]
    seen, late, highest = collections.Counter(good), 0, -1
    for number in good:
        late += number < highest
        highest = max(highest, number)
    verdict(what, {"lost": count - len(seen), "late": late, "twice": len(good) - len(seen), "damaged": damaged}, count)


def verdict(what, found, count):
    faults = ["%d %s" % (found[key], key) for key in ("lost", "late", "twice", "damaged") if found[key]]
    expect(not faults, "%s: of %d frames %s" % (what, count, ", ".join(faults)))


def judge_same(what, frames, length=42):
    """Fails unless the frames begin alike. testpmd's frames have no number, and their ends are what the memory held."""
    kinds = collections.Counter(frame[:length] for frame in frames)
    expect(len(kinds) == 1, "%s: of %d frames %d are damaged" % (what, len(frames), len(frames) - max(kinds.values(), default=0)))


# ---- The cable ----

class Wire:
    def __init__(self, folder):
        self.card, self.mine = os.path.join(folder, "card"), os.path.join(folder, "wire")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.mine)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.frames = []  # (moment, frame), as they come; the kernel may send others by itself
        self.open = threading.Event()  # else no frame leaves the card
        self.open.set()
        threading.Thread(target=self._drain, daemon=True).start()

    def netdev(self):
        return "dgram,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s" % (self.card, self.mine)

    def _drain(self):
        while True:
            frame = self.socket.recv(65536)
            self.frames.append((time.monotonic(), frame))
            self.open.wait()

    def count(self, size):
        return sum(len(frame) == size for _, frame in list(self.frames))

    def take(self, size):
        came, self.frames = self.frames, []
        return [one for one in came if len(one[1]) == size]

    def send(self, frames, rate=None):
        """The socket blocks while QEMU takes none, so none is lost. Returns frames per second until QEMU had all."""
        began = due = time.monotonic()
        for frame in frames:
            self.socket.sendto(frame, self.card)
            if rate:
                due += 1 / rate
                time.sleep(max(0, due - time.monotonic()))
        until = time.monotonic() + 60
        while struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, b"\0" * 4))[0]:
            if time.monotonic() > until:
                raise Failure("QEMU did not take all frames")
            time.sleep(0.0005)
        return len(frames) / (time.monotonic() - began)


def rate_of(came):
    """Frames a second of [(moment, frame)]."""
    moments = [moment for moment, _ in came]
    return (len(moments) - 1) / max(1e-6, moments[-1] - moments[0]) if len(moments) > 1 else 0
