# SPDX-License-Identifier: MIT
"""What ./run does once python3 is installed: it builds, boots the virtual machine, and judges the result.

    python3 vm/session.py [--short] [--x86] [--modern] [--cards N] [--capture FILE] [--device OPTIONS]
        [--json FILE] [--trace FILE] [--disk ISO --line WORDS]

The virtual machine does not judge itself. Bytes and hashes are compared with the server's own. The
driver's counters are compared with Linux' counters and with the frames that QEMU saw on the wire. The
negotiated features are compared with those that QEMU's device has recorded.

With several cards each step is done for one after the other, and at last the file is fetched over all of
them at once. The cards share interrupt lines.

--trace FILE has QEMU write a line there for each notification of the device.

--disk ISO --line WORDS does what docs/install.md tells a user: WORDS are QEMU's for machine and card, and the
driver is that one of the driver disk whose INF has an id of the card. INF and signed driver are the disk's.
"""

import argparse
import contextlib
import fcntl
import glob
import hashlib
import json
import os
import secrets
import shlex
import shutil
import signal
import sys
import time

from features import from_qemu, names
from machine import MOST_CARDS, Machine, MachineError, accelerator, network, version
from screen import Screen, StepError, last_lines, run_command
from server import FileServer, NameServer
from wire import count_frames

MIB = 1 << 20
HOSTS = {"x64": ("host", "out/ndishost"), "x86": ("host32", "out/ndishost32")}  # make's name, file
PACKAGE = "out/aerovnet.iso"
DISK = "out/disk"  # where the files of a driver disk are
LOG = "out/run.log"
NAME = "files.aerovnet.test"
MACHINE_SECONDS = 240  # for the life of a virtual machine with one card; emulated it takes about 20
CARD_SECONDS = 120  # for each card more
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# The keys of run.json, in its order; null until known.
KEYS = """driver_sha256 device features_offered features_negotiated mac link ipv4 ping_sent
ping_received http_get_bytes http_get_sha256_ok http_put_bytes http_put_sha256_ok tx_frames
rx_frames rx_lists rx_lists_copied tx_notifications interrupts kernel qemu""".split()
# Those that are the same for all cards. With several cards the others are in a list, `adapters`, where
# `irq` and `together_sha256_ok` are besides.
COMMON = "driver_sha256 kernel qemu".split()


def expect(good, why):
    if not good:
        raise StepError(why)


