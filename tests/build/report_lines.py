# SPDX-License-Identifier: MIT
"""What tests/lib makes of tests that fail: each has to come out as a FAIL line, and nothing else may.

    python3 -B tests/build/report_lines.py     exit status 1 and the differences, if one does not
"""
import contextlib
import io
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import report
from native import Tap

# A program's TAP, its exit status, and the lines that come of it. "-" stands for the program itself.
PROGRAMS = (
    ("all is well", "1..2\nok 1 - a\nok 2 - b\n", 0, ["ok a", "ok b"]),
    ("said before", "1..2\nERROR: 1 != 2\nnot ok 1 - a\nok 2 - b\n", 1, ["FAIL a: 1 != 2", "ok b"]),
    ("said after", "1..2\nnot ok 1 - a\n# x.c:3\n# why\nok 2 - b\n", 1, ["FAIL a: x.c:3; why", "ok b"]),
    ("names with a colon", "1..2\nok 1 - m:a\nnot ok 2 - m:b\n", 1, ["ok m:a", "FAIL m:b: see log"]),
    ("two in a row", "1..2\nERROR: p\nnot ok 1 - a\nERROR: q\nnot ok 2 - b\n", 2, ["FAIL a: p", "FAIL b: q"]),
    ("dies", "1..2\nok 1 - a\n", 139, ["ok a", "FAIL -: ended after 1 of 2 tests with status 139: see log"]),
    ("dies at its end", "1..1\nok 1 - a\n", 66, ["ok a", "FAIL -: exit status 66: see log"]),
    ("says why it died", "1..1\nok 1 - a\nSUMMARY: race\n", 66, ["ok a", "FAIL -: exit status 66: SUMMARY: race"]),
    ("prints nothing", "", 0, ["FAIL -: ended after 0 of 0 tests with status 0: see log"]),
    ("skips a test", "1..1\nx is not installed\nok 1 # SKIP a\n", 0, ["skip a: x is not installed"]),
    ("skips all", "skip: no root\n", 77, ["skip -: no root"]),
    ("skips and dies", "skip: no root\n", 1, ["FAIL -: ended after 0 of 0 tests with status 1: see log"]),
)
SHELL = "group=g pattern=${1-}; logs=$2; . tests/lib/report.sh; check yes true; check no false; skip s w; exit $status"


MAKE = "  CC x.c\nmake: *** Waiting for unfinished jobs....\nx.c:3:1: error: no such thing\nmake: *** [x.o] Error 1\n"


def tap_lines(text, status):
    lines = []

    def tell(kind, case, why, _):
        lines.append("%s %s%s" % (kind, case or "-", ": " + why if why else ""))

    tap = Tap(tell, "log")
    for line in text.splitlines():
        tap.line(line)
    tap.end(status)
    return lines


def fails(_):
    raise report.Failure("this\nand that")


def skips(_):
    raise report.Skip("no root")


def group_lines(*arguments):
    group = report.Group("g", arguments)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        for name, function in (("good", len), ("bad", fails), ("broken", lambda _: {}["x"]), ("skipped", skips)):
            group.test(name, function)
        status = group.finish()
        group.check("rows", ["one", "two"])
    return [re.sub(r" \(\d+\.\d s\)$", "", line) for line in said.getvalue().splitlines()] + [status, group.failed]


def built_lines(built, *arguments):
    """With a `build` that returns `built`: the names that it is called with come first."""
    names = []
    group = report.Group("g", arguments, build=lambda chosen: names.extend(chosen) or built)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        for name, function in (("good", len), ("bad", lambda _: report.expect(names, "runs before the build"))):
            group.test(name, function)
        status = group.finish()
    return names + re.findall(r"^(?:ok|FAIL) g:\w+", said.getvalue(), re.M) + [status]


def shell_lines(pattern):
    os.makedirs(os.path.join(report.ROOT, "out/tests/build"), exist_ok=True)
    done = subprocess.run(["sh", "-c", SHELL, "sh", pattern, "out/tests/build"], cwd=report.ROOT, capture_output=True,
                          text=True, check=False)
    return re.findall(r"^(?:ok|FAIL|skip) [^ :]*:\w+", done.stdout, re.M) + [done.returncode]


def main():
    bad = ["%s: %s, expected %s" % (name, got, wanted) for name, text, status, wanted in PROGRAMS
           for got in [tap_lines(text, status)] if got != wanted]
    all_lines = ["ok g:good", "FAIL g:bad: this | and that", "FAIL g:broken: KeyError: 'x'", "skip g:skipped: no root"]
    for got, wanted in (
            (group_lines(), all_lines + ["FAIL g:rows: one; two", 1, 3]),
            (group_lines("g:good"), [all_lines[0], 0, 0]),
            (group_lines("oo", "bad", "!rows"), all_lines[:2] + [1, 1]),
            (group_lines("!b", "!rows"), [all_lines[0], all_lines[3], 0, 0]),
            (built_lines(True), ["g:good", "g:bad", "ok g:good", "ok g:bad", 0]),
            (built_lines(True, "good"), ["g:good", "ok g:good", 0]),
            (built_lines(False), ["g:good", "g:bad", 1]),
            (built_lines(False, "!g"), [0]),
            (report.why_make_failed(MAKE), "x.c:3:1: error: no such thing"),
            (shell_lines(""), ["ok g:yes", "FAIL g:no", "skip g:s", 1]),
            (shell_lines("yes"), ["ok g:yes", "skip g:s", 0])):
        if got != wanted:
            bad.append("%s, expected %s" % (got, wanted))
    for line in bad:
        print("error: " + line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
