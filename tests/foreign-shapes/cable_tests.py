# SPDX-License-Identifier: MIT
"""examples/cable, a driver without hardware: frames between its adapters, its control device, and drivers that are
broken in the same places."""
import json
import os
import re
import subprocess

from report import ROOT, expect, make

OUT = os.path.join(ROOT, "out/tests/foreign-shapes/cable")
HOSTS = {"x64": "out/ndishost", "x86": "out/ndishost32"}
BUILT = {("mingw", arch): "out/examples/%s/cable.sys" % arch for arch in HOSTS}
BUILT.update({("msvc", arch): "out/examples/msvc/%s/cable.sys" % arch for arch in HOSTS})
MAKEFILE = "examples/cable/cable.mk"
CABLE = "virtual:cable"
FRAME = "ffffffffffff" + "020000000001" + "88b5" + "%02x" * 46

# What the two ends are; what the run says of the first adapter and of the second.
ENDS = {
    "gen": ("gen:count=4000", "gen:count=3000", "4000 arrived, all intact and in order", "3000 arrived, all intact"),
    "one-end": ("gen:count=3000", "none", r"gen rx: 3000 frames sent, 3000 arrived, all intact", "none: 3000 frames"),
    "other-end": ("none", "gen:count=3000", "none: 3000 frames", "gen rx: 3000 frames sent, 3000 arrived, all intact"),
    "echo": ("echo:count=2000", "none", "2000 arrived, all intact and in order", "none: 2000 frames"),
    "sizes": ("gen:count=3000,size=sweep", "gen:count=3000,size=sweep", "3000 arrived, all intact", "3000 arrived, all intact"),
    "tags": ("gen:count=2000,tag=5:3", "none", "2000 arrived, all intact", "none"),
}
KINDS = "gen:count=2000,kinds=directed+multicast+broadcast+other"

# A fault of the driver's: the file, what is replaced in it, and what the run says.
FAULTS = {
    "damaged": ("frames.c", "NET_BUFFER_DATA_LENGTH(NetBuffer) = Length;",
                "NET_BUFFER_DATA_LENGTH(NetBuffer) = Length; if (Length == 777) ((PUCHAR)MmGetMdlVirtualAddress("
                "NET_BUFFER_FIRST_MDL(NetBuffer)))[99]++;", r"damaged"),
    "lost": ("frames.c", "if (To != From && CableWants(To, Cable.Frame))",
             "if (To != From && CableWants(To, Cable.Frame) && Length != 777)", r"lost"),
    "twice": ("frames.c", "            CableReceive(To, Length);",
              "            { CableReceive(To, Length); if (Length == 777) CableReceive(To, Length); }", "duplicated"),
    "unfiltered": ("frames.c", "if (Filter & NDIS_PACKET_TYPE_PROMISCUOUS)", "if (Filter != 0)", "not asked for|not select"),
}


def host(arch, driver, first, second, options=(), control=None, name="run"):
    words = [HOSTS[arch], "run", "--seed", "1", "--bus", CABLE, "--net", first, "--bus", CABLE, "--net", second,
             *options, *(["--control", "-"] if control else []), driver]
    done = subprocess.run(words, cwd=ROOT, input="\n".join(control) + "\n" if control else "", capture_output=True,
                          text=True, errors="replace", timeout=180, check=False)
    os.makedirs(OUT, exist_ok=True)
    log = os.path.join(OUT, "%s-%s.log" % (name, arch))
    with open(log, "w", encoding="utf-8") as file:
        file.write(" ".join(words) + "\n" + done.stderr + done.stdout)
    return done, done.stderr + done.stdout, log


def adapters(text):
    """What is said of each adapter."""
    parts = re.split(r"^adapter \d\n", text, flags=re.M)
    expect(len(parts) == 3, "%d adapters are reported" % (len(parts) - 1))
    return parts[1:]


def clean(done, text, log):
    expect(done.returncode == 0, "exit status %d (%s)" % (done.returncode, log))
    expect("leaked: nothing" in text, "leaks (%s)" % log)


def ends(kind, arch, name):
    first, second, *wanted = ENDS[name]
    done, text, log = host(arch, BUILT[kind, arch], first, second, name="%s-%s" % (name, kind))
    clean(done, text, log)
    for part, words in zip(adapters(text), wanted):
        expect(re.search(words, part), "does not say '%s' (%s)" % (words, log))


