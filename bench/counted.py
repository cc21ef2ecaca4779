# SPDX-License-Identifier: MIT
"""Counts what the driver executes, by address.

    driver = Driver(".../aerovnet.sys")                 its instructions and functions
    counts = run(driver, Host(driver), ends, options)   one run of ndishost in qemu-x86_64, with bench/plugin.c

The model runs in lockstep, so two runs of one command differ in nothing. What a frame costs is the difference
of two runs of different lengths. A `rep` counts as one instruction; the bytes that its rounds copy or clear
are counted apart.
"""
import bisect
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/lib"))
from report import ROOT, Failure, expect

HOST = os.path.join(ROOT, "out/ndishost")
PLUGIN = os.path.join(ROOT, "out/bench/plugin.so")
HOST_BASE = 0x4000000000  # where qemu-x86_64 puts a program that may be anywhere
DRIVER_BASE = 0x7A0000000000  # where ndishost loads the first driver
REPEATED = (0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF)  # the last byte of a string instruction
BUILT = ("driver", "host", "out/bench/plugin.so", "out/bench/traffic")  # what make has to build for a count
COPIES = ("memcpy", "memmove", "memset", "memcmp")
CLASSES = {"virtqueue.c": "ring", "virtqueue.h": "ring", "virtqueue_inline.h": "ring", "virtio_pci_modern.c": "registers", "virtio_pci_modern.h": "registers",
           "hardware.c": "registers", "hardware.h": "registers"}
# ndishost/bus/model/ring.c and chain.c, but what copies frames.
RING_CODE = r"ring_(?!open$|close$)|chain_(add|read|check_unaltered)\b"
LINES = "out/bench/lines/x64/aerovnet.sys"
UNCHECKED = "out/bench/unchecked/x64/aerovnet.sys"  # the same driver without its checks of the device
Instruction = collections.namedtuple("Instruction", "size text")


def make_unchecked(make):
    """Builds UNCHECKED. make: report.make."""
    return make("bench", UNCHECKED, "OUT=out/bench/unchecked", "UNCHECKED=1")


def saved(checked, unchecked):
    """What a driver without its checks is cheaper, in percent."""
    return 100 * (1 - unchecked / checked)


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Driver:
    """What is at which offset of the image. lines: the same driver, built with LINES=1; then an instruction of a function
    that was inlined counts as that function's."""

    def __init__(self, path, lines=None):
        self.path = path
        self.inlined = {}  # offset: (function, file)
        self.instructions = {}  # offset: Instruction
        self.starts, self.names, self.files = [], [], {}
        base = int(re.search(r"ImageBase\s+([0-9a-f]+)", output("x86_64-w64-mingw32-objdump", "-p", path)).group(1), 16)
        self._read_code(output("x86_64-w64-mingw32-objdump", "-d", "--no-show-raw-insn", path), base)
        self._read_files(output("x86_64-w64-mingw32-objdump", "-t", path))
        if lines:
            self._read_lines(lines, base)

    def _read_code(self, text, base):
        last = None
        for line in text.splitlines():
            function = re.match(r"([0-9a-f]+) <(.+)>:$", line)
            code = re.match(r"\s+([0-9a-f]+):\t(.+)", line)
            if function:
                self.starts.append(int(function.group(1), 16) - base)
                self.names.append(function.group(2))
            elif code:
                offset = int(code.group(1), 16) - base
                if last is not None:
                    self.instructions[last] = Instruction(offset - last, self.instructions[last].text)
                self.instructions[offset] = Instruction(1, code.group(2).strip())
                last = offset
        self.end = last

    def _read_files(self, text):
        lines = text.splitlines()
        name = ""
        for line in lines:
            entry = re.match(r"\[ *\d+\]\(sec +(-?\d+)\)\(fl 0x\w+\)\(ty +(\w+)\)\(scl +(\d+)\) \(nx \d+\) 0x\w+ (\S+)", line)
            if not entry:
                continue
            if entry.group(3) == "103":
                name = entry.group(4)
            elif entry.group(1) == "1":
                self.files.setdefault(entry.group(4), name)

    def _read_lines(self, path, base):
        same = Driver(path)
        expect(self.instructions == same.instructions, "%s has other instructions than %s" % (path, self.path))
        said = subprocess.run(["x86_64-w64-mingw32-addr2line", "-a", "-f", "-i", "-e", path], capture_output=True, text=True,
                              input="".join("%#x\n" % (base + offset) for offset in self.instructions), check=True).stdout
        for part in re.split(r"^0x", said, flags=re.M)[1:]:
            address, function, place = part.splitlines()[:3]
            self.inlined[int(address, 16) - base] = function, os.path.basename(place.rpartition(":")[0])

    def start(self, name):
        """Where that function begins; -1: there is none."""
        return self.starts[self.names.index(name)] if name in self.names else -1

    def function(self, offset):
        name, file = self.inlined.get(offset, ("??", ""))
        if name == "??":
            name = self.names[bisect.bisect_right(self.starts, offset) - 1]
        else:
            self.files[name] = file
        return name

    def kind(self, function):
        if function in COPIES:
            return "copy"
        return CLASSES.get(os.path.basename(self.files.get(function, "")), "NDIS side")


