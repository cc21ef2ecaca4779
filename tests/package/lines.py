# SPDX-License-Identifier: MIT
"""
What the tests of the package share: one line per test, and the tools that they use.

A test is a function decorated with @test("name"); fail(why) ends it. finish() runs them in their
order and gives the exit status. Nothing here, and no test, writes to out/package: copies go to
scratch().
"""
import atexit
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
os.chdir(ROOT)
sys.path.insert(0, os.path.join(ROOT, "packaging"))
sys.path.insert(0, os.path.join(ROOT, "tests/lib"))
import report

report.help_asked()
PACKAGE = "out/package"
ARCHITECTURES = ("x64", "x86")
DRIVERS = ("aerovnet", "aerovnetm")
SEED = report.seed(20110222)

_tests = []
_scratch = tempfile.mkdtemp(prefix="aerovnet-package.")
atexit.register(shutil.rmtree, _scratch, ignore_errors=True)


def fail(why, *values):
    raise report.Failure(why % values if values else why)


def expect(condition, why, *values):
    if not condition:
        fail(why, *values)


def test(name):
    def keep(function):
        _tests.append((name, function))
        return function

    return keep


def finish():
    group = report.Group("package", sys.argv[1:])
    for name, function in _tests:
        group.test(name, lambda _, function=function: function())
    return group.finish()


def scratch(name):
    """A new, empty place of that name that goes when the tests end."""
    path = tempfile.mkdtemp(prefix=name + ".", dir=_scratch)
    return path


def copy_package(source=PACKAGE):
    target = os.path.join(scratch("copy"), "package")
    shutil.copytree(source, target)
    return target


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def call(*command, **more):
    """The finished command: returncode, stdout and stderr as text."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", **more
    )


def succeed(*command, **more):
    """Standard output of a command that must succeed."""
    done = call(*command, **more)
    if done.returncode != 0:
        fail(
            "'%s' ended with %d: %s",
            " ".join(command),
            done.returncode,
            (done.stderr or done.stdout).strip()[-300:],
        )
    return done.stdout


def tree(folder):
    """Every file below a folder, and what it holds."""
    return {
        os.path.relpath(os.path.join(parent, name), folder): hashlib.sha256(
            read(os.path.join(parent, name))
        ).hexdigest()
        for parent, _, names in os.walk(folder)
        for name in names
    }


def flipped(data, at):
    changed = bytearray(data)
    changed[at] ^= 1 << random.Random(SEED + at).randrange(8)
    return bytes(changed)
