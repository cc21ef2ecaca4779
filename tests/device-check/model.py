#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Group device-check: `ndishost check-device` on the model, which is told to be right, or wrong in one way.

    tests/device-check/model.py [PATTERN...]
    tests/device-check/model.py --list
"""
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from report import PROCESSORS, ROOT, Group, expect, make

HOST = os.path.join(ROOT, "out/ndishost")
DRIVER = os.path.join(ROOT, "out/x64/aerovnet.sys")
SECONDS = 300

# Devices as the specification allows them: no clause fails.
RIGHT = [
    "modern=1",
    "bar=io",
    "layout=spread,queue_size=4",
    "above_4g=1",
    "caps=reserved",
    "caps=twice",
    "features=none+version_1",
    "mtu=1400",
    "fault=config_torn@3",
    "fault=no_notify",
    "reorder=1,ignore_no_interrupt=0,fault=reset_slow",
    # What a device may do, or what Windows 7 does not notice: the driver looks at none of it, or copes with it.
    "fault=status_late",
    "fault=notify_slow",
    "fault=queue_small",
    "mtu=1400,fault=mtu_small",
    "fault=master_lost",
    "fault=config_late",
    "fault=isr_reserved",
    "fault=used_len_out",
    "fault=used_flags",
    "fault=notify_always",
    "fault=avail_event",
    "fault=avail_scribble@100",
    "fault=desc_scribble@100",
    "fault=rx_num_zero@100",
    "fault=rx_num_many@100",
    "fault=rx_flags@100",
]

# An interrupt without cause may come while the ISR runs for a true one. So the check can pass such a device.
EITHER = [
    ("fault=interrupt_spurious", "6.6"),
    ("fault=config_spurious", "6.6"),
]

# The model's options; the clause that has to fail, and a part of what is said of it.
WRONG = [
    ("caps=none", "1.3", "there is none"),
    ("caps=no_list", "1.3", "there is none"),
    ("caps=no_common", "2.1", "the common structure (cfg_type 1) is missing"),
    ("caps=no_notify", "2.1", "the notify structure (cfg_type 2) is missing"),
    ("caps=no_isr", "2.1", "the ISR structure (cfg_type 3) is missing"),
    ("caps=no_device", "2.1", "the device structure (cfg_type 4) is missing"),
    ("caps=loop", "2.3", "it leads back to 0x"),
    ("caps=outside", "2.3", "inside the header"),
    ("caps=absent_bar", "2.4", "is not implemented"),
    ("caps=short_bar", "2.4", "bytes"),
    ("caps=short_common", "2.4", "common: length 32"),
    ("caps=short_device", "2.4", "device: length 4"),
    ("fault=reset_never", "3.1", "device_status reads 0x"),
    ("fault=gone", "3.1", "device_status reads 0xff"),
    ("fault=reset_ignored@2", "3.2", "did not end within 1000 ms"),
    ("fault=features_refused", "3.4", "status reads 0x03"),
    ("features=-version_1", "4.1", "without bit 32"),
    ("fault=mac_group", "4.3", "mac is "),
    ("fault=mac_zero", "4.3", "mac is 00:00:00:00:00:00"),
    ("mtu=1400,fault=mtu_tiny", "4.8", "mtu is 67"),
    ("tx_queue_size=0", "5.1", "queue 1, which sends, has 0 entries"),
    ("fault=queue_size_odd", "5.1", "entries"),
    ("fault=queue_enabled", "5.3", "queue_enable reads 1 after a reset"),
    ("fault=queue_stuck", "5.3", "event 9"),
    ("fault=notify_range", "6.2", "is beyond length"),
    ("fault=isr_zero@3", "6.4", "ISR status read 0"),
    ("fault=isr_stuck@3", "6.4", "does not clear it"),
    ("fault=interrupt_lost@2", "6.7", "frame 2 sent: no interrupt came"),
    ("fault=generation", "7.2", "it read "),
    ("fault=status_garbage", "7.4", "status is 0xfff"),
    ("header=10", "8.1", "with HeaderLength 10"),
    ("fault=rx_short@100", "8.5", "1 buffers"),
    ("fault=rx_runt@100", "8.5", "1 buffers"),
    ("fault=rx_empty@100", "8.5", "1 buffers"),
    ("fault=rx_long@100", "8.5", "1 buffers"),
    ("fault=rx_tunnel@100", "8.5", "1 buffers"),
    ("fault=rx_tunnels@100", "8.5", "1 buffers"),
    ("fault=rx_writes_on", "8.5", "does not fit a header and a frame"),
    ("fault=rx_stall@100", "8.5", "lost"),
    ("fault=used_id_range@100", "9.1", "no outstanding buffer"),
    ("fault=used_id_high@100", "9.1", "no outstanding buffer"),
    ("fault=used_id_free@100", "9.1", "no outstanding buffer"),
    ("fault=used_twice@100", "9.1", "no outstanding buffer"),
    ("fault=used_len@100", "9.2", "beyond its buffer"),
    ("fault=used_len_huge@100", "9.2", "beyond its buffer"),
    ("fault=used_idx_back@3", "9.3", "ahead of what the driver gave"),
    ("fault=used_stale@3", "9.1", "no outstanding buffer"),
    ("fault=used_idx_jump@100", "9.3", "ahead of what the driver gave"),
    ("fault=needs_reset@100", "9.4", "event 15"),
    ("fault=needs_reset_start", "9.4", "event 15"),
    ("fault=tx_stall@100", "9.5", "event 19"),
    ("fault=dead@100", "9.5", "event 19"),
    ("fault=gone_frame@50", "9.7", "event 17"),
]

SUMMARY = re.compile(r"^DEVICE-CHECK result=(\w+) passed=(\d+) failed=(\d+) untestable=(\d+) clauses=(\S+)$")


def run(*words):
    return subprocess.run([HOST, *words], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS,
                          check=False)


def check(options, bus="model:"):
    """Exit status, the summary's match, and the line of each clause."""
    done = run("check-device", "--quiet", "--bus", bus + options, DRIVER)
    lines = done.stdout.splitlines()
    summary = SUMMARY.match(lines[-1]) if lines else None
    expect(summary, "no summary in the last line: %s" % (lines[-1:] or done.stderr.splitlines()[-1:]))
    found = [re.match(r"(pass|FAIL|----) (\d+\.\d+) +(.*)", line) for line in lines]
    return done.returncode, summary, {match[2]: match[0] for match in found if match}


