# SPDX-License-Identifier: MIT
"""Counts what the driver executes, by address.

    driver = Driver(".../aerovnet.sys")                 its instructions and functions
    counts = run(driver, Host(driver), ends, options)   one run of ndishost under valgrind's lackey

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
# ndishost emulates accesses to registers and to CR8 from a signal handler, which has to see all registers.
VALGRIND = ["valgrind", "-q", "--vex-iropt-register-updates=allregs-at-mem-access", "--sigill-diagnostics=no"]
# lackey prints the address of each block that is executed. A block ends at its first jump.
LACKEY = VALGRIND + ["--vex-guest-chase=no", "--vex-iropt-unroll-thresh=0", "--tool=lackey", "--trace-superblocks=yes"]
HOST_BASE = 0x108000  # where valgrind puts a program that may be anywhere
# Each round of a `rep` is a block: ndishost's C library had better use none.
TUNABLES = "glibc.cpu.x86_rep_stosb_threshold=0x7fffffff:glibc.cpu.x86_rep_movsb_threshold=0x7fffffff"
BLOCK_MOST = 60  # instructions of a block of valgrind
ENDS_BLOCK = re.compile(r".*%cr8|(bnd |addr32 |notrack )*(j\w+|call|ret|int3?|ud2|syscall|rep\w*)\b")
COPIES = ("memcpy", "memmove", "memset", "memcmp")
CLASSES = {"virtqueue.c": "ring", "virtio_pci_modern.c": "registers", "hardware.c": "registers"}
Instruction = collections.namedtuple("Instruction", "size text")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Driver:
    """What is at which offset of the image."""

    def __init__(self, path):
        self.path = path
        self.instructions = {}  # offset: Instruction
        self.starts, self.names, self.files = [], [], {}
        base = int(re.search(r"ImageBase\s+([0-9a-f]+)", output("x86_64-w64-mingw32-objdump", "-p", path)).group(1), 16)
        self._read_code(output("x86_64-w64-mingw32-objdump", "-d", "--no-show-raw-insn", path), base)
        self._read_files(output("x86_64-w64-mingw32-objdump", "-t", path))

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

    def start(self, name):
        """Where that function begins; -1: there is none."""
        return self.starts[self.names.index(name)] if name in self.names else -1

    def function(self, offset):
        return self.names[bisect.bisect_right(self.starts, offset) - 1]

    def kind(self, function):
        if function in COPIES:
            return "copy"
        return CLASSES.get(os.path.basename(self.files.get(function, "")), "NDIS side")

    def block(self, offset):
        """The instructions of the block that begins there: up to the first one that may go elsewhere."""
        found = []
        while offset in self.instructions and len(found) < BLOCK_MOST:
            one = self.instructions[offset]
            if "%cr8" in one.text and found:
                break
            found.append(one)
            if ENDS_BLOCK.match(one.text):
                break
            offset += one.size
        return found

    def between(self, start, end):
        """How many instructions lie there."""
        count = 0
        while start < end:
            start += self.instructions[start].size
            count += 1
        return count


class Host:
    """Where ndishost's own functions for the driver's imports begin."""

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


class Counts:
    """One run: instructions by function, of driver and host; calls; locked instructions; ndishost's report."""

    def __init__(self):
        self.functions = collections.Counter()
        self.calls = collections.Counter()
        self.locked = self.driver = self.host = self.rounds = self.bytes = 0
        self.to_indication = []  # instructions from the ISR to the indication, of each interrupt
        self.report = {}


def host_command(driver, ends, options, report):
    command = [HOST, "run"]
    for bus, net in ends:
        command += ["--bus", bus, "--net", net]
    return command + ["--seed", "1", "--rules", "off", "--hang", "0", "--quiet", "--json", report] + list(options) + [driver.path]


def finished(done, report, command):
    """A run that lost, reordered or damaged a frame has no count."""
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip() and not line.startswith("==")]
    expect(done.returncode == 0, "ndishost ended with status %d: %s (%s)" % (
        done.returncode, lines[-1] if lines else "nothing printed", " ".join(command)))
    with open(report, encoding="utf-8") as file:
        return json.load(file)


