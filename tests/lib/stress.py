# SPDX-License-Identifier: MIT
"""Scenarios of everything at once: pause, restart, reset, power, link, OIDs, cancels, malformed sends,
device faults and removal, by chance, under two-way traffic of which each frame is accounted for.

    scenario = Scenario(seed, 7)         all that it does follows from the two numbers
    scenario.what                        its configuration, in words
    scenario.run(30, logs)               for 30 s; raises Failure
    scenario.done, scenario.sent, ...    what was done until then

The sequence of actions does not depend on time, nor on what is answered: a longer run does the same and
more. All frames that nothing excuses have to arrive; in a `hostile` scenario, whose device lies, stalls
and loses, all but those that it has lost as the driver's and its own counters say.
"""
import collections
import random
import re
import shutil
import struct
import subprocess
import time

import ndishost as host
import oids
from ndishost import Session
from report import Failure

ANSWER = 100  # seconds; the host itself complains of what takes 30
LEGAL = {"SUCCESS", "INVALID_LENGTH", "RESOURCES", "PAUSED", "SEND_ABORTED", "RESET_IN_PROGRESS",
         "FAILURE", "LOW_POWER_STATE", "MEDIA_DISCONNECTED"}

# Oddities of the device of which nothing may be noticed.
HARMLESS = ("isr_zero@%d", "isr_stuck@%d", "interrupt_lost@%d", "isr_reserved", "interrupt_spurious",
            "config_spurious", "used_len_out", "used_flags", "no_notify", "notify_always", "rx_num_zero@%d", "rx_num_many@%d",
            "rx_flags@%d", "status_garbage", "config_torn@3", "reset_slow@1", "reset_ignored@1",
            "none")
# Lies, after which the adapter is to be reset and to work again; frames may be lost by the device.
LIES = ("used_id_range@%d", "used_id_high@%d", "used_id_free@%d", "used_twice@%d", "used_len@%d",
        "used_len_huge@%d", "used_idx_jump@%d", "used_idx_back@%d", "used_stale@%d", "needs_reset@%d",
        "rx_short@%d", "rx_empty@%d", "rx_runt@%d", "rx_tunnel@%d", "rx_tunnels@%d", "tx_stall@%d",
        "rx_stall@%d", "dead@%d")
# Lies that the driver cannot see through when they happen to name a buffer that is out: one frame is
# lost, and what was in the buffer before may come up in its place, or what came after: then all frames
# that the ring holds between the two come after it, out of order, or are lost in a reset that comes first. The
# device may be writing it just then: half of a frame is one that was never sent. Until the next reset the driver
# is ahead with that buffer, so each lap of the ring may do it again; the device counts the frames of these laps
# (rx_misled). What an index that goes back takes away is as much as the device put into the ring at once: it
# counts that itself (rx_untold).
UNSEEN = ("used_stale", "used_id_free", "used_twice", "used_idx_jump", "used_idx_back")
# Calls that may fail at any time: the driver copies then.
CALLS = ("NdisMAllocateNetBufferSGList:%d", "NdisMAllocateNetBufferSGList:-%d")
FILTER, LIST, LOOKAHEAD, VLAN = ("OID_GEN_CURRENT_PACKET_FILTER", "OID_802_3_MULTICAST_LIST",
                                 "OID_GEN_CURRENT_LOOKAHEAD", "OID_GEN_VLAN_ID")
DIRECTED, MULTICAST, ALL_MULTICAST, BROADCAST, PROMISCUOUS = 1, 2, 4, 8, 0x20
STRANGER = "02deadbeef01"
ENDS = ("quit", "quit", "quit", "quit paused", "quit asleep", "quit unplugged", "remove", "remove",
        "remove paused", "remove asleep", "gone", "gone", "power d3 halt")
# The machine goes down with all its adapters. Nothing is freed after that, and what is in flight is lost.
OFF = ("shutdown", "shutdown crash")