def right(options):
    def test(_):
        status, summary, lines = check(options)
        failed = [line for line in lines.values() if line.startswith("FAIL")]
        expect(not failed, "a right device fails: %s" % " ".join(failed[:1]))
        expect(status == 0 and summary[1] == "passed", "exit status %d, result %s" % (status, summary[1]))
        expect("carries 100 frames" in lines["5.2"], "the queue sizes are not tried: %s" % lines["5.2"])
        expect(int(summary[2]) >= 40, "only %s clauses passed" % summary[2])
    return test


def wrong(options, clause, text):
    def test(_):
        status, summary, lines = check(options)
        line = lines.get(clause, "")
        expect(line.startswith("FAIL") and text in line,
               "clause %s does not say '%s' but '%s'; failed: %s" % (clause, text, line, summary[5]))
        expect(status == 1 and summary[1] == "failed", "exit status %d, result %s" % (status, summary[1]))
        expect(clause in summary[5].split(","), "the summary names %s" % summary[5])
        counted = [sum(line.startswith(word) for line in lines.values()) for word in ("pass", "FAIL", "----")]
        expect(counted == [int(summary[i]) for i in (2, 3, 4)], "the summary counts %s, the lines %s" %
               (summary[0], counted))
    return test


def either(options, clause):
    def test(_):
        status, summary, _ = check(options)
        expect((status, summary[1], summary[5]) in ((0, "passed", "none"), (1, "failed", clause)),
               "exit status %d, result %s, clauses %s" % (status, summary[1], summary[5]))
    return test


def qemu(_):
    """QEMU's device, with QEMU's own network at the far end: DHCP and pings instead of numbered frames."""
    status, summary, lines = check("-netdev user,id=n0 -device virtio-net-pci,netdev=n0", "qtest:")
    expect(status == 0, "failed: %s" % [line for line in lines.values() if line.startswith("FAIL")][:1])
    expect("200 pings answered" in lines["8.1"], "no ping: %s" % lines["8.1"])


def refused(words, text):
    """Bad input: exit status 2, one line that names the object."""
    def test(_):
        done = run("check-device", *words)
        said = done.stderr.strip()
        expect(done.returncode == 2, "exit status %d" % done.returncode)
        expect(len(said.splitlines()) == 1 and text in said, "says '%s'" % said)
    return test


def clauses_of_the_page():
    """The walker's clauses are the page's, in order."""
    path = os.path.join(ROOT, "tests/foreign/contract.py")
    loader = importlib.machinery.SourceFileLoader("contract", path)
    contract = importlib.util.module_from_spec(importlib.util.spec_from_loader("contract", loader))
    loader.exec_module(contract)
    with open(os.path.join(ROOT, contract.PAGE), encoding="utf-8") as page:
        theirs = [row[1] for row in contract.clauses(page.read())]
    ours = [line.split("\t")[0] for line in run("check-device", "--clauses").stdout.splitlines()]
    return [] if ours == theirs else ["the check has %s, %s has %s" % (
        sorted(set(ours) - set(theirs)), contract.PAGE, sorted(set(theirs) - set(ours)) or "another order")]


def untried():
    """Each fault of the model is in one of the tables above."""
    with open(os.path.join(ROOT, "ndishost/bus/model/fault.h"), encoding="utf-8") as file:
        known = set(re.findall(r'FAULT\(\w+, (?:ONCE|FROM), "(\w+)"', file.read()))
    tried = set(re.findall(r"fault=(\w+)", " ".join(RIGHT + [row[0] for row in WRONG + EITHER])))
    return ["%s: the check is not tried with this fault" % name for name in sorted(known - tried)] + \
        ["%s: the model has no such fault" % name for name in sorted(tried - known)]


def main():
    group = Group("device-check", sys.argv[1:], PROCESSORS)
    if not group.listing and not make("device-check", "host", "driver"):
        return 1
    group.check("clauses:those of the contract", [] if group.listing else clauses_of_the_page())
    group.check("faults:each of the model's is tried", untried())
    for options in RIGHT:
        group.test("right:" + options, right(options))
    for options, clause, text in WRONG:
        group.test("wrong:" + options, wrong(options, clause, text))
    for options, clause in EITHER:
        group.test("either:" + options, either(options, clause))
    group.test("right:QEMU's device and network", qemu)
    group.test("bad input:no driver", refused(["--bus", "model", "/nowhere.sys"], "/nowhere.sys"))
    group.test("bad input:no card", refused(["--bus", "pci:7f:1f.7", DRIVER], "7f:1f.7"))
    group.test("bad input:no bus", refused([DRIVER], "--bus"))
    group.test("bad input:a network end", refused(["--bus", "model", "--net", "none", DRIVER], "--net"))
    return group.finish()


sys.exit(main())
