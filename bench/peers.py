#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: MIT
"""Counts what a frame costs in Linux' virtio_net, in aerovnet.sys and in DPDK's driver, in one virtual machine.

    bench/peers.py [--rounds N] [LOG]     prints the counts; bench/report takes them from report()

QEMU's virtio-net-pci, with the same features for all; Debian's kernel; one processor, emulated, so that
bench/plugin.c counts. The drivers take turns: A B C D, A B C D. Only instructions inside the drivers count: of Linux the
modules virtio_net, virtio_ring and virtio_pci, of DPDK librte_net_virtio.
The far end is a socket here: bench/far_end.py. It judges each frame that the card sends, and bench/traffic.c in the virtual
machine each that the card receives. A driver that lost, reordered or damaged a frame has no count.
Needs: the packages of ./run, and dpdk-dev, librte-net-virtio23, librte-mempool-ring23.
"""
import bisect
import collections
import glob
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/lib"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vm"))
import counted
import far_end
import machine
from report import ROOT, Failure, expect, make

KERNEL = os.path.join(ROOT, "out/kernel")
IMAGE = os.path.join(ROOT, "out/bench/peers.cpio")
MODULES = ("drivers/virtio/virtio drivers/virtio/virtio_ring drivers/virtio/virtio_pci_legacy_dev "
           "drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci net/core/failover drivers/net/net_failover "
           "drivers/net/virtio_net net/core/pktgen").split()
PMD = "/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0"
TESTPMD_DRIVERS = ("librte_net_virtio", "librte_bus_pci", "librte_bus_vdev", "librte_mempool_ring")
# No offload and no event index; vectors=0: all have the same interrupt line.
DEVICE = ("vectors=0,event_idx=off,mrg_rxbuf=off,csum=off,gso=off,guest_csum=off,guest_tso4=off,guest_tso6=off,"
          "guest_ecn=off,guest_ufo=off,host_tso4=off,host_tso6=off,host_ecn=off,host_ufo=off")
TRAFFIC = os.path.join(ROOT, "out/bench/traffic")
FRAMES, SIZES, ROUNDS = 4096, (60, 1514), 2
# Frames per second, how many, and how a case is called. At 50 a second the driver and the device are idle in between.
RATES = ((2000, 1024, "2,000 a second"), (50, 100, "idle"))
SECONDS = 1800
LINUX, UDP, OURS, DPDK = PEERS = ("Linux virtio_net", "Linux, UDP sockets", "aerovnet", "DPDK virtio")


# ---- What the machine boots ----

def libraries(program):
    """Paths of the shared libraries of a program or library."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(?:=> )?(/\S+) \(0x", said)


def build_image():
    """The files of ./run, and those of the peers behind them in a second archive."""
    for command in (["vm/kernel"], ["vm/initramfs", "x64", "out/x64/aerovnet.sys"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        expect(done.returncode == 0, "%s: %s" % (command[0], done.stderr.strip()))
    with tempfile.TemporaryDirectory() as root:
        def put(source, place):
            target = os.path.join(root, place.lstrip("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)

        def put_library(name):
            """DPDK's libraries have several names; a copy for each would be loaded twice."""
            real = os.path.realpath(name)
            if not os.path.exists(root + real):
                put(real, real)
            if name != real and not os.path.lexists(root + name):
                os.makedirs(os.path.dirname(root + name), exist_ok=True)
                os.symlink(real, root + name)

        put(os.path.join(ROOT, "bench/peers-init"), "init")
        put(TRAFFIC, "bin/traffic")
        for module in MODULES:
            put(os.path.join(KERNEL, "modules/kernel/%s.ko" % module), "modules/%s.ko" % os.path.basename(module))
        testpmd = shutil.which("dpdk-testpmd")
        expect(testpmd, "dpdk-testpmd is not there: tools/packages foreign installs it")
        put(testpmd, "bin/dpdk-testpmd")
        drivers = [glob.glob("%s/%s.so" % (PMD, name)) for name in TESTPMD_DRIVERS]
        expect(all(drivers), "%s lacks a driver of DPDK: tools/packages foreign installs them" % PMD)
        for file in sorted({one for found in drivers for one in found}):
            for library in [file] + libraries(file):
                put_library(library)
        for library in libraries(testpmd):
            put_library(library)
        with open(IMAGE, "wb") as image:
            with open(os.path.join(ROOT, "out/initramfs.cpio"), "rb") as first:
                shutil.copyfileobj(first, image)
            names = subprocess.run(["find", "."], cwd=root, capture_output=True, text=True, check=True).stdout
            image.write(subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=root, check=True,
                                       input=names.encode(), capture_output=True).stdout)