class Host:
    """Where ndishost's own functions for the driver's imports begin; and, in `device`, the model's code that works on
    the rings: [(first address, last)]."""

    def __init__(self, driver):
        imports = set(re.findall(r"^\s+[0-9a-f]+\s+(?:<none>\s+)?[0-9a-f]+\s+(\w+)$",
                                 output("x86_64-w64-mingw32-objdump", "-p", driver.path), re.M))
        self.functions, self.main = {}, None  # address in the file: name
        for line in output("nm", HOST).splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "tT" and words[2] in imports:
                self.functions[int(words[0], 16)] = words[2]
            elif len(words) == 3 and words[2] == "main":
                self.main = int(words[0], 16)
        expect(self.functions and self.main, "%s has no symbols" % HOST)
        self.device = []
        for line in output("nm", "-S", HOST).splitlines():
            words = line.split()
            if len(words) == 4 and re.match(RING_CODE, words[3]) and words[2] in "tT":
                self.device.append((int(words[0], 16), int(words[0], 16) + int(words[1], 16)))
        expect(len(self.device) > 9, "%s has no functions for rings" % HOST)

    def start(self, name):
        """Where that function for an import begins."""
        return next(place for place, function in self.functions.items() if function == name)


class Counts:
    """One run: instructions by function, of driver and host; calls; locked instructions; ndishost's report."""

    def __init__(self):
        self.functions = collections.Counter()
        self.calls = collections.Counter()
        self.locked = self.driver = self.host = self.bytes = 0
        self.lines = 0  # of the rings: 64 bytes that the driver touched, once for each turn of the device
        self.to_indication = []  # instructions from the ISR to the indication, of each interrupt
        self.functions_to_indication = collections.Counter()  # the same, of all interrupts, by function
        self.report = {}


def host_command(driver, ends, options, report):
    command = [HOST, "run"]
    for bus, net in ends:
        command += ["--bus", bus, "--net", net]
    return command + ["--seed", "1", "--rules", "off", "--hang", "0", "--quiet", "--json", report] + list(options) + [driver.path]


def finished(done, report, command):
    """A run that lost, reordered or damaged a frame has no count."""
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    expect(done.returncode == 0, "ndishost ended with status %d: %s (%s)" % (
        done.returncode, " | ".join([line for line in lines if line.startswith("gen ")][:1] + lines[-1:]) or "nothing printed", " ".join(command)))
    with open(report, encoding="utf-8") as file:
        return json.load(file)


