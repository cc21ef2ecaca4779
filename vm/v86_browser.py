# SPDX-License-Identifier: MIT
"""./run --v86 --browser: a web server on loopback whose page runs vm/v86/pc.mjs in a browser's tab.

    with Pages() as pages:
        tab = pages.next_tab()                    waits until somebody loads the page
        machine = TabMachine(tab, settings, calls=500, log="out/run.log", capture="out/run.pcap")
        tab.show("say", text="...")               the page shows it
        tab.close()

The page judges nothing: it sends what the PC reports, and shows what ./run says of that. One tab at a
time runs the PC. The server serves a fixed list of files, to this machine alone.
"""

import contextlib
import http.server
import json
import os
import queue
import re
import threading
import time
import urllib.parse

from machine import MachineError
from screen import Screen
from v86_machine import IMAGES, PACKAGE

HERE = "vm/v86"
BUILD = f"{PACKAGE}/build"
SCRIPT, WASM, BINARY = "text/javascript", "application/wasm", "application/octet-stream"
FILES = {
    "/": (f"{HERE}/page.html", "text/html; charset=utf-8"),
    "/page.mjs": (f"{HERE}/page.mjs", SCRIPT),
    "/pc.mjs": (f"{HERE}/pc.mjs", SCRIPT),
    "/peer.mjs": (f"{HERE}/peer.mjs", SCRIPT),
    "/libv86.mjs": (f"{BUILD}/libv86.mjs", SCRIPT),
    "/v86.wasm": (f"{BUILD}/v86.wasm", WASM),
    **{f"/images/{name}": (file, BINARY) for name, file in IMAGES.items()},
}
LIMIT = 256 << 20  # bytes of a request; a capture of 10,000 frames has some 10 MB
HEARTBEAT = 1  # seconds between two writes to a page: a closed tab is noticed by the second
BROWSERS = r"((?:Firefox|Edg|OPR|HeadlessChrome|Chrome|Safari)/[0-9.]+)"


class Tab:
    """One load of the page. `browser` is its name and version."""

    def __init__(self, number, browser):
        self.number = number
        found = re.findall(BROWSERS, browser)
        # Edge and Opera name themselves last, and Chrome names Safari last.
        named = [name for name in found if not name.startswith("Safari")] or found
        self.browser = named[-1].replace("/", " ") if named else "an unknown browser"
        self.reports = queue.Queue()  # what the page sent; None: it has gone
        self.lines = queue.Queue()  # what it is to show; None: nothing more
        self.capture = None  # where its frames go

    def show(self, kind, **what):
        self.lines.put({"kind": kind, **what})

    def close(self):
        self.lines.put(None)


class _Handler(http.server.BaseHTTPRequestHandler):
    """Each connection has a thread. HTTP/1.0: the end of the connection is the end of an answer."""

    timeout = 30  # for a request that does not come

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if not self._ours():
            return
        if path == "/favicon.ico":
            self._answer(204)
        elif path not in FILES:
            self._answer(404, b"there is no such file\n")
        else:
            file, kind = FILES[path]
            try:
                with open(file, "rb") as content:
                    self._answer(200, content.read(), kind)
            except OSError as error:
                self._answer(500, f"{file}: {error.strerror}\n".encode())

    def do_POST(self):
        where = urllib.parse.urlsplit(self.path)
        if not self._ours():
            return
        body = self._body()
        if body is None:
            return
        if where.path == "/run":
            self._run(body.decode("utf-8", "replace"))
            return
        tab = self.server.pages.tab
        if not tab or where.query != f"run={tab.number}":
            self._answer(410, b"this run is over\n")
        elif where.path == "/report":
            self._report(tab, body)
        elif where.path == "/capture":
            self._capture(tab, body)
        else:
            self._answer(404, b"there is no such thing\n")

    def _ours(self):
        """No other web page speaks to this server: its own name and origin are asked for."""
        port = self.server.server_port
        names = [f"127.0.0.1:{port}", f"localhost:{port}"]
        origin = self.headers.get("Origin")
        good = self.headers.get("Host") in names and (
            origin is None or origin in [f"http://{name}" for name in names]
        )
        if not good:
            self._answer(403, b"only this server's own page may ask\n")
        return good

    def _body(self):
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= LIMIT:
            self._answer(411 if length < 0 else 413, b"not so long\n")
            return None
        return self.rfile.read(length)

    def _run(self, browser):
        """Shows the run until it is over, or the tab is."""
        tab = self.server.pages.open_tab(browser)
        if not tab:
            self._answer(409, b"Another tab runs the PC. Close it, and load this page again.\n")
            return
        try:
            self._head(200, "application/x-ndjson")
            while True:
                try:
                    line = tab.lines.get(timeout=HEARTBEAT)
                except queue.Empty:
                    self.wfile.write(b"\n")
                    continue
                if line is None:
                    return
                self.wfile.write(json.dumps(line).encode() + b"\n")
        except OSError:
            pass
        finally:
            tab.reports.put(None)
            self.server.pages.close_tab(tab)

    def _report(self, tab, body):
        try:
            reports = json.loads(body)
            good = isinstance(reports, list) and all(isinstance(one, dict) for one in reports)
        except ValueError:
            good = False
        if not good:
            self._answer(400, b"not a list of reports\n")
            return
        for report in reports:
            tab.reports.put(report)
        self._answer(204)

    def _capture(self, tab, body):
        if not tab.capture:
            self._answer(409, b"nobody asked for a capture\n")
            return
        with open(tab.capture, "wb") as file:
            file.write(body)
        self._answer(204)

    def _head(self, status, kind, length=None):
        self.send_response(status)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if kind:
            self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _answer(self, status, content=b"", kind="text/plain; charset=utf-8"):
        try:
            self._head(status, kind if content else None, len(content))
            self.wfile.write(content)
        except OSError:
            pass

    def log_message(self, *_):
        """Says nothing on the terminal."""


