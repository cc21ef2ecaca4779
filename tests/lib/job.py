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

`ndishost test` calls each function once, for another driver (target.py). `own` of a test, or
machine.needs_own, says what only aerovnet has.
"""
import os
import sys
import tempfile

import keywords
import ndishost as host
from ndishost import Session
from report import PROCESSORS, Failure, Group
from target import NotApplicable, target

LOGS = os.path.join(host.ROOT, "out/tests/jobs")
BUSES = ("model", "qtest")
ARCHES = ("x64", "x86")
SEED = 7601


class Machine:
    """What one test runs on. `expect` collects: a test tells all that it finds."""

    def __init__(self, bus, arch, name):
        self.bus, self.arch, self.name = bus, arch, name
        self.found = []
        self.own = target.own

    def expect(self, condition, what):
        if not condition:
            self.found.append(what)
        return condition

    def same(self, what, got, wanted):
        return self.expect(got == wanted, "%s: %s, expected %s" % (what, got, wanted))

    needs_own = staticmethod(target.needs_own)

    def spec(self, options=""):
        """The bus, with options of the model."""
        if target.bus is None:
            return self.bus + (":" + options if options else "")
        if options and not target.bus_is("model"):
            raise NotApplicable("--bus %s has no option %s" % (target.bus.partition(":")[0], options))
        if options:
            return target.bus + ("," if ":" in target.bus else ":") + options
        return target.bus

    @staticmethod
    def needs_keyword(name):
        """Ends the test if the INF does not declare a keyword."""
        if target.own or name == "NetworkAddress" and "NdisReadNetworkAddress" in target.imports:
            return
        if name.lower() not in [one.name.lower() for one in keywords.declared()]:
            raise NotApplicable("the INF declares no keyword %s" % name)

    def checked(self, options):
        """Options of a run. The driver must know the keywords that they set."""
        for word, value in zip(options, options[1:]):
            if word == "--set":
                self.needs_keyword(value.partition("=")[0])
        return options

    @staticmethod
    def checked_net(net):
        """A network end that can do its work on the bus."""
        if target.lone() and net.startswith("echo"):
            raise NotApplicable("--bus %s has no station that answers" % target.bus)
        return net

    def session(self, net="none", options=(), bus="", timeout=60):
        self.checked_net(net)
        return Session(self.spec(bus), net, self.checked(options), self.arch, self.name, timeout, LOGS)

    def pair(self, net="none", options=(), timeout=60):
        """Two adapters; a line that begins with `@2 ` goes to the second."""
        return Session([self.spec()] * 2, [net] * 2, self.checked(options), self.arch, self.name, timeout, LOGS)

    def run(self, net, options=(), bus="", control=None, timeout=60, any_keyword=False):
        """any_keyword: those that --set has need not be in the INF."""
        self.checked_net(net)
        options = options if any_keyword else self.checked(options)
        return host.ndishost(self.spec(bus), net, options, self.arch, timeout, control, self.name,
                             LOGS)

    def captured(self, function, option="--pcap-wire"):
        """Calls function(options), which runs ndishost with them; what --pcap or --pcap-wire has
        seen."""
        if option == "--pcap-wire" and target.bus is not None and target.bus_is("virtual"):
            raise NotApplicable("--bus virtual has no wire to capture")
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

    def test(self, what, buses=BUSES, arches=ARCHES, own=None):
        """own: what the test asks for, if only aerovnet has it."""
        def add(function):
            function.own, function.buses = own, buses
            if target.path:
                self.tests.append(("%s:%s" % (self.name, what), "model" if target.bus_is("model") else "qtest",
                                   target.arch, function))
                return function
            for bus in buses:
                for arch in arches:
                    self.tests.append(("%s:%s:%s:%s" % (self.name, bus, arch, what),
                                       bus, arch, function))
            return function
        return add

    def check(self, what, own=None):
        """A test that runs nothing: its function is called with expect and same alone."""
        return self.test(what, ("files",), ("any",), own)

    def into(self, group):
        for name, bus, arch, function in self.tests:
            group.test(name, self.body(bus, arch, function))

    @staticmethod
    def body(bus, arch, function):
        def run(name):
            machine = Machine(bus, arch, name)
            try:
                applies(function)
                function(machine)
            except Failure as failure:
                machine.found.append(str(failure))
            except NotApplicable:
                machine.verdict()  # what was found before counts
                raise
            machine.verdict()
        return run

    def main(self):
        sys.exit(run(self.name, [self], sys.argv[1:]))


def applies(function):
    """Ends a test that is not for the driver or the bus at hand."""
    if target.own and target.bus is None:
        return
    if function.own:
        target.needs_own(function.own)
    if function.buses == ("model",) and not target.bus_is("model"):
        raise NotApplicable("the test needs --bus model")
    if function.buses == ("qtest",) and not target.bus_is("qtest"):
        raise NotApplicable("the test needs --bus qtest")


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