class Session:
    KEYS, SECONDS = KEYS, MACHINE_SECONDS
    PARTS = "build package fetch boot judge keep_capture tell".split()

    def __init__(self, screen, arch, size, pings, seed, capture, device, modern=False, cards=1,
                 trace=None, disk=None, line=""):
        """arch: of the driver, x64 or x86. seed: ndishost's, and the content's of the file that is fetched.
        capture: where a copy of the frames goes, or None. device: further options of QEMU's virtio-net-pci
        ("mrg_rxbuf=off"), or None. cards: how many there are. trace: a file for QEMU's log, or None. disk: a driver disk, or None; line: with it,
        QEMU's words for machine and card."""
        self.screen = screen
        self.arch, self.modern = arch, modern
        self.driver_name = "aerovnetm.sys" if modern else "aerovnet.sys"
        self.driver = f"out/{arch}/{self.driver_name}"
        self.size, self.pings = size, pings
        self.qemu = ["-D", trace, "-trace", "virtio_pci_notify_write*"] if trace else []
        self.capture, self.device_options = capture, device
        self.disk, self.line = disk, shlex.split(line)
        if cards == 1:
            self.result = dict.fromkeys(self.KEYS)
            self.adapters = [self.result]
        else:
            keys = [key for key in self.KEYS if key not in COMMON] + ["irq", "together_sha256_ok"]
            self.adapters = [dict.fromkeys(keys) for _ in range(cards)]
            self.result = {**dict.fromkeys(COMMON), "adapters": self.adapters}
        self.seed = seed
        self.wire_files = [numbered_name("out/run.pcap", card, cards) for card in range(cards)]
        self.qemu_negotiated = [None] * cards
        self.linux = [{} for _ in range(cards)]
        self.number = 0  # of the card that a step is about
        self.files = self.machine = None
        self.names = []

    @property
    def card(self):
        """The results of the card that a step is about."""
        return self.adapters[self.number]

    @property
    def host(self):
        """Where QEMU's user network behind that card shows the host's loopback."""
        return network(self.number) + "2"

    # What is built and fetched.

    def build(self):
        self.screen.begin("build")
        target, host = HOSTS[self.arch]
        run_command(self.screen, ["make", "-j2", "driver", target], "out/build.log")
        other = "x86" if self.arch == "x64" else "x64"
        size = os.path.getsize(self.driver)
        self.screen.done(f"{self.driver} ({size:,} bytes), out/{other}/{self.driver_name}, {host}")

    def package(self):
        """The driver's ISO, where the Makefile knows how to make it."""
        if os.system("make -n package >/dev/null 2>&1"):
            return
        self.screen.begin("package")
        run_command(self.screen, ["make", "package"], "out/package.log")
        expect(os.path.exists(PACKAGE), f"'make package' left no {PACKAGE}")
        self.screen.done(f"{PACKAGE}, {os.path.getsize(PACKAGE):,} bytes")

    def fetch(self):
        self.screen.begin("kernel")
        release = run_command(self.screen, ["vm/kernel"], "out/kernel.log")
        self.result["kernel"] = release
        self.screen.done(f"{release}, Debian's, unpacked under out/kernel")
        self.screen.begin("initramfs")
        if self.disk:
            self.unpack()
            return
        run_command(self.screen, ["vm/initramfs", self.arch, self.driver], "out/initramfs.log")
        self.packed("out/initramfs")

    def unpack(self):
        """Both drivers of the disk, with their INFs; the machine chooses."""
        folder = f"{DISK}/{self.arch}"
        shutil.rmtree(DISK, ignore_errors=True)
        run_command(self.screen, ["xorriso", "-osirrox", "on", "-indev", self.disk, "-extract", "/", DISK], "out/disk.log")
        drivers = " ".join(sorted(glob.glob(f"{folder}/*.sys")))
        run_command(self.screen, ["vm/initramfs", self.arch, drivers], "out/initramfs.log")
        self.screen.done(f"the drivers of {self.disk}: {drivers}")

    def packed(self, root):
        """The driver of this run is the one that the machine gets: a commit since the build gives it another
        version, and the package links it anew."""
        self.result["driver_sha256"] = digest_of(f"{root}/driver/{os.path.basename(self.driver)}")
        self.screen.done(f"{os.path.getsize(root + '.cpio'):,} bytes")

    # The virtual machine: one method per step of vm/init. Its arguments are what vm/init reported.

    def boot(self):
        self.screen.begin("boot")
        accel = accelerator("out/accel", self.screen.note)
        self.result["qemu"] = f"{version()}, {accel}"
        self.files = FileServer(self.size, seed=self.seed)
        cards = len(self.adapters)
        self.names = [NameServer(NAME, network(card) + "2") for card in range(cards)]
        settings = {
            "name": NAME,
            "http_port": self.files.port,
            "dns_ports": ",".join(str(server.port) for server in self.names),
            "bytes": self.size,
            "pings": self.pings,
            # The buffers of each adapter need their share of ndishost's memory.
            "huge_pages": 40 * cards,
            "memory": 64,  # MiB a card
            "seed": self.seed,
        }
        if self.disk:
            settings["disk"] = 1
        if cards > 1:
            settings["steps"] = ("start_driver,lease,ping_gateway,resolve,fetch_file,push_file,together,"
                                 "count,stop_driver")
        self.machine = Machine(
            accel, settings, LOG, self.wire_files, self.device_options,
            "q35" if self.modern else "pc", self.modern, cards, more=self.qemu, line=self.line,
        )
        self.follow()

    def order(self):
        """The steps of vm/init as (step, card), in order. card is None where it is about all cards."""
        several = len(self.adapters) > 1
        for step in self.STEPS:
            if step in ("boot", "stop", "report") or not several:
                if step != "together":
                    yield step, None
            else:
                for card in range(len(self.adapters)):
                    yield step, card + 1

    def follow(self):
        """Goes through the steps with the events of the machine."""
        steps = self.order()
        expected = next(steps)
        deadline = time.monotonic() + self.SECONDS + CARD_SECONDS * (len(self.adapters) - 1)
        try:
            for event in self.machine.events(deadline, self._tick):
                step = event.pop("step"), event.pop("card", None)
                if not event.pop("ok"):
                    raise StepError(event.get("why", "no reason given"), last_lines(LOG), LOG)
                if step != expected:
                    raise StepError(f"the virtual machine reported step '{shown(*step)}' instead of step "
                                    f"'{shown(*expected)}'", [], LOG)
                self.number = (step[1] or 1) - 1
                text = self.STEPS[step[0]](self, **event)
                self.screen.done(text)
                expected = next(steps, None)
                if expected:
                    self.screen.begin(shown(*expected))
        except TimeoutError:
            why = f"the virtual machine was not done after {self.SECONDS} s"
            raise StepError(why, last_lines(LOG), LOG) from None
        if expected:
            words = self.machine.close() or "QEMU printed no reason"
            self.machine = None
            raise StepError(f"the virtual machine ended before it reported this step: {words}", last_lines(LOG), LOG)

    def booted(self):
        return f"Linux {self.result['kernel']} on QEMU {self.result['qemu']}"

    def device(self, device, kernel, inf=None, matched=None):
        expect(kernel == self.result["kernel"], f"kernel {kernel} runs, but {self.result['kernel']} was booted")
        self.card["device"] = device
        if not self.disk:
            return device
        if len(self.adapters) > 1:
            self.result.pop("driver_sha256", None)  # each card has its own
        self.driver_name = inf.replace(".inf", ".sys")
        self.driver = f"{DISK}/{self.arch}/{self.driver_name}"
        self.card.update(inf=inf, matched=matched, driver_sha256=digest_of(self.driver))
        return f"{device}, to which {inf} fits with {matched}"

    def driver(self, mac, link, irq):
        self.card.update(mac=mac, link=link)
        if len(self.adapters) > 1:
            self.card["irq"] = irq
        name = self.card["inf"].replace(".inf", ".sys") if self.disk else self.driver_name
        return f"ndishost runs {name} on it: {mac}, link {link}, interrupt line {irq}"

    def dhcp(self, ipv4, gateway):
        # While the device is up, QEMU can be asked what was negotiated with it.
        path = f"/machine/peripheral/nic{self.number}/virtio-backend"
        status = self.machine.qmp("x-query-virtio-status", path=path)
        if status:
            self.qemu_negotiated[self.number] = from_qemu(status["guest-features"])
        net = network(self.number)
        expect(ipv4.startswith(net), f"{ipv4} is not an address that QEMU's DHCP server leases ({net}x)")
        expect(gateway == self.host, f"the gateway is {gateway}, QEMU's is {self.host}")
        self.card["ipv4"] = ipv4
        return f"{ipv4}, gateway {gateway}"

    def ping(self, sent, received):
        self.card.update(ping_sent=sent, ping_received=received)
        expect(sent == self.pings, f"only {sent} of {self.pings} pings were sent")
        expect(received == sent, f"only {received} of {sent} pings were answered")
        return f"{received} of {sent} answered"

    def resolve(self, name, address):
        expect(self.names[self.number].questions > 0, "no question reached the name server")
        expect(address == self.host, f"{name} resolved to {address}, not to {self.host}")
        return f"{name} is {address}"

    def http_get(self, bytes, sha256, centiseconds):
        good = sha256 == self.files.sha256
        self.card.update(http_get_bytes=bytes, http_get_sha256_ok=good)
        expect(bytes == self.size, f"{bytes:,} bytes arrived, the server sent {self.size:,}")
        expect(good, f"SHA-256 {sha256}, the server sent {self.files.sha256}")
        return transfer(bytes, centiseconds)

    def http_put(self, bytes, sha256, centiseconds):
        received = self.files.received or {"bytes": 0, "sha256": "nothing"}
        good = sha256 == received["sha256"]
        self.card.update(http_put_bytes=received["bytes"], http_put_sha256_ok=good)
        expect(bytes == self.size, f"{bytes:,} bytes were pushed instead of {self.size:,}")
        expect(received["bytes"] == bytes, f"only {received['bytes']:,} of {bytes:,} bytes arrived")
        expect(good, f"SHA-256 {received['sha256']} arrived, {sha256} was pushed")
        return transfer(bytes, centiseconds)

    def together(self, bytes, sha256, centiseconds):
        good = sha256 == self.files.sha256
        self.card["together_sha256_ok"] = good
        expect(bytes == self.size, f"{bytes:,} bytes arrived, the server sent {self.size:,}")
        expect(good, f"SHA-256 {sha256}, the server sent {self.files.sha256}")
        return transfer(bytes, centiseconds)

    def count(self, **counts):
        self.linux[self.number] = counts
        sharing = sum(card.get("irq") == self.card.get("irq") for card in self.adapters)
        if len(self.adapters) > 1:
            expect(counts["users"] == sharing,
                   f"Linux has {counts['users']} functions on line {self.card['irq']}, not {sharing}")
        return "Linux' own counters read"

    def stop(self, status):
        reasons = {2: "bad input", 3: "the driver broke a rule or leaked"}
        why = f"ndishost ended with status {status} ({reasons.get(status, 'unexpected')})"
        if status:
            raise StepError(why, last_lines(LOG), LOG)
        return "driver halted, nothing leaked"

    def report(self, report, more=()):
        """What ndishost asked the driver at the end, by aerovnet's own OID."""
        reports = {}
        for one in (report, *more):
            for adapter in one.get("adapters", [one]):
                reports[adapter.get("mac")] = one.get("driver_sha256"), adapter
        expect(len(reports) == len(self.adapters),
               f"ndishost reports {len(reports)} adapters of {len(self.adapters)}")
        for card in self.adapters:
            digest, adapter = reports.get(card["mac"], (None, {}))
            expect(adapter, f"no adapter has {card['mac']}, which the TAP has, but {' '.join(reports)}")
            wanted = card.get("driver_sha256") or self.result["driver_sha256"]
            expect(digest == wanted, f"ndishost ran a driver of SHA-256 {digest}, not {wanted}")
            self.read_report(card, adapter)
        return "ndishost's report read"

    def read_report(self, card, report):
        counters = report.get("driver_counters", {})
        for key in ("tx_frames", "rx_frames", "tx_notifications", "interrupts"):
            card[key] = counters.get(key)
        if "rx_lists" in card:
            # NDIS copies those that the driver indicates with NDIS_RECEIVE_FLAGS_RESOURCES.
            card["rx_lists"] = report["ndis"]["indicated_lists"]
            card["rx_lists_copied"] = report["ndis"]["indicated_resources"]
        for key in ("features_offered", "features_negotiated"):
            if key in report:
                card[key] = f"{int(report[key], 16):#x}"
        missing = [key for key, value in [*self.result.items(), *card.items()] if value is None]
        expect(not missing, f"not in ndishost's report: {' '.join(missing)}")
        for name in ("device_errors", "resets"):
            expect(counters.get(name) == 0, f"{card['device']}: {counters.get(name)} {name}")

    STEPS = {
        "boot": booted,
        "device": device,
        "driver": driver,
        "dhcp": dhcp,
        "ping": ping,
        "resolve": resolve,
        "http_get": http_get,
        "http_put": http_put,
        "together": together,
        "count": count,
        "stop": stop,
        "report": report,
    }

    # The result.

    def judge(self):
        """The driver's numbers against those of others who saw the same frames."""
        self.screen.begin("compare")
        if len(self.adapters) > 1:
            lines = [card["irq"] for card in self.adapters]
            expect(len(set(lines)) < len(lines), f"no two cards share an interrupt line: {lines}")
        for self.number, card in enumerate(self.adapters):
            self.judge_card(card, self.linux[self.number], self.qemu_negotiated[self.number])
        tx = sum(card["tx_frames"] for card in self.adapters)
        rx = sum(card["rx_frames"] for card in self.adapters)
        self.screen.done(f"{tx:,} frames sent, all seen on the wire; {rx:,} received")

    def judge_card(self, card, linux, qemu_negotiated):
        file = self.wire_files[self.number]
        try:
            wire = count_frames(file, card["mac"])
        except (OSError, ValueError) as error:
            raise StepError(f"{file}: {error}") from error
        linux.update(wire_tx=wire.sent, wire_rx=wire.received)
        tx, rx = card["tx_frames"], card["rx_frames"]
        expect(tx == wire.sent, f"the driver sent {tx:,} frames, {wire.sent:,} left {card['device']}")
        expect(rx <= wire.received, f"{rx:,} frames received, only {wire.received:,} were sent")
        expect(
            qemu_negotiated in (None, int(card["features_negotiated"], 16)),
            f"negotiated by the driver: {card['features_negotiated']}, "
            f"by QEMU's account: {qemu_negotiated or 0:#x}",
        )

    def keep_capture(self):
        if not self.capture:
            return
        self.screen.begin("capture")
        copies = []
        for number, file in enumerate(self.wire_files):
            copy = numbered_name(self.capture, number, len(self.wire_files))
            try:
                shutil.copyfile(file, copy)
            except OSError as error:
                raise StepError(f"{copy}: {error.strerror}") from error
            copies.append(f"{copy}, {os.path.getsize(copy):,} bytes")
        self.screen.done("; ".join(copies))

    def features(self, card, witness):
        say = self.screen.say
        offered = int(card["features_offered"], 16)
        negotiated = int(card["features_negotiated"], 16)
        say()
        say(f"negotiated  {' '.join(names(negotiated))} ({witness})")
        say(f"  of offered  {' '.join(names(offered))}")

    def tell(self):
        say = self.screen.say
        for number, (card, linux) in enumerate(zip(self.adapters, self.linux)):
            mute = self.qemu_negotiated[number] is None
            self.features(card, "QEMU mute" if mute else "as QEMU's device has it")
            if len(self.adapters) > 1:
                say(f"adapter {number + 1}   {card['device']}, {card['ipv4']}, on interrupt line {card['irq']} "
                    f"with {linux['users'] - 1} more")
            say(f"driver      sent {card['tx_frames']:,}, received {card['rx_frames']:,} frames; "
                f"{card['tx_notifications']:,} notifications, {card['interrupts']:,} interrupts; "
                f"{card['rx_lists_copied']:,} of {card['rx_lists']:,} lists with RESOURCES")
            say(f"Linux' TAP  sent {linux['tap_tx']:,}, received {linux['tap_rx']:,}; "
                f"{linux['interrupts']:,} interrupts of the line")
            say(f"the wire    from the device {linux['wire_tx']:,}, "
                f"to the device {linux['wire_rx']:,}")

    def close(self):
        """Ends what was started, and is not itself interrupted."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for part in (self.machine, self.files, *self.names):
            if part:
                part.close()
        self.machine = self.files = None
        self.names = []
        for file in self.wire_files:
            if os.path.exists(file):
                os.unlink(file)

    def _tick(self):
        """Once a second while the virtual machine works: how far a transfer is."""
        got = self.card["http_get_bytes"] is not None
        bytes_done = self.files.receiving if got else self.files.sent
        if bytes_done:
            self.screen.note(f"{bytes_done / MIB:.1f} of {self.size / MIB:.0f} MiB")


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def shown(step, card):
    """A step as a person reads it."""
    return step.replace("_", " ") + (f" {card}" if card else "")


def numbered_name(file, card, cards):
    """The name of a card's file (0...): the first has the name itself, the others a number."""
    stem, ending = os.path.splitext(file)
    return f"{stem}-{card + 1}{ending}" if cards > 1 and card else file


