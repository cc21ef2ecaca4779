# SPDX-License-Identifier: MIT
"""A job of Windows' logo test for LAN miniports: one file in tests/jobs each, run by itself or by
tests/jobs/run with all others.

    job = Job(__file__, __doc__)

    @job.test("what it shows", buses=("model", "qtest"), arches=("x64", "x86"))
    def what_it_shows(machine):
        with machine.session() as session:
            machine.expect(session.oid("query", "OID_GEN_XMIT_OK", 8).done == 8, "no 8 bytes")
        session.run.clean()

    if __name__ == "__main__":
        job.main()

A test's function is called once for each bus and architecture; its name is that of the job, the
bus, the architecture and what it shows. The seed is 7601, unless SEED says another.
"""
import os
import sys
import tempfile

import ndishost as host
from ndishost import Session
from report import PROCESSORS, Failure, Group

LOGS = os.path.join(host.ROOT, "out/tests/jobs")
BUSES = ("model", "qtest")
ARCHES = ("x64", "x86")
SEED = 7601


class Machine:
    """What one test runs on. `expect` collects: a test tells all that it finds."""

    def __init__(self, bus, arch, name):
        self.bus, self.arch, self.name = bus, arch, name
        self.found = []

    def expect(self, condition, what):
        if not condition:
            self.found.append(what)
        return condition

    def same(self, what, got, wanted):
        return self.expect(got == wanted, "%s: %s, expected %s" % (what, got, wanted))

    def spec(self, options=""):
        """The bus, with options of the model."""
        return self.bus + (":" + options if options else "")

    def session(self, net="none", options=(), bus="", timeout=60):
        return Session(self.spec(bus), net, options, self.arch, self.name, timeout, LOGS)

    def pair(self, net="none", options=(), timeout=60):
        """Two adapters; a line that begins with `@2 ` goes to the second."""
        return Session([self.bus] * 2, [net] * 2, options, self.arch, self.name, timeout, LOGS)

    def run(self, net, options=(), bus="", control=None, timeout=60):
        return host.ndishost(self.spec(bus), net, options, self.arch, timeout, control, self.name,
                             LOGS)

    def captured(self, function, option="--pcap-wire"):
        """Calls function(options), which runs ndishost with them; what --pcap or --pcap-wire has
        seen."""
        with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
            function([option, file.name])
            return host.capture(file.name)

    def verdict(self):
        if self.found:
            with open(host.log_of(LOGS, self.name), "a") as log:
                log.write("".join("FOUND: %s\n" % what for what in self.found))
            more = len(self.found) - 3
            raise Failure("; ".join(self.found[:3]) + ("; and %d more" % more if more > 0 else ""))


class Job:
    jobs = []

    def __init__(self, path, text):
        self.name = os.path.basename(path)[:-len(".py")]
        self.text = text
        self.tests = []
        Job.jobs.append(self)

    def test(self, what, buses=BUSES, arches=ARCHES):
        def add(function):
            for bus in buses:
                for arch in arches:
                    self.tests.append(("%s:%s:%s:%s" % (self.name, bus, arch, what),
                                       bus, arch, function))
            return function
        return add

    def check(self, what):
        """A test that runs nothing: its function is called with expect and same alone."""
        return self.test(what, ("files",), ("any",))

    def into(self, group):
        for name, bus, arch, function in self.tests:
            group.test(name, self.body(bus, arch, function))

    @staticmethod
    def body(bus, arch, function):
        def run(name):
            machine = Machine(bus, arch, name)
            try:
                function(machine)
            except Failure as failure:
                machine.found.append(str(failure))
            machine.verdict()
        return run

    def main(self):
        sys.exit(run(self.name, [self], sys.argv[1:]))


def run(name, jobs, arguments):
    """The tests of these jobs; the exit status."""
    group = Group("", arguments, PROCESSORS)
    host.seed(SEED)
    if not group.listing:
        if not host.build(name):
            return 1
        print("%s: SEED=%d" % (name, host.seed()), flush=True)
    for job in jobs:
        job.into(group)
    return group.finish()