class Adapter:
    """One adapter: what state it is in, and what can be done to it."""

    def __init__(self, scenario, number):
        self.scenario, self.number = scenario, number
        self.chance = scenario.chance
        self.paused = self.asleep = self.unplugged = self.removed = False
        self.settings = {}

    def ask(self, line, counted=None):
        self.scenario.count(counted or line.split(" ")[0])
        return self.scenario.session.ask("@%d %s" % (self.number, line), ANSWER)

    def do(self, line, counted=None):
        reply = self.ask(line, counted)
        if not reply.good:
            raise Failure("@%d %s: %s" % (self.number, line[:60], reply))
        return reply

    def oid(self, kind, name, data):
        line = data.hex() if kind == "set" else str(data)
        reply = self.ask("oid %s %s %s" % (kind, name, line), "oid " + kind)
        length = len(data) if kind == "set" else data
        if reply.done is None or reply.done > length:
            raise Failure("@%d oid %s %s with %d bytes: %s" % (self.number, kind, name, length, reply))
        return reply

    # ---- Life cycle ----

    def pause(self):
        self.do("pause")
        self.paused = True

    def restart(self):
        self.do("restart")
        self.paused = False

    def reset(self):
        if self.asleep:
            if self.ask("reset").status != "LOW_POWER_STATE":
                raise Failure("@%d is reset while it sleeps" % self.number)
        else:
            self.do("reset")

    def sleep(self):
        self.do("power d%d" % self.chance.choice((1, 2, 3, 3)))
        self.asleep = True

    def wake(self):
        self.do("power d0")
        self.asleep = False
        self.remembered()

    def query_sleep(self):
        self.do("power d0")  # of one that is awake: the query, and its end

    def unplug(self):
        self.do("link down")
        self.unplugged = True

    def plug(self):
        self.do("link up")
        self.unplugged = False

    def flap(self):
        for _ in range(self.chance.randint(1, 4)):
            self.do("link down")
            self.do("link up")

    # ---- OIDs ----

    def ask_oid(self):
        name = self.chance.choice(self.scenario.queries)
        length = self.chance.choice((0, 1, 3, 4, 5, 8, 12, 31, 152, 512, 2048))
        self.oid(self.chance.choice(("query", "stats")), name, length)

    def garbage_oid(self):
        """A set that changes nothing, or nothing that frames depend on."""
        name = self.chance.choice(self.scenario.sets)
        longest = 3 if name in (FILTER, LIST, LOOKAHEAD, VLAN) or name.startswith("OID_P") else 200
        shortest = 1 if name == LIST else 0  # an empty list is one
        self.oid("set", name, self.chance.randbytes(self.chance.randint(shortest, longest)))

    def unknown_oid(self):
        kind, length = self.chance.choice(("query", "stats", "set")), self.chance.choice((0, 4, 64))
        self.oid(kind, "0x%08X" % self.chance.randrange(1 << 32),
                 self.chance.randbytes(length) if kind == "set" else length)

    def change(self, name, data):
        reply = self.oid("set", name, data)
        if self.asleep:
            return
        if not reply.good:
            raise Failure("@%d set %s %s: %s" % (self.number, name, data.hex(), reply))
        self.settings[name] = data

    def set_filter(self):
        bits = self.chance.sample((MULTICAST, BROADCAST), self.chance.randint(0, 2))
        if self.scenario.mixed:
            bits += self.chance.sample((DIRECTED, ALL_MULTICAST, PROMISCUOUS), self.chance.randint(0, 3))
        else:
            bits.append(DIRECTED)
        self.change(FILTER, struct.pack("<I", sum(bits)))

    def set_list(self):
        """Of the groups that frames are for, or of others."""
        last = 0x40 if self.chance.random() < 0.7 else 0xFFFF
        count = self.chance.choice((0, 1, 2, 8, 31, 32))
        self.change(LIST, b"".join(b"\x01\x00\x5e\x00" + struct.pack(">H", group) for group in
                                   self.chance.sample(range(1, last + 1), count)))

    def set_lookahead(self):
        self.change(LOOKAHEAD, struct.pack("<I", self.chance.choice((0, 64, 256, 1500))))

    def set_vlan(self):
        """The one that it is of. Another would be another for frames that are under way, too."""
        self.change(VLAN, struct.pack("<I", self.scenario.vlan))

    def remembered(self):
        """What was set is what is there."""
        if self.asleep:
            return
        for name, data in self.settings.items():
            reply = self.oid("stats", name, 512)
            if not reply.good or reply.data != data:
                raise Failure("@%d %s is %s, was set to %s" % (self.number, name, reply, data.hex()))

    # ---- Frames ----

    def cancel(self):
        for number in range(1, 17) if self.chance.random() < 0.2 else [self.chance.randint(1, 16)]:
            self.do("cancel %d" % number)

    def bad(self):
        kind = self.chance.choice(self.scenario.kinds)
        if self.chance.random() < 0.2:
            kind = "cut:1514:%d" % self.chance.randint(1, 1513)
        reply = self.ask("bad " + kind)
        statuses = {word[len("NDIS_STATUS_"):].rstrip(",") for word in reply.text.partition(";")[0].split()
                    if word.startswith("NDIS_STATUS_")}
        if not self.scenario.hostile and not reply.good or not statuses or not statuses <= LEGAL:
            raise Failure("@%d bad %s: %s" % (self.number, kind, reply))

    def send(self):
        length = self.chance.choice((60, 61, 100, 1000, 1514))
        reply = self.ask("send %s02a5a5a5a5a588b7%s" % (STRANGER, "5a" * (length - 14)))
        closed = self.paused or self.asleep or self.unplugged
        if not reply.good and not closed and not self.scenario.hostile and \
                "LINK" not in reply.text and "MEDIA_DISCONNECTED" not in reply.text:
            raise Failure("@%d a frame is not sent: %s" % (self.number, reply))

    def wire(self):
        """Frames that are not for us: none of them may come up."""
        source = "02a5a5a5a5a5"
        for destination in (STRANGER, "01005e7f%04x" % self.chance.randrange(1 << 16)):
            self.ask("wire %s%s%s" % (destination, source, self.chance.choice(
                ("88b7" + "5a" * 46, "88b7" + "5a" * 1500, "8100", "810000", "81000005", "81000fff88b7",
                 "8100000581000006" + "5a" * 60, "0003" + "00" * 60))))

    # ---- The device ----

    def oddity(self):
        fault = self.chance.choice(HARMLESS)
        self.do("fault " + (fault % self.chance.randint(1, 200) if "%" in fault else fault))

    def lie(self):
        fault = self.chance.choice(LIES)
        self.do("fault " + (fault % self.chance.randint(1, 300)))

    def no_fault(self):
        self.do("fault none")

    def fail_calls(self):
        """It is for all adapters: a later order takes the place of an earlier one."""
        self.do("fail " + self.chance.choice(CALLS) % self.chance.randint(1, 100))

    def fail_none(self):
        self.do("fail none")

    def late(self):
        """Windows takes its time; it is for all adapters."""
        self.do("late %s:%d" % (self.chance.choice(("timer", "workitem", "dpc", "sg")), self.chance.choice((1, 5, 20))))

    def late_none(self):
        self.do("late none")

    # ---- What there is to choose from ----

    def actions(self):
        """(weight, action) of all that makes sense in this state. A closed way is opened again soon."""
        may = [(6, self.ask_oid), (3, self.garbage_oid), (1, self.unknown_oid), (4, self.bad),
               (4, self.cancel), (2, self.flap), (2, self.reset if self.asleep else self.remembered)]
        if not self.scenario.vlan:  # else they have a tag on the wire, and are not known there
            may.append((2, self.send))
        if self.asleep:
            may.append((25, self.wake))
        else:
            may += [(1, self.fail_calls), (3, self.fail_none), (1, self.late), (3, self.late_none), (6, self.reset), (4, self.sleep),
                    (1, self.query_sleep), (2, self.set_filter),
                    (2, self.set_list), (1, self.set_lookahead), (2, self.set_vlan)]
            may.append((18, self.restart) if self.paused else (5, self.pause))
        may.append((12, self.plug) if self.unplugged else (3, self.unplug))
        # A device without buffers, or with rx_stall, takes no frame, and then the command would wait.
        if not self.scenario.mixed and not self.scenario.hostile and not (
                self.paused or self.asleep or self.unplugged):
            may.append((2, self.wire))
        if self.scenario.bus == "model":
            may.append((3, self.oddity))
        if self.scenario.hostile:
            may += [(2, self.lie), (6, self.no_fault)]
        return may

    def act(self):
        may = self.actions()
        self.chance.choices([action for _, action in may], [weight for weight, _ in may])[0]()

    # ---- Traffic, and the end ----

    def open(self):
        """Back to what a system has all day."""
        self.fail_none()
        self.late_none()
        if self.scenario.bus == "model":
            self.no_fault()
        if self.asleep:
            self.wake()
        if self.unplugged:
            self.plug()
        if self.paused:
            self.restart()
        if self.scenario.mixed:
            self.change(FILTER, struct.pack("<I", DIRECTED | MULTICAST | BROADCAST))

    def flows(self):
        """Frames go both ways; a device that has lied is given the time that a reset takes."""
        self.open()
        self.do("wait up 60000")
        wait = 60000 if self.scenario.hostile else 30000
        for way, name in (("sent", "sent_frames"), ("received", "indicated_frames")):
            before = self.report()["ndis"][name]
            self.do("wait %s %d %d" % (way, before + 20, wait))
        self.remembered()

    def report(self):
        return self.scenario.session_stats(self.number)

    def end(self, way):
        words = way.split(" ")
        if "paused" in words and not self.paused and not self.asleep:
            self.pause()
        if "asleep" in words and not self.asleep:
            self.sleep()
        if "unplugged" in words and not self.unplugged:
            self.unplug()
        if words[0] == "gone":
            self.ask("fault gone@%d" % self.chance.randint(1, 50) if self.scenario.bus == "model"
                     else "state")
            for action in self.chance.sample((self.ask_oid, self.bad_of_gone, self.cancel), 3):
                action()
        if words[0] in ("remove", "gone"):
            self.do("remove")
        elif words[0] != "quit":
            self.do(way)
        self.removed = words[0] != "quit"

    def bad_of_gone(self):
        self.ask("bad hundred-lists")


