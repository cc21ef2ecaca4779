# SPDX-License-Identifier: MIT
"""What ./run does once python3 is installed: it builds, boots the virtual machine, and judges the result.

    python3 vm/session.py [--short] [--x86] [--capture FILE] [--device OPTIONS] [--json FILE]

The virtual machine does not judge itself. Bytes and hashes are compared with the server's own. The
driver's counters are compared with Linux' counters and with the frames that QEMU saw on the wire. The
negotiated features are compared with those that QEMU's device has recorded.
"""

import argparse
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import sys
import time

from features import from_qemu, names
from machine import Machine, MachineError, accelerator, version
from screen import Screen, StepError, last_lines, run_command
from server import FileServer, NameServer
from wire import count_frames

MIB = 1 << 20
HOSTS = {"x64": ("host", "out/ndishost"), "x86": ("host32", "out/ndishost32")}  # make's name, file
PACKAGE = "out/aerovnet.iso"
LOG = "out/run.log"
NAME = "files.aerovnet.test"
HOST = "10.0.2.2"  # where QEMU's user network shows the host's loopback
MACHINE_SECONDS = 240  # for the whole life of the virtual machine; emulated it takes about 20
BACKEND = "/machine/peripheral/nic/virtio-backend"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# The keys of run.json, in its order; null until known.
KEYS = """driver_sha256 device features_offered features_negotiated mac link ipv4 ping_sent
ping_received http_get_bytes http_get_sha256_ok http_put_bytes http_put_sha256_ok tx_frames
rx_frames tx_notifications interrupts kernel qemu""".split()


def expect(good, why):
    if not good:
        raise StepError(why)


