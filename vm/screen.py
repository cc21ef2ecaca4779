# SPDX-License-Identifier: MIT
"""What a person sees of a run: one line per step with the time that it took, and meanwhile, on a
terminal, what is going on.

    screen = Screen()
    screen.begin("build");  screen.note("CC aerovnet.c");  screen.done("the result")
    run_command(screen, ["make"], "out/build.log")     StepError with the log's last lines
"""

import os
import shutil
import signal
import subprocess
import sys
import time

LAST_LINES = 20


class StepError(Exception):
    """A step failed. str() is one line for a person; `details` are lines out of a log."""

    def __init__(self, why, details=(), log=None):
        super().__init__(why)
        self.details = list(details)
        self.log = log


class Screen:
    def __init__(self):
        self._live = sys.stdout.isatty()
        self._start = time.monotonic()
        self._step = None
        self._since = 0.0

    def begin(self, step):
        self._step, self._since = step, time.monotonic()
        self.note("...")

    def note(self, text):
        """What is going on, for the moment."""
        if self._live and self._step:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K     {self._line(text)}"[: width + 4], end="", flush=True)

    def done(self, text, step=None):
        self._finish("ok  ", text, step)

    def failed(self, text):
        self._finish("FAIL", text, None)

    def say(self, text=""):
        print(text, flush=True)

    def seconds(self):
        return time.monotonic() - self._start

    def _finish(self, mark, text, step):
        if step:
            self._step = step
        start = "\r\033[K" if self._live else ""
        print(f"{start}{mark} {self._line(text)}", flush=True)
        self._step, self._since = None, time.monotonic()

    def _line(self, text):
        return f"{self._step or '':9} {time.monotonic() - self._since:6.1f} s  {text}"


def last_lines(path):
    """The last lines of a log, without terminal control; none if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.rstrip() for line in file]
    except OSError:
        return []
    lines = ["".join(c for c in line if c.isprintable() or c == "\t") for line in lines]
    return [line for line in lines if line][-LAST_LINES:]


def run_command(screen, command, log):
    """Runs it with its output in the file `log`, and returns that output's last line. Whatever ends
    this process' wait (Ctrl-C too) ends the command and all that it started."""
    with open(log, "wb") as out:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise StepError(f"{command[0]} does not start: {error.strerror}") from error
    try:
        while True:
            try:
                process.wait(0.3)
                break
            except subprocess.TimeoutExpired:
                screen.note((last_lines(log) or ["..."])[-1])
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    lines = last_lines(log)
    if process.returncode:
        # A script of ours that says nothing else says why, and names itself.
        if len(lines) == 1 and lines[0].startswith(command[0] + ": "):
            raise StepError(lines[0], [], log)
        shown = " ".join(command)
        raise StepError(f"'{shown}' ended with status {process.returncode}", lines, log)
    return lines[-1] if lines else ""
