# SPDX-License-Identifier: MIT
"""ndishost and the finished aerovnet.sys, for all groups of tests that run them.

    seed(7601)                                        the seed of all runs: see report.py
    run = ndishost("model", "gen:count=1000")         one run to its end: Run
    with Session("qtest", "none") as session:         one that is asked, line by line
        reply = session.oid("query", "OID_GEN_XMIT_OK", 4)
    session.run.clean()                               exit status 0, nothing leaked, no rule broken

Tests and their lines are report.py's.
"""
import json
import os
import re
import select
import struct
import subprocess
import tempfile
import time

import report
from report import ROOT, Failure, seed
from target import NotApplicable, Private, target

HOSTS = {"x64": "out/ndishost", "x86": "out/ndishost32"}
# What a network end says of frames that are not accounted for.
WRONG = ("lost|damaged|wrong|duplicated|out of order|stray|failed to|not completed|does not select|"
         "not pending|too long|invalid|\\d intact")
# asan or tsan: the host that has the driver compiled in (tests/native). It is x64 alone.
SANITIZER = os.environ.get("SANITIZER")
if SANITIZER:
    HOSTS = {"x64": "out/native/%s/ndishost" % SANITIZER}


def driver(arch, name="aerovnet"):
    """name: aerovnet, or aerovnetm for the modern device."""
    if target.path:
        return target.path
    return os.path.join(ROOT, "out", arch, name + ".sys")


def build(name, x86=True):
    """Builds what the tests run; returns success. Without `x86` no test runs an x86 driver."""
    hosts = ["native-" + SANITIZER] if SANITIZER else ["host"] + ["host32"] * x86
    return report.make(name, "driver", *hosts)


