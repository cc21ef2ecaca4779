# SPDX-License-Identifier: MIT
"""The driver that the jobs run against: aerovnet, or the one that `ndishost test` is called for.

    target.own                       True: aerovnet, with its counters, its messages and its INF
    target.path, .arch, .host        of another driver, and of the ndishost that runs it; None: as the test says
    target.options                   more options for each run
    target.here.shape                --shape of the runs of this thread; None: the default
    target.bus                       "model", "qtest" or another; None: as the test says
    target.mac                       12 hexadecimal digits; None: that of the model
    target.inf                       a path; None: there is no INF
    raise NotApplicable("why")       what the test asks for is not there
"""
import os
import threading

from report import ROOT, Skip


class NotApplicable(Skip):
    def __init__(self, why):
        super().__init__("not applicable: " + why)


class Target:
    def __init__(self):
        self.own = True
        self.path = self.arch = self.host = self.bus = self.mac = self.logs = None
        self.options = []
        self.timeout = None
        self.here = threading.local()
        self.inf = os.path.join(ROOT, "drivers/windows7/virtio-net/aerovnet.inf")
        self.imports = set()

    def needs_own(self, what):
        """Ends a test that asks for what only aerovnet has."""
        if not self.own:
            raise NotApplicable(what)

    def cable(self):
        """Another adapter of the driver is the far end (--bus virtual:cable): a run has both."""
        kind, _, options = (self.bus or "").partition(":")
        return kind == "virtual" and "cable" in options.split(",")

    def lone(self):
        """There is no far end: nothing comes, and nobody sees what is sent (--bus virtual)."""
        return self.bus is not None and self.bus_is("virtual") and not self.cable()

    def shape(self):
        shape = getattr(self.here, "shape", None)
        return ["--shape", shape] if shape else []

    def bus_is(self, name):
        return self.bus is None or self.bus.partition(":")[0] == name


class Private(dict):
    """A report of a driver that has no counters of aerovnet's, and whose bus need not have a device or a wire."""

    NAMES = {"driver_counters": "the driver has no counters of its own that ndishost knows",
             "features_negotiated": "the driver does not tell which features it negotiated"}

    def __missing__(self, name):
        if name in self.NAMES:
            raise NotApplicable(self.NAMES[name])
        if target.bus_is("virtual"):
            raise NotApplicable("the report of --bus %s has no member %s" % (target.bus, name))
        raise KeyError(name)


target = Target()
