#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: aerovnetm.sys on the virtio-net device of the PC emulator v86, as ./run --v86 has it,
under node and in a tab of headless Chromium. Of that tab a picture is in out/tests/foreign/browser.png.

    tests/foreign/v86.py [PATTERN...]   only the tests whose names contain a pattern
    tests/foreign/v86.py --list         the names of all tests; nothing is run
"""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from chromium import Chromium, program
from report import ROOT, Failure, Group, expect, stop

sys.path.insert(0, os.path.join(ROOT, "vm"))
from screen import Screen, StepError, run_command

OUT = "out/tests/foreign"
PEER = ["node", "tests/foreign/peer_test.mjs"]
STEPS = """build package emulator kernel initramfs boot device driver dhcp ping count stop report
numbered peer compare""".split()
TAB_STEPS = STEPS[STEPS.index("boot"):]  # those that the page shows
GONE = 30  # seconds until a process that was killed is gone
LIMIT = 1300
ROWS = "Array.from(document.querySelectorAll('#steps tr')).map(row => Array.from(row.cells).map(cell => cell.textContent))"


def peer_test(name):
    def function(_):
        run = subprocess.run(PEER + [name], capture_output=True, text=True, timeout=60, check=False)
        expect(run.returncode == 0, run.stderr.strip() or "status %d" % run.returncode)

    return function


class Session:
    """One run of vm/v86_session.py, the first time that a test asks for it."""

    text = status = result = None

    def run(self):
        if self.text is not None:
            return self
        path = OUT + "/v86.json"
        run = subprocess.run(["python3", "-B", "vm/v86_session.py", "--short", "--json", path],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
                             check=False)
        self.text, self.status = run.stdout + run.stderr, run.returncode
        with open(OUT + "/v86.txt", "w", encoding="utf-8") as file:
            file.write(self.text)
        with open(path, encoding="utf-8") as file:
            self.result = json.load(file)
        return self


session = Session()


def step(name):
    def function(_):
        line = re.search(r"^(ok  |FAIL) %s +[0-9.]+ s  (.*)$" % name, session.run().text, re.M)
        expect(line, "not reached: see %s/v86.txt" % OUT)
        expect(line[1] == "ok  ", line[2])

    return function


def whole(_):
    run = session.run()
    expect(run.status == 0, "exit status %d" % run.status)
    missing = [key for key, value in run.result.items() if value is None and key != "failed"]
    expect(not missing, "without a value in v86.json: %s" % " ".join(missing))
    negotiated = int(run.result["features_negotiated"], 16)
    expect(negotiated == 0x100010028, "negotiated %#x" % negotiated)  # VERSION_1, STATUS, MAC, MTU


def machines():
    """Process ids of node with this tree's emulated PC."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                words = file.read().split(b"\0")
            if b"vm/v86/node.mjs" in words and os.readlink("/proc/%s/cwd" % pid) == os.getcwd():
                found.append(int(pid))
        except OSError:
            pass
    return found