def kinds(arch):
    """What the other adapter's packet filter does not ask for must not arrive there."""
    done, text, log = host(arch, BUILT["mingw", arch], KINDS, KINDS, ["--json", "-"], name="kinds")
    expect(done.returncode == 0, "exit status %d (%s)" % (done.returncode, log))
    for adapter in json.loads(done.stdout)["adapters"]:
        count = adapter["net"]["tx"]["kinds"]
        expect(count["directed"]["received"] == count["directed"]["sent"] > 300, "directed: %s" % count["directed"])
        expect(count["broadcast"]["received"] == count["broadcast"]["sent"] > 300, "broadcast: %s" % count["broadcast"])
        expect(count["other"]["received"] == 0 < count["other"]["sent"], "other: %s" % count["other"])
        expect(count["multicast"]["sent"] > 300, "multicast: %s" % count["multicast"])
    expect("features_offered" not in done.stdout and "rx_queue_size" not in done.stdout and '"bus"' not in done.stdout,
           "the report tells of a device")


def states(arch):
    """Each adapter pauses, resets and sleeps under traffic of both: no frame is lost unexcused."""
    lines = ["wait sent 50"]
    for turn in range(4):
        for at in ("", "@2 "):
            lines += [at + one for one in ("pause", "restart", "power d3", "power d0", "reset", "power d3 halt",
                                           "power d0")]
        lines += ["wait sent %d" % (200 * turn + 100)]
    lines += ["wait sent 3000", "@2 wait sent 3000", "state", "quit"]
    done, text, log = host(arch, BUILT["mingw", arch], "gen", "gen", control=lines, name="states")
    replies = [one for one in done.stdout.splitlines() if re.match("(ok|error)( |$)", one)]
    bad = [(line, reply) for line, reply in zip(lines, replies) if not reply.startswith("ok")]
    expect(not bad and len(replies) == len(lines), "%d replies, %s (%s)" % (len(replies), bad[:2], log))
    clean(done, text, log)
    for part in adapters(text):
        expect("all intact and in order" in part, "frames are not all intact (%s)" % log)


def paused(arch):
    """While the other adapter pauses, what this one sends is gone by right."""
    lines = ["wait sent 500", "pause", "@2 pause", "restart", "sleep 200", "@2 restart", "sleep 200", "quit"]
    done, text, log = host(arch, BUILT["mingw", arch], "gen", "gen", control=lines, name="paused")
    clean(done, text, log)
    for part in adapters(text):
        expect("all intact and in order" in part, "frames are not all intact (%s)" % log)


def removed(arch):
    """The one adapter goes by surprise; the other one stays."""
    lines = ["wait sent 500", "@2 wait sent 500", "remove", "@2 pause", "@2 restart", "@2 state", "quit"]
    done, text, log = host(arch, BUILT["mingw", arch], "gen", "gen", control=lines, name="removed")
    clean(done, text, log)
    expect("ok Running" in done.stdout, "the other adapter does not run (%s)" % log)


def device(arch):
    """A program at the control device: it reads what an adapter sends, and each adapter receives what it writes."""
    sent, written = FRAME % tuple([0x11] * 46), FRAME % tuple(range(46))
    lines = ["device list", "device open Cable", "device open Cable", "device begin read 1 1514",
             "device begin read 1 20", "send " + sent, "device end 1", "send " + sent, "device end 2",
             "device write 1 " + written, "wait received 1", "@2 wait received 3", "device write 1 0102",
             "device begin read 1 100", "device close 1", "device open Cable", "device read 1 100 50", "quit"]
    wanted = ["ok \\Device\\Cable", "ok 1", "error STATUS_ACCESS_DENIED", "ok 1", "ok 2", "ok", "ok " + sent, "ok",
              "error STATUS_BUFFER_TOO_SMALL", "ok 60", "ok", "ok", "error STATUS_INVALID_BUFFER_SIZE", "ok 1", "ok",
              "ok 1", "error STATUS_CANCELLED"]
    done, text, log = host(arch, BUILT["mingw", arch], "none", "none", control=lines, name="device")
    replies = [one for one in done.stdout.splitlines() if re.match("(ok|error)( |$)", one)]
    for line, reply, start in zip(lines, replies, wanted):
        expect(reply.startswith(start), "'%s' gets '%s', expected '%s' (%s)" % (line, reply, start, log))
    clean(done, text, log)


def wire(arch):
    """The far end of an adapter is the other one: a frame of `wire` comes up, and --pcap-wire has what is sent."""
    frame = FRAME % tuple([7] * 46)
    capture = os.path.join(OUT, "wire-%s.pcap" % arch)
    os.makedirs(OUT, exist_ok=True)
    words = [HOSTS[arch], "run", "--seed", "1", "--bus", CABLE, "--net", "none", "--pcap-wire", capture, "--bus", CABLE,
             "--net", "none", "--control", "-", BUILT["mingw", arch]]
    done = subprocess.run(words, cwd=ROOT, input="wire %s\nwait received 1\nsend %s\nquit\n" % (frame, frame),
                          capture_output=True, text=True, timeout=120, check=False)
    expect(done.stdout.count("ok") >= 3 and done.returncode == 0, done.stdout + done.stderr)
    with open(capture, "rb") as file:
        expect(file.read().count(bytes.fromhex(frame)) == 1, "%s has not the frame that was sent" % capture)