class Run:
    """One finished run of ndishost: exit status, report, what it printed."""

    def __init__(self, status, report, text):
        self.status, self.report, self.text = status, report, text

    def expect(self, condition, what):
        if not condition:
            raise Failure(what)

    def ends(self, status):
        if self.status != status:
            raise Failure("exit status %s, expected %s: %s" % (self.status, status, self.reason()))

    def reason(self):
        """The line that is likeliest to say why: a network end's verdict, or else the last one."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        wrong = [line for line in lines if re.match(r"(echo|gen|ping|tap)\b.*(%s)" % WRONG, line)]
        return (wrong or lines or ["nothing printed"])[-1]

    def says(self, text):
        self.expect(text in self.text, "does not say '%s'" % text)

    def counter(self, name):
        return self.report["driver_counters"][name]

    def lawful(self):
        """No rule broken, nothing leaked, whatever became of the frames."""
        broken, leaked = self.report.get("violations", 0), self.report.get("leaked", 0)
        self.expect(self.status in (0, 1), "exit status %s" % self.status)
        self.expect(broken == 0, "%s rules broken" % broken)
        self.expect(leaked == 0, "%s objects leaked" % leaked)

    def clean(self):
        self.lawful()
        self.ends(0)
        self.says("leaked: nothing")


def pairs(bus, net):
    """--bus and --net, as often as there are adapters."""
    words = []
    if isinstance(bus, str):
        bus, net = [bus], [net]
    for one in zip(bus, net):
        words += ["--bus", one[0], "--net", one[1]]
    return words


def log_of(logs, name):
    logs = target.logs or logs
    if SANITIZER:  # two of them may run at once
        logs = os.path.join(ROOT, "out/tests/native", SANITIZER)
    os.makedirs(logs, exist_ok=True)
    return os.path.join(logs, "".join(c if c.isalnum() else "_" for c in name) + ".log")


def command_of(bus, net, options, arch, control, report, which="aerovnet"):
    command = [target.host or os.path.join(ROOT, HOSTS[arch]), "run"] + target.options + target.shape() + pairs(bus, net)
    command += ["--pedantic"] if target.own else []
    command += ["--seed", str(seed()), "--json", report] + list(options)
    if target.cable() and isinstance(bus, str):  # options before it are those of the first adapter
        command += pairs(bus, "none")
    return command + (["--control", "-"] if control else []) + [driver(arch, which)]


def write_command(output, command):
    output.write(" ".join("'%s'" % word if " " in word else word for word in command) + "\n")
    output.flush()


def loads(data, alone=True):
    """A report. `alone`: of the adapter that the test asked for; the one at its far end is left out."""
    report = json.loads(data, object_pairs_hook=dict if target.own else Private) if data else {}
    if alone and target.cable() and "adapters" in report:
        report.update(report["adapters"][0])
    return report


def ndishost(bus, net, options=(), arch="x64", timeout=120, control=None, name="run",
             logs=os.path.join(ROOT, "out/tests/device"), which="aerovnet"):
    """Runs the driver `which` to its end; `control` is a list of lines for --control, with numbers for pauses; a
    function among them is called with the process. Several adapters: lists of `bus` and `net`."""
    log, timeout = log_of(logs, name), target.timeout or timeout
    with tempfile.NamedTemporaryFile("r", suffix=".json") as report, open(log, "w+") as output:
        command = command_of(bus, net, options, arch, control, report.name, which)
        write_command(output, command)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output,
                                   text=True)
        try:
            for line in control or ():
                if callable(line):
                    line(process)
                elif isinstance(line, (int, float)):
                    time.sleep(line)
                else:
                    process.stdin.write(line + "\n")
                    process.stdin.flush()
            if not control:
                process.stdin.close()
            process.wait(timeout)
        except BrokenPipeError:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure("did not end within %d s (%s)" % (timeout, log)) from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output.seek(0)
        return Run(process.returncode, loads(report.read(), isinstance(bus, str)), output.read())


class Reply:
    """One line of scenario control: `good`, its text; of an OID the status, lengths and bytes."""

    def __init__(self, line):
        self.line = line
        self.good = line == "ok" or line.startswith("ok ")
        self.text = line.partition(" ")[2]
        oid = re.match(r"(NDIS_STATUS_\w+|0x\w+) ?(?:\(0x\w+\))? done=(\d+) needed=(\d+) ?(\w*)$",
                       self.text)
        self.status = re.sub(r"^NDIS_STATUS_", "", oid[1] if oid else self.text.split(" ")[0])
        self.done, self.needed = (int(oid[2]), int(oid[3])) if oid else (None, None)
        self.data = bytes.fromhex(oid[4]) if oid else b""

    def number(self):
        """The bytes as an unsigned number, as Windows has them: little-endian."""
        return int.from_bytes(self.data, "little")

    def __str__(self):
        return self.line


def possible(line):
    """The command as the bus has it; NotApplicable if the bus cannot do it."""
    at, command = re.match(r"(@\d+ )?(.*)", line, re.S).groups("")
    if target.lone() and command.startswith(("wire ", "wait received")):
        raise NotApplicable("nothing comes to an adapter of --bus %s" % target.bus)
    if target.cable() and command.startswith("wire "):
        return ("" if at == "@2 " else "@2 ") + "send" + command[4:]
    return line


# What a reply says that is no fault of the driver's, and why the test is not for it then.
NOT_FOR = (
    (r"power d[123]", "NOT_SUPPORTED", "the driver does not sleep: it does not support OID_PNP_SET_POWER"),
    (r"", "NOT_RESETTABLE", "the driver has no MiniportResetEx"),
    (r"link ", "this bus cannot change its link", "the bus has no link that can be cut"),
    (r"bad ", "this bus does not show the wire", "nobody sees what leaves an adapter of this bus"),
)


def answerable(line, reply):
    for command, said, why in NOT_FOR:
        if re.match(r"(@\d+ )?" + command, line) and said in reply.text:
            raise NotApplicable(why)


class Session:
    """A run that is asked one line at a time. Leaving the `with` block quits it; then there is
    `run`. What is asked and answered is in the log, with the seconds, among what the host
    prints."""

    def __init__(self, bus, net, options=(), arch="x64", name="session", timeout=60,
                 logs=os.path.join(ROOT, "out/tests/device"), which="aerovnet"):
        self.timeout, self.run, self.rest = target.timeout or timeout, None, b""
        self.alone = isinstance(bus, str)
        self.longest = None  # characters of a question or answer that the log keeps; None: all
        self.path = log_of(logs, name)
        self.report = tempfile.NamedTemporaryFile("r", suffix=".json")
        open(self.path, "w").close()
        self.log = open(self.path, "a+")  # the child appends too
        command = command_of(bus, net, options, arch, True, self.report.name, which)
        write_command(self.log, command)
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log)
        if target.cable() and self.alone:  # the far end sees all frames, as a wire does
            self.ask("@2 oid set OID_GEN_CURRENT_PACKET_FILTER 2f000000")

    def line(self, timeout):
        """The next line that comes."""
        until = time.monotonic() + timeout
        while b"\n" not in self.rest:
            ready = select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))
            if not ready[0]:
                raise Failure("no answer within %d s (%s)" % (timeout, self.path))
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Failure("ended with status %s instead of an answer: %s" % (
                    self.process.wait(self.timeout), self.last_line()))
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def last_line(self):
        with open(self.path, errors="replace") as log:
            lines = [line for line in log.read().splitlines() if line.strip()]
        return lines[-1] if lines else "nothing printed"

    def note(self, mark, what):
        self.log.write("%9.3f %s %s\n" % (time.monotonic() - self.started, mark, str(what)[:self.longest]))
        self.log.flush()

    def ask(self, line, timeout=None):
        if target.bus is not None:
            line = possible(line)
        self.note(">", line)
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure("has ended: %s" % self.last_line()) from None
        reply = Reply(self.line(timeout or self.timeout))
        self.note("<", reply)
        if not target.own:
            answerable(line, reply)
        return reply

    def do(self, line, timeout=None):
        """Asks for what must succeed."""
        reply = self.ask(line, timeout)
        if not reply.good:
            raise Failure("%s: %s" % (line[:60], reply))
        return reply

    def oid(self, kind, name, data=None):
        """query and stats with a length (512), set with bytes."""
        if kind == "set":
            return self.ask("oid set %s %s" % (name, (data or b"").hex()))
        return self.ask("oid %s %s%s" % (kind, name, "" if data is None else " %d" % data))

    def stats(self):
        """The report as it stands."""
        return loads(self.do("stats").text)

    def quit(self):
        try:
            self.process.stdin.write(b"quit\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            raise Failure("did not end within %d s (%s)" % (self.timeout, self.path)) from None
        self.log.seek(0)
        self.run = Run(self.process.returncode, loads(self.report.read(), self.alone), self.log.read())
        return self.run

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        try:
            if kind is None and self.run is None:
                self.quit()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.log.close()
            self.report.close()
        return False


def capture(path):
    """The frames of a file of --pcap or --pcap-wire."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"\x4d\x3c\xb2\xa1":
        raise Failure("%s is not a capture with nanoseconds" % path)
    frames, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames
