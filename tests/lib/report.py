# SPDX-License-Identifier: MIT
"""The lines that ./test counts, the seed and the choice of tests, for all test scripts in Python.

    ok NAME (1.2 s)
    FAIL NAME: why (SEED=7601) (1.2 s)
    skip NAME: why

    group = Group("device", sys.argv[1:], workers=2)     arguments: PATTERN..., or --list
    group.test("x64:bring-up", function)                 the function is called with the test's name
    group.check("rows", ["row 3 has no test"])           a list of faults, found already
    sys.exit(group.finish())

A test runs if any PATTERN is in its name, or without any PATTERN; !PATTERN leaves out those that have it.
A test fails by raising Failure, and is skipped by raising Skip. tests/lib/report.sh is the same for
scripts in sh.
"""
import os
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROCESSORS = len(os.sched_getaffinity(0))
_seed = None


class Failure(Exception):
    """What a test found, in one line."""


class Skip(Exception):
    """Why a test cannot run here, in one line."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


def seed(default=None):
    """The seed of this run. The first call chooses it: SEED of the environment, the default, or chance."""
    global _seed
    if _seed is None:
        _seed = int(os.environ.get("SEED") or default or random.randrange(1, 2**31))
    return _seed


def line(kind, name, why=None, seconds=None):
    """Prints one line. `kind` is ok, FAIL or skip."""
    text = "%s %s" % (kind, name)
    if why:
        text += ": " + " | ".join(why.split("\n"))
    if kind == "FAIL" and _seed is not None:
        text += " (SEED=%d)" % _seed
    if seconds is not None:
        text += " (%.1f s)" % seconds
    print(text, flush=True)


def help_asked():
    """Ends a script that is asked for help: prints the text at its head, and its usage if the text has none."""
    if not {"-h", "--help"} & set(sys.argv[1:]):
        return
    text = (sys.modules["__main__"].__doc__ or "").strip()
    name = os.path.relpath(os.path.abspath(sys.argv[0]), ROOT)
    if name not in text:
        text += "\n\n    %s [PATTERN...]   only the tests whose names contain a PATTERN; !PATTERN leaves out\n" % name
        text += "    %s --list         the names of all tests; nothing is run" % name
    print(text)
    sys.exit(0)


class Group:
    """Tests that run `workers` at a time. Their lines come in the order in which they were named. `build`, if there
    is one, is called with the names of the chosen tests. No test runs before it returns, nor if it returns False."""

    def __init__(self, name, arguments=(), workers=1, build=None):
        help_asked()
        self.name, self.failed, self.build, self.held = name, 0, build, []
        self.listing = list(arguments) == ["--list"]
        patterns = [] if self.listing else arguments
        self.wanted = [pattern for pattern in patterns if pattern[:1] != "!"]
        self.unwanted = [pattern[1:] for pattern in patterns if pattern[:1] == "!"]
        self.pool = ThreadPoolExecutor(max_workers=workers)
        self.pending = []
        self.matched = not self.wanted

    def chosen(self, name):
        """The full name, if the patterns choose it; else None."""
        name = "%s:%s" % (self.name, name) if self.name else name
        if self.wanted and not any(pattern in name for pattern in self.wanted):
            return None
        self.matched = True
        return None if any(pattern in name for pattern in self.unwanted) else name

    def test(self, name, function):
        name = self.chosen(name)
        if name and self.listing:
            print(name)
        elif name and self.build:
            self.held.append((name, function))
        elif name:
            self.submit(name, function)

    def submit(self, name, function):
        self.pending.append((name, self.pool.submit(self.attempt, function, name)))

    def check(self, name, faults, most=5):
        """Prints the line of a check at once. `faults` is empty if it passes."""
        name = self.chosen(name)
        if not name:
            return
        more = " (and %d more)" % (len(faults) - most) if len(faults) > most else ""
        self.failed += bool(faults)
        line("FAIL" if faults else "ok", name, "; ".join(faults[:most]) + more)

    @staticmethod
    def attempt(function, name):
        """Kind of line, reason and seconds."""
        started = time.monotonic()
        kind, why = "ok", None
        try:
            function(name)
        except Failure as failure:
            kind, why = "FAIL", str(failure)
        except Skip as reason:
            kind, why = "skip", str(reason)
        except Exception as error:  # a fault of the test's own fails that test alone
            kind, why = "FAIL", "%s: %s" % (type(error).__name__, error)
        return kind, why, time.monotonic() - started

    def finish(self):
        """Prints the results. Returns the exit status."""
        if self.held and not self.build([name for name, _ in self.held]):
            return 1
        for name, function in self.held:
            self.submit(name, function)
        self.held = []
        for name, future in self.pending:
            kind, why, seconds = future.result()
            self.failed += kind == "FAIL"
            line(kind, name, why, seconds)
        self.pending = []
        if not self.matched:
            print("no test's name contains %s; --list prints the names" % " or ".join(self.wanted), file=sys.stderr)
            return 2
        return 1 if self.failed else 0


def why_make_failed(text):
    """The line of make's output that tells most."""
    lines = [one.strip() for one in text.splitlines() if one.strip()]
    for pattern in (r"\b(error|undefined reference)\b", r"\b(cannot|No such|No rule)\b", r"\*\*\*"):
        for one in lines:
            if re.search(pattern, one):
                return one
    return lines[-1] if lines else "make printed nothing"


def make(group, *words):
    """Runs make with as many jobs as there are processors. A failure is the line GROUP:build; returns success."""
    done = subprocess.run(["make", "-s", "-j%d" % PROCESSORS, *words], cwd=ROOT, capture_output=True, text=True,
                          errors="replace", check=False)
    if done.returncode:
        line("FAIL", group + ":build", why_make_failed(done.stderr + done.stdout))
    return not done.returncode


def stop(name, why):
    """Ends the script: nothing can be tested."""
    line("FAIL", name, why)
    sys.exit(1)