def inf(_):
    """The INF's id is the device's, and its keywords are the adapter's."""
    done, text, log = host("x64", BUILT["mingw", "x64"], "gen:count=100", "none",
                           ["--inf", "examples/cable/cable.inf", "--set", "NetworkAddress=020102030405"], name="inf")
    clean(done, text, log)
    expect("no model" not in text, "the INF has no model for its own id (%s)" % log)
    first, second = adapters(text)
    expect("02:43:61:62:6c:01" in first and "02:01:02:03:04:05" in second, "--set is not heard (%s)" % log)


def fault(name):
    """Built from a copy of the example with one fault."""
    file, old, new, words = FAULTS[name]
    sources = os.path.join("out/tests/foreign-shapes/cable", name)
    os.makedirs(os.path.join(ROOT, sources), exist_ok=True)
    for source in os.listdir(os.path.join(ROOT, "examples/cable")):
        if not source.endswith((".c", ".h")):
            continue
        with open(os.path.join(ROOT, "examples/cable", source), encoding="utf-8") as opened:
            text = opened.read()
        if source == file:
            expect(text.count(old) == 1, "%s has the text of the fault %d times" % (file, text.count(old)))
            text = text.replace(old, new)
        with open(os.path.join(ROOT, sources, source), "w", encoding="utf-8") as opened:
            opened.write(text)
    driver = os.path.join(sources, "x64/cable.sys")
    expect(make("shapes:cable:" + name, "-f", MAKEFILE, "CABLE=" + sources, "CABLE_DIR=" + sources, driver), "no driver")
    ends_ = ("gen:count=2000", "gen:count=2000") if name != "unfiltered" else (KINDS, KINDS)
    done, text, log = host("x64", driver, *ends_, ["--hang", "60"], name="fault-" + name)
    expect(done.returncode in (1, 3), "exit status %d (%s)" % (done.returncode, log))
    expect(re.search(words, text), "does not say '%s' (%s)" % (words, log))


def usage(_):
    """What is said of cables that cannot be made."""
    for buses, words, status in (
            (("virtual:cable", "none"), "is alone at its cable", 1),
            (("virtual:cable", "gen", "virtual:cable", "echo"), "do not go together", 2),
            (("virtual:cable", "gen:dir=rx", "virtual:cable", "gen"), "gen: dir=rx needs", 1),
            (("virtual:rope", "none"), 'expected cable or id=HARDWARE-ID, not "rope"', 2)):
        words_ = [HOSTS["x64"], "run", "--quiet"]
        for bus, net in zip(buses[::2], buses[1::2]):
            words_ += ["--bus", bus, "--net", net]
        done = subprocess.run([*words_, BUILT["mingw", "x64"]], cwd=ROOT, capture_output=True, text=True, timeout=60,
                              check=False)
        expect(words in done.stderr and done.returncode == status, "%s: %d, %s" % (buses, done.returncode, done.stderr))
    for command in (["check-device", "--bus", "virtual"], ["run", "--bus", "virtual", "--net", "gen:dir=both"],
                    ["run", "--bus", "virtual", "--net", "none", "--queue-size", "8"]):
        done = subprocess.run([HOSTS["x64"], *command, BUILT["mingw", "x64"]], cwd=ROOT, capture_output=True, text=True,
                              timeout=60, check=False)
        expect(done.returncode and "device" in done.stderr or "far end" in done.stderr, "%s: %s" % (command, done.stderr))


def build(names):
    """The drivers that the chosen tests run."""
    wanted = sorted({BUILT[kind, arch] for kind, arch in BUILT
                     if any(":%s:" % kind in name and name.endswith(arch) or kind == "mingw" for name in names)})
    return not names or make("shapes", "-f", MAKEFILE, *wanted)


def tests():
    for arch in HOSTS:
        for kind in ("mingw", "msvc"):
            for name in ENDS if kind == "mingw" else ("gen", "echo"):
                yield "cable:%s:%s:%s" % (name, kind, arch), lambda _, k=kind, a=arch, n=name: ends(k, a, n)
        for function in (kinds, states, paused, removed, device, wire):
            yield "cable:%s:%s" % (function.__name__, arch), lambda _, f=function, a=arch: f(a)
    yield "cable:inf", inf
    yield "cable:usage", usage
    for name in FAULTS:
        yield "cable:fault:" + name, lambda _, name=name: fault(name)


def add(group):
    for name, function in tests():
        group.test(name, function)
