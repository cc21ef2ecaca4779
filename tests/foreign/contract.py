#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group foreign: docs/windows7-virtio-driver-contract.md. Each clause names tests, and each of them exists.

    tests/foreign/contract.py [PATTERN...]
    tests/foreign/contract.py --list
"""
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from report import ROOT, Group

PAGE = "docs/windows7-virtio-driver-contract.md"
SECTIONS = 10


def conformance():
    """tests/conformance/run as a module: it knows how tests are found."""
    path = os.path.join(ROOT, "tests/conformance/run")
    loader = importlib.machinery.SourceFileLoader("conformance", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("conformance", loader))
    loader.exec_module(module)
    return module


def clauses(text):
    """(line number, clause number, cells) of each row of a table that begins with a clause's number."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and re.fullmatch(r"\d+\.\d+", cells[0]):
            rows.append((number, cells[0], cells))
    return rows


def tests_of(text):
    """Clause -> the tests that it names."""
    return {clause: re.findall(r"`([^`]+)`", cells[-1]) for _, clause, cells in clauses(text)}


def numbered(rows):
    """The numbers go up by one, in sections from 1."""
    faults, section, last = [], 0, 0
    for number, clause, _ in rows:
        chapter, item = map(int, clause.split("."))
        if (chapter, item) not in ((section, last + 1), (section + 1, 1)):
            faults.append("line %d: clause %s comes after %d.%d" % (number, clause, section, last))
        section, last = chapter, item
    if section != SECTIONS:
        faults.append("%d sections have clauses, not %d" % (section, SECTIONS))
    return faults


# No mutant that was tried made a test of these fail: scribbled rings, a device that is gone, a reset that fails.
UNBROKEN = {"9.6", "9.7", "9.8"}


def unbroken(named):
    """Clauses of whose tests none fails for a mutant (tests/conformance/mutants), but those of UNBROKEN."""
    sys.path.insert(0, os.path.join(ROOT, "tests/conformance"))
    from mutants_list import MUTANTS
    killed = {test for mutant in MUTANTS for test in mutant[4]}
    return ["clause %s: no mutant for %s" % (clause, " or ".join(tests)) for clause, tests in named.items()
            if clause not in UNBROKEN and not killed.intersection(tests)]


class Tests:
    """Whether a test exists; None, or what is missing."""

    def __init__(self):
        self.code = conformance().Code()
        self.lists = {}

    def listed(self, script):
        if script not in self.lists:
            run = subprocess.run([script, "--list"], cwd=ROOT, capture_output=True, text=True, check=False)
            self.lists[script] = set(run.stdout.splitlines())
        return self.lists[script]

    def missing(self, name):
        first = name.partition(":")[0]
        if name.startswith("package:inf: "):
            # Some names stand there with "inf: " before them.
            full = self.quoted(name.partition(":")[2], "tests/package/inf-test")
            return full and self.quoted(name.partition(": ")[2], "tests/package/inf-test")
        if first == "vm":
            return self.quoted(name.partition(":")[2], "tests/vm/run")
        if first == "foreign":
            scripts = ["tests/foreign/%s.py" % one for one in ("dpdk", "v86", "passt", "migration", "ends")]
        elif os.path.exists(os.path.join(ROOT, "tests/jobs/%s.py" % first)):
            scripts = ["tests/jobs/%s.py" % first]
        else:
            return self.code.test(name)
        if any(name in self.listed(script) for script in scripts):
            return None
        return "%s has no '%s'" % (" and ".join(scripts), name)

    def quoted(self, name, file):
        """Of a test whose name stands in its script."""
        return None if '"%s"' % name in self.code.text(file) else "%s has no '%s'" % (file, name)


def main():
    os.chdir(ROOT)
    group = Group("foreign", sys.argv[1:])
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    rows = clauses(text)
    group.check("contract:the clauses are numbered", numbered(rows))
    if not group.listing:
        tests = Tests()
        faults = []
        for number, clause, cells in rows:
            names = re.findall(r"`([^`]+)`", cells[-1])
            if not names:
                faults.append("line %d: clause %s names no test" % (number, clause))
            faults += ["line %d: clause %s: %s" % (number, clause, missing)
                       for missing in map(tests.missing, names) if missing]
    group.check("contract:each clause names tests that exist", [] if group.listing else faults)
    group.check("contract:each clause has a test that fails for a mutant", unbroken(tests_of(text)))
    return group.finish()


if __name__ == "__main__":
    sys.exit(main())