# ---- The machine ----

class Guest:
    def __init__(self, folder, log):
        self.folder, self.dumps = folder, 0
        self.wire = far_end.Wire(folder)
        self.fifo = os.path.join(folder, "orders")
        self.trace = os.path.join(folder, "trace")
        os.mkfifo(self.fifo)
        machine.INITRAMFS = os.path.relpath(IMAGE, ROOT)
        more = ["-smp", "1", "-plugin", "%s,orders=%s" % (counted.PLUGIN, self.fifo), "-D", self.trace,
                "-trace", "virtio_queue_notify", "-trace", "virtio_notify"]
        os.chdir(ROOT)  # machine.py names its files from there
        self.machine = machine.Machine("tcg,thread=single", {"huge_pages": 120}, log,
                                       device="mac=%s,%s" % (far_end.MAC, DEVICE), end=self.wire.netdev(), more=more)
        self.orders = open(self.fifo, "w", encoding="ascii")
        self.lines = machine.Lines(self.machine._channel)
        self.deadline = time.monotonic() + SECONDS
        self.log = log

    def next(self, step=None):
        try:
            event = self.lines.next(self.deadline)
        except TimeoutError:
            raise Failure("the virtual machine was not done after %d s: see %s" % (SECONDS, self.log)) from None
        expect(event is not None, "the virtual machine ended too early: see %s" % self.log)
        expect(event["step"] != "fail", "in the virtual machine: %s; see %s" % (event.get("why"), self.log))
        expect(step is None or event["step"] == step, "the virtual machine reported %s instead of %s" % (event, step))
        return event

    def answer(self, text=""):
        self.machine._channel.sendall(text.encode() + b"\n")

    def order(self, text):
        self.next("ready")
        self.answer(text)

    def dump(self, ranges):
        """What was executed so far at these addresses: [(first, last)]. The machine stands still meanwhile."""
        expect(self.machine.qmp("stop") is not None, "QEMU does not stop the virtual machine")
        self.dumps += 1
        name = os.path.join(self.folder, "dump%d" % self.dumps)
        self.orders.write("%s %s\n" % (name, " ".join("%x-%x" % one for one in ranges)))
        self.orders.flush()
        until = time.monotonic() + 60
        while not os.path.exists(name):
            expect(time.monotonic() < until, "the plugin wrote no dump")
            time.sleep(0.01)
        found = counted.Dump(name)
        os.unlink(name)
        expect(self.machine.qmp("cont") is not None, "QEMU does not let the virtual machine go on")
        return found

    def signals(self):
        """Those of the card so far: notifications by queue, and "interrupt" for what it wanted to interrupt for."""
        with open(self.trace, encoding="ascii", errors="replace") as file:
            text = file.read()
        found = collections.Counter(int(queue) for queue in re.findall(r"virtio_queue_notify vdev \S+ n (\d+)", text))
        found["interrupt"] = len(re.findall(r"virtio_notify vdev", text))
        return found

    def close(self):
        self.machine.close()
        self.orders.close()


# ---- Where the drivers are ----

class Places:
    """The instructions of one driver: ranges of addresses, and functions by address."""

    def __init__(self, ranges, starts=(), isr=None):
        self.ranges = ranges
        self.starts = sorted(starts)  # (address, function)
        self.isr = next((address for address, name in starts if name == isr), None)

    def function(self, address):
        at = bisect.bisect_right(self.starts, (address, "\x7f")) - 1
        return self.starts[at][1] if at >= 0 else "?"


def linux_places(guest):
    guest.order("symbols")
    starts, ranges = [], []
    while (event := guest.next())["step"] != "symbols":
        at = int(event["at"], 16)
        if event["step"] == "module":
            ranges.append((at, at + event["size"]))
        else:
            starts.append((at, event["name"]))
    guest.answer()
    expect(ranges and starts, "the virtual machine does not say where Linux' modules are")
    return Places(ranges, starts, "vp_interrupt")


def our_places(driver):
    return Places([(counted.DRIVER_BASE, counted.DRIVER_BASE + driver.end + 1)],
                  [(counted.DRIVER_BASE + start, name) for start, name in zip(driver.starts, driver.names)],
                  "AerovnetInterrupt")


# ---- Measurements ----