class Scenario:
    def __init__(self, seed, number, bus=None, arch=None, adapters=None, hostile=None):
        self.seed, self.number = seed, number
        self.chance = chance = random.Random("%d:%d" % (seed, number))
        chosen = (chance.choice(("model", "model", "model", "qtest", "qtest")),
                  chance.choice(("x64", "x86")), chance.choice((1, 1, 2)), chance.random() < 0.3)
        wanted = (bus, arch, adapters, hostile)
        self.bus, self.arch, self.count_adapters, self.hostile = (
            chosen[i] if wanted[i] is None else wanted[i] for i in range(4))
        self.hostile = self.hostile and self.bus == "model"
        self.mixed = chance.random() < 0.5  # frames of all kinds, whatever the filter is
        self.host_seed = chance.randrange(1, 1 << 31)
        self.vlan = 0  # that the adapter is of; all its frames are then
        self.nets = [self.choose_net() for _ in range(self.count_adapters)]
        self.buses = [self.choose_bus() for _ in range(self.count_adapters)]
        self.event_idx = self.choose_event_idx()
        self.options = self.choose_options()
        self.ends = [chance.choice(ENDS) for _ in range(self.count_adapters)]
        if self.count_adapters == 1 and chance.random() < 0.25:
            self.ends = [chance.choice(OFF)]
        self.pace = chance.choice((0, 2, 10, 40))
        self.length = chance.uniform(20, 60)
        self.map_registers = self.choose_map_registers()
        self.done = collections.Counter()
        self.sent = self.received = 0
        self.session = self.path = None
        self.needed = ()
        self.which = "aerovnet"
        self.what = "%d:%s:%s:%s%s" % (number, "hostile " + self.bus if self.hostile else self.bus, self.arch,
                                       "%d adapter%s" % (self.count_adapters, "s"[:self.count_adapters - 1]),
                                       ", %s processors" % self.options[1])
        if self.map_registers:
            self.options += ["--map-registers", str(self.map_registers)]
            self.what += ", %d map registers" % self.map_registers
        if self.event_idx:
            self.what += ", EventIdx"

    def choose_net(self):
        chance = self.chance
        options = ["stall=40", "seed=%d" % chance.randrange(1 << 31)]
        rate = chance.choice((500, 3000, 10000, 30000, 0))
        if rate:
            options.append("rate=%d" % rate)
        tags = chance.choice(("", "", "tag=random", "tag=%d:%d" % (chance.randint(1, 4094), chance.randint(0, 7))))
        size = chance.choice(("60-1514", "60-1514", "30-200", "1514", "60"))
        if tags:
            options.append(tags)
        if self.count_adapters == 1 and tags not in ("", "tag=random") and chance.random() < 0.5:
            self.vlan = int(tags[4:].partition(":")[0])
        kind = "gen" if self.mixed else chance.choice(("gen", "echo"))
        options.append("size=" + size)
        if self.mixed:
            options.append("kinds=directed+multicast+broadcast+other")
        if kind == "gen":
            options.append("batch=" + chance.choice(("1", "7", "32", "1-256")))
            options.append("window=%d" % chance.choice((64, 1024, 4096)))
        elif chance.random() < 0.5:
            options.append("calls=1")
        return "%s:%s" % (kind, ",".join(options))

    def choose_bus(self):
        chance = self.chance
        if self.bus == "qtest":
            extra = chance.sample(("mrg_rxbuf=off", "event_idx=off", "indirect_desc=off", "rx_queue_size=1024",
                                   "csum=off,guest_csum=off", "modern-pio-notify=on", "page-per-vq=on"),
                                  chance.randint(0, 2))
            return "qtest:-device " + ",".join(["virtio-net-pci"] + extra) if extra else "qtest"
        options = ["seed=%d" % chance.randrange(1 << 31)]
        if chance.random() < 0.6:
            options += ["rx_queue_size=%d" % (1 << chance.randint(4, 10)),
                        "tx_queue_size=%d" % (1 << chance.randint(3, 10))]
        if chance.random() < 0.4:
            options.append("features=" + "".join(
                "-" + name for name in chance.sample(("indirect_desc", "mac", "event_idx", "csum"),
                                                     chance.randint(1, 3))))
        options += chance.sample(("reorder=1", "delay=%d" % chance.choice((50, 500)), "ignore_no_interrupt=1",
                                  "layout=" + chance.choice(("dense", "spread", "high")), "above_4g=1",
                                  "notify_multiplier=%d" % chance.choice((0, 2, 4096))), chance.randint(0, 3))
        if "layout=spread" in options and "above_4g=1" in options:
            options.remove("above_4g=1")  # they would need more BARs than there are
        return "model:" + ",".join(options)

    def choose_options(self):
        chance = self.chance
        options = ["--processors", str(chance.choice((2, 2, 3, 4))), "--seed", str(self.host_seed)]
        if chance.random() < 0.15:
            options += ["--shape", "plain"]
        for keyword in ("*ReceiveBuffers", "*TransmitBuffers"):
            if chance.random() < 0.3:
                options += ["--set", "%s=%d" % (keyword, chance.choice((16, 17, 64, 300, 1024)))]
        if chance.random() < 0.2:
            options += ["--set", "NetworkAddress=02AABBCCDD%02X" % chance.randrange(256)] \
                if self.count_adapters == 1 else []
        if self.vlan:
            options += ["--set", "VlanId=%d" % self.vlan]
        if self.event_idx:
            options += ["--set", "EventIdx=1"]
        if self.hostile:
            # At 4 a slow reset takes nearly all of the second that the driver waits for it.
            options += ["--time-scale", str(chance.choice((1, 1, 2)))]
        return options

    def choose_event_idx(self):
        """Does the driver accept EVENT_IDX? A chance of its own, as below."""
        return random.Random("%d:%d:EventIdx" % (self.seed, self.number)).random() < 0.5

    def choose_map_registers(self):
        """How many scatter/gather lists share: few make frames wait for each other, or be copied. 0: no limit.
        A chance of its own: seeds keep the other choices that they had before there was this one."""
        chance = random.Random("%d:%d:map registers" % (self.seed, self.number))
        return chance.choice((0, 0, 1, 4, 16, 64, 300))

    # ---- While it runs ----

    def count(self, what):
        self.done[what] += 1

    def session_stats(self, number):
        reply = self.session.do("@%d stats" % number)
        return host.json.loads(reply.text)

    def learn(self):
        """What there is to ask for; the same for each run of one driver."""
        names = sorted(oids.supported(self.session))
        power = ("OID_PNP_", "OID_PM_")
        self.queries = [name for name in names if not name.startswith(power)]
        self.sets = names
        self.kinds = self.session.ask("bad").text.split("; use one of ")[1].split(", ")

    def each_turn(self, turn):
        """Before an action."""

    def make_adapter(self, number):
        return Adapter(self, number)

    def body(self, seconds, turns):
        until = time.monotonic() + seconds
        self.learn()
        self.adapters = adapters = [self.make_adapter(i + 1) for i in range(self.count_adapters)]
        for adapter in adapters:
            adapter.flows()
        turn = 0
        while time.monotonic() < until and (turns is None or turn < turns or not all(
                self.done[kind] for kind in self.needed)):
            turn += 1
            self.each_turn(turn)
            self.chance.choice(adapters).act()
            if self.pace and self.chance.random() < 0.5:
                self.session.do("sleep %d" % self.chance.randint(0, self.pace))
            if turn % 50 == 0:
                self.chance.choice(adapters).flows()
        for adapter in adapters:
            adapter.flows()
        # A chance of its own: how many actions there were must not matter.
        self.chance = random.Random("%d:%d:end" % (self.seed, self.number))
        for adapter in self.chance.sample(adapters, len(adapters)):
            adapter.chance = self.chance
            adapter.end(self.ends[adapter.number - 1])
            for other in adapters:
                if not (other.removed or other.asleep or other.paused or other.unplugged) and \
                        other.number > adapter.number:
                    other.flows()

    def run(self, seconds, logs, name=None, turns=None, needed=()):
        """Until the seconds are over, or so many actions have been chosen and each kind that is needed is among them."""
        self.needed = needed
        name = name or "%d-%d" % (self.seed, self.number)
        self.path = host.log_of(logs, name)
        with Session(self.buses, self.nets, self.options, self.arch, name, ANSWER, logs, self.which) as session:
            self.session = session
            try:
                self.body(seconds, turns)
                session.quit()
            except Failure:
                self.look_inside(session)
                raise
        self.judge(session.run)

    def look_inside(self, session):
        """What each thread is at, for one that hangs."""
        gdb = shutil.which("gdb")
        if session.process.poll() is not None or not gdb:
            return
        try:
            subprocess.run([gdb, "-p", str(session.process.pid), "-batch", "-ex", "thread apply all bt 12"],
                           stdout=session.log, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                           timeout=60, check=False)
        except subprocess.TimeoutExpired:
            pass

    # ---- The verdict ----

    def judge(self, run):
        parts = run.report.get("adapters") or [run.report]
        broken = sorted(set(re.findall(r"^ndishost: rule (\S+) broken", run.text, re.M)))
        run.expect(not broken, "broken: " + ", ".join(broken))
        run.lawful()
        if self.ends[0] not in OFF:
            run.says("leaked: nothing")
        for number, part in enumerate(parts, 1):
            self.account(run, "@%d: " % number if len(parts) > 1 else "", part)
        if not self.hostile and self.ends[0] not in OFF:
            run.ends(0)

    def account(self, run, who, part):
        ndis, net = part["ndis"], part["net"]
        self.sent += ndis["sent_frames"]
        self.received += ndis["indicated_frames"]
        bus, counters = part["bus"], part["driver_counters"]
        unseen = sum(bus.get("faults", {}).get(lie, 0) for lie in UNSEEN)
        size = max(counters["rx_queue_size"], counters["tx_queue_size"])
        misled = bus.get("rx_misled", 0)
        again = unseen + misled // max(1, counters["rx_queue_size"] // 2)  # a leaked buffer makes laps shorter
        most = dict.fromkeys(("not_returned", "returned_twice", "failed", "stalled"), 0)
        most["lost"] = counters["rx_malformed"] + unseen * size + bus.get("rx_untold", 0)
        if self.ends[0] in OFF:
            for what in ("not_returned", "lost", "stalled"):
                most[what] = 1 << 40
        for what in ("damaged", "wrong_length", "mistagged", "duplicated", "stray", "unwanted"):
            most[what] = again
        most["reordered"] = unseen * size + misled
        for way, flow in net.items():
            for what, bound in most.items():
                count = flow.get(what, 0) if isinstance(flow, dict) else 0
                run.expect(count <= bound, "%s%s: %s %s" % (who, way, count, what))
        run.expect(ndis["sent_frames"] and ndis["indicated_frames"], who + "no traffic")

    def summary(self, seconds):
        actions = ", ".join("%s %d" % pair for pair in sorted(self.done.items()))
        return "%.0f s, %d actions (%s), %d frames sent, %d received; ended by %s" % (
            seconds, sum(self.done.values()), actions, self.sent, self.received, ", ".join(self.ends))
