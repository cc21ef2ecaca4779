# SPDX-License-Identifier: MIT
"""--shape: its levels, and the search for the liberty that a failure needs. Liberties.c is the driver, once for each
liberty one that cannot bear it."""
import json
import os
import re
import subprocess
import tempfile

from report import ROOT, expect

HOST = "out/ndishost"
DRIVER = "out/tests/foreign-shapes/x64/Liberties.sys"
GEN = ["--bus", "model", "--net", "gen:dir=tx,count=300,batch=8", "--processors", "1", "--seed", "1"]
SCENARIO = "wait finished\n" + "power d3\npower d0\n" * 4 + "oid query OID_GEN_VENDOR_ID 4\nquit\n"
NAMES = re.findall(r'^    F\(\w+, "([a-z-]+)"', open(os.path.join(ROOT, "ndishost/ndis/api/liberty.h"), encoding="utf-8").read(), re.M)
NEVER_MIDDLE = ("split-header", "empty-first", "sg-late")


def host(words, given=SCENARIO, status=3):
    done = subprocess.run([HOST, "run", *GEN, "--control", "-", *words], cwd=ROOT, input=given, capture_output=True,
                          text=True, timeout=120, check=False)
    expect(done.returncode == status, "%s: exit status %d: %s" % (" ".join(words), done.returncode, done.stderr[-300:]))
    return done.stderr


def report(words, status=3, given=SCENARIO):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        said = host(["--json", file.name, *words], given, status)
        with open(file.name, encoding="utf-8") as written:
            return said, json.load(written)


def named(liberty):
    """The search names this liberty and no other, and the run that it tells of fails in the same way."""
    said, found = report(["--set", "Fault=" + liberty, "--shape-search", DRIVER])
    expect(found["failure_needs"] == [liberty], "the failure needs %s" % found["failure_needs"])
    expect("the failure needs the liberty `%s` of --shape" % liberty in said, said[-300:])
    again = re.search(r"it comes again with --shape (\S+) --seed 1\n", said)
    expect(again, "not said how it comes again")
    expect("rule Assertion broken" in host(["--set", "Fault=" + liberty, "--shape", again[1], DRIVER]), "it does not")


def levels(_):
    """Each shape has the liberties that its name says; the driver that cannot bear one fails with it alone."""
    for shape, wanted in (("random", NAMES), ("harsh", NAMES), ("middle", [one for one in NAMES if one not in NEVER_MIDDLE]),
                          ("plain", ["chains"]), ("4", ["chains"]), ("plain,-chains", []),
                          ("plain,offset", ["offset", "chains"]), ("random,-hold", [one for one in NAMES if one != "hold"])):
        # gen's frames are not sent: exit status 1.
        got = report(["--shape", shape, DRIVER], status=1)[1]["liberties"]
        expect(got == wanted, "%s: %s" % (shape, got))
        for fault in ("split-header", "offset"):
            host(["--set", "Fault=" + fault, "--shape", shape, DRIVER], status=3 if fault in wanted else 1)


def wrong_shapes(_):
    for shape in ("", "smooth", "0", "9", "plain,", "plain,round", "random,--hold", "3,offset", "plain,offset,"):
        expect("--shape %s: expected" % shape in host(["--shape", shape, DRIVER], status=2), "%s is a shape" % shape)
    said = host(["--control", "/tmp/none", "--shape-search", DRIVER], status=2)
    expect("takes commands from standard input" in said, said)


def none_needed(_):
    """A failure that has nothing to do with the shape; and a run that does not fail."""
    said, found = report(["--shape-search", DRIVER], status=1)
    expect(found["failure_needs"] == [], found["failure_needs"])
    expect("needs no liberty of --shape: it comes with --shape plain,-chains, too" in said, said[-300:])
    said, found = report(["--net", "none", "--shape-search", DRIVER], status=0, given="quit\n")
    expect("failure_needs" not in found and "searching" not in said, "it searches")


def two_needed(_):
    """Offset and spare together, in one frame: neither can be left out."""
    said, found = report(["--set", "Fault=two", "--shape-search", DRIVER])
    expect(found["failure_needs"] == ["offset", "spare"], found["failure_needs"])
    expect("the liberties `offset` and `spare`" in said, said[-300:])


def tests():
    return ([("shape:needs %s:x64" % name, lambda _, name=name: named(name)) for name in NAMES] +
            [("shape:levels:x64", levels), ("shape:what is not a shape:x64", wrong_shapes),
             ("shape:needs nothing:x64", none_needed), ("shape:needs two:x64", two_needed)])


def add(group):
    for name, function in tests():
        group.test(name, function)