class Pages(contextlib.AbstractContextManager):
    """The server; it listens on a port of 127.0.0.1 that the system chooses."""

    def __init__(self):
        try:
            self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        except OSError as error:
            raise MachineError(f"no web server on 127.0.0.1: {error.strerror}") from error
        self._server.daemon_threads = True
        self._server.pages = self
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._lock = threading.Lock()
        self.tab, self._count = None, 0
        self._opened = queue.Queue()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def next_tab(self):
        return self._opened.get()

    def open_tab(self, browser):
        """A Tab, or None while another one is open."""
        with self._lock:
            if self.tab:
                return None
            self._count += 1
            self.tab = Tab(self._count, browser)
        self._opened.put(self.tab)
        return self.tab

    def close_tab(self, tab):
        with self._lock:
            if self.tab is tab:
                self.tab = None

    def close(self):
        """Lets the page show the end of its run first, if it is there to do so."""
        until = time.monotonic() + 2
        while self.tab and time.monotonic() < until:
            self.tab.close()
            time.sleep(0.05)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __exit__(self, *_):
        self.close()


class TabMachine:
    """The PC in a tab, with the events and the end of v86_machine.V86Machine."""

    def __init__(self, tab, settings, calls, log, capture):
        self._tab, self._log = tab, open(log, "w", encoding="utf-8")
        self._why = None
        tab.capture = capture
        tab.show("settings", run=tab.number, settings=settings, calls=calls)

    def events(self, deadline, tick=None):
        """What vm/init and the peer say, as dictionaries, until the machine is off. `tick` is called
        about once a second meanwhile. TimeoutError at the deadline (time.monotonic)."""
        while time.monotonic() < deadline:
            try:
                report = self._tab.reports.get(timeout=1)
            except queue.Empty:
                if tick:
                    tick()
                continue
            if report is None:
                self._why = "the page was closed"
                return
            if "console" in report:
                self._log.write(f"{report['console']}\n")
                self._log.flush()
            elif "error" in report:
                self._why = f"the page says: {str(report['error'])[:200]}"
                return
            elif isinstance(report.get("event"), dict):
                yield report["event"]
            elif "ended" in report:
                return
        raise TimeoutError

    def close(self):
        """Why the machine ended before its time, if the page knows."""
        self._log.close()
        return self._why


class PageScreen(Screen):
    """A screen whose lines the page shows too."""

    def __init__(self, tab):
        super().__init__()
        self._tab = tab

    def begin(self, step):
        self._tab.show("begin", step=step)
        super().begin(step)

    def note(self, text):
        self._tab.show("note", text=text)
        super().note(text)

    def say(self, text=""):
        self._tab.show("say", text=text)
        super().say(text)

    def _finish(self, mark, text, step):
        seconds = time.monotonic() - self._since
        self._tab.show("done", mark=mark.strip(), step=step or self._step or "", seconds=seconds, text=text)
        super()._finish(mark, text, step)

    def end(self, passed):
        """The result, in words for whoever looks at the page."""
        if passed:
            text = f"Passed. All of it worked, in {self.seconds():.0f} s."
        else:
            text = "Failed. The line that begins with FAIL says why."
        self._tab.show("end", state="passed" if passed else "failed", text=text)
        self._tab.close()
