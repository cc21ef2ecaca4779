# SPDX-License-Identifier: MIT
"""What tests/lib/commands.sh, which runs the commands of a group for ./test, makes of commands that fail.

    python3 -B tests/build/group_lines.py     exit status 1 and the differences, if one is not as expected
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from report import ROOT

SHELL = """parts=$1; . tests/lib/commands.sh
trap stop_commands EXIT
trap 'exit 130' INT TERM
run_commands g "$1/log" <"$1/list"
echo "sums $passed $failed $skipped"
"""
# It ends when the file is there, which another command makes: one after the other, they never end.
WAIT = "sh -c 'echo ok waits; until [ -e %s/there ]; do sleep 0.02; done; echo ok waited'"
MAKE = "sh -c 'echo ok made; : >%s/there; echo skip s: why'"
# The name of a list, its commands, and the lines that come of it. "%s" stands for the folder.
LISTS = (
    ("side by side", [WAIT + " &", MAKE + " &", "echo ok last"],
     ["-- g: " + WAIT, "ok waits", "ok waited", "-- g: " + MAKE, "ok made", "skip s: why", "-- g: echo ok last", "ok last",
      "sums 4 0 1"]),
    ("one of them fails", ["echo ok a &", "sh -c 'echo FAIL b: why; exit 1' &", "echo ok c"],
     ["-- g: echo ok a", "ok a", "-- g: sh -c 'echo FAIL b: why; exit 1'", "FAIL b: why", "-- g: echo ok c", "ok c",
      "sums 2 1 0"]),
    ("one of them dies", ["sh -c 'echo ok a; kill -9 $$' &", "echo ok b"],
     ["-- g: sh -c 'echo ok a; kill -9 $$'", "ok a",
      "FAIL sh -c 'echo ok a; kill -9 $$': ended with status 137 and named no failed test", "-- g: echo ok b", "ok b",
      "sums 2 1 0"]),
    ("one prints no test", ["echo hello &", "true &"],
     ["-- g: echo hello", "hello", "FAIL echo hello: ran no test", "-- g: true", "FAIL true: ran no test", "sums 0 2 0"]),
    ("one alone fails", ["false", "echo ok b"],
     ["-- g: false", "FAIL false: ended with status 1 and named no failed test", "-- g: echo ok b", "ok b", "sums 1 1 0"]),
    ("the first ends the list", ["sh -c 'echo FAIL a: why; exit 1' &&", "echo ok b &", "echo ok c"],
     ["-- g: sh -c 'echo FAIL a: why; exit 1'", "FAIL a: why", "sums 0 1 0"]),
    ("the first is good", ["echo ok a &&", "echo ok b &&", "echo ok c"],
     ["-- g: echo ok a", "ok a", "-- g: echo ok b", "ok b", "-- g: echo ok c", "ok c", "sums 3 0 0"]),
)


def start(folder, commands):
    with open(folder + "/list", "w", encoding="utf-8") as file:
        file.writelines(command + "\n" for command in commands)
    return subprocess.Popen(["sh", "-c", SHELL, "sh", folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def fault(folder, name, commands, wanted):
    """What is wrong with the lines of a list, or None."""
    process = start(folder, [command.replace("%s", folder) for command in commands])
    try:
        got = process.communicate(timeout=60)[0].replace(folder, "%s").splitlines()
    except subprocess.TimeoutExpired:
        process.terminate()
        return "%s: does not end" % name
    with open(folder + "/log", encoding="utf-8") as file:
        logged = file.read().replace(folder, "%s").splitlines()
    lines = [line for line in wanted if not line.startswith(("-- ", "sums "))]
    if logged != lines:
        return "%s: the log has %s, expected %s" % (name, logged, lines)
    left = sorted(set(os.listdir(folder)) - {"list", "log", "there", "status"})
    if left:
        return "%s: left behind: %s" % (name, left)
    return None if got == wanted else "%s: %s, expected %s" % (name, got, wanted)


def running(mark):
    """Process ids of those that have the mark on their command line."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % entry, "rb") as file:
                found += [entry] * (mark.encode() in file.read().split(b"\0"))
        except OSError:
            pass  # it has ended
    return found


def interrupted(folder):
    """A group that is ended leaves no process behind: not those of a command's own process group either."""
    mark = "7%d.25" % os.getpid()
    process = start(folder, ["sh -c 'timeout %s sleep %s; :' &" % (mark, mark), "sleep %s" % mark])
    until = time.monotonic() + 60
    while len(running(mark)) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    began = len(running(mark))
    process.send_signal(signal.SIGTERM)
    status = process.wait(60)
    while running(mark) and time.monotonic() < until:  # those that are killed end in their own time
        time.sleep(0.02)
    left = running(mark)
    for entry in left:
        os.kill(int(entry), signal.SIGKILL)
    if began < 3:
        return "interrupted: only %d processes began" % began
    return "interrupted: status %s, left behind: %s" % (status, left) if left or status != 130 else None


def main():
    bad = []
    for one in LISTS:
        with tempfile.TemporaryDirectory() as folder:
            bad.append(fault(folder, *one))
    with tempfile.TemporaryDirectory() as folder:
        bad.append(interrupted(folder))
    for line in filter(None, bad):
        print("error: " + line)
    return 1 if any(bad) else 0


if __name__ == "__main__":
    sys.exit(main())
