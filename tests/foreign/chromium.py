# SPDX-License-Identifier: MIT
"""Headless Chromium, by the DevTools protocol over a pair of pipes.

    with Chromium("out/tests/foreign/chromium.log") as browser:
        page = browser.open("http://127.0.0.1:4711/")
        page.value("document.title")               of an expression in the page
        page.wait("document.body", 30)             until it is true
        page.screenshot("out/page.png")
        page.faults                                exceptions in the page, and errors on its console

https://chromedevtools.github.io/devtools-protocol/
"""
import base64
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

from report import Failure

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PR_SET_PDEATHSIG = 1
ANSWER = 120  # seconds for one answer, on a machine that is busy


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def program():
    for name in PROGRAMS:
        if shutil.which(name):
            return name
    raise Failure("chromium is not there: tools/packages browser installs it")


class Chromium:
    def __init__(self, log):
        name = program()
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [name, "--headless", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   # A tab behind another one works as fast as the one in front.
                   "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
                   "--disable-background-timer-throttling",
                   "--user-data-dir=" + self.profile.name, "--remote-debugging-pipe", "about:blank"]
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # as root Chromium starts only without its sandbox
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()
        # Chromium reads commands from descriptor 3, and writes to 4.
        shell = 'exec "$@" 3<&%d 4>&%d' % (theirs_in, theirs_out)
        with open(log, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(["sh", "-c", shell, "sh", *command], stdin=subprocess.DEVNULL,
                                            stdout=errors, stderr=errors, pass_fds=[theirs_in, theirs_out],
                                            preexec_fn=_die_with_parent, start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.log, self.rest, self.count, self.pages = log, b"", 0, {}

    def message(self, until):
        while b"\0" not in self.rest:
            wait = until - time.monotonic()
            if wait <= 0 or not select.select([self.into], [], [], wait)[0]:
                raise Failure("Chromium does not answer within %d s: see %s" % (ANSWER, self.log))
            data = os.read(self.into, 1 << 20)
            if not data:
                raise Failure("Chromium has ended: see %s" % self.log)
            self.rest += data
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, session=None, **parameters):
        self.count += 1
        question = {"id": self.count, "method": method, "params": parameters}
        if session:
            question["sessionId"] = session
        os.write(self.out, json.dumps(question).encode() + b"\0")
        until = time.monotonic() + ANSWER
        while True:
            message = self.message(until)
            if message.get("id") == self.count:
                if "error" in message:
                    raise Failure("Chromium: %s: %s" % (method, message["error"].get("message")))
                return message["result"]
            if "id" not in message and message.get("sessionId") in self.pages:
                self.pages[message["sessionId"]].event(message)

    def open(self, address):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session, target)
        for domain in ("Runtime", "Log", "Page"):
            page.ask(domain + ".enable")
        page.ask("Page.navigate", url=address)
        return page

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.out)
        os.close(self.into)
        self.profile.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        return False


class Page:
    def __init__(self, browser, session, target):
        self.browser, self.session, self.target = browser, session, target
        self.faults = []

    def ask(self, method, **parameters):
        return self.browser.ask(method, self.session, **parameters)

    def event(self, message):
        method, what = message["method"], message["params"]
        if method == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.faults.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.faults.append("%s %s" % (what["entry"]["text"], what["entry"].get("url", "")))

    def value(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Failure("%s: %s" % (expression, answer["exceptionDetails"]["text"]))
        return answer["result"].get("value")

    def wait(self, expression, seconds, still=lambda: True):
        """Until it is true. False if `still` no longer is."""
        until = time.monotonic() + seconds
        while not self.value(expression):
            if not still():
                return False
            if time.monotonic() > until:
                raise Failure("not within %d s: %s" % (seconds, expression))
            time.sleep(0.3)
        return True

    def screenshot(self, path):
        """Of the whole page, as a PNG."""
        picture = self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))

    def close(self):
        self.browser.ask("Target.closeTarget", targetId=self.target)