def transfer(size, centiseconds):
    seconds = max(centiseconds, 1) / 100
    return f"{size:,} bytes, SHA-256 right, {size / MIB / seconds:.1f} MiB/s"


def write_json(path, result):
    """In one go: a reader sees the old file, none, or all of the new one."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
        file.write("\n")
    os.replace(path + ".new", path)


def interrupted(number, _frame):
    raise KeyboardInterrupt(number)


def heed_signals():
    """They interrupt this process from here on, until Session.close()."""
    for number in SIGNALS:
        signal.signal(number, interrupted)


def choose_seed():
    """SEED of the environment, as for the tests, or one by chance."""
    text = os.environ.get("SEED") or str(secrets.randbits(32))
    try:
        seed = int(text, 0)
    except ValueError:
        seed = -1
    if not 0 <= seed < 1 << 64:
        print(f"run: SEED is '{text}', not a number of 64 bits", file=sys.stderr)
        sys.exit(2)
    return seed


def arguments():
    parser = argparse.ArgumentParser(prog="session.py")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--modern", action="store_true")
    parser.add_argument("--cards", type=int, choices=range(1, MOST_CARDS + 1), default=1)
    parser.add_argument("--x86", dest="arch", action="store_const", const="x86", default="x64")
    parser.add_argument("--capture")
    parser.add_argument("--device")
    parser.add_argument("--trace")
    parser.add_argument("--disk")
    parser.add_argument("--line", default="")
    parser.add_argument("--json", default="out/run.json")
    return parser.parse_args()


def run(screen, session, target, parts=None):
    """Exit status. The JSON is written whatever happens, with null for what was not reached. parts: methods
    of the session, in order; without them all."""
    status, failed = 1, None
    try:
        for part in parts or session.PARTS:
            getattr(session, part)()
        status = 0
    except (StepError, MachineError) as error:
        failed = str(error)
        screen.failed(failed)
        for line in getattr(error, "details", []):
            screen.say(f"     | {line}")
        if getattr(error, "log", None):
            screen.say(f"     the whole log: {error.log}")
        if session.files:
            screen.say(f"     to repeat ndishost's choices: SEED={session.seed} ./run")
    except KeyboardInterrupt as signal_number:
        number = signal_number.args[0] if signal_number.args else signal.SIGINT
        failed, status = "interrupted", 128 + number
        screen.failed(failed)
    finally:
        session.close()
        session.result.update(seed=session.seed, failed=failed)
        write_json(target, session.result)
    return status


def conclude(screen, target):
    """The last lines of a run in which all went well."""
    package = PACKAGE if os.path.exists(PACKAGE) else "none: no ISO is built yet"
    screen.say(f"package     {package}")
    screen.say(f"all of it worked, in {screen.seconds():.0f} s: {target}")


@contextlib.contextmanager
def alone(target):
    """One run at a time in this directory. The result of an earlier one is removed."""
    os.makedirs("out", exist_ok=True)
    heed_signals()
    with open("out/run.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("run: another ./run is going on in this directory")
        if os.path.exists(target):
            os.unlink(target)
        yield


def start(make, target):
    """Runs the session that make(screen, seed) returns."""
    seed = choose_seed()
    with alone(target):
        screen = Screen()
        status = run(screen, make(screen, seed), target)
        if status == 0:
            conclude(screen, target)
        return status


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    options = arguments()
    size, pings = (4 * MIB, 5) if options.short else (32 * MIB, 20)
    return start(
        lambda screen, seed: Session(
            screen, options.arch, size, pings, seed, options.capture, options.device, options.modern,
            options.cards, options.trace, options.disk, options.line,
        ),
        options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
