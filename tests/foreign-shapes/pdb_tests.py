# SPDX-License-Identifier: MIT
"""Names and source lines from a PDB: pdb/PdbNames.c and pdb/Card.cpp, built by clang and lld-link as Microsoft's tools
would. Without llvm's tools, and without the PDB, there are addresses."""
import os
import re
import shutil
import subprocess
import tempfile

from report import ROOT, expect, make

DRIVER = os.path.join(ROOT, "out/tests/foreign-shapes/pdb/PdbNames.sys")
SEND = "send ffffffffffff0252756c65010800" + "00" * 46 + "\nquit\n"


def blamed(driver, path=None):
    """What `by` says of each rule that is broken."""
    done = subprocess.run(["out/ndishost", "run", "--bus", "model", "--net", "none", "--shape", "plain", "--seed", "1",
                           "--control", "-", driver], cwd=ROOT, input=SEND, capture_output=True, text=True, timeout=120,
                          check=False, env=dict(os.environ, **({"PATH": path} if path else {})))
    expect(done.returncode == 3, "exit status %d: %s" % (done.returncode, done.stderr[-200:]))
    expect(re.findall(r"^ndishost: rule (\S+) broken", done.stderr, re.M) == ["NdisStallExecution_Delay"] * 2, done.stderr)
    return re.findall(r"^  by      (.*)$", done.stderr, re.M)


def line_of(source):
    with open(os.path.join(ROOT, "tests/foreign-shapes/pdb", source), encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if "the line that pdb_tests.py expects" in line)


def named(_):
    """A member of a C++ class in a namespace, and a static function of C, each with its line."""
    cpp, c = blamed(DRIVER)
    expect(re.fullmatch(r"PdbNames\.sys!Net::Card::Send\+0x\w+ \(Card\.cpp:%d\)" % line_of("Card.cpp"), cpp), cpp)
    expect(re.fullmatch(r"PdbNames\.sys!StallHere\+0x\w+ \(PdbNames\.c:%d\)" % line_of("PdbNames.c"), c), c)


def unnamed(driver, path=None):
    for by in blamed(driver, path):
        expect(re.fullmatch(r"PdbNames\.sys\+0x\w+", by), by)


def without_llvm(_):
    with tempfile.TemporaryDirectory() as nothing:
        unnamed(DRIVER, nothing)


def without_pdb(_):
    with tempfile.TemporaryDirectory() as folder:
        unnamed(shutil.copy(DRIVER, folder))


def broken_pdb(_):
    """A PDB that is cut off, and a file that is not a PDB, are like none."""
    with tempfile.TemporaryDirectory() as folder, open(DRIVER[:-3] + "pdb", "rb") as file:
        driver, whole = shutil.copy(DRIVER, folder), file.read()
        for content in (whole[:len(whole) // 3], b"nothing", b""):
            with open(driver[:-3] + "pdb", "wb") as damaged:
                damaged.write(content)
            unnamed(driver)


TESTS = (("pdb:names and lines:x64", named), ("pdb:no llvm:x64", without_llvm), ("pdb:no PDB:x64", without_pdb),
         ("pdb:damaged:x64", broken_pdb))


def build(group):
    return not any(group.chosen(name) for name, _ in TESTS) or make(
        "shapes", "-f", "tests/foreign-shapes/shapes.mk", "out/tests/foreign-shapes/pdb/PdbNames.sys")


def add(group):
    for name, function in TESTS:
        group.test(name, function)