class Session:
    KEYS, SECONDS = KEYS, MACHINE_SECONDS

    def __init__(self, screen, arch, size, pings, seed, capture, device, modern=False):
        """arch: of the driver, x64 or x86. seed: ndishost's, and the content's of the file that is fetched. capture: where a copy of
        the frames goes, or None. device: further options of QEMU's virtio-net-pci
        ("mrg_rxbuf=off"), or None."""
        self.screen = screen
        self.arch, self.modern = arch, modern
        self.driver_name = "aerovnetm.sys" if modern else "aerovnet.sys"
        self.driver = f"out/{arch}/{self.driver_name}"
        self.size, self.pings = size, pings
        self.capture, self.device_options = capture, device
        self.result = dict.fromkeys(self.KEYS)
        self.seed = seed
        self.wire_file = "out/run.pcap"
        self.qemu_negotiated = None
        self.linux = {}
        self.files = self.names = self.machine = None

    # What is built and fetched.

    def build(self):
        self.screen.begin("build")
        target, host = HOSTS[self.arch]
        run_command(self.screen, ["make", "-j2", "driver", target], "out/build.log")
        with open(self.driver, "rb") as file:
            content = file.read()
        self.result["driver_sha256"] = hashlib.sha256(content).hexdigest()
        other = "x86" if self.arch == "x64" else "x64"
        self.screen.done(f"{self.driver} ({len(content):,} bytes), out/{other}/{self.driver_name}, {host}")

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
        run_command(self.screen, ["vm/initramfs", self.arch, self.driver], "out/initramfs.log")
        self.screen.done(f"{os.path.getsize('out/initramfs.cpio'):,} bytes")

    # The virtual machine: one method per step of vm/init. Its arguments are what vm/init reported.

    def boot(self):
        self.screen.begin("boot")
        accel = accelerator("out/accel", self.screen.note)
        self.result["qemu"] = f"{version()}, {accel}"
        self.files = FileServer(self.size, seed=self.seed)
        self.names = NameServer(NAME, HOST)
        settings = {
            "name": NAME,
            "http_port": self.files.port,
            "dns_port": self.names.port,
            "bytes": self.size,
            "pings": self.pings,
            "huge_pages": 40,
            "seed": self.seed,
        }
        self.machine = Machine(
            accel, settings, LOG, self.wire_file, self.device_options,
            "q35" if self.modern else "pc", self.modern,
        )
        self.follow()

    def follow(self):
        """Goes through STEPS with the events of the machine."""
        steps = iter(self.STEPS)
        expected = next(steps)
        deadline = time.monotonic() + self.SECONDS
        try:
            for event in self.machine.events(deadline, self._tick):
                step = event.pop("step")
                if not event.pop("ok"):
                    raise StepError(event.get("why", "no reason given"), last_lines(LOG), LOG)
                if step != expected:
                    raise StepError(f"the virtual machine reported step '{step}' instead of step '{expected}'", [], LOG)
                text = self.STEPS[step](self, **event)
                self.screen.done(text)
                expected = next(steps, None)
                if expected:
                    self.screen.begin(expected.replace("_", " "))
        except TimeoutError:
            why = f"the virtual machine was not done after {self.SECONDS} s"
            raise StepError(why, last_lines(LOG), LOG) from None
        if expected:
            words = self.machine.close() or "QEMU printed no reason"
            self.machine = None
            raise StepError(f"the virtual machine ended before it reported this step: {words}", last_lines(LOG), LOG)

    def booted(self):
        return f"Linux {self.result['kernel']} on QEMU {self.result['qemu']}"

    def device(self, device, kernel):
        expect(kernel == self.result["kernel"], f"kernel {kernel} runs, but {self.result['kernel']} was booted")
        self.result["device"] = device
        return device

    def driver(self, mac, link):
        self.result.update(mac=mac, link=link)
        return f"ndishost runs {self.driver_name} on it: {mac}, link {link}"

    def dhcp(self, ipv4, gateway):
        # While the device is up, QEMU can be asked what was negotiated with it.
        status = self.machine.qmp("x-query-virtio-status", path=BACKEND)
        if status:
            self.qemu_negotiated = from_qemu(status["guest-features"])
        expect(ipv4.startswith("10.0.2."), f"{ipv4} is not an address that QEMU's DHCP server leases (10.0.2.x)")
        expect(gateway == HOST, f"the gateway is {gateway}, QEMU's is {HOST}")
        self.result["ipv4"] = ipv4
        return f"{ipv4}, gateway {gateway}"

    def ping(self, sent, received):
        self.result.update(ping_sent=sent, ping_received=received)
        expect(sent == self.pings, f"only {sent} of {self.pings} pings were sent")
        expect(received == sent, f"only {received} of {sent} pings were answered")
        return f"{received} of {sent} answered"

    def resolve(self, name, address):
        expect(self.names.questions > 0, "no question reached the name server")
        expect(address == HOST, f"{name} resolved to {address}, not to {HOST}")
        return f"{name} is {address}"

    def http_get(self, bytes, sha256, centiseconds):
        good = sha256 == self.files.sha256
        self.result.update(http_get_bytes=bytes, http_get_sha256_ok=good)
        expect(bytes == self.size, f"{bytes:,} bytes arrived, the server sent {self.size:,}")
        expect(good, f"SHA-256 {sha256}, the server sent {self.files.sha256}")
        return transfer(bytes, centiseconds)

    def http_put(self, bytes, sha256, centiseconds):
        received = self.files.received or {"bytes": 0, "sha256": "nothing"}
        good = sha256 == received["sha256"]
        self.result.update(http_put_bytes=received["bytes"], http_put_sha256_ok=good)
        expect(bytes == self.size, f"{bytes:,} bytes were pushed instead of {self.size:,}")
        expect(received["bytes"] == bytes, f"only {received['bytes']:,} of {bytes:,} bytes arrived")
        expect(good, f"SHA-256 {received['sha256']} arrived, {sha256} was pushed")
        return transfer(bytes, centiseconds)

    def count(self, **counts):
        self.linux = counts
        return "Linux' own counters read"

    def stop(self, status):
        reasons = {2: "bad input", 3: "the driver broke a rule or leaked"}
        why = f"ndishost ended with status {status} ({reasons.get(status, 'unexpected')})"
        if status:
            raise StepError(why, last_lines(LOG), LOG)
        return "driver halted, nothing leaked"

    def report(self, report):
        """What ndishost asked the driver at the end, by aerovnet's own OID."""
        expect(
            report.get("driver_sha256") == self.result["driver_sha256"],
            f"ndishost ran a driver of SHA-256 {report.get('driver_sha256')}, not {self.driver}",
        )
        mac = report.get("mac")
        expect(mac == self.result["mac"], f"the adapter has {mac}, the TAP {self.result['mac']}")
        counters = report.get("driver_counters", {})
        for key in ("tx_frames", "rx_frames", "tx_notifications", "interrupts"):
            self.result[key] = counters.get(key)
        for key in ("features_offered", "features_negotiated"):
            if key in report:
                self.result[key] = f"{int(report[key], 16):#x}"
        missing = [key for key in self.KEYS if self.result[key] is None]
        expect(not missing, f"not in ndishost's report: {' '.join(missing)}")
        return "ndishost's report read"

    STEPS = {
        "boot": booted,
        "device": device,
        "driver": driver,
        "dhcp": dhcp,
        "ping": ping,
        "resolve": resolve,
        "http_get": http_get,
        "http_put": http_put,
        "count": count,
        "stop": stop,
        "report": report,
    }

    # The result.

    def judge(self):
        """The driver's numbers against those of others who saw the same frames."""
        self.screen.begin("compare")
        try:
            wire = count_frames(self.wire_file, self.result["mac"])
        except (OSError, ValueError) as error:
            raise StepError(f"{self.wire_file}: {error}") from error
        self.linux.update(wire_tx=wire.sent, wire_rx=wire.received)
        tx, rx = self.result["tx_frames"], self.result["rx_frames"]
        expect(tx == wire.sent, f"the driver sent {tx:,} frames, {wire.sent:,} left the device")
        expect(rx <= wire.received, f"{rx:,} frames received, only {wire.received:,} were sent")
        expect(
            self.qemu_negotiated in (None, int(self.result["features_negotiated"], 16)),
            f"negotiated by the driver: {self.result['features_negotiated']}, "
            f"by QEMU's account: {self.qemu_negotiated or 0:#x}",
        )
        self.screen.done(f"{tx:,} frames sent, all seen on the wire; {rx:,} received")

    def keep_capture(self):
        if not self.capture:
            return
        self.screen.begin("capture")
        try:
            shutil.copyfile(self.wire_file, self.capture)
        except OSError as error:
            raise StepError(f"{self.capture}: {error.strerror}") from error
        self.screen.done(f"{self.capture}, {os.path.getsize(self.capture):,} bytes")

    def features(self, witness):
        say = self.screen.say
        offered = int(self.result["features_offered"], 16)
        negotiated = int(self.result["features_negotiated"], 16)
        say()
        say(f"negotiated  {' '.join(names(negotiated))} ({witness})")
        say(f"  of offered  {' '.join(names(offered))}")

    def tell(self):
        result, say = self.result, self.screen.say
        self.features("as QEMU's device has it" if self.qemu_negotiated is not None else "QEMU mute")
        say(f"driver      sent {result['tx_frames']:,}, received {result['rx_frames']:,} frames; "
            f"{result['tx_notifications']:,} notifications, {result['interrupts']:,} interrupts")
        say(f"Linux' TAP  sent {self.linux['tap_tx']:,}, received {self.linux['tap_rx']:,}; "
            f"{self.linux['interrupts']:,} interrupts of the line")
        say(f"the wire    from the device {self.linux['wire_tx']:,}, "
            f"to the device {self.linux['wire_rx']:,}")

    def close(self):
        """Ends what was started, and is not itself interrupted."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for part in (self.machine, self.files, self.names):
            if part:
                part.close()
        self.machine = self.files = self.names = None
        if os.path.exists(self.wire_file):
            os.unlink(self.wire_file)

    def _tick(self):
        """Once a second while the virtual machine works: how far a transfer is."""
        got = self.result["http_get_bytes"] is not None
        bytes_done = self.files.receiving if got else self.files.sent
        if bytes_done:
            self.screen.note(f"{bytes_done / MIB:.1f} of {self.size / MIB:.0f} MiB")


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
    parser.add_argument("--x86", dest="arch", action="store_const", const="x86", default="x64")
    parser.add_argument("--capture")
    parser.add_argument("--device")
    parser.add_argument("--json", default="out/run.json")
    return parser.parse_args()


def run(screen, session, target):
    """Exit status. The JSON is written whatever happens, with null for what was not reached."""
    status, failed = 1, None
    try:
        session.build()
        session.package()
        session.fetch()
        session.boot()
        session.judge()
        session.keep_capture()
        session.tell()
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


def start(make, target):
    """Runs the session that make(screen, seed) returns, one at a time in this directory."""
    seed = choose_seed()
    os.makedirs("out", exist_ok=True)
    for number in SIGNALS:
        signal.signal(number, interrupted)
    with open("out/run.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("run: another ./run is going on in this directory")
        if os.path.exists(target):
            os.unlink(target)
        screen = Screen()
        status = run(screen, make(screen, seed), target)
        if status == 0:
            package = PACKAGE if os.path.exists(PACKAGE) else "none: no ISO is built yet"
            screen.say(f"package     {package}")
            screen.say(f"all of it worked, in {screen.seconds():.0f} s: {target}")
        return status


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    options = arguments()
    size, pings = (4 * MIB, 5) if options.short else (32 * MIB, 20)
    return start(
        lambda screen, seed: Session(
            screen, options.arch, size, pings, seed, options.capture, options.device, options.modern
        ),
        options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