def trace(driver, host, ends, options, timeout):
    """One run under lackey: ndishost's report, the instructions of the process, how often each place of ndishost was
    entered, and the driver's offsets in order; None among them is a call of NdisMIndicateReceiveNetBufferLists."""
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(suffix=".json") as report:
        log = os.path.join(folder, "log")
        command = host_command(driver, ends, options, report.name)
        done = subprocess.run(LACKEY + ["--log-file=" + log] + command, env=dict(os.environ, GLIBC_TUNABLES=TUNABLES),
                              capture_output=True, text=True, check=False, timeout=timeout)
        said = finished(done, report.name, command)
        base = int(said["driver_base"], 16)
        with open(log, encoding="ascii", errors="replace") as lines:
            counts = collections.Counter(lines)
        places = {line: int(line[3:], 16) for line in counts if line.startswith("SB ")}
        expect(host.main + HOST_BASE in places.values(), "valgrind has ndishost at another address than 0x%x" % HOST_BASE)
        ours = {line: place - base for line, place in places.items() if 0 <= place - base <= driver.end}
        theirs = {place - HOST_BASE: counts[line] for line, place in places.items() if line not in ours}
        ours.update((line, None) for line, place in places.items()
                    if host.functions.get(place - HOST_BASE) == "NdisMIndicateReceiveNetBufferLists")
        total = next(int(line.split(":")[1].replace(",", "")) for line in counts if "guest instrs:" in line)
        with open(log, encoding="ascii", errors="replace") as lines:
            return said, total, theirs, [ours[line] for line in lines if line in ours]


def executed(driver, offsets):
    """(offset, instructions) of each block of the driver in order. A `rep` counts once; (offset, []) is a round of it.
    An access to a register faults: the block ends there, and a new one begins behind it."""
    last, known = None, {}
    for offset in offsets:
        if offset is not None and offset not in known:
            known[offset] = driver.block(offset)
            expect(known[offset], "valgrind executed offset 0x%x of the driver, where no instruction begins" % offset)
        again = offset is not None and known[offset][0].text.startswith("rep")
        if last is not None:
            end = last + sum(one.size for one in known[last])
            if offset is not None and last < offset < end and not again:
                yield last, known[last][:driver.between(last, offset)]
            else:
                yield last, known[last]
        last = None if again else offset
        if again or offset is None:
            yield offset, []
    if last is not None:
        yield last, known[last]


def width(text):
    """Bytes of a round of a `rep`: "rep movsq ..." or "rep stos %eax,..."."""
    found = re.search(r"(?:movs|stos)([bwlq])|stos\s+%(al|ax|eax|rax)", text)
    return {"b": 1, "w": 2, "l": 4, "q": 8, "al": 1, "ax": 2, "eax": 4, "rax": 8}[found.group(1) or found.group(2)] if found else 0


def run(driver, host, ends, options=(), timeout=600):
    """One run. `ends`: (bus, net) of each adapter."""
    result = Counts()
    result.report, total, theirs, offsets = trace(driver, host, ends, options, timeout)
    for place, count in theirs.items():
        if place in host.functions:
            result.calls[host.functions[place]] += count
    isr, since = driver.start("AerovnetInterrupt"), None
    for offset, block in executed(driver, offsets):
        if offset is None:
            if since is not None:
                result.to_indication.append(since)
            since = None
            continue
        if not block:
            result.rounds += 1
            result.bytes += width(driver.instructions[offset].text)
            continue
        if offset == isr:
            since = 0
        if since is not None:
            since += len(block)
        result.driver += len(block)
        result.functions[driver.function(offset)] += len(block)
        result.locked += sum(one.text.startswith("lock") or bool(re.match(r"xchg .*\(", one.text)) for one in block)
    result.host = total - result.driver - result.rounds
    return result
