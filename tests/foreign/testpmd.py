# SPDX-License-Identifier: MIT
"""DPDK's vhost library as the device's back end: dpdk-testpmd with one vhost port on a Unix socket.

    with Testpmd(directory, ["set fwd macswap retry", "start"], log) as pmd:
        run = ndishost(pmd.bus(), ...)      QEMU's virtio-net-pci with this back end
        pmd.pause(); pmd.go_on()            SIGSTOP and SIGCONT
        pmd.kill(); pmd.start()             a back end that crashes and comes back
    pmd.counters()                          what testpmd counted, after its end

testpmd connects to QEMU, again and again until QEMU is there; so each may start first.
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import time

from report import Failure

PROGRAM = "dpdk-testpmd"
PR_SET_PDEATHSIG = 1
# testpmd maps all of the device's memory and touches each page, so there is little of it.
MEMORY = ["--memory", "128"]


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def version():
    """The version of Debian's package, for the log."""
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "dpdk-dev"], capture_output=True,
                          text=True, check=False)
    return "dpdk-dev " + said.stdout


class Testpmd:
    def __init__(self, directory, commands, log):
        self.socket = os.path.join(directory, "vhost.sock")
        self.directory, self.commands, self.log = directory, commands, log
        self.process = None
        open(log, "w", encoding="utf-8").close()

    def bus(self, options="", more=""):
        """--bus for ndishost. options: of the device, with a leading comma; more: of QEMU."""
        return ("qtest:-chardev socket,id=vu,path=%s,server=on -netdev vhost-user,id=v,chardev=vu "
                "-device virtio-net-pci,netdev=v%s %s" % (self.socket, options, more))

    def start(self):
        if not shutil.which(PROGRAM):
            raise Failure("%s is not there: tools/packages foreign installs it" % PROGRAM)
        # --no-flush-rx: or `start` drops what has come since the connection. Two logical cores that may run on any processor: one polls, one reads commands.
        processors = ",".join(str(n) for n in sorted(os.sched_getaffinity(0)))
        command = [PROGRAM, "--lcores", "0@(%s),1@(%s)" % (processors, processors), "--no-huge",
                   "-m", "128", "--no-pci", "--no-telemetry", "--no-shconf",
                   "--vdev", "net_vhost0,iface=%s,client=1" % self.socket,
                   "--", "-i", "--no-flush-rx", "--total-num-mbufs=8192"]
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=self.directory,
                env=dict(os.environ, RUNTIME_DIRECTORY=self.directory), preexec_fn=_die_with_parent)
        for line in self.commands:
            self.say(line)
        return self

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, text, seconds=20):
        """Until the log has `text`."""
        until = time.monotonic() + seconds
        while text not in self.text():
            if self.process.poll() is not None:
                raise Failure("testpmd ended with status %d: see %s" % (self.process.poll(), self.log))
            if time.monotonic() > until:
                raise Failure("testpmd does not say '%s' within %d s: see %s"
                              % (text, seconds, self.log))
            time.sleep(0.05)

    def stop(self):
        """Ends it in order: then its log has its counters."""
        if self.process is None or self.process.poll() is not None:
            return
        try:
            for line in ("stop", "quit"):
                self.say(line)
            self.process.wait(10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.process.kill()
            self.process.wait()

    def counters(self):
        """RX and TX counters of all ports, from testpmd's last account."""
        text = self.text()
        at = text.rfind("Accumulated forward statistics")
        found = re.findall(r"([RT]X-(?:packets|dropped|total)): *(\d+)", text[at:] if at >= 0 else "")
        if not found:
            raise Failure("testpmd printed no counters: see %s" % self.log)
        return {name: int(value) for name, value in found}

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, traceback):
        self.stop()
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        return False