class Dump:
    """What bench/plugin.c wrote: how often each instruction was executed. A `rep` is executed once for all rounds."""

    def __init__(self, path):
        self.times, self.accesses, self.sizes, self.between = collections.Counter(), collections.Counter(), {}, []
        self.lines = {}  # address: turns
        self.inside = collections.Counter()  # address: times between the two marks
        before, reps = collections.Counter(), []
        with open(path, encoding="ascii") as file:
            for line in file:
                words = line.split()
                if words[0] == "between":
                    self.between.append(int(words[1]))
                    continue
                if words[0] == "inside":
                    self.inside[int(words[1], 16)] += int(words[2], 16)
                    continue
                if words[0] == "line":
                    self.lines[int(words[1], 16)] = int(words[2], 16)
                    continue
                address, size, times, accesses = (int(word, 16) for word in words[:4])
                self.times[address] += times
                self.sizes[address] = size
                before[address + size] += times
                if words[4][:2] in ("f2", "f3") and size <= 3 and int(words[4][-2:], 16) in REPEATED:
                    reps.append(address)
                    self.accesses[address] += accesses
        for address in reps:
            # What stands before a `rep` is executed once for all its rounds.
            self.times[address] = min(self.times[address], before[address] or self.times[address])

    def minus(self, older):
        """What was executed since an older dump of the same run."""
        self.times.subtract(older.times)
        self.accesses.subtract(older.accesses)
        return self


def trace(driver, host, ends, options, timeout):
    """One run in qemu-x86_64: ndishost's report, and the dump."""
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(suffix=".json") as report:
        out = os.path.join(folder, "dump")
        command = host_command(driver, ends, options, report.name)
        device = ":".join("%x-%x" % (HOST_BASE + first, HOST_BASE + last) for first, last in host.device)
        plugin = "%s,device=%s,out=%s,base=%#x,end=%#x,from=%#x,to=%#x" % (
            PLUGIN, device, out, DRIVER_BASE, DRIVER_BASE + driver.end + 1, DRIVER_BASE + driver.start("AerovnetInterrupt"),
            HOST_BASE + host.start("NdisMIndicateReceiveNetBufferLists"))
        done = subprocess.run(["qemu-x86_64", "-plugin", plugin] + command,
                              capture_output=True, text=True, check=False, timeout=timeout)
        said = finished(done, report.name, command)
        expect(int(said["driver_base"], 16) == DRIVER_BASE, "ndishost loaded the driver at %s instead of %#x" % (
            said["driver_base"], DRIVER_BASE))
        dump = Dump(out)
        expect(dump.times[HOST_BASE + host.main] == 1, "qemu-x86_64 has ndishost at another address than %#x" % HOST_BASE)
        return said, dump


def bytes_of(text, accesses):
    """How many bytes the rounds of a `rep` copied or cleared: "rep movsq ..." or "rep stos %eax,..."."""
    found = re.match(r"rep (?:(movs)([bwlq])|stos\s+%(al|ax|eax|rax))", text)
    if not found:
        return 0
    widths = {"b": 1, "w": 2, "l": 4, "q": 8, "al": 1, "ax": 2, "eax": 4, "rax": 8}
    return accesses * widths[found.group(2) or found.group(3)] // (2 if found.group(1) else 1)


def is_locked(text):
    return text.startswith("lock") or bool(re.match(r"xchg .*\(", text))


def run(driver, host, ends, options=(), timeout=120):
    """One run. `ends`: (bus, net) of each adapter."""
    result = Counts()
    result.report, dump = trace(driver, host, ends, options, timeout)
    result.to_indication = dump.between
    for address, times in dump.inside.items():
        result.functions_to_indication[driver.function(address - DRIVER_BASE)] += times
    result.lines = sum(dump.lines.values())
    for place, name in host.functions.items():
        result.calls[name] += dump.times[HOST_BASE + place]
    for address, times in dump.times.items():
        offset = address - DRIVER_BASE
        if not 0 <= offset <= driver.end:
            result.host += times
            continue
        expect(offset in driver.instructions, "offset %#x of the driver was executed, where no instruction begins" % offset)
        text = driver.instructions[offset].text
        result.driver += times
        result.functions[driver.function(offset)] += times
        result.locked += times * is_locked(text)
        result.bytes += bytes_of(text, dump.accesses[address])
    return result