def interrupted(number):
    """Ended in the middle: no node is left."""

    def function(_):
        with subprocess.Popen(["python3", "-B", "vm/v86_session.py", "--short", "--json",
                               OUT + "/v86-interrupted.json"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
            until = time.monotonic() + 200
            started = machines()
            while not started and process.poll() is None and time.monotonic() < until:
                time.sleep(0.2)
                started = machines()
            if not started:
                process.kill()
                raise Failure("no emulated PC was started; status %s" % process.wait())
            process.send_signal(number)
            status = process.wait(LIMIT)
        until = time.monotonic() + GONE
        while machines() and time.monotonic() < until:
            time.sleep(0.2)
        left = machines()
        expect(not left and status != 0, "status %d, node %s" % (status, left))

    return function


class Server:
    """vm/v86_session.py --browser, until the `with` block is left; then there are `status` and `text`."""

    def __init__(self, name):
        self.log = "%s/%s" % (OUT, name)
        self.out = open(self.log + ".txt", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["python3", "-B", "vm/v86_session.py", "--browser", "--short", "--json", self.log + ".json"],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out)
        self.status = None

    @property
    def text(self):
        with open(self.log + ".txt", encoding="utf-8") as file:
            return file.read()

    def wait(self, pattern, count=1, seconds=LIMIT):
        """The group of the pattern's count-th match in what it prints."""
        until = time.monotonic() + seconds
        while True:
            found = re.findall(pattern, self.text, re.M)
            if len(found) >= count:
                return found[count - 1]
            ended = self.process.poll()
            expect(ended is None, "ended with status %s: see %s.txt" % (ended, self.log))
            expect(time.monotonic() < until, "does not print '%s': see %s.txt" % (pattern, self.log))
            time.sleep(0.3)

    def address(self, count=1):
        return self.wait("^open +(http://[^ ]+) ", count)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGINT if kind is None else signal.SIGKILL)
        try:
            self.status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.status = "none: SIGINT did not end it"
        self.out.close()
        return False


class Tab:
    """One run in a tab, the first time that a test asks for it."""

    rows = failure = None

    def run(self):
        if self.failure:
            raise Failure("the run did not come to its end: see the test before")
        if self.rows is None:
            try:
                self.go_through()
            except Failure as failure:
                self.failure = failure
                raise
        return self

    def go_through(self):
        program()  # without Chromium nothing is started
        with Server("browser") as server, Chromium(OUT + "/chromium.log") as browser:
            address = server.address()
            page = browser.open(address)
            page.wait("document.querySelectorAll('#steps tr').length > 0", LIMIT)
            second = browser.open(address)
            second.wait("document.getElementById('result')?.dataset.state == 'failed'", LIMIT)
            self.second = second.value("document.getElementById('result').textContent")
            second.close()
            page.wait("['passed', 'failed'].includes(document.getElementById('result').dataset.state)", LIMIT)
            self.rows = page.value(ROWS)
            self.state = page.value("document.getElementById('result').dataset.state")
            self.words = page.value("document.getElementById('result').textContent")
            self.below = page.value("document.getElementById('words').textContent")
            self.console = page.value("document.getElementById('console').textContent")
            self.faults = page.faults
            page.screenshot(OUT + "/browser.png")
            server.address(2)  # it offers its page again
        self.status, self.text, self.port = server.status, server.text, urllib.parse.urlsplit(address).port
        with open(server.log + ".json", encoding="utf-8") as file:
            self.result = json.load(file)


tab = Tab()


def tab_steps(_):
    rows = tab.run().rows
    failed = [" ".join(row) for row in rows if row[0] != "ok"]
    expect(not failed, failed[:1])
    names = [row[1] for row in rows]
    expect(names == TAB_STEPS, "the page shows the steps %s" % names)


def tab_result(_):
    run = tab.run()
    expect(run.state == "passed" and re.fullmatch(r"Passed\. All of it worked, in \d+ s\.", run.words),
           "%s: %s" % (run.state, run.words))
    expect("all of it worked" in run.below and "negotiated  MTU MAC STATUS VERSION_1" in run.below, run.below)
    expect("reboot: " in run.console, "the page shows no console of the PC")
    expect(not run.faults, run.faults[:2])


def tab_terminal(_):
    """The terminal has the lines of the page, and the JSON the numbers of the run."""
    run = tab.run()
    for mark, name, _, text in run.rows:
        expect(re.search(r"^%-4s %s +[0-9.]+ s  %s$" % (mark, name, re.escape(text)), run.text, re.M),
               "the terminal does not say '%s %s'" % (name, text))
    result = run.result
    expect(result["failed"] is None and result["frames_returned"] == 1000 and result["frames_called"] == 500,
           "browser.json: %s" % {key: result.get(key) for key in ("failed", "frames_returned", "frames_called")})
    expect("Chrome" in result["emulator"], result["emulator"])


def tab_second(_):
    expect(tab.run().second.startswith("Another tab runs the PC."), tab.run().second)


def tab_ended(_):
    """SIGINT: the status is that of the last run, and nobody listens."""
    run = tab.run()
    expect(run.status == 0, "status %s" % run.status)
    try:
        http.client.HTTPConnection("127.0.0.1", run.port, timeout=5).connect()
    except ConnectionRefusedError:
        return
    raise Failure("port %d is still open" % run.port)


def answer(port, method, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body=b"" if method == "POST" else None, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def tab_closed(_):
    """A page that is closed in the middle, and requests that are not the page's."""
    program()
    with Server("browser-closed") as server, Chromium(OUT + "/chromium-closed.log") as browser:
        address = server.address()
        port = urllib.parse.urlsplit(address).port
        here = "127.0.0.1:%d" % port
        for method, path, headers, wanted in (
                ("GET", "/", {"Host": "example.org"}, 403),
                ("POST", "/run", {"Host": here, "Origin": "http://example.org"}, 403),
                ("POST", "/report?run=1", {"Host": here}, 410),
                ("GET", "/../run", {"Host": here}, 404),
                ("GET", "/", {"Host": here}, 200)):
            got = answer(port, method, path, headers)
            expect(got == wanted, "%s %s %s: %d, expected %d" % (method, path, headers, got, wanted))
        page = browser.open(address)
        page.wait("document.getElementById('result')?.dataset.state == 'running'", LIMIT)
        page.close()
        server.wait(r"^FAIL boot .*: the page was closed$")
        server.address(2)
    expect(server.status == 1, "status %s" % server.status)


def without_chromium(_):
    path = os.environ["PATH"]
    os.environ["PATH"] = "/nonexistent"
    try:
        program()
    except Failure as failure:
        expect(str(failure) == "chromium is not there: tools/packages browser installs it", failure)
        return
    finally:
        os.environ["PATH"] = path
    raise Failure("not noticed")


def without_node(_):
    """A machine without node: one line says what is missing, and how to get it, also where v86 is there already. It is
    the line of the step that fails in ./run."""
    tools = OUT + "/without-node"
    os.makedirs(tools, exist_ok=True)
    for name in ("sh", "cmp", "dirname"):
        link = os.path.join(tools, name)
        if not os.path.exists(link):
            os.symlink(subprocess.run(["which", name], capture_output=True, text=True,
                                      check=True).stdout.strip(), link)
    os.makedirs(OUT + "/tree/vm", exist_ok=True)
    subprocess.run(["cp", "-r", "vm/v86", OUT + "/tree/vm"], check=True)
    os.makedirs(OUT + "/tree/out/v86", exist_ok=True)
    installed = OUT + "/tree/out/v86/installed.json"
    for there in (False, True):
        if there:
            shutil.copy("vm/v86/package-lock.json", installed)
        elif os.path.exists(installed):
            os.remove(installed)
        run = subprocess.run([OUT + "/tree/vm/v86/install"], env={"PATH": os.path.abspath(tools)},
                             capture_output=True, text=True, check=False)
        expect(run.returncode == 1, "status %d: %s" % (run.returncode, run.stderr))
        expect(run.stderr == "vm/v86/install: node is missing: tools/packages v86 installs it\n", run.stderr)
    path, home = os.environ["PATH"], os.getcwd()
    os.environ["PATH"] = os.path.abspath(tools)
    try:
        os.chdir(OUT + "/tree")
        run_command(Screen(), ["vm/v86/install"], "out/v86.log")
    except StepError as error:
        expect(str(error) == run.stderr.strip() and not error.details, "%s, %s" % (error, error.details))
        return
    finally:
        os.environ["PATH"] = path
        os.chdir(home)
    raise Failure("./run does not notice")


def main():
    os.chdir(ROOT)
    os.makedirs(OUT, exist_ok=True)
    group = Group("foreign", sys.argv[1:])
    if not shutil.which(PEER[0]):
        stop("foreign:v86", "node is missing: tools/packages v86 installs it")
    names = subprocess.run(PEER + ["--list"], capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        group.test("peer:%s" % name, peer_test(name))
    for name in STEPS:
        group.test("v86:%s" % name, step(name))
    group.test("v86:the whole run", whole)
    for number in (signal.SIGTERM, signal.SIGKILL):
        group.test("v86:%s leaves nothing running" % number.name, interrupted(number))
    group.test("v86:node missing", without_node)
    group.test("v86:browser:each step passes in the tab", tab_steps)
    group.test("v86:browser:the page says the result", tab_result)
    group.test("v86:browser:terminal and JSON say the same", tab_terminal)
    group.test("v86:browser:a second tab is told to wait", tab_second)
    group.test("v86:browser:SIGINT ends it", tab_ended)
    group.test("v86:browser:a page closed in the middle, strangers' requests", tab_closed)
    group.test("v86:browser:Chromium missing", without_chromium)
    return group.finish()


sys.exit(main())