class Window:
    """What was executed between two moments."""

    def __init__(self, guest, places):
        self.guest, self.places = guest, places
        self.before, self.signals = guest.dump(places.ranges), guest.signals()

    def end(self):
        self.dump = self.guest.dump(self.places.ranges).minus(self.before)
        self.signals = self.guest.signals() - self.signals
        return self

    def counts(self, frames, queues=(0, 1)):
        """queues: those whose notifications count; 0 receives, 1 sends."""
        functions = collections.Counter()
        for address, times in self.dump.times.items():
            functions[self.places.function(address)] += times
        # A driver without an ISR: what the card wanted to interrupt for.
        interrupts = self.signals["interrupt"] if self.places.isr is None else self.dump.times[self.places.isr]
        return {"instructions": round(sum(functions.values()) / frames, 1),
                "functions": {name: round(times / frames, 2) for name, times in functions.most_common() if times > frames / 200},
                "notifications": round(1000 * sum(self.signals[queue] for queue in queues) / frames, 1),
                "interrupts": round(1000 * interrupts / frames, 1)}


def numbered(frames, size, kind):
    """Frames for the card."""
    return [(far_end.udp_frame if kind == "udp" else far_end.raw_frame)(number, size) for number in range(frames)]


def sent(guest, places, order, frames, size, numbers, rate=None):
    """A driver sends: the frames have to reach the far end as they were, in order. numbers: of bench/far_end.py."""
    guest.order("%s %d %d %d %d" % (order, frames, size, 1 if rate else 32, rate or 0))
    guest.next("begin")
    guest.wire.take(size)
    window = Window(guest, places)
    guest.answer()
    told = guest.next("end")["frames"]
    window.end()
    guest.answer()
    time.sleep(0.1)
    came = guest.wire.take(size)
    expect(told >= frames, "%s: the driver sent %d of %d frames" % (order, told, frames))
    far_end.judge("%s, %d bytes" % (order, size), numbers([frame for _, frame in came]), told)
    return dict(window.counts(told), rate=None if rate else round(far_end.rate_of(came)))


def received(guest, places, order, frames, size, kind, rate=None):
    """A driver receives all frames as they were, in order, or the machine tells otherwise."""
    some = numbered(frames, size, kind)
    guest.order("%s %d %d %s" % (order, frames, size, kind))
    guest.next("begin")
    window = Window(guest, places)
    guest.answer()
    speed = guest.wire.send(some, rate)
    end = guest.next("end")
    window.end()
    guest.answer()
    counts = dict(window.counts(frames), rate=None if rate else round(speed))
    if order == "ours_rx":
        end = guest.next("lists")
        guest.answer()
        counts["resources"] = round(100 * end["resources"] / end["all"], 2)
    far_end.verdict("%s, %d bytes" % (order, size), end, frames)
    return counts


# ---- DPDK ----

def dpdk_begin(guest, order):
    guest.order(order)
    first, offset = guest.next("map")["map"].split()
    guest.answer()
    base = int(first.split("-")[0], 16) - int(offset, 16)
    size = os.path.getsize(os.path.realpath("%s/librte_net_virtio.so" % PMD))
    guest.next("begin")
    guest.answer()
    guest.next("running")
    return Places([(base, base + size)], [(base, "librte_net_virtio")])


def dpdk_end(guest):
    guest.answer()
    guest.next("end")
    guest.answer()
    total = guest.next("testpmd")
    guest.answer()
    return total


def without_vain_calls(vain, busy, frames, count):
    """Instructions a frame of a driver that polls, less the calls that moved no frame. `vain`: what was executed while
    there were none but such calls. count(always): how many of them `busy` has; `always` are their instructions."""
    quiet = {address: times for address, times in vain.dump.times.items() if times > 0}
    expect(quiet, "DPDK's driver did not poll")
    calls = max(quiet.values())
    always = {address for address, times in quiet.items() if times > calls / 2}
    # All such calls are alike; the rounding takes away those that a moment cut in two.
    return round((sum(busy.dump.times.values()) - count(always) * round(sum(quiet.values()) / calls)) / frames, 1)


def dpdk_sent(guest, frames, size):
    places = dpdk_begin(guest, "dpdk_tx %d" % size)
    guest.wire.open.clear()
    time.sleep(1)
    vain = Window(guest, places)
    time.sleep(0.3)
    vain.end()
    guest.wire.open.set()
    guest.wire.take(size)
    window = Window(guest, places)
    until = time.monotonic() + 60
    while guest.wire.count(size) < frames:
        expect(time.monotonic() < until, "testpmd sent %d of %d frames" % (guest.wire.count(size), frames))
        time.sleep(0.02)
    window.end()
    came = guest.wire.take(size)
    dpdk_end(guest)
    far_end.judge_same("dpdk_tx, %d bytes" % size, [frame for _, frame in came])
    counts = window.counts(len(came))
    counts["with_vain_calls"] = counts["instructions"]
    # The way out of a call on a full ring has instructions of its own.
    counts["instructions"] = without_vain_calls(vain, window, len(came),
                                                lambda always: min(window.dump.times[address] for address in always))
    return dict(counts, rate=round(far_end.rate_of(came)))


def empty_calls(window, frames):
    """count(always) for without_vain_calls, of a driver that receives."""

    def count(always):
        # Where the way of a call with frames leaves that of an empty one, an instruction stands for each such call.
        after = {address + window.dump.sizes[address] for address in always} - always
        with_frames = max(window.dump.times[address] for address in after)
        expect(0 < with_frames <= frames, "%d calls brought %d frames" % (with_frames, frames))
        return max(window.dump.times[address] for address in always) - with_frames

    return count


def dpdk_window(guest, order, frames, size, rate=None):
    """testpmd receives frames, after a while without. Returns both windows, frames per second, and testpmd's account."""
    some = numbered(frames, size, "raw")
    places = dpdk_begin(guest, order)
    guest.wire.take(size)
    vain = Window(guest, places)
    time.sleep(0.3)
    vain.end()
    window = Window(guest, places)
    speed = guest.wire.send(some, rate)
    time.sleep(0.5)
    window.end()
    total = dpdk_end(guest)
    expect(total["rx"] == frames, "testpmd received %d of %d frames" % (total["rx"], frames))
    return vain, window, speed


def offsets(*windows):
    """What was executed, as places in the library."""
    return {address - one.places.ranges[0][0] for one in windows for address, times in one.dump.times.items() if times > 0}


def dpdk_received(guest, frames, size):
    """Counts, and what was executed."""
    vain, window, speed = dpdk_window(guest, "dpdk_rx %d" % frames, frames, size)
    counts = window.counts(frames)
    counts["with_vain_calls"] = counts["instructions"]
    counts["instructions"] = without_vain_calls(vain, window, frames, empty_calls(window, frames))
    return dict(counts, rate=round(speed)), offsets(vain, window)


def dpdk_returned(guest, frames, size, rate, receives):
    """testpmd sends back what it receives, which has a rate. Counts of what is sent, and of what is received. What it
    executes beyond `receives` is for sending."""
    vain, window, _ = dpdk_window(guest, "dpdk_io %d" % frames, frames, size, rate)
    came = [frame for _, frame in guest.wire.take(size)]
    far_end.judge("dpdk_io, %d bytes" % size, far_end.numbers_of(came, far_end.raw_number), frames)
    sends, gets = window.counts(frames, (1,)), window.counts(frames, (0,))
    base, times = window.places.ranges[0][0], window.dump.times
    sends["instructions"] = round(sum(many for address, many in times.items() if many > 0 and address - base not in receives) / frames, 1)
    for address in list(times):
        if address - base not in receives:
            del times[address]
    gets["instructions"] = without_vain_calls(vain, window, frames, empty_calls(window, frames))
    return dict(sends, functions={}), dict(gets, functions={})


# ---- All of it ----

def all_sent(guest, places, order, numbers, keep):
    for size in SIZES:
        keep("sent, %d bytes" % size, sent(guest, places, order, FRAMES, size, numbers))
    for rate, frames, name in RATES:
        keep("sent, 60 bytes, " + name, sent(guest, places, order, frames, 60, numbers, rate))


def all_received(guest, places, order, kind, keep):
    for size in SIZES:
        keep("received, %d bytes" % size, received(guest, places, order, FRAMES, size, kind))
    for rate, frames, name in RATES:
        keep("received, 60 bytes, " + name, received(guest, places, order, frames, 60, kind, rate))


def linux_round(guest, places, keep):
    guest.order("linux_up")
    all_sent(guest, places, "linux_tx", far_end.pktgen_numbers, keep)
    all_received(guest, places, "linux_rx", "raw", keep)
    guest.order("linux_down")


def udp_round(guest, places, keep):
    guest.order("linux_up")
    all_sent(guest, places, "udp_tx", lambda frames: far_end.numbers_of(frames, far_end.udp_number), keep)
    all_received(guest, places, "linux_rx", "udp", keep)
    guest.order("linux_down")


def our_round(guest, places, keep):
    all_sent(guest, places, "ours_tx", lambda frames: far_end.numbers_of(frames, far_end.gen_number), keep)
    all_received(guest, places, "ours_rx", "raw", keep)


def dpdk_round(guest, _, keep):
    receives = set()
    for size in SIZES:
        keep("sent, %d bytes" % size, dpdk_sent(guest, FRAMES, size))
    for size in SIZES:
        counts, executed = dpdk_received(guest, FRAMES, size)
        receives |= executed
        keep("received, %d bytes" % size, counts)
    for rate, frames, name in RATES:
        sends, gets = dpdk_returned(guest, frames, 60, rate, receives)
        keep("sent, 60 bytes, " + name, sends)
        keep("received, 60 bytes, " + name, gets)


def measure(guest, cases, tell, count):
    """Fills `cases`: {case: {peer: [counts of each round]}}."""
    guest.next("boot")
    guest.answer()
    linux = linux_places(guest)
    places = {LINUX: linux, UDP: linux, OURS: our_places(counted.Driver(os.path.join(ROOT, "out/x64/aerovnet.sys"))), DPDK: None}
    rounds = dict(zip(PEERS, (linux_round, udp_round, our_round, dpdk_round)))
    for number in range(count):
        for peer in PEERS:
            def keep(case, counts, peer=peer):
                cases.setdefault(case, {}).setdefault(peer, []).append(counts)
                tell("round %d of %d: %s: %s: %.1f instructions" % (number + 1, count, peer, case, counts["instructions"]))

            rounds[peer](guest, places[peer], keep)
    guest.order("off")


def report(tell, log=os.path.join(ROOT, "out/bench/peers.log"), count=ROUNDS):
    """{"cases": {case: {peer: [counts]}}, "why": what is not counted, and why, or None, ...}."""
    cases, why, guest = {}, None, None
    with tempfile.TemporaryDirectory() as folder:
        try:
            build_image()
            guest = Guest(folder, log)
            measure(guest, cases, tell, count)
        except (Failure, machine.MachineError, subprocess.SubprocessError, OSError) as error:
            why = str(error)
        finally:
            if guest:
                guest.close()
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "librte-net-virtio23"], capture_output=True, text=True, check=False)
    return {"cases": cases, "why": why, "rounds": count, "kernel": read(os.path.join(KERNEL, "release")),
            "qemu": machine.version(), "dpdk": version.stdout or "none", "device": "virtio-net-pci," + DEVICE}


def read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "none"


def cell(found, key="instructions"):
    """Text for the counts of all rounds: one number, or the least and the most."""
    values = sorted(counts[key] for counts in found)
    return "%.0f" % values[0] if round(values[0]) == round(values[-1]) else "%.0f to %.0f" % (values[0], values[-1])


def ratios(found, peer):
    """Frames a second of a peer, as a ratio to those of Linux in the same round; empty: not measured."""
    return [one["rate"] / other["rate"] for one, other in zip(found.get(peer, []), found.get(LINUX, []))
            if one.get("rate") and other.get("rate")]


def spread(values):
    """Text for ratios: the median, and the least and the most."""
    values = sorted(values)
    return "%.2f (%.2f to %.2f)" % (statistics.median(values), values[0], values[-1]) if values else ""


def rows(peers):
    """(case, peer, instructions, notifications, interrupts, frames per second beside Linux) as text, of report()."""
    for case, found in peers["cases"].items():
        for peer in PEERS:
            counts = found.get(peer)
            if not counts:
                yield case, peer, "not counted", "", "", ""
                continue
            yield (case, peer, cell(counts), cell(counts, "notifications"), cell(counts, "interrupts"),
                   spread(ratios(found, peer)))


def main():
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__.strip())
        return 0
    if not make("bench", *counted.BUILT):
        return 1
    arguments, count = sys.argv[1:], ROUNDS
    if arguments[:1] == ["--rounds"]:
        count, arguments = int(arguments[1]), arguments[2:]
    found = report(tell, *arguments[:1], count=count)
    print_rows(found)
    return 1 if found["why"] else 0


def resources(found):
    """The highest share of lists with RESOURCES in the virtual machine, in percent; None: not counted."""
    shares = [counts["resources"] for peers in found["cases"].values() for counts in peers.get("aerovnet", []) if "resources" in counts]
    return max(shares) if shares and not found["why"] else None


def tell(text):
    print("bench: peers: " + text, flush=True)


def print_rows(found):
    form = "  %-35s %-18s %14s %14s %14s  %s"
    print("\n" + form % ("beside the peers, a frame", "", "instructions", "notif./k", "intr./k", "frames/s beside Linux"))
    for row in rows(found):
        print(form % row)
    if found["why"]:
        print("bench: FAIL: the peers: %s" % found["why"], file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
